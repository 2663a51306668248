"""What position does a patch have in an image of another size than the positions were learned for?

Paper: Maxime Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", TMLR 2024.
Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

import torch
from torch.nn import functional as F


def resize_positions(positions: torch.Tensor, grid: tuple[int, int], *, offset: float = 0.1) -> torch.Tensor:
    """Stretch learned positions to another grid of patches, as DINOv2 does: bicubic, the class token's kept.

    Args:
        positions: (1, 1 + M * M, D), the class token's first, then those of an M x M grid row by row.
        grid: Wanted rows and columns.
        offset: DINOv2's code stretches by (rows + 0.1) / M, once meant against rounding; its weights were
            trained with it. 0 stretches by rows / M, as the port in Hugging Face's transformers does.

    Returns:
        (1, 1 + rows * columns, D); ``positions`` itself where the grid is M x M already.
    """
    rows, columns = grid
    side = round((positions.shape[1] - 1) ** 0.5)
    if (rows, columns) == (side, side):
        return positions
    first, rest = positions[:, :1], positions[:, 1:]
    square = rest.reshape(1, side, side, -1).permute(0, 3, 1, 2)  # (1, M * M, D) -> (1, D, M, M)
    if offset:
        scale = ((rows + offset) / side, (columns + offset) / side)
        stretched = F.interpolate(square, scale_factor=scale, mode="bicubic")
    else:
        stretched = F.interpolate(square, size=(rows, columns), mode="bicubic")
    return torch.cat([first, stretched.flatten(start_dim=2).transpose(1, 2)], dim=1)
