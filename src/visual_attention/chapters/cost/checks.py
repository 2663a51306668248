"""Checks for the exercises on what attention costs.

Chapter: notebooks/deeper/cost.ipynb
"""

import torch
from torch import Tensor

from visual_attention.chapters.cost import mistakes, pairs
from visual_attention.chapters.cost.local import Windows
from visual_attention.exercises.report import Check, exercise

NAMES = ("best", "total", "mixed")


@exercise(points=4)
def check_take_in(student, check: Check):
    """Best score, total and mixture (B,), (B,), (B, d) take in scores (B, m) with their values (B, m, d)."""
    cases = [_block(check, 3, 5, 2, 0), _block(check, 1, 1, 7, 10), _block(check, 5, 2, 3, 20)]
    got = [tensor for case in cases for tensor in _sums(student, check, case)]
    want = [tensor for case in cases for tensor in mistakes.taken(*case)]
    if not check.equal(got, want, points=2, name="your three sums", mistakes=mistakes.in_step(cases)):
        return

    best, total, mixed, scores, values = _block(check, 3, 5, 2, 30)
    empty = (torch.full_like(best, -torch.inf), 0 * total, 0 * mixed, scores, values)
    got = _sums(student, check, empty, finite=False)
    bad = "From an empty start (a best score of minus infinity, sums of 0) your sums come out wrong."
    if any(x.isnan().any() for x in got):
        bad = "From an empty start your sums are NaN: -inf minus -inf, or 0 times infinity, on the way?"
    good = "It starts from nothing."
    check.that(_same(got, mistakes.taken(*empty)), points=1, good=good, bad=bad)

    large = (best + 500, total, mixed, scores + 1000, values)
    got = _sums(student, check, large, finite=False)
    bad = "Scores of 1000 come out wrong: only differences from the best score may be exponentiated."
    check.that(_same(got, mistakes.taken(*large)), points=1, good="Scores of 1000 do no harm.", bad=bad)


@exercise(points=3)
def check_may_ask(student, check: Check):
    """Which tokens may ask each other in windows with moved borders: (N, N) of True and False."""
    for cases, points, name in (
        ([(4, 2, 0), (6, 3, 0), (6, 2, 0)], 1, "your windows without a shift"),
        ([(4, 2, 1), (6, 3, 1), (8, 4, 3)], 2, "your shifted windows"),
    ):
        got = []
        for side, window, shift in cases:
            count = side**2
            mask = check.call(student, side, window, shift)
            if isinstance(mask, Tensor) and tuple(mask.shape) == (side, side):
                check.stop(
                    f"A mask over pairs of tokens was wanted, ({count}, {count}), got one over places."
                )
            got.append(check.tensor(mask, shape=(count, count), dtype=torch.bool, name="your mask").float())
        want = [mistakes.allowed(*case).float() for case in cases]
        wrong = {
            text: result
            for text, result in mistakes.in_windows(cases).items()
            if not all(torch.equal(r, w) for r, w in zip(result, want, strict=True))
        }
        if not check.equal(got, want, points=points, name=name, mistakes=wrong):
            return


@exercise(points=3)
def check_bytes_moved(student, check: Check):
    """How many bytes attention in blocks reads from slow memory and writes to it."""
    even, odd = [(64, 8, 16), (128, 4, 32), (60, 5, 60)], [(100, 8, 16), (7, 3, 5), (50, 6, 64)]
    for cases, points, name in (
        (even, 2, "your bytes"),
        (odd, 1, "your bytes where the last block is shorter"),
    ):
        got = torch.tensor([_number(check, check.call(student, *case)) for case in cases])
        want = torch.tensor([float(mistakes.moved(*case)) for case in cases])
        wrong = {
            text: result for text, result in mistakes.in_bytes(cases).items() if not torch.equal(result, want)
        }
        if not check.equal(got, want, points=points, name=name, mistakes=wrong):
            return


@exercise(points=4)
def check_masked_attention(student, check: Check):
    """Attention among allowed tokens, (B, N, d), which then has to learn who is whose twin."""
    cases = [_heads(check, 2, 16, 5, 0), _heads(check, 1, 7, 3, 10), _heads(check, 3, 5, 1, 20)]
    got = []
    for queries, keys, values, allowed in cases:
        shapes = {
            (len(queries), *allowed.shape): "Those are the weights: mix the values with them.",
            queries.shape[1:]: "The batch axis is lost.",
        }
        mixed = check.call(student, queries, keys, values, allowed)
        got.append(check.tensor(mixed, shape=values.shape, shapes=shapes, finite=False, name="your mixture"))
    want = [mistakes.masked(*case) for case in cases]
    if not check.equal(got, want, points=2, name="your mixture", mistakes=mistakes.in_masked(cases)):
        return

    everywhere = torch.ones(pairs.COUNT, pairs.COUNT, dtype=torch.bool)
    windows = Windows(pairs.SIDE, window=2).allowed()
    found, _ = check.call(pairs.learn, student, everywhere)
    inside, outside = check.call(pairs.learn, student, windows)
    check.that(
        found > 90,
        points=1,
        good=f"Trained with all tokens allowed, it names {found:.0f} % of the twins (guessing: 25).",
        bad=f"The numbers are right, but nothing is learned: {found:.0f} % of the twins, guessing gives 25. "
        "Does a gradient reach queries, keys and values? A `detach` or `no_grad` stops it.",
    )
    check.that(
        inside > 90 and outside < 40,
        points=1,
        good=f"Trained in windows, it names {inside:.0f} % of the twins inside and {outside:.0f} % of those "
        "outside, which it cannot see.",
        bad=f"Trained in windows, it names {inside:.0f} % of the twins inside and {outside:.0f} % outside: "
        "wanted are nearly all, and no more than guessing.",
    )


def _block(check: Check, batch: int, count: int, width: int, seed: int) -> tuple[Tensor, ...]:
    """Sums so far and a new block; in some rows the new scores are better, in some the old one is."""
    best = 3 * check.random(batch, seed=seed)
    total, mixed = 1 + check.random(batch, seed=seed + 1).abs(), check.random(batch, width, seed=seed + 2)
    scores = 3 * check.random(batch, count, seed=seed + 3)
    return best, total, mixed, scores, check.random(batch, count, width, seed=seed + 4)


def _sums(student, check: Check, case: tuple[Tensor, ...], *, finite: bool = True) -> list[Tensor]:
    """The three tensors of the answer, in the right shapes, or the end of the check."""
    got = check.call(student, *case)
    if not isinstance(got, (tuple, list)) or len(got) != 3:
        check.stop("Three tensors were wanted, `return best, total, mixed`.")
    best, _, mixed = case[:3]
    sizes = (best.shape, best.shape, mixed.shape)
    return [
        check.tensor(tensor, shape=size, finite=finite, name=f"your {name}")
        for tensor, size, name in zip(got, sizes, NAMES, strict=True)
    ]


def _heads(check: Check, batch: int, count: int, width: int, seed: int) -> tuple[Tensor, ...]:
    """Queries, keys, values, and a mask that is not symmetric and leaves each token itself."""
    queries, keys, values = (2 * check.random(batch, count, width, seed=seed + k) for k in range(3))
    allowed = (check.random(count, count, seed=seed + 3) > 0) | torch.eye(count, dtype=torch.bool)
    return queries, keys, values, allowed


def _number(check: Check, got) -> float:
    if isinstance(got, bool) or not isinstance(got, int | float):
        check.stop(f"A number of bytes was wanted, got a value of type {type(got).__name__}.")
    return float(got)


def _same(got: list[Tensor], want: tuple[Tensor, ...]) -> bool:
    pairs_of_sums = zip(got, want, strict=True)
    return all(
        torch.allclose(g.detach().double(), w.double(), rtol=1e-4, atol=1e-5) for g, w in pairs_of_sums
    )
