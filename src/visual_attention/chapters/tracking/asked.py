"""What if the attention is the reader's own? A small one-stream tracker learns with it, in seconds.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.asked
"""

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.chapters.tracking import finding
from visual_attention.chapters.tracking.encoder import DIM
from visual_attention.chapters.tracking.finding import Sought
from visual_attention.chapters.tracking.finding_cuts import anothers_template, hits
from visual_attention.chapters.tracking.fusion import PARTS, PLACES, Answer, Head, loss
from visual_attention.training import fit, seeded

LEARN, JUDGE = 400, 140  # pairs
STEPS, BATCH, RATE = 160, 32, 1e-2
WANTED, LOST = 25.0, 15.0  # percent found that must be reached, and that must be lost; see `main`

Ask = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


class Written(nn.Module):
    """One block of joint attention whose attention is a given function, and a head.

    Args:
        function: (window (B, 64, D), template (B, 16, D), and three matrices (D, D)) -> (B, 80, D).

    Shape:
        pairs, not looked at, and tokens (B, 80, 32) -> `Answer`.
    """

    def __init__(self, function: Ask):
        super().__init__()
        self.function = function
        self.kind = nn.Parameter(0.02 * torch.randn(2, DIM))  # of the window, of the template
        same = torch.eye(DIM)
        self.query, self.key = (
            nn.Parameter(1.5 * same.clone()) for _ in range(2)
        )  # like asks like, at first
        self.value = nn.Parameter(same.clone())
        self.norm = nn.LayerNorm(DIM)
        self.head = Head(3 * DIM, 2 * DIM)

    def forward(self, pairs: Tensor, tokens: Tensor) -> Answer:
        return self.answer(tokens, pairs)

    def answer(self, tokens: Tensor, pairs: Tensor) -> Answer:
        """What is found in tokens (B, 80, 32)."""
        tokens = self.norm(tokens)
        window, template = tokens.split([PLACES, PARTS], dim=1)
        got = self.function(window + self.kind[0], template + self.kind[1], self.query, self.key, self.value)
        mine = got[:, :PLACES]
        return self.head(torch.cat([window, mine, window * mine], dim=2))


@functools.cache
def pairs(split: str, count: int) -> Sought:
    """Pairs of a split as tokens, drawn once; of the pictures a pixel is kept."""
    generator = torch.Generator().manual_seed(5)
    draw = finding.for_test if split == "test" else finding.for_training
    drawn = draw(count, split=split, generator=generator)
    return drawn._replace(pairs=drawn.pairs[..., :1, :1])


def learn(function: Ask, *, steps: int = STEPS, seed: int = 0) -> Written:
    """Train a tracker around a function on four hundred pairs."""
    with seeded(seed):
        model = Written(function)
    shown, generator = pairs("learning", LEARN), torch.Generator().manual_seed(seed)

    def draw(step: int) -> Sought:
        chosen = torch.randint(LEARN, (BATCH,), generator=generator)
        return Sought(*(part[chosen] for part in shown))

    fit(model, draw, loss, steps=steps, lr=RATE, progress=False)
    return model


@torch.no_grad()
def score(model: Written, *, swapped: bool = False) -> float:
    """Targets found in unseen pairs, in percent; with another scene's template, if `swapped`."""
    seen = pairs("test", JUDGE)
    answer = anothers_template(model, seen) if swapped else model(seen.pairs, seen.tokens)
    return 100 * hits(answer, seen).mean().item()


def main() -> None:
    """With attention among all, with attention within the window alone, and with a mean."""

    def among(asking: slice, asked: slice) -> Ask:
        def function(window, template, query, key, value):
            x = torch.cat([window, template], dim=1)
            scores = (x @ query) @ (x @ key).mT / x.shape[-1] ** 0.5
            scores[:, asking, asked] = -torch.inf
            return scores.softmax(dim=-1) @ (x @ value)

        return function

    nothing = slice(0, 0)
    for name, function in (
        ("every token asks every token", among(nothing, nothing)),
        ("the template does not ask the window", among(slice(PLACES, None), slice(0, PLACES))),
        ("the window does not ask the template", among(slice(0, PLACES), slice(PLACES, None))),
    ):
        model = learn(function)
        print(f"{name}: {score(model):.0f} %, with another's template {score(model, swapped=True):.0f} %")


if __name__ == "__main__":
    main()
