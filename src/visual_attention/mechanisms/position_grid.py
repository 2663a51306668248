"""What position does a patch have in an image of another size than the positions were learned for?

Paper: Maxime Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", TMLR 2024.
Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

import torch
from torch.nn import functional as F


def resize_positions(
    positions: torch.Tensor,
    grid: tuple[int, int],
    *,
    learned: tuple[int, int] | None = None,
    offset: float = 0.1,
    antialias: bool = False,
) -> torch.Tensor:
    """Stretch learned positions to another grid of patches, as DINOv2 does: bicubic, the class token's kept.

    Args:
        positions: (1, 1 + N, D), the class token's first, then those of the learned grid row by row.
        grid: Wanted rows and columns.
        learned: Rows and columns of the learned grid; None: it is a square.
        offset: DINOv2's code stretches by (rows + 0.1) / M, once meant against rounding; its weights were
            trained with it. 0 stretches by rows / M, as the port in Hugging Face's transformers does.
        antialias: Average over what a coarser grid leaves out, as DINOv2's models with registers do.

    Returns:
        (1, 1 + rows * columns, D); ``positions`` itself where the grid is the learned one.
    """
    height, width = learned or square(positions.shape[1] - 1)
    rows, columns = grid
    if (rows, columns) == (height, width):
        return positions
    exact = positions.to(torch.promote_types(positions.dtype, torch.float32))
    picture = exact[:, 1:].unflatten(1, (height, width)).permute(0, 3, 1, 2)  # (1, N, D) -> (1, D, M, M)
    if offset:
        scale = ((rows + offset) / height, (columns + offset) / width)
        stretched = F.interpolate(picture, scale_factor=scale, mode="bicubic", antialias=antialias)
    else:
        stretched = F.interpolate(picture, size=(rows, columns), mode="bicubic", antialias=antialias)
    stretched = stretched.flatten(start_dim=2).mT.to(positions.dtype)  # (1, rows * columns, D)
    return torch.cat([positions[:, :1], stretched], dim=1)


def square(count: int) -> tuple[int, int]:
    """The sides of the square grid of so many places.

    Raises:
        ValueError: if there is none.
    """
    side = round(count**0.5)
    if side * side != count:
        raise ValueError(f"wanted positions of a square grid, or its rows and columns, got {count} positions")
    return side, side
