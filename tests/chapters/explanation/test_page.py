"""What the page says in words is what the record says in numbers."""

import json

import numpy as np
import pytest

from visual_attention.chapters.explanation import claims, maps, table, verdicts

RECORD = claims.load()
TRANSFORMER, CONVOLUTIONAL = "transformer", "convolutional"
BOTH = (TRANSFORMER, CONVOLUTIONAL)
COMPARING = ("integrated gradients", "occlusion")  # the picture with one in which the thing is missing


def mean(network, metric, method):
    return table.mean(RECORD, network, metric, method)


def verdict(network, method, test):
    return verdicts.verdicts(RECORD, network)[method][test]


@pytest.mark.parametrize("network", BOTH)
def test_the_record_has_all_seeds_and_all_methods(network):
    seeds = {row["seed"] for row in RECORD if row["network"] == network}
    assert seeds == set(verdicts.SEEDS)
    for name in (*maps.RIVALS, *verdicts.verdicts(RECORD, network), claims.ITSELF):
        assert {len(values) for values in verdicts.series(RECORD, network, name).values()} == {10}


@pytest.mark.parametrize("network", BOTH)
def test_only_what_decides_is_needed(network):
    known = {name: np.mean(v) for name, v in verdicts.series(RECORD, network, claims.ITSELF).items()}
    for what in ("digit", "mark"):
        assert known[f"right, {what} covered"] < 0.15
        assert known[f"right, all but the {what} covered"] > known[f"right, {what}"] - 0.03


@pytest.mark.parametrize("network", BOTH)
def test_what_compares_with_a_missing_thing_finds_the_mark_nearly_always(network):
    for name in COMPARING:
        assert mean(network, "mark", name) > 0.9 and verdict(network, name, "mark") == "passes"


def test_maps_of_weights_point_at_the_mark_far_less_often_and_rollout_nearly_always_beside_it():
    for name in maps.WITH_WEIGHTS:
        assert mean(TRANSFORMER, "mark", name) < 0.65
    assert mean(TRANSFORMER, "mark or beside", "rollout") > 0.9
    assert mean(TRANSFORMER, "mark or beside", "attention x gradient") > 0.8
    assert (
        mean(TRANSFORMER, "mark", "raw attention") < 0.5
        and verdict(TRANSFORMER, "raw attention", "mark") == "fails"
    )


def test_without_a_stem_rollout_moves_onto_the_mark_and_raw_attention_still_misses_it_often():
    assert mean(claims.ALONE, "mark", "rollout") > mean(TRANSFORMER, "mark", "rollout") + 0.2
    assert mean(claims.ALONE, "mark", "raw attention") < 0.75


def test_the_middle_hits_the_digit_about_seven_times_in_ten():
    assert mean(TRANSFORMER, "digit", "centre") == pytest.approx(0.7, abs=0.03)


def test_own_weights_guide_far_better_than_even_ones_and_the_lead_over_the_others_is_open():
    itself = verdicts.series(RECORD, TRANSFORMER, claims.ITSELF)
    own, others, even = (itself[f"guided, {name}"] for name in ("own", "others", "even"))
    margin = verdicts.GUIDE_MARGIN
    assert verdicts.cleared(verdicts.interval(own, even), margin) == "passes"
    lead = verdicts.interval(own, others)
    assert verdicts.cleared(lead, margin) == "open" and lead.low < 0 < lead.mean
    assert sum(mine < theirs for mine, theirs in zip(own, others, strict=True)) == 3


@pytest.mark.parametrize("network", BOTH)
def test_the_two_pass_nearly_everything(network):
    for name in COMPARING:
        judged = verdicts.verdicts(RECORD, network)[name]
        assert [test for test, each in judged.items() if each != "passes"] in ([], ["insertion"])


def test_there_are_verdicts_that_turn_with_the_filling():
    judged = verdicts.verdicts(RECORD, TRANSFORMER)
    assert any("depends on the filling" in each.values() for each in judged.values())


def test_neither_raw_attention_nor_rollout_notices_another_head():
    for name in ("raw attention", "rollout"):
        assert set(verdicts.series(RECORD, TRANSFORMER, name)["another head"]) == {1.0}
        assert verdict(TRANSFORMER, name, "answer") == "fails"
    assert mean(TRANSFORMER, "another head", "gradient") > 0.8


def test_occlusion_and_integrated_gradients_lead_in_deletion_and_less_with_another_picture():
    for filling in ("grey", "blur", "another picture"):
        kept = {
            name: mean(TRANSFORMER, f"deletion, {filling}", name)
            for name in maps.WITH_WEIGHTS | maps.ANY_NETWORK
        }
        assert set(sorted(kept, key=kept.get)[:2]) == set(COMPARING)
    lead = {
        filling: mean(TRANSFORMER, f"deletion, {filling}", "centre")
        - mean(TRANSFORMER, f"deletion, {filling}", "occlusion")
        for filling in ("grey", "another picture")
    }
    assert lead["another picture"] < lead["grey"]


def test_grad_cam_does_well_where_it_was_made_for_and_fails_on_this_transformer():
    assert verdict(CONVOLUTIONAL, "Grad-CAM", "mark") == "passes"
    for test in ("digit", "mark", "deletion"):
        assert verdict(TRANSFORMER, "Grad-CAM", test) == "fails"


def test_the_last_block_s_choice_is_worth_little_and_that_of_both_is_worth_most():
    itself = {n: np.mean(v) for n, v in verdicts.series(RECORD, TRANSFORMER, claims.ITSELF).items()}
    assert itself["right, digit"] - itself["right, last 1 even"] < 0.12
    assert itself["right, last 2 even"] < 0.4
    assert itself["divergence"] > 0.8 and itself["moved"] < 0.05


def test_a_record_is_small_and_made_under_one_rule():
    lines = claims.RECORD.read_text().splitlines()
    assert claims.RECORD.stat().st_size < 300_000
    assert {json.loads(line)["rule"] for line in lines} == {verdicts.rule_hash()}


def test_the_table_has_every_method_and_says_each_verdict_in_a_word():
    shown = table.Table(RECORD, TRANSFORMER)
    assert [line[0] for line in shown.lines()] == [*maps.RIVALS, *maps.WITH_WEIGHTS, *maps.ANY_NETWORK]
    raw = dict(zip(shown.header(), shown.lines()[2], strict=True))
    assert raw["answer"] == "1.00 ✗ fails" and raw["deletion"].split()[:3] == [
        table.written(mean(TRANSFORMER, f"deletion, {filling}", "raw attention"))
        for filling in ("grey", "blur", "another picture")
    ]
    assert "<caption>" in shown._repr_html_() and 'tabindex="0"' in shown._repr_html_()
    with pytest.raises(ValueError, match="got none under the present rule"):
        table.Table([], TRANSFORMER)


def test_numbers_are_written_with_a_minus_and_nothing_has_none():
    assert [table.written(value) for value in (-0.004, 0.126, -0.05)] == ["0.00", "0.13", "−0.05"]
