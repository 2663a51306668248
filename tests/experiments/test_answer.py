"""What a record answers, with records whose truth is known."""

import pytest

from tests.experiments import known
from visual_attention.experiments import specification, words
from visual_attention.experiments.answer import Answer
from visual_attention.experiments.ledger import Ledger


def answer(question=None, *, more=(), **lasts):
    question = question or known.usual()
    usual = {"attention": [80, 82, 84], "mean": [40, 41, 42], "max": [60, 61, 62], "another": [50, 50, 50]}
    rows = known.rows(question, **(usual | lasts))
    return Answer(question, Ledger([*known.tuned(question), *rows, *more]))


def test_ahead_of_all_is_supported_against_the_strongest():
    fewer, higher, faster = answer().verdicts
    assert (fewer.verdict, higher.verdict, faster.verdict) == ("supported",) * 3
    assert fewer.strongest == "max" and fewer.effect.effect == pytest.approx(21)
    assert fewer.effect.seeds == fewer.seeds == 3


def test_a_rival_that_ties_takes_the_support_away():
    found = answer(max=[80, 82, 84]).higher()
    assert found.verdict == "not supported" and found.strongest == "max"


def test_a_control_that_ties_gives_not_by_choosing():
    found = answer(another=[80, 82, 84])
    assert found.fewer().verdict == found.higher().verdict == "not by choosing"
    assert found.fewer().strongest == "max"  # the effect is still told against a real opponent


def test_who_still_rises_is_named():
    found = answer(max=[(58, 60), (59, 61), (60, 62)]).fewer()
    assert found.rising == ("max",) and answer().fewer().rising == ()
    assert "Still rising: max." in words.sentence(answer(), found)


def test_faster_and_higher_are_two_questions():
    """All end at 80; attention was there after half of the steps, the others were not."""
    ends = {name: [(20, 80)] * 3 for name in ("mean", "max", "another")}
    found = answer(attention=[(80, 80)] * 3, **ends)
    assert found.higher().verdict == "not supported"
    assert found.faster().verdict == "supported" and 2 ** found.faster().effect.effect == pytest.approx(2)


def test_a_part_of_the_seeds_gives_no_verdict():
    found = answer(max=[60, 61])
    assert found.seeds("16 pictures") == 2 and found.fewer().verdict == "not run yet"
    assert "not run yet (2 of 3 seeds)" in words.sentence(found, found.fewer())
    assert Answer(known.usual(), Ledger()).fewer().verdict == "not run yet"


def test_rows_under_another_rule_do_not_count():
    question = known.usual()
    old = [row | {"rule": "old"} for row in known.rows(question, attention=[99] * 3)]
    found = answer(question, more=old)
    assert found.changed == len(old) and found.fewer().effect.effect == pytest.approx(21)
    assert f"{len(old)} rows were made under another rule" in words.notes(found)[0]


def test_rows_at_a_rate_that_the_rule_did_not_choose_do_not_count():
    """Whoever tunes again may leave trainings at the old rate behind: the table is of the chosen one."""
    question = known.usual()
    headline = [row | {"rate": 0.03} for row in known.rows(question, attention=[99] * 3)]
    settings = [
        row | {"rate": 0.03} for row in known.rows(question, part="specification", attention=[99] * 3)
    ]
    found = answer(question, more=[*headline, *settings])
    assert found.fewer().effect.effect == found.higher().effect.effect == pytest.approx(21)
    assert found.table("16 pictures")[0].mean == pytest.approx(82)
    assert [one.name for one in specification.curve(found)] == ["as registered"]
    assert answer(question, attention=[], more=headline).fewer().verdict == "not run yet"


def test_lower_can_be_better():
    question = known.usual(lower=True)
    found = answer(question, attention=[10, 11, 12])
    assert found.higher().verdict == "supported" and found.higher().effect.effect == pytest.approx(30)
    assert found.table("16 pictures")[0].contender.name == "attention"


def test_how_many_times_fewer_pictures():
    """Attention has 50 at 8 pictures and max at 32: four times as many."""
    question = known.usual()
    by_size = {"8 pictures": 50, "16 pictures": 60, "32 pictures": 70, "without end": 80}
    less = {"8 pictures": 20, "16 pictures": 30, "32 pictures": 50, "without end": 80}

    def last(row):
        return (by_size if row["arm"] == "attention" else less)[row["condition"]]

    rows = [
        row | {"scores": {"accuracy": [0, 0, 0, 0, last(row)]}}
        for row in known.rows(question, attention=[0] * 3, max=[0] * 3, mean=[0] * 3, another=[0] * 3)
    ]  # fmt: skip
    interval, bound = Answer(question, Ledger([*known.tuned(question), *rows])).times_fewer("max")
    assert 2**interval.effect == pytest.approx(4) and bound  # at the smallest set already: a bound


def test_the_table_holds_cost_and_cuts():
    question = known.usual()
    ends = {"attention": [80] * 3, "max": [60] * 3, "mean": [40] * 3, "another": [50] * 3}
    rows = [row | ({"cuts": {"halved": 30.0}} if row["arm"] == "attention" else {})
            for row in known.rows(question, **ends)]  # fmt: skip
    found = Answer(question, Ledger([*known.tuned(question), *rows]))
    lines = found.table("16 pictures")
    assert [line.contender.name for line in lines] == ["attention", "max", "another", "mean"]
    assert lines[0].cuts == {"halved": 30} and lines[1].cuts == {}
    header, cells = words.header(found, lines), words.cells(found, lines)
    assert dict(zip(header, cells[0], strict=True))["with halved"] == "30.0"
    assert dict(zip(header, cells[1], strict=True))["with halved"] == "–"
    assert "attention minus it" in header and cells[1][3].startswith("+20.0")
    assert words.as_text(found)


def test_the_specification_curve_is_sorted_and_marks_the_registered_setting():
    question = known.usual()
    variants = known.rows(question, part="specification", attention=[70, 70, 71], max=[75, 76, 77])
    found = answer(question, more=variants)
    curve = specification.curve(found)
    assert [one.name for one in curve] == ["half the rate", "more", "as registered"]
    assert [one.registered for one in curve] == [False, False, True]
    assert curve[0].interval.effect == pytest.approx(-17 / 3) and curve[-1].interval.effect == pytest.approx(
        21
    )
    assert specification.turns(found) == ["half the rate", "more"]


def test_a_variant_with_seeds_missing_waits():
    question = known.usual()
    found = answer(
        question, more=known.rows(question, part="specification", attention=[70] * 3, max=[75] * 2)
    )
    assert [one.name for one in specification.curve(found)] == ["as registered"]
    assert specification.turns(found) == []


def test_quick_signs_are_held_against_the_record():
    full, same, other = answer(), answer(attention=[70, 71, 72]), answer(attention=[10, 11, 12])
    assert words.signs(same, full).count("same sign") == 3
    assert words.signs(other, full).count("another sign") == 3
    assert "no record to compare with" in words.signs(same, Answer(known.usual(), Ledger()))
