"""How else than by attention can a patch hear of other patches?

What may stand in the place of attention in a
:class:`~visual_attention.chapters.generation.transformer.VelocityTransformer`: a convolution that hears its
neighbours, one that hears the whole picture by offset, a layer over all places, a maximum, weights that know
places and no content, and nothing at all.

Paper: for the wide convolution, Zhuang Liu et al., "A ConvNet for the 2020s", CVPR 2022, section 2; for the
    layer over places, Ilya Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", NeurIPS 2021,
    section 2; for the weights of places, Yi Tay et al., "Synthesizer: Rethinking Self-Attention for
    Transformer Models", ICML 2021, section 3.
Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.mixing
"""

import torch
from torch import Tensor, nn

from visual_attention.mechanisms.inputs import require_positive, require_tokens
from visual_attention.training import parameters


class NeighbourMixer(nn.Module):
    """Each patch hears of the patches around it.

    Args:
        grid: Rows and columns of patches.
        dim: D, width of a token.
        middle: Channels between the two convolutions.
        size: Side of the window, odd.

    Shape:
        (B, N, D) -> (B, N, D), N = rows * columns.

    Raises:
        ValueError: if ``size`` is even; at call, for another number of tokens.
    """

    def __init__(self, grid: tuple[int, int], dim: int, *, middle: int, size: int = 3):
        super().__init__()
        require_positive(dim=dim, middle=middle, size=size)
        if size % 2 == 0:
            raise ValueError(f"wanted an odd size, so that a window has a middle, got {size}")
        self.grid = tuple(grid)
        self.spread = nn.Conv2d(dim, middle, size, padding=size // 2)
        self.join = nn.Conv2d(middle, dim, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        return _tokens(self.join(torch.relu(self.spread(_map(x, self.grid)))))


class WideMixer(nn.Module):
    """Each patch hears of every patch: a wide window for each channel, then a mixing of channels.

    Args:
        grid: Rows and columns of patches; the window is so wide that each place sees all others.
        dim: D, width of a token.
        middle: Channels between the last two convolutions.

    Shape:
        (B, N, D) -> (B, N, D), N = rows * columns.

    Raises:
        ValueError: at call, for another number of tokens.
    """

    def __init__(self, grid: tuple[int, int], dim: int, *, middle: int):
        super().__init__()
        require_positive(dim=dim, middle=middle)
        self.grid = tuple(grid)
        window = (2 * grid[0] - 1, 2 * grid[1] - 1)
        self.spread = nn.Conv2d(dim, dim, window, padding=(grid[0] - 1, grid[1] - 1), groups=dim)
        self.think = nn.Conv2d(dim, middle, kernel_size=1)
        self.join = nn.Conv2d(middle, dim, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        return _tokens(self.join(torch.relu(self.think(self.spread(_map(x, self.grid))))))


class PlaceMixer(nn.Module):
    """Each patch hears of all, through two linear layers over the places that every channel shares.

    Args:
        places: N, tokens.
        middle: Numbers between the two layers.

    Shape:
        (B, N, D) -> (B, N, D).

    Raises:
        ValueError: at call, for another number of tokens.
    """

    def __init__(self, places: int, *, middle: int):
        super().__init__()
        require_positive(places=places, middle=middle)
        self.spread, self.join = nn.Linear(places, middle), nn.Linear(middle, places)

    def forward(self, x: Tensor) -> Tensor:
        _require_places(x, self.spread.in_features)
        return self.join(torch.relu(self.spread(x.mT))).mT


class LargestOfAll(nn.Module):
    """Each patch hears the largest value of each channel anywhere: a set, without places and without choice.

    Args:
        dim: D, width of a token.
        middle: Channels of which the largest is taken.

    Shape:
        (B, N, D) -> (B, N, D), the same for each token.
    """

    def __init__(self, dim: int, *, middle: int):
        super().__init__()
        require_positive(dim=dim, middle=middle)
        self.spread, self.join = nn.Linear(dim, middle), nn.Linear(middle, dim)

    def forward(self, x: Tensor) -> Tensor:
        require_tokens(x, dim=self.spread.in_features)
        return self.join(self.spread(x).amax(dim=1, keepdim=True)).expand_as(x)


class PlaceAttention(nn.Module):
    """Attention whose weights are learned for each pair of places: they know no content.

    Args:
        places: N, tokens.
        dim: D, width of a token.
        heads: h, must divide D.

    Shape:
        (B, N, D) -> (B, N, D).

    Raises:
        ValueError: if ``heads`` does not divide ``dim``; at call, for another number of tokens.
    """

    def __init__(self, places: int, dim: int, *, heads: int):
        super().__init__()
        require_positive(places=places, dim=dim, heads=heads)
        if dim % heads:
            raise ValueError(f"wanted heads that divide dim = {dim}, got {heads}")
        self.scores = nn.Parameter(torch.randn(heads, places, places))
        self.value, self.proj = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def weights(self, x: Tensor) -> Tensor:
        """The same for every picture, (B, h, N, N); sums to 1 over the last axis."""
        _require_places(x, self.scores.shape[1])
        return self.scores.softmax(dim=-1).expand(len(x), -1, -1, -1)

    def forward(self, x: Tensor) -> Tensor:
        values = self.value(x).unflatten(2, (len(self.scores), -1)).transpose(1, 2)  # (B, h, N, D/h)
        return self.proj((self.weights(x) @ values).transpose(1, 2).flatten(2))


def alone() -> nn.Module:
    """A mixer through which no patch hears of another: it adds nothing, (B, N, D) -> zeros."""
    return _Alone()


class _Alone(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


def _require_places(x: Tensor, places: int) -> None:
    require_tokens(x)
    if x.shape[1] != places:
        raise ValueError(f"wanted {places} tokens on axis 1, got {x.shape[1]}: {tuple(x.shape)}")


def _map(x: Tensor, grid: tuple[int, int]) -> Tensor:
    """(B, N, D) -> (B, D, rows, columns)."""
    require_tokens(x)
    if x.shape[1] != grid[0] * grid[1]:
        raise ValueError(f"wanted {grid[0]} x {grid[1]} tokens on axis 1, got {x.shape[1]}: {tuple(x.shape)}")
    return x.mT.unflatten(2, grid)


def _tokens(x: Tensor) -> Tensor:
    return x.flatten(2).mT  # (B, D, rows, columns) -> (B, N, D)


def main() -> None:
    """Show how far each hears: how many patches change their answer when the first one changes."""
    torch.manual_seed(0)
    grid, dim = (4, 6), 64
    tokens = torch.randn(1, 24, dim)
    changed = tokens.clone()
    changed[:, 0] += 1
    for mixer in (
        NeighbourMixer(grid, dim, middle=26),
        WideMixer(grid, dim, middle=88),
        PlaceMixer(24, middle=128),
        LargestOfAll(dim, middle=64),
        PlaceAttention(24, dim, heads=4),
        alone(),
    ):
        heard = (mixer(changed) - mixer(tokens)).abs().amax(dim=(0, 2)) > 1e-6
        numbers = parameters(mixer)
        print(
            f"{type(mixer).__name__:14} {numbers:,} parameters, one corner heard by {int(heard.sum())} of 24"
        )


if __name__ == "__main__":
    main()
