"""How often does one find the target who looks at nothing but the boards?

A leak test: if pointing at a board finds the target more often than pointing anywhere, boards betray it.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.board_guess
"""

import torch
from torch import Tensor

from visual_attention.chapters.tracking.films import Tracks


def hit_rate(films: Tracks, frame: int = -1) -> float:
    """How often the target is the sprite nearest to a point that is chosen at random on a board.

    Films in which no board lies count for nothing.

    Args:
        films: B films.
        frame: which frame is looked at.

    Raises:
        ValueError: if no film has a board in that frame.
    """
    boards = films.boards[:, frame, 0]  # (B, H, W)
    nearest = _nearest(films, frame)
    if not boards.any():
        raise ValueError("films: wanted at least one board, got none: is the occlusion 0?")
    hits = ((nearest == 0) & boards).sum(dim=(1, 2)) / boards.sum(dim=(1, 2)).clamp(min=1)
    return hits[boards.flatten(1).any(dim=1)].mean().item()


def chance(films: Tracks, frame: int = -1) -> float:
    """The same for a point that is chosen anywhere in the frame."""
    return (_nearest(films, frame) == 0).float().mean().item()


def _nearest(films: Tracks, frame: int) -> Tensor:
    """The sprite whose centre is nearest to each pixel, (B, H, W); -1 where none is there."""
    height, width = films.boards.shape[-2:]
    grid = torch.meshgrid(torch.arange(width) + 0.5, torch.arange(height) + 0.5, indexing="xy")
    centres = films.boxes[:, frame, :, None, None, :2] * torch.tensor([width, height])  # (B, O, 1, 1, 2)
    away = (torch.stack(grid, dim=-1) - centres).norm(dim=-1)  # (H, W, 2) -> (B, O, H, W), in pixels
    there = films.present[:, frame, :, None, None]  # (B, O, 1, 1)
    return away.masked_fill(~there, torch.inf).argmin(dim=1).where(there.any(dim=1), -1)


def main() -> None:
    """Ask in the careless world and in the fair one."""
    from visual_attention.chapters.tracking.tracks import Disturbance, sequences

    for betrayed in (True, False):
        disturbance = Disturbance(occlusion=0.5, betrayed=betrayed)
        generator = torch.Generator().manual_seed(0)
        films = sequences(20, split="test", disturbance=disturbance, frames=4, generator=generator)
        print(f"betrayed {betrayed}: {hit_rate(films):.0%} on boards, {chance(films):.0%} anywhere")


if __name__ == "__main__":
    main()
