"""Does a patch's look at itself stand in its way, and does the contest's attention copy what it was shown?

Attention of the contest, trained as there on a thousand pictures, and cut in two ways more. Then 1,500
pictures are made, and those that keep every rule, two things of each shape, twins of one colour, two shapes
of two, are looked up among the thousand. Asked by an outsider, after the record had been seen; the rows
beside this file were made by the command below.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.moving_attacked
"""

import json
from pathlib import Path

import torch
from torch import Tensor

from visual_attention.chapters.generation import moving, moving_claims, moving_cuts
from visual_attention.chapters.generation.flow_matching import sample
from visual_attention.chapters.generation.transformer import as_pictures
from visual_attention.experiments import trial
from visual_attention.experiments.verdict import Interval, paired

ROWS = Path(__file__).with_name("moving_attacked.json")
RATE, SEEDS, MADE = 3e-3, 3, 1500
POSSIBLE = 22_680  # pictures that keep every rule: 9! / (2! 2! 5!) arrangements, 6 x 5 pairs of colours
CONTEST = moving_claims.QUESTION
CHANGES = {
    "as it is": moving_cuts.own,
    "itself forbidden": moving_cuts.without_itself,
    "twins forbidden": moving_cuts.without_twins,
    "other things forbidden": moving_cuts.without_other_things,
}


def whole(images: Tensor) -> tuple[Tensor, Tensor]:
    """Which pictures keep every rule, (B,), bool, and what each cell of each shows, (B, S * S)."""
    shapes, colours = moving.read(images)
    unclear = moving.there(images) & (shapes < 0)
    two = ((shapes == 0).sum(1) == 2) & ((shapes == 1).sum(1) == 2) & (shapes < 2).all(1)
    (least, most), (other, others) = (_ends(shapes, colours, kind) for kind in (0, 1))
    kept = two & ~unclear.any(1) & (least == most) & (other == others) & (least != other)
    return kept, (shapes + 1) * 10 + colours + 1


def _ends(shapes: Tensor, colours: Tensor, kind: int) -> tuple[Tensor, Tensor]:
    """The least and the greatest colour among the cells of one shape, (B,) each."""
    found = shapes == kind
    return torch.where(found, colours, 99).amin(1), torch.where(found, colours, -1).amax(1)


@torch.no_grad()
def measured(seed: int) -> dict[str, float]:
    """Train attention with a seed of the contest; the agreement after each cut, and how many are copies."""
    condition = next(each for each in CONTEST.conditions if each.name == CONTEST.middle)
    judged = trial.examples(CONTEST.task, "test", seed, condition)
    one = trial.Trial("headline", condition, CONTEST.attention.name, RATE, seed)
    with torch.enable_grad():
        model, _, _ = trial.train(CONTEST, one, lambda averaged: {}, scored=())
    row = {"seed": seed}
    for name, change in CHANGES.items():
        row[name] = round(moving_claims.score(moving_cuts.cut(model, change), judged)["agreement"], 1)
    noise = torch.randn(MADE, 3, 12, 12, generator=torch.Generator().manual_seed(9))
    kept, shown = whole(as_pictures(sample(model, noise, steps=moving_claims.STEPS)))
    generator = torch.Generator().manual_seed(seed)
    known = moving_claims.draw(condition.pictures, "train", generator, condition.setting).images
    known = {tuple(each) for each in whole(known)[1].tolist()}
    found = [tuple(each) for each in shown[kept].tolist()]
    return row | {"known": len(known), "whole": len(found), "copies": sum(each in known for each in found)}


def rows() -> list[dict[str, float]]:
    """What was measured, by seed."""
    return json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.exists() else []


def gained(change: str) -> Interval:
    """What a cut adds to the agreement, in points, seed by seed."""
    return paired(*([row[name] for row in rows()] for name in (change, "as it is")))


def main() -> None:
    """Measure what is lacking."""
    torch.set_num_threads(1)
    for seed in range(len(rows()), SEEDS):
        ROWS.write_text(json.dumps([*rows(), measured(seed)], indent=1) + "\n", encoding="utf-8")
        print(rows()[-1], flush=True)


if __name__ == "__main__":
    main()
