"""How are many runs made in parallel, and continued after an interruption?

A run is one arm with one seed. Runs are independent, so they go to processes of this machine (joblib) or,
with a scheduler's address, to a Dask cluster. Each run has one thread: two runs side by side beat one with
two threads.
"""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import joblib
import torch
from tqdm.auto import tqdm

from visual_attention.experiments import record
from visual_attention.experiments.claim import Arm, Claim, count_parameters
from visual_attention.training import seeded


def run_one(claim: Claim, arm: Arm, seed: int, budget: str, parameters: int) -> list[record.Row]:
    """Build, train and test one model in one thread; a row for each metric, the claim's own metric last.

    `seconds` is the processor time of the run, which a busy machine distorts less than the clock on the wall.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start = time.process_time()
    try:
        with seeded(seed):
            model = arm.build()
        with seeded(seed):
            metrics = claim.measure(model, arm, seed, claim.budget(budget))
        common = {
            "parameters": parameters,
            "seconds": round(time.process_time() - start, 2),
            "budget": {"name": budget, **asdict(claim.budget(budget))},
            "versions": record.versions(),
        }
    finally:
        torch.set_num_threads(threads)
    if claim.metric not in metrics:
        raise ValueError(f"claim {claim.name!r}: wanted the metric {claim.metric!r}, got {sorted(metrics)}")
    if wrong := [name for name, value in metrics.items() if not math.isfinite(value)]:
        raise ValueError(f"claim {claim.name!r}, arm {arm.name!r}, seed {seed}: {wrong} not a finite number")
    names = sorted(metrics, key=lambda name: name == claim.metric)
    return [
        {"claim": claim.name, "arm": arm.name, "seed": seed, "metric": name, "value": float(metrics[name])}
        | common
        for name in names
    ]


def run(
    claim: Claim,
    *,
    seeds: Iterable[int] | None = None,
    budget: str = "full",
    arms: Iterable[str] | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    folder: Path | None = None,
    progress: bool = True,
) -> int:
    """Make the runs that the claim's record lacks, and append each to it as soon as it ends.

    Rows of the same budget's name that were made under another definition (steps, parameters, arms) are
    dropped first.

    Returns:
        How many runs were made.
    """
    counts = count_parameters(claim)
    kept = _drop_outdated(claim, budget, counts, folder)
    done = {(row["arm"], row["seed"]) for row in kept if row["metric"] == claim.metric}
    wanted = _plan(claim, range(claim.seeds) if seeds is None else seeds, arms)
    todo = [(arm, seed) for arm, seed in wanted if (arm.name, seed) not in done]
    for rows in collect(claim, todo, budget, counts, jobs=jobs, scheduler=scheduler, progress=progress):
        record.append(claim.name, rows, folder)
    return len(todo)


def collect(
    claim: Claim,
    todo: list[tuple[Arm, int]],
    budget: str,
    counts: dict[str, int],
    *,
    jobs: int,
    scheduler: str | None = None,
    progress: bool = True,
) -> Iterator[list[record.Row]]:
    """The rows of each run, in the order in which runs end."""
    calls = [partial(run_one, claim, arm, seed, budget, counts[arm.name]) for arm, seed in todo]
    source = execute(calls, jobs=jobs, scheduler=scheduler)
    label = f"{claim.name} ({budget})"
    with tqdm(total=len(calls), desc=label, unit="run", disable=not progress or not calls) as bar:
        for rows in source:
            bar.set_postfix_str(f"{rows[-1]['arm']}: {rows[-1]['value']:.1f}", refresh=False)
            bar.update()
            yield rows


def _plan(claim: Claim, seeds: Iterable[int], arms: Iterable[str] | None) -> list[tuple[Arm, int]]:
    """Seed by seed, so that an interrupted record holds whole pairs."""
    chosen = claim.arms if arms is None else [claim.arm(name) for name in arms]
    return [(arm, seed) for seed in seeds for arm in chosen]


def _drop_outdated(
    claim: Claim, budget: str, counts: dict[str, int], folder: Path | None
) -> list[record.Row]:
    """Rows of this budget that still hold; the others are taken out of the file."""
    definition = {"name": budget, **asdict(claim.budget(budget))}
    rows = record.load_all(claim.name, folder)
    others = [row for row in rows if row["budget"]["name"] != budget]
    mine = [row for row in rows if row["budget"]["name"] == budget]
    valid = [r for r in mine if r["budget"] == definition and counts.get(r["arm"]) == r["parameters"]]
    if len(valid) < len(mine):
        tqdm.write(f"{claim.name}: {len(mine) - len(valid)} rows of an older definition dropped")
        record.keep(claim.name, others + valid, folder)
    return valid


def execute(calls: list[partial], *, jobs: int = 1, scheduler: str | None = None) -> Iterator:
    """What each call returns, in the order in which they end: in this process, in several, or on a cluster.

    A call whose worker dies is made again by another; what a call returned comes once.
    """
    yield from _on_cluster(calls, scheduler) if scheduler else _on_this_machine(calls, jobs)


def _on_this_machine(calls: list[partial], jobs: int) -> Iterator:
    if jobs == 1 or len(calls) < 2:
        yield from (call() for call in calls)
        return
    with joblib.parallel_config("loky", n_jobs=min(jobs, len(calls)), inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        yield from parallel(joblib.delayed(call)() for call in calls)


def _on_cluster(calls: list[partial], address: str) -> Iterator:
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise RuntimeError("a scheduler's address needs Dask: pip install 'dask[distributed]'") from error
    with Client(address) as client:
        futures = [client.submit(call, pure=False) for call in calls]
        for future in as_completed(futures):
            yield future.result()
            future.release()
