"""What the page says in words is what the record says in numbers."""

import json

import numpy as np
import pytest

from visual_attention.chapters.explanation import claims, maps, rivals, signs, table, verdicts
from visual_attention.chapters.explanation.measures import ITSELF

RECORD = claims.load()
TRANSFORMER, CONVOLUTIONAL = "transformer", "convolutional"
BOTH = (TRANSFORMER, CONVOLUTIONAL)
COMPARING = ("integrated gradients", "occlusion")  # the picture with one in which the thing is missing
FILLINGS = ("grey", "blur", "another picture")


def series(network, metric, method=ITSELF):
    return verdicts.series(RECORD, network, method)[metric]


def mean(network, metric, method=ITSELF):
    return table.mean(RECORD, network, metric, method)


def verdict(network, method, test):
    return verdicts.verdicts(RECORD, network)[method][test]


@pytest.mark.parametrize("network", [*BOTH, *claims.MARKS_ONLY])
def test_the_record_has_ten_seeds_of_everything(network):
    seeds = {row["seed"] for row in RECORD if row["network"] == network}
    assert seeds == set(verdicts.SEEDS) and len(seeds) == 10
    others = () if network in claims.MARKS_ONLY else rivals.RIVALS
    for name in (*others, *verdicts.verdicts(RECORD, network), ITSELF):
        assert {len(values) for values in verdicts.series(RECORD, network, name).values()} == {10}


@pytest.mark.parametrize("network", BOTH)
def test_only_what_decides_is_needed(network):
    known = {name: np.mean(v) for name, v in verdicts.series(RECORD, network, ITSELF).items()}
    for what in ("digit", "mark"):
        assert known[f"right, {what} covered"] < 0.15
        assert known[f"right, all but the {what} covered"] > known[f"right, {what}"] - 0.03
    assert known["right, of both the mark covered"] < 0.15
    for with_or_without in ("right, mark and decoy", "right, of both the decoy covered"):
        assert known[with_or_without] > 0.97


@pytest.mark.parametrize("network", BOTH)
@pytest.mark.parametrize("rival", rivals.RIVALS)
def test_no_map_that_asks_no_network_has_more_than_a_half_over_a_pair_of_twins(network, rival):
    for metric in ("mark", "mark or beside"):
        values = series(network, metric, rival)
        for one, twin in zip(values[::2], values[1::2], strict=True):
            assert one + twin <= 1 + 1e-4


@pytest.mark.parametrize("network", BOTH)
def test_without_a_decoy_to_see_is_enough(network):
    assert mean(network, "mark, no decoy", "contrast") > 0.95
    assert mean(network, "mark, no decoy", "spread") > 0.995


@pytest.mark.parametrize("network", BOTH)
def test_the_margin_can_be_cleared_by_who_knows_the_truth_against_every_rival(network):
    """The digit's square as a map, and 1 where a map points: both clear every margin of the rule."""
    for trial in verdicts.TRIALS:
        for metric in trial.metrics if trial.rivals else ():
            truth = series(network, metric) if trial.name in ("deletion", "insertion") else [1.0] * 10
            for rival in rivals.RIVALS:
                ours, theirs = (np.array(v) * trial.sign for v in (truth, series(network, metric, rival)))
                assert (ours - theirs).mean() > trial.margin, (metric, rival)


def test_a_record_is_small_and_made_under_one_rule():
    lines = claims.RECORD.read_text().splitlines()
    assert claims.RECORD.stat().st_size < 600_000
    assert {json.loads(line)["rule"] for line in lines} == {verdicts.rule_hash()}


def test_the_table_has_every_method_and_says_each_verdict_in_a_word():
    shown = table.Table(RECORD, TRANSFORMER)
    assert [line[0] for line in shown.lines()] == [*rivals.RIVALS, *signs.NAMES]
    raw = dict(zip(shown.header(), shown.lines()[len(rivals.RIVALS)], strict=True))
    assert raw["answer"] == "1.00 ✗ fails" and raw["deletion"].split()[:3] == [
        table.written(mean(TRANSFORMER, f"deletion, {filling}", "raw attention")) for filling in FILLINGS
    ]
    assert "<caption>" in shown._repr_html_() and 'tabindex="0"' in shown._repr_html_()
    with pytest.raises(ValueError, match="got none under the present rule"):
        table.Table([], TRANSFORMER)


def test_numbers_are_written_with_a_minus_and_nothing_has_none():
    assert [table.written(value) for value in (-0.004, 0.126, -0.05)] == ["0.00", "0.13", "−0.05"]
