"""Does the claim hold? Paired over seeds, with an interval, by a rule that does not change.

The rule: the effect is the mean over seeds of treatment minus baseline (turned round where lower is better).
Its 95 % interval is Student's t over the seeds' differences. With fewer than three seeds the verdict is
"undecided"; otherwise it is "supported" if the whole interval is at or above the claim's margin, "not
supported" if the whole interval is below it (or not above 0), and "undecided" in between.
"""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visual_attention.experiments.claim import Claim, count_parameters
from visual_attention.experiments.intervals import METHOD, mean_interval
from visual_attention.experiments.record import Row
from visual_attention.experiments.runner import collect
from visual_attention.experiments.table import ArmSummary, Shown, signed

MIN_SEEDS = 3


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """The effect of the treatment against a baseline, its 95 % interval, the verdict, and a line for each
    arm."""

    claim: Claim
    treatment: str
    baseline: str
    metric: str
    effect: float
    low: float
    high: float
    seeds: int
    verdict: str
    table: tuple[ArmSummary, ...]

    @property
    def sentence(self) -> str:
        """The verdict with its numbers, in one sentence."""
        unit = f" {self.claim.unit}" if self.metric == self.claim.metric else ""
        first, second = self.treatment, self.baseline
        if self.claim.lower:
            first, second = second, first
        interval = (
            f", 95 % interval {signed(self.low)} to {signed(self.high)}" if math.isfinite(self.low) else ""
        )
        text = f"{first} minus {second}: {signed(self.effect)}{unit} of {self.metric}{interval}"
        text += f", {_seeds(self.seeds)}"
        if self.seeds < MIN_SEEDS:
            text += f" (fewer than {MIN_SEEDS} seeds decide nothing)"
        elif self.verdict in VERDICTS:
            text += f" (wanted: {self.claim.margin:g} or more)"
        return f"{self.verdict.capitalize()}. {text[0].upper()}{text[1:]}."


VERDICTS = ("supported", "not supported", "undecided")


def decide(low: float, high: float, *, margin: float, seeds: int) -> str:
    """The verdict on an effect's interval."""
    if seeds < MIN_SEEDS or not (math.isfinite(low) and math.isfinite(high)):
        return "undecided"
    if low >= margin and low > 0:
        return "supported"
    if high < margin or high <= 0:
        return "not supported"
    return "undecided"


def describe(low: float, high: float, *, seeds: int) -> str:
    """What the interval says of two arms about which there was no rule."""
    if seeds < MIN_SEEDS or not (math.isfinite(low) and math.isfinite(high)):
        return "undecided"
    return "better" if low > 0 else "worse" if high < 0 else "no clear difference"


def compare(
    claim: Claim,
    rows: Sequence[Row],
    *,
    treatment: str | None = None,
    baseline: str | None = None,
    metric: str | None = None,
) -> Comparison:
    """Compare two arms over the seeds that both have.

    The claim's own treatment, baseline and metric get the claim's verdict; any other choice is described as
    "better", "worse" or "no clear difference", for no rule was written for it before the run.

    Args:
        claim: what is tested.
        rows: a record or the rows of a live run; all of one budget.
        treatment: arm in place of the claim's treatment.
        baseline: arm in place of the claim's baseline.
        metric: metric in place of the claim's metric.
    """
    if len(budgets := {row["budget"]["name"] for row in rows}) > 1:
        raise ValueError(f"rows: wanted one budget, got {sorted(budgets)}")
    first = claim.arm(treatment or claim.treatment).name
    second = claim.arm(baseline or claim.baseline).name
    chosen = metric or claim.metric
    values = {arm.name: _values(rows, arm.name, chosen) for arm in claim.arms}
    seeds = sorted(values[first].keys() & values[second].keys())
    if not seeds:
        raise ValueError(f"rows: wanted {chosen!r} of {first!r} and {second!r} for a common seed, got none")
    sign = -1 if claim.lower else 1
    effect, low, high = mean_interval([sign * (values[first][s] - values[second][s]) for s in seeds])
    if (first, second, chosen) == (claim.treatment, claim.baseline, claim.metric):
        verdict = decide(low, high, margin=claim.margin, seeds=len(seeds))
    else:
        verdict = describe(low, high, seeds=len(seeds))
    table = tuple(_summary(claim, rows, name, chosen) for name in values if values[name])
    return Comparison(claim, first, second, chosen, effect, low, high, len(seeds), verdict, table)


def live(
    claim: Claim,
    *,
    seeds: Iterable[int] = (0, 1),
    arms: Iterable[str] | None = None,
    budget: str = "live",
    jobs: int | None = None,
    progress: bool = True,
) -> list[Row]:
    """A short run for a notebook, in parallel on this machine; nothing is stored."""
    counts = count_parameters(claim)
    chosen = claim.arms if arms is None else [claim.arm(name) for name in arms]
    todo = [(arm, seed) for seed in seeds for arm in chosen]
    runs = collect(claim, todo, budget, counts, jobs=jobs or os.cpu_count() or 1, progress=progress)
    return [row for rows in runs for row in rows]


def _values(rows: Sequence[Row], arm: str, metric: str) -> dict[int, float]:
    return {row["seed"]: row["value"] for row in rows if row["arm"] == arm and row["metric"] == metric}


def _summary(claim: Claim, rows: Sequence[Row], arm: str, metric: str) -> ArmSummary:
    """The line of one arm."""
    mine = [row for row in rows if row["arm"] == arm]
    main = [row for row in mine if row["metric"] == metric]
    values = tuple(row["value"] for row in sorted(main, key=lambda row: row["seed"]))
    others = {}
    for name in dict.fromkeys(row["metric"] for row in mine if row["metric"] != metric):
        if claim.columns and name not in claim.columns:
            continue
        others[name] = mean_interval(list(_values(mine, arm, name).values()))[0]
    seconds = sum(row["seconds"] for row in main) / len(main)
    return ArmSummary(
        arm, claim.arm(arm).role, main[0]["parameters"], *mean_interval(values), seconds, values, others
    )


def _seeds(count: int) -> str:
    return f"{count} seed" if count == 1 else f"{count} seeds"


__all__ = ["METHOD", "ArmSummary", "Comparison", "compare", "decide", "describe", "live"]
