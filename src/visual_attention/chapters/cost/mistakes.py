"""What plausible wrong answers to the exercises on the cost of attention give: feedback -> result."""

from collections.abc import Callable

import torch
from torch import Tensor

Sums = tuple[Tensor, Tensor, Tensor]


def taken(best: Tensor, total: Tensor, mixed: Tensor, scores: Tensor, values: Tensor) -> Sums:
    """One step of a running softmax, done right."""
    return _step(best, total, mixed, scores, values)


def _step(
    best: Tensor,
    total: Tensor,
    mixed: Tensor,
    scores: Tensor,
    values: Tensor,
    *,
    shrink_total: Callable = torch.exp,
    shrink_mixed: Callable = torch.exp,
    top: Callable = torch.maximum,
) -> Sums:
    new = top(best, scores.amax(dim=1))
    raised = torch.exp(scores - new[:, None])
    less = best - new
    summed = torch.einsum("bm,bmd->bd", raised, values)
    return (
        new,
        shrink_total(less) * total + raised.sum(dim=1),
        shrink_mixed(less)[:, None] * mixed + summed,
    )


def in_step(cases: list[tuple]) -> dict:
    """Wrong sums after one block, for each case of (best, total, mixed, scores, values)."""

    def each(function: Callable) -> list[Tensor]:
        return [tensor for case in cases for tensor in function(*case)]

    def before_maximum(best, total, mixed, scores, values):
        new = torch.maximum(best, scores.amax(dim=1))
        raised = torch.exp(scores - best[:, None])
        summed = torch.einsum("bm,bmd->bd", raised, values)
        shrink = torch.exp(best - new)
        return new, shrink * total + raised.sum(dim=1), shrink[:, None] * mixed + summed

    def batch_maximum(best, total, mixed, scores, values):
        new = torch.maximum(best, scores.max())
        raised = torch.exp(scores - new[:, None])
        shrink = torch.exp(best - new)
        summed = torch.einsum("bm,bmd->bd", raised, values)
        return new, shrink * total + raised.sum(dim=1), shrink[:, None] * mixed + summed

    def divided(best, total, mixed, scores, values):
        new, total, mixed = taken(best, total, mixed, scores, values)
        return new, total, mixed / total[:, None]

    def averaged(best, total, mixed, scores, values):
        new = torch.maximum(best, scores.amax(dim=1))
        shrink = torch.exp(best - new)
        shares = scores.softmax(dim=1)
        summed = torch.einsum("bm,bmd->bd", shares, values)
        return new, shrink * total + shares.sum(dim=1), shrink[:, None] * mixed + summed

    ones = torch.ones_like
    return {
        "The old sums are kept as they were: they were measured against a smaller best score, so they must "
        "shrink by exp(old best - new best).": each(
            lambda *case: _step(*case, shrink_total=ones, shrink_mixed=ones)
        ),
        "You shrink the total, but not what is mixed: both were measured against the old best score.": each(
            lambda *case: _step(*case, shrink_mixed=ones)
        ),
        "You shrink what is mixed, but not the total: both were measured against the old best score.": each(
            lambda *case: _step(*case, shrink_total=ones)
        ),
        "The factor is upside down: exp(new best - old best) makes the old sums grow.": each(
            lambda *case: _step(*case, shrink_total=lambda x: (-x).exp(), shrink_mixed=lambda x: (-x).exp())
        ),
        "The new best score looks at the new scores only: an old one may be larger.": each(
            lambda *case: _step(*case, top=lambda old, new: new)
        ),
        "The new scores are measured against the old best score: use the new one.": each(before_maximum),
        "All queries share one best score: each has its own.": each(batch_maximum),
        "You divide by the total already: keep the sum, and divide after the last block.": each(divided),
        "You take a softmax of the new scores: then each block counts for 1, whatever its scores. Only "
        "exponentiate.": each(averaged),
        "The old sums are forgotten: only the new block counts.": each(
            lambda best, total, mixed, scores, values: taken(best, 0 * total, 0 * mixed, scores, values)
        ),
        "The values are not used: mixed is a sum of exponentials times *values*.": each(
            lambda best, total, mixed, scores, values: taken(
                best, total, mixed, scores, torch.ones_like(values)
            )
        ),
    }


def allowed(side: int, window: int, shift: int) -> Tensor:
    """Which tokens (columns) a token (row) may ask in windows whose borders are moved."""
    row, column = torch.arange(side**2) // side, torch.arange(side**2) % side
    number = ((row - shift) // window) * side + (column - shift) // window
    return number[:, None] == number[None, :]


def in_windows(cases: list[tuple[int, int, int]]) -> dict:
    """Wrong masks for each (side, window, shift)."""

    def each(function: Callable) -> list[Tensor]:
        return [function(*case).float() for case in cases]

    def line(side, window, shift):
        part = (torch.arange(side**2) - shift) // window
        return part[:, None] == part[None, :]

    def square_line(side, window, shift):
        part = (torch.arange(side**2) - shift) // window**2
        return part[:, None] == part[None, :]

    def near(side, window, shift):
        place = torch.arange(side**2)
        rows = (place[:, None] // side - place // side).abs()
        columns = (place[:, None] % side - place % side).abs()
        return torch.maximum(rows, columns) < window

    def wrapped(side, window, shift):
        row, column = torch.arange(side**2) // side, torch.arange(side**2) % side
        number = ((row - shift) % side // window) * side + (column - shift) % side // window
        return number[:, None] == number[None, :]

    def rows_only(side, window, shift):
        row = (torch.arange(side**2) // side - shift) // window
        return row[:, None] == row[None, :]

    def columns_only(side, window, shift):
        column = (torch.arange(side**2) % side - shift) // window
        return column[:, None] == column[None, :]

    return {
        "That is upside down: True where a token may *not* ask.": each(lambda *case: ~allowed(*case)),
        "The shift changes nothing: move the borders before you divide.": each(
            lambda side, window, shift: allowed(side, window, 0)
        ),
        "The borders move the wrong way: with a shift of s, the first window ends after s rows.": each(
            lambda side, window, shift: allowed(side, window, -shift)
        ),
        "The windows wrap round: tokens of opposite rims may ask each other. At the rim, windows are smaller "
        "instead.": each(wrapped),
        "Those are windows along a line: tokens lie row by row on a grid, so a window has rows and "
        "columns.": each(line),
        "Those are runs of w * w tokens along a line: a window is a square on the grid.": each(square_line),
        "Each token has a window of its own, around itself: here borders are the same for all.": each(near),
        "Only the rows are cut into windows: the columns are, too.": each(rows_only),
        "Only the columns are cut into windows: the rows are, too.": each(columns_only),
        "Everybody may ask everybody.": each(lambda side, window, shift: torch.ones(side**2, side**2)),
    }


def moved(tokens: int, width: int, block: int) -> int:
    """Bytes that attention in blocks reads and writes, done right."""
    parts = -(-tokens // block)
    return 4 * (2 * tokens * width + 2 * parts * tokens * width)


def in_bytes(cases: list[tuple[int, int, int]]) -> dict:
    """Wrong numbers of bytes for each (tokens, width, block)."""

    def each(function: Callable) -> Tensor:
        return torch.tensor([float(function(n, d, m, -(-n // m))) for n, d, m in cases])

    return {
        "Those are numbers, not bytes: a float32 has 4 bytes.": each(
            lambda n, d, m, k: 2 * n * d + 2 * k * n * d
        ),
        "Either the queries or the outputs are missing: those are read once, these written once.": each(
            lambda n, d, m, k: 4 * (n * d + 2 * k * n * d)
        ),
        "Keys and values are read once only: each block of queries reads all of them again.": each(
            lambda n, d, m, k: 4 * (4 * n * d)
        ),
        "The keys are read again for each block of queries, and so are the values.": each(
            lambda n, d, m, k: 4 * (3 * n * d + k * n * d)
        ),
        "You count the keys *or* the values, not both.": each(lambda n, d, m, k: 4 * (2 * n * d + k * n * d)),
        "The scores are counted: they never leave the fast memory.": each(
            lambda n, d, m, k: 4 * (2 * n * d + 2 * k * n * d + n * n)
        ),
        "Each block of queries reads all keys once, so there are N / m rounds, not m.": each(
            lambda n, d, m, k: 4 * (2 * n * d + 2 * m * n * d)
        ),
        "Each *query* reads all keys and values again: those of a block read them together.": each(
            lambda n, d, m, k: 4 * (2 * n * d + 2 * n * n * d)
        ),
        "The last block may be shorter, but it reads all keys as well: round N / m up.": each(
            lambda n, d, m, k: 4 * (2 * n * d + 2 * (n // m) * n * d)
        ),
        "N / m is not rounded: there is no part of a round.": each(
            lambda n, d, m, k: 4 * (2 * n * d + 2 * n / m * n * d)
        ),
        "The queries are read again for each block of keys: a block of them stays until it is done.": each(
            lambda n, d, m, k: 4 * (n * d + 3 * k * n * d)
        ),
        "The width is missing: a query, a key and a value have d numbers each.": each(
            lambda n, d, m, k: 4 * (2 * n + 2 * k * n)
        ),
    }


def masked(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Attention among the allowed tokens, done right."""
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    return scores.masked_fill(~mask, -torch.inf).softmax(dim=-1) @ values


def in_masked(cases: list[tuple[Tensor, Tensor, Tensor, Tensor]]) -> dict:
    """Wrong mixtures for each (queries, keys, values, allowed)."""

    def each(function: Callable) -> list[Tensor]:
        return [function(*case) for case in cases]

    def scores(q: Tensor, k: Tensor) -> Tensor:
        return q @ k.mT / q.shape[-1] ** 0.5

    return {
        "The mask changes nothing: forbidden tokens get weight.": each(
            lambda q, k, v, a: scores(q, k).softmax(dim=-1) @ v
        ),
        "The mask is upside down: True is allowed.": each(
            lambda q, k, v, a: scores(q, k).masked_fill(a, -torch.inf).softmax(dim=-1) @ v
        ),
        "The mask is turned round: its rows are the tokens that ask.": each(
            lambda q, k, v, a: masked(q, k, v, a.mT)
        ),
        "You forbid after the softmax, so the rows no longer sum to 1: forbid before it.": each(
            lambda q, k, v, a: (scores(q, k).softmax(dim=-1) * a) @ v
        ),
        "A score of 0 is not forbidden: exp(0) is 1. Fill in minus infinity.": each(
            lambda q, k, v, a: (scores(q, k) * a).softmax(dim=-1) @ v
        ),
        "The scores are not divided by the square root of d.": each(
            lambda q, k, v, a: (q @ k.mT).masked_fill(~a, -torch.inf).softmax(dim=-1) @ v
        ),
        "You divide by d, not by its square root.": each(
            lambda q, k, v, a: (q @ k.mT / q.shape[-1]).masked_fill(~a, -torch.inf).softmax(dim=-1) @ v
        ),
        "The softmax is over the queries: each *row* must sum to 1, over the keys.": each(
            lambda q, k, v, a: scores(q, k).masked_fill(~a, -torch.inf).softmax(dim=1).nan_to_num() @ v
        ),
        "All allowed tokens count alike: the scores are not used.": each(
            lambda q, k, v, a: (a / a.sum(dim=-1, keepdim=True)) @ v
        ),
        "You exponentiate but do not divide by the sum.": each(
            lambda q, k, v, a: (scores(q, k).exp() * a) @ v
        ),
        "Keys are mixed in place of values.": each(lambda q, k, v, a: masked(q, k, k, a)),
    }
