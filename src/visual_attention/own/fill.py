"""Can attention fill a hole in a photograph of your own?

Chapter: notebooks/applications/inpainting.ipynb
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.inpainting.peeling import PeelingAttention
from visual_attention.own import folder
from visual_attention.own.features import fitted
from visual_attention.own.frames import mask_of_box, read_mask

LONGER = 96  # pixels of the longer side: each pixel of the hole asks all others


@torch.inference_mode()
def fill(
    picture: Any, *, mask: Any = None, box: tuple[float, ...] | None = None, longer: int = LONGER
) -> tuple[Tensor, Tensor, Tensor]:
    """Fill a hole with what stands elsewhere in the picture.

    Args:
        picture: a path, or anything else that `pictures.opened` takes.
        mask: a picture of the same size, bright where something is to be filled.
        box: instead of it left, top, width and height in pixels of the picture.
        longer: pixels to which the longer side is brought.

    Shape:
        the picture as it was seen (3, h, w), the hole (h, w), bool, and the picture filled (3, h, w).

    Raises:
        ValueError: if neither or both of mask and box are given, or the hole leaves nothing to copy.
    """
    if (mask is None) == (box is None):
        raise ValueError("wanted either a mask or a box")
    whole = folder.read(picture)
    size = tuple(whole.shape[1:])
    hole = mask_of_box(box, *size) if mask is None else read_mask(mask, *size)
    small = fitted(whole, 1, longer)
    missing = F.interpolate(hole[None, None], small.shape[1:], mode="area")[0, 0] > 0
    filled = PeelingAttention()(small[None], missing[None, None])[0]
    return small, missing, filled.clamp(0, 1)
