"""How do things wander that keep clear of each other, and when does one leave?

Run: python -m visual_attention.chapters.tracking.paths
"""

import math

import torch
from torch import Tensor

FRAME = 64  # pixels of a frame's side
SIZE = 16.0  # pixels of a sprite that has neither grown nor shrunk
SPEED = 3.5  # pixels a frame
APART = 18.0  # pixels between centres below which sprites push each other away
MIXED = 12  # frames after which no grid is left of a start


def start(count: int, many: int, generator: torch.Generator | None) -> Tensor:
    """Centres in different cells of a 3 x 3 grid, (B, O, 2)."""
    cell = FRAME / 3
    chosen = torch.rand(count, 9, generator=generator).argsort(dim=1)[:, :many]
    corner = torch.stack([chosen % 3, chosen // 3], dim=-1) * cell
    return corner + cell / 2 + 5 * (torch.rand(count, many, 2, generator=generator) - 0.5)


def scattered(count: int, many: int, generator: torch.Generator | None) -> Tensor:
    """Centres on no grid, (B, O, 2): where things have got to that wandered for some frames."""
    return wander(count, many, MIXED, generator)[:, -1]


def wander(count: int, many: int, frames: int, generator: torch.Generator | None) -> Tensor:
    """Centres that wander, bounce off the edges and push each other away: (B, T, O, 2)."""
    place = start(count, many, generator)
    heading = 2 * math.pi * torch.rand(count, many, generator=generator)
    velocity = SPEED * torch.stack([heading.cos(), heading.sin()], dim=-1)
    low, high = SIZE / 2 + 1, FRAME - SIZE / 2 - 1
    path = [place]
    for _ in range(frames - 1):
        place = place + velocity + torch.randn(count, many, 2, generator=generator) * 0.4
        away = place[:, :, None] - place[:, None]  # (B, O, O, 2)
        distance = away.norm(dim=-1, keepdim=True).clamp(min=1e-3)
        push = (away / distance * (APART - distance).clamp(min=0) / 2).sum(dim=2)
        place = place + push
        velocity = velocity + 0.5 * push
        velocity = SPEED * velocity / velocity.norm(dim=-1, keepdim=True).clamp(min=1e-3)
        velocity = torch.where(
            ((place < low) & (velocity < 0)) | ((place > high) & (velocity > 0)), -velocity, velocity
        )
        place = place.clamp(low, high)
        path.append(place)
    return torch.stack(path, dim=1)


def presence(
    count: int, frames: int, many: int, gone: tuple[int, int], generator: torch.Generator | None
) -> Tensor:
    """Who is there in each frame, (B, T, O): where the target vanishes, so does any other now and then."""
    present = torch.ones(count, frames, many, dtype=torch.bool)
    start, stop = gone
    if stop > start:
        present[:, start:stop, 0] = False
        leaves = torch.randint(1, frames, (count, many), generator=generator)
        others = (torch.rand(count, many, generator=generator) < 0.3) & (torch.arange(many) > 0)
        frame = torch.arange(frames).view(1, -1, 1)
        away = (frame >= leaves[:, None]) & (frame < leaves[:, None] + stop - start) & others[:, None]
        present = present & ~away
    return present


def main() -> None:
    path = wander(1, 3, 4, torch.Generator().manual_seed(0))[0]
    for frame, places in enumerate(path):
        print(f"frame {frame + 1}:", *(f"({x:.0f}, {y:.0f})" for x, y in places.tolist()))


if __name__ == "__main__":
    main()
