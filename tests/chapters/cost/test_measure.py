"""The record of times is whole, says how it was made, and its counts are those that are counted now."""

import pytest

from visual_attention.chapters.cost import measure
from visual_attention.chapters.cost.counting import bill


def test_a_short_run_counts_and_times_each_way():
    rows = measure.run(sides=(8,), seconds=0.002)
    assert [row["way"] for row in rows] == list(measure.ways(8))
    for row in rows:
        assert row["tokens"] == 64 and 0 < row["low"] <= row["seconds"] <= row["high"]
    explicit = next(row for row in rows if row["way"] == "explicit")
    assert explicit["operations"] == 4 * 64 * 64 * measure.WIDTH


def test_only_the_named_ways_are_run():
    rows = measure.run(sides=(8,), seconds=0.002, names=["rows", "fused"])
    assert [row["way"] for row in rows] == ["fused", "rows"]


def test_exponents_are_fitted_to_the_larger_sizes():
    rows = [
        {"way": "a", "tokens": n, "seconds": 1.0 if n < 500 else 1e-6 * n**2}
        for n in (64, 256, 576, 1024, 2304)
    ]
    assert measure.exponents(rows)["a"].value == pytest.approx(2)
    assert measure.exponents(rows, least=0)["a"].value < 1.9


def test_the_record_is_whole_and_its_counts_hold():
    kept = measure.load()
    assert isinstance(kept["provisional"], bool) and kept["machine"]["processor"]
    names = list(measure.ways(8))
    wanted = [(name, side**2) for side in measure.SIDES for name in names]
    assert [(row["way"], row["tokens"]) for row in kept["rows"]] == wanted
    import torch

    for row in kept["rows"]:
        if row["tokens"] in (64, 576):
            side = int(row["tokens"] ** 0.5)
            generator = torch.Generator().manual_seed(side)
            inputs = torch.randn(3, 1, side**2, kept["width"], generator=generator).unbind()
            counted = bill(measure.ways(side)[row["way"]], *inputs)
            assert (counted.operations, counted.moved, counted.held) == (
                row["operations"],
                row["moved"],
                row["held"],
            ), row["way"]


def test_the_command_writes_a_whole_record(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "RECORD", tmp_path / "machine.json")
    run, few = measure.run, {"sides": (24, 32, 40), "names": ["fused", "rows"]}
    monkeypatch.setattr(measure, "run", lambda seconds: run(seconds=seconds, **few))
    monkeypatch.setattr("sys.argv", ["measure", "--seconds", "0.001"])
    measure.main()
    kept = measure.load()
    assert kept["provisional"] is False and set(kept["ceilings"]) == {"operations", "memory", "cache"}
    assert [row["tokens"] for row in kept["rows"]] == [576, 576, 1024, 1024, 1600, 1600]
    assert set(measure.exponents(kept["rows"])) == {"fused", "rows"}


def test_what_the_page_says_of_the_record_of_times():
    """The captions of the notebook hold no number, but they say which ways are fast: here, by the record."""
    kept = measure.load()
    at = {(row["way"], row["tokens"]): row for row in kept["rows"]}
    seconds = {key: row["seconds"] for key, row in at.items()}
    exact, cheap = ("explicit", "fused", "blocks"), ("windows of 8 x 8", "criss-cross", "linear")
    slopes = {name: fit.value for name, fit in measure.exponents(kept["rows"]).items()}
    assert min(slopes[name] for name in exact) > 1.7 > 1.6 > max(slopes[name] for name in cheap)
    for name in cheap:  # it pays only beyond some hundred tokens
        assert seconds[name, 64] > seconds["fused", 64] and seconds[name, 1024] < seconds["fused", 1024]
    ends = [max(seconds[name, 4096] for name in cheap)]
    ends += [seconds[name, 4096] for name in ("fused", "explicit", "blocks")]
    assert 5 * ends[0] < ends[1] and 1.5 * ends[1] < min(ends[2:])
    speed = {name: at[name, 1024]["operations"] / seconds[name, 1024] for name in exact}
    assert speed["fused"] > speed["explicit"]  # it reaches more of the flat ceiling


def test_the_whole_matrix_s_time_grows_faster_than_its_operations_as_the_page_says():
    rows = measure.load()["rows"]
    for least, wanted in ((500, (2.60, 1.98, 3.22)), (1000, (2.93, 2.03, 3.83))):
        fit = measure.exponents(rows, least=least)["explicit"]
        assert (fit.value, fit.low, fit.high) == pytest.approx(wanted, abs=0.006)
    for way, times in (("explicit", 49), ("fused", 16)):
        seconds = {row["tokens"]: row["seconds"] for row in rows if row["way"] == way}
        assert round(seconds[4096] / seconds[1024]) == times
