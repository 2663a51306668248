"""Checks for the exercises on channel attention.

Chapter: notebooks/mechanisms/channel.ipynb
"""

import math

import torch
from torch import Tensor

from visual_attention.exercises.report import Check, exercise

PLACES = (2, 3)
NAME = "your result"


@exercise(points=4)
def check_squeeze_excite(student, check: Check):
    """Gate the channels of (B, C, H, W) by sigmoid(second relu(first average))."""
    cases = [_case(check, 2, 5, 3, 7, hidden=3), _case(check, 3, 7, 2, 5, hidden=2, seed=10)]
    got = []
    for x, first, second in cases:
        out = check.call(student, x, first, second)
        got.append(check.tensor(out, shape=x.shape, shapes=_gate_shapes(*x.shape), name=NAME))
    want = [x * gates(x.mean(PLACES), f, s) for x, f, s in cases]
    if not check.equal(got, want, points=3, name=NAME, mistakes=_in_excitation(cases)):
        return
    leaves = [tensor.clone().requires_grad_() for tensor in cases[0]]
    out = check.call(student, *leaves)
    check.gradients(out, points=1, x=leaves[0], first=leaves[1], second=leaves[2])


@exercise(points=3)
def check_channel_gates(student, check: Check):
    """CBAM's gates (B, C, 1, 1): one network for averages and for maxima, and the sigmoid of the sum."""
    cases = [_case(check, 2, 5, 3, 7, hidden=3, seed=20), _case(check, 3, 7, 2, 5, hidden=2, seed=30)]
    got = []
    for x, first, second in cases:
        b, c, h, w = x.shape
        shapes = {
            (b, c): "The gates may be right, but two axes are missing: `[:, :, None, None]`.",
            (b, c, h, w): "That is a value for each place: return the gates, do not apply them.",
            (b, c, 1): "One axis is missing: the gates must broadcast onto (B, C, H, W).",
            (b, 2 * c, 1, 1): "Averages and maxima lie side by side: add the two answers of the network.",
            (b, 1, h, w): "You pooled the channels: pool the places, dim=(2, 3).",
            (1, c, 1, 1): "The images share their gates: the batch axis is lost.",
        }
        out = check.call(student, x, first, second)
        got.append(check.tensor(out, shape=(b, c, 1, 1), shapes=shapes, name="your gates"))
    want = [_open(_answer(x.mean(PLACES), f, s) + _answer(x.amax(PLACES), f, s)) for x, f, s in cases]
    check.equal(got, want, points=3, name="your gates", mistakes=_in_channel_gates(cases))


@exercise(points=3)
def check_eca_kernel_size(student, check: Check):
    """The odd number nearest to (log2(C) + offset) / gamma, upwards from the middle."""
    counts = (2, 8, 16, 32, 64, 100, 128, 256, 512, 2048)
    got = _whole_numbers(check, student, [(c,) for c in counts])

    def each(rule):
        return torch.tensor([float(rule(math.log2(c))) for c in counts])

    want = each(lambda bits: _odd((bits + 1) / 2))
    wrong = {
        "Even numbers occur: a window of even length has no middle.": each(lambda bits: int((bits + 1) / 2)),
        "Too small in places: do you take the next odd number *below*, or subtract the offset?": each(
            lambda bits: max(1, 2 * ((int((bits + 1) / 2) - 1) // 2) + 1)
        ),
        "One step too wide: 2 too much everywhere.": want + 2,
        "The offset is lost: (log2(C) + offset) / gamma.": each(lambda bits: _odd(bits / 2)),
        "You add the offset after the division by gamma: add it before.": each(
            lambda bits: _odd(bits / 2 + 1)
        ),
        "That is the natural logarithm: log2 is wanted.": each(
            lambda bits: _odd((bits * math.log(2) + 1) / 2)
        ),
        "That is the logarithm to base 10: log2 is wanted.": each(
            lambda bits: _odd((bits * math.log10(2) + 1) / 2)
        ),
        "gamma is lost: divide by it.": each(lambda bits: _odd(bits + 1)),
        "You multiply by gamma: divide by it.": each(lambda bits: _odd(2 * (bits + 1))),
        "There is no logarithm: the window must grow far more slowly than C.": torch.tensor(
            [float(_odd((c + 1) / 2)) for c in counts]
        ),
        "Always 3: the window must grow with the number of channels.": torch.full((len(counts),), 3.0),
    }
    if not check.equal(got, want, points=2, name="your window", mistakes=wrong):
        return
    others = [(64, 1.0, 1.0), (64, 2.0, 3.0), (1000, 3.0, 0.0), (2048, 1.5, 2.0)]
    got = _whole_numbers(check, student, others)
    want = torch.tensor([float(_odd((math.log2(c) + b) / g)) for c, g, b in others])
    wrong = {
        "Another gamma or offset changes nothing: use the arguments, not 2 and 1.": torch.tensor(
            [float(_odd((math.log2(c) + 1) / 2)) for c, _, _ in others]
        )
    }
    check.equal(got, want, points=1, name="your window for another gamma and offset", mistakes=wrong)


@exercise(points=3)
def check_shuffle_places(student, check: Check):
    """The places of (B, C, H, W) in a new order, the same for each channel and image."""
    inputs = [check.random(2, 5, 3, 7), check.random(3, 2, 5, 2, seed=1)]
    orders = [_order(x, seed) for seed, x in enumerate(inputs)]
    got = []
    for x, order in zip(inputs, orders, strict=True):
        b, c, h, w = x.shape
        shapes = {
            (b, c, h * w): "The order may be right, but the places are still flat: bring H and W back.",
            (b, h * w, c): "The places are still flat, and channels come last: bring (B, C, H, W) back.",
            (b, c, w, h): "H and W have changed places.",
        }
        out = check.call(student, x, order)
        got.append(check.tensor(out, shape=x.shape, shapes=shapes, name=NAME))

    def each(function):
        return [function(x, order) for x, order in zip(inputs, orders, strict=True)]

    def flat(function):
        return each(lambda x, order: function(x.flatten(2), order).view_as(x))

    wrong = {
        "Nothing has moved.": inputs,
        "That is the way back: place i should get what lay at place order[i].": flat(
            lambda x, order: x[:, :, order.argsort()]
        ),
        "Channels and places are mixed up: a `reshape` to (B, H*W, C) does not move an axis.": each(
            lambda x, order: x.reshape(len(x), -1, x.shape[1])[:, order].reshape(x.shape)
        ),
        "H and W are mixed up: you count the places column by column, not row by row.": each(
            lambda x, order: x.mT.flatten(2)[:, :, order].view(*x.shape[:2], x.shape[3], x.shape[2]).mT
        ),
        "The places come in reverse: use `order`.": flat(lambda x, order: x.flip(2)),
        "The rows are moved as a whole: places must move one by one.": each(
            lambda x, order: x[:, :, order[order < x.shape[2]]]
        ),
        "The columns are moved as a whole: places must move one by one.": each(
            lambda x, order: x[:, :, :, order[order < x.shape[3]]]
        ),
        "The channels are moved, not the places.": each(lambda x, order: x[:, order[order < x.shape[1]]]),
        "The places are sorted by value: use `order`.": flat(lambda x, order: x.sort(2).values),
        "All images show the first one: the batch axis is lost.": flat(
            lambda x, order: x[:1, :, order].expand_as(x)
        ),
        "All channels show the first one: the channel axis is lost.": flat(
            lambda x, order: x[:, :1, order].expand_as(x)
        ),
    }
    check.equal(got, flat(lambda x, order: x[:, :, order]), points=3, name=NAME, mistakes=wrong)


def gates(squeezed: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The right gates, (B, C) -> (B, C, 1, 1)."""
    return _open(_answer(squeezed, first, second))


def _answer(squeezed: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return (squeezed @ first.T).relu() @ second.T


def _open(scores: Tensor) -> Tensor:
    return scores.sigmoid()[:, :, None, None]


def _odd(t: float) -> int:
    return 2 * (int(abs(t)) // 2) + 1


def _order(x: Tensor, seed: int) -> Tensor:
    return torch.randperm(x[0, 0].numel(), generator=torch.Generator().manual_seed(seed))


def _case(check: Check, *size: int, hidden: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """A feature map and two matrices, so drawn that some hidden units are shut and some open."""
    x = 2 * check.random(*size, seed=seed) + check.random(*size[:2], 1, 1, seed=seed + 1)
    return x, check.random(hidden, size[1], seed=seed + 2), check.random(size[1], hidden, seed=seed + 3)


def _whole_numbers(check: Check, student, calls: list[tuple]) -> Tensor:
    """What the student's function says to each call, as a tensor; ends the check unless they are integers."""
    numbers = []
    for arguments in calls:
        got = check.call(student, *arguments)
        if isinstance(got, float):
            check.stop(f"A whole number (an int) was wanted, got the float `{got:g}`.")
        if isinstance(got, bool) or not isinstance(got, int):
            check.stop(f"A whole number (an int) was wanted, got {type(got).__name__}.")
        numbers.append(float(got))
    return torch.tensor(numbers)


def _gate_shapes(b: int, c: int, h: int, w: int) -> dict:
    return {
        (b, c): "Those are the gates alone: multiply the input by them.",
        (b, c, 1, 1): "Those are the gates alone: multiply the input by them.",
        (b, c, c, h, w): "An axis too many: the gates must be (B, C, 1, 1) to meet the input.",
    }


def _in_excitation(cases: list) -> dict:
    def each(function):
        return [function(x, first, second) for x, first, second in cases]

    return {
        "That squeezes by the maximum: the average is wanted.": each(
            lambda x, f, s: x * gates(x.amax(PLACES), f, s)
        ),
        "That squeezes by the sum: the average is wanted.": each(
            lambda x, f, s: x * gates(x.sum(PLACES), f, s)
        ),
        "The ReLU between the two layers is lost: without it they are one linear layer.": each(
            lambda x, f, s: x * _open(x.mean(PLACES) @ f.T @ s.T)
        ),
        "A sigmoid stands where the ReLU belongs, between the layers.": each(
            lambda x, f, s: x * _open((x.mean(PLACES) @ f.T).sigmoid() @ s.T)
        ),
        "That is a softmax: channels share a budget of 1. A sigmoid asks each channel alone.": each(
            lambda x, f, s: x * _answer(x.mean(PLACES), f, s).softmax(1)[:, :, None, None]
        ),
        "The sigmoid is lost: a gate must lie between 0 and 1.": each(
            lambda x, f, s: x * _answer(x.mean(PLACES), f, s)[:, :, None, None]
        ),
        "You add the input to the gated input: that is a residual, which SE leaves to the network.": each(
            lambda x, f, s: x + x * gates(x.mean(PLACES), f, s)
        ),
        "You add the gates to the input: multiply.": each(lambda x, f, s: x + gates(x.mean(PLACES), f, s)),
        "All images are gated by the first one's gates.": each(
            lambda x, f, s: x * gates(x.mean(PLACES), f, s)[:1]
        ),
        "All images share the batch's average: average over dim=(2, 3), not over dim=0.": each(
            lambda x, f, s: x * gates(x.mean((0, 2, 3))[None], f, s)
        ),
        "The result is the input: the gates are not applied.": each(lambda x, f, s: x),
        "A second ReLU, before the sigmoid: no gate can fall below 0.5.": each(
            lambda x, f, s: x * _open(_answer(x.mean(PLACES), f, s).relu())
        ),
        "Those are the gates alone, spread over the places: multiply the input by them.": each(
            lambda x, f, s: gates(x.mean(PLACES), f, s).expand_as(x)
        ),
    }


def _in_channel_gates(cases: list) -> dict:
    def each(function):
        return [function(x.mean(PLACES), x.amax(PLACES), f, s) for x, f, s in cases]

    return {
        "The maxima are not used: that is squeeze and excitation.": each(lambda a, m, f, s: gates(a, f, s)),
        "The averages are not used: both are wanted.": each(lambda a, m, f, s: gates(m, f, s)),
        "You add average and maximum before the network: it has to answer to each, and its ReLU makes the "
        "difference.": each(lambda a, m, f, s: gates(a + m, f, s)),
        "You take the mean of the two answers: their sum is wanted.": each(
            lambda a, m, f, s: _open((_answer(a, f, s) + _answer(m, f, s)) / 2)
        ),
        "You add two sigmoids: gates could reach 2. Add the scores, then take one sigmoid.": each(
            lambda a, m, f, s: gates(a, f, s) + gates(m, f, s)
        ),
        "You multiply two sigmoids: add the scores, then take one sigmoid.": each(
            lambda a, m, f, s: gates(a, f, s) * gates(m, f, s)
        ),
        "The ReLU between the layers is lost.": each(lambda a, m, f, s: _open((a + m) @ f.T @ s.T)),
        "The sigmoid is lost: a gate must lie between 0 and 1.": each(
            lambda a, m, f, s: (_answer(a, f, s) + _answer(m, f, s))[:, :, None, None]
        ),
        "That is a softmax: the channels share a budget of 1.": each(
            lambda a, m, f, s: (_answer(a, f, s) + _answer(m, f, s)).softmax(1)[:, :, None, None]
        ),
        "The larger of the two answers is taken: their sum is wanted.": each(
            lambda a, m, f, s: _open(torch.maximum(_answer(a, f, s), _answer(m, f, s)))
        ),
        "All images get the first one's gates.": each(
            lambda a, m, f, s: _open(_answer(a, f, s) + _answer(m, f, s))[:1].expand(len(a), -1, -1, -1)
        ),
        "A second ReLU, before the sigmoid: no gate can fall below 0.5.": each(
            lambda a, m, f, s: _open((_answer(a, f, s) + _answer(m, f, s)).relu())
        ),
    }
