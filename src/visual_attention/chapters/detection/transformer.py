"""Can a detector answer with a set of boxes at once, with no grid and no clean-up?

Each object query looks where it wants through cross-attention, hears from the other queries through
self-attention, so that no two answer for the same object, and gives one box or "no object".

Paper: Nicolas Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020, section 3.2;
    reference points as in Xizhou Zhu et al., "Deformable DETR: Deformable Transformers for End-to-End Object
    Detection", ICLR 2021.
Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.transformer
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.detection.grid import STRIDE, Detections, stem
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.set_loss import set_loss
from visual_attention.mechanisms.inputs import require_feature_map, require_positive, require_tokens
from visual_attention.mechanisms.self_attention import attention_weights

FINEST = 64.0  # waves of the position encoding: the shortest fits into the image this many times over 2 pi


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


class CrossAttention(nn.Module):
    """Let each query take from a memory that it does not belong to, in several heads at once.

    Args:
        dim: D, width of queries and memory.
        heads: h, must divide D.

    Shape:
        queries (B, Q, D), keys (B, N, D), values (B, N, D) -> (B, Q, D).

    Raises:
        ValueError: if ``heads`` does not divide ``dim``; at call, if the shapes do not fit.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        require_positive(dim=dim, heads=heads)
        if dim % heads:
            raise ValueError(f"wanted heads that divide dim = {dim}, got {heads}: {dim % heads} left over")
        self.dim, self.heads, self.scale = dim, heads, (dim // heads) ** -0.5
        self.query, self.key, self.value, self.proj = (nn.Linear(dim, dim) for _ in range(4))

    def weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        """What each query takes from each key, (B, h, Q, N): sums to 1 over the last axis."""
        return attention_weights(*self._pair(queries, keys), scale=self.scale)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Each query's weighted mean of the values, heads joined, (B, Q, D)."""
        values = self._split(self.value(values))
        mixed = F.scaled_dot_product_attention(*self._pair(queries, keys), values, scale=self.scale)
        return self.proj(mixed.transpose(1, 2).flatten(2))  # (B, h, Q, D/h) -> (B, Q, D)

    def _pair(self, queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        require_tokens(queries, dim=self.dim)
        require_tokens(keys, dim=self.dim)
        return self._split(self.query(queries)), self._split(self.key(keys))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, N, D) -> (B, h, N, D/h)


def _thinking(dim: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))


class EncoderLayer(nn.Module):
    """Let each place of the image hear from all places, then think alone: (B, N, D) -> (B, N, D).

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        self.before, self.attention, self.think = (
            nn.LayerNorm(dim),
            CrossAttention(dim, heads=heads),
            _thinking(dim),
        )

    def forward(self, places: Tensor, where: Tensor) -> Tensor:
        """The places after the layer; ``where`` (N, D) is added to queries and keys, not to values."""
        x = self.before(places)
        places = places + self.attention(x + where, x + where, x)
        return places + self.think(places)


class DecoderLayer(nn.Module):
    """Let queries talk with each other, look at the image, and think: (B, Q, D) -> (B, Q, D).

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        self.before_talk, self.before_look = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.talk, self.look = CrossAttention(dim, heads=heads), CrossAttention(dim, heads=heads)
        self.think = _thinking(dim)

    def heard(self, queries: Tensor, about: Tensor) -> Tensor:
        """The queries after they talked with each other; ``about`` (Q, D) tells where each stands."""
        x = self.before_talk(queries)
        return queries + self.talk(x + about, x + about, x)

    def weights(self, queries: Tensor, about: Tensor, memory: Tensor, where: Tensor) -> Tensor:
        """Where each query looks in the image, (B, h, Q, N): sums to 1 over the last axis."""
        return self.look.weights(self.before_look(self.heard(queries, about)) + about, memory + where)

    def forward(self, queries: Tensor, about: Tensor, memory: Tensor, where: Tensor) -> Tensor:
        queries = self.heard(queries, about)
        queries = queries + self.look(self.before_look(queries) + about, memory + where, memory)
        return queries + self.think(queries)


class DetectionTransformer(nn.Module):
    """A set of object queries, each of which answers with one box or with "no object".

    Args:
        classes: K.
        queries: Q, the most objects that an image can get.
        channels: Of the stem's three convolutions, each of which halves the image; the last is D.
        heads: h of every attention.
        encoders: Layers in which the image's places hear from each other.
        decoders: Layers in which the queries look at the image.

    Shape:
        (B, 3, H, W) -> scores (B, Q, K + 1), the last of "no object", and boxes (B, Q, 4) in [0, 1].

    Raises:
        ValueError: if a size is not positive; at call, if H or W is not a multiple of 8.

    Differs from the paper: far smaller, trained from nothing; normalisation before each part; a query is a
        learned reference point, encoded like the places of the image, and its box lies relative to it (the
        paper's queries are free vectors); every layer's answer is trained, as in the paper.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(
        self,
        classes: int,
        *,
        queries: int = 8,
        channels: tuple[int, int, int] = (24, 48, 64),
        heads: int = 4,
        encoders: int = 1,
        decoders: int = 2,
    ):
        super().__init__()
        require_positive(classes=classes, queries=queries, decoders=decoders)
        dim = channels[-1]
        self.dim = dim
        self.stem = stem(channels)
        self.encoder = nn.ModuleList(EncoderLayer(dim, heads=heads) for _ in range(encoders))
        self.decoder = nn.ModuleList(DecoderLayer(dim, heads=heads) for _ in range(decoders))
        self.points = nn.Parameter(torch.logit(_spread(queries)))
        self.about = nn.Linear(dim, dim)
        self.memory_norm, self.norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.classify = nn.Linear(dim, classes + 1)
        self.place = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 4))
        with torch.no_grad():
            self.place[2].weight.mul_(0.1)
            self.place[2].bias.copy_(torch.tensor([0.0, 0.0, -1.5, -1.5]))

    def weights(self, images: Tensor) -> list[Tensor]:
        """Where each query looks, one (B, h, Q, N) for each decoder layer: sums to 1 over the last axis.

        The N = H / 8 * W / 8 places are those of the stem's map, row by row.
        """
        memory, where = self.memory(images)
        queries, about = self._start(len(images))
        maps = []
        for layer in self.decoder:
            maps.append(layer.weights(queries, about, memory, where))
            queries = layer(queries, about, memory, where)
        return maps

    def answers(self, images: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Scores (B, Q, K + 1) and boxes (B, Q, 4) after each decoder layer."""
        memory, where = self.memory(images)
        queries, about = self._start(len(images))
        given = []
        for layer in self.decoder:
            queries = layer(queries, about, memory, where)
            given.append(self._answer(self.norm(queries)))
        return given

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The last layer's scores (B, Q, K + 1) and boxes (B, Q, 4)."""
        return self.answers(images)[-1]

    @torch.no_grad()
    def detect(self, images: Tensor) -> list[Detections]:
        """What is found in each image: every query's best class, with its probability as the score."""
        found = []
        for scores, boxes in zip(*self(images), strict=True):
            best, labels = scores.softmax(dim=-1)[:, :-1].max(dim=-1)  # (Q,)
            order = best.argsort(descending=True, stable=True)
            found.append(Detections(boxes[order], labels[order], best[order]))
        return found

    def loss(self, images: Tensor, objects: Objects) -> Tensor:
        """The mean of the set losses of all decoder layers: each must be able to answer by itself, ()."""
        losses = [set_loss(scores, boxes, objects) for scores, boxes in self.answers(images)]
        return torch.stack(losses).mean()

    def memory(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What the queries may look at, (B, N, D), and where each place lies, encoded, (N, D)."""
        require_feature_map(images, channels=3)
        if images.shape[2] % STRIDE or images.shape[3] % STRIDE:
            raise ValueError(
                f"wanted height and width as multiples of {STRIDE}, got {tuple(images.shape[2:])}"
            )
        features = self.stem(images)  # (B, D, H / 8, W / 8)
        where = self.about(encode(_middles(*features.shape[2:], like=images), self.dim))  # (N, D)
        places = features.flatten(2).mT  # (B, D, H / 8, W / 8) -> (B, N, D)
        for layer in self.encoder:
            places = layer(places, where)
        return self.memory_norm(places), where

    def _start(self, count: int) -> tuple[Tensor, Tensor]:
        """Queries that know nothing yet, (B, Q, D), and where each stands, (Q, D)."""
        about = self.about(encode(self.points.sigmoid(), self.dim))
        return about.new_zeros(count, len(about), self.dim), about

    def _answer(self, queries: Tensor) -> tuple[Tensor, Tensor]:
        raw = self.place(queries)  # (B, Q, 4)
        boxes = torch.cat([raw[..., :2] + self.points, raw[..., 2:]], dim=-1).sigmoid()
        return self.classify(queries), boxes


def _middles(rows: int, columns: int, *, like: Tensor) -> Tensor:
    """The middle (x, y) of each place of a grid over the image, row by row, (N, 2) in [0, 1]."""
    kind = {"dtype": torch.promote_types(like.dtype, torch.float32), "device": like.device}
    sides = [(torch.arange(count, **kind) + 0.5) / count for count in (rows, columns)]
    y, x = torch.meshgrid(*sides, indexing="ij")
    return torch.stack([x, y], dim=-1).flatten(0, 1).to(like.dtype)


def _spread(count: int) -> Tensor:
    """Points spread evenly over the image, (Q, 2): a lattice turned by the golden ratio."""
    place = torch.arange(count) + 0.5
    return torch.stack([place / count, (place * (math.sqrt(5) - 1) / 2) % 1], dim=-1).clamp(0.05, 0.95)


def main() -> None:
    """Show shapes, and that each query's weights sum to 1."""
    torch.manual_seed(0)
    model, images = DetectionTransformer(3).eval(), torch.rand(2, 3, 64, 64)
    scores, boxes = model(images)
    print("scores", tuple(scores.shape), "boxes", tuple(boxes.shape))
    maps = model.weights(images)
    print("weights", [tuple(each.shape) for each in maps])
    print("each query's sum to", *(f"{total:.3f}" for total in maps[-1].sum(dim=-1).aminmax()))


if __name__ == "__main__":
    main()
