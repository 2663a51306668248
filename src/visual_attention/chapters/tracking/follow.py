"""How is a tracker trained on pairs of frames, and how does it follow a film?

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.follow
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention import pictures
from visual_attention.boxes import require_boxes
from visual_attention.chapters.tracking import tracks
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.chapters.tracking.trackers import PARTS, STRIDE, TEMPLATE, Found, Tracker
from visual_attention.training import fit

SEARCH = 48  # pixels of the search region's side
TARGETS = 4  # sprites of a film that are followed, one at a time
CHUNK = 32


class Pairs(NamedTuple):
    """Search regions (B, 3, 48, 48) and templates (B, K, 3, 24, 24) as uint8: K things are looked for in each
    region. Boxes (B, K, 4) in pixels of the search region, as (centre x, centre y, width, height); whether
    each is there (B, K); and whether it is asked for at all (B, K), which those at the very edge are not."""

    searches: Tensor
    templates: Tensor
    boxes: Tensor
    present: Tensor
    asked: Tensor


class Path(NamedTuple):
    """What a tracker says of each frame: boxes (B, T, 4) in shares of the frame, the chance that the target
    is there (B, T), and the upper left corners of the search regions (B, T, 2) in pixels."""

    boxes: Tensor
    presence: Tensor
    corners: Tensor


def template_of(frames: Tensor, boxes: Tensor) -> Tensor:
    """The target and half its size around it, brought to 24 x 24 pixels.

    Args:
        frames: Images.
        boxes: Of the target, in shares of the image.

    Shape:
        (B, 3, H, W), (B, 4) -> (B, 3, 24, 24)
    """
    theta = frames.new_zeros(len(frames), 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = 1.5 * boxes[:, 2], 1.5 * boxes[:, 3]
    theta[:, :, 2] = 2 * boxes[:, :2] - 1
    grid = F.affine_grid(theta, [len(frames), 3, TEMPLATE, TEMPLATE], align_corners=False)
    return F.grid_sample(frames, grid, align_corners=False, padding_mode="border")


def regions(frames: Tensor, corners: Tensor) -> Tensor:
    """Search regions with their upper left corner at whole pixels: (B, 3, H, W), (B, 2) -> (B, 3, 48, 48)."""
    cut = [f[:, y : y + SEARCH, x : x + SEARCH] for f, (x, y) in zip(frames, corners.tolist(), strict=True)]
    return torch.stack(cut)


def corners_around(centres: Tensor, frame: tuple[int, int]) -> Tensor:
    """Corners of search regions around centres in pixels, kept within a frame of (height, width).

    Shape:
        (B, 2), x then y -> (B, 2), int64.

    Raises:
        ValueError: if a search region does not fit into the frame.
    """
    height, width = frame
    if min(height, width) < SEARCH:
        raise ValueError(f"wanted frames of at least {SEARCH} x {SEARCH} pixels, got {height} x {width}")
    corners = (centres - SEARCH / 2).round()
    return corners.clamp(corners.new_zeros(2), corners.new_tensor([width, height]) - SEARCH).long()


def training_pairs(count: int, *, seed: int, targets: int = TARGETS, betrayed: bool = False) -> Pairs:
    """Pairs for training; the search region may lie anywhere around the target.

    Each sprite may play the target: where it is not in the search region, the answer is "nowhere".

    Args:
        count: B, search regions.
        seed: of everything that is random here.
        targets: K, sprites that are looked for in each region.
        betrayed: as in `tracks.Disturbance`.
    """
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for start in range(0, count, CHUNK):
        drawn = tracks.pairs(min(CHUNK, count - start), split="train", betrayed=betrayed, generator=generator)
        centres = FRAME * drawn.boxes[:, 1, 0, :2]
        away = (torch.rand(len(centres), 2, generator=generator) - 0.5) * (SEARCH - 8)
        corners = corners_around(centres + away, (FRAME, FRAME))
        boxes = FRAME * drawn.boxes[:, 1, :targets]
        boxes[..., :2] -= corners[:, None]
        inside = ((boxes[..., :2] > 2) & (boxes[..., :2] < SEARCH - 2)).all(dim=2)
        outside = ((boxes[..., :2] - SEARCH / 2).abs() > (SEARCH + boxes[..., 2:]) / 2).any(dim=2)
        present = drawn.present[:, 1, :targets]
        first = [template_of(drawn.frames[:, 0], drawn.boxes[:, 0, k]) for k in range(targets)]
        parts.append(
            Pairs(
                _bytes(regions(drawn.frames[:, 1], corners)),
                _bytes(torch.stack(first, dim=1)),
                boxes,
                present & inside,
                drawn.present[:, 0, :targets] & (inside | outside | ~present),
            )
        )
    return Pairs(*(torch.cat(column) for column in zip(*parts, strict=True)))


def loss(model: Tracker, batch: Pairs) -> Tensor:
    """How unlikely the centres next to the true one are, or "nowhere", and how far off the box there is.

    Raises:
        ValueError: if nothing is asked for, so that there is nothing to take a mean of.
    """
    owner, which = torch.nonzero(batch.asked, as_tuple=True)
    if not len(owner):
        raise ValueError(f"wanted at least one thing that is asked for, got none in {len(batch.asked)} pairs")
    templates, searches = batch.templates[owner, which].float() / 255, batch.searches.float() / 255
    wanted, present = batch.boxes[owner, which], batch.present[owner, which]
    rows, columns = (side // STRIDE + 1 for side in searches.shape[2:])
    row = (wanted[:, 1] / STRIDE).round().long().clamp(0, rows - 1)
    column = (wanted[:, 0] / STRIDE).round().long().clamp(0, columns - 1)
    scores, boxes = model.trained_on(templates, searches, row * columns + column, owner)
    near = (torch.arange(rows, device=row.device) - row[:, None]).abs()[:, :, None] <= 1
    beside = (torch.arange(columns, device=row.device) - column[:, None]).abs()[:, None] <= 1
    near = near & beside & present[:, None, None]
    right = torch.cat([near.flatten(1), ~present[:, None]], dim=1)  # (n, places + 1)
    chance = scores.log_softmax(dim=1).masked_fill(~right, -torch.inf).logsumexp(dim=1)
    off = (boxes[:, :2] - wanted[:, :2]).abs().sum(dim=1) / 4
    off = off + (boxes[:, 2:].log() - wanted[:, 2:].clamp(min=1).log()).abs().sum(dim=1)
    return (off.masked_fill(~present, 0) - chance).mean()


def train(
    model: Tracker, pool: Pairs, *, seed: int, steps: int, batch: int, lr: float, progress: bool = False
) -> list[float]:
    """Train on a pool of pairs; the seed fixes their order."""
    generator = torch.Generator().manual_seed(seed)

    def draw(step: int) -> Pairs:
        chosen = torch.randint(len(pool.searches), (batch,), generator=generator)
        return Pairs(*(part[chosen] for part in pool))

    return fit(model, draw, loss, steps=steps, lr=lr, progress=progress)


@torch.no_grad()
def follow(model: Tracker, films: Tracks, *, target: int = 0, threshold: float = 0.5) -> Path:
    """Follow one sprite of each film from its true box in the first frame.

    The search region of a frame lies around the last box that was found with a chance of at least
    `threshold`. It has 48 x 48 pixels whatever the frame's size is, and the target should fill about 16 x 16
    of them, as in training: make other frames larger or smaller first.

    Args:
        model: in evaluation mode.
        films: B films of T frames of any size from 48 x 48 on, in [0, 1] or uint8.
        target: which of the sprites is followed.
        threshold: chance from which a box moves the search region.

    Raises:
        ValueError: if there is no film, a frame is too small or not in [0, 1], or the target is not there in
            the first frame or is too large or too small for the trackers.
    """
    _require_target(films, target)
    frames = _floats(films.frames)
    height, width = frames.shape[-2:]
    scale = films.boxes.new_tensor([width, height, width, height])
    templates = template_of(frames[:, 0], films.boxes[:, 0, target])
    box = films.boxes[:, 0, target]
    centre = (scale * box)[:, :2]
    path = [(box, box.new_ones(len(box)), corners_around(centre, (height, width)))]
    for frame in frames.unbind(1)[1:]:
        corners = corners_around(centre, (height, width))
        found: Found = model(templates, regions(frame, corners))
        centres = found.boxes[:, :2] + corners
        box = torch.cat([centres, found.boxes[:, 2:]], dim=1) / scale
        centre = torch.where((found.presence >= threshold)[:, None], centres, centre)
        path.append((box, found.presence, corners))
    return Path(*(torch.stack(column, dim=1) for column in zip(*path, strict=True)))


def after_the_first(model: Tracker, films: Tracks) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes that were found and true ones (B, T - 1, 4), and where the target is there (B, T - 1)."""
    targets = range(min(TARGETS, films.boxes.shape[2]))
    found = torch.cat([follow(model, films, target=k).boxes[:, 1:] for k in targets])
    return found, *(torch.cat([part[:, 1:, k] for k in targets]) for part in (films.boxes, films.present))


def _require_target(films: Tracks, target: int) -> None:
    frames, boxes = films.frames, films.boxes
    if frames.ndim != 5 or frames.shape[2] != 3 or boxes.ndim != 4 or boxes.shape[:2] != frames.shape[:2]:
        raise ValueError(
            "wanted frames (B, T, 3, H, W) and boxes (B, T, O, 4), "
            f"got {tuple(frames.shape)}, {tuple(boxes.shape)}"
        )
    if not frames.numel() or not 0 <= target < boxes.shape[2]:
        raise ValueError(
            f"wanted at least one film and one frame, and a target from 0 to {boxes.shape[2] - 1}, "
            f"got frames {tuple(frames.shape)} and target {target}"
        )
    require_boxes(boxes[:, 0, target], "boxes of the target in the first frame")
    height, width = frames.shape[-2:]
    sides = boxes[:, 0, target, 2:] * boxes.new_tensor([width, height])
    low, high = (PARTS * STRIDE * math.exp(sign) for sign in (-1, 1))
    if sides.min() < low or sides.max() > high:
        raise ValueError(
            f"wanted a target of {low:.0f} to {high:.0f} pixels a side in the first frame, "
            f"got {sides.min():.3g} to {sides.max():.3g}: make the frames larger or smaller first"
        )


def _floats(frames: Tensor) -> Tensor:
    """Frames from 0 to 1: floats as they are, bytes divided by what white is."""
    checked = pictures.unit(frames, "frames")
    return frames if frames.is_floating_point() else torch.from_numpy(checked).to(frames.device)


def _bytes(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8)


def main(steps: int = 20) -> None:
    """Train a small tracker for a moment and follow four films."""
    from visual_attention.boxes import iou
    from visual_attention.chapters.tracking.trackers import AttentionTracker
    from visual_attention.training import seeded

    with seeded(0):
        model = AttentionTracker(width=16, dim=16)
    train(model, training_pairs(32, seed=0), seed=0, steps=steps, batch=16, lr=5e-3)
    films = tracks.sequences(4, split="test", frames=4, generator=torch.Generator().manual_seed(0))
    path = follow(model, films)
    overlap = iou(path.boxes, films.boxes[:, :, 0]).mean(dim=0)
    print("mean overlap in each frame:", *(f"{value:.2f}" for value in overlap))


if __name__ == "__main__":
    main()
