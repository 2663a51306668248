"""How else than by attention can a patch hear of other patches?

Two convolutions over the grid of patches, to stand in the place of attention in a
:class:`~visual_attention.chapters.generation.transformer.VelocityTransformer`: one that hears its
neighbours, one that hears the whole picture.

Paper: for the wide one, Zhuang Liu et al., "A ConvNet for the 2020s", CVPR 2022, section 2.
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
    for mixer in (NeighbourMixer(grid, dim, middle=26), WideMixer(grid, dim, middle=88)):
        heard = (mixer(changed) - mixer(tokens)).abs().amax(dim=(0, 2)) > 1e-6
        numbers = parameters(mixer)
        print(
            f"{type(mixer).__name__:14} {numbers:,} parameters, one corner heard by {int(heard.sum())} of 24"
        )


if __name__ == "__main__":
    main()
