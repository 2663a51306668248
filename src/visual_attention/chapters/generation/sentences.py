"""How does a sentence become numbers that a network can look at?

A small language: "a red 7 left of a blue 3". Five of its words say something, two colours, two digits and how
the things lie; each becomes a token. "a" and "of" say nothing here.

Run: python -m visual_attention.chapters.generation.sentences
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data.colours import COLOURS

PAINTS = tuple(COLOURS)[:4]  # red, green, blue, yellow
DIGITS = tuple("0123456789")
RELATIONS = ("left of", "right of", "above", "below")
PARTS = ("first colour", "first digit", "relation", "second colour", "second digit")
VOCABULARY = (*PAINTS, *DIGITS, *RELATIONS)
NOTHING = len(VOCABULARY)  # the token of a word that is not told
HELD_OUT = 5  # every fifth pair of things is for testing
STARTS = (0, len(PAINTS), len(PAINTS) + len(DIGITS))  # where colours, digits and relations begin


class Sentence(NamedTuple):
    """Two things and how the first lies to the second; indices into PAINTS, DIGITS and RELATIONS."""

    colour: int
    digit: int
    relation: int
    other_colour: int
    other_digit: int

    def __str__(self) -> str:
        first = f"a {PAINTS[self.colour]} {DIGITS[self.digit]}"
        second = f"a {PAINTS[self.other_colour]} {DIGITS[self.other_digit]}"
        return f"{first} {RELATIONS[self.relation]} {second}"

    @property
    def words(self) -> tuple[str, ...]:
        """The five words that say something."""
        return tuple(VOCABULARY[token] for token in encode([self])[0].tolist())


def parse(text: str) -> Sentence:
    """Read a sentence.

    Raises:
        ValueError: if it is not of the form "a red 7 left of a blue 3", or names one colour or digit twice.
    """
    words = text.lower().rstrip(".").split()
    relation = next((k for k, name in enumerate(RELATIONS) if f" {name} " in f" {' '.join(words)} "), None)
    if relation is None:
        raise ValueError(f"wanted one of {', '.join(RELATIONS)} between two things; got {text!r}")
    first, _, second = f" {' '.join(words)} ".partition(f" {RELATIONS[relation]} ")
    sentence = Sentence(*_thing(first), relation, *_thing(second))
    if sentence.colour == sentence.other_colour or sentence.digit == sentence.other_digit:
        raise ValueError(f"wanted two things that differ in colour and in digit, got {text!r}")
    return sentence


def _thing(text: str) -> tuple[int, int]:
    words = [word for word in text.split() if word not in ("a", "an", "the")]
    if len(words) != 2 or words[0] not in PAINTS or words[1] not in DIGITS:
        known = f"a colour ({', '.join(PAINTS)}) and a digit"
        raise ValueError(f"wanted {known}, as in 'a red 7', got {text.strip()!r}")
    return PAINTS.index(words[0]), DIGITS.index(words[1])


def encode(sentences: Sequence[Sentence]) -> Tensor:
    """The tokens of sentences, indices into VOCABULARY: (B, 5)."""
    colours, digits, relations = STARTS
    starts = torch.tensor([colours, digits, relations, colours, digits])
    return torch.tensor([list(sentence) for sentence in sentences]).view(-1, len(PARTS)) + starts


def decode(tokens: Tensor) -> list[Sentence]:
    """The sentences of tokens, (B, 5)."""
    colours, digits, relations = STARTS
    starts = torch.tensor([colours, digits, relations, colours, digits])
    return [Sentence(*row) for row in (tokens - starts).tolist()]


def held_out(tokens: Tensor) -> Tensor:
    """Whether a sentence's two things never meet in training: (B, 5) -> (B,), bool; either may come first."""
    first = tokens[:, 0] * len(DIGITS) + tokens[:, 1]
    second = tokens[:, 3] * len(DIGITS) + tokens[:, 4]
    return (first + second) % HELD_OUT == HELD_OUT - 1


def every() -> Tensor:
    """All sentences that there are, (4320, 5)."""
    axes = [torch.arange(len(names)) for names in (PAINTS, DIGITS, RELATIONS, PAINTS, DIGITS)]
    rows = torch.cartesian_prod(*axes)
    rows = rows[(rows[:, 0] != rows[:, 3]) & (rows[:, 1] != rows[:, 4])]
    colours, digits, relations = STARTS
    return rows + torch.tensor([colours, digits, relations, colours, digits])


def draw(count: int, *, new: bool = False, generator: torch.Generator | None = None) -> Tensor:
    """Random sentences, (B, 5), from those of the training, or from those that never occur in it."""
    listed = every()
    listed = listed[held_out(listed) == new]
    return listed[torch.randint(len(listed), (count,), generator=generator)]


def main() -> None:
    print(f"{len(every()):,} sentences, {held_out(every()).float().mean():.0%} of them held out")
    for text in ("a red 7 left of a blue 3", "a green 0 below a yellow 9", "a red 7 and a blue 3"):
        try:
            sentence = parse(text)
            print(f"{text!r}: {encode([sentence])[0].tolist()}, {sentence.words}")
        except ValueError as error:
            print(f"{text!r}: {error}")


if __name__ == "__main__":
    main()
