"""Where does the thing of the first frame go? A mask, carried by attention of frozen features, with no
training.

Chapter: notebooks/applications/tracking.ipynb
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageSequence
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from visual_attention.mechanisms import pretrained
from visual_attention.mechanisms.label_propagation import LabelPropagation, remaining
from visual_attention.mechanisms.vision_transformer import VisionTransformer
from visual_attention.own import folder
from visual_attention.own.look import fitted
from visual_attention.view.player import FramePlayer

LONGER = 448  # pixels of the longer side: 32 patches of 14
KNOWN = 3  # frames remembered at the start, and at the end
GONE = 0.25  # below this the target is said to be gone
EDGE = np.array([1.0, 0.45, 0.1])


@dataclass(frozen=True)
class Followed:
    """A mask in every frame.

    Args:
        masks: (T, H, W), the share of the target in each pixel of the frames that were looked at, from 0 to
        1. frames: (T, 3, H, W) in [0, 1], these frames.
        present: (T,), how sure it is that the target is there, from 0 to 1.
    """

    masks: Tensor
    frames: Tensor
    present: Tensor

    def gone(self) -> list[int]:
        """The frames in which the target is not to be found, counted from 1."""
        return [index + 1 for index, sure in enumerate(self.present.tolist()) if sure < GONE]


def read_frames(path: str | Path, *, most: int = 500) -> list[Tensor]:
    """The frames of a folder in alphabetical order, or of an animated picture: each (3, H, W) in [0, 1].

    Raises:
        ValueError: for fewer than two frames, more than `most`, or frames of unlike sizes.
    """
    path = Path(path)
    if path.is_dir():
        found, _ = folder.pictures([path])
        frames = [folder.read(item) for item in found[: most + 1]]
    elif path.is_file():
        try:
            with Image.open(path) as film:
                frames = [picture_tensor(part) for part in islice(ImageSequence.Iterator(film), most + 1)]
        except (OSError, SyntaxError, ValueError) as error:
            raise ValueError(f"{path.name}: wanted frames, got {folder.reason(error)}") from error
    else:
        raise ValueError(
            f"wanted a folder of frames or an animated picture, got {path}, where there is nothing"
        )
    if not 2 <= len(frames) <= most:
        raise ValueError(f"{path.name}: wanted 2 to {most} frames, got {len(frames)}")
    sizes = sorted({tuple(frame.shape[1:]) for frame in frames})
    if len(sizes) > 1:
        raise ValueError(f"{path.name}: wanted frames of one size, got {sizes}")
    return frames


def picture_tensor(picture: Image.Image) -> Tensor:
    """(3, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(picture.convert("RGB"), dtype=np.float32)).permute(2, 0, 1) / 255


def mask_of_box(box: Sequence[float], height: int, width: int) -> Tensor:
    """A box (left, top, width, height) in pixels as a mask (H, W).

    Raises:
        ValueError: if no part of it lies in the picture.
    """
    left, top, across, down = (round(number) for number in box)
    mask = torch.zeros(height, width)
    mask[max(top, 0) : max(top + down, 0), max(left, 0) : max(left + across, 0)] = 1
    if not mask.any():
        raise ValueError(f"box: wanted one inside {width} x {height} pixels, got {tuple(box)}")
    return mask


def read_mask(path: str | Path, height: int, width: int) -> Tensor:
    """A picture in which the target is bright, (H, W) of zeros and ones.

    Raises:
        ValueError: if it has another size than the frames, or nothing in it is bright.
    """
    mask = (folder.read(path).mean(dim=0) > 0.5).float()
    if mask.shape != (height, width):
        got = f"{mask.shape[1]} x {mask.shape[0]}"
        raise ValueError(f"{Path(path).name}: wanted a mask of {width} x {height} pixels, got {got}")
    if not mask.any():
        raise ValueError(f"{Path(path).name}: wanted bright pixels where the target is, got none")
    return mask


@torch.inference_mode()
def follow(
    frames: Sequence[Tensor],
    mask: Tensor,
    model: VisionTransformer,
    *,
    longer: int = LONGER,
    progress: bool = True,
    told: Callable[[str], None] = lambda text: None,
) -> Followed:
    """Carry a mask through all frames.

    Args:
        frames: T of them, each (3, H, W) in [0, 1], all of one size.
        mask: (H, W), 1 where the target is in the first frame.
        model: a pretrained transformer.
        longer: pixels to which the longer side is brought.
        progress: whether to show a bar.
        told: gets a sentence before the long part.
    """
    device = next(model.parameters()).device
    patch = model.patch_embed.proj.kernel_size[0]
    small = torch.stack([fitted(frame, patch, longer) for frame in frames])
    rows, columns = (side // patch for side in small.shape[-2:])
    labels = F.interpolate(mask[None, None], (rows, columns), mode="area").flatten()[:, None]  # (N, 1)
    if not (labels > 0.5).any():
        labels = (labels >= labels.max()).to(labels)  # a target smaller than a patch keeps its best one
    propagate, features, kept = LabelPropagation(), [], [labels.to(device)]
    for index, frame in enumerate(tqdm(small, desc="frames", unit="frame", disable=not progress)):
        features.append(model(pretrained.prepare(frame).to(device))[0, 1:])  # (N, D)
        if index == 0:
            told(f"{len(small)} frames of {columns} x {rows} patches")
            continue
        known = sorted({*range(min(KNOWN, index)), *range(max(0, index - KNOWN), index)})
        memory = torch.stack([features[i] for i in known])[None]  # (1, F, N, D)
        carried = torch.stack([kept[i] for i in known])[None]
        kept.append(propagate(features[-1][None], memory, carried)[0])
    target = kept[0][:, 0] > 0.5
    present = torch.stack([remaining(target, features[0], one) for one in features])
    shares = torch.stack(kept)[..., 0].view(-1, 1, rows, columns).cpu()
    masks = F.interpolate(shares, small.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    return Followed(masks.clamp(0, 1), small, present.cpu())


def marked(frame: Tensor, mask: Tensor) -> np.ndarray:
    """A frame with the mask over it in orange, (3, H, W)."""
    share = 0.6 * (mask > 0.5).float().numpy()[None]
    return frame.numpy() * (1 - share) + EDGE[:, None, None] * share


def film(result: Followed, file: Path, *, milliseconds: int = 120) -> Path:
    """Write an animated picture (WebP, GIF or PNG by the ending) with the mask in each frame."""
    shown = [marked(frame, mask) for frame, mask in zip(result.frames, result.masks, strict=True)]
    parts = [Image.fromarray((one.transpose(1, 2, 0) * 255).round().astype(np.uint8)) for one in shown]
    parts[0].save(file, save_all=True, append_images=parts[1:], duration=milliseconds, loop=0)
    return file


def player(result: Followed, name: str, *, most: int = 60) -> FramePlayer:
    """A player of the film for a page, of at most so many frames, evenly chosen."""
    count = len(result.frames)
    chosen = sorted({round(i * (count - 1) / max(1, min(most, count) - 1)) for i in range(min(most, count))})
    texts = [told(result, index) for index in chosen]
    pictures = [marked(result.frames[index], result.masks[index]) for index in chosen]
    return FramePlayer(pictures, texts, label=f"The mask in {name}", step="Frame")


def told(result: Followed, index: int) -> str:
    """What is said of a frame."""
    area = 100 * (result.masks[index] > 0.5).float().mean().item()
    sure = result.present[index].item()
    there = "the target is there" if sure >= GONE else "the target is not to be found"
    return f"Frame {index + 1}: {there} (certainty {sure:.2f}); the mask covers {area:.1f} % of the picture."


def numbers(result: Followed) -> str:
    """Area of the mask and certainty in each frame, as JSON."""
    areas = (result.masks > 0.5).float().mean(dim=(1, 2)).tolist()
    lines = [
        {"frame": index + 1, "area": round(area, 5), "present": round(sure, 4)}
        for index, (area, sure) in enumerate(zip(areas, result.present.tolist(), strict=True))
    ]
    return json.dumps(lines, indent=1)
