"""How is a tracker trained on pairs of frames, and how does it follow a film?

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.follow
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.tracking import tracks
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.chapters.tracking.trackers import STRIDE, TEMPLATE, Found, Tracker
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
    theta = torch.zeros(len(frames), 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = 1.5 * boxes[:, 2], 1.5 * boxes[:, 3]
    theta[:, :, 2] = 2 * boxes[:, :2] - 1
    grid = F.affine_grid(theta, [len(frames), 3, TEMPLATE, TEMPLATE], align_corners=False)
    return F.grid_sample(frames, grid, align_corners=False, padding_mode="border")


def regions(frames: Tensor, corners: Tensor) -> Tensor:
    """Search regions with their upper left corner at whole pixels: (B, 3, H, W), (B, 2) -> (B, 3, 48, 48)."""
    cut = [f[:, y : y + SEARCH, x : x + SEARCH] for f, (x, y) in zip(frames, corners.tolist(), strict=True)]
    return torch.stack(cut)


def corners_around(centres: Tensor) -> Tensor:
    """Corners of search regions around centres in pixels, kept within the frame: (B, 2) -> (B, 2), int64."""
    return (centres - SEARCH / 2).round().clamp(0, FRAME - SEARCH).long()


def training_pairs(count: int, *, seed: int, targets: int = TARGETS, betrayed: bool = False) -> Pairs:
    """Pairs for training; the target may lie anywhere in its search region.

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
        corners = corners_around(centres + away)
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
    """How unlikely the centres next to the true one are, or "nowhere", and how far off the box there is."""
    owner, which = torch.nonzero(batch.asked, as_tuple=True)
    templates, searches = batch.templates[owner, which].float() / 255, batch.searches.float() / 255
    wanted, present = batch.boxes[owner, which], batch.present[owner, which]
    rows, columns = (side // STRIDE + 1 for side in searches.shape[2:])
    row = (wanted[:, 1] / STRIDE).round().long().clamp(0, rows - 1)
    column = (wanted[:, 0] / STRIDE).round().long().clamp(0, columns - 1)
    scores, boxes = model.trained_on(templates, searches, row * columns + column, owner)
    near = (torch.arange(rows) - row[:, None]).abs()[:, :, None] <= 1
    near = near & ((torch.arange(columns) - column[:, None]).abs()[:, None] <= 1) & present[:, None, None]
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
    `threshold`.

    Args:
        model: in evaluation mode.
        films: B films of T frames.
        target: which of the sprites is followed.
        threshold: chance from which a box moves the search region.
    """
    templates = template_of(films.frames[:, 0], films.boxes[:, 0, target])
    box = films.boxes[:, 0, target]
    centre = FRAME * box[:, :2]
    path = [(box, torch.ones(len(box)), corners_around(centre))]
    for frame in films.frames.unbind(1)[1:]:
        corners = corners_around(centre)
        found: Found = model(templates, regions(frame, corners))
        centres = found.boxes[:, :2] + corners
        box = torch.cat([centres, found.boxes[:, 2:]], dim=1) / FRAME
        centre = torch.where((found.presence >= threshold)[:, None], centres, centre)
        path.append((box, found.presence, corners))
    return Path(*(torch.stack(column, dim=1) for column in zip(*path, strict=True)))


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
