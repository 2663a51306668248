"""Which trainings does a question still lack, and how long will they take?

First the middle set, then pictures without end, then the other sets, last the specification curve. Of each
the rates come first, then the trainings seed by seed, so that an interrupted record holds whole pairs.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean

from tqdm.auto import tqdm

from visual_attention.experiments import ledger, runner, trial, tuning
from visual_attention.experiments.question import ENDLESS, Condition, Question
from visual_attention.experiments.trial import Trial

SECONDS = 10.0  # guessed for a training of which the record knows nothing yet


def current(question: Question, rows: list[ledger.Row]) -> list[ledger.Row]:
    """The rows that were made under the rule as it is now."""
    return [row for row in rows if row["rule"] == trial.rule(question, row["part"])]


def changed(question: Question, rows: list[ledger.Row]) -> int:
    """How many rows were made under another rule, and do not count."""
    return len(rows) - len(current(question, rows))


def lacking(question: Question, rows: list[ledger.Row]) -> list[Trial]:
    """The next trainings to make: those of the first part that is not whole; empty when all is there."""
    rows = current(question, rows)
    done = {ledger.key(row) for row in rows}
    for trials in _parts(question, rows):
        if todo := [one for one in trials if one.key(question) not in done]:
            return todo
    return []


def run(
    question: Question,
    file: Path,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: bool = True,
    say: Callable[[str], None] = tqdm.write,
) -> int:
    """Make all trainings that the file lacks, and append each as soon as it ends.

    Returns:
        How many were made.
    """
    made, book = 0, ledger.read(file)
    for fault in book.faults:
        say(fault)
    if old := changed(question, book.rows):
        say(f"{question.name}: {old} rows were made under another rule; they do not count")
    say(estimate(question, book.rows, jobs))
    while todo := lacking(question, ledger.read(file).rows):
        calls = [partial(trial.make, question, one) for one in todo]
        with tqdm(total=len(calls), desc=f"{question.name}: {todo[0].part}", disable=not progress) as bar:
            for row in runner.execute(calls, jobs=jobs, scheduler=scheduler):
                ledger.append(file, row)
                made += 1
                bar.update()
    return made


def estimate(question: Question, rows: list[ledger.Row], jobs: int = 1) -> str:
    """How many trainings are lacking, and about how long they take."""
    rows = current(question, rows)
    done = {ledger.key(row) for row in rows}
    parts = _parts(question, rows, guess=question.rates[0])
    count = sum(one.key(question) not in done for trials in parts for one in trials)
    known = [row["seconds"] / row["steps"][-1] for row in rows]
    seconds = mean(known) * question.recipe.steps if known else SECONDS
    about = "about" if known else "perhaps"
    minutes = count * seconds / 60
    return (
        f"{question.name}: {count} trainings lacking, {about} {minutes:.0f} CPU minutes, "
        f"{minutes / min(jobs, os.cpu_count() or 1):.0f} on the clock with {jobs} "
        f"{'process' if jobs == 1 else 'processes'}"
    )


def quick(question: Question) -> Question:
    """The same question with three seeds, one of them for the rates, and a quarter of the steps."""
    recipe = replace(
        question.recipe, steps=max(1, question.recipe.steps // 4), warmup=question.recipe.warmup // 4
    )
    variants = tuple(
        replace(variant, recipe={**variant.recipe, "steps": variant.recipe["steps"] // 4})
        if "steps" in variant.recipe
        else variant
        for variant in question.variants
    )
    seeds = {"seeds": 3, "side_seeds": 3, "variant_seeds": 3, "tuning_seeds": 1}
    return replace(question, **seeds, recipe=recipe, variants=variants)


def strongest(question: Question, rows: list[ledger.Row]) -> str | None:
    """The trivial answer or rival that did best on the middle set's *validation* pictures, at its own rate;
    None while rates are still being tuned."""
    found = {}
    for contender in question.opponents:
        tried = tuning.scores(question, rows, contender.name, question.middle)
        if not tried or tuning.next_rates(question, tried):
            return None
        if contender.role != "control":
            found[contender.name] = tried[tuning.best(question, tried)]
    return (min if question.lower else max)(found, key=found.get)


def _parts(question: Question, rows: list[ledger.Row], guess: float | None = None) -> Iterator[list[Trial]]:
    """All trainings in the order in which they are made; with a guess where a rate is not chosen yet."""
    first = (question.middle, ENDLESS)
    for condition in sorted(question.conditions, key=lambda c: (*first, c.name).index(c.name)):
        if condition.name in first:
            yield list(_tuning(question, condition, rows))
        yield list(_headline(question, condition, rows, guess))
    yield list(_specification(question, rows, guess))


def _tuning(question: Question, condition: Condition, rows: list[ledger.Row]) -> Iterator[Trial]:
    for contender in question.contenders:
        tried = tuning.scores(question, rows, contender.name, condition.name)
        for rate in tuning.next_rates(question, tried):
            for seed in tuning.seeds(question):
                yield Trial(tuning.PART, condition, contender.name, rate, seed)


def _headline(
    question: Question, condition: Condition, rows: list[ledger.Row], guess: float | None
) -> Iterator[Trial]:
    regime = tuning.regime(question, condition)
    rates = {c.name: tuning.chosen(question, rows, c.name, regime) or guess for c in question.contenders}
    if None in rates.values():
        return
    for seed in range(question.seeds_of(condition.name)):
        for name, rate in rates.items():
            yield Trial("headline", condition, name, rate, seed)


def _specification(question: Question, rows: list[ledger.Row], guess: float | None) -> Iterator[Trial]:
    other = strongest(question, rows) or (guess and question.opponents[0].name)
    if other is None:
        return
    names = (question.attention.name, other)
    rates = {name: tuning.chosen(question, rows, name, question.middle) or guess for name in names}
    for condition in question.specifications:
        for seed in range(question.variant_seeds):
            for name, rate in rates.items():
                yield Trial("specification", condition, name, rate, seed)
