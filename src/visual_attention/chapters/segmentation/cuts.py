"""Which branch of a dual attention carries the answer? Interventions on a trained network, which stays.

A branch is switched off, the digit's cells are forbidden, or all shares are made equal; the network answers
once more. What is lost says what the answer hung on; a look at a map cannot.

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.cuts
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.segmentation.unet import ChannelSelfAttention, DualAttention, UNet
from visual_attention.mechanisms.self_attention import SelfAttention

# (block at the bottom, its input (B, C, h, w), how much of each place the digit covers) -> output
Cut = Callable[[nn.Module, Tensor, Tensor], Tensor]


def own(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """The block as it is: a cut that changes nothing."""
    return block(x)


def position_off(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """Without what places take from places."""
    return x + added(block, x, digit, position=None)


def channel_off(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """Without what channels take from channels."""
    return x + added(block, x, digit, channel=None)


def both_off(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """Without the block."""
    return x


def digit_off_for_places(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """No place may take from a cell that the digit touches; the other shares grow to a sum of 1."""
    return x + added(block, x, digit, position=forbidden)


def digit_off_for_channels(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """Channels are compared without the cells that the digit touches."""
    return x + added(block, x, digit, channel=blind)


def digit_off_for_both(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """Neither may places take from the digit's cells nor are channels compared there."""
    return x + added(block, x, digit, position=forbidden, channel=blind)


def with_rim(cut: Cut) -> Cut:
    """The same cut of the digit's cells and of those beside them, into which convolutions carry its tint."""

    def wider(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
        return cut(block, x, F.max_pool2d(digit, 3, stride=1, padding=1))

    return wider


def elsewhere(cut: Cut) -> Cut:
    """The control: the same cut, of as many cells, half a picture away from the digit."""

    def moved(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
        return cut(block, x, digit.roll((x.shape[2] // 2, x.shape[3] // 2), (2, 3)))

    return moved


def uniform(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """All shares are equal, in both branches."""
    return x + added(block, x, digit, position=even, channel=even)


def plain(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """The weights as they are."""
    return block.weights(x)


def even(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """Equal weights."""
    weights = block.weights(x)
    return torch.full_like(weights, 1 / weights.shape[-1])


def forbidden(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """The weights of places with nothing for the cells that the digit touches."""
    weights = block.weights(x) * (digit == 0).flatten(1)[:, None]  # (B, N, N), keys last
    return weights / weights.sum(-1, keepdim=True).clamp_min(1e-12)


def blind(block: nn.Module, x: Tensor, digit: Tensor) -> Tensor:
    """The weights of channels, of maps that are 0 where the digit is."""
    return block.weights(x * (digit == 0))


def added(
    block: nn.Module, x: Tensor, digit: Tensor, *, position: Cut | None = plain, channel: Cut | None = plain
) -> Tensor:
    """What a block adds to its input when its weights are made otherwise: (B, C, h, w).

    Args:
        block: a dual attention or one of its branches.
        x: (B, C, h, w).
        digit: how much of each place the digit covers, (B, 1, h, w).
        position: makes the weights of places; None: that branch adds nothing.
        channel: makes the weights of channels; None: that branch adds nothing.
    """
    whole = torch.zeros_like(x)
    places, channels = branches(block)
    if places is not None and position is not None:
        values = places.value_conv(x).flatten(2)  # (B, C, N)
        whole = whole + places.gain * (values @ position(places, x, digit).mT).view_as(x)
    if channels is not None and channel is not None:
        whole = whole + channels.gain * (channel(channels, x, digit) @ x.flatten(2)).view_as(x)
    return whole


def branches(block: nn.Module) -> tuple[SelfAttention | None, ChannelSelfAttention | None]:
    """The branch of places and that of channels, or None where a block has none."""
    if isinstance(block, DualAttention):
        return block.position, block.channel
    return (
        block if isinstance(block, SelfAttention) else None,
        block if isinstance(block, ChannelSelfAttention) else None,
    )


def scores_with(model: UNet, images: Tensor, digits: Tensor, cut: Cut) -> Tensor:
    """The scores of a trained network after a cut, (B, 1, H, W).

    Args:
        model: the network, which stays as it is.
        images: (B, 3, H, W).
        digits: where the digit's ink is, (B, 1, H, W), bool.
        cut: what is done to the block at the bottom.
    """

    def change(block: nn.Module, x: Tensor) -> Tensor:
        return cut(block, x, F.adaptive_max_pool2d(digits.to(x.dtype), x.shape[2:]))

    return model.read_with(images, change)


def contradicted(model: UNet, images: Tensor, others: Tensor, *names: str) -> Tensor:
    """The scores when branches say what they say of other pictures, (B, 1, H, W).

    A branch that is switched off is missed or not. One that says the opposite, in its own way of speaking, is
    heard or not.

    Args:
        model: the network, which stays as it is.
        images: (B, 3, H, W).
        others: the same scenes with the digit in the other tint, (B, 3, H, W).
        names: the branches that hear `others`: "places", "channels", or both.

    Raises:
        ValueError: if there is no such branch.
    """
    alone = {"places": {"channel": None}, "channels": {"position": None}}
    if wrong := set(names) - set(alone):
        raise ValueError(f"names: wanted {' or '.join(alone)}; got {', '.join(sorted(wrong))}")
    theirs = model.deepest(others)

    def change(block: nn.Module, x: Tensor) -> Tensor:
        heard = (added(block, theirs if name in names else x, x, **only) for name, only in alone.items())
        return x + sum(heard)

    return model.read_with(images, change)
