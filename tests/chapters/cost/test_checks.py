"""The checks on the cost of attention against plausible wrong answers."""

import pytest
import torch

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.cost import checks

solved = solutions("cost")


def step(shrink_total=torch.exp, shrink_mixed=torch.exp, top=torch.maximum, against="new"):
    def answer(best, total, mixed, scores, values):
        new = top(best, scores.amax(dim=1))
        raised = torch.exp(scores - (new if against == "new" else best)[:, None])
        summed = (raised[:, :, None] * values).sum(dim=1)
        return (
            new,
            shrink_total(best - new) * total + raised.sum(1),
            shrink_mixed(best - new)[:, None] * mixed + summed,
        )

    return answer


def one(x):
    return torch.ones_like(x)


def divided(best, total, mixed, scores, values):
    new, total, mixed = solved.take_in(best, total, mixed, scores, values)
    return new, total, mixed / total[:, None]


def shares_of_block(best, total, mixed, scores, values):
    new, shares = torch.maximum(best, scores.amax(1)), scores.softmax(1)
    shrink = (best - new).exp()
    return new, shrink * total + 1, shrink[:, None] * mixed + (shares[..., None] * values).sum(1)


def shared_best(best, total, mixed, scores, values):
    new = torch.maximum(best, scores.max())
    raised, shrink = (scores - new[:, None]).exp(), (best - new).exp()
    return new, shrink * total + raised.sum(1), shrink[:, None] * mixed + (raised[..., None] * values).sum(1)


def overflowing(best, total, mixed, scores, values):
    new = torch.maximum(best, scores.amax(1))
    raised = scores.exp() / new.exp()[:, None]
    shrink = best.exp() / new.exp()
    return new, shrink * total + raised.sum(1), shrink[:, None] * mixed + (raised[..., None] * values).sum(1)


def not_from_nothing(best, total, mixed, scores, values):
    new = torch.maximum(best, scores.amax(1))
    raised, ratio = (scores - new[:, None]).exp(), (best - new) / 1
    shrink = (ratio + 0 * best).exp()  # 0 times minus infinity
    return new, shrink * total + raised.sum(1), shrink[:, None] * mixed + (raised[..., None] * values).sum(1)


TAKE_IN = {
    "they must shrink by exp(old best - new best)": step(one, one),
    "You shrink the total, but not what is mixed": step(shrink_mixed=one),
    "You shrink what is mixed, but not the total": step(shrink_total=one),
    "The factor is upside down": step(lambda x: (-x).exp(), lambda x: (-x).exp()),
    "looks at the new scores only": step(top=lambda old, new: new),
    "measured against the old best score: use the new one": step(against="old"),
    "All queries share one best score": shared_best,
    "You divide by the total already": divided,
    "You take a softmax of the new scores": shares_of_block,
    "only the new block counts": lambda b, t, m, s, v: solved.take_in(b, 0 * t, 0 * m, s, v),
    "The values are not used": lambda b, t, m, s, v: solved.take_in(b, t, m, s, torch.ones_like(v)),
    "Scores of 1000 come out wrong": overflowing,
    "from an empty start. It holds NaN": not_from_nothing,
    "Three tensors were wanted": lambda *case: solved.take_in(*case)[2],
    "Your mixed has the wrong shape": lambda *case: (*solved.take_in(*case)[:2], case[2][0]),
    "Your total has the wrong shape": lambda b, t, m, s, v: (b, s, m),
}


def cut(side, window, shift, of_row=True, of_column=True, wrap=False):
    place = torch.arange(side**2)
    row, column = place // side - shift, place % side - shift
    if wrap:
        row, column = row % side, column % side
    row, column = row // window, column // window
    yes = torch.ones(side**2, side**2, dtype=torch.bool)
    if of_row:
        yes &= row[:, None] == row
    return yes & (column[:, None] == column) if of_column else yes


def along_a_line(side, window, shift):
    part = (torch.arange(side**2) - shift) // window
    return part[:, None] == part


def runs(side, window, shift):
    part = (torch.arange(side**2) - shift) // window**2
    return part[:, None] == part


def around_itself(side, window, shift):
    place = torch.arange(side**2)
    rows, columns = place // side, place % side
    far = torch.maximum((rows[:, None] - rows).abs(), (columns[:, None] - columns).abs())
    return far < window


MAY_ASK = {
    "True where a token may *not* ask": lambda *case: ~solved.may_ask(*case),
    "The shift changes nothing": lambda side, window, shift: solved.may_ask(side, window, 0),
    "The borders move the wrong way": lambda side, window, shift: solved.may_ask(side, window, -shift),
    "The windows wrap round": lambda *case: cut(*case, wrap=True),
    "windows along a line: tokens lie": along_a_line,
    "runs of w * w tokens": runs,
    "a window of its own, around itself": around_itself,
    "Only the rows are cut": lambda *case: cut(*case, of_column=False),
    "Only the columns are cut": lambda *case: cut(*case, of_row=False),
    "Everybody may ask everybody": lambda side, window, shift: torch.ones(side**2, side**2, dtype=torch.bool),
    "one over places": lambda side, window, shift: torch.ones(side, side, dtype=torch.bool),
    "wanted booleans, got float32": lambda *case: solved.may_ask(*case).float(),
}


def rounds(n, m):
    return -(-n // m)


BYTES_MOVED = {
    "numbers, not bytes": lambda n, d, m: solved.bytes_moved(n, d, m) // 4,
    "Either the queries or the outputs": lambda n, d, m: solved.bytes_moved(n, d, m) - 4 * n * d,
    "read once only": lambda n, d, m: 16 * n * d,
    "and so are the values": lambda n, d, m: 4 * (3 * n * d + rounds(n, m) * n * d),
    "the keys *or* the values": lambda n, d, m: 4 * (2 * n * d + rounds(n, m) * n * d),
    "The scores are counted": lambda n, d, m: solved.bytes_moved(n, d, m) + 4 * n * n,
    "there are N / m rounds, not m": lambda n, d, m: 8 * n * d * (1 + m),
    "Each *query* reads all keys": lambda n, d, m: 8 * n * d * (1 + n),
    "round N / m up": lambda n, d, m: 8 * n * d * (1 + n // m),
    "there is no part of a round": lambda n, d, m: 8 * n * d * (1 + n / m),
    "a block of them stays until it is done": lambda n, d, m: 4 * n * d * (1 + 3 * rounds(n, m)),
    "The width is missing": lambda n, d, m: 8 * n * (1 + rounds(n, m)),
}


def score(q, k):
    return q @ k.mT / q.shape[-1] ** 0.5


def low(s, a):
    return s.masked_fill(~a, -torch.inf)


MASKED_ATTENTION = {
    "forbidden tokens get weight": lambda q, k, v, a: score(q, k).softmax(-1) @ v,
    "The mask is upside down": lambda q, k, v, a: low(score(q, k), ~a).softmax(-1) @ v,
    "The mask is turned round": lambda q, k, v, a: solved.masked_attention(q, k, v, a.mT),
    "You forbid after the softmax": lambda q, k, v, a: (score(q, k).softmax(-1) * a) @ v,
    "A score of 0 is not forbidden": lambda q, k, v, a: (score(q, k) * a).softmax(-1) @ v,
    "not divided by the square root": lambda q, k, v, a: low(q @ k.mT, a).softmax(-1) @ v,
    "You divide by d, not": lambda q, k, v, a: low(q @ k.mT / q.shape[-1], a).softmax(-1) @ v,
    "The softmax is over the queries": lambda q, k, v, a: low(score(q, k), a).softmax(1) @ v,
    "All allowed tokens count alike": lambda q, k, v, a: (
        (a / a.sum(-1, keepdim=True)).expand(len(q), -1, -1) @ v
    ),
    "do not divide by the sum": lambda q, k, v, a: (score(q, k).exp() * a) @ v,
    "Keys are mixed in place of values": lambda q, k, v, a: solved.masked_attention(q, k, k, a),
    "Those are the weights: mix": lambda q, k, v, a: low(score(q, k), a).softmax(-1),
    "nothing is learned": lambda q, k, v, a: solved.masked_attention(q.detach(), k.detach(), v, a),
}


WRONG = {
    "check_take_in": TAKE_IN,
    "check_may_ask": MAY_ASK,
    "check_bytes_moved": BYTES_MOVED,
    "check_masked_attention": MASKED_ATTENTION,
}


@pytest.mark.slow
def test_checks():
    contract(checks, solved, WRONG)


def test_float64_answers_keep_their_marks():
    def double(best, total, mixed, scores, values):
        return tuple(x.double() for x in solved.take_in(best, total, mixed, scores, values))

    assert checks.check_take_in(double).score == 4


def test_a_float_that_is_right_is_right():
    assert checks.check_bytes_moved(lambda n, d, m: float(solved.bytes_moved(n, d, m))).score == 3


def test_nothing_is_trained_before_the_numbers_are_right(monkeypatch):
    monkeypatch.setattr(checks.pairs, "learn", lambda *case: 1 / 0)
    assert checks.check_masked_attention(lambda q, k, v, a: v).score == 0
