"""Checks for the exercises on what attention costs.

Chapter: notebooks/deeper/cost.ipynb
"""

import torch
from torch import Tensor

from visual_attention.chapters.cost import mistakes as wrong
from visual_attention.chapters.cost import pairs
from visual_attention.chapters.cost.local import Windows
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check
from visual_attention.exercises.values import Problem


def sums_side_by_side(call, *args):
    """The three sums of an answer, (B,), (B,) and (B, d), as one tensor (B, 2 + d)."""
    got = call(*args)
    if not isinstance(got, (tuple, list)) or len(got) != 3 or not all(isinstance(x, Tensor) for x in got):
        raise Problem("Three tensors were wanted, `return best, total, mixed`.")
    best, _, mixed = args[:3]
    for tensor, like, name in zip(got, (best, best, mixed), ("best", "total", "mixed"), strict=True):
        if tensor.shape != like.shape:
            told = f"wanted {tuple(like.shape)}, got {tuple(tensor.shape)}"
            raise Problem(f"Your {name} has the wrong shape: {told}.")
    return torch.cat([got[0][:, None], got[1][:, None], got[2]], dim=1)


@examined(
    points=4,
    right=wrong.taken,
    axes={"B queries": 3, "m scores": 5, "d numbers": 2},
    name="your sums (side by side)",
    mistakes=wrong.STEP,
    observe=sums_side_by_side,
    about=About("Can you take in one more block?", "a running softmax", 20),
)
def check_take_in(draw, B, m, d):
    """Best score, total and mixture (B,), (B,), (B, d) take in scores (B, m) with their values (B, m, d)."""
    best, total, mixed = 3 * draw.fixed(B), 1 + draw.fixed(B).abs(), draw.fixed(B, d)
    scores, values = 3 * draw(B, m), draw.fixed(B, m, d)
    yield best, total, mixed, scores, values
    yield special(
        1, "from an empty start", torch.full((B,), -torch.inf), 0 * total, 0 * mixed, scores, values
    )
    yield special(1, "for scores of 1000", best + 500, total, mixed, scores + 1000, values)


@examined(
    points=3,
    right=wrong.allowed,
    axes={},
    name="your mask",
    mistakes=wrong.WINDOWS,
    draws=1,
    about=About("Who may ask whom?", "shifted windows", 15),
)
def check_may_ask(draw):
    """Which tokens may ask each other in windows with moved borders: (N, N) of True and False."""
    yield from ((4, 2, 0), (6, 3, 0), (6, 2, 0))
    for given in ((4, 2, 1), (6, 3, 1), (8, 4, 3)):
        yield special(1, "with a shift", *given)
    window = 1 + int(draw.whole(4))
    yield special(1, "with a shift", 1 + int(draw.whole(7)), window, int(draw.whole(window)))


@examined(
    points=3,
    right=wrong.moved,
    axes={},
    name="your bytes",
    mistakes=wrong.BYTES,
    draws=1,
    about=About("How many bytes travel?", "memory traffic of attention in blocks", 15),
)
def check_bytes_moved(draw):
    """How many bytes attention in blocks reads from slow memory and writes to it."""
    yield from ((64, 8, 16), (128, 4, 32), (60, 5, 60))
    for given in ((100, 8, 16), (7, 3, 5), (50, 6, 64)):
        yield special(1, "where the last block is shorter", *given)
    yield special(1, "where the last block is shorter", *(1 + int(draw.whole(90)) for _ in range(3)))


def learns(student, check: Check) -> None:
    """Whether a network around the answer finds twins, and in windows only those inside."""
    everywhere = torch.ones(pairs.COUNT, pairs.COUNT, dtype=torch.bool)
    mix = check.part_of_network(student)
    found, _ = pairs.learn(mix, everywhere)
    inside, outside = pairs.learn(mix, Windows(pairs.SIDE, window=2).allowed())
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


@examined(
    points=4,
    right=wrong.masked,
    axes={"B images": 2, "N tokens": 7, "d numbers": 5},
    name="your mixture",
    mistakes=wrong.MASKED,
    gradients=("queries", "keys", "values"),
    after=(2, learns),
    about=About(
        "Make it learn: what is lost in a window?",
        "masked attention, trained in a network",
        20,
        "takes thought",
    ),
)
def check_masked_attention(draw, B, N, d):
    """Attention among allowed tokens, (B, N, d), which then has to learn who is whose twin."""
    allowed = (draw.fixed(N, N) > 0) | torch.eye(N, dtype=torch.bool)  # not symmetric, and each token itself
    return 2 * draw(B, N, d), 2 * draw.fixed(B, N, d), draw(B, N, d), allowed
