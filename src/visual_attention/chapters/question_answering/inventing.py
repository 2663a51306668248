"""How often does a decoder invent an answer about what is not there?

Three ways of training, which differ in what training showed of absent things: never any; only where a colour
of a named thing is asked; in all kinds of question. Five seeds each, the same pictures and steps. The numbers
beside this file were made by the command below.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.inventing
"""

import functools
import sys
from pathlib import Path

import torch
from torch import Tensor

from visual_attention.chapters.question_answering import decoder, sentences
from visual_attention.chapters.question_answering.decoder import ASKED, PictureDecoder
from visual_attention.chapters.question_answering.sentences import REGIMES, SORTS, THERE, Said, token
from visual_attention.experiments import lines, verdict
from visual_attention.experiments.verdict import Interval
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("inventing.jsonl")
SEEDS, STEPS, BATCH, RATE = 5, 1000, 64, 4e-3
POOL, FIRST = 20_000, 0.15  # examples to learn from; share of the steps with attributes alone
JUDGED = 400  # pictures of each sort in the test


@functools.lru_cache(maxsize=2)
def pool(regime: str, seed: int, count: int) -> Said:
    """What a decoder learns from: three relations for each colour and count, and what the regime adds."""
    generator = torch.Generator().manual_seed(seed)
    there = ("attribute", "count", "relation", "relation", "relation")
    return sentences.draw(count, "train", generator, sorts=there + REGIMES[regime])


@functools.cache
def judged(sort: str, count: int = JUDGED) -> Said:
    """Pictures of the test with a question of one sort."""
    return sentences.draw(count, "test", torch.Generator().manual_seed(99), sorts=(sort,))


def learn(
    regime: str, seed: int, *, steps: int = STEPS, count: int = POOL, progress: bool = False
) -> PictureDecoder:
    """Train a decoder from nothing in a way of training."""
    return taught(pool(regime, seed, count), seed, steps=steps, progress=progress)


def taught(learnt: Said, seed: int, *, steps: int = STEPS, progress: bool = False) -> PictureDecoder:
    """Train a decoder from nothing on given examples, first on the attributes among them alone."""
    easy = torch.isin(learnt.sorts, torch.tensor([SORTS.index("attribute"), SORTS.index("absent")]))
    easy = easy.nonzero()[:, 0]
    generator = torch.Generator().manual_seed(seed)
    with seeded(seed):
        model = PictureDecoder()

    def batch(step: int) -> Said:
        among = easy if step < FIRST * steps else None
        rows = torch.randint(len(learnt.cells if among is None else among), (BATCH,), generator=generator)
        return Said(*(part[rows if among is None else among[rows]] for part in learnt))

    fit(model, batch, decoder.loss, steps=steps, lr=RATE, progress=progress)
    return model


@torch.no_grad()
def told(model: PictureDecoder, said: Said, forbidden: Tensor | None = None) -> Tensor:
    """What it says, (B, 4)."""
    return model.say(said.cells, said.tokens[:, :ASKED], forbidden)


def scores(model: PictureDecoder) -> dict[str, float]:
    """Whole answers that are true, by sort; and, where nothing is, answers that name a thing."""
    found = {}
    for sort in SORTS:
        said = judged(sort)
        answers = told(model, said)
        right = (answers == said.tokens[:, ASKED:]).all(1)
        found[f"true: {sort}"] = share(right)
        if SORTS.index(sort) >= THERE:
            found[f"invented: {sort}"] = share(invents(answers))
        elif sort != "count":
            found[f"denied: {sort}"] = share(~invents(answers))
    return found


def invents(answers: Tensor) -> Tensor:
    """Whether an answer (B, 4) claims that something is there: all do but *none is there*."""
    denies = (answers[:, 0] == token("none")) & (answers[:, 2] == token("there"))
    return ~denies


def share(values: Tensor) -> float:
    """In percent."""
    return round(100 * values.double().mean().item(), 2)


def stored() -> list[dict]:
    """A row for each training: its regime, its seed, and the scores."""
    return lines.read(FILE)


def over_seeds(regime: str, name: str) -> Interval:
    """The mean of a score over seeds, with its interval."""
    return verdict.over_seeds([row[name] for row in stored() if row["regime"] == regime])


def main() -> None:
    """Train what is lacking of the regimes that are named, or of all, and store what was counted."""
    torch.set_num_threads(1)
    regimes = sys.argv[1:] or list(REGIMES)
    done = {(row["regime"], row["seed"]) for row in stored()}
    for seed in range(SEEDS):
        for regime in regimes:
            if (regime, seed) in done:
                continue
            row = {"regime": regime, "seed": seed} | scores(learn(regime, seed))
            lines.append(FILE, [row])
            print(row, flush=True)


if __name__ == "__main__":
    main()
