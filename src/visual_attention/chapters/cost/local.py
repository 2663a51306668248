"""What if a token asks only some of the others, chosen by where they are?

Papers: windows and shifted windows: Ze Liu et al., "Swin Transformer: Hierarchical Vision Transformer using
    Shifted Windows", ICCV 2021, section 3.2; rows, then columns: Jonathan Ho et al., "Axial Attention in
    Multidimensional Transformers", arXiv:1912.12180, 2019; both in one softmax: Zilong Huang et
    al., "CCNet: Criss-Cross Attention for Semantic Segmentation", ICCV 2019, section 3.2.
Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.local
"""

import torch
from torch import Tensor

from visual_attention.chapters.cost.exact import Explicit, scores


class Local(Explicit):
    """Attention in which each token asks only the tokens that `allowed` names.

    Args:
        side: Rows, and columns, of the grid on which the tokens lie, row by row: N = side * side.

    Raises:
        ValueError: if ``side`` is below 1; at call, if N is another number.
    """

    def __init__(self, side: int):
        super().__init__()
        if side < 1:
            raise ValueError(f"wanted a grid of 1 or more rows, got {side}")
        self.side = side
        self.register_buffer("place", torch.arange(side**2), persistent=False)

    def allowed(self) -> Tensor:
        """Which tokens (columns) each token (row) may ask: (N, N), True or False."""
        raise NotImplementedError

    def weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        """The softmax over the allowed tokens, and exactly 0 elsewhere: (B, N, N)."""
        self._check(queries)
        forbidden = ~self.allowed().to(queries.device)
        return scores(queries, keys).masked_fill(forbidden, -torch.inf).softmax(dim=-1)

    def _check(self, x: Tensor) -> None:
        if x.shape[1] != self.side**2:
            raise ValueError(f"wanted {self.side} x {self.side} = {self.side**2} tokens, got {x.shape[1]}")

    def _places(self) -> tuple[Tensor, Tensor]:
        """Row and column of each token, (N,) and (N,)."""
        return self.place // self.side, self.place % self.side


class Windows(Local):
    """Each token asks those in its own square window; a shift moves the borders between windows.

    Args:
        side: As in `Local`.
        window: Side of a window, w; must divide ``side``.
        shift: By how many places the borders are moved up and left, below w. At the rim of the grid the
            windows are then smaller: nothing is wrapped round.

    Raises:
        ValueError: if ``window`` does not divide ``side``, or ``shift`` is not from 0 to w - 1.
    """

    def __init__(self, side: int, *, window: int, shift: int = 0):
        super().__init__(side)
        if window < 1 or side % window:
            raise ValueError(f"wanted windows that divide {side} rows, got {window}")
        if not 0 <= shift < window:
            raise ValueError(f"wanted a shift from 0 to {window - 1}, got {shift}")
        self.window, self.shift = window, shift

    def number(self) -> Tensor:
        """The number of each token's window, (N,)."""
        row, column = ((place + self.window - self.shift) // self.window for place in self._places())
        return row * (self.side // self.window + 1) + column

    def allowed(self) -> Tensor:
        number = self.number()
        return number[:, None] == number[None, :]

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """As Swin does it: roll the grid by the shift, attend in windows, roll it back.

        A window at the rim then holds tokens of opposite rims, which may not ask each other.
        """
        self._check(queries)
        number = self._cut(self.number().to(queries.device)[None, :, None])[..., 0]  # (windows, w * w)
        strangers = number[:, :, None] != number[:, None, :]  # (windows, w * w, w * w)
        inside = scores(self._cut(queries), self._cut(keys))  # (B * windows, w * w, w * w)
        inside = inside.unflatten(0, (-1, len(number))).masked_fill(strangers, -torch.inf).flatten(0, 1)
        return self._join(inside.softmax(dim=-1) @ self._cut(values))

    def _cut(self, x: Tensor) -> Tensor:
        """Tokens of a grid become tokens of windows: (B, N, d) -> (B * windows, w * w, d)."""
        per_side, w = self.side // self.window, self.window
        grid = x.unflatten(1, (self.side, self.side)).roll((-self.shift, -self.shift), dims=(1, 2))
        grid = grid.unflatten(2, (per_side, w)).unflatten(1, (per_side, w))  # (B, k, w, k, w, d)
        return grid.transpose(2, 3).flatten(3, 4).flatten(0, 2)

    def _join(self, x: Tensor) -> Tensor:
        """Back again: (B * windows, w * w, d) -> (B, N, d)."""
        per_side, w = self.side // self.window, self.window
        grid = x.unflatten(0, (-1, per_side, per_side)).unflatten(3, (w, w)).transpose(2, 3)
        grid = grid.flatten(3, 4).flatten(1, 2)  # (B, k, w, k, w, d) -> (B, side, side, d)
        return grid.roll((self.shift, self.shift), dims=(1, 2)).flatten(1, 2)


class Rows(Local):
    """Each token asks those in its own row. With `Columns` in the next layer, word of every token arrives."""

    def allowed(self) -> Tensor:
        row, _ = self._places()
        return row[:, None] == row[None, :]

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        self._check(queries)
        lines = (x.unflatten(1, (self.side, self.side)).flatten(0, 1) for x in (queries, keys, values))
        queries, keys, values = lines  # (B * side, side, d) each
        mixed = scores(queries, keys).softmax(dim=-1) @ values
        return mixed.unflatten(0, (-1, self.side)).flatten(1, 2)


class Columns(Local):
    """Each token asks those in its own column."""

    def __init__(self, side: int):
        super().__init__(side)
        self.rows = Rows(side)

    def allowed(self) -> Tensor:
        _, column = self._places()
        return column[:, None] == column[None, :]

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        self._check(queries)
        return self._turn(self.rows(*(self._turn(x) for x in (queries, keys, values))))

    def _turn(self, x: Tensor) -> Tensor:
        return x.unflatten(1, (self.side, self.side)).transpose(1, 2).flatten(1, 2)


class CrissCross(Local):
    """Each token asks those in its own row and its own column: 2 * side - 1 of them, in one softmax."""

    def allowed(self) -> Tensor:
        row, column = self._places()
        return (row[:, None] == row) | (column[:, None] == column)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        self._check(queries)
        side = self.side
        q, k, v = (x.unflatten(1, (side, side)) for x in (queries, keys, values))  # (B, row, column, d)
        along_row = scores(q, k)  # (B, row, column, side)
        along_column = scores(q.transpose(1, 2), k.transpose(1, 2)).transpose(1, 2)
        itself = torch.eye(side, dtype=torch.bool, device=q.device)[:, None]  # counted once, in its row
        both = torch.cat([along_row, along_column.masked_fill(itself, -torch.inf)], dim=-1).softmax(dim=-1)
        of_row, of_column = both.split(side, dim=-1)
        mixed = of_row @ v + (of_column.transpose(1, 2) @ v.transpose(1, 2)).transpose(1, 2)
        return mixed.flatten(1, 2)


def main() -> None:
    """Show how many tokens the middle one may ask on a grid of 8 x 8."""
    for way in (Windows(8, window=4), Windows(8, window=4, shift=2), Rows(8), Columns(8), CrissCross(8)):
        print(f"{type(way).__name__:10} {int(way.allowed()[36].sum()):2} of 64")


if __name__ == "__main__":
    main()
