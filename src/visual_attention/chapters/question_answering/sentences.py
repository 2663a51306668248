"""What is said about a picture, also where what is asked about is not there?

A question of three words, a question mark, and an answer in words: *colour left 7 ? disc is red .* The answer
names the thing first, then its colour. Of what is not there, the true answer is *none is there .*

Run: python -m visual_attention.chapters.question_answering.sentences
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.chapters.question_answering import small_world
from visual_attention.chapters.question_answering.small_world import (
    COLOURS,
    NAMES,
    PLACES,
    SIDES,
    Scenes,
)

TOKENS = (*small_world.WORDS, "?", "none", "one", "two", "is", "there", ".")
SORTS = ("attribute", "count", "relation", "absent", "absent beside", "empty side")
THERE = 3  # the first three sorts ask about what is there
WORDS = 4  # of an answer, with its full stop
REGIMES = {
    "never": (),
    "in colours": ("absent",),
    "in all": ("absent", "absent beside", "empty side"),
}
NAMED, THINGS = 6, 4  # of six names, four are in a picture


class Said(NamedTuple):
    """Pictures with a question and its true answer each.

    `cells` (B, 9, 32); `tokens` (B, 8), question, question mark and answer, indices into TOKENS; `sorts`
    (B,), indices into SORTS; `where` (B, 2), the named thing's cell and the cell with the answer, or -1.
    """

    cells: Tensor
    tokens: Tensor
    sorts: Tensor
    where: Tensor


def token(word: str) -> int:
    """The number of a word."""
    return TOKENS.index(word)


def draw(count: int, split: str, generator: torch.Generator, *, sorts: tuple[str, ...] = SORTS) -> Said:
    """Pictures with one question each, of sorts that are drawn alike."""
    scenes = small_world.arrange(count, split, generator, names=NAMED, things=THINGS)
    chosen = torch.tensor([SORTS.index(sort) for sort in sorts])
    kinds = chosen[torch.randint(len(chosen), (count,), generator=generator)]
    question, where = ask(scenes, kinds, generator)
    answers = torch.stack([torch.tensor(answer(*each)) for each in zip(*scenes, question, strict=True)])
    mark = torch.full((count, 1), token("?"))
    tokens = torch.cat([question, mark, answers], dim=1)
    return Said(small_world.features(scenes, split, generator), tokens, kinds, where)


def ask(scenes: Scenes, sorts: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Questions (B, 3) of the given sorts, and where one has to look (B, 2)."""
    there = sorts.clamp(max=2)[:, None].where(sorts[:, None] < THERE, torch.zeros(len(sorts), 1).long())
    words, _, where = (part[:, 0] for part in small_world.ask(scenes, there, generator))
    side = torch.randint(len(SIDES), (len(sorts),), generator=generator)
    strange = _absent(scenes, generator)
    beside = token("left") + side
    for sort, middle in (("absent", torch.full_like(side, token("of"))), ("absent beside", beside)):
        rows = sorts == SORTS.index(sort)
        words[rows], where[rows] = _colour(middle, strange)[rows], -1
    rows = sorts == SORTS.index("empty side")
    cell, side = _beside_nothing(scenes, generator)
    name = scenes.names.gather(1, cell[:, None])[:, 0]
    words[rows] = _colour(token("left") + side, name)[rows]
    where[rows] = torch.stack([cell, torch.full_like(cell, -1)], 1)[rows]
    return words, where


def _colour(middle: Tensor, name: Tensor) -> Tensor:
    """The question *colour ... name*, (B, 3)."""
    return torch.stack([torch.full_like(middle, token("colour")), middle, small_world.named(name)], dim=1)


def _absent(scenes: Scenes, generator: torch.Generator | None) -> Tensor:
    """A name that is not in each picture, (B,)."""
    missing = (scenes.names[:, None] != torch.arange(NAMED)[:, None]).all(2)  # (B, 6)
    return torch.multinomial(missing.float(), 1, generator=generator)[:, 0]


def _beside_nothing(scenes: Scenes, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """A thing's cell and a side of it on which nothing lies, (B,) each; four things always have one."""
    beyond = small_world.neighbours()  # (4, 9)
    empty = (beyond < 0) | (scenes.names[:, beyond.clamp_min(0)] < 0)  # (B, 4, 9)
    pairs = (empty & (scenes.names >= 0)[:, None]).flatten(1)
    pair = torch.multinomial(pairs.float(), 1, generator=generator)[:, 0]
    return pair % PLACES, pair // PLACES


def answer(names: Tensor, colours: Tensor, question: Tensor) -> list[int]:
    """The true answer to a question about one scene, (9,) and (9,), as four tokens."""
    first, middle, last = (TOKENS[word] for word in question.tolist())
    if first == "many":
        many = int((colours == list(COLOURS).index(last)).sum())
        said = (("none", "one", "two")[many], "is" if many == 1 else "are", last, ".")
        return [token(word) for word in said]
    cell = next((cell for cell, name in enumerate(names.tolist()) if NAMES[name] == last and name >= 0), -1)
    if cell >= 0 and middle != "of":
        cell = int(small_world.neighbours()[list(SIDES).index(middle), cell])
    if cell < 0 or names[cell] < 0:
        return [token(word) for word in ("none", "is", "there", ".")]
    paint = list(COLOURS)[colours[cell]]
    return [token(word) for word in (NAMES[names[cell]], "is", paint, ".")]


def text(tokens: Tensor) -> str:
    """Tokens in words, up to the full stop."""
    words = [TOKENS[number] for number in tokens.tolist() if number]
    return " ".join(words[: words.index(".") + 1] if "." in words else words)


def main() -> None:
    """Print a question of each sort with its answer."""
    generator = torch.Generator().manual_seed(0)
    for sort in SORTS:
        said = draw(1, "test", generator, sorts=(sort,))
        print(f"{sort:14} {text(said.tokens[0])}")


if __name__ == "__main__":
    main()
