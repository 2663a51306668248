"""Where do the heads of a pretrained transformer look in a photograph of your own? One page, offline.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

from html import escape
from typing import Any

import torch
from torch import Tensor

from visual_attention.mechanisms import pretrained
from visual_attention.mechanisms.vision_transformer import VisionTransformer
from visual_attention.own import folder
from visual_attention.own.features import fitted
from visual_attention.own.page import page
from visual_attention.view.explorer import AttentionExplorer

LONGER = 196  # pixels of the longer side, 14 patches: all layers fit into a page of some megabytes


@torch.inference_mode()
def explorer(
    picture: Any, model: VisionTransformer, *, longer: int = LONGER, name: str = ""
) -> AttentionExplorer:
    """The attention of all layers and heads on a photograph, as a widget.

    Args:
        picture: a path, or anything else that `pictures.opened` takes, of any size.
        model: a pretrained transformer.
        longer: pixels to which the longer side is brought.
        name: what the picture is called.

    Raises:
        ValueError: if it is no picture.
    """
    small = fitted(folder.read(picture, enough=longer), model.patch_embed.patch_size, longer)
    prepared = pretrained.prepare(small).to(next(model.parameters()).device)
    weights = without_registers(torch.cat(model.weights(prepared)).cpu(), model.registers)
    grid = model.patch_embed.grid(prepared)
    return AttentionExplorer(small, weights, grid=grid, label=f"Where does each patch look? {name}".strip())


def without_registers(weights: Tensor, registers: int) -> Tensor:
    """(L, h, 1 + R + N, 1 + R + N) -> (L, h, 1 + N, 1 + N), rows that sum to 1 among what is left."""
    seen = [0, *range(1 + registers, weights.shape[-1])]
    left = weights[..., seen, :][..., seen]
    return left / left.sum(dim=-1, keepdim=True)


def looked(picture: Any, model: VisionTransformer, *, name: str, longer: int = LONGER) -> str:
    """The whole page on one picture."""
    shown = explorer(picture, model, longer=longer, name=name)
    layers, heads, _ = shown.shape
    told = (
        f"<p>{escape(name)} in {shown.grid[1]} x {shown.grid[0]} patches; {layers} layers of {heads} heads. "
        "Ask a patch, or the class token; choose a layer and a head. Bright: where weight went, not why.</p>"
    )
    return page(f"Where attention looks: {name}", told + shown.page())
