"""What could a choice be worth? Eyes that a rule moves, or somebody who knows where the digit is.

The contest's eyes learn two things at once: to read, and where to look. These learn to read only. One looks
where the first look's widest patch is brightest, so that it reads as many numbers as the learned eye and is
told nothing; the other is told the digit's middle, in training and in the test. Thought of by an outsider,
after the record of the contest had been seen. All of them have the rate that the rule chose for the learned
eye without end; the seeds are the contest's.

Chapter: notebooks/mechanisms/hard.ipynb
Run: python -m visual_attention.chapters.hard.directed
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.hard import eyes, glimpse_claims
from visual_attention.chapters.hard.translated import TranslatedDigits
from visual_attention.experiments.again import Again, compare
from visual_attention.experiments.question import ENDLESS, Contender
from visual_attention.mechanisms.hard import losses_of_glimpses

CONTEST = glimpse_claims.QUESTION
RATE = 3e-3
RECORD = "hard-directed"
SEEDS, FEW_SEEDS = 5, 3  # without end, and on a thousand pictures


class BrightestEye(eyes.Eye):
    """Looks at the centre, and then where what it saw is brightest: a rule, of which nothing is learnt.

    The widest patch of the first look holds 8 x 8 numbers, each for 4 x 4 pixels. The second look goes to
    the middle of the brightest window of 4 x 4 numbers, which is as large as a digit. The layers that choose
    places are asked, but nobody heeds them.
    """

    def locations(self, x: Tensor) -> Tensor:
        """The centre and the brightest window's middle, (B, 2, 2)."""
        centre = x.new_zeros(len(x), 2)
        widest = self.glimpse.sensor(x, centre)[:, -1]  # (B, 1, 8, 8)
        cell = 2 ** (eyes.SCALES - 1)  # pixels for each number
        windows = F.avg_pool2d(widest, eyes.SIZE // 2, stride=1)[:, 0]  # (B, 5, 5)
        best = windows.flatten(1).argmax(dim=1)
        middle = windows.shape[1] // 2
        right, down = best % windows.shape[2] - middle, best // windows.shape[2] - middle
        sides = torch.tensor([x.shape[3], x.shape[2]], dtype=x.dtype, device=x.device)
        return torch.stack([centre, 2 * cell * torch.stack([right, down], dim=1) / sides], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.look(x, self.locations(x))[:, -1]

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        return losses_of_glimpses(self.look(x, self.locations(x)), labels).mean()


class ToldEye(eyes.Eye):
    """Looks at the centre, and then at the digit's middle, which it is told with each picture."""

    def read(self, batch: TranslatedDigits) -> Tensor:
        """The scores after each of two looks, (B, 2, 10)."""
        places = torch.stack([torch.zeros_like(batch.centres), batch.centres], dim=1)
        return self.look(batch.images, places)


def loss(model: nn.Module, batch: TranslatedDigits) -> Tensor:
    """What each network says of itself; one that is told hears where the digit is."""
    if isinstance(model, ToldEye):
        return losses_of_glimpses(model.read(batch), batch.labels).mean()
    return glimpse_claims.loss(model, batch)


def score(model: nn.Module, batch: TranslatedDigits) -> dict[str, float]:
    """The contest's scores; of one that is told, those after it was told."""
    if isinstance(model, ToldEye):
        accuracy = glimpse_claims.accuracy(model.read(batch)[:, -1], batch)
        return {"accuracy": accuracy, "last glimpse off (pixels)": 0.0}
    return glimpse_claims.score(model, batch)


def unless_told(cut: Callable[..., float | None]) -> Callable[..., float | None]:
    """A cut of the contest, which finds nothing to move in an eye that is told."""
    return lambda model, batch: None if isinstance(model, ToldEye) else cut(model, batch)


CONTENDERS = (
    Contender(
        "brightest spot",
        "rival",
        glimpse_claims.eye(BrightestEye),
        "The same network; a rule sends its second look to the brightest spot of the first.",
        "2 glimpses, 384 numbers",
    ),
    Contender(
        "told the middle",
        "rival",
        glimpse_claims.eye(ToldEye),
        "The same network, told where the digit is, in training and in the test.",
        "2 glimpses, 384 numbers, and the place",
    ),
)
TASK = replace(
    glimpse_claims.TASK,
    loss=loss,
    score=score,
    cuts={name: unless_told(cut) for name, cut in glimpse_claims.TASK.cuts.items()},
)
QUESTION = replace(CONTEST, task=TASK, contenders=(*CONTEST.contenders, *CONTENDERS))
BRIGHTEST, TOLD = (Again(RECORD, QUESTION, ENDLESS, one.name, RATE, SEEDS) for one in CONTENDERS)
FEW_BRIGHTEST, FEW_TOLD = (
    Again(RECORD, QUESTION, CONTEST.middle, one.name, RATE, FEW_SEEDS) for one in CONTENDERS
)


def main() -> None:
    """Make what the record lacks, and compare."""
    others = "learned glimpses", "four fixed glimpses", "blurred picture", "max pooling"
    compare(BRIGHTEST, TOLD, FEW_BRIGHTEST, FEW_TOLD, others=others)


if __name__ == "__main__":
    main()
