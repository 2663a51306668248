"""What is right in the exercises on self-attention, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F


def attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Scaled dot-product attention."""
    return scaled(queries, keys, values)


def scaled(q: Tensor, k: Tensor, v: Tensor, *, divide: float | None = None, dim: int = -1) -> Tensor:
    """Attention with another scale, or with a softmax over another axis."""
    divide = q.shape[-1] ** 0.5 if divide is None else divide
    return (q @ k.mT / divide).softmax(dim=dim) @ v


def raised(q: Tensor, k: Tensor, v: Tensor, largest) -> Tensor:
    """Attention with exponentials by hand."""
    scores = q @ k.mT / q.shape[-1] ** 0.5
    e = (scores - largest(scores)).exp()
    return e / e.sum(-1, keepdim=True) @ v


ATTEND = {
    "The scale is missing: divide the scores by the square root of d, the width of a query.": lambda q, k, v: (
        scaled(q, k, v, divide=1)
    ),
    "You divide by d itself: its square root is wanted.": lambda q, k, v: scaled(q, k, v, divide=q.shape[-1]),
    "You multiply by the square root of d: divide, or wide queries make the softmax hard.": lambda q, k, v: (
        scaled(q, k, v, divide=q.shape[-1] ** -0.5)
    ),
    "You divide by the root of the number of keys: what counts is the width d of a query.": lambda q, k, v: (
        scaled(q, k, v, divide=k.shape[1] ** 0.5)
    ),
    "You divide by the root of the values' width: what counts is the width d of a query.": lambda q, k, v: (
        scaled(q, k, v, divide=v.shape[-1] ** 0.5)
    ),
    "Your weights sum to 1 over the queries (dim=1): each query's should, over the keys (dim=-1).": lambda q, k, v: (
        scaled(q, k, v, dim=1)
    ),
    "Your weights sum to 1 over the batch (dim=0): a softmax over the keys (dim=-1) is wanted.": lambda q, k, v: (
        scaled(q, k, v, dim=0)
    ),
    "You scale after the softmax, so that weights no longer sum to 1: scale the scores.": lambda q, k, v: (
        scaled(q, k, v, divide=1) / q.shape[-1] ** 0.5
    ),
    "There is no softmax: raw scores weigh the values.": lambda q, k, v: q @ k.mT @ v / q.shape[-1] ** 0.5,
    "That is a sigmoid: weights that do not compete. A softmax over the keys is wanted.": lambda q, k, v: (
        (q @ k.mT / q.shape[-1] ** 0.5).sigmoid() @ v
    ),
    "All keys count alike: that is the mean of the values, without any scores.": lambda q, k, v: v.mean(
        1, keepdim=True
    ).expand(-1, q.shape[1], -1),
    "Each query takes one value alone: a softmax is wanted, not the largest score.": lambda q, k, v: (
        torch.stack([b[i] for b, i in zip(v, (q @ k.mT).argmax(-1), strict=True)])
    ),
    "Queries and keys are exchanged: row i belongs to query i.": lambda q, k, v: attention(k, q, v),
    "That is the weights: mix the values with them, `weights @ values`.": lambda q, k, v: (
        q @ k.mT / q.shape[-1] ** 0.5
    ).softmax(-1),
    "You mix the keys: it is the values that are mixed.": lambda q, k, v: attention(q, k, k),
    "`exp` overflows where scores are large: take each row's largest score off first, or let torch's `softmax` do "
    "it.": lambda q, k, v: raised(q, k, v, lambda s: 0.0),
    "You take the largest score of the whole batch off: each row's own, or nothing is left of the others.": (
        lambda q, k, v: raised(q, k, v, torch.max)
    ),
}


def split(tokens: Tensor, heads: int) -> Tensor:
    """Each head's own numbers of each token."""
    return tokens.unflatten(2, (heads, tokens.shape[2] // heads)).transpose(1, 2)


SPLIT = {
    "A `view` or `reshape` straight to (B, h, N, D / h) tears tokens apart: head 0 gets the first tokens instead of "
    "the first numbers. Split the last axis, then exchange axes.": lambda t, h: t.reshape(
        len(t), h, t.shape[1], t.shape[2] // h
    ),
    "Head 0 gets every h-th number of a token: it should get the first D / h. View as (.., h, D / h), not (.., D / h, "
    "h).": lambda t, h: t.unflatten(2, (t.shape[2] // h, h)).permute(0, 3, 1, 2),
    "The heads are in reverse order.": lambda t, h: split(t, h).flip(1),
    "All heads hold the same numbers: each gets a part of its own.": lambda t, h: split(t, h)[:, :1].expand(
        -1, h, -1, -1
    ),
    "Images of the batch and heads are mixed up: the first axis of the input stays the first.": lambda t, h: (
        torch.cat(t.chunk(h, dim=-1)).view(len(t), h, t.shape[1], t.shape[2] // h)
    ),
    "The tokens come out in reverse order.": lambda t, h: split(t, h).flip(2),
    "The numbers within a head are in reverse order.": lambda t, h: split(t, h).flip(3),
    "The heads belong before the tokens: exchange axes 1 and 2.": lambda t, h: split(t, h).transpose(1, 2),
    "That is D / h heads of h numbers: you want h heads of D / h numbers.": lambda t, h: split(
        t, t.shape[2] // h
    ),
    "Keep batch and heads as two axes.": lambda t, h: split(t, h).flatten(0, 1),
}


def own(scores: Tensor) -> Tensor:
    """The diagonal as a mask."""
    return torch.eye(scores.shape[-1], dtype=torch.bool)


def others(scores: Tensor) -> Tensor:
    """A softmax over all other tokens."""
    return scores.masked_fill(own(scores), -torch.inf).softmax(-1)


def only_past(scores: Tensor) -> Tensor:
    past = torch.ones(scores.shape[-2:]).tril(-1).bool()
    return scores.masked_fill(~past, -torch.inf).softmax(-1).nan_to_num()


OTHERS = {
    "Tokens still look at themselves: the diagonal should be 0.": lambda s: s.softmax(-1),
    "The diagonal is 0, but it was cleared after the softmax, so that rows no longer sum to 1.": lambda s: (
        s.softmax(-1).masked_fill(own(s), 0)
    ),
    "A score of 0 does not forbid: exp(0) is 1. Give the diagonal a score of minus infinity.": lambda s: (
        s.masked_fill(own(s), 0).softmax(-1)
    ),
    "You lower the diagonal's scores by 1 only: the weights shrink, but do not vanish.": lambda s: (
        s - own(s).float()
    ).softmax(-1),
    "The mask is the wrong way round: tokens look at themselves alone.": lambda s: s.masked_fill(
        ~own(s), -torch.inf
    ).softmax(-1),
    "Columns sum to 1, not rows: a softmax over the last axis is wanted.": lambda s: s.masked_fill(
        own(s), -torch.inf
    ).softmax(1),
    "You forbid more than the diagonal: a token may look at later tokens and at earlier ones.": only_past,
    "The diagonal of the result is minus infinity: fill the scores, before the softmax.": lambda s: s.softmax(
        -1
    ).masked_fill(own(s), -torch.inf),
    "That is the other diagonal: token i is at row i and column i.": lambda s: s.masked_fill(
        own(s).flip(1), -torch.inf
    ).softmax(-1),
    "All others count alike: their scores have no say.": lambda s: (
        (~own(s)).to(s.dtype).expand(s.shape) / (s.shape[-1] - 1.0)
    ),
    "Forbid the diagonal before the softmax: where its score is far larger, afterwards nothing is left to share out.": (
        lambda s: (w := s.softmax(-1).masked_fill(own(s), 0)) / w.sum(-1, keepdim=True)
    ),
}


def heads_of(
    x: Tensor,
    in_weight: Tensor,
    in_bias: Tensor,
    out_weight: Tensor,
    out_bias: Tensor,
    heads: int,
    *,
    roles: tuple[int, int, int] = (0, 1, 2),
    split=lambda t, h: t.unflatten(2, (h, -1)).transpose(1, 2),
    join=lambda t: t.transpose(1, 2).flatten(2),
    divide=lambda D, h: (D // h) ** 0.5,
    dim: int = -1,
) -> Tensor:
    """Attention with several heads; the keywords spoil one step each."""
    three = F.linear(x, in_weight, in_bias).chunk(3, dim=-1)
    q, k, v = (split(three[role], heads) for role in roles)
    mixed = (q @ k.mT / divide(x.shape[-1], heads)).softmax(dim=dim) @ v
    return F.linear(join(mixed), out_weight, out_bias)


def multi_head(
    tokens: Tensor, in_weight: Tensor, in_bias: Tensor, out_weight: Tensor, out_bias: Tensor, heads: int
) -> Tensor:
    """Attention with several heads."""
    return heads_of(tokens, in_weight, in_bias, out_weight, out_bias, heads)


HEADS = {
    "All heads are one: split queries, keys and values before they are compared.": lambda x, i, ib, o, ob, h: (
        heads_of(x, i, ib, o, ob, 1)
    ),
    "You divide by the root of D: each head compares D / h numbers.": lambda *given: heads_of(
        *given, divide=lambda D, h: D**0.5
    ),
    "The scale is missing: divide by the root of D / h.": lambda *given: heads_of(
        *given, divide=lambda D, h: 1
    ),
    "You split with a `view` to (B, h, N, D / h): tokens and heads are mixed up.": lambda *given: heads_of(
        *given, split=lambda t, h: t.reshape(len(t), h, t.shape[1], -1)
    ),
    "Each head takes every h-th number: head 0 gets the first D / h numbers.": lambda *given: heads_of(
        *given, split=lambda t, h: t.unflatten(2, (-1, h)).permute(0, 3, 1, 2)
    ),
    "You join the heads without moving their axis back behind the tokens.": lambda *given: heads_of(
        *given, join=lambda t: t.reshape(len(t), t.shape[2], -1)
    ),
    "Queries and keys are exchanged: the first D rows make the queries.": lambda *given: heads_of(
        *given, roles=(1, 0, 2)
    ),
    "Keys and values are exchanged: the last D rows make the values.": lambda *given: heads_of(
        *given, roles=(0, 2, 1)
    ),
    "The three come in reverse: queries, keys and values, in this order.": lambda *given: heads_of(
        *given, roles=(2, 1, 0)
    ),
    "Your weights sum to 1 over the queries: each query's should, over the keys.": lambda *given: heads_of(
        *given, dim=-2
    ),
    "The first bias is lost.": lambda x, i, ib, o, ob, h: heads_of(x, i, 0 * ib, o, ob, h),
    "The last bias is lost.": lambda x, i, ib, o, ob, h: heads_of(x, i, ib, o, 0 * ob, h),
    "The last matrix is transposed: a linear layer computes `x @ weight.T + bias`.": lambda x, i, ib, o, ob, h: (
        heads_of(x, i, ib, o.mT, ob, h)
    ),
    "The last layer is lost: the joined heads go through `out_weight` and `out_bias`.": lambda x, i, ib, o, ob, h: (
        heads_of(x, i, ib, torch.eye(len(o), dtype=o.dtype), 0 * ob, h)
    ),
    "The tokens are added to the result: that is left to the network around it.": lambda x, *given: (
        x + heads_of(x, *given)
    ),
}
