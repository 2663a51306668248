"""What did an outsider try on the chapter's networks, after their scores had been seen?

Is finding the named thing all that hops lack? They learn again from nothing, on the seeds that do not relate,
and are handed from outside what they seem to lack: the first look, or the first look and both readings. Does
an answer follow the first look? In the stored network it is pointed at another thing.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.attacked
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.question_answering import asking, claims, small_world
from visual_attention.chapters.question_answering.asking import Pupil
from visual_attention.chapters.question_answering.readings import Change, Looked, ReadingHops
from visual_attention.chapters.question_answering.small_world import ASKED, Asked
from visual_attention.experiments import lines, trial
from visual_attention.experiments.question import Contender

FILE = Path(__file__).parent / "records" / "attacked.jsonl"
SEEDS, STEPS, RATE = 3, 768, 3e-3
HANDED = {"the first look": {}, "the first look and both readings": {"told": True}}


class _Handed(ReadingHops):
    """Own readings, or, where they are `told`, the name for the first hop and the side for the second."""

    def __init__(self, *args, told: bool = False, **options):
        super().__init__(*args, **options)
        self.told = told

    def look(self, cells: Tensor, words: Tensor, change: Change | None = None) -> Looked:
        """All hops, with readings that are told."""
        if not self.told:
            return super().look(cells, words, change)
        keys, values, said = self.key(cells), self.value(cells), self.words(words)
        memory, looked = torch.zeros_like(keys[:, 0]), []
        for hop in range(self.hops):
            read = F.one_hot(torch.full((len(words),), 2 - hop), words.shape[1]).float()
            asked = self.norm((read[:, None] @ said)[:, 0])
            query = self.ask[hop](torch.cat([asked, memory], dim=1))
            weights = torch.softmax((keys @ query[..., None])[..., 0] / self.dim**0.5, dim=1)
            weights = change(hop, weights) if change else weights
            memory = (weights[:, None] @ values)[:, 0]
            looked.append((read, weights, memory))
        return Looked(*(torch.stack(parts, dim=1) for parts in zip(*looked, strict=True)))


def at(where: Tensor) -> Change:
    """The first look at given cells (B,), as it was where they are -1."""
    spot, there = F.one_hot(where.clamp_min(0), small_world.PLACES).float(), (where >= 0)[:, None]
    return lambda hop, weights: torch.where(there, spot, weights) if hop == 0 else weights


def loss(pupil: Pupil, asked: Asked) -> Tensor:
    """As `asking.loss`, with the first look at the named thing."""
    if pupil.training:
        pupil.lessons += 1
    column = torch.randint(len(ASKED), (len(asked.cells),)) * int(pupil.lessons > pupil.first)
    row = torch.arange(len(column))
    scores = pupil(asked.cells, asked.words[row, column], change=at(asked.where[row, column, 0]))
    return F.cross_entropy(scores, asked.answers[row, column])


def score(pupil: Pupil, asked: Asked) -> dict[str, float]:
    """Relations and attributes in percent, with the first look at the named thing."""
    right = [
        asking.percent(asking.answered(pupil, asked, column, change=at(asked.where[:, column, 0])))
        for column in range(len(ASKED))
    ]
    return {"attributes": right[0], "relations": sum(right[column] for column in asking.RELATIONS) / 2}


def learn(way: str, seed: int, *, steps: int = STEPS) -> dict[str, float]:
    """Train hops that are handed something, without end, and score them."""
    build: Callable = claims.pupil(_Handed, deep="hops", **HANDED[way])
    handed = Contender("own readings", "attention", build, "Handed the first look.", "a reading for each hop")
    task = replace(claims.QUESTION.task, loss=loss, score=score)
    question = replace(claims.QUESTION, task=task, contenders=(handed, *claims.CONTENDERS[1:]))
    return trial.live(question, handed.name, steps=steps, rate=RATE, seed=seed, points=1)[1][steps]


def rows() -> list[dict]:
    """What was learned: a row for each way and seed."""
    return lines.read(FILE)


# ---- the stored network


@torch.no_grad()
def pointed(pupil: Pupil, asked: Asked) -> dict[str, float]:
    """Answers to relations, in percent, when the first look is pointed at another thing that has something
    of another answer on the same side: how many name what lies beside that thing, how many the old answer."""
    generator = torch.Generator().manual_seed(7)  # the scenes of the chapter's 600 pictures
    setting, count = claims.QUESTION.setting, len(asked.cells)
    names, things = setting["names"], setting["things"]
    scenes = small_world.arrange(count, "test", generator, names=names, things=things, clear=True)
    new, old = [], []
    for column in asking.RELATIONS:
        side = asked.words[:, column, 1] - small_world.WORDS.index("left")
        beyond = small_world.neighbours()[side]  # (B, 9)
        beside = scenes.colours.gather(1, beyond.clamp_min(0))  # the colour there
        fits = (scenes.names >= 0) & (beyond >= 0) & (beside >= 0)
        fits &= beside != asked.answers[:, column, None]
        cell = fits.int().argmax(1)
        said = pupil(asked.cells, asked.words[:, column], change=at(cell)).argmax(1)
        kept = fits.any(1)
        new.append((said == beside.gather(1, cell[:, None])[:, 0])[kept])
        old.append((said == asked.answers[:, column])[kept])
    return {"beside the other": asking.percent(torch.cat(new)), "as before": asking.percent(torch.cat(old))}


@torch.no_grad()
def forbidden(pupil: Pupil, asked: Asked, which: int, hop: int) -> float:
    """Relations where one look alone may not see a cell: 0 the named thing's, 1 its neighbour's."""
    right = []
    for column in asking.RELATIONS:
        cell = F.one_hot(asking.forbidden_cell(asked, column, which), small_world.PLACES).bool()
        change = asking.only(hop, asking.without(cell))
        right.append(asking.answered(pupil, asked, column, change=change))
    return asking.percent(torch.stack(right))


def main() -> None:
    """Train what the file lacks, and show it."""
    torch.set_num_threads(1)
    done = {(row["way"], row["seed"]) for row in rows()}
    for way in HANDED:
        for seed in range(SEEDS):
            if (way, seed) not in done:
                found = {name: round(share) for name, share in learn(way, seed).items()}
                lines.append(FILE, [{"way": way, "seed": seed} | found])
    for row in rows():
        print(row)


if __name__ == "__main__":
    main()
