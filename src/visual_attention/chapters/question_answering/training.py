"""How does an answerer learn from questions whose pictures were read once and for all?

The reader turns pictures into features of cells, several questions are asked about each, and the answerers
are trained on those. Questions about one thing come first: who can find a thing can learn the other kinds.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.training
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.question_answering import grid_world, questions
from visual_attention.chapters.question_answering.cell_reader import CellReader
from visual_attention.training import fit

LEARNING_RATE = 4e-3  # one for all
FIRST = 0.2  # of the steps: attribute questions only
SCENES, EACH = 2_500, 16  # pictures to learn from, and questions about each
ATTRIBUTE = questions.KINDS.index("attribute")


class Pool(NamedTuple):
    """Many questions about fewer pictures.

    `cells` (P, 16, F), the features of each picture; `of` (Q,), which picture each question is about; `words`
    (Q, 9), `answers` (Q,), `kinds` (Q,) and `asked` (Q, 2, 16) as in `questions.Questions`.
    """

    cells: Tensor
    of: Tensor
    words: Tensor
    answers: Tensor
    kinds: Tensor
    asked: Tensor


def pool(
    reader: CellReader,
    scenes: int,
    *,
    split: str,
    each: int = 1,
    only: str | None = None,
    generator: torch.Generator | None = None,
) -> Pool:
    """Draw scenes, read their pictures, and ask about each.

    Args:
        reader: makes features of pictures.
        scenes: P, how many pictures.
        split: "train" or "test".
        each: questions about each picture, Q = P * each.
        only: the one kind of all questions; None: all kinds alike.
        generator: seeds everything that is random here.
    """
    drawn = grid_world.draw(scenes, split=split, generator=generator)
    with torch.no_grad():
        parts = zip(*(part.split(250) for part in drawn), strict=True)
        made = [
            reader(grid_world.render(grid_world.Scenes(*p), split=split, generator=generator)) for p in parts
        ]
    of = torch.arange(scenes).repeat_interleave(each)
    kinds = torch.randint(len(questions.KINDS), (len(of),), generator=generator)
    if only is not None:
        kinds = torch.full_like(kinds, questions.KINDS.index(only))
    asked = questions.ask(grid_world.Scenes(*(part[of] for part in drawn)), kinds, generator=generator)
    words = questions.table()[asked.numbers]
    return Pool(torch.cat(made), of, words, asked.answers, kinds, asked.asked)


def train(
    model: nn.Module,
    learnt: Pool,
    *,
    steps: int,
    batch: int = 128,
    first: float = FIRST,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> list[float]:
    """Train an answerer on the questions of a pool.

    Args:
        model: any answerer.
        learnt: questions with features of their pictures.
        steps: updates of the parameters.
        batch: questions for each.
        first: share of the steps in which only attribute questions are asked.
        generator: seeds which questions are drawn.
        progress: whether to show a bar.

    Returns:
        The loss of each step.
    """
    one_thing = (learnt.kinds == ATTRIBUTE).nonzero()[:, 0]

    def draw(step: int) -> tuple[Tensor, Tensor, Tensor]:
        if step < first * steps:
            rows = one_thing[torch.randint(len(one_thing), (batch,), generator=generator)]
        else:
            rows = torch.randint(len(learnt.of), (batch,), generator=generator)
        return learnt.cells[learnt.of[rows]], learnt.words[rows], learnt.answers[rows]

    def loss(model: nn.Module, drawn: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        cells, words, answers = drawn
        return F.cross_entropy(model(cells, words), answers)

    return fit(model, draw, loss, steps=steps, lr=LEARNING_RATE, progress=progress)


@torch.no_grad()
def answered(model: nn.Module, asked: Pool) -> Tensor:
    """Which questions are answered rightly, (Q,)."""
    return model(asked.cells[asked.of], asked.words).argmax(dim=1) == asked.answers


def by_kind(right: Tensor, kinds: Tensor) -> dict[str, float]:
    """The share of right answers to each kind of question that was asked, in percent."""
    shares = {name: right[kinds == kind].double() for kind, name in enumerate(questions.KINDS)}
    return {name: 100 * share.mean().item() for name, share in shares.items() if len(share)}


def main() -> None:
    """Train one answerer for a short time on what an untrained reader sees."""
    from visual_attention.chapters.question_answering.answerers import StackedAnswerer

    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    reader = CellReader().eval()
    learnt = pool(reader, 200, each=8, split="train", generator=generator)
    model = StackedAnswerer(len(questions.vocabulary()), len(questions.ANSWERS))
    history = train(model, learnt, steps=100, generator=generator)
    print(f"loss {history[0]:.2f} -> {history[-1]:.2f}")


if __name__ == "__main__":
    main()
