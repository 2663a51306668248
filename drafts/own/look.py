"""Where do the heads of a pretrained transformer look in a photograph of your own? One page, offline.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

from html import escape
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.mechanisms import pretrained
from visual_attention.mechanisms.vision_transformer import VisionTransformer
from visual_attention.own import folder, report
from visual_attention.view.explorer import AttentionExplorer

LONGER = 196  # pixels of the longer side, 14 patches: all layers fit into a page of some megabytes


def fitted(image: Tensor, patch: int, longer: int = LONGER) -> Tensor:
    """A picture, whole, brought to about `longer` pixels on its longer side; both sides are whole patches."""
    height, width = image.shape[1:]
    scale = longer / max(height, width)
    rows, columns = (max(1, round(side * scale / patch)) for side in (height, width))
    size = (rows * patch, columns * patch)
    return F.interpolate(image[None], size, mode="bilinear", antialias=True, align_corners=False)[0].clamp(
        0, 1
    )


@torch.inference_mode()
def explorer(
    image: Tensor, model: VisionTransformer, *, longer: int = LONGER, name: str = ""
) -> AttentionExplorer:
    """The attention of all layers and heads on a photograph, as a widget.

    Args:
        image: (3, H, W) in [0, 1], of any size.
        model: a pretrained transformer.
        longer: pixels to which the longer side is brought.
        name: what the picture is called.
    """
    small = fitted(image, model.patch_embed.proj.kernel_size[0], longer)
    prepared = pretrained.prepare(small).to(next(model.parameters()).device)
    weights = torch.cat(model.weights(prepared)).cpu()  # (L, h, 1 + N, 1 + N)
    grid = model.patch_embed.grid(prepared)
    return AttentionExplorer(small, weights, grid=grid, label=f"Where does each patch look? {name}".strip())


def page(path: Path, model: VisionTransformer, *, longer: int = LONGER) -> str:
    """The whole page on one picture."""
    image = folder.read(path)
    shown = explorer(image, model, longer=longer, name=path.name)
    layers, heads, _ = shown.shape
    told = (
        f"<p>{escape(path.name)}, {image.shape[2]} x {image.shape[1]} pixels, brought to {shown.grid[1]} x "
        f"{shown.grid[0]} patches. {layers} layers of {heads} heads. Ask a patch, or the class token; choose "
        "a layer and a head. Brightness shows where weight went, not why.</p>"
    )
    return report.page(f"Where attention looks: {path.name}", told + shown.page())
