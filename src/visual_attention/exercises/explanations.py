"""One sentence for an answer that is not right: the mistake by name if that is certain, or what is special.

Certain is a mistake that gives the same on inputs on which no other listed one does, nor the right answer.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from visual_attention.exercises import patterns, relations, shapes
from visual_attention.exercises.asked import Case, Exercise, matches
from visual_attention.exercises.relations import Answer
from visual_attention.exercises.substitutes import names_of
from visual_attention.exercises.values import Problem, two_numbers

Seen = list[tuple[Case, Tensor]]


def named(asked: Exercise, seen: Seen, elsewhere: Seen, others: Callable[[], Seen]) -> str:
    """The listed mistake that gives the same on all inputs; `others` decide where several do."""
    fitting = same_as(asked, asked.variants, seen + elsewhere)
    if len({text for text, _ in fitting}) > 1:
        fitting = same_as(asked, fitting, others())
    texts = {text for text, _ in fitting}
    return texts.pop() if len(texts) == 1 else ""


def same_as(asked: Exercise, mistakes: list[tuple[str, Callable]], seen: Seen) -> list[tuple[str, Callable]]:
    """Those of the mistakes that give the same as was seen."""
    return [
        (t, f)
        for t, f in mistakes
        if all(matches(got, asked.of_mistake(f, case), case) for case, got in seen)
    ]


def named_where_it_stops(asked: Exercise, seen: list[tuple[Case, Tensor | Problem]]) -> str:
    """The listed mistake that stops on the same inputs, and gives the same on those where it does not."""
    wrong = [c for c, g in seen if isinstance(g, Tensor) and not matches(g, c.want, c)]
    fitting = {text for text, way in asked.variants if all(agree(asked, way, c, g) for c, g in seen)}
    return fitting.pop() if wrong and len(fitting) == 1 else ""


def agree(asked: Exercise, mistake: Callable, case: Case, got: Tensor | Problem) -> bool:
    other = asked.of_mistake(mistake, case)
    return other is None if isinstance(got, Problem) else matches(got, other, case)


def special(asked: Exercise, seen: Seen) -> str:
    """What holds of an answer on all inputs seen, computed from it and the right one alone."""
    answers = [case.answer(got) for case, got in seen]
    return next(filter(None, sentences(asked, seen, answers)), "")


def as_if(asked: Exercise, seen: Seen) -> str:
    """The altered input for which the answer would be right."""
    if len(seen) == 1 and seen[0][0].want.numel() < 4:  # a single number may agree by chance
        return ""
    for words, results in asked.substitutes([case for case, _ in seen]):
        if all(matches(got, result, case) for (case, got), result in zip(seen, results, strict=True)):
            return f"Yours would be right if {words}{'' if words.endswith('?') else '.'}"
    return ""


def sentences(asked: Exercise, seen: Seen, answers: list[Answer]) -> Iterator[str]:
    """Shape, missing steps, factors, altered inputs: what is exact if it fits at all."""
    sizes = [a.sizes for a in answers]
    names = shapes.lettered([a.want.shape for a in answers], sizes) or []
    step = relations.step_missing(answers, names)
    if any(a.got.shape != a.want.shape for a in answers):
        yield shape(asked, answers, step)
    yield patterns.whole(answers)
    yield patterns.not_finite(answers)
    yield patterns.alike(answers, names)
    yield step
    yield relations.factor(answers)
    yield as_if(asked, seen)
    yield patterns.places(answers, names, names_of(asked.right))
    yield relations.factor_apart(answers, names)
    yield patterns.other_places(answers, names)
    yield patterns.moved(answers, names)


def which_inputs(asked: Exercise, seen: Seen) -> str:
    """Where inputs are plain numbers: for which of them the answer is wrong."""
    names = names_of(asked.right)
    if len(seen) < 3 or not all(isinstance(a, (int, float)) for case, _ in seen for a in case.args):
        return ""
    wrong = [(case, got) for case, got in seen if not matches(got, case.want, case)]
    inputs = [", ".join(f"`{n}` = {v}" for n, v in zip(names, case.args, strict=False)) for case, _ in wrong]
    gaps = {round(float(got.double() - case.want.double()), 6) for case, got in wrong}
    by = f", where it is off by {gaps.pop():+g}" if len(gaps) == 1 else ""
    right = len(seen) - len(wrong)
    return f"It is right for {right or 'none'} of {len(seen)} inputs: not for {'; '.join(inputs[:3])}{by}."


def shape(asked: Exercise, answers: list[Answer], step: str) -> str:
    """The wrong shape, in letters and numbers, and what would mend it."""
    wrong = next(a for a in answers if a.got.shape != a.want.shape)
    sizes = [a.sizes for a in answers]
    wants = shapes.lettered([a.want.shape for a in answers], sizes)
    gots = shapes.lettered([a.got.shape for a in answers], sizes)
    text = (
        f"The shape is wrong: wanted {shapes.told(wrong.want.shape, wants)}, "
        f"got {shapes.told(wrong.got.shape, gots)}."
    )
    if relations.only_the_shape(answers):
        step = "The numbers are right, and in order."
    hint = shapes.mismatch(wrong.got.shape, wrong.want.shape, gots, wants)
    return " ".join(filter(None, (text, hint, step)))


def vague(asked: Exercise, seen: Seen) -> str:
    """What can be said where nothing exact fits."""
    answers = [case.answer(got) for case, got in seen]
    names = shapes.lettered([a.want.shape for a in answers], [a.sizes for a in answers]) or []
    found = (
        which_inputs(asked, seen),
        patterns.sums(answers, names),
        patterns.mixture(answers, names_of(asked.right)),
        patterns.nearly(answers),
        patterns.bounds(answers),
        patterns.order(answers),
    )
    return next(filter(None, found), "")


def contrast(wrong: Case, right: list[Case], mixes: Callable[[], str]) -> str:
    """Inputs of the same part for which the answer is right, and what that points to.

    Args:
        mixes: Says whether the images of a batch mix; without that, one alone tells nothing.
    """
    letter = next(iter(wrong.situation.sizes), "")
    for kind, hint in HINTS.items():
        found = next((case for case in right if case.situation.kind == kind), None)
        if found is None or not (found.words and wrong.words) or trivial(found):
            continue
        if kind == "one" and found.situation.sizes[letter] == 1:
            if not mixes():
                continue
            hint = "Do they mix, or is something of the first one used for all?"
        return f"It is right {found.words}, but not {wrong.words}. {hint}".strip()
    return ""


HINTS = {
    "one": "",
    "equal": "Is an axis, or a size, taken for another?",
    "base": "Is a size or a number fixed that should follow from the input?",
    "ties": "",
}


def trivial(case: Case) -> bool:
    """Whether what is right is one number all over, as the weight of a single place is."""
    return bool((case.want == case.want.flatten()[:1]).all()) and case.want.ndim > 0


def mixed(case: Case, got: Tensor, alone: Callable[[tuple], Tensor | None]) -> str:
    """Whether the answer for one of a batch depends on the others, found by asking for each alone."""
    letter, batch = next(iter(case.situation.sizes.items()), ("", 0))
    batched = [isinstance(a, Tensor) and a.ndim and a.shape[0] == batch for a in case.args]
    if batch < 2 or not any(batched) or not got.ndim or got.shape[0] != batch or case.want.shape[0] != batch:
        return ""
    for k in range(batch):
        args = tuple(a[k : k + 1] if b else a for a, b in zip(case.args, batched, strict=True))
        single = alone(args)
        if single is not None and single.shape == got[k : k + 1].shape:
            if not torch.allclose(
                single.double(), got[k : k + 1].double(), rtol=1e-3, atol=1e-5, equal_nan=True
            ):
                return (
                    f"Along {letter}, what you return for one changes with the others beside it: each should "
                    "be answered alone."
                )
    return ""


def unused(asked: Exercise, case: Case, got: Tensor, again: Callable[[tuple], Tensor | None]) -> str:
    """An argument that changes nothing in the answer, though it changes what is right."""
    for place, (value, name) in enumerate(zip(case.args, names_of(asked.right), strict=False)):
        tried = [(*case.args[:place], other, *case.args[place + 1 :]) for other in changed(value)]
        wants = [asked.attempted(asked.right, args, case.observe) for args in tried]
        if all(want is None or not differs(want, case.want) for want in wants):
            continue
        mine = [again(args) for args in tried]
        if all(m is not None and m.shape == got.shape and torch.equal(m, got) for m in mine):
            return f"What you return here does not change with `{name}`."
    return ""


def differs(one: Tensor, other: Tensor) -> bool:
    return one.shape != other.shape or not torch.allclose(
        one.double(), other.double(), rtol=1e-3, equal_nan=True
    )


def answers_to_a_change(
    asked: Exercise, case: Case, got: Tensor, again: Callable[[tuple], Tensor | None]
) -> str:
    """A change of an input that has a simple effect on what is right, and another one here."""
    for place, (value, name) in enumerate(zip(case.args, names_of(asked.right), strict=False)):
        if not (isinstance(value, Tensor) and value.is_floating_point() or isinstance(value, float)):
            continue
        for words, change in CHANGES.items():
            args = (*case.args[:place], change(value), *case.args[place + 1 :])
            want = asked.attempted(asked.right, args, case.observe)
            effect = effect_of(case.want, want)
            if effect and effect_of(got, mine := again(args)) != effect and mine is not None:
                return f"If {words.replace('%', f'`{name}`')}, what is right {effect}; yours does not."
    return ""


CHANGES = {
    "1 is added to all of %": lambda v: v + 1,
    "% is doubled": lambda v: 2 * v,
    "the sign of % is turned": lambda v: -v,
}


def effect_of(before: Tensor, after: Tensor | None) -> str:
    """What became of a result, where that can be said in a word."""
    if after is None or after.shape != before.shape or not before.is_floating_point():
        return ""
    before, after = before.double(), after.double()
    for words, factor in EFFECTS.items():
        if torch.allclose(after, factor * before, rtol=1e-3, atol=1e-4 * float(before.abs().max())):
            return words
    return ""


EFFECTS = {
    "stays as it is": 1,
    "doubles": 2,
    "becomes four times as large": 4,
    "becomes half as large": 0.5,
    "changes its sign": -1,
}


def changed(value: object) -> list:
    """Other values of the same kind."""
    if isinstance(value, Tensor) and value.numel() > 1:
        return [value.flatten().roll(1).view(value.shape), value.flatten().flip(0).view(value.shape)]
    if isinstance(value, bool):
        return [not value]
    return [value + 1, 3 * value + 2] if isinstance(value, (int, float)) else []


def numbers(seen: Seen) -> str:
    """Two numbers, at the place where they differ most."""
    case, got = next(((c, g) for c, g in seen if not matches(g, c.want, c)), seen[0])
    return two_numbers(got, case.want) if got.shape == case.want.shape and got.numel() else ""
