"""Where an answer is right and where not: at which places, and what an input holds there."""

import itertools

import torch
from torch import Tensor

from visual_attention.exercises.patterns import flat, same_shape
from visual_attention.exercises.relations import Answer


def moved(answers: list[Answer], names: list[str]) -> str:
    """The right numbers, so many places further along an axis."""
    if not all(same_shape(a) for a in answers):
        return ""
    for k in range(answers[0].want.ndim):
        steps = [shift(a, k) for a in answers]
        if None not in steps and any(steps):
            name = names[k] if k < len(names) else f"axis {k}"
            told = ", then ".join(str(s) for s in dict.fromkeys(steps))
            return f"Along {name} all lies too far on, by so many places: {told}."
    return ""


def shift(answer: Answer, k: int) -> int | None:
    """By how many places an answer lies further along an axis than it should."""
    size = answer.want.shape[k]
    for steps in sorted(range(1 - size, size), key=abs):
        rest = size - abs(steps)
        got = answer.got.double().narrow(k, max(0, steps), rest)
        want = answer.want.double().narrow(k, max(0, -steps), rest)
        if want.numel() > 1 and not flat(want) and bool(((got - want).abs() <= answer.slack.amax()).all()):
            return steps
    return None


def places(answers: list[Answer], names: list[str], arguments: list[str]) -> str:
    """What is special about the places at which the answer is wrong."""
    if not all(same_shape(a) and a.want.ndim for a in answers):
        return ""
    right = [agreement(a) for a in answers]
    if not any(r.any() for r in right) or all(r.all() for r in right):
        return ""
    tried = itertools.chain(along(answers[0].want.ndim, names), conditions(answers[0], arguments))
    for words, where in tried:
        masks = [holds(where, a) for a in answers]
        if all(m is not None for m in masks) and all(
            bool((r | m).all()) for r, m in zip(right, masks, strict=True)
        ):
            wrong, covered = sum(int((~r).sum()) for r in right), sum(int(m.sum()) for m in masks)
            telling = any(bool((~m & (a.want != 0)).any()) for m, a in zip(masks, answers, strict=True))
            if telling and wrong > 0.4 * covered and covered < 0.8 * sum(r.numel() for r in right):
                return f"It is right {words}."
    return ""


def agreement(answer: Answer) -> Tensor:
    got, want = answer.got.double(), answer.want.double()
    return ((got - want).abs() <= answer.slack) | (got == want) | (got.isnan() & want.isnan())


def along(dims: int, names: list[str]):
    """Places by their index: the first, the last, all but the first, the border."""
    for k in range(dims):
        name = names[k] if k < len(names) else f"axis {k}"

        def first(a: Answer, k: int = k) -> Tensor:
            return ends(a.want, k, 0)

        def last(a: Answer, k: int = k) -> Tensor:
            return ends(a.want, k, -1)

        yield f"except at the first place along {name}", first
        yield f"except at the last place along {name}", last
        yield f"except at both ends of {name}", lambda a, f=first, e=last: f(a) | e(a)
        yield f"at the first place along {name} only", lambda a, f=first: ~f(a)
        yield f"at the last place along {name} only", lambda a, f=last: ~f(a)
    if dims >= 2:
        yield (
            "at the border",
            lambda a: ends(a.want, -1, 0) | ends(a.want, -1, -1) | ends(a.want, -2, 0) | ends(a.want, -2, -1),
        )
        yield (
            "on the diagonal",
            lambda a: torch.eye(*a.want.shape[-2:], dtype=torch.bool).expand(a.want.shape),
        )


def ends(like: Tensor, k: int, place: int) -> Tensor:
    mask = torch.zeros(like.shape, dtype=torch.bool)
    if like.shape[k]:
        mask.select(k, place).fill_(True)
    return mask


def conditions(answer: Answer, arguments: list[str]):
    """Places by what the right answer or an input holds there."""
    for words, test in (("0", 0), ("1", 1)):
        yield f"except where the right one is {words}", lambda a, t=test: a.want == t
    yield "except where the right one is negative", lambda a: a.want < 0
    yield "except where the right one is positive", lambda a: a.want > 0
    for place, name in enumerate(arguments[: len(answer.args)]):
        value = answer.args[place]
        if not isinstance(value, Tensor) or not value.ndim:
            continue
        if value.dtype is torch.bool:
            yield f"except where `{name}` is true", lambda a, i=place: a.args[i]
            yield f"except where `{name}` is false", lambda a, i=place: ~a.args[i]
        else:
            yield f"except where `{name}` is 0", lambda a, i=place: a.args[i] == 0
            yield f"except where `{name}` is negative", lambda a, i=place: a.args[i] < 0
            yield f"except where `{name}` is positive", lambda a, i=place: a.args[i] > 0


def holds(where, answer: Answer) -> Tensor | None:
    try:
        return where(answer).expand(answer.want.shape)
    except (RuntimeError, TypeError):
        return None
