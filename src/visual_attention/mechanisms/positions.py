"""How does attention, which sees a set, learn where each token sits?

Paper: Ashish Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.5; learned positions as in
    Alexey Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, section 3.1.
Chapter: notebooks/mechanisms/self_attention.ipynb
Run: python -m visual_attention.mechanisms.positions
"""

import torch
from torch import nn

from visual_attention.mechanisms.inputs import require_positive, require_tokens


def sinusoidal(length: int, dim: int, *, base: float = 10_000.0) -> torch.Tensor:
    """A fixed row of sines and cosines for each position of a line.

    Args:
        length: N, how many positions.
        dim: D, numbers for each position, even.
        base: The slowest wave is about 2 pi times this many positions long.

    Shape:
        -> (N, D), each in [-1, 1]: even columns are sines, odd columns cosines of the same angle. The dot
        product of two rows depends on the distance of their positions alone.

    Raises:
        ValueError: if ``dim`` is odd, or a number is not above 0.
    """
    require_positive(length=length, dim=dim, base=base)
    if dim % 2:
        raise ValueError(f"wanted an even dim, for sines and cosines come in pairs, got {dim}")
    frequencies = base ** (-torch.arange(0, dim, 2) / dim)  # (D / 2,), from 1 down to about 1 / base
    angles = torch.arange(length)[:, None] * frequencies  # (N, D / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(start_dim=1)  # (N, D / 2, 2) -> (N, D)


def sinusoidal_grid(height: int, width: int, dim: int, *, base: float = 10_000.0) -> torch.Tensor:
    """A fixed row for each place of a grid: half of it tells the row, half of it the column.

    Args:
        height: H, rows of the grid.
        width: W, columns of the grid.
        dim: D, numbers for each place, a multiple of 4.
        base: As in :func:`sinusoidal`.

    Shape:
        -> (H * W, D), row by row of the image: the first D / 2 numbers encode y, the others x.

    Raises:
        ValueError: if ``dim`` is not a multiple of 4, or a number is not above 0.
    """
    require_positive(height=height, width=width, dim=dim)
    if dim % 4:
        raise ValueError(f"wanted dim as a multiple of 4, half for y and half for x in pairs, got {dim}")
    rows = sinusoidal(height, dim // 2, base=base)[:, None].expand(height, width, dim // 2)
    columns = sinusoidal(width, dim // 2, base=base)[None].expand(height, width, dim // 2)
    return torch.cat([rows, columns], dim=-1).flatten(end_dim=1)  # (H, W, D) -> (H * W, D)


class LearnedPositions(nn.Module):
    """Add to each token a vector of its position, learned like any weight.

    Args:
        length: N, how many positions.
        dim: D, width of a token.

    Shape:
        (B, N, D) -> (B, N, D).

    Raises:
        ValueError: at call, if the input is not a (B, N, D) with exactly these N and D: a learned
            table says nothing of positions that it has not seen.
    """

    def __init__(self, length: int, dim: int):
        super().__init__()
        require_positive(length=length, dim=dim)
        self.table = nn.Parameter(torch.empty(length, dim))
        nn.init.trunc_normal_(self.table, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The tokens, each with its position's vector added, (B, N, D)."""
        require_tokens(x, dim=self.table.shape[1])
        if x.shape[1] != len(self.table):
            raise ValueError(f"wanted {len(self.table)} tokens on axis 1, got {x.shape[1]}: {tuple(x.shape)}")
        return x + self.table


def main() -> None:
    """Show that sinusoidal positions know distances."""
    table = sinusoidal(16, 32)
    likeness = table @ table.T / 16  # 1 on the diagonal
    print("to positions 0, 1, 2, 4, 8 away:", *(f"{likeness[3, 3 + away]:.2f}" for away in (0, 1, 2, 4, 8)))
    grid = sinusoidal_grid(5, 7, 12)
    print("a grid of 5 x 7:", tuple(grid.shape), "within", *(f"{bound:.2f}" for bound in grid.aminmax()))


if __name__ == "__main__":
    main()
