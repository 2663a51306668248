"""Where an answer is right and where not, and which rule of the right one it breaks.

Every function takes the answers to some inputs and returns a sentence that holds for all of them, or "".
"""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from visual_attention.exercises.relations import Answer


def not_finite(answers: list[Answer]) -> str:
    """NaN or infinity where a number is wanted."""
    for answer in answers:
        lost = (
            ~answer.got.isfinite() & answer.want.isfinite() if same_shape(answer) else ~answer.got.isfinite()
        )
        if lost.any():
            what = "NaN" if answer.got[lost].isnan().any() else "infinity"
            return (
                f"It holds {what} in {int(lost.sum())} of {lost.numel()} places: a division by zero, the "
                "exponential of a large number, or a softmax of minus infinity alone?"
            )
    return ""


def whole(answers: list[Answer]) -> str:
    """Whole numbers where fractions are wanted."""
    cut = any(a.whole for a in answers) and any(bool((a.want != a.want.round()).any()) for a in answers)
    return (
        "Yours are whole numbers (int64, for instance), where fractions are wanted: what is cut off?"
        if cut
        else ""
    )


def sums(answers: list[Answer], names: list[str]) -> str:
    """Weights that do not sum to 1 where they should; gradients that do not sum to 0."""
    if not all(same_shape(a) and a.want.ndim for a in answers):
        return ""
    for total in (1, 0):
        due = next(summing([a.want for a in answers], total), None)
        if due is None or all_are([a.got.sum(due) for a in answers], total):
            continue
        found = next(summing([a.got for a in answers], total), None)
        if found is not None:
            return f"Yours sum to {total} over {over(names, found)}; they should over {over(names, due)}."
        sums = torch.cat([a.got.double().sum(due).flatten() for a in answers])
        least, most = f"{sums.min():.3g}", f"{sums.max():.3g}"
        return f"They should sum to {total} over {over(names, due)}; yours sum to {least} ... {most} there."
    return ""


def summing(tensors: list[Tensor], total: float) -> Iterator[tuple[int, ...]]:
    """The axes over which all tensors sum to so much, the fewest first."""
    dims = range(tensors[0].ndim)
    for count in range(1, len(dims) + 1):
        for axes in itertools.combinations(dims, count):
            several = any(t.shape[k] > 1 for t in tensors for k in axes)
            if several and all_are([t.sum(axes) for t in tensors], total):
                yield axes


def all_are(totals: list[Tensor], total: float) -> bool:
    return all(
        torch.allclose(t.double(), torch.full_like(t, total, dtype=torch.double), atol=1e-4) for t in totals
    )


def over(names: list[str], axes: tuple[int, ...]) -> str:
    return " and ".join(names[k] if k < len(names) and names[k] != "1" else f"axis {k}" for k in axes)


def alike(answers: list[Answer], names: list[str]) -> str:
    """An answer that is the same everywhere, or for all images, where it should differ."""
    if not all(same_shape(a) for a in answers):
        return ""
    if all(a.got.numel() > 1 and flat(a.got) and not flat(a.want) for a in answers):
        number = answers[0].got.double().flatten()[0].item()
        return (
            "All of it is 0."
            if number == 0
            else f"All of it is the same number, {number:.4g}: it should differ."
        )
    for k in range(answers[0].want.ndim):
        if all(a.want.shape[k] > 1 and constant(a.got, k) and not constant(a.want, k) for a in answers):
            name = names[k] if k < len(names) else f"axis {k}"
            return f"Yours is the same all along {name}, and should not be: is the first one taken for all?"
    return ""


def flat(tensor: Tensor) -> bool:
    return bool((tensor.double() - tensor.double().flatten()[0]).abs().max() < 1e-9)


def constant(tensor: Tensor, k: int) -> bool:
    first = tensor.double().narrow(k, 0, 1)
    return bool((tensor.double() - first).abs().max() <= 1e-6 * max(1.0, float(first.abs().max())))


def other_places(answers: list[Answer], names: list[str]) -> str:
    """The right numbers in other places."""
    if not all(same_shape(a) and a.want.numel() > 2 and a.want.unique().numel() > 2 for a in answers):
        return ""
    for k in range(answers[0].want.ndim):
        if all(a.want.shape[k] > 2 for a in answers) and all(
            Answer(a.got.sort(k).values, a.want.double().sort(k).values, a.slack.amax(), {}).right(
                a.got.sort(k).values
            )
            for a in answers
        ):
            name = names[k] if k < len(names) else f"axis {k}"
            return f"The numbers are the right ones, but along {name} they stand in another order."
    ordered = [
        (a.got.double().flatten().sort().values, a.want.double().flatten().sort().values, a) for a in answers
    ]
    if all(bool(((g - w).abs() <= a.slack.max()).all()) for g, w, a in ordered):
        return (
            "The numbers are the right ones, but in other places: does a `reshape` or `view` stand where an "
            "axis has to be moved (`permute`, `transpose`)?"
        )
    return ""


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


def mixture(answers: list[Answer], arguments: list[str]) -> str:
    """How much of each input an answer holds, where it and the right one are sums of inputs."""
    for answer in answers:
        names = [
            name
            for name, value in zip(arguments, answer.args, strict=False)
            if isinstance(value, Tensor) and value.shape == answer.want.shape and value.is_floating_point()
        ]
        if len(names) < 2 or not same_shape(answer) or answer.want.numel() < 8:
            return ""
        parts = torch.stack(
            [answer.args[arguments.index(name)][:1].flatten().double() for name in names], dim=1
        )
        mine, right = (fit(parts, of[:1].flatten().double()) for of in (answer.got, answer.want))
        if mine is None or right is None:
            return ""
        told = [
            " + ".join(f"{c:.3g} `{n}`" for c, n in zip(each, names, strict=True)) for each in (mine, right)
        ]
        return f"The first of yours is {told[0]}; what is right is {told[1]}."
    return ""


def fit(parts: Tensor, whole: Tensor) -> list[float] | None:
    """By how much each part is multiplied in the whole; None if the whole is no such sum."""
    found = torch.linalg.lstsq(parts, whole[:, None]).solution[:, 0]
    exact = torch.allclose(parts @ found, whole, rtol=1e-3, atol=1e-3 * float(whole.abs().max()))
    return found.tolist() if exact else None


def bounds(answers: list[Answer]) -> str:
    """Numbers outside of the range in which all right ones lie."""
    low = min(float(a.want.min()) for a in answers if a.want.numel())
    high = max(float(a.want.max()) for a in answers if a.want.numel())
    least = min(float(a.got.min()) for a in answers if a.got.numel())
    most = max(float(a.got.max()) for a in answers if a.got.numel())
    if low >= 0 > least + 1e-6:
        return f"Yours go down to {least:.3g}; what is right is never below 0."
    if high <= 1 + 1e-6 < most - 1e-5:
        return f"Yours go up to {most:.3g}; what is right is never above 1."
    if low < 0 <= least and high > 0:
        return "Yours are never below 0; some of the right ones are."
    return ""


def order(answers: list[Answer]) -> str:
    """Numbers that rise and fall with the right ones."""
    if not all(same_shape(a) for a in answers) or sum(a.want.numel() for a in answers) < 4:
        return ""
    got, want = (
        rank(torch.cat([getattr(a, of).double().flatten() for a in answers])) for of in ("got", "want")
    )
    if torch.equal(got, want):
        return (
            "Yours rise with the right ones, but not in proportion: is an `exp`, a `log`, a power, a root or "
            "a scale missing, or one too much?"
        )
    if torch.equal(len(want) - 1 - got, want):
        return "Yours fall where the right ones rise: is a sign, a difference or a division turned round?"
    return ""


def rank(tensor: Tensor) -> Tensor:
    return tensor.argsort().argsort()


def nearly(answers: list[Answer]) -> str:
    """Numbers that miss by little."""
    if not all(same_shape(a) and a.want.numel() for a in answers):
        return ""
    gaps = [
        float((a.got.double() - a.want.double()).abs().max() / a.want.double().abs().max().clamp_min(1e-12))
        for a in answers
    ]
    if max(gaps) < 0.02:
        return (
            f"It misses by at most {max(gaps):.2g} of the largest number: is something rounded, or a small "
            "number added that the text does not ask for?"
        )
    return ""


def same_shape(answer: Answer) -> bool:
    return answer.got.shape == answer.want.shape
