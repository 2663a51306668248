"""In which ways can sixteen cells hear of each other? One network, and what may stand in it for attention.

Chapter: notebooks/mechanisms/self_attention.ipynb
Run: python -m visual_attention.chapters.self_attention.networks
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.data.twins import CELL, SIDE
from visual_attention.mechanisms.positions import LearnedPositions
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention
from visual_attention.mechanisms.uniform_attention import UniformAttention
from visual_attention.training import parameters

PLACES = SIDE * SIDE


class GridMixer(nn.Module):
    """Each place hears of others through a convolution over the grid.

    Args:
        width: D, numbers of a token.
        size: side of the window, odd.
        middle: channels between the two convolutions.

    Shape:
        (B, 16, D) -> (B, 16, D).
    """

    def __init__(self, width: int, size: int, middle: int):
        super().__init__()
        self.spread = nn.Conv2d(width, middle, size, padding=size // 2)
        self.join = nn.Conv2d(middle, width, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        grid = x.mT.unflatten(2, (SIDE, SIDE))  # (B, 16, D) -> (B, D, 4, 4)
        return self.join(torch.relu(self.spread(grid))).flatten(2).mT


class PlaceMixer(nn.Module):
    """Each place hears of all others through two layers over the places, the same for all channels.

    Paper: MLP-Mixer, Ilya Tolstikhin, Neil Houlsby, Alexander Kolesnikov, Lucas Beyer et al., NeurIPS 2021.

    Args:
        middle: numbers between the two layers.

    Shape:
        (B, 16, D) -> (B, 16, D).
    """

    def __init__(self, middle: int):
        super().__init__()
        self.over_places = nn.Sequential(nn.Linear(PLACES, middle), nn.GELU(), nn.Linear(middle, PLACES))

    def forward(self, x: Tensor) -> Tensor:
        return self.over_places(x.mT).mT


class PlaceAttention(MultiHeadSelfAttention):
    """Attention whose weights are learned for each pair of places, whatever lies there: the control.

    Everything else stays: heads, values, the layer that joins. What is taken away is the choice by content.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__(dim, heads=heads)
        self.table = nn.Parameter(torch.zeros(heads, PLACES, PLACES))

    def weights(self, x: Tensor) -> Tensor:
        """The same for every picture, (B, h, 16, 16)."""
        return self.table.softmax(dim=-1).expand(len(x), -1, -1, -1)

    def forward(self, x: Tensor) -> Tensor:
        return take(self, x, self.weights(x))


class Bins(nn.Module):
    """Each place puts its value into the bins that its content names, and takes back what lies in them.

    Two places hear of each other if they name the same bin. What a bin is for, training decides. This is
    attention, with the agreement of two names as the score: `weights` shows it.

    Args:
        width: D, numbers of a token.
        bins: K.

    Shape:
        (B, 16, D) -> (B, 16, D).
    """

    def __init__(self, width: int, bins: int):
        super().__init__()
        self.name, self.value = nn.Linear(width, bins), nn.Linear(width, width)
        self.join = nn.Linear(width, width)

    def names(self, x: Tensor) -> Tensor:
        """How much each place means each bin, (B, 16, K): shares of 1."""
        return self.name(x).softmax(dim=-1)

    def read(self, x: Tensor, names: Tensor) -> Tensor:
        """How much each place takes from each bin, (B, 16, K): from where it put its value."""
        return names

    def weights(self, x: Tensor) -> Tensor:
        """What each place takes from each place, (B, 1, 16, 16): as much as their names agree."""
        names = self.names(x)
        return (self.read(x, names) @ (names / (names.sum(dim=1, keepdim=True) + 1e-4)).mT)[:, None]

    def take(self, x: Tensor, weights: Tensor) -> Tensor:
        """What places take from each other by given weights, (B, 1, 16, 16)."""
        return self.join(weights[:, 0] @ self.value(x))

    def forward(self, x: Tensor) -> Tensor:
        names = self.names(x)  # (B, 16, K)
        lies = names.mT @ self.value(x) / (names.sum(dim=1)[..., None] + 1e-4)  # (B, K, D): means
        return self.join(self.read(x, names) @ lies)


class Alone(nn.Module):
    """No place hears of another: two layers on each token by itself.

    Shape:
        (B, 16, D) -> (B, 16, D).
    """

    def __init__(self, width: int, middle: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, middle), nn.GELU(), nn.Linear(middle, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def take(mixer: MultiHeadSelfAttention, x: Tensor, weights: Tensor) -> Tensor:
    """What tokens (B, N, D) take from each other by given weights (B, h, N, N), through a mixer's layers."""
    values = mixer.qkv(x)[..., 2 * mixer.dim :].unflatten(2, (mixer.heads, -1)).transpose(1, 2)
    return mixer.proj((weights @ values).transpose(1, 2).reshape(x.shape))


class Layer(nn.Module):
    """Hear of other places, then think about each place by itself; both are added to what was there."""

    def __init__(self, mixer: nn.Module, width: int):
        super().__init__()
        self.before, self.mixer = nn.LayerNorm(width), mixer
        self.think = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mixer(self.before(x))
        return x + self.think(x)

    def changed(self, x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """The same with other weights: `change` gets those of the mixer, (B, h, 16, 16)."""
        seen = self.before(x)
        weights = change(self.mixer.weights(seen))
        if isinstance(self.mixer, Bins):
            x = x + self.mixer.take(seen, weights)
        else:
            x = x + take(self.mixer, seen, weights)
        return x + self.think(x)


class TwinFinder(nn.Module):
    """Sixteen cells become tokens, layers let them hear of each other, each names a colour.

    Args:
        mixer: makes the part of a layer in which places hear of each other.
        classes: K.
        width: D, numbers of a token.
        layers: how many.

    Shape:
        (B, 3, 56, 56) -> (B, K, 16).

    Derivatives: as its mixers.
    """

    def __init__(self, mixer: Callable[[], nn.Module], classes: int, *, width: int = 48, layers: int = 2):
        super().__init__()
        self.see = nn.Sequential(
            nn.Conv2d(3, width, kernel_size=CELL, stride=CELL), nn.GELU(), nn.Conv2d(width, width, 1)
        )
        self.positions = LearnedPositions(PLACES, width)
        self.layers = nn.ModuleList(Layer(mixer(), width) for _ in range(layers))
        self.answer = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, classes))

    def tokens(self, images: Tensor) -> Tensor:
        """The cells as tokens with positions, (B, 16, D)."""
        return self.positions(self.see(images).flatten(2).mT)

    @property
    def has_weights(self) -> bool:
        """Whether the layers have weights between places."""
        return isinstance(self.layers[0].mixer, MultiHeadSelfAttention | Bins)

    def weights(self, images: Tensor) -> list[Tensor]:
        """What each place takes from each place: one (B, h, 16, 16) for each layer."""
        x, maps = self.tokens(images), []
        for layer in self.layers:
            maps.append(layer.mixer.weights(layer.before(x)))
            x = layer(x)
        return maps

    def read_with(self, images: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """The scores after the weights of all layers were changed, (B, K, 16)."""
        x = self.tokens(images)
        for layer in self.layers:
            x = layer.changed(x, change)
        return self.answer(x).mT

    def forward(self, images: Tensor) -> Tensor:
        x = self.tokens(images)
        for layer in self.layers:
            x = layer(x)
        return self.answer(x).mT  # (B, 16, K) -> (B, K, 16)


def main() -> None:
    """How large is each?"""
    mixers = {
        "attention": lambda: MultiHeadSelfAttention(48, heads=4),
        "windows": lambda: GridMixer(48, 3, 19),
        "wide windows": lambda: GridMixer(48, 7, 48),
        "places": lambda: PlaceMixer(128),
        "a table": lambda: PlaceAttention(48, heads=4),
        "uniform": lambda: UniformAttention(48, heads=4),
        "alone": lambda: Alone(48, 96),
        "bins": lambda: Bins(48, 16),
    }
    for name, mixer in mixers.items():
        print(f"{name:13} {parameters(TwinFinder(mixer, 6)):8,} parameters")


if __name__ == "__main__":
    main()
