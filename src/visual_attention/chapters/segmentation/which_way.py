"""Which branch does a dual attention hang on, if it learns again: other seeds, other scenes, another rate?

The network that the page takes apart is one. Here its own recipe runs with five other seeds, on its large
scenes and on small ones; and the contest's runs without end and on 250 pictures, there at two rates. Each
network is cut as on the page, and each branch is contradicted: it hears the same scenes with the digit in the
other tint. A last arm is trained twice as long as the contest's, for its score.

Asked by an outsider, with this rule before the runs: a network counts if it tells 65 % or more of the coins
apart; it hangs on the branch without which it loses 10 points more than without the other, or else on both.

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.which_way
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch

from visual_attention.chapters.segmentation import cuts, lookalikes, trained
from visual_attention.chapters.segmentation.context_claims import QUESTION, told
from visual_attention.chapters.segmentation.unet import UNet
from visual_attention.experiments import lines
from visual_attention.experiments.trial import Trial
from visual_attention.experiments.trial import train as train_out

RECORD = Path(__file__).parent / "records" / "segmentation-ways.jsonl"
COUNTS, MORE = 65, 10  # in percent of the coins, in points
LARGE, SMALL = 48, 24  # pixels of a scene's side
JUDGED = 300
CUTS = {
    "as it is": cuts.own,
    "places off": cuts.position_off,
    "channels off": cuts.channel_off,
    "both off": cuts.both_off,
    "digit to places": cuts.digit_off_for_places,
    "digit and rim to places": cuts.with_rim(cuts.digit_off_for_places),
    "digit and rim to channels": cuts.with_rim(cuts.digit_off_for_channels),
    "digit and rim to both": cuts.with_rim(cuts.digit_off_for_both),
    "elsewhere to places": cuts.elsewhere(cuts.digit_off_for_places),
    "elsewhere to both": cuts.elsewhere(cuts.with_rim(cuts.digit_off_for_both)),
}
SWAPS = {
    "places contradicted": ("places",),
    "channels contradicted": ("channels",),
    "both contradicted": ("places", "channels"),
}

Row = dict[str, float | int | str]


class Arm(NamedTuple):
    """A way to train a dual attention again: how, on scenes of how many pixels a side, with which seeds."""

    train: Callable[[int], UNet]
    canvas: int
    seeds: Iterable[int]


def _as_stored(canvas: int) -> Callable[[int], UNet]:
    return lambda seed: trained.train(seed=seed, canvas=canvas, progress=False)


def _as_in_contest(condition: str, rate: float, **recipe: int) -> Callable[[int], UNet]:
    pictures = next(one for one in QUESTION.conditions if one.name == condition)
    pictures = replace(pictures, recipe=replace(pictures.recipe, **recipe))

    def train(seed: int) -> UNet:
        trial = Trial("headline", pictures, QUESTION.attention.name, rate, seed)
        return train_out(QUESTION, trial, lambda model: {}, scored=(pictures.recipe.steps,))[0].eval()

    return train


TWICE = 2 * QUESTION.recipe.steps
ARMS = {
    "stored recipe, large scenes": Arm(_as_stored(LARGE), LARGE, range(1, 6)),
    "stored recipe, small scenes": Arm(_as_stored(SMALL), SMALL, range(1, 6)),
    "without end": Arm(_as_in_contest("without end", 3e-3), SMALL, range(5)),
    "250 pictures, 0.01": Arm(_as_in_contest("250 pictures", 1e-2), SMALL, range(5)),
    "250 pictures, 0.03": Arm(_as_in_contest("250 pictures", 3e-2), SMALL, range(5)),
    "twice as long, 0.01": Arm(_as_in_contest("1,000 pictures", 1e-2, steps=TWICE), SMALL, range(5)),
}


@torch.no_grad()
def taken_apart(model: UNet, *, canvas: int, seed: int) -> Row:
    """How many percent of the coins a network tells apart after each cut, and each branch contradicted."""
    generator = torch.Generator().manual_seed(10_000 + seed)
    drawn, others = lookalikes.pair(JUDGED, split="test", canvas=canvas, generator=generator)
    left = {name: cuts.scores_with(model, drawn.images, drawn.digits, cut) for name, cut in CUTS.items()}
    for name, branches in SWAPS.items():
        left[name] = cuts.contradicted(model, drawn.images, others.images, *branches)
    return {name: round(told(scores, drawn), 3) for name, scores in left.items()}


def rows(arm: str) -> list[Row]:
    """The networks of an arm that the record holds, by seed."""
    return sorted((row for row in lines.read(RECORD) if row["arm"] == arm), key=lambda row: row["seed"])


def way(row: Row) -> str:
    """What a network hangs on, by the rule: "places", "channels", "both", or "untold"."""
    if row["as it is"] < COUNTS:
        return "untold"
    more = row["channels off"] - row["places off"]  # what it loses more without places
    return "both" if abs(more) < MORE else "places" if more > 0 else "channels"


def ways(arm: str) -> Counter:
    """How many networks of an arm hang on what."""
    return Counter(map(way, rows(arm)))


def lacking() -> list[tuple[str, int]]:
    """The trainings that the record lacks: arm and seed."""
    done = {(arm, row["seed"]) for arm in ARMS for row in rows(arm)}
    return [(name, seed) for name, arm in ARMS.items() for seed in arm.seeds if (name, seed) not in done]


def main() -> None:
    """Make what the record lacks, and say what each network hangs on."""
    torch.set_num_threads(1)
    for name, seed in lacking():
        start, arm = time.perf_counter(), ARMS[name]
        row = {"arm": name, "seed": seed, **taken_apart(arm.train(seed), canvas=arm.canvas, seed=seed)}
        row["seconds"] = round(time.perf_counter() - start, 1)
        lines.append(RECORD, [row])
    for name in ARMS:
        print(f"{name:28}", ", ".join(f"{count} {which}" for which, count in ways(name).most_common()))


if __name__ == "__main__":
    main()
