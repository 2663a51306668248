"""Where is the thing of the first picture in all the pictures after it?

A Siamese tracker: one network reads a template, the target in the first frame, and a search region of a later
frame. Parts of the template are compared with places of the search region. Trackers differ in one thing only:
*which* part of the template each place is compared with.

Paper: Luca Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", ECCV 2016
Workshops,
    section 2 (cross-correlation); Xin Chen et al., "Transformer Tracking", CVPR 2021, section 3 (attention).
Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.trackers
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.convolutions import layer
from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.training import parameters

STRIDE = 2  # pixels of a place
TEMPLATE = 24  # pixels of the template's side, of which the target's box fills the inner two thirds
MARGIN = 2  # places around the target that give its convolutions something to see, and are cut off
WINDOW = 12  # places around a centre, along a side, from which the box is read
PARTS = TEMPLATE // STRIDE - 2 * MARGIN  # parts of the template along a side


class Found(NamedTuple):
    """Where the target is: boxes (B, 4) in pixels of the search region, as (centre x, centre y, width,
    height), and the chance that the target is there at all (B,), in [0, 1]."""

    boxes: Tensor
    presence: Tensor


def disc_mask(parts: int = PARTS) -> Tensor:
    """Which parts of the template lie in the ellipse that fills the target's box, (parts, parts), bool.

    The corners of a box show the background. A part that shows background finds a perfect match wherever the
    background is.
    """
    line = (torch.arange(parts) + 0.5) / (parts / 2) - 1
    return line[:, None].square() + line.square() <= 1


class Tracker(nn.Module):
    """What all trackers share: features, the sum over the target's shape, the chance of absence, the box.

    Args:
        width: C, channels of the features; the first convolution has half of them.
        dim: d, channels of the queries and keys that are compared.

    Shape:
        template (B, 3, 24, 24), search (B, 3, H, W), both in [0, 1] -> `Found`. H and W are even.

    Raises:
        ValueError: if a size is not above 0; at call, if template or search are no such images.

    Differs from the papers: similarities are cosines; the search region's places are compared with single
    parts
        of the template, and the comparison is summed over the target's shape in all trackers, so that
        correlation and attention differ in their weights alone; no prior for small steps; the box is read
        at the best place only.
    """

    def __init__(self, *, width: int = 32, dim: int = 32):
        super().__init__()
        require_positive(width=width, dim=dim)
        self.features = nn.Sequential(
            layer(3, width // 2, stride=STRIDE), layer(width // 2, width), layer(width, width)
        )
        self.query = nn.Conv2d(width, dim, 1, bias=False)
        self.key = nn.Conv2d(width, dim, 1, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(3.5))  # its exponential multiplies the response
        self.floor = nn.Parameter(torch.tensor(0.5))  # how well the target must fit somewhere to be there
        self.extent = nn.Sequential(
            nn.Conv2d(dim + 1, 8, 1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(8, 4, WINDOW // 2)
        )
        self.register_buffer("mask", disc_mask(), persistent=False)

    def similarities(self, template: Tensor, search: Tensor) -> Tensor:
        """The cosine of each part of the template with each place, (B, N, M), in [-1, 1].

        N = H/2 * W/2 places of the search region, M = 64 parts of the template, both row by row.
        """
        return _cosines(*self._read(template, search))

    def weights(self, template: Tensor, search: Tensor) -> Tensor:
        """How much each part of the template counts at each place, (B, N, M).

        Non-negative, sums to 1 over M, the last axis.
        """
        return self._weigh(self.similarities(template, search))

    def response(self, template: Tensor, search: Tensor) -> Tensor:
        """How well the target fits with its centre between four places, (B, 1, H/2 + 1, W/2 + 1), in [-1, 1].

        The mean over the target's disc of how well its places fit; what lies outside the search region fits
        by 0.
        """
        return self._respond(*self._read(template, search))

    def scores(self, template: Tensor, search: Tensor) -> Tensor:
        """A score for each centre, row by row, and one for "nowhere", (B, (H/2+1) * (W/2+1) + 1)."""
        return self._scored(self.response(template, search))

    def forward(self, template: Tensor, search: Tensor) -> Found:
        """The best box and the chance that the target is there."""
        queries, keys = self._read(template, search)
        response = self._respond(queries, keys)
        scores = self._scored(response)
        best = scores[:, :-1].argmax(dim=1)
        return Found(self._box(queries, response, best), 1 - scores.softmax(dim=1)[:, -1])

    def trained_on(
        self, template: Tensor, search: Tensor, place: Tensor, owner: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What a loss needs, from one reading: the scores, and the boxes (B, 4) around given centres.

        Args:
            template: B templates.
            search: Search regions, in any number.
            place: The true centre of each target, (B,), a place among the scores.
            owner: In which of the search regions each target is looked for, (B,).
        """
        queries, keys = self._read(template, search, owner)
        response = self._respond(queries, keys)
        return self._scored(response), self._box(queries, response, place)

    def _weigh(self, similar: Tensor) -> Tensor:
        raise NotImplementedError(f"wanted a tracker with weights, got {type(self).__name__}")

    def _respond(self, queries: Tensor, keys: Tensor) -> Tensor:
        similar = _cosines(queries, keys)
        matches = (self._weigh(similar) * similar).sum(dim=2)  # (B, N): how well each place fits
        kernel = self.mask.to(matches.dtype)[None, None] / self.mask.sum()
        return F.conv2d(matches.view(-1, 1, *queries.shape[2:]), kernel, padding=PARTS // 2)

    def _scored(self, response: Tensor) -> Tensor:
        scale = self.sharpness.exp()
        return torch.cat([response.flatten(1), self.floor.expand(len(response), 1)], dim=1) * scale

    def _box(self, queries: Tensor, response: Tensor, place: Tensor) -> Tensor:
        """The box around a centre (B,), a place among the scores, in pixels: (B, 4).

        Read off the queries and the response in a square around the centre: two steps of at most 4 pixels,
        and how much larger or smaller than 16 pixels width and height are.
        """
        columns = response.shape[3]
        seen = torch.cat([queries, F.avg_pool2d(response, 2, stride=1)], dim=1)
        seen = F.pad(seen, (WINDOW // 2,) * 4)
        row, column = place // columns, place % columns
        steps = torch.arange(WINDOW, device=place.device)
        rows, cols = (row[:, None] + steps)[:, :, None], (column[:, None] + steps)[:, None]
        batch = torch.arange(len(place), device=place.device)[:, None, None]
        window = seen.permute(0, 2, 3, 1)[batch, rows, cols]  # (B, 12, 12, d + 1)
        step, grow = self.extent(window.permute(0, 3, 1, 2)).flatten(1).split(2, dim=1)
        centre = STRIDE * torch.stack([column, row], dim=1) + 4 * step.tanh()
        return torch.cat([centre, PARTS * STRIDE * grow.tanh().exp()], dim=1)

    def _read(self, template: Tensor, search: Tensor, owner: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Queries (B, d, H/2, W/2) of the search region, keys (B, d, 8, 8) of the template, of length 1."""
        require_feature_map(template, channels=3)
        require_feature_map(search, channels=3)
        if template.shape[2:] != (TEMPLATE, TEMPLATE) or len(template) != len(
            search if owner is None else owner
        ):
            raise ValueError(
                f"wanted a template (B, 3, {TEMPLATE}, {TEMPLATE}) for each search region, got "
                f"{tuple(template.shape)} for {tuple(search.shape)}"
            )
        if search.shape[2] % STRIDE or search.shape[3] % STRIDE:
            raise ValueError(f"wanted a search region of even sides, got {tuple(search.shape)}")
        inner = slice(MARGIN, -MARGIN)
        keys = self._measure(self.key(self.features(template))[:, :, inner, inner])
        queries = self._measure(self.query(self.features(search)))
        return queries if owner is None else queries[owner], keys

    def _measure(self, x: Tensor) -> Tensor:
        # in half precision the usual 1e-12 is 0, and what has no length would be divided by it
        return F.normalize(x, dim=1, eps=max(1e-12, torch.finfo(x.dtype).tiny))


class AttentionTracker(Tracker):
    """Each place looks for the part of the template that is most like it, wherever that part lies.

    Cross-attention: places ask, parts of the template answer, and a softmax over the parts weighs them.
    Parts may have moved against each other, as they do when the target turns or bends.

    Args:
        temperature: Divides the cosines before the softmax. Towards 0 each place takes its best part, towards
            infinity it takes all parts alike, which is `controls.UniformTracker`.
        width: as in `Tracker`.
        dim: as in `Tracker`.

    Shape:
        As `Tracker`.
    """

    def __init__(self, *, temperature: float = 0.1, width: int = 32, dim: int = 32):
        super().__init__(width=width, dim=dim)
        require_positive(temperature=temperature)
        self.temperature = temperature

    def _weigh(self, similar: Tensor) -> Tensor:
        """The softmax of the cosines over the parts in the target's disc, (B, N, M); 0 for other parts."""
        scores = similar / self.temperature
        return scores.masked_fill(~self.mask.flatten(), -torch.inf).softmax(dim=2)


class CorrelationTracker(Tracker):
    """Each place is compared with the part that lies there if the target is moved and nothing else.

    Cross-correlation: the template slides over the search region as a rigid kernel. Which part a place is
    compared with depends on where the target's centre would be, so that each centre has weights of its own:
    1 for one part and 0 for all others.
    """

    def weights(self, template: Tensor, search: Tensor) -> Tensor:
        """Not one set of weights: each centre has its own, see `fixed_weights`."""
        raise ValueError(
            "wanted weights that hold for all centres, but correlation has others for each centre"
        )

    def fixed_weights(self, centre: tuple[int, int], grid: tuple[int, int]) -> Tensor:
        """What correlation weighs for one centre (row, column), (N, M): each part at one place or none."""
        rows, columns = grid
        made = torch.zeros(rows, columns, PARTS, PARTS)
        for row in range(PARTS):
            for column in range(PARTS):
                y, x = centre[0] - PARTS // 2 + row, centre[1] - PARTS // 2 + column
                if 0 <= y < rows and 0 <= x < columns and self.mask[row, column]:
                    made[y, x, row, column] = 1
        return made.view(rows * columns, PARTS * PARTS)

    def _respond(self, queries: Tensor, keys: Tensor) -> Tensor:
        """The mean cosine over the target's disc, each part at its own place, (B, 1, H/2 + 1, W/2 + 1)."""
        height, width = queries.shape[2:]
        mine = _cosines(queries, keys) * self.mask.flatten() / self.mask.sum()  # (B, N, M)
        # a part's cosine at a place counts for the centre that this place and this part imply
        summed = F.fold(mine.flip(2).mT, (height + PARTS - 1, width + PARTS - 1), PARTS)
        edge = PARTS // 2 - 1
        return summed[:, :, edge : edge + height + 1, edge : edge + width + 1]


def _cosines(queries: Tensor, keys: Tensor) -> Tensor:
    return queries.flatten(2).mT @ keys.flatten(2)  # (B, N, d) @ (B, d, M)


def main() -> None:
    """Build both and count their parameters."""
    torch.manual_seed(0)
    template, search = torch.rand(2, 3, 24, 24), torch.rand(2, 3, 48, 48)
    for kind in (CorrelationTracker, AttentionTracker):
        model = kind().eval()
        found = model(template, search)
        count = parameters(model)
        print(f"{kind.__name__:18} {count:,} parameters, presence {found.presence[0]:.2f}")


if __name__ == "__main__":
    main()
