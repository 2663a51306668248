"""Who moves the eye? The same network with places that are learnt in three ways, or written down.

Run: python -m visual_attention.chapters.hard.eyes
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.mechanisms.glimpses import GlimpseSensor, LocationNetwork
from visual_attention.mechanisms.hard import (
    RecurrentAttentionModel,
    hard_attention_loss,
    losses_of_glimpses,
    pathwise_loss,
)

SIZE, SCALES = 8, 3  # of a glimpse: 8 x 8 numbers each for 8, 16 and 32 pixels
CORNERS = ((-0.4, -0.4), (0.4, -0.4), (-0.4, 0.4), (0.4, 0.4))


class Eye(RecurrentAttentionModel):
    """Learned glimpses: the first at the centre, the others where REINFORCE has taught it to look.

    Args:
        looks: T, how many glimpses.
        dim: D, width of the state.
        spread: standard deviation with which places are drawn in training.

    Shape:
        (B, 1, H, W) -> scores of the digits (B, 10).

    Derivatives: those of what is seen. Places carry no gradient.
    """

    def __init__(self, *, looks: int = 2, dim: int = 128, spread: float = 0.2):
        super().__init__(
            10, glimpses=looks, sensor=GlimpseSensor(SIZE, scales=SCALES), dim=dim, spread=spread
        )

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        """What training lowers."""
        return hard_attention_loss(self.sample(x), labels)


class PathwiseEye(Eye):
    """The same network, whose places are taught by the gradient that runs through the glimpse itself.

    Places carry no gradient once it is trained: only what training lowers has them drawn with theirs.
    """

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        return pathwise_loss(self.sample(x, pathwise=True), labels)


class Blind(LocationNetwork):
    """Says where to look next without hearing what was seen."""

    def forward(self, state: Tensor) -> Tensor:
        return super().forward(0 * state)


class OnePath(Eye):
    """Learned glimpses whose choice cannot depend on the picture: one place, learnt for all of them."""

    def __init__(self, *, looks: int = 2, dim: int = 128, spread: float = 0.2):
        super().__init__(looks=looks, dim=dim, spread=spread)
        self.locate = Blind(dim, spread=spread)


class FixedEye(Eye):
    """The same network with places that somebody wrote down: the middles of four quarters, nearly.

    The layers that choose places are asked, but nobody heeds them.
    """

    def __init__(self, *, dim: int = 128):
        super().__init__(looks=len(CORNERS), dim=dim)

    def locations(self, x: Tensor) -> Tensor:
        """The same places for all pictures, (B, T, 2)."""
        return torch.tensor(CORNERS, dtype=x.dtype, device=x.device).expand(len(x), -1, -1)

    def forward(self, x: Tensor) -> Tensor:
        return self.look(x, self.locations(x))[:, -1]

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        return losses_of_glimpses(self.look(x, self.locations(x)), labels).mean()


class Everywhere(nn.Module):
    """Convolutions over the whole picture, a maximum over 2 x 2 places, and a reader that knows the places.

    Args:
        width: features at each place.
        hidden: width of the reader.

    Shape:
        (B, 1, 40, 40) -> (B, 10).
    """

    def __init__(self, *, width: int = 32, hidden: int = 96):
        super().__init__()
        self.net = nn.Sequential(
            *layer(1, width // 4, 5, stride=2),
            *layer(width // 4, width // 2, 3, stride=2),
            *layer(width // 2, width, 3, stride=1),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(width * 25, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        """What training lowers."""
        return F.cross_entropy(self(x), labels)


class Blurred(Everywhere):
    """The picture averaged to 20 x 20 numbers, about as many as two glimpses read, for a small network.

    Args:
        width: features at each place.
        hidden: width of the reader.
    """

    def __init__(self, *, width: int = 24, hidden: int = 128):
        super().__init__()
        self.net = nn.Sequential(
            nn.AvgPool2d(2),
            *layer(1, 16, 3, stride=2),
            *layer(16, width, 3, stride=2),
            nn.Flatten(),
            nn.Linear(width * 25, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 10),
        )


def layer(inputs: int, outputs: int, size: int, *, stride: int) -> tuple[nn.Module, ...]:
    """A convolution that keeps the size up to its stride, normalised over the batch."""
    return (
        nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def main() -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 1, 40, 40)
    for kind in (Eye, PathwiseEye, OnePath, FixedEye, Everywhere, Blurred):
        print(f"{kind.__name__:12} scores {tuple(kind()(x).shape)}")


if __name__ == "__main__":
    main()
