"""What can be asked about a picture so that neither the question nor the picture alone gives the answer?

Five kinds of question about the scenes of `grid_world`. The scene is drawn first, without regard to the
question. Then a kind is drawn, and a question of that kind such that its answers are balanced.

Run: python -m visual_attention.chapters.question_answering.questions
"""

import difflib
import functools
import re
from collections import Counter
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.chapters.question_answering import grid_world
from visual_attention.chapters.question_answering.grid_world import COLOURS, GRID, NAMES, PLACES, Scenes

KINDS = ("attribute", "count", "relation", "comparison", "existence")
COUNTS = ("none", "one", "two", "three")
ANSWERS = (*COLOURS, *COUNTS, "no", "yes")
NO = ANSWERS.index("no")
SIDES = {"left of": (0, -1), "right of": (0, 1), "above": (-1, 0), "below": (1, 0)}  # rows, columns
PADDING = ""
SAME_WORD = {
    "color": "colour",
    "circle": "disc",
    "disk": "disc",
    "plus": "cross",
    "zero": "0",
    "two": "2",
    "four": "4",
    "seven": "7",
    "an": "a",
    "object": "thing",
    "objects": "things",
    "under": "below",
    "over": "above",
}


class Questions(NamedTuple):
    """A batch of questions with their pictures.

    `images` (B, 3, 48, 48) in [0, 1]; `words` (B, 9), numbers of words, 0 after the last; `answers` (B,),
    indices into ANSWERS; `kinds` (B,), into KINDS; `numbers` (B,), which row of `table`; `asked`
    (B, 2, 16), the cells that one has to find first and then: the same twice where one look is enough; and
    the `scenes`.
    """

    images: Tensor
    words: Tensor
    answers: Tensor
    kinds: Tensor
    numbers: Tensor
    asked: Tensor
    scenes: Scenes


class Asked(NamedTuple):
    """Questions without their pictures: `numbers` (B,), `answers` (B,), `asked` (B, 2, 16), as above."""

    numbers: Tensor
    answers: Tensor
    asked: Tensor


def batch(
    count: int, *, split: str, kinds: Tensor | None = None, generator: torch.Generator | None = None
) -> Questions:
    """Draw scenes and a question about each.

    Args:
        count: B, questions to draw.
        split: "train" or "test"; the two share no scene, no picture of a thing and no photograph.
        kinds: the kind of each question, (B,), indices into KINDS; None: drawn at random.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is not positive, there is no such split, or `kinds` does not fit.
    """
    scenes = grid_world.draw(count, split=split, generator=generator)
    if kinds is None:
        kinds = torch.randint(len(KINDS), (count,), generator=generator)
    if kinds.shape != (count,) or not ((kinds >= 0) & (kinds < len(KINDS))).all():
        raise ValueError(f"kinds: wanted ({count},) indices below {len(KINDS)}, got {tuple(kinds.shape)}")
    asked = ask(scenes, kinds, generator=generator)
    images = grid_world.render(scenes, split=split, generator=generator)
    return Questions(images, table()[asked.numbers], asked.answers, kinds, asked.numbers, asked.asked, scenes)


def ask(scenes: Scenes, kinds: Tensor, *, generator: torch.Generator | None = None) -> Asked:
    """Draw a question of the given kind about each scene, with its answer."""
    made = Asked(*(torch.zeros(len(kinds), *rest, dtype=t) for rest, t in _FORM))
    for kind, one in enumerate((_attribute, _count, _relation, _comparison, _existence)):
        rows = (kinds == kind).nonzero()[:, 0]
        if len(rows):
            drawn = one(Scenes(scenes.names[rows], scenes.colours[rows]), generator)
            for whole, part in zip(made, drawn, strict=True):
                whole[rows] = part
    return made


_FORM = (((), torch.long), ((), torch.long), ((2, PLACES), torch.bool))


def _attribute(scenes: Scenes, generator) -> Asked:
    """What colour is the disc? Each colour that is there is asked for equally often."""
    cell = _pick(1 / _alike(scenes).clamp_min(1) * (scenes.names >= 0), generator)
    return Asked(_at(scenes.names, cell), _at(scenes.colours, cell), _cells(cell, cell))


def _count(scenes: Scenes, generator) -> Asked:
    """How many things are red?"""
    colour = torch.randint(len(COLOURS), (len(scenes.names),), generator=generator)
    theirs = scenes.colours == colour[:, None]  # (B, 16)
    answers = len(COLOURS) + theirs.sum(dim=1)
    return Asked(_START["count"] + colour, answers, torch.stack([theirs, theirs], dim=1))


def _relation(scenes: Scenes, generator) -> Asked:
    """What colour is the thing left of the disc? Each colour that can be the answer, equally often."""
    beyond = _neighbours()  # (4, 16)
    colours = scenes.colours[:, beyond.clamp_min(0)].flatten(1)  # (B, 64): side by side, then cell by cell
    there = ((scenes.names >= 0)[:, None] & (beyond >= 0)).flatten(1) & (colours >= 0)
    paint = torch.nn.functional.one_hot(colours.clamp_min(0), len(COLOURS)) * there[..., None]  # (B, 64, 4)
    many = paint.sum(dim=1).gather(1, colours.clamp_min(0))  # how many pairs have this answer
    pair = _pick(there / many.clamp_min(1), generator)
    side, cell = pair // PLACES, pair % PLACES
    numbers = _START["relation"] + len(NAMES) * side + _at(scenes.names, cell)
    return Asked(numbers, _at(colours, pair), _cells(cell, beyond[side, cell]))


def _comparison(scenes: Scenes, generator) -> Asked:
    """Is the disc the same colour as the cross? Yes half of the time."""
    there = scenes.names >= 0
    pairs = there[:, :, None] & there[:, None] & ~torch.eye(PLACES, dtype=torch.bool)  # (B, 16, 16)
    same = scenes.colours[:, :, None] == scenes.colours[:, None]
    yes = torch.rand(len(there), generator=generator) < 0.5
    pair = _pick((pairs & (same == yes[:, None, None])).flatten(1).float(), generator)
    first, second = pair // PLACES, pair % PLACES
    numbers = _START["comparison"] + len(NAMES) * _at(scenes.names, first) + _at(scenes.names, second)
    return Asked(numbers, NO + yes.long(), _cells(first, second))


def _existence(scenes: Scenes, generator) -> Asked:
    """Is there a red disc? If not, there is something red, and a disc of another colour."""
    there = (scenes.names >= 0).float()
    first = _pick(there, generator)
    colour = _at(scenes.colours, first)
    other = _pick(there * (scenes.colours != colour[:, None]), generator)
    yes = torch.rand(len(there), generator=generator) < 0.5
    named = torch.where(yes, first, other)
    numbers = _START["existence"] + len(NAMES) * colour + _at(scenes.names, named)
    return Asked(numbers, NO + yes.long(), _cells(named, named))


def _alike(scenes: Scenes) -> Tensor:
    """How many things have the colour of the thing in each cell, (B, 16)."""
    return (scenes.colours[:, :, None] == scenes.colours[:, None]).sum(dim=2)


def _pick(weights: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.multinomial(weights, 1, generator=generator)[:, 0]  # (B, n) -> (B,)


def _at(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(1, index[:, None])[:, 0]


def _cells(first: Tensor, second: Tensor) -> Tensor:
    """Which cell first and which then, (B, 2, 16)."""
    return torch.nn.functional.one_hot(torch.stack([first, second], dim=1), PLACES).bool()


@functools.cache
def _neighbours() -> Tensor:
    """The cell on each side of each cell, -1 beyond the edge: (4, 16)."""
    found = torch.full((len(SIDES), PLACES), -1)
    for side, (down, right) in enumerate(SIDES.values()):
        for cell in range(PLACES):
            row, column = cell // GRID + down, cell % GRID + right
            if 0 <= row < GRID and 0 <= column < GRID:
                found[side, cell] = GRID * row + column
    return found


# ---- the grammar


@functools.cache
def texts() -> tuple[str, ...]:
    """Every question, also those about a thing and itself, which are never asked."""
    forms = {
        "attribute": [f"what colour is the {name}" for name in NAMES],
        "count": [f"how many things are {colour}" for colour in COLOURS],
        "relation": [f"what colour is the thing {side} the {name}" for side in SIDES for name in NAMES],
        "comparison": [f"is the {one} the same colour as the {other}" for one in NAMES for other in NAMES],
        "existence": [f"is there a {colour} {name}" for colour in COLOURS for name in NAMES],
    }
    return tuple(text for kind in KINDS for text in forms[kind])


_SIZES = (len(NAMES), len(COLOURS), len(SIDES) * len(NAMES), len(NAMES) ** 2, len(COLOURS) * len(NAMES))
_START = {kind: sum(_SIZES[:index]) for index, kind in enumerate(KINDS)}


def everything() -> list[int]:
    """The numbers of all questions that are ever asked: 132."""
    return [
        number for number, text in enumerate(texts()) if max(Counter(names_in(text)).values(), default=0) < 2
    ]


def names_in(text: str) -> list[str]:
    """The names in a question, in order."""
    return [word for word in text.split() if word in NAMES]


def kind_of(number: int) -> str:
    """The kind of a question by its number."""
    return [kind for kind in KINDS if _START[kind] <= number][-1]


@functools.cache
def vocabulary() -> tuple[str, ...]:
    """All words in order of first use, after the padding."""
    return (PADDING, *dict.fromkeys(word for text in texts() for word in text.split()))


@functools.cache
def table() -> Tensor:
    """The words of every question, (140, 9), 0 after the last."""
    longest = max(len(text.split()) for text in texts())
    rows = torch.zeros(len(texts()), longest, dtype=torch.long)
    for row, text in zip(rows, texts(), strict=True):
        words = [vocabulary().index(word) for word in text.split()]
        row[: len(words)] = torch.tensor(words)
    return rows


def true_answer(number: int, names: Tensor, colours: Tensor) -> int | None:
    """The true answer to a question about one scene, (16,) and (16,); None if it names what is not there."""
    paint = dict(zip(names.tolist(), colours.tolist(), strict=True))
    cells = {name: cell for cell, name in enumerate(names.tolist())}
    text, kind = texts()[number], kind_of(number)
    named = [NAMES.index(name) for name in names_in(text)]
    wanted = next((index for index, colour in enumerate(COLOURS) if colour in text.split()), None)
    if kind == "count":
        return len(COLOURS) + int((colours == wanted).sum())
    if any(name not in paint for name in named):
        return None
    if kind == "attribute":
        return paint[named[0]]
    if kind == "comparison":
        return NO + (paint[named[0]] == paint[named[1]])
    if kind == "existence":
        return NO + (paint[named[0]] == wanted)
    side = next(index for index, words in enumerate(SIDES) if words in text)
    beyond = int(_neighbours()[side, cells[named[0]]])
    return None if beyond < 0 or colours[beyond] < 0 else int(colours[beyond])


def parse(text: str) -> int:
    """The number of a question as a person would type it.

    Capitals, punctuation and some other words for the same ("circle", "color") do not matter.

    Raises:
        ValueError: with a message for the reader: which word is not known, or which question comes nearest.
    """
    words = re.sub(r"[^\w\s]", " ", text.lower().replace("'s ", " is ")).split()
    words = [SAME_WORD.get(word, word) for word in words]
    said = " ".join(words).replace("to the left of", "left of").replace("to the right of", "right of")
    asked = {texts()[number]: number for number in everything()}
    if said in asked:
        return asked[said]
    if not words:
        raise ValueError("Type a question, such as: what colour is the disc?")
    if strange := [word for word in said.split() if word not in vocabulary()]:
        near = difflib.get_close_matches(strange[0], vocabulary()[1:], n=1, cutoff=0.6)
        hint = f"Did you mean “{near[0]}”?" if near else f"The things are: {', '.join(NAMES)}."
        raise ValueError(f"This small world has no word “{strange[0]}”. {hint}")
    near = difflib.get_close_matches(said, list(asked), n=1, cutoff=0.0)
    raise ValueError(f"All these words are known, but not this question. The nearest is: {near[0]}?")


def main() -> None:
    drawn = batch(8, split="test", generator=torch.Generator().manual_seed(0))
    for number, answer in zip(drawn.numbers.tolist(), drawn.answers.tolist(), strict=True):
        print(f"{kind_of(number):10} {texts()[number]}?  {ANSWERS[answer]}")


if __name__ == "__main__":
    main()
