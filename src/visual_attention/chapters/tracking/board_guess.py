"""How often does one find the target who looks at nothing but the boards?

A leak test: if pointing at a board finds the target more often than pointing anywhere, boards betray it.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.board_guess
"""

import torch
from torch import Tensor

from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.paths import FRAME


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
    """The sprite whose centre is nearest to each pixel, (B, H, W)."""
    pixel = (torch.arange(FRAME) + 0.5) / FRAME
    grid = torch.stack(torch.meshgrid(pixel, pixel, indexing="xy"), dim=-1)  # (H, W, 2)
    centres = films.boxes[:, frame, :, None, None, :2]  # (B, O, 1, 1, 2)
    away = (grid - centres).norm(dim=-1)
    return away.masked_fill(~films.present[:, frame, :, None, None], torch.inf).argmin(dim=1)


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
