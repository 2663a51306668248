"""How does a detector without attention find objects, and why does it need a clean-up afterwards?

Each cell of a grid answers for the objects whose centre lies in it. Neighbours that see the same object
answer, too, so the worse of two boxes of one class that overlap is thrown away.

Paper: Joseph Redmon, Santosh Divvala, Ross Girshick and Ali Farhadi, "You Only Look Once: Unified, Real-Time
    Object Detection", CVPR 2016, section 2.
Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.grid
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.boxes import require_boxes
from visual_attention.chapters.detection.answers import Answers, ranked, suppressed
from visual_attention.chapters.detection.cross_attention import CrossAttention
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.set_loss import box_distance, wanted_objects
from visual_attention.convolutions import layer
from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.mechanisms.positions import LearnedPositions

PRIOR = 0.03  # how sure a fresh cell is of each class: nearly all cells are empty


class GridAttention(nn.Module):
    """Let each cell of a grid take from all cells, and add that to what it had.

    Args:
        channels: D, channels of the map.
        heads: h, must divide D.
        grid: Rows and columns, (H, W).

    Shape:
        (B, D, H, W) -> (B, D, H, W).

    Raises:
        ValueError: at call, if the map has other channels or another grid.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, channels: int, *, heads: int, grid: tuple[int, int]):
        super().__init__()
        self.channels = channels
        self.norm = nn.LayerNorm(channels)
        self.positions = LearnedPositions(grid[0] * grid[1], channels)
        self.attention = CrossAttention(channels, heads=heads)

    def weights(self, x: Tensor) -> Tensor:
        """What each cell takes from each cell, (B, h, N, N): sums to 1 over the last axis."""
        cells = self._tokens(x)
        return self.attention.weights(cells, cells)

    def forward(self, x: Tensor) -> Tensor:
        """The map with what each cell took from all cells added, (B, D, H, W)."""
        cells = self._tokens(x)
        mixed = self.attention(cells, cells)  # (B, N, D)
        return x + mixed.mT.unflatten(2, x.shape[2:])  # (B, N, D) -> (B, D, H, W)

    def _tokens(self, x: Tensor) -> Tensor:
        require_feature_map(x, channels=self.channels)
        return self.positions(self.norm(x.flatten(2).mT))  # (B, D, H, W) -> (B, N, D)


class GridDetector(nn.Module):
    """Ask each cell of a grid which class has its centre there, and how large the box is.

    Args:
        classes: K.
        channels: C, of the features.
        width: D, of the convolutions on the grid.
        depth: how many 3 x 3 convolutions.
        middle: put between the first and the other convolutions: a module that keeps the shape, such as
            :class:`GridAttention`; None for nothing.

    Shape:
        features (B, C, H, W) -> class scores (B, N, K), of which a sigmoid makes probabilities, and boxes
        (B, N, 4), with N = H * W cells row by row. The centre of a cell's box lies in the cell.

    Differs from the paper: one box a cell; a class score for itself says whether there is an object; the
        loss of the boxes is that of :mod:`visual_attention.chapters.detection.set_loss`.

    Derivatives: as those of ``middle``.
    """

    def __init__(
        self,
        classes: int,
        *,
        channels: int = 64,
        width: int = 48,
        depth: int = 2,
        middle: nn.Module | None = None,
    ):
        super().__init__()
        require_positive(classes=classes, depth=depth)
        self.channels = channels
        self.first = layer(channels, width)
        self.middle = middle
        self.rest = nn.Sequential(*(layer(width, width) for _ in range(depth - 1)))
        self.classify = nn.Conv2d(width, classes, kernel_size=1)
        self.place = nn.Conv2d(width, 4, kernel_size=1)
        nn.init.constant_(self.classify.bias, torch.logit(torch.tensor(PRIOR)).item())
        nn.init.constant_(self.place.bias[2:], -1.5)  # sigmoid: boxes start at a fifth of the image

    def weights(self, features: Tensor) -> Tensor | None:
        """What each cell takes from each cell, (B, h, N, N); None without attention."""
        if self.middle is None:
            return None
        return self.middle.weights(self.first(features.to(self.classify.weight.dtype)))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Class scores (B, N, K) and boxes (B, N, 4) of all cells."""
        require_feature_map(features, channels=self.channels)
        x = self.first(features.to(self.classify.weight.dtype))
        if self.middle is not None:
            x = self.middle(x)
        x = self.rest(x)
        rows, columns = x.shape[2:]
        raw = self.place(x).sigmoid()  # (B, 4, rows, columns)
        column, row = torch.arange(columns, device=x.device), torch.arange(rows, device=x.device)[:, None]
        centre_x = (raw[:, 0] + column) / columns  # (B, rows, columns)
        centre_y = (raw[:, 1] + row) / rows
        boxes = torch.stack([centre_x, centre_y, raw[:, 2], raw[:, 3]], dim=1)
        return self.classify(x).flatten(2).mT, boxes.flatten(2).mT

    def loss(self, features: Tensor, objects: Objects) -> Tensor:
        """The loss of :func:`grid_loss` on the model's own grid, ()."""
        scores, boxes = self(features)
        return grid_loss(scores, boxes, objects, grid=tuple(features.shape[2:]))

    def raw_answers(self, features: Tensor) -> Answers:
        """The best answers of the cells, neighbours that see the same object included."""
        scores, boxes = self(features)
        return ranked(scores.sigmoid(), boxes)

    def answers(self, features: Tensor) -> Answers:
        """The best answers after non-maximum suppression."""
        return suppressed(self.raw_answers(features))


def grid_targets(objects: Objects, rows: int, columns: int) -> Tensor:
    """Which object each cell answers for: the one whose centre it holds, the largest if there are several.

    A centre outside the image counts for the nearest cell. Among equally large objects the place and then the
    class decide, so that the order of the objects does not.

    Shape:
        objects of (B, O) -> (B, rows * columns), int64, -1 for none.

    Raises:
        ValueError: if the objects do not fit together, or the grid has no cell.
    """
    require_positive(rows=rows, columns=columns)
    objects = objects.cleared()
    require_boxes(objects.boxes, "objects.boxes")
    x, y, width, height = objects.boxes.unbind(-1)  # (B, O) each
    row, column = (y * rows).long().clamp(0, rows - 1), (x * columns).long().clamp(0, columns - 1)
    cells = row * columns + column
    assigned = torch.full((len(cells), rows * columns), -1, device=cells.device)
    for place in _ascending(objects.labels, height, width, y, x, width * height).unbind(1):
        image = objects.present.gather(1, place[:, None])[:, 0].nonzero()[:, 0]
        assigned[image, cells[image, place[image]]] = place[image]  # the largest is written last
    return assigned


def _ascending(*keys: Tensor) -> Tensor:
    """The order in which the last key rises, among equals the one before it, and so on: (B, O) each."""
    order = keys[0].argsort(dim=1, stable=True)
    for key in keys[1:]:
        order = order.gather(1, key.gather(1, order).argsort(dim=1, stable=True))
    return order


def grid_loss(scores: Tensor, boxes: Tensor, objects: Objects, *, grid: tuple[int, int]) -> Tensor:
    """Binary cross-entropy of every class in every cell, and the boxes of the cells that hold a centre.

    Both are divided by the number of objects, as in
    :func:`visual_attention.chapters.detection.set_loss.set_loss`.

    Shape:
        (B, N, K), (B, N, 4), objects of (B, O) -> (). Neither the order of the objects nor what stands in
        their padding changes it.

    Raises:
        ValueError: if the shapes do not fit, or a number is not finite.
    """
    cells = grid[0] * grid[1]
    if scores.ndim != 3 or scores.shape[1] != cells or boxes.shape != (*scores.shape[:2], 4):
        raise ValueError(
            f"wanted scores (B, {cells}, K) and boxes (B, {cells}, 4) of {grid[0]} x {grid[1]} cells, "
            f"got {tuple(scores.shape)}, {tuple(boxes.shape)}"
        )
    objects = wanted_objects(scores, boxes, objects, classes=scores.shape[-1])
    assigned = grid_targets(objects, *grid)
    image, cell = (assigned >= 0).nonzero(as_tuple=True)
    chosen = assigned[image, cell]
    wanted = torch.zeros_like(scores)
    wanted[image, cell, objects.labels[image, chosen]] = 1.0
    count = objects.present.sum().clamp(min=1)
    right = F.binary_cross_entropy_with_logits(scores, wanted, reduction="sum")
    return (right + box_distance(boxes[image, cell], objects.boxes[image, chosen])) / count


def main() -> None:
    """Show that an untrained detector already gives boxes in the form that is wanted."""
    torch.manual_seed(0)
    scores, boxes = GridDetector(3)(torch.rand(2, 64, 8, 8))
    print("class scores", tuple(scores.shape), "boxes", tuple(boxes.shape))
    print("boxes lie between", *(f"{bound:.2f}" for bound in boxes.aminmax()))


if __name__ == "__main__":
    main()
