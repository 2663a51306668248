"""What does a detector answer, and where does it look, while a board is moved over the picture?

Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.board
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.boxes import suppress
from visual_attention.chapters.detection.backbone import Backbone
from visual_attention.chapters.detection.grid import GridAttention, GridDetector
from visual_attention.chapters.detection.transformer import SetTransformer


class Watched(NamedTuple):
    """Answers for P pictures, M each: boxes (P, M, 4), labels (P, M), scores (P, M), and where each looks.

    The weights (P, M, H, W), over the map of features, are means over the heads and sum to 1 for each answer.
    Where there is no answer, all is 0.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    weights: Tensor


def slide(image: Tensor, board: Tensor, *, lefts: Sequence[int], tops: Sequence[int]) -> Tensor:
    """The picture with the board at each place: (3, H, W), (3, h, w) -> (tops * lefts, 3, H, W).

    Raises:
        ValueError: if the board would leave the picture.
    """
    height, width = board.shape[1:]
    pictures = image.repeat(len(tops) * len(lefts), 1, 1, 1)
    for place, picture in enumerate(pictures):
        top, left = tops[place // len(lefts)], lefts[place % len(lefts)]
        if top < 0 or left < 0 or top + height > image.shape[1] or left + width > image.shape[2]:
            raise ValueError(
                f"wanted the board inside the picture of {tuple(image.shape[1:])}, got ({top}, {left})"
            )
        picture[:, top : top + height, left : left + width] = board
    return pictures


@torch.no_grad()
def watch_queries(model: SetTransformer, features: Tensor) -> Watched:
    """What each query answers to features (P, C, H, W), and where it looks in the last decoder layer.

    "No object" has a low score.
    """
    scores, boxes = model(features)
    best, labels = scores.softmax(dim=-1)[..., :-1].max(dim=-1)  # (P, Q)
    maps = model.weights(features)[-1].mean(dim=1)  # (P, h, Q, N) -> (P, Q, N)
    return Watched(boxes, labels, best, maps.unflatten(2, features.shape[2:]))


@torch.no_grad()
def watch_cells(model: GridDetector, features: Tensor, *, most: int = 8, threshold: float = 0.5) -> Watched:
    """The grid's best boxes after suppression, and where the cell of each looks through its attention."""
    if not isinstance(model.middle, GridAttention):
        raise ValueError("model: wanted a grid detector with attention in it, got one without")
    scores, boxes = model(features)
    best, labels = scores.sigmoid().max(dim=-1)  # (P, N)
    maps = model.weights(features).mean(dim=1)  # (P, h, N, N) -> (P, N, N)
    maps = maps.unflatten(2, features.shape[2:])
    empty = Watched(
        *(part.new_zeros(len(features), most, *part.shape[2:]) for part in (boxes, labels, best, maps))
    )
    for place in range(len(features)):
        cells = suppress(boxes[place], best[place], labels[place], threshold=threshold)[:most]
        for into, part in zip(empty, (boxes, labels, best, maps), strict=True):
            into[place, : len(cells)] = part[place, cells]
    return empty


def main() -> None:
    """Show the shapes."""
    torch.manual_seed(0)
    pictures = slide(torch.rand(3, 64, 64), torch.zeros(3, 16, 8), lefts=[0, 28, 56], tops=[0, 48])
    watched = watch_queries(SetTransformer(3).eval(), Backbone().eval()(pictures))
    print({name: tuple(part.shape) for name, part in watched._asdict().items()})


if __name__ == "__main__":
    main()
