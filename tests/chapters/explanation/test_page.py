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
    for name in (*rivals.RIVALS, *verdicts.verdicts(RECORD, network), claims.ITSELF):
        assert {len(values) for values in verdicts.series(RECORD, network, name).values()} == {10}


@pytest.mark.parametrize("network", BOTH)
def test_only_what_decides_is_needed(network):
    known = {name: np.mean(v) for name, v in verdicts.series(RECORD, network, claims.ITSELF).items()}
    for what in ("digit", "mark"):
        assert known[f"right, {what} covered"] < 0.15
        assert known[f"right, all but the {what} covered"] > known[f"right, {what}"] - 0.03


@pytest.mark.parametrize("network", BOTH)
def test_contrast_finds_the_mark_as_often_as_the_best_and_a_decoy_fools_it(network):
    best = max(mean(network, "mark, no decoy", name) for name in COMPARING)
    assert 0.9 < mean(network, "mark, no decoy", "contrast") > best - 0.1
    assert mean(network, "mark", "contrast") < 0.25 and mean(network, "decoy", "contrast") > 0.7
    for name in COMPARING:
        assert mean(network, "decoy", name) < 0.1


def test_only_the_comparing_ones_beat_contrast_where_there_is_no_decoy():
    """What the page prints: most maps that know the transformer find its mark less often than contrast."""
    others = (maps.WITH_WEIGHTS | maps.ANY_NETWORK).keys() - set(COMPARING)
    for name in others:
        assert mean(TRANSFORMER, "mark, no decoy", name) < mean(TRANSFORMER, "mark, no decoy", "contrast")


@pytest.mark.parametrize("network", BOTH)
def test_of_mark_and_decoy_only_the_mark_decides(network):
    known = {name: np.mean(v) for name, v in verdicts.series(RECORD, network, claims.ITSELF).items()}
    assert known["right, of both the mark covered"] < 0.15
    assert known["right, of both the decoy covered"] == pytest.approx(known["right, mark"], abs=0.02)
    assert known["right, mark and decoy"] < known["right, mark"]


@pytest.mark.parametrize("network", BOTH)
def test_what_compares_with_a_missing_thing_finds_the_mark_nearly_always(network):
    for name in COMPARING:
        assert mean(network, "mark", name) > 0.9 and verdict(network, name, "mark") == "passes"


def test_maps_of_weights_point_at_the_mark_less_often_and_two_of_them_mostly_beside_it():
    for name in maps.WITH_WEIGHTS:
        assert mean(TRANSFORMER, "mark", name) < 0.8
    assert mean(TRANSFORMER, "mark or beside", "rollout") > 0.75
    assert mean(TRANSFORMER, "mark or beside", "attention x gradient") > 0.85
    assert (
        mean(TRANSFORMER, "mark", "raw attention") < 0.5
        and verdict(TRANSFORMER, "raw attention", "mark") == "fails"
    )


def test_without_a_stem_rollout_moves_onto_the_mark_and_raw_attention_still_misses_it_often():
    assert mean(claims.ALONE, "mark", "rollout") > 0.9 > mean(TRANSFORMER, "mark", "rollout") + 0.1
    assert mean(claims.ALONE, "mark", "raw attention") == pytest.approx(0.4, abs=0.06)
    assert len(verdicts.series(RECORD, claims.ALONE, "rollout")["mark"]) == claims.ALONE_SEEDS == 5


def test_better_networks_do_not_make_raw_attention_point_better():
    read = np.array(verdicts.series(RECORD, TRANSFORMER, claims.ITSELF)["right, mark"])
    hits = np.array(verdicts.series(RECORD, TRANSFORMER, "raw attention")["mark"])
    assert read.min() == pytest.approx(0.375, abs=0.006) and read.max() == pytest.approx(0.98, abs=0.005)
    assert (read > 0.9).sum() == 4 and hits[read > 0.9].mean() == pytest.approx(0.25, abs=0.05)
    assert hits[read > 0.9].mean() < hits[read <= 0.9].mean()


def test_the_best_head_after_the_fact():
    assert table.mean(RECORD, TRANSFORMER, "mark, best head") == pytest.approx(0.75, abs=0.03)
    assert table.mean(RECORD, TRANSFORMER, "mark or beside, best head") == pytest.approx(0.88, abs=0.03)


def test_against_contrast_no_map_of_weights_passes_deletion_or_insertion():
    judged = verdicts.verdicts(RECORD, TRANSFORMER)
    for name in (*maps.WITH_WEIGHTS, "gradient"):
        for test in ("deletion", "insertion"):
            assert judged[name][test] != "passes"


@pytest.mark.parametrize("rival", ["centre", "contrast"])
def test_two_rivals_hit_the_digit_about_seven_times_in_ten(rival):
    assert mean(TRANSFORMER, "digit", rival) == pytest.approx(0.7, abs=0.03)


def test_what_stays_in_the_gradient_s_map_is_no_more_like_this_picture_than_like_another():
    for network in BOTH:
        same, other = (mean(network, what, "gradient") for what in ("noise", "noise, another picture"))
        assert same > 0.3 and abs(same - other) < 0.05


def test_own_weights_guide_far_better_than_even_ones_and_the_lead_over_the_others_is_open():
    itself = verdicts.series(RECORD, TRANSFORMER, claims.ITSELF)
    own, others, afar, even = (itself[f"guided, {n}"] for n in ("own", "others", "from afar", "even"))
    margin = verdicts.GUIDE_MARGIN
    assert verdicts.cleared(verdicts.interval(own, even), margin) == "passes"
    lead = verdicts.interval(own, others)
    assert verdicts.cleared(lead, margin) == "open" and lead.low < margin < lead.mean
    assert np.mean(even) + 0.03 < np.mean(afar) < np.mean(others)
    assert verdicts.cleared(verdicts.interval(own, afar), margin) == "passes"


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
        filling: mean(TRANSFORMER, f"deletion, {filling}", "contrast")
        - mean(TRANSFORMER, f"deletion, {filling}", "occlusion")
        for filling in ("grey", "another picture")
    }
    assert lead["another picture"] < lead["grey"]


def test_grad_cam_does_well_where_it_was_made_for_and_fails_on_this_transformer():
    assert verdict(CONVOLUTIONAL, "Grad-CAM", "mark") == "passes"
    for test in ("digit", "mark", "deletion"):
        assert verdict(TRANSFORMER, "Grad-CAM", test) == "fails"


def test_the_last_block_s_choice_is_worth_little_and_that_of_the_first_nearly_all():
    itself = {n: np.mean(v) for n, v in verdicts.series(RECORD, TRANSFORMER, claims.ITSELF).items()}
    for what in ("digit", "mark"):
        assert 0 < itself[f"right, {what}"] - itself[f"right, {what}, last even"] < 0.1
        assert itself[f"right, {what}, first even"] < 0.25
    for which in ("others", "from afar"):
        assert itself[f"divergence, {which}"] > 0.8 and itself[f"moved, {which}"] < 0.05


def test_a_record_is_small_and_made_under_one_rule():
    lines = claims.RECORD.read_text().splitlines()
    assert claims.RECORD.stat().st_size < 300_000
    assert {json.loads(line)["rule"] for line in lines} == {verdicts.rule_hash()}


def test_the_table_has_every_method_and_says_each_verdict_in_a_word():
    shown = table.Table(RECORD, TRANSFORMER)
    assert [line[0] for line in shown.lines()] == [*rivals.RIVALS, *maps.WITH_WEIGHTS, *maps.ANY_NETWORK]
    raw = dict(zip(shown.header(), shown.lines()[len(rivals.RIVALS)], strict=True))
    assert raw["answer"] == "1.00 ✗ fails" and raw["deletion"].split()[:3] == [
        table.written(mean(TRANSFORMER, f"deletion, {filling}", "raw attention"))
        for filling in ("grey", "blur", "another picture")
    ]
    assert "<caption>" in shown._repr_html_() and 'tabindex="0"' in shown._repr_html_()
    with pytest.raises(ValueError, match="got none under the present rule"):
        table.Table([], TRANSFORMER)


def test_numbers_are_written_with_a_minus_and_nothing_has_none():
    assert [table.written(value) for value in (-0.004, 0.126, -0.05)] == ["0.00", "0.13", "−0.05"]


def test_without_the_first_block_s_choice_a_little_more_than_guessing_is_left():
    itself = verdicts.series(RECORD, TRANSFORMER, claims.ITSELF)
    for what, share in (("digit", 0.19), ("mark", 0.17)):
        left = itself[f"right, {what}, first even"]
        assert round(np.mean(left), 2) == share and verdicts.interval(left).low > 0.1
        lost = verdicts.interval(itself[f"right, {what}"], itself[f"right, {what}, last even"])
        assert lost.mean == pytest.approx(0.05, abs=0.01) and -0.01 < lost.low < 0.0005


def test_what_moves_when_only_the_six_transformers_that_read_most_marks_count():
    read = verdicts.series(RECORD, TRANSFORMER, claims.ITSELF)["right, mark"]
    few = {seed for seed, share in zip(verdicts.SEEDS, read, strict=True) if share >= 0.85}
    assert len(few) == 6 and [round(100 * share) for share in sorted(read)[:3]] == [38, 56, 61]
    all_of_them = verdicts.verdicts(RECORD, TRANSFORMER)
    judged = verdicts.verdicts([row for row in RECORD if row["seed"] in few], TRANSFORMER)
    moved = {
        (name, test): (verdict, judged[name][test])
        for name, tests in all_of_them.items()
        for test, verdict in tests.items()
        if verdict != judged[name][test]
    }
    assert moved == {
        ("raw attention", "mark or beside"): ("fails", "open"),
        ("gradient", "deletion"): ("fails", "open"),
        ("gradient", "insertion"): ("open", "depends on the filling"),
    }
