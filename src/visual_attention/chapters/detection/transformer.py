"""How does a detector that answers with a set find its objects?

A few queries, learned vectors, ask a map of features: each looks at all places at once, talks with the other
queries, and answers with one box or with "no object".

Paper: Nicolas Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020, section 3.2;
    reference points as in Xizhou Zhu et al., "Deformable DETR: Deformable Transformers for End-to-End Object
    Detection", ICLR 2021.
Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.transformer
"""

import math

import torch
from torch import Tensor, nn

from visual_attention.chapters.detection.answers import Answers, ranked
from visual_attention.chapters.detection.cross_attention import CrossAttention
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.set_loss import EMPTY_WEIGHT, set_loss
from visual_attention.mechanisms.inputs import require_feature_map, require_positive

FINEST = 64.0  # waves of the position encoding: the shortest fits into the image this many times over 2 pi
QUERIES = 8


def encode(points: Tensor, dim: int) -> Tensor:
    """Sines and cosines of places in the image.

    Args:
        points: (x, y) in [0, 1].
        dim: D, a multiple of 4.

    Shape:
        (..., 2) -> (..., D): the first half tells y, the second x.
    """
    exact = points.to(torch.promote_types(points.dtype, torch.float32))  # fine waves need it
    spaced = torch.linspace(0, 1, dim // 4, dtype=exact.dtype, device=exact.device)
    frequencies = FINEST**spaced  # from 1 to 64
    angles = exact.flip(-1)[..., None] * frequencies  # (..., 2, D / 4)
    return torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2).to(points.dtype)


class DecoderLayer(nn.Module):
    """Let queries talk with each other, look at the places, and think: (B, Q, D), (B, N, D) -> (B, Q, D).

    Args:
        dim: D.
        heads: h.
        look: what the queries look through; None for :class:`CrossAttention`.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int, look: nn.Module | None = None):
        super().__init__()
        self.before_talk, self.before_look = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.talk = CrossAttention(dim, heads=heads)
        self.look = near_first(CrossAttention(dim, heads=heads)) if look is None else look
        self.think = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim)
        )

    def heard(self, queries: Tensor) -> Tensor:
        """The queries after they talked with each other."""
        x = self.before_talk(queries)
        return queries + self.talk(x, x)

    def weights(self, queries: Tensor, places: Tensor) -> Tensor:
        """Where each query looks after it talked, (B, h, Q, N)."""
        return self.look.weights(self.before_look(self.heard(queries)), places)

    def forward(self, queries: Tensor, places: Tensor) -> Tensor:
        queries = self.heard(queries)
        queries = queries + self.look(self.before_look(queries), places)
        return queries + self.think(queries)


def near_first(look: CrossAttention) -> CrossAttention:
    """Begin with equal layers for queries and keys: what is told the same place then looks alike."""
    look.key.load_state_dict(look.query.state_dict())
    return look


class SetTransformer(nn.Module):
    """Answer with a set: Q queries, each with a box and a class or "no object".

    Args:
        classes: K.
        channels: C, of the features.
        dim: D.
        queries: Q.
        layers: of the decoder.
        heads: h.
        look: builds what the queries of a layer look through; None for cross-attention.
        empty: the weight of "no object" in the loss.

    Shape:
        features (B, C, H, W) -> scores (B, Q, K + 1), the last of "no object", and boxes (B, Q, 4).

    Differs from the paper: no encoder, since the backbone's last convolutions see the whole picture; places
        are told where they lie once, at the start, values included; queries begin at learned reference
        points, and boxes are told from there; at the start, a query looks where its point is.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(
        self,
        classes: int,
        *,
        channels: int = 64,
        dim: int = 48,
        queries: int = QUERIES,
        layers: int = 2,
        heads: int = 4,
        look=None,
        empty: float = EMPTY_WEIGHT,
    ):
        super().__init__()
        require_positive(classes=classes, queries=queries, layers=layers)
        self.channels, self.dim, self.empty = channels, dim, empty
        self.feature, self.where = nn.Linear(channels, dim), nn.Linear(dim, dim)
        self.norm_places, self.norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.points = nn.Parameter(torch.logit(_spread(queries)))
        self.decoder = nn.ModuleList(
            DecoderLayer(dim, heads=heads, look=look and look(dim, heads)) for _ in range(layers)
        )
        self.classify = nn.Linear(dim, classes + 1)
        self.box = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 4))
        with torch.no_grad():
            self.box[2].weight.mul_(0.1)
            self.box[2].bias.copy_(torch.tensor([0.0, 0.0, -1.5, -1.5]))

    def places(self, features: Tensor) -> Tensor:
        """What the queries look at: features that know where they lie, (B, C, H, W) -> (B, N, D)."""
        require_feature_map(features, channels=self.channels)
        seen = self.feature(features.to(self.feature.weight.dtype).flatten(2).mT)  # (B, N, D)
        return self.norm_places(seen + self.where(encode(middles(features, seen.dtype), self.dim)))

    def start(self, places: Tensor, middles: Tensor) -> tuple[Tensor, Tensor]:
        """The queries before they know anything, (B, Q, D), and where each stands, (B, Q, 2), as logits.

        `places` (B, N, D) and their `middles` (N, 2) are for queries that the picture proposes.
        """
        queries = self.where(encode(self.points.sigmoid(), self.dim))
        return queries.expand(len(places), -1, -1), self.points.expand(len(places), -1, -1)

    def each_layer(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (L, B, Q, K + 1) and boxes (L, B, Q, 4) after each layer."""
        places = self.places(features)
        queries, points = self.start(places, middles(features, places.dtype))
        states = []
        for layer in self.decoder:
            queries = layer(queries, places)
            states.append(self.norm(queries))
        states = torch.stack(states)
        shift, size = self.box(states).split(2, dim=-1)
        return self.classify(states), torch.cat([shift + points, size], dim=-1).sigmoid()

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The last layer's scores (B, Q, K + 1) and boxes (B, Q, 4)."""
        scores, boxes = self.each_layer(features)
        return scores[-1], boxes[-1]

    def weights(self, features: Tensor) -> list[Tensor]:
        """Where each query looks, one (B, h, Q, N) for each layer: sums to 1 over the last axis."""
        places = self.places(features)
        queries, _ = self.start(places, middles(features, places.dtype))
        maps = []
        for layer in self.decoder:
            maps.append(layer.weights(queries, places))
            queries = layer(queries, places)
        return maps

    def loss(self, features: Tensor, objects: Objects) -> Tensor:
        """The mean of the set losses of all layers: each must be able to answer by itself, ()."""
        scores, boxes = self.each_layer(features)
        layers = len(scores)
        repeated = Objects(*(part.repeat(layers, *[1] * (part.ndim - 1)) for part in objects))
        return set_loss(scores.flatten(0, 1), boxes.flatten(0, 1), repeated, empty=self.empty)

    def answers(self, features: Tensor) -> Answers:
        """Every query's likeliest class, with its probability as the score."""
        scores, boxes = self(features)
        return ranked(scores.softmax(dim=-1)[..., :-1], boxes)


def middles(features: Tensor, dtype: torch.dtype) -> Tensor:
    """The middle (x, y) in [0, 1] of each place of a map, row by row: (B, C, H, W) -> (N, 2)."""
    kind = {"dtype": torch.promote_types(dtype, torch.float32), "device": features.device}
    sides = [(torch.arange(count, **kind) + 0.5) / count for count in features.shape[2:]]
    y, x = torch.meshgrid(*sides, indexing="ij")
    return torch.stack([x, y], dim=-1).flatten(0, 1).to(dtype)


def _spread(count: int) -> Tensor:
    """Points spread evenly over the image, (Q, 2): a lattice turned by the golden ratio."""
    place = torch.arange(count) + 0.5
    return torch.stack([place / count, (place * (math.sqrt(5) - 1) / 2) % 1], dim=-1).clamp(0.05, 0.95)


def main() -> None:
    """Show shapes, and that each query's weights sum to 1."""
    torch.manual_seed(0)
    model, features = SetTransformer(3).eval(), torch.rand(2, 64, 8, 8)
    scores, boxes = model(features)
    print("scores", tuple(scores.shape), "boxes", tuple(boxes.shape))
    maps = model.weights(features)
    print("weights", [tuple(each.shape) for each in maps])
    print("each query's sum to", *(f"{total:.3f}" for total in maps[-1].sum(dim=-1).aminmax()))


if __name__ == "__main__":
    main()
