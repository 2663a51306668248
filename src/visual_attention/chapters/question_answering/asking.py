"""How is a network taught by questions, judged by their kind, and cut?

Attribute questions come first: who can find a thing can learn the other kinds. A cut takes one thing away
from a trained network, a word, a cell, its choice of cells, and asks the relations once more.

Chapter: notebooks/applications/question_answering.ipynb
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.question_answering.plain import PictureAlone
from visual_attention.chapters.question_answering.readings import Change, ReadingHops
from visual_attention.chapters.question_answering.small_world import ASKED, KINDS, WORDS, Asked
from visual_attention.chapters.question_answering.streams import CrossStream, JointStream

METRIC = "relations"
SCORES = {"attribute": "attributes", "count": "counts", "relation": METRIC}
RELATIONS = [column for column, kind in enumerate(ASKED) if KINDS[kind] == "relation"]
FORBIDDING = (ReadingHops, JointStream, CrossStream)


class Pupil(nn.Module):
    """A network that answers, and the count of the lessons it had.

    Args:
        model: cells (B, 9, 32) and words (B, 3) -> scores (B, A).
        first: Lessons with attribute questions alone.

    Shape:
        As the network's; without words, each picture is asked *colour of disc*.
    """

    lessons: Tensor

    def __init__(self, model: nn.Module, *, first: int):
        super().__init__()
        self.model, self.first = model, first
        self.register_buffer("lessons", torch.zeros((), dtype=torch.long))

    def forward(self, cells: Tensor, words: Tensor | None = None, **change) -> Tensor:
        if words is None:
            words = torch.tensor([[WORDS.index(word) for word in ("colour", "of", "disc")]] * len(cells))
        return self.model(cells, words, **change)


def loss(pupil: Pupil, asked: Asked) -> Tensor:
    """Cross-entropy of the answer to one question about each picture: first of the attributes, then any."""
    if pupil.training:
        pupil.lessons += 1
    column = torch.randint(len(ASKED), (len(asked.cells),))
    column = column * int(pupil.lessons > pupil.first)  # the attribute question is the first
    row = torch.arange(len(column))
    return F.cross_entropy(pupil(asked.cells, asked.words[row, column]), asked.answers[row, column])


def score(pupil: Pupil, asked: Asked) -> dict[str, float]:
    """Right answers to each kind of question, in percent; of hops also what they read and where they look."""
    right = torch.stack([answered(pupil, asked, column) for column in range(len(ASKED))])  # (K, B)
    found = {
        SCORES[kind]: percent(right[[column for column, asks in enumerate(ASKED) if asks == index]])
        for index, kind in enumerate(KINDS)
    }
    if isinstance(pupil.model, ReadingHops):
        found |= looked(pupil.model, asked)
    return found


def answered(pupil: Pupil, asked: Asked, column: int, words: Tensor | None = None, **change) -> Tensor:
    """Whether the question of a column is answered rightly, (B,), perhaps with other words or a cut."""
    words = asked.words[:, column] if words is None else words
    return pupil(asked.cells, words, **change).argmax(1) == asked.answers[:, column]


def looked(model: ReadingHops, asked: Asked) -> dict[str, float]:
    """For relations: the weights of side and name in each reading, of both cells in each look, in percent."""
    did = model.look(asked.cells, asked.words[:, RELATIONS[0]])
    where = asked.where[:, RELATIONS[0]]  # (B, 2)
    found = {}
    for hop in range(model.hops):
        for name, word in (("side", 1), ("name", 2)):
            found[f"reading {hop + 1}: {name}"] = percent(did.words[:, hop, word])
        for name, cell in (("named thing", 0), ("its neighbour", 1)):
            weight = did.cells[:, hop].gather(1, where[:, cell : cell + 1])
            found[f"look {hop + 1}: {name}"] = percent(weight)
    return found


def percent(values: Tensor) -> float:
    """The mean in percent."""
    return 100 * values.double().mean().item()


def relations(pupil: Pupil, asked: Asked, **change) -> float:
    """The share of right answers to relations, in percent."""
    return percent(torch.stack([answered(pupil, asked, column, **change) for column in RELATIONS]))


# ---- cuts


def word_masked(place: int) -> Callable[[Pupil, Asked], float | None]:
    """Relations without their word at a place: 0 "colour", 1 the side, 2 the name."""

    def after(pupil: Pupil, asked: Asked) -> float | None:
        if isinstance(pupil.model, PictureAlone):
            return None
        right = []
        for column in RELATIONS:
            words = asked.words[:, column].clone()
            words[:, place] = 0
            right.append(answered(pupil, asked, column, words))
        return percent(torch.stack(right))

    return after


def cell_forbidden(which: int) -> Callable[[Pupil, Asked], float | None]:
    """Relations where nobody may look at a cell: 0 the named thing's, 1 its neighbour's, 2 another's."""

    def after(pupil: Pupil, asked: Asked) -> float | None:
        if not isinstance(pupil.model, FORBIDDING):
            return None
        right = []
        for column in RELATIONS:
            cell = forbidden_cell(asked, column, which)
            forbidden = F.one_hot(cell, asked.cells.shape[1]).bool()
            change = without(forbidden) if isinstance(pupil.model, ReadingHops) else None
            kept = {"change": change} if change else {"forbidden": forbidden}
            right.append(answered(pupil, asked, column, **kept))
        return percent(torch.stack(right))

    return after


def forbidden_cell(asked: Asked, column: int, which: int) -> Tensor:
    """The named thing's cell, its neighbour's, or that of another thing, (B,)."""
    where = asked.where[:, column]
    if which < 2:
        return where[:, which]
    others = asked.things.float().scatter(1, where, 0.0)
    return others.argmax(1)


def without(forbidden: Tensor) -> Change:
    """Nothing for forbidden cells (B, 9); the other weights grow to a sum of 1."""

    def change(hop: int, weights: Tensor) -> Tensor:
        kept = weights * ~forbidden
        return kept / kept.sum(1, keepdim=True).clamp_min(1e-12)

    return change


def changed(change: Change) -> Callable[[Pupil, Asked], float | None]:
    """Relations with other weights of the hops."""

    def after(pupil: Pupil, asked: Asked) -> float | None:
        return relations(pupil, asked, change=change) if isinstance(pupil.model, ReadingHops) else None

    return after


def uniform(hop: int, weights: Tensor) -> Tensor:
    """All cells weigh alike."""
    return torch.full_like(weights, 1 / weights.shape[1])


def only(which: int, change: Change) -> Change:
    """A change at one hop alone, counted from 0."""
    return lambda hop, weights: change(hop, weights) if hop == which else weights


def anothers(hop: int, weights: Tensor) -> Tensor:
    """The weights of the question before it in the batch, about another picture."""
    return weights.roll(1, dims=0)


CUTS = {
    "without the word colour": word_masked(0),
    "without the side": word_masked(1),
    "without the name": word_masked(2),
    "named thing forbidden": cell_forbidden(0),
    "its neighbour forbidden": cell_forbidden(1),
    "another thing forbidden": cell_forbidden(2),
    "uniform weights": changed(uniform),
    "first look uniform": changed(only(0, uniform)),
    "second look uniform": changed(only(1, uniform)),
    "another question's weights": changed(anothers),
}
