"""What does stacked attention look at, once it is trained for longer than a lesson allows?

The weights beside this file, of the reader of cells and of an answerer, were made by the command below, in
about two minutes of one processor core; nothing is downloaded and nothing is unpickled.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.trained
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from visual_attention import stored
from visual_attention.chapters.question_answering import (
    cell_reader,
    claims,
    grid_world,
    questions,
    small_world,
    training,
)
from visual_attention.chapters.question_answering.answerers import StackedAnswerer
from visual_attention.chapters.question_answering.cell_reader import CellReader
from visual_attention.chapters.question_answering.grid_world import Scenes
from visual_attention.chapters.question_answering.readings import ReadingHops
from visual_attention.experiments import trial
from visual_attention.training import seeded

FILE = Path(__file__).with_name("trained.safetensors")
READER = "reader"
ANSWERER = "two hops"
HOPS = "own readings"  # of the contest, on the small world
HOP_STEPS, HOP_RATE, HOP_SEED = 1024, 3e-3, 1001
STEPS, FIRST = 2_500, 0.1  # all steps, and the share of them for attribute questions alone
WORDS, ANSWERS = len(questions.vocabulary()), len(questions.ANSWERS)


class About(NamedTuple):
    """What an answerer makes of all Q questions about each of S scenes.

    `contents` (S lists of 16), what lies in each cell in words; `shares` (S, Q, A) of the answers; `maps`
    (S, Q, K, 16), the looks; `truth` (S, Q), the true answer or -1; `words` (Q, 9), the shares of the words.
    """

    contents: list[list[str]]
    shares: Tensor
    maps: Tensor
    truth: Tensor
    words: Tensor


def build(name: str) -> nn.Module:
    """The reader or the answerer without its trained weights."""
    builders = {
        READER: CellReader,
        ANSWERER: lambda: StackedAnswerer(WORDS, ANSWERS),
        HOPS: lambda: ReadingHops(len(small_world.WORDS), len(small_world.ANSWERS)),
    }
    if name not in builders:
        raise ValueError(f"name: wanted one of {', '.join(builders)}; got {name!r}")
    return builders[name]()


def load(name: str) -> nn.Module:
    """A trained network, in evaluation mode: "reader", "two hops" or "own readings"."""
    return stored.restore(build(name), FILE, name)


def train(*, steps: int = STEPS, progress: bool = True) -> nn.Module:
    """Train the answerer from nothing on what the stored reader sees."""
    scenes, each = training.SCENES, training.EACH
    drawn, generator = (torch.Generator().manual_seed(seed) for seed in (20_000, 0))
    learnt = training.pool(load(READER), scenes, each=each, split="train", generator=drawn)
    with seeded(0):
        model = build(ANSWERER)
    training.train(model, learnt, steps=steps, first=FIRST, generator=generator, progress=progress)
    return model


def train_hops(*, steps: int = HOP_STEPS) -> ReadingHops:
    """Train the hops with readings of their own, as the contest does, without end."""
    return trial.live(claims.QUESTION, HOPS, steps=steps, rate=HOP_RATE, seed=HOP_SEED, points=1)[0].model


def accuracy(*, scenes: int = 1_000) -> dict[str, float]:
    """The share of right answers to each kind of question about new pictures, in percent."""
    generator = torch.Generator().manual_seed(7)
    asked = training.pool(load(READER), scenes, each=2, split="test", generator=generator)
    return training.by_kind(training.answered(load(ANSWERER), asked), asked.kinds)


@torch.no_grad()
def everything_about(model: StackedAnswerer, images: Tensor, scenes: Scenes) -> About:
    """All that can be asked about some scenes, answered by a trained network.

    Args:
        model: a trained answerer whose words have weights.
        images: (S, 3, 48, 48).
        scenes: what lies in them.
    """
    cells = load(READER)(images)
    numbers = questions.everything()
    words = questions.table()[numbers]
    each = [(one.expand(len(words), -1, -1), words) for one in cells]
    truth = [
        [-1 if (true := questions.true_answer(number, *scene)) is None else true for number in numbers]
        for scene in zip(*scenes, strict=True)
    ]
    return About(
        [grid_world.told(*scene) for scene in zip(*scenes, strict=True)],
        torch.stack([model(*asked).softmax(dim=1) for asked in each]),
        torch.stack([model.place_maps(*asked) for asked in each]),
        torch.tensor(truth),
        model.word_weights(words),
    )


def main() -> None:
    """Train, save, and say how good they are."""
    stored.save({READER: cell_reader.train()}, FILE, keep=True)
    print(f"reader: {cell_reader.accuracy(load(READER)):.1%}")
    stored.save({ANSWERER: train()}, FILE, keep=True)
    print({kind: round(share, 1) for kind, share in accuracy().items()})
    stored.save({HOPS: train_hops()}, FILE, keep=True)
    print(f"{FILE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
