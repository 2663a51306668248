"""What is right in the exercises on what attention costs, and plausible mistakes: feedback -> the function."""

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


def _summed(scores_of) -> Callable:
    """A step whose exponentials a function makes of (best, new best, scores)."""

    def step(best: Tensor, total: Tensor, mixed: Tensor, scores: Tensor, values: Tensor) -> Sums:
        new = torch.maximum(best, scores.amax(dim=1))
        raised, shrink = scores_of(best, new, scores), torch.exp(best - new)
        summed = torch.einsum("bm,bmd->bd", raised, values)
        return new, shrink * total + raised.sum(dim=1), shrink[:, None] * mixed + summed

    return step


def _divided(*case: Tensor) -> Sums:
    new, total, mixed = taken(*case)
    return new, total, mixed / total[:, None]


def _overflowing(best: Tensor, total: Tensor, mixed: Tensor, scores: Tensor, values: Tensor) -> Sums:
    new = torch.maximum(best, scores.amax(dim=1))
    raised, shrink = scores.exp() / new.exp()[:, None], best.exp() / new.exp()
    summed = torch.einsum("bm,bmd->bd", raised, values)
    return new, shrink * total + raised.sum(dim=1), shrink[:, None] * mixed + summed


STEP = {
    "The old sums are kept as they were: they were measured against a smaller best score, so they must shrink by "
    "exp(old best - new best).": lambda *case: _step(
        *case, shrink_total=torch.ones_like, shrink_mixed=torch.ones_like
    ),
    "You shrink the total, but not what is mixed: both were measured against the old best score.": lambda *case: (
        _step(*case, shrink_mixed=torch.ones_like)
    ),
    "You shrink what is mixed, but not the total: both were measured against the old best score.": lambda *case: (
        _step(*case, shrink_total=torch.ones_like)
    ),
    "The factor is upside down: exp(new best - old best) makes the old sums grow.": lambda *case: _step(
        *case, shrink_total=lambda x: (-x).exp(), shrink_mixed=lambda x: (-x).exp()
    ),
    "The new best score looks at the new scores only: an old one may be larger.": lambda *case: _step(
        *case, top=lambda old, new: new
    ),
    "The new scores are measured against the old best score: use the new one.": _summed(
        lambda best, new, scores: torch.exp(scores - best[:, None])
    ),
    "All queries share one best score: each has its own.": lambda *case: _step(
        *case, top=lambda old, new: torch.maximum(old, new.max())
    ),
    "You divide by the total already: keep the sum, and divide after the last block.": _divided,
    "You take a softmax of the new scores: then each block counts for 1, whatever its scores. Only exponentiate.": (
        _summed(lambda best, new, scores: scores.softmax(dim=1))
    ),
    "The old sums are forgotten: only the new block counts.": lambda best, total, mixed, *new: taken(
        best, 0 * total, 0 * mixed, *new
    ),
    "The values are not used: mixed is a sum of exponentials times *values*.": lambda *case: taken(
        *case[:-1], torch.ones_like(case[-1])
    ),
    "Scores of 1000 come out wrong: only differences from the best score may be exponentiated.": _overflowing,
}


def allowed(side: int, window: int, shift: int) -> Tensor:
    """Which tokens (columns) a token (row) may ask in windows whose borders are moved."""
    row, column = torch.arange(side**2) // side, torch.arange(side**2) % side
    number = ((row - shift) // window) * side + (column - shift) // window
    return number[:, None] == number[None, :]


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


WINDOWS = {
    "That is upside down: True where a token may *not* ask.": lambda *case: ~allowed(*case),
    "The shift changes nothing: move the borders before you divide.": lambda side, window, shift: allowed(
        side, window, 0
    ),
    "The borders move the wrong way: with a shift of s, the first window ends after s rows.": lambda side, window, shift: (
        allowed(side, window, -shift)
    ),
    "The windows wrap round: tokens of opposite rims may ask each other. At the rim, windows are smaller instead.": wrapped,
    "Those are windows along a line: tokens lie row by row on a grid, so a window has rows and columns.": line,
    "Those are runs of w * w tokens along a line: a window is a square on the grid.": square_line,
    "Each token has a window of its own, around itself: here borders are the same for all.": near,
    "Only the rows are cut into windows: the columns are, too.": rows_only,
    "Only the columns are cut into windows: the rows are, too.": columns_only,
    "Everybody may ask everybody.": lambda side, window, shift: torch.ones(
        side**2, side**2, dtype=torch.bool
    ),
    "A mask over pairs of tokens is wanted, (N, N): that is one over places.": lambda side, window, shift: (
        torch.ones(side, side, dtype=torch.bool)
    ),
}


def moved(tokens: int, width: int, block: int) -> float:
    """Bytes that attention in blocks reads and writes, done right."""
    return in_rounds(lambda n, d, m, k: 4 * (2 * n * d + 2 * k * n * d))(tokens, width, block)


def in_rounds(function: Callable) -> Callable:
    """A number of bytes from tokens, width, block and the number of rounds."""
    return lambda tokens, width, block: float(function(tokens, width, block, -(-tokens // block)))


BYTES = {
    text: in_rounds(function)
    for text, function in {
        "Those are numbers, not bytes: a float32 has 4 bytes.": lambda n, d, m, k: 2 * n * d + 2 * k * n * d,
        "Either the queries or the outputs are missing: those are read once, these written once.": lambda n, d, m, k: (
            4 * (n * d + 2 * k * n * d)
        ),
        "Keys and values are read once only: each block of queries reads all of them again.": lambda n, d, m, k: (
            4 * (4 * n * d)
        ),
        "The keys are read again for each block of queries, and so are the values.": lambda n, d, m, k: (
            4 * (3 * n * d + k * n * d)
        ),
        "You count the keys *or* the values, not both.": lambda n, d, m, k: 4 * (2 * n * d + k * n * d),
        "The scores are counted: they never leave the fast memory.": lambda n, d, m, k: (
            4 * (2 * n * d + 2 * k * n * d + n * n)
        ),
        "Each block of queries reads all keys once, so there are N / m rounds, not m.": lambda n, d, m, k: (
            4 * (2 * n * d + 2 * m * n * d)
        ),
        "Each *query* reads all keys and values again: those of a block read them together.": lambda n, d, m, k: (
            4 * (2 * n * d + 2 * n * n * d)
        ),
        "The last block may be shorter, but it reads all keys as well: round N / m up.": lambda n, d, m, k: (
            4 * (2 * n * d + 2 * (n // m) * n * d)
        ),
        "N / m is not rounded: there is no part of a round.": lambda n, d, m, k: (
            4 * (2 * n * d + 2 * n / m * n * d)
        ),
        "The queries are read again for each block of keys: a block of them stays until it is done.": lambda n, d, m, k: (
            4 * (n * d + 3 * k * n * d)
        ),
        "The width is missing: a query, a key and a value have d numbers each.": lambda n, d, m, k: (
            4 * (2 * n + 2 * k * n)
        ),
    }.items()
}


def masked(queries: Tensor, keys: Tensor, values: Tensor, allowed: Tensor) -> Tensor:
    """Attention among the allowed tokens, done right."""
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    return scores.masked_fill(~allowed, -torch.inf).softmax(dim=-1) @ values


def scores(q: Tensor, k: Tensor) -> Tensor:
    return q @ k.mT / q.shape[-1] ** 0.5


MASKED = {
    "The mask changes nothing: forbidden tokens get weight.": lambda q, k, v, a: (
        scores(q, k).softmax(dim=-1) @ v
    ),
    "The mask is upside down: True is allowed.": lambda q, k, v, a: (
        scores(q, k).masked_fill(a, -torch.inf).softmax(dim=-1) @ v
    ),
    "The mask is turned round: its rows are the tokens that ask.": lambda q, k, v, a: masked(q, k, v, a.mT),
    "You forbid after the softmax, so the rows no longer sum to 1: forbid before it.": lambda q, k, v, a: (
        scores(q, k).softmax(dim=-1) * a @ v
    ),
    "A score of 0 is not forbidden: exp(0) is 1. Fill in minus infinity.": lambda q, k, v, a: (
        (scores(q, k) * a).softmax(dim=-1) @ v
    ),
    "The scores are not divided by the square root of d.": lambda q, k, v, a: (
        (q @ k.mT).masked_fill(~a, -torch.inf).softmax(dim=-1) @ v
    ),
    "You divide by d, not by its square root.": lambda q, k, v, a: (
        (q @ k.mT / q.shape[-1]).masked_fill(~a, -torch.inf).softmax(dim=-1) @ v
    ),
    "The softmax is over the queries: each *row* must sum to 1, over the keys.": lambda q, k, v, a: (
        scores(q, k).masked_fill(~a, -torch.inf).softmax(dim=1).nan_to_num() @ v
    ),
    "All allowed tokens count alike: the scores are not used.": lambda q, k, v, a: (
        a.to(v.dtype) / a.sum(dim=-1, keepdim=True) @ v
    ),
    "Those are the weights: mix the values with them.": lambda q, k, v, a: (
        scores(q, k).masked_fill(~a, -torch.inf).softmax(dim=-1)
    ),
    "You exponentiate but do not divide by the sum.": lambda q, k, v, a: scores(q, k).exp() * a @ v,
    "Keys are mixed in place of values.": lambda q, k, v, a: masked(q, k, k, a),
}
