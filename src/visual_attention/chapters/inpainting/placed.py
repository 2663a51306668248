"""Has a copy to be chosen by what stands there, or is it enough to know where to copy from?

The contest's control copies the mean of all known places, so that two things leave it at once: to look at the
picture, and to copy from one place rather than from all. Here a layer copies by place alone: one table of
offsets, learned once for all pictures, begins with near places first. Asked by an outsider, after the record
of the contest had been seen. Written down before the run: both worlds, 128 pictures, the rate as the contest
tunes it, ten seeds, pairs with the contest's seeds; of what attention is ahead of all patches alike, the
share that copies by place reach needs no choice by content.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.placed
"""

import torch
from torch import Tensor, nn

from visual_attention.chapters.inpainting import claims, contest
from visual_attention.chapters.inpainting.masks import require_hole, whole_patches
from visual_attention.experiments.joined import Joined
from visual_attention.experiments.question import Contender

SIDE = 12  # places along a picture of the contest
NEAR = 2.0  # how much a score falls at the start for each place of distance


class PlacedCopies(nn.Module):
    """Copy into the hole from where one always copies: a share for each offset, whatever the picture shows.

    Args:
        grid: Rows and columns of places, (H, W).
        near: How much a score falls at the start for each place of distance.

    Shape:
        (B, C, H, W), mask (B, 1, H, W), true where missing -> (B, C, H, W); known places stay as they are.

    Raises:
        ValueError: at call, if the map has another grid, or a hole leaves nothing to copy.

    Looks at numbers: whether there is anything to copy, see
        :func:`~visual_attention.chapters.inpainting.masks.whole_patches`.
    """

    FASTER = 10.0  # the table moves as fast as cosines that are multiplied by this

    def __init__(self, grid: tuple[int, int], *, near: float = NEAR):
        super().__init__()
        self.grid = grid
        rows, columns = (torch.arange(1 - side, side).float() for side in grid)
        distance = (rows[:, None] ** 2 + columns**2).sqrt()
        self.table = nn.Parameter(-near / self.FASTER * distance)  # (2H - 1, 2W - 1)
        place = torch.arange(grid[0] * grid[1])
        row, column = place // grid[1], place % grid[1]
        self.register_buffer("down", row - row[:, None] + grid[0] - 1, persistent=False)
        self.register_buffer("across", column - column[:, None] + grid[1] - 1, persistent=False)

    def weights(self, x: Tensor, mask: Tensor) -> Tensor:
        """What each place takes from each, (B, N, N): sums to 1 over the last axis, 0 for what is missing."""
        require_hole(x, mask, patch=1)
        if tuple(x.shape[2:]) != self.grid:
            raise ValueError(f"wanted a map of {self.grid[0]} x {self.grid[1]}, got {tuple(x.shape[2:])}")
        scores = self.FASTER * self.table[self.down, self.across]  # (N, N)
        known = whole_patches(mask, patch=1, dtype=x.dtype).flatten(2)  # (B, 1, N)
        return scores.masked_fill(~known, -torch.inf).softmax(dim=-1)

    def forward(self, x: Tensor, mask: Tensor, values: Tensor | None = None) -> Tensor:
        """The map with its hole filled; with ``values`` (B, V, H, W) it is they that are copied."""
        values = x if values is None else values
        copied = self.weights(x, mask) @ values.flatten(2).mT  # (B, N, V)
        return torch.where(mask, copied.mT.unflatten(2, self.grid), values)


PLACED = Contender(
    "copies by place",
    "control",
    contest.network(lambda setting: PlacedCopies((SIDE, SIDE))),
    "Known pixels are copied by a table of offsets, learned once for all pictures.",
    "copies, a table of offsets",
)
WORLDS = tuple(
    Joined(f"{each.name}-placed", each, (PLACED,), {each.middle: each.seeds}, (each.attention, claims.ALIKE))
    for each in claims.QUESTIONS
)


def main() -> None:
    """Make what the records lack, and compare."""
    for world in reversed(WORLDS):
        world.make()
        name, attention = PLACED.name, world.contest.attention.name
        print(f"{world.contest.name}: {name} {world.scores(name).mean():.1f} dB")
        for one, other in ((name, claims.ALIKE.name), (attention, name)):
            found = world.lead(one, other)
            print(f"  {one} minus {other}: {found.effect:+.1f} dB ({found.low:+.1f} to {found.high:+.1f})")


if __name__ == "__main__":
    main()
