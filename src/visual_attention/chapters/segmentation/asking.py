"""How is a network asked by clicks, what does it lose, and how good are its masks?

Chapter: notebooks/applications/segmentation.ipynb
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.segmentation import clicks, trained_encoder
from visual_attention.chapters.segmentation.click_rivals import ClickChannel
from visual_attention.chapters.segmentation.prompt import Encoded, Prompted

METRIC = "IoU after one click"


class Asked(NamedTuple):
    """Pictures as in `clicks.Clicked`, with what the frozen encoder makes of them: `places` (B, P, H/2, W/2)
    and `pixels` (B, C, H, W)."""

    images: Tensor
    clicks: Tensor
    masks: Tensor
    places: Tensor
    pixels: Tensor


@torch.no_grad()
def asked(drawn: clicks.Clicked) -> Asked:
    """The pictures with their features."""
    encoded = trained_encoder.encoder()(drawn.images)
    return Asked(drawn.images, drawn.clicks, drawn.masks, encoded.places, encoded.pixels)


def see(model: nn.Module, drawn: Asked):
    """What a contender makes of pictures before anything is clicked."""
    return model.see(drawn.images, Encoded(drawn.places, drawn.pixels))


def loss(model: nn.Module, drawn: Asked) -> Tensor:
    """Of the answer to the click, plus of that to the click and a second one on a wrong pixel."""
    seen = see(model, drawn)
    first = model.answer(seen, drawn.clicks)
    more = torch.cat([drawn.clicks, clicks.any_mistake(first.detach() > 0, drawn.masks)], dim=1)
    return missed(first, drawn.masks) + missed(model.answer(seen, more), drawn.masks)


def missed(scores: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of each pixel, plus one minus a soft Dice."""
    true, inside = masks.float(), scores.sigmoid()
    common = (inside * true).sum(dim=(1, 2, 3))
    areas = inside.sum(dim=(1, 2, 3)) + true.sum(dim=(1, 2, 3))
    return F.binary_cross_entropy_with_logits(scores, true) + (1 - (2 * common + 1) / (areas + 1)).mean()


def score(model: nn.Module, drawn: Asked) -> dict[str, float]:
    """The mean IoU after one click and after a second, correcting one; the same on real coins."""
    first, second = two_clicks(model, drawn)
    real = two_clicks(model, real_coins())
    return {
        METRIC: first,
        "IoU after two": second,
        "IoU on real coins": real[0],
        "IoU on real coins after two": real[1],
    }


@functools.cache
def real_coins() -> Asked:
    """Windows of the photograph of coins."""
    return asked(clicks.coins())


def two_clicks(model: nn.Module, drawn: Asked, change=None) -> tuple[float, float]:
    """The mean IoU in percent after the click, and after a second in the middle of the largest mistake."""
    seen = see(model, drawn)
    first = model.answer(seen, drawn.clicks, change) > 0
    more = torch.cat([drawn.clicks, clicks.correction(first, drawn.masks)], dim=1)
    second = model.answer(seen, more, change) > 0
    return tuple(100 * clicks.iou(answer, drawn.masks).mean().item() for answer in (first, second))


def cut(change: Callable[[Tensor], Tensor]) -> Callable[[nn.Module, Asked], float | None]:
    """The IoU after one click when the weights of every look are changed; None where nothing looks."""

    def after(model: nn.Module, drawn: Asked) -> float | None:
        if not isinstance(model, Prompted) or model.decoder.given is not None:
            return None
        return two_clicks(model, drawn, change)[0]

    return after


def uniform(weights: Tensor) -> Tensor:
    """All places weigh alike."""
    return torch.full_like(weights, 1 / weights.shape[-1])


def anothers(weights: Tensor) -> Tensor:
    """The weights of the click before it in the batch."""
    return weights.roll(1, dims=0)


def with_encoder(model: Prompted | ClickChannel) -> nn.Module:
    """The same with the trained encoder."""
    model.encoder.load_state_dict(trained_encoder.encoder().state_dict())
    return model
