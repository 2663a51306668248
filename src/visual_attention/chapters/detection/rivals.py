"""Which other queries are there, and which answers need no look at the picture?

Queries that the picture proposes, queries that may not choose where they look, and answers that are always
the same.

Paper: queries from the grid as the two-stage variant of Xizhou Zhu et al., "Deformable DETR", ICLR 2021,
    section 4.2.
Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.rivals
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.detection.answers import Answers, ranked
from visual_attention.chapters.detection.grid import PRIOR, grid_targets
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.set_loss import EMPTY_WEIGHT, set_loss
from visual_attention.chapters.detection.transformer import QUERIES, SetTransformer


class ProposedQueries(SetTransformer):
    """A set transformer whose queries are the Q places of the map that promise most.

    A linear layer says for each place whether an object's centre lies there; the best places themselves are
    the queries, and their middles the reference points.

    Args: as :class:`SetTransformer`, and all else as there.

    Differs from the paper: places have no box of their own before the decoder.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, classes: int, **options):
        super().__init__(classes, **options)
        self.count = len(self.points)
        del self.points
        self.promise = promising(self.dim)

    def start(self, places: Tensor, middles: Tensor) -> tuple[Tensor, Tensor]:
        best = self.promise(places)[..., 0].topk(self.count, dim=1).indices  # (B, Q)
        queries = places.gather(1, best[..., None].expand(-1, -1, self.dim))
        return queries, torch.logit(middles[best])

    def loss(self, features: Tensor, objects: Objects) -> Tensor:
        """The set loss of all layers, and how well the places promise, ()."""
        promised = self.promise(self.places(features))[..., 0]
        return super().loss(features, objects) + broken(promised, objects, *features.shape[2:])


def promising(dim: int) -> nn.Linear:
    """What says for each place whether an object's centre lies there: at first, nowhere."""
    layer = nn.Linear(dim, 1)
    nn.init.constant_(layer.bias, torch.logit(torch.tensor(PRIOR)).item())
    return layer


def broken(promised: Tensor, objects: Objects, rows: int, columns: int) -> Tensor:
    """How badly the places (B, N) promise: binary cross-entropy for each object's centre, ()."""
    wanted = (grid_targets(objects, rows, columns) >= 0).float()
    missed = F.binary_cross_entropy_with_logits(promised, wanted, reduction="sum")
    return missed / wanted.sum().clamp(min=1)


class FixedLook(nn.Module):
    """Look where you always look: the weights are learned, and the same for every picture.

    Args:
        dim: D.
        heads: h, must divide D.
        queries: Q.
        places: N.

    Shape:
        queries (B, Q, D), places (B, N, D) -> (B, Q, D).
    """

    def __init__(self, dim: int, heads: int, *, queries: int = QUERIES, places: int = 64):
        super().__init__()
        self.heads = heads
        self.scores = nn.Parameter(torch.zeros(heads, queries, places))
        self.value, self.proj = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def weights(self, queries: Tensor, places: Tensor) -> Tensor:
        """What each query takes from each place, (B, h, Q, N): sums to 1 over the last axis."""
        return self.scores.softmax(dim=-1).expand(len(places), -1, -1, -1)

    def forward(self, queries: Tensor, places: Tensor) -> Tensor:
        return self.read_with(self.weights(queries, places), places)

    def read_with(self, weights: Tensor, places: Tensor) -> Tensor:
        """The same with other weights, (B, h, Q, N)."""
        values = self.value(places).unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, h, N, D/h)
        return self.proj((weights @ values).transpose(1, 2).flatten(2))


class SameAnswers(nn.Module):
    """The trivial answer: the same boxes for every picture, the best that one can give.

    Args:
        classes: K.
        queries: Q.

    Shape:
        features (B, C, H, W) -> scores (B, Q, K + 1), boxes (B, Q, 4).
    """

    def __init__(self, classes: int, *, queries: int = QUERIES):
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(queries, classes + 1))
        self.raw = nn.Parameter(torch.randn(queries, 4))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return tuple(x.repeat(len(features), 1, 1) for x in (self.scores, self.raw.sigmoid()))

    def loss(self, features: Tensor, objects: Objects) -> Tensor:
        """The set loss, ()."""
        return set_loss(*self(features), objects, empty=EMPTY_WEIGHT)

    def answers(self, features: Tensor) -> Answers:
        """The same for every picture."""
        scores, boxes = self(features)
        return ranked(scores.softmax(dim=-1)[..., :-1], boxes)


def main() -> None:
    """How large is each?"""
    from visual_attention.training import parameters

    for build in (SetTransformer, ProposedQueries, SameAnswers):
        print(f"{build.__name__:16} {parameters(build(3)):6,} parameters")


if __name__ == "__main__":
    main()
