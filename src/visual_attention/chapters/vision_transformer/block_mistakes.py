"""What is right in the exercise on the transformer block, and plausible mistakes: feedback -> the function."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]


def linear(x: Tensor, state: State, name: str) -> Tensor:
    """A layer by its name."""
    return F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def norm(x: Tensor, state: State, name: str, small: float = 1e-6) -> Tensor:
    """Layer norm by its name, with DINOv2's small number under the root."""
    return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], small)


def split(three: Tensor, heads: int) -> tuple[Tensor, ...]:
    """(B, N, 3D) -> queries, keys and values, (B, h, N, d) each."""
    return three.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)


def attention(
    x: Tensor,
    state: State,
    heads: int,
    *,
    split: Callable = split,
    divide: Callable = lambda d, h: d**0.5,
    join: Callable = lambda mixed: mixed.transpose(1, 2).flatten(2),
    weigh: Callable = lambda scores: scores.softmax(-1),
) -> Tensor:
    """Attention with several heads; the keywords spoil one step each."""
    q, k, v = split(linear(x, state, "attn.qkv"), heads)
    mixed = weigh(q @ k.mT / divide(q.shape[-1], heads)) @ v
    return linear(join(mixed), state, "attn.proj")


def mlp(x: Tensor, state: State, *, bend: Callable = F.gelu) -> Tensor:
    """Two layers on each token alone."""
    return linear(bend(linear(x, state, "mlp.fc1")), state, "mlp.fc2")


def two_steps(x: Tensor, state: State, heads: int, *, attend: Callable = attention, think: Callable = mlp):
    """Look, then think, each with its norm before, its gain after, and added to what was there."""
    x = x + state["ls1.gamma"] * attend(norm(x, state, "norm1"), state, heads)
    return x + state["ls2.gamma"] * think(norm(x, state, "norm2"), state)


def block(tokens: Tensor, state: State, heads: int) -> Tensor:
    """What is right: (B, N, D)."""
    return two_steps(tokens, state, heads)


def attending(**spoiled: Callable) -> Callable:
    """A block whose attention is spoilt in one step."""
    return lambda x, s, h: two_steps(x, s, h, attend=lambda *given: attention(*given, **spoiled))


def reordered(*roles: int) -> Callable:
    """Queries, keys and values in another order."""
    return attending(split=lambda t, h: tuple(split(t, h)[role] for role in roles))


def without_gains(*names: str) -> Callable:
    """A block some of whose gains are left out."""
    return lambda x, s, h: block(x, s | {name: torch.ones_like(s[name]) for name in names}, h)


def without_biases(of: Callable[[str], bool]) -> Callable:
    """A block that leaves out the biases of some layers."""
    return lambda x, s, h: block(
        x, {name: 0 * s[name] if name.endswith(".bias") and of(name) else s[name] for name in s}, h
    )


def without_norm(name: str) -> Callable:
    """A block one of whose steps sees the tokens as they are."""

    def norm_but(x, s, which):
        return x if which == name else norm(x, s, which)

    def wrong(x, s, h):
        x = x + s["ls1.gamma"] * attention(norm_but(x, s, "norm1"), s, h)
        return x + s["ls2.gamma"] * mlp(norm_but(x, s, "norm2"), s)

    return wrong


def norm_after(x, s, h):
    x = norm(x + s["ls1.gamma"] * attention(x, s, h), s, "norm1")
    return norm(x + s["ls2.gamma"] * mlp(x, s), s, "norm2")


def side_by_side(x, s, h):
    looked = s["ls1.gamma"] * attention(norm(x, s, "norm1"), s, h)
    return x + looked + s["ls2.gamma"] * mlp(norm(x, s, "norm2"), s)


def think_first(x, s, h):
    x = x + s["ls2.gamma"] * mlp(norm(x, s, "norm2"), s)
    return x + s["ls1.gamma"] * attention(norm(x, s, "norm1"), s, h)


def nothing_added(x, s, h):
    x = s["ls1.gamma"] * attention(norm(x, s, "norm1"), s, h)
    return s["ls2.gamma"] * mlp(norm(x, s, "norm2"), s)


def second_not_added(x, s, h):
    x = x + s["ls1.gamma"] * attention(norm(x, s, "norm1"), s, h)
    return s["ls2.gamma"] * mlp(norm(x, s, "norm2"), s)


def first_not_added(x, s, h):
    x = s["ls1.gamma"] * attention(norm(x, s, "norm1"), s, h)
    return x + s["ls2.gamma"] * mlp(norm(x, s, "norm2"), s)


def normed_added(x, s, h):
    seen = norm(x, s, "norm1")
    x = seen + s["ls1.gamma"] * attention(seen, s, h)
    seen = norm(x, s, "norm2")
    return seen + s["ls2.gamma"] * mlp(seen, s)


def old_added(x, s, h):
    looked = x + s["ls1.gamma"] * attention(norm(x, s, "norm1"), s, h)
    return x + s["ls2.gamma"] * mlp(norm(looked, s, "norm2"), s)


def no_norm(x, s, h):
    x = x + s["ls1.gamma"] * attention(x, s, h)
    return x + s["ls2.gamma"] * mlp(x, s)


def bare_norm(x, s, h):
    plain = {name: torch.ones_like(s[name]) for name in ("norm1.weight", "norm2.weight")}
    return block(x, s | plain | {name: torch.zeros_like(s[name]) for name in ("norm1.bias", "norm2.bias")}, h)


def gain_on_all(x, s, h):
    x = s["ls1.gamma"] * (x + attention(norm(x, s, "norm1"), s, h))
    return s["ls2.gamma"] * (x + mlp(norm(x, s, "norm2"), s))


def exchanged(one: str, two: str) -> Callable:
    """A block in which two layers have changed places."""

    def wrong(x, s, h):
        pairs = {name: name.replace(one, two) for name in s if name.startswith(one)}
        pairs |= {name: name.replace(two, one) for name in s if name.startswith(two)}
        return block(x, s | {name: s[other] for name, other in pairs.items()}, h)

    return wrong


def only_first(one: str, two: str) -> Callable:
    """A block that uses one layer twice."""

    def wrong(x, s, h):
        return block(x, s | {name.replace(one, two): s[name] for name in s if name.startswith(one)}, h)

    return wrong


BLOCK = {
    "Nothing is added to what was there: each step is `x = x + ...`.": nothing_added,
    "The second step is not added to what was there: `x = x + ...`, both times.": second_not_added,
    "The first step is not added to what was there: `x = x + ...`, both times.": first_not_added,
    "You add to the normalised tokens: the sum runs past the norm, untouched.": normed_added,
    "The second step is added to the block's input, so that what attention gave is lost.": old_added,
    "The norm comes after each step: here it comes before, and the sum is not normalised.": norm_after,
    "The norms are missing.": no_norm,
    "The norm before attention is missing.": without_norm("norm1"),
    "The norm before the two layers is missing.": without_norm("norm2"),
    "The norms have biases, too, `norm1.bias` and `norm2.bias`.": without_biases(lambda name: "norm" in name),
    "The norms are there, but without their learned weight and bias.": bare_norm,
    "Both steps start from the block's input: the second starts from what the first gave.": side_by_side,
    "The tokens think before they look: attention comes first.": think_first,
    "The gains `ls1.gamma` and `ls2.gamma` are missing.": without_gains("ls1.gamma", "ls2.gamma"),
    "The gain `ls1.gamma` is missing: it multiplies what attention gives.": without_gains("ls1.gamma"),
    "The gain `ls2.gamma` is missing: it multiplies what the two layers give.": without_gains("ls2.gamma"),
    "The gain multiplies the whole sum: it multiplies the step alone, before it is added.": gain_on_all,
    "The gains are exchanged: `ls1` belongs to attention, `ls2` to the two layers.": exchanged("ls1", "ls2"),
    "Both steps have the gain `ls1.gamma`.": only_first("ls1", "ls2"),
    "Both steps have the norm `norm1`.": only_first("norm1", "norm2"),
    "The norms are exchanged: `norm1` comes before attention.": exchanged("norm1", "norm2"),
    "The biases are missing.": without_biases(lambda name: "norm" not in name),
    "A ReLU stands where the GELU belongs.": lambda x, s, h: two_steps(
        x, s, h, think=lambda *given: mlp(*given, bend=torch.relu)
    ),
    "Nothing bends between the two layers: a GELU belongs there.": lambda x, s, h: two_steps(
        x, s, h, think=lambda *given: mlp(*given, bend=lambda y: y)
    ),
    "That is the GELU's approximation by a tanh: the exact one is wanted.": lambda x, s, h: two_steps(
        x, s, h, think=lambda *given: mlp(*given, bend=lambda y: F.gelu(y, approximate="tanh"))
    ),
    "A GELU too much: the second layer's output is not bent.": lambda x, s, h: two_steps(
        x, s, h, think=lambda *given: F.gelu(mlp(*given))
    ),
    "All heads are one: split queries, keys and values before they are compared.": lambda x, s, h: block(
        x, s, 1
    ),
    "You divide by the root of D: each head compares D / h numbers.": attending(
        divide=lambda d, h: (d * h) ** 0.5
    ),
    "The scale is missing: divide the scores by the root of D / h.": attending(divide=lambda d, h: 1),
    "Queries and keys are exchanged: the first D rows of `attn.qkv` make the queries.": reordered(1, 0, 2),
    "Keys and values are exchanged: the last D rows of `attn.qkv` make the values.": reordered(0, 2, 1),
    "Your weights sum to 1 over the queries: each query's should, over the keys.": attending(
        weigh=lambda scores: scores.softmax(-2)
    ),
    "The softmax is missing: the scores of each query become weights that sum to 1.": attending(
        weigh=lambda scores: scores
    ),
    "Each head takes every h-th number: head 0 gets the first D / h numbers.": attending(
        split=lambda t, h: t.unflatten(2, (3, -1, h)).permute(2, 0, 4, 1, 3).unbind(0)
    ),
    "Queries, keys and values of a head stand side by side: first come the queries of all heads.": attending(
        split=lambda t, h: t.unflatten(2, (h, 3, -1)).permute(3, 0, 2, 1, 4).unbind(0)
    ),
    "You join the heads without moving their axis back behind the tokens.": attending(
        join=lambda mixed: mixed.reshape(len(mixed), mixed.shape[2], -1)
    ),
    "The layer `attn.proj` is missing: the joined heads go through it.": lambda x, s, h: block(
        x,
        s
        | {
            "attn.proj.weight": torch.eye(x.shape[-1], dtype=x.dtype),
            "attn.proj.bias": 0 * s["attn.proj.bias"],
        },
        h,
    ),
    "Attention is missing: no token looks at another.": lambda x, s, h: (
        x + s["ls2.gamma"] * mlp(norm(x, s, "norm2"), s)
    ),
    "The second step is missing: each token thinks alone, after it has looked.": lambda x, s, h: (
        x + s["ls1.gamma"] * attention(norm(x, s, "norm1"), s, h)
    ),
    "All images have the tokens of the first.": lambda x, s, h: block(x[:1].expand_as(x), s, h),
}
