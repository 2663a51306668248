"""Which map that knows nothing of the network was missing? Rivals that were thought of after the run.

A rule that is written down cannot be given new opponents afterwards, so these are in no verdict. But a method
that loses to one of them has not been shown to know the network. They see one picture each, and no network
is trained or asked: they are measured on all pictures, where a method is measured on those that its network
answers rightly.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.later_rivals
"""

import json
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.explanation import claims, maps, marked, trials, verdicts
from visual_attention.chapters.explanation.marked import CELL

PICTURES = 240  # of each seed, of each kind
NOBODY = "no network"
RECORD = Path(__file__).parent / "records" / "later_rivals.jsonl"


def spread(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The standard deviation of a cell's pixels: highest where half is black and half is white."""
    mean = F.avg_pool2d(images, CELL)
    return (F.avg_pool2d(images.square(), CELL) - mean.square()).clamp(min=0).sqrt()


def spread_and_dark(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The spread, less a quarter of the mean brightness: most marks are darker than most decoys."""
    return spread(model, images, answers) - F.avg_pool2d(images, CELL) / 4


def smoothed_and_centred(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Contrast, its mean over 3 x 3 cells, weighed by nearness to the middle: a digit is large and there."""
    around = F.avg_pool2d(maps.contrast(model, images, answers), 3, stride=1, padding=1)
    return around * maps.centre(model, images, answers)


RIVALS: dict[str, maps.Method] = {
    "contrast": maps.contrast,
    "spread": spread,
    "spread and dark": spread_and_dark,
    "smoothed and centred": smoothed_and_centred,
}


def hits(seed: int, count: int = PICTURES) -> list[dict]:
    """A line for each rival: the share of one seed's test pictures whose highest cell lies here or there.

    The pictures are drawn as those of the record are, and none is left out.
    """
    generator = torch.Generator().manual_seed(10_000 + seed)
    plain = marked.batch(count, split="test", generator=generator)
    generator = torch.Generator().manual_seed(40_000 + seed)
    corner = marked.batch(count, split="test", share=1.0, generator=generator)
    images, decoys = marked.with_decoys(corner, generator)
    both = claims.Decoyed(images, corner.labels, corner.masks, decoys)
    rows = []
    for name, rival in RIVALS.items():
        values = claims.pointing(rival, nn.Identity(), both)
        for what, drawn in (("digit", plain), ("mark, no decoy", corner)):
            values[what] = trials.points(rival(nn.Identity(), drawn.images, drawn.labels), drawn.masks)
        means = {what: round(value.double().mean().item(), 4) for what, value in values.items()}
        rows.append({"seed": seed, "network": NOBODY, "method": name, "values": means})
    return rows


def load() -> list[dict]:
    """All lines of the record, as `verdicts.series` reads them."""
    return [json.loads(line) for line in RECORD.read_text().splitlines()] if RECORD.exists() else []


def above(rows: list[dict], network: str, method: str, test: str, rival: str) -> verdicts.Interval:
    """How much more often a method of the record `rows` points there than a later rival, seed by seed."""
    theirs = verdicts.series(load(), NOBODY, rival)[test]
    return verdicts.interval(verdicts.series(rows, network, method)[test], theirs)


def equally_white(both: claims.Decoyed) -> claims.Decoyed:
    """Those pictures whose decoy has as many white squares as the mark: neither is the brighter."""
    white = [(both.images * masks).sum((1, 2, 3)).round() for masks in (both.masks, both.decoys)]
    same = white[0] == white[1]
    return claims.Decoyed(*(part[same] for part in both))


def main() -> None:
    """Write the record anew, and print where the rivals point."""
    torch.set_num_threads(1)
    rows = [row for seed in verdicts.SEEDS for row in hits(seed)]
    RECORD.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for name in RIVALS:
        values = verdicts.series(rows, NOBODY, name)
        print(f"{name:21}", *(f"{what} {sum(v) / len(v):.3f}" for what, v in values.items()))


if __name__ == "__main__":
    main()
