"""Why does peeling fall behind in a hole of 12 pixels: by its temperature, or by mistakes carried inwards?

Its patch and temperature had been chosen for a hole of 8. Here they are chosen again, on validation pictures
with a hole of 12. And the mistakes are taken out: what was filled asks with the pixels that truly stood
there, while it still copies from outside alone. Asked by an outsider, after the record had been seen. Written
down before the run: the five seeds of that setting, pairs with attention's; the guess holds if peeling
without mistakes is no longer behind, and if they cost more in the larger hole than in the smaller.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.inwards
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.inpainting import claims
from visual_attention.chapters.inpainting.peeling import PeelingAttention, _difference, _patches
from visual_attention.chapters.inpainting.scores import psnr
from visual_attention.experiments import trial, tuning
from visual_attention.experiments.answer import answer
from visual_attention.experiments.question import Condition
from visual_attention.experiments.verdict import Interval, paired

FILE = Path(__file__).with_name("inwards.json")
WALLPAPER = claims.QUESTIONS[0]
USUAL = next(each for each in WALLPAPER.conditions if each.name == WALLPAPER.middle)
LARGER = next(each for each in WALLPAPER.specifications if each.name == "harder: a hole of 12")
CHOSEN = (5, 1e-4)  # the contest's patch and temperature, for a hole of 8
# patches of 7 x 7 find none without a missing pixel beside so large a hole
GRID = [(patch, heat) for patch in (3, 5) for heat in (1e-5, 1e-4, 1e-3, 1e-2)]


class _Unmistaken(PeelingAttention):
    """Peeling whose filled rims ask with the true pixels, which must stand under the hole."""

    def _peel(self, image: Tensor, missing: Tensor, sources: Tensor):
        truth, known = image.flatten(1), (~missing).flatten().to(image.dtype)
        keys = _patches((truth * known).view_as(image), self.patch)[sources]
        centres = truth.T[sources]
        while not known.all():
            near = F.max_pool2d(known.view_as(missing), 3, stride=1, padding=1).flatten()
            rim = ((near > 0) & (known == 0)).nonzero().squeeze(1)
            seen = _patches(known.view_as(missing), self.patch)[rim]
            queries = _patches((truth * known).view_as(image), self.patch)[rim]
            shares = torch.softmax(-_difference(queries, seen, keys) / self.temperature, dim=-1)
            yield rim, shares, shares @ centres
            known = known.index_fill(0, rim, 1.0)


def decibels(
    condition: Condition, split: str, seed: int, patch: int, heat: float, *, unmistaken: bool = False
) -> float:
    """PSNR of peeling on a seed's pictures, as the contest counts it."""
    shown = trial.examples(WALLPAPER.task, split, seed, condition)
    fill = (_Unmistaken if unmistaken else PeelingAttention)(patch=patch, temperature=heat)
    seen = shown.images if unmistaken else shown.seen[:, :3]
    filled = fill(seen, shown.masks).clamp(0, 1)
    return psnr(filled, shown.images, shown.masks).mean().item()


def tuned() -> tuple[int, float]:
    """The patch and the temperature that are best on validation pictures with the larger hole."""
    return max(GRID, key=lambda one: decibels(LARGER, "validation", tuning.FIRST_SEED, *one))


def attention() -> np.ndarray:
    """What attention has in the larger hole, one number a seed."""
    rows = [
        r
        for r in answer(WALLPAPER).rows
        if (r["condition"], r["arm"]) == (LARGER.name, claims.ATTENTION.name)
    ]
    return np.array([row["scores"]["PSNR"][-1] for row in sorted(rows, key=lambda row: row["seed"])])


def load() -> dict[str, list]:
    """What was measured: decibels a seed, and what was chosen."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def ahead(name: str) -> Interval:
    """Attention minus a way to peel, in the larger hole."""
    return paired(attention(), load()[name])


def gained(size: str) -> Interval:
    """What peeling gains where it makes no mistakes, in the "usual" or the "larger" hole."""
    found = load()
    return paired(found[f"{size}, unmistaken"], found[size])


def main() -> None:
    """Choose, measure, store, and compare."""
    best, seeds = tuned(), range(WALLPAPER.variant_seeds)
    ways = {
        "usual": (USUAL, CHOSEN, False),
        "usual, unmistaken": (USUAL, CHOSEN, True),
        "larger, as chosen": (LARGER, CHOSEN, False),
        "larger": (LARGER, best, False),
        "larger, unmistaken": (LARGER, best, True),
    }
    found = {"chosen": best} | {
        name: [round(decibels(where, "test", seed, *how, unmistaken=told), 4) for seed in seeds]
        for name, (where, how, told) in ways.items()
    }
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name in list(ways)[2:]:
        print(f"attention minus peeling, {name}: {ahead(name)}")
    for size in ("usual", "larger"):
        print(f"gained without mistakes, {size}: {gained(size)}")


if __name__ == "__main__":
    main()
