"""Which features do the detectors train on, and where were they before?

Scenes are drawn once and the frozen backbone looks at each once; a training takes from this pool what it
needs. So thousands of steps of a small detector take seconds.

Chapter: notebooks/applications/detection.ipynb
"""

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.chapters.detection import backbone, scenes
from visual_attention.chapters.detection.scenes import Objects, Scenes
from visual_attention.chapters.detection.training import drawn, ready

SPLITS = {"train": "learning", "validation": "validation", "test": "test"}
POOLS = {"train": 16_384, "validation": 1_000, "test": 4_000}  # scenes
SMALL_POOLS = {"train": 2_048, "validation": 500, "test": 1_000}  # where a variant needs scenes of its own
SEEDS = {"train": 1, "validation": 2, "test": 3}


class Seen(NamedTuple):
    """Features (B, C, H / 8, W / 8) in half precision, or pictures in bytes, and what is there."""

    features: Tensor
    boxes: Tensor
    labels: Tensor
    present: Tensor
    hidden: Tensor

    @property
    def objects(self) -> Objects:
        """What is there."""
        return Objects(self.boxes, self.labels, self.present)

    @property
    def scenes(self) -> Scenes:
        """The same for scores, which ask for the size of the pictures alone."""
        images = torch.empty(len(self.labels), 3, scenes.CANVAS, scenes.CANVAS, device="meta")
        return Scenes(images, self.objects, self.hidden)


def look(drawn: Scenes, *, frozen: bool = True) -> Seen:
    """What the frozen backbone sees in scenes whose pictures are in bytes; or the pictures themselves."""
    seen = features(ready(drawn.images)).half() if frozen else drawn.images
    return Seen(seen, *drawn.objects, drawn.hidden)


@torch.no_grad()
def features(images: Tensor) -> Tensor:
    """What the frozen backbone makes of pictures in [0, 1]: (B, 3, H, W) -> (B, C, H / 8, W / 8)."""
    return torch.cat([_backbone()(some) for some in images.split(128)])


def take(count: int, split: str, generator: torch.Generator, setting: dict) -> Seen:
    """Different scenes of a pool, by lot: the data of the chapter's question."""
    whole = pool(split, setting["boards"], tuple(setting["spans"]), setting["frozen"])
    chosen = torch.randperm(len(whole.labels), generator=generator)[:count]
    return Seen(*(part[chosen] for part in whole))


@functools.lru_cache(maxsize=5)
def pool(split: str, boards: int, spans: tuple[float, float], frozen: bool) -> Seen:
    """All scenes of a split, drawn once in a process."""
    usual = boards == scenes.BOARDS and spans == scenes.SIZES and frozen
    count = (POOLS if usual else SMALL_POOLS)[split]
    return look(
        drawn(count, split=SPLITS[split], seed=SEEDS[split], boards=boards, spans=spans), frozen=frozen
    )


@functools.cache
def _backbone() -> backbone.Backbone:
    return backbone.load().to(memory_format=torch.channels_last)
