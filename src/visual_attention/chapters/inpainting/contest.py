"""What do the contenders of the chapter's two contests have in common?

Each gets a picture with a hole in it, four channels, and gives the picture filled. Networks learn it by the
absolute error in the hole; fillings that have nothing to learn stand beside them under the same rule.

Chapter: notebooks/applications/inpainting.ipynb
"""

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.chapters.inpainting import cuts, looks, wallpaper
from visual_attention.chapters.inpainting.contextual import (
    ContextualAttention,
    ContextualInpainter,
)
from visual_attention.chapters.inpainting.scores import psnr, ssim
from visual_attention.experiments.answer import Answer
from visual_attention.experiments.question import Setting, Task
from visual_attention.experiments.verdict import Interval, paired

CUTS = {
    "all patches alike": cuts.uniform,
    "another picture's map": cuts.anothers,
    "its source forbidden": cuts.without_source,
}

SCORES = {
    "PSNR": psnr,
    "SSIM": ssim,
    "GMSD": looks.gradient_deviation,
    "patch distance": looks.patch_distance,
}

KEPT = 50  # fillings of whole sets of test pictures
_FILLED: dict[str, Tensor] = {}


class Entry(nn.Module):
    """A network as the contest asks it: (B, 4, H, W), the picture and where its hole is -> (B, 3, H, W)."""

    def __init__(self, net: ContextualInpainter):
        super().__init__()
        self.net = net

    def forward(self, seen: Tensor) -> Tensor:
        return self.net(seen[:, :3], seen[:, 3:] > 0.5)


class _Unlearned(nn.Module):
    """A filling that has nothing to learn, as the contest asks it.

    Its one parameter moves nothing: it is there for the optimiser.
    """

    def __init__(self, fill: nn.Module):
        super().__init__()
        self.fill = fill
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, seen: Tensor) -> Tensor:
        return self.fill(seen[:, :3], seen[:, 3:] > 0.5)


def draw(count: int, split: str, generator: torch.Generator, setting: Setting) -> wallpaper.Holed:
    """Pictures with holes; training, validation and test share no photograph."""
    return wallpaper.batch(
        count,
        split=split,
        world=setting["world"],
        light=setting["light"],
        hole=setting["hole"],
        generator=generator,
    )


def loss(model: nn.Module, batch: wallpaper.Holed) -> Tensor:
    """The mean absolute error of the missing pixels."""
    if isinstance(model, _Unlearned):
        return model.unused.square()
    error = (model(batch.seen) - batch.images).abs() * batch.masks
    return error.sum() / (batch.masks.sum() * batch.images.shape[1])


def score(model: nn.Module, batch: wallpaper.Holed) -> dict[str, float]:
    """What a filling is worth: against the pixels that were there, and against how they looked."""
    filled = _kept(model, batch.seen) if isinstance(model, _Unlearned) else model(batch.seen)
    judged = filled.clamp(0, 1), batch.images, batch.masks
    return {name: measure(*judged).mean().item() for name, measure in SCORES.items()}


def _kept(model: _Unlearned, seen: Tensor) -> Tensor:
    """What is filled in without learning is the same at each scored step, and made once."""
    known = repr(vars(model.fill)).encode() + seen.numpy().tobytes()
    key = type(model.fill).__name__ + hashlib.sha256(known).hexdigest()
    if key not in _FILLED:
        while len(_FILLED) > KEPT:
            del _FILLED[next(iter(_FILLED))]
        _FILLED[key] = model(seen)
    return _FILLED[key]


def cut(weigh: cuts.Weighing) -> Callable[[nn.Module, wallpaper.Holed], float | None]:
    """The PSNR of a trained network with other weights; None if it has none of its own picture."""

    def after(model: nn.Module, batch: wallpaper.Holed) -> float | None:
        if isinstance(model, _Unlearned):
            return None
        known = batch.seen[:, :3]
        filled = cuts.filled_with(model.net, known, batch.masks, weigh)
        return None if filled is None else psnr(filled.clamp(0, 1), batch.images, batch.masks).mean().item()

    return after


TASK = Task(draw, loss, score, {name: cut(weigh) for name, weigh in CUTS.items()})


def lost(found: Answer, name: str) -> dict[str, Interval]:
    """What each cut takes from a contender's trained networks on the middle set, over the record's seeds."""
    rows = [
        row
        for row in found.headline
        if (row["arm"], row["condition"]) == (name, found.question.middle) and row["cuts"]
    ]
    whole = [row["scores"][found.question.metric][-1] for row in rows]
    return {
        cut: paired([row["cuts"][cut] for row in rows], whole) for cut in found.question.task.cuts if rows
    }


def attending(setting: Setting) -> ContextualAttention:
    """The layer with the setting's patches and sharpness."""
    return ContextualAttention(patch=setting["patch"], scale=setting["sharpness"])


def alike(setting: Setting) -> ContextualAttention:
    """The layer with all patches counting alike."""
    return ContextualAttention(patch=setting["patch"], scale=0.0)


def network(
    attend: Callable[[Setting], nn.Module] | None = None, *, wider: float = 1.0, **parts
) -> Callable[[Setting], nn.Module]:
    """How a contender builds its network; `attend` gets the setting."""

    def build(setting: Setting) -> nn.Module:
        channels = round(wider * setting["width"])
        layer = attend and attend(setting)
        return Entry(ContextualInpainter(layer, channels=channels, norm=setting["norm"], **parts))

    return build


def unlearned(fill: Callable[[], nn.Module]) -> Callable[[Setting], nn.Module]:
    """How a contender that has nothing to learn is built."""
    return lambda setting: _Unlearned(fill())
