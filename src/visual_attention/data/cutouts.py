"""Which real things can be cut out of what the course carries, and pasted elsewhere?

Handwritten digits, ancient coins, and the eyes of a cat, each as a square picture with a fourth channel that
says where the thing is. Digits, coins and eyes of the test do not occur in training.

Run: python -m visual_attention.data.cutouts
"""

import functools

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import digits, photographs

KINDS = ("digit", "coin", "eye")
SIDE = 32
INK = 0.35  # from here on a digit's pixel is ink

# The coins of the photograph "coins": top, left, bottom, right.
COINS = (
    (16, 305, 72, 365), (28, 132, 74, 179), (30, 192, 73, 240), (34, 255, 72, 297), (35, 22, 74, 67),
    (39, 81, 74, 120), (95, 245, 144, 296), (104, 25, 145, 67), (105, 186, 144, 226), (106, 317, 145, 356),
    (108, 84, 145, 122), (110, 134, 145, 173), (156, 315, 218, 380), (170, 189, 217, 237),
    (172, 251, 217, 297), (175, 80, 217, 124), (179, 26, 217, 63), (179, 135, 217, 174), (233, 18, 288, 75),
    (236, 144, 288, 201), (239, 276, 289, 326), (240, 220, 288, 269), (245, 93, 287, 136),
    (248, 336, 289, 382),
)  # fmt: skip
EYES = {"train": (83, 136, 148, 206), "test": (108, 294, 165, 342)}  # of the photograph "cat"


@functools.cache
def load(split: str) -> dict[str, Tensor]:
    """All pictures of each kind.

    Args:
        split: "train" or "test"; the two share no thing. Or "learning" or "validation", which divide what
            "train" has between them, but for the eye: the cat has two, so these share one.

    Shape:
        kind -> (N, 4, 32, 32), float32 in [0, 1]: red, green, blue, and how much the thing covers. The
        thing touches two opposite edges of its square at least.
    """
    if split not in digits.TUNING:
        digits.check_split(split)
    ink, _ = digits.tight(split, SIDE)  # (N, 1, 32, 32)
    cover = (ink / INK).clamp(max=1)
    boxes = [box for place, box in enumerate(COINS) if (place % 3 == 0) == (split == "test")]
    if split in digits.TUNING:
        boxes = boxes[::4] if split == "validation" else [b for k, b in enumerate(boxes) if k % 4]
    coins = torch.stack([_ellipse(photographs.load("coins"), box) for box in boxes])
    eyes = _ellipse(photographs.load("cat"), EYES["test" if split == "test" else "train"])[None]
    return {"digit": torch.cat([ink.expand(-1, 3, -1, -1), cover], dim=1), "coin": coins, "eye": eyes}


def paste(stamps: Tensor, spans: Tensor, *, canvas: int) -> Tensor:
    """Each stamp stretched over its place of an empty canvas, averaged over each pixel.

    Args:
        stamps: Pictures with a channel of cover.
        spans: Centre x, centre y, width, height of each stamp in pixels of the canvas.
        canvas: The canvas's side in pixels.

    Shape:
        (B, O, 4, s, s), (B, O, 4) -> (B, O, 4, S, S): colours multiplied by the cover, then the cover.
    """
    x, y, width, height = spans.unbind(-1)  # each (B, O)
    across = _shares(x - width / 2, width, stamps.shape[-1], canvas)  # (B, O, S, s)
    down = _shares(y - height / 2, height, stamps.shape[-2], canvas)
    stamps = torch.cat([stamps[:, :, :3] * stamps[:, :, 3:], stamps[:, :, 3:]], dim=2)
    return down[:, :, None] @ stamps @ across[:, :, None].mT  # (S, s) @ (s, s) @ (s, S) for each channel


def _shares(start: Tensor, length: Tensor, cells: int, canvas: int) -> Tensor:
    """How much of each pixel of a line lies in each cell of a stamp: (B, O) twice -> (B, O, S, cells)."""
    pixel = torch.arange(canvas)[:, None]
    step = length[..., None, None] / cells
    begin = start[..., None, None] + step * torch.arange(cells)
    return (torch.minimum(begin + step, pixel + 1) - torch.maximum(begin, pixel)).clamp(min=0)


def _ellipse(photograph: Tensor, box: tuple[int, int, int, int]) -> Tensor:
    """The ellipse in a box, (4, 32, 32), the longer side filled."""
    top, left, bottom, right = box
    cut = photograph[:, top:bottom, left:right]
    height, width = cut.shape[1:]
    scale = SIDE / max(height, width)
    size = [max(1, round(scale * height)), max(1, round(scale * width))]
    cut = F.interpolate(cut[None], size, mode="bilinear", antialias=True, align_corners=False)[0].clamp(0, 1)
    rows = (torch.arange(size[0]) + 0.5) / size[0] * 2 - 1
    columns = (torch.arange(size[1]) + 0.5) / size[1] * 2 - 1
    cover = (rows[:, None] ** 2 + columns**2 <= 1).float()
    above, before = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    edges = (before, SIDE - size[1] - before, above, SIDE - size[0] - above)
    return F.pad(torch.cat([cut, cover[None]]), edges)


def main() -> None:
    for split in digits.SPLITS + digits.TUNING:
        print(split, {kind: len(pictures) for kind, pictures in load(split).items()})


if __name__ == "__main__":
    main()
