"""Checks for the exercises on self-attention.

Chapter: notebooks/mechanisms/self_attention.ipynb
"""

import torch

from visual_attention.exercises.report import Check, exercise


@exercise(points=3)
def check_attend(student, check: Check):
    """Queries (B, N, d), keys (B, M, d) and values (B, M, e) become what each query takes, (B, N, e)."""
    draws = [(2, 3, 5, 7, 11), (3, 4, 4, 2, 2)]  # B, N, M, d, e; the second lets swapped axes pass unseen
    inputs = []
    for seed, (batch, asking, asked, width, wide) in enumerate(draws):
        sizes = ((asking, width), (asked, width), (asked, wide))
        inputs.append([2 * check.random(batch, *size, seed=3 * seed + i) for i, size in enumerate(sizes)])
    got = [check.call(student, *tensors) for tensors in inputs]
    shapes = {
        (2, 3, 5): "That is the shape of the weights: mix the values with them, `weights @ values`.",
        (2, 11, 3): "Two axes are exchanged: one row for each query.",
        (2, 3, 7): "That is as wide as the keys: it is the values that are mixed.",
    }
    for each, (queries, _, values) in zip(got, inputs, strict=True):
        check.tensor(each, shape=(*queries.shape[:2], values.shape[-1]), shapes=shapes)
    right = check.equal(got, [_attend(*t) for t in inputs], points=2, mistakes=_in_attention(inputs))
    if not right:
        return
    tensors = [tensor.clone().requires_grad_() for tensor in inputs[0]]
    queries, keys, values = tensors
    check.gradients(check.call(student, *tensors), points=1, queries=queries, keys=keys, values=values)


@exercise(points=2)
def check_split_heads(student, check: Check):
    """Tokens (B, N, D) become (B, h, N, D / h): head 0 gets the first D / h numbers of each token."""
    inputs = [(torch.arange(2.0 * 5 * 12).view(2, 5, 12), 3), (check.random(3, 4, 8), 2)]
    shapes = {
        (2, 5, 3, 4): "The heads belong before the tokens: exchange axes 1 and 2.",
        (2, 3, 4, 5): "The last two axes are exchanged: (B, h, N, D / h) is wanted.",
        (3, 2, 5, 4): "The batch comes first: (B, h, N, D / h).",
        (6, 5, 4): "Keep batch and heads as two axes.",
        (2, 4, 5, 3): "That is D / h heads of h numbers: you want h heads of D / h numbers.",
        (2, 3, 5, 12): "Each head has all D numbers: it gets only its own D / h.",
        (2, 1, 5, 4): "That is one head: all of them are wanted.",
    }
    got = []
    for tokens, heads in inputs:
        got.append(check.call(student, tokens, heads))
        batch, count, width = tokens.shape
        check.tensor(got[-1], shape=(batch, heads, count, width // heads), shapes=shapes)
    wrong = {
        "A `view` or `reshape` straight to (B, h, N, D / h) tears tokens apart: head 0 gets the first tokens "
        "instead of the first numbers. Split the last axis, then exchange axes.": [
            tokens.reshape(len(tokens), heads, tokens.shape[1], -1) for tokens, heads in inputs
        ],
        "Head 0 gets every h-th number of a token: it should get the first D / h. View as (.., h, D / h), "
        "not (.., D / h, h).": [
            tokens.unflatten(2, (-1, heads)).permute(0, 3, 1, 2) for tokens, heads in inputs
        ],
        "The heads are in reverse order.": [_split(tokens, heads).flip(1) for tokens, heads in inputs],
        "All heads hold the same numbers: each gets a part of its own.": [
            _split(tokens, heads)[:, :1].expand(-1, heads, -1, -1) for tokens, heads in inputs
        ],
        "Images of the batch and heads are mixed up: the first axis of the input stays the first.": [
            torch.cat(tokens.chunk(heads, dim=-1)).view(len(tokens), heads, tokens.shape[1], -1)
            for tokens, heads in inputs
        ],
        "The tokens come out in reverse order.": [_split(t, h).flip(2) for t, h in inputs],
        "The numbers within a head are in reverse order.": [_split(t, h).flip(3) for t, h in inputs],
    }
    check.equal(got, [_split(*each) for each in inputs], points=2, mistakes=wrong)


@exercise(points=3)
def check_others_only(student, check: Check):
    """Scores (B, N, N) become weights (B, N, N) with nothing on the diagonal; each row sums to 1."""
    inputs = [2 * check.random(2, 5, 5), check.random(3, 4, 4, seed=1) - 1]
    got = [check.call(student, scores) for scores in inputs]
    for each, scores in zip(got, inputs, strict=True):
        check.tensor(each, shape=scores.shape, finite=False, name="your weights")
    wrong = {text: [f(s) for s in inputs] for text, f in IN_EXCLUSION.items()}
    right = check.equal(
        got, [_others(scores) for scores in inputs], points=2, name="your weights", mistakes=wrong
    )
    if not right:
        return
    large = inputs[0] + 200 * torch.eye(5)  # each token resembles itself most, as it does in practice
    got = check.tensor(check.call(student, large), shape=large.shape, finite=False, name="your weights")
    check.that(
        bool(got.isfinite().all()) and torch.allclose(got, _others(large), atol=1e-5),
        points=1,
        good="A token that resembles itself by far the most still looks at the others.",
        bad="With scores of 200 on the diagonal the rest is lost: forbid the diagonal before the softmax; "
        "afterwards nothing is left to share out.",
    )


def _attend(queries, keys, values, *, divide=None, dim=-1):
    divide = queries.shape[-1] ** 0.5 if divide is None else divide
    return (queries @ keys.mT / divide).softmax(dim=dim) @ values


def _in_attention(inputs):
    """Feedback -> what a mistake in attention gives on each of the inputs."""

    def each(function):
        return [function(*tensors) for tensors in inputs]

    def swapped(q, k, v):
        if q.shape != k.shape:  # cannot be told apart here, so let the other input tell
            return _attend(q, k, v)
        return _attend(k, q, v)

    return {
        "The scale is missing: divide the scores by the square root of d, the width of a query.": each(
            lambda q, k, v: _attend(q, k, v, divide=1)
        ),
        "You divide by d itself: its square root is wanted.": each(
            lambda q, k, v: _attend(q, k, v, divide=q.shape[-1])
        ),
        "You multiply by the square root of d: divide, or wide queries make the softmax hard.": each(
            lambda q, k, v: _attend(q, k, v, divide=q.shape[-1] ** -0.5)
        ),
        "You divide by the root of the number of keys: what counts is the width d of a query.": each(
            lambda q, k, v: _attend(q, k, v, divide=k.shape[1] ** 0.5)
        ),
        "You divide by the root of the values' width: what counts is the width d of a query.": each(
            lambda q, k, v: _attend(q, k, v, divide=v.shape[-1] ** 0.5)
        ),
        "Your weights sum to 1 over the queries (dim=1): each query's should, over the keys (dim=-1).": each(
            lambda q, k, v: _attend(q, k, v, dim=1)
        ),
        "Your weights sum to 1 over the batch (dim=0): a softmax over the keys (dim=-1) is wanted.": each(
            lambda q, k, v: _attend(q, k, v, dim=0)
        ),
        "You scale after the softmax, so that weights no longer sum to 1: scale the scores.": each(
            lambda q, k, v: _attend(q, k, v, divide=1) / q.shape[-1] ** 0.5
        ),
        "There is no softmax: raw scores weigh the values.": each(
            lambda q, k, v: q @ k.mT @ v / q.shape[-1] ** 0.5
        ),
        "That is a sigmoid: weights that do not compete. A softmax over the keys is wanted.": each(
            lambda q, k, v: (q @ k.mT / q.shape[-1] ** 0.5).sigmoid() @ v
        ),
        "All keys count alike: that is the mean of the values, without any scores.": each(
            lambda q, k, v: v.mean(1, keepdim=True).expand(-1, q.shape[1], -1)
        ),
        "Each query takes one value alone: a softmax is wanted, not the largest score.": each(
            lambda q, k, v: torch.stack([b[i] for b, i in zip(v, (q @ k.mT).argmax(-1), strict=True)])
        ),
        "Queries and keys are exchanged: row i belongs to query i.": each(swapped),
    }


def _split(tokens, heads):
    return tokens.unflatten(2, (heads, -1)).transpose(1, 2)


def _own(scores):
    return torch.eye(scores.shape[-1], dtype=torch.bool)


def _others(scores):
    return scores.masked_fill(_own(scores), -torch.inf).softmax(-1)


def _only_past(scores):
    past = torch.ones(scores.shape[-2:]).tril(-1).bool()
    return scores.masked_fill(~past, -torch.inf).softmax(-1).nan_to_num()


IN_EXCLUSION = {
    "Tokens still look at themselves: the diagonal should be 0.": lambda s: s.softmax(-1),
    "The diagonal is 0, but it was cleared after the softmax, so that rows no longer sum to 1.": lambda s: (
        s.softmax(-1).masked_fill(_own(s), 0)
    ),
    "A score of 0 does not forbid: exp(0) is 1. Give the diagonal a score of minus infinity.": lambda s: (
        s.masked_fill(_own(s), 0).softmax(-1)
    ),
    "You lower the diagonal's scores by 1 only: the weights shrink, but do not vanish.": lambda s: (
        s - torch.eye(s.shape[-1])
    ).softmax(-1),
    "The mask is the wrong way round: tokens look at themselves alone.": lambda s: s.masked_fill(
        ~_own(s), -torch.inf
    ).softmax(-1),
    "Columns sum to 1, not rows: a softmax over the last axis is wanted.": lambda s: s.masked_fill(
        _own(s), -torch.inf
    ).softmax(1),
    "You forbid more than the diagonal: a token may look at later tokens and at earlier ones.": _only_past,
    "The diagonal of the result is minus infinity: fill the scores, before the softmax.": lambda s: s.softmax(
        -1
    ).masked_fill(_own(s), -torch.inf),
    "That is the other diagonal: token i is at row i and column i.": lambda s: s.masked_fill(
        _own(s).flip(1), -torch.inf
    ).softmax(-1),
    "All others count alike: their scores have no say.": lambda s: (
        (~_own(s)).expand(s.shape) / (s.shape[-1] - 1.0)
    ),
}
