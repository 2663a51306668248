"""What the chapter says of its records is what they hold."""

from statistics import mean

import pytest

from visual_attention.chapters.spatial import steady
from visual_attention.experiments import ledger, record, registry, specification
from visual_attention.experiments.answer import answer
from visual_attention.experiments.verdict import paired

MIDDLE = "500 pictures"


@pytest.fixture(scope="module")
def place():
    return answer(registry.question("spatial"))


def last(found, name):
    return sorted(round(float(score)) for score in found.curve(MIDDLE, name)[:, -1])


def test_means_on_five_hundred_pictures(place):
    assert {line.contender.name: round(line.mean) for line in place.table(MIDDLE)} == {
        "CBAM": 80,
        "second convolution": 80,
        "spatial attention": 75,
        "the same without its norm": 59,
        "coordinate attention": 59,
        "scores added": 58,
        "no gate": 46,
        "squeeze and excitation": 46,
        "fixed gates": 45,
        "another picture's gates": 44,
    }


def test_the_verdict_and_its_intervals(place):
    fewer = place.fewer()
    assert (fewer.verdict, fewer.seeds) == ("undecided", 10)
    assert "spatial attention" in fewer.rising
    for name in ("CBAM", "second convolution"):
        assert fewer.against[name].low < 0 < fewer.against[name].high
    plain, added = fewer.against["no gate"], fewer.against["scores added"]
    assert [round(x) for x in (plain.effect, plain.low, plain.high)] == [29, 10, 47]
    assert [round(x, 1) for x in (added.effect, added.low, added.high)] == [16.5, -0.2, 33.2]
    gained = paired(*(place.curve(MIDDLE, name)[:, -1] for name in ("scores added", "no gate")))
    assert [round(x) for x in (gained.effect, gained.low, gained.high)] == [12, 4, 20]


def test_without_end_the_gate_is_level_with_a_second_convolution(place):
    higher, faster = place.higher(), place.faster()
    assert (higher.verdict, higher.seeds, faster.verdict) == ("not supported", 10, "not supported")
    for verdict in (higher, faster):
        assert verdict.strongest == "second convolution"
        for name in ("second convolution", "CBAM"):
            assert verdict.against[name].low < 0 < verdict.against[name].high
    means = {line.contender.name: round(line.mean) for line in place.table("without end")}
    assert (means["spatial attention"], means["CBAM"], means["second convolution"]) == (97, 96, 97)
    blind = ("no gate", "squeeze and excitation", "another picture's gates")
    assert {means[name] for name in blind} == {65} and means["fixed gates"] == 66
    added = higher.against["scores added"]
    assert [round(x) for x in (added.effect, added.low, added.high)] == [4, 2, 6]
    assert min(place.curve("without end", "spatial attention")[:, -1]) > 90


def test_the_gate_starts_late_and_on_some_seeds_hardly(place):
    ours = last(place, "spatial attention")
    assert ours[:2] == [9, 47] and 82 <= ours[2] and ours[-1] == 89
    assert (last(place, "second convolution")[0], last(place, "second convolution")[-1]) == (76, 83)
    bare = last(place, "the same without its norm")
    assert (bare[0], bare[-1]) == (13, 86)
    at = place.question.recipe.scored.index(32)
    begun = [place.curve(MIDDLE, name)[:, at].mean() for name in ("spatial attention", "second convolution")]
    assert [round(value) for value in begun] == [26, 46]


def test_the_cuts_say_what_the_gates_carry(place):
    line = next(x for x in place.table(MIDDLE) if x.contender.name == "spatial attention")
    assert {name: round(value) for name, value in line.cuts.items()} == {
        "gates at their mean": 29,
        "another picture's gates": 28,
        "gates of one with the same cue": 71,
    }
    assert line.rate == 0.09


def test_at_a_third_of_the_rate_all_ten_begin(place):
    scores = steady.STEADY.scores
    assert len(scores) == 10 and 81.5 < scores.min() and scores.max() < 88
    second, cbam = steady.STEADY.minus("second convolution"), steady.STEADY.minus("CBAM")
    assert [round(x, 1) for x in (second.effect, second.low, second.high)] == [4.7, 2.5, 6.9]
    assert [round(x, 1) for x in (cbam.effect, cbam.low, cbam.high)] == [3.8, 0.2, 7.4]
    book = ledger.read(ledger.path(steady.STEADY.record))
    assert book.faults == [] and {row["rule"] for row in book.rows} == {place.question.rule}
    assert {row["rate"] for row in book.rows} == {steady.RATE}


def test_smaller_and_larger_sets(place):
    few = {line.contender.name: round(line.mean) for line in place.table("125 pictures")}
    assert few["spatial attention"] == max(few.values()) == 35
    assert (few["no gate"], few["second convolution"]) == (25, 32)
    ours, plain, second = (
        place.curve("125 pictures", name)[:, -1]
        for name in ("spatial attention", "no gate", "second convolution")
    )
    lead = paired(ours, plain)
    assert [round(x) for x in (lead.effect, lead.low, lead.high)] == [10, 2, 18]
    assert paired(ours, second).low < 0
    many = {
        name: sorted(round(x) for x in place.curve("2,000 pictures", name)[:, -1])
        for name in ("spatial attention", "second convolution")
    }
    assert many["spatial attention"][0] == 11 and many["spatial attention"][1] == 82
    assert many["spatial attention"][-1] == 96
    assert (many["second convolution"][0], many["second convolution"][-1]) == (94, 97)


def test_under_other_settings_the_formula_is_nowhere_ahead(place):
    listed = {one.name: one.interval for one in specification.curve(place)}
    assert specification.opponent(place) == "the same without its norm" and len(listed) == 10
    assert specification.turns(place) == []
    half, fewer = listed["half the rate"], listed["half the pictures"]
    assert [round(x) for x in (half.effect, half.low, half.high)] == [7, 2, 13]
    assert [round(x) for x in (fewer.effect, fewer.low, fewer.high)] == [21, 4, 38]


def test_the_story_of_one_learning_rate():
    found = {}
    for name in ("spatial-first", "spatial-gentler"):
        rows = [row for row in record.load(name) if row["metric"] == "accuracy"]
        by = {arm: [row["value"] for row in rows if row["arm"] == arm] for arm in {r["arm"] for r in rows}}
        assert all(len(values) == 5 for values in by.values())
        found[name] = by, paired(by["spatial attention"], by["no gate"]).effect
    first, gentler = found["spatial-first"][0], found["spatial-gentler"][0]
    assert sum(value < 11 for value in first["no gate"]) == 1
    assert round(mean(first["shuffled gates"]) - mean(first["no gate"])) == 20
    assert abs(mean(gentler["shuffled gates"]) - mean(gentler["no gate"])) < 1
    assert [round(found[name][1]) for name in found] == [47, 21]
    assert round(mean(gentler["second convolution"])) == 97
