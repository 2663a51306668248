"""Does attention of frozen features follow this chapter's own films, with no training?

The same films under every disturbance, the same box in the first frame. Masks are carried by the attention of
a pretrained transformer's patches, anywhere in a frame or only near by, or by the mean colours of the same
patches; beside them the chapter's two small trackers, which were trained on such films, and a box that stays.
Written down before the run: the score is the mean overlap of the boxes (the area under success), a film at a
time, and two ways differ where the interval of the paired difference over the films leaves 0 out. Added when
that had been seen: a mask can hold only what is in sight, and the true box holds what is covered, too. So
there is a perfect mask of what is in sight among the ways, and a second score, how often the centre is near;
and correlation of the very same features, so that attention and correlation meet on equal terms.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.carried
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.boxes import iou
from visual_attention.chapters.tracking import rabbit, trained
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.follow import follow
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.chapters.tracking.tracks import Disturbance, sequences
from visual_attention.experiments import lines
from visual_attention.experiments.verdict import Interval, paired
from visual_attention.mechanisms.pretrained import fetch, load, prepare

RECORD = Path(__file__).parent / "records" / "carried.jsonl"
FILMS, FRAMES = 24, 8
GRID, REACH = (16, 16), 3  # patches; a fifth of the frame, as on the real film
SIDE = 14 * GRID[0]  # pixels to which a frame is brought for the transformer
CONDITIONS = {
    "clean": Disturbance(),
    "turned by 90 degrees": Disturbance(rotation=90),
    "bent by 0.4": Disturbance(bend=0.4),
    "half covered": Disturbance(occlusion=0.5),
    "grown or shrunk by half an octave": Disturbance(scale=0.5),
}
WAYS = (
    "pretrained features, near",
    "pretrained features, anywhere",
    "pretrained features, correlated",
    "mean colours, near",
    "mean colours, anywhere",
    "mean colours, correlated",
    "cross-correlation, trained",
    "cross-attention, trained",
    "the first box",
    "a perfect mask of what is in sight",
)
NEAR = 6  # pixels within which a centre is near, three eighths of the target


def film(seed: int, condition: str) -> Tracks:
    """One film; the same seed gives the same things on the same paths under every condition."""
    generator = torch.Generator().manual_seed(20_000 + seed)
    return sequences(1, split="test", frames=FRAMES, disturbance=CONDITIONS[condition], generator=generator)


def boxes_of(film: Tracks, features: Tensor, reach: int | None) -> Tensor:
    """The boxes (T, 4) around a mask that is carried from the disc in the first frame's box.

    Where nothing is left of the mask, the box before it stays.
    """
    first = disc(film.boxes[0, 0, 0])
    found = rabbit.masks(rabbit.carry(features, first, reach=reach, grid=GRID), (FRAME, FRAME))
    boxes = [film.boxes[0, 0, 0]]
    for mask in found[1:]:
        boxes.append(around(mask) if mask.any() else boxes[-1])
    return torch.stack(boxes)


def disc(box: Tensor) -> Tensor:
    """The ellipse that a box (4,) holds, (64, 64), bool: the things of these films are discs."""
    middles = (torch.arange(FRAME) + 0.5) / FRAME
    x, y = 2 * (middles - box[0]) / box[2], 2 * (middles - box[1]) / box[3]
    return x**2 + y[:, None] ** 2 <= 1


def around(mask: Tensor) -> Tensor:
    """The box around a mask (H, W) that is not empty, (4,) as centre, width and height in shares."""
    low, high = [], []
    for axis, side in ((0, mask.shape[1]), (1, mask.shape[0])):
        there = mask.any(axis).nonzero()
        low.append(there.min() / side)
        high.append((there.max() + 1) / side)
    (left, top), (right, bottom) = low, high
    return torch.stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top])


def ways(film: Tracks, look: Callable[[Tensor], Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Each way's name and its boxes (T, 4).

    Args:
        film: one of them.
        look: gives the features (T, 256, D) of frames (T, 3, 224, 224).
    """
    large = F.interpolate(film.frames[0].float(), (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)
    for name, features in (
        ("pretrained features", look(large)),
        ("mean colours", rabbit.mean_colours(large, GRID)),
    ):
        yield f"{name}, near", boxes_of(film, features, REACH)
        yield f"{name}, anywhere", boxes_of(film, features, None)
        yield f"{name}, correlated", correlated(film, features)
    for kind in ("correlation", "attention"):
        yield f"cross-{kind}, trained", follow(trained.load(kind), film).boxes[0]
    yield "the first box", film.boxes[0, :1, 0].expand(FRAMES, 4)
    yield "a perfect mask of what is in sight", in_sight(film)


def correlated(film: Tracks, features: Tensor) -> Tensor:
    """The boxes (T, 4) of a rigid template: the target's patches in the first frame, slid over those near by.

    A place's score is the sum of the cosines of patches that lie over each other, each weighed by its share
    of the target; the template moves by whole patches, at most `REACH` from where it was, and stays as it is.

    Args:
        film: one of them.
        features: (T, N, D) of its frames.
    """
    rows, columns = GRID
    units = F.normalize(features, dim=-1).unflatten(1, GRID)  # (T, rows, columns, D)
    shares = F.interpolate(disc(film.boxes[0, 0, 0]).float()[None, None], GRID, mode="area")[0, 0]
    places = shares.nonzero()  # (P, 2)
    template, weight = units[0][shares > 0], shares[shares > 0]  # (P, D), (P,)
    steps = torch.cartesian_prod(*[torch.arange(-REACH, REACH + 1)] * 2)  # (S, 2)
    moved, path = torch.zeros(2, dtype=torch.long), [torch.zeros(2, dtype=torch.long)]
    for frame in units[1:]:
        tried = places + (moved + steps)[:, None]  # (S, P, 2)
        inside = ((tried >= 0) & (tried < torch.tensor(GRID))).all(-1)
        row, column = tried[..., 0].clamp(0, rows - 1), tried[..., 1].clamp(0, columns - 1)
        cosines = (frame[row, column] * template).sum(-1)  # (S, P)
        moved = moved + steps[(cosines * inside * weight).sum(-1).argmax()]
        path.append(moved)
    boxes = film.boxes[0, :1, 0].repeat(len(path), 1)
    boxes[:, :2] += torch.stack(path).flip(-1) / torch.tensor([columns, rows])
    return boxes


def in_sight(film: Tracks) -> Tensor:
    """The boxes (T, 4) around what boards leave of the target's disc; the true box where they leave nothing.

    Boards that lie beneath the target count as covering it, so that the overlap is a little too low.
    """
    boxes = []
    for box, board in zip(film.boxes[0, :, 0], film.boards[0, :, 0], strict=True):
        left = disc(box) & ~board.bool()
        boxes.append(around(left) if left.any() else box)
    return torch.stack(boxes)


def transformer() -> Callable[[Tensor], Tensor]:
    """What gives the pretrained transformer's features of frames (T, 3, 224, 224)."""
    model = load(fetch())

    @torch.inference_mode()
    def look(frames: Tensor) -> Tensor:
        return torch.cat([model(prepare(frame))[:, 1 + model.registers :] for frame in frames])

    return look


def scored(boxes: Tensor, film: Tracks) -> dict[str, float]:
    """The mean overlap of boxes (T, 4) after the first frame, and the share whose centre is near."""
    found, true = boxes[1:], film.boxes[0, 1:, 0]
    away = FRAME * (found[:, :2] - true[:, :2]).norm(dim=1)
    parts = {"overlap": iou(found, true), "near": (away <= NEAR).float()}
    return {name: round(part.mean().item(), 4) for name, part in parts.items()}


def rows() -> list[dict]:
    """The record, a row for each film, condition and way."""
    return lines.read(RECORD)


def scores(record: list[dict], way: str, condition: str, score: str = "overlap") -> np.ndarray:
    """The mean "overlap", or the share of frames that are "near", in percent, one number a film."""
    found = {row["film"]: row[score] for row in record if (row["way"], row["condition"]) == (way, condition)}
    return 100 * np.array([found[seed] for seed in sorted(found)])


def difference(record: list[dict], one: str, other: str, condition: str, score: str = "overlap") -> Interval:
    """How far one way is ahead of another, film by film, in points."""
    return paired(*(scores(record, way, condition, score) for way in (one, other)))


def main() -> None:
    """Make what the record lacks, and show the means."""
    look, done = transformer(), {(row["film"], row["condition"]) for row in rows()}
    for seed in range(FILMS):
        for condition in CONDITIONS:
            if (seed, condition) in done:
                continue
            one = film(seed, condition)
            made = []
            for way, boxes in ways(one, look):
                made.append({"film": seed, "condition": condition, "way": way, **scored(boxes, one)})
            lines.append(RECORD, made)
    for condition in CONDITIONS:
        print(condition)
        for way in WAYS:
            means = [scores(rows(), way, condition, score).mean() for score in ("overlap", "near")]
            print(f"  {way}: overlap {means[0]:.1f}, near {means[1]:.1f}")


if __name__ == "__main__":
    main()
