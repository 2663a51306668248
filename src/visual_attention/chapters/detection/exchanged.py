"""Why is the grid ahead, and what do queries from the grid gain by? The sides exchange their parts.

The grid has two convolutions of its own on the frozen map, which the set transformer lacks. And queries from
the grid get more than a place to start: their places learn by a loss of their own, and each query also gets
what stands at its place. Here each of that is given or taken by itself. Asked by an outsider, after the
record of the contest had been seen. Written down before the run: rates as the contest tunes them, five seeds
on a thousand scenes, pairs with the contest's seeds; the contest's margin of 5 points decides, with the whole
interval.

Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.exchanged
"""

import torch
from torch import Tensor, nn

from visual_attention.chapters.detection import claims
from visual_attention.chapters.detection.grid import GridDetector
from visual_attention.chapters.detection.rivals import ProposedQueries, broken, promising
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.transformer import SetTransformer, encode
from visual_attention.convolutions import layer
from visual_attention.experiments.again import told
from visual_attention.experiments.joined import Joined
from visual_attention.experiments.question import Contender
from visual_attention.mechanisms.inputs import require_feature_map

CONTEST = claims.QUESTIONS[0]
SEEDS = 5


class ConvolvedSet(SetTransformer):
    """A set transformer that looks at a map after the grid's two convolutions.

    Args: as :class:`SetTransformer`, and all else as there.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, classes: int, *, channels: int = 64, dim: int = 48, **options):
        super().__init__(classes, channels=dim, dim=dim, **options)
        self.given = channels
        self.trunk = nn.Sequential(layer(channels, dim), layer(dim, dim))

    def places(self, features: Tensor) -> Tensor:
        require_feature_map(features, channels=self.given)
        return super().places(self.trunk(features.to(self.feature.weight.dtype)))


class ConvolvedProposals(ConvolvedSet, ProposedQueries):
    """Queries from the grid that look at, and are taken from, a map after the grid's two convolutions.

    Args: as :class:`SetTransformer`, and all else as in :class:`ProposedQueries`.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """


class ToldPlaces(SetTransformer):
    """A set transformer whose places learn, by the loss of the proposals, where objects have their centres.

    Its queries are the learned ones: ``promise`` is used by the loss alone.

    Args: as :class:`SetTransformer`, and all else as there.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, classes: int, **options):
        super().__init__(classes, **options)
        self.promise = promising(self.dim)

    def loss(self, features: Tensor, objects: Objects) -> Tensor:
        """The set loss of all layers, and how well the places promise, ()."""
        promised = self.promise(self.places(features))[..., 0]
        return super().loss(features, objects) + broken(promised, objects, *features.shape[2:])


class OnlyWhere(ProposedQueries):
    """Queries from the grid that are told where they start, and nothing of what stands there.

    Args: as :class:`SetTransformer`, and all else as in :class:`ProposedQueries`.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def start(self, places: Tensor, middles: Tensor) -> tuple[Tensor, Tensor]:
        best = self.promise(places)[..., 0].topk(self.count, dim=1).indices  # (B, Q)
        return self.where(encode(middles, self.dim))[best], torch.logit(middles[best])


class PointGrid(GridDetector):
    """The grid with convolutions of 1 x 1: no cell sees its neighbours' features.

    Args: as :class:`GridDetector`, two convolutions deep, and all else as there.
    """

    def __init__(self, classes: int, *, channels: int = 64, width: int = 48):
        super().__init__(classes, channels=channels, width=width)
        self.first, self.rest = _point(channels, width), _point(width, width)


def _point(channels: int, width: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, width, kernel_size=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU())


CONTENDERS = (
    Contender(
        "convolutions, then set",
        "rival",
        claims.queries(ConvolvedSet),
        "The set transformer behind the grid's two convolutions.",
        "two convolutions; queries look and talk, twice",
    ),
    Contender(
        "grid of points",
        "control",
        claims.whole(lambda setting: PointGrid(claims.KINDS, width=setting["width"])),
        "The grid, but each cell sees its own place alone.",
        "two convolutions of 1 x 1; suppression",
    ),
    Contender(
        "convolutions, then queries from the grid",
        "rival",
        claims.queries(ConvolvedProposals),
        "Queries from the grid behind the grid's two convolutions.",
        "two convolutions; queries look and talk, twice; proposals",
    ),
    Contender(
        "set, places told",
        "control",
        claims.queries(ToldPlaces),
        "Learned queries; places learn by the proposals' loss.",
        "queries look and talk, twice; the proposals' loss",
    ),
    Contender(
        "from the grid, only where",
        "control",
        claims.queries(OnlyWhere),
        "Queries from the grid that are told their place and nothing of what stands there.",
        "queries look and talk, twice; proposals without content",
    ),
)
JOINED = Joined("detection-exchanged", CONTEST, CONTENDERS, {CONTEST.middle: SEEDS})
PAIRS = (
    ("convolutions, then set", "set transformer"),
    ("convolutions, then set", "grid"),
    ("convolutions, then queries from the grid", "queries from the grid"),
    ("convolutions, then queries from the grid", "grid"),
    ("grid of points", "grid"),
    ("grid of points", "set transformer"),
    ("set, places told", "set transformer"),
    ("from the grid, only where", "set, places told"),
    ("queries from the grid", "from the grid, only where"),
)


def main() -> None:
    """Make what the record lacks, and compare."""
    JOINED.make()
    for each in CONTENDERS:
        print(f"{each.name}: {JOINED.scores(each.name).mean():.1f}")
    for one, other in PAIRS:
        print(f"{one} minus {other}: {told(JOINED.lead(one, other))}")


if __name__ == "__main__":
    main()
