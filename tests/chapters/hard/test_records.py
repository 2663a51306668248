"""What the chapter says of its records is what they hold."""

import pytest

from visual_attention.experiments import registry, specification, verdict
from visual_attention.experiments.answer import answer

TEACHERS = registry.question("hard-choice")
MINE, PLAIN, ALONE = "REINFORCE, baseline, entropy", "REINFORCE, baseline", "REINFORCE alone"
LEVEL = (PLAIN, "Gumbel-softmax", "exact gradient", "exact gradient, entropy", "soft blend", "fullest cell")


def test_on_a_thousand_pictures_no_teacher_ends_higher_than_another():
    fewer = answer(TEACHERS).fewer()
    assert (fewer.verdict, fewer.seeds) == ("not supported", 10)
    for name in LEVEL:
        assert -1.5 < fewer.against[name].low < 0 < fewer.against[name].high < 1.5
    assert {n for n, one in fewer.against.items() if verdict.held(one, 5) == "beaten"} == {
        ALONE,
        "another picture's cell",
    }


def test_without_a_baseline_nothing_is_learnt_at_any_rate():
    found = answer(TEACHERS)
    lines = {line.contender.name: line for line in found.table(TEACHERS.middle)}
    assert lines[ALONE].mean < 12 and all(95.5 < lines[name].mean < 97.5 for name in (MINE, *LEVEL))
    rows = [row for row in found.rows if row["arm"] == ALONE and row["condition"] == TEACHERS.middle]
    assert {0.001, 0.003, 0.01, 0.03} <= {row["rate"] for row in rows}
    assert max(row["scores"]["accuracy"][-1] for row in rows) < 14


def test_the_bonus_buys_time_for_reinforce_and_nothing_for_the_exact_gradient():
    found = answer(TEACHERS)

    def half_way(name):
        return found.curve(TEACHERS.middle, name)[:, -2]

    assert TEACHERS.recipe.scored[-2] == 256
    shares = [half_way(n).mean() for n in ("exact gradient", "Gumbel-softmax", MINE, PLAIN)]
    assert [round(share) for share in shares] == [97, 95, 54, 42]
    gain = verdict.paired(half_way(MINE), half_way(PLAIN))
    assert gain.effect == pytest.approx(12.5) and (round(gain.low), round(gain.high)) == (5, 20)
    exact = verdict.paired(half_way("exact gradient, entropy"), half_way("exact gradient"))
    assert exact.low < 0 < exact.high < 1


def test_what_was_learnt_depends_on_the_chosen_cell():
    for line in answer(TEACHERS).table(TEACHERS.middle):
        assert line.cuts["another picture's cell"] < 15.5
        if line.contender.name in (MINE, *LEVEL):
            assert line.cuts["the digit's cell"] < line.mean + 0.5
        if line.contender.name == ALONE:
            assert round(line.cuts["the digit's cell"]) == 54


def test_on_a_thousand_pictures_the_eye_has_not_learnt_to_choose():
    found = answer(registry.question("hard"))
    fewer = found.fewer()
    assert (fewer.verdict, fewer.strongest, fewer.seeds) == ("not supported", "max pooling", 10)
    effects = {name: round(interval.effect) for name, interval in fewer.against.items()}
    assert (effects["max pooling"], effects["four fixed glimpses"], effects["one path for all"]) == (
        -35,
        -5,
        -1,
    )
    lines = {line.contender.name: line for line in found.table(found.question.middle)}
    means = {name: round(line.mean) for name, line in lines.items()}
    assert (means["learned glimpses"], means["max pooling"], means["blurred picture"]) == (21, 57, 24)
    assert (means["four fixed glimpses"], means["one path for all"]) == (26, 23)
    eye = lines["learned glimpses"]
    for moved in ("another picture's places", "the places' mean"):
        assert abs(eye.cuts[moved] - eye.mean) < 0.5
    cost = {name: line.multiplications for name, line in lines.items()}
    assert round(cost["max pooling"] / cost["learned glimpses"], 1) == 2.7
    assert cost["blurred picture"] < cost["learned glimpses"]


def test_without_end_the_eye_learns_to_choose_and_others_see_more():
    question = registry.question("hard")
    found = answer(question)
    higher, faster = found.higher(), found.faster()
    assert (higher.verdict, higher.seeds, faster.verdict) == ("not supported", 10, "not supported")
    against = {
        name: tuple(round(n) for n in (one.effect, one.low, one.high)) for name, one in higher.against.items()
    }
    assert against["one path for all"] == (10, 7, 12) and against["pathwise glimpses"] == (13, 10, 16)
    assert [against[name][0] for name in ("max pooling", "blurred picture", "four fixed glimpses")] == [
        -31,
        -23,
        -8,
    ]
    lines = {line.contender.name: line for line in found.table("without end")}
    assert {name: round(line.mean) for name, line in lines.items()} == {
        "max pooling": 92,
        "blurred picture": 84,
        "four fixed glimpses": 69,
        "learned glimpses": 61,
        "one path for all": 51,
        "pathwise glimpses": 47,
    }
    eye = lines["learned glimpses"]
    assert (round(eye.cuts["another picture's places"]), round(eye.cuts["the digit's middle"])) == (49, 64)
    assert eye.cuts["another picture's places"] < lines["one path for all"].mean
    assert set(higher.rising) == set(lines)


def test_under_other_settings_the_eye_stays_behind_max_pooling():
    listed = specification.curve(answer(registry.question("hard")))
    effects = {each.name: round(each.interval.effect) for each in listed}
    assert len(effects) == 9 and max(effects.values()) == effects["half the pictures"] == -10
    assert effects["easier: no clutter"] == -51 and effects["harder: digits of 12 pixels"] == -14
    assert max(each.interval.high for each in listed) < 0


def test_under_other_settings_no_teacher_is_ahead_but_where_nobody_learns():
    found = answer(TEACHERS)
    listed = {each.name: each for each in specification.curve(found)}
    assert len(listed) == 12 and specification.turns(found) == ["each place learnt for itself"]
    level = [name for name, one in listed.items() if one.interval.low < 0 < one.interval.high]
    assert len(level) == 10 and "as registered" in level
    slow, alone = listed["half the rate"], listed["each place learnt for itself"]
    assert [round(x, 1) for x in (slow.interval.effect, slow.interval.low, slow.interval.high)] == [
        -3.0,
        -5.7,
        -0.2,
    ]
    assert [round(x, 1) for x in (alone.interval.effect, alone.interval.low, alone.interval.high)] == [
        2.7,
        0.4,
        4.9,
    ]
    assert [round(x) for x in (alone.attention, alone.opponent)] == [16, 13]
