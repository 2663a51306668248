"""The same methods with their signs, without them, from another block or from another start.

Some methods give signs and some give sizes. Sizes keep what is large in the picture or in the frame, whatever
the network is; signs turn with the network. And a name like "raw attention" leaves open of which block, as
"integrated gradients" leaves open from where. So the table has a row for each.

Chapter: notebooks/deeper/explanation.ipynb
"""

import torch
from torch import Tensor, nn

from visual_attention.chapters.explanation import fillings, maps
from visual_attention.chapters.explanation.maps import Method


def signed_gradient(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """How the score would change if all pixels of a cell became a little brighter: the sum of the slopes."""
    return maps.cells(maps.slope(model, images, answers))


def sizes_of_shares(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Integrated gradients without their signs, pixel by pixel, summed up over each cell."""
    return maps.cells(maps.shares_of_pixels(model, images, answers).abs())


def sizes_of_falls(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Occlusion without its signs: how much the score changes, up or down, when a cell is covered."""
    return maps.occlusion(model, images, answers).abs()


def signed_attention(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Attention times gradient in which weights that would lower the score count against a cell."""
    return maps.attention_times_gradient(model, images, answers, kept=lambda product: product)


def sizes_of_attention(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Attention times gradient in which weights that would lower the score count as those that raise it."""
    return maps.attention_times_gradient(model, images, answers, kept=torch.abs)


def signed_cam(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Grad-CAM before what is negative becomes 0."""
    return maps.weighed_channels(model, images, answers)


def sizes_of_cam(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Grad-CAM in which a negative place counts as a positive one."""
    return maps.weighed_channels(model, images, answers).abs()


@torch.no_grad()
def first_block(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Raw attention of the first block in place of the last."""
    return maps.seen_by_class_token(model.weights(images)[0].mean(1))


def from_white(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Integrated gradients whose way begins at a white picture."""
    return maps.integrated_gradients(model, images, answers, start=torch.ones_like(images))


def from_another(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Integrated gradients whose way begins at the next picture of the batch."""
    return maps.integrated_gradients(model, images, answers, start=fillings.another(images))


WITH_WEIGHTS: dict[str, Method] = {
    "raw attention, block 1": first_block,
    "attention x gradient, signed": signed_attention,
    "attention x gradient, sizes": sizes_of_attention,
}
ANY_NETWORK: dict[str, Method] = {
    "gradient, signed": signed_gradient,
    "Grad-CAM, signed": signed_cam,
    "Grad-CAM, sizes": sizes_of_cam,
    "integrated gradients, sizes": sizes_of_shares,
    "integrated gradients, from white": from_white,
    "integrated gradients, from another": from_another,
    "occlusion, sizes": sizes_of_falls,
}


def every(model: nn.Module) -> dict[str, Method]:
    """The seven methods, or those of them that the network allows, each followed by its variants."""
    variants = (WITH_WEIGHTS if hasattr(model, "weights") else {}) | ANY_NETWORK
    rows = {}
    for name, method in maps.methods(model).items():
        rows[name] = method
        rows |= {other: each for other, each in variants.items() if other.startswith(f"{name}, ")}
    return rows


NAMES = tuple(  # of all rows that a network can have, in the order of the table
    each
    for name in (*maps.WITH_WEIGHTS, *maps.ANY_NETWORK)
    for each in (name, *(v for v in WITH_WEIGHTS | ANY_NETWORK if v.startswith(f"{name}, ")))
)
