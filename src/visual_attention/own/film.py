"""How does what was followed go out: a film, a page, masks and numbers."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from visual_attention.own.follow import GONE, Followed
from visual_attention.own.page import page
from visual_attention.view.player import FramePlayer

COLOUR = np.array([1.0, 0.45, 0.1])
MOST = 60  # frames of a page
MILLISECONDS = 120


def marked(frame: Tensor, mask: Tensor) -> np.ndarray:
    """A frame with the mask over it in orange, and a white outline, (3, H, W)."""
    covered = mask.numpy()
    inner = covered.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(covered, step, axis)
    edge = covered & ~inner
    share = 0.45 * covered[None].astype(np.float32)
    shown = frame.numpy() * (1 - share) + COLOUR[:, None, None] * share
    return np.where(edge[None], 1.0, shown)


def film(result: Followed, file: Path) -> Path:
    """Write an animated picture (WebP, GIF or PNG by the ending) with the mask in each frame."""
    parts = [
        Image.fromarray((one.transpose(1, 2, 0) * 255).round().astype(np.uint8)) for one in shown(result)
    ]
    parts[0].save(file, save_all=True, append_images=parts[1:], duration=MILLISECONDS, loop=0)
    return file


def masks(result: Followed, folder: Path) -> Path:
    """Write each frame's mask as a picture of the size that the frames came in."""
    folder.mkdir(exist_ok=True)
    for index, one in enumerate(result.masks(result.frames.height, result.frames.width)):
        Image.fromarray(one.numpy().astype(np.uint8) * 255).save(folder / f"{index + 1:04}.png")
    return folder


def shown(result: Followed) -> list[np.ndarray]:
    """Each frame with its mask."""
    small = result.frames.small
    return [marked(frame, mask) for frame, mask in zip(small, result.masks(*small.shape[-2:]), strict=True)]


def player(result: Followed, name: str, *, most: int = MOST) -> FramePlayer:
    """A player of the film for a page, of at most so many frames, evenly chosen."""
    count = len(result.present)
    chosen = sorted({round(i * (count - 1) / max(1, min(most, count) - 1)) for i in range(min(most, count))})
    every = shown(result)
    texts = [told(result, index) for index in chosen]
    return FramePlayer(
        [every[i] for i in chosen], texts, label=f"The mask in {name}", step="Frame", interval=200
    )


def told(result: Followed, index: int) -> str:
    """What is said of a frame."""
    area = 100 * areas(result)[index]
    sure = result.present[index].item()
    there = "the target is there" if sure >= GONE else "the target is not to be found"
    return f"Frame {index + 1}: {there} (score {sure:.2f}); the mask covers {area:.1f} % of the picture."


def areas(result: Followed) -> list[float]:
    """The share of each frame that the mask covers."""
    return result.masks(*result.frames.small.shape[-2:]).float().mean(dim=(1, 2)).tolist()


def numbers(result: Followed) -> str:
    """Area of the mask and score in each frame, as JSON."""
    lines = [
        {"frame": index + 1, "area": round(area, 5), "present": round(sure, 4), "gone": sure < GONE}
        for index, (area, sure) in enumerate(zip(areas(result), result.present.tolist(), strict=True))
    ]
    return json.dumps(lines, indent=1) + "\n"


def followed(result: Followed, name: str) -> str:
    """The whole page on one film."""
    gone = ", ".join(map(str, result.gone()))
    said = f"It is not to be found in the frames {gone}." if gone else "It is found in every frame."
    told = (
        "<p>The mask of the first frame, carried on by attention between features of patches; nothing was "
        f"trained on this film. {said}</p><p>The score says how many patches of the target find back to it "
        "from one frame to the next: 1 if all do, 0 if none does or the mask is empty. A mask that slides "
        "slowly onto something else keeps its score, so look at the film.</p>"
    )
    return page(f"Followed: {name}", told + player(result, name).page())
