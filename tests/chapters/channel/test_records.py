"""What the chapter says of its records is what they hold."""

import itertools
from dataclasses import replace

import pytest
import torch

from tests.chapters.contest import ends
from visual_attention import cues
from visual_attention.chapters.channel import claims, gentler, pieces, residual_claims
from visual_attention.experiments import ledger, registry, specification
from visual_attention.experiments.answer import Answer, answer
from visual_attention.experiments.ledger import Ledger
from visual_attention.experiments.question import ENDLESS
from visual_attention.experiments.verdict import paired
from visual_attention.training import seeded


@pytest.fixture(scope="module")
def colour():
    return answer(registry.question("channel"))


def means(found, condition):
    return {line.contender.name: round(line.mean) for line in found.table(condition)}


def test_without_end_whoever_hears_the_stripe_is_far_ahead(colour):
    assert colour.whole(ENDLESS) and means(colour, ENDLESS) == {
        "squeeze and excitation": 95,
        "CBAM": 95,
        "scores added": 94,
        "ECA": 93,
        "second convolution": 87,
        "no gate": 63,
        "another picture's gates": 62,
        "fixed gates": 62,
        "spatial attention": 46,
    }
    against = colour.higher().against
    assert round(against["no gate"].effect) == 33 and 0 < against["scores added"].high < 2.1


def test_on_a_thousand_pictures_ten_seeds_do_not_tell_four_apart(colour):
    found = means(colour, "1,000 pictures")
    assert [found[name] for name in ("CBAM", "scores added", "squeeze and excitation")] == [83, 81, 77]
    assert [found[name] for name in ("second convolution", "no gate")] == [75, 50]
    for name in ("CBAM", "scores added", "second convolution"):
        assert colour.fewer().against[name].low < 0 < colour.fewer().against[name].high


def apart(found, condition, one, other):
    gap = paired(found.curve(condition, one)[:, -1], found.curve(condition, other)[:, -1])
    return [round(x) for x in (gap.effect, gap.low, gap.high)]


def test_on_a_thousand_pictures_two_are_ahead_of_the_second_convolution(colour):
    assert apart(colour, "1,000 pictures", "CBAM", "second convolution") == [7, 1, 14]
    assert apart(colour, "1,000 pictures", "scores added", "second convolution") == [6, 0, 11]


def test_smaller_and_larger_sets(colour):
    few, many = means(colour, "250 pictures"), means(colour, "4,000 pictures")
    assert {few[name] for name in ("squeeze and excitation", "ECA", "CBAM", "spatial attention")} <= {
        31,
        32,
        33,
    }
    assert (few["no gate"], few["second convolution"]) == (31, 38)
    first = ("squeeze and excitation", "ECA", "CBAM", "second convolution", "scores added")
    assert [many[name] for name in first] == [91, 90, 89, 87, 85] and many["no gate"] == 60
    for one, other in itertools.combinations(first, 2):
        _, low, high = apart(colour, "4,000 pictures", one, other)
        assert low < 0 < high, (one, other)


def test_whether_gates_or_added_scores_are_ahead_hangs_on_the_setting(colour):
    assert specification.opponent(colour) == "scores added"
    listed = {one.name: one.interval for one in specification.curve(colour)}
    assert len(listed) == 10
    said = {
        "as registered": [-4, -10, 2],
        "half the rate": [9, 2, 15],
        "twice the rate": [25, 5, 46],
        "no norm": [10, 3, 16],
    }
    for name, numbers in said.items():
        one = listed[name]
        assert [round(x) for x in (one.effect, one.low, one.high)] == numbers, name
    last = {
        name: sorted(
            round(row["scores"]["accuracy"][-1])
            for row in colour.rows
            if (row["part"], row["condition"], row["arm"]) == ("specification", "twice the rate", name)
        )
        for name in ("scores added", "squeeze and excitation")
    }
    assert (last["scores added"][0], last["scores added"][3]) == (34, 37)
    assert (last["squeeze and excitation"][0], last["squeeze and excitation"][-1]) == (50, 88)


def test_what_rivals_gain_without_end(colour):
    for name, gain in {"squeeze and excitation": 33, "second convolution": 25, "scores added": 31}.items():
        assert apart(colour, ENDLESS, name, "no gate")[0] == gain
    assert apart(colour, ENDLESS, "squeeze and excitation", "second convolution") == [8, 6, 10]
    added = colour.higher().against["scores added"]
    assert [round(x, 1) for x in (added.effect, added.low, added.high)] == [1.2, 0.3, 2.1]
    place = answer(registry.question("spatial"))
    for name in ("spatial attention", "second convolution"):
        assert apart(place, ENDLESS, name, "no gate")[0] == 32
    assert apart(place, ENDLESS, "scores added", "no gate")[0] == 28


def test_the_stripe_gets_into_the_gates_of_places_and_is_of_no_use_there(colour):
    line = next(x for x in colour.table(ENDLESS) if x.contender.name == "spatial attention")
    seeds = colour.curve(ENDLESS, "spatial attention", "cue in the gates")[:, -1]
    assert [round(100 * x) for x in (seeds.mean(), seeds.min(), seeds.max())] == [53, 11, 89]
    assert (round(line.cuts["gates at their mean"]), round(line.mean)) == (45, 46)
    assert apart(colour, ENDLESS, "no gate", "spatial attention") == [17, 13, 20]


def test_no_verdict_is_supported_and_most_networks_were_still_rising(colour):
    assert {one.verdict for one in colour.verdicts} == {"not supported"}
    assert {one.strongest for one in colour.verdicts} == {"CBAM"}
    assert len(colour.higher().rising) == len(colour.question.contenders)


def test_the_cuts_say_what_the_gates_carry(colour):
    line = next(x for x in colour.table(ENDLESS) if x.contender.name == "squeeze and excitation")
    assert {name: round(value) for name, value in line.cuts.items()} == {
        "gates at their mean": 43,
        "another picture's gates": 40,
        "gates of one with the same cue": 95,
    }
    assert line.others["cue in the gates"] > 0.99


@pytest.mark.slow
def test_gates_of_the_live_residual_network_know_the_picture_and_do_not_matter():
    network, scores = claims.live_residual("squeeze and excitation")
    test = pieces.batch(800, split="test", generator=torch.Generator().manual_seed(5))
    assert 0.8 < scores[256]["photograph in the gates"] < 0.95
    with torch.no_grad():
        right = residual_claims.accuracy(network(test.images), test)
        for name, cut in claims.QUESTIONS[1].task.cuts.items():
            assert abs(cut(network, test) - right) < 3, name


@pytest.fixture(scope="module")
def residual():
    return answer(registry.question("channel-residual"))


def test_in_the_residual_network_it_is_not_by_choosing(residual):
    fewer = residual.fewer()
    assert (fewer.verdict, fewer.seeds) == ("not by choosing", 10)
    assert len(fewer.rising) == len(residual.question.contenders) - 1  # all but the colours
    found = {line.contender.name: round(line.mean, 1) for line in residual.table("300 pictures")}
    names = "ECA", "fixed gates", "squeeze and excitation", "CBAM", "coordinate attention", "no gate"
    assert [found[name] for name in names] == [72.9, 72.3, 71.5, 71.0, 69.8, 69.3]
    assert ends(fewer.against["no gate"], digits=1) == [2.1, -0.9, 5.1]
    assert fewer.against["fixed gates"].effect < 0


def test_without_end_no_gate_is_ahead_of_the_plain_residual_network(residual):
    higher, faster = residual.higher(), residual.faster()
    assert {higher.verdict, faster.verdict} == {"not by choosing"} and higher.seeds == 10
    found = {line.contender.name: round(line.mean, 1) for line in residual.table("without end")}
    names = "no gate", "another picture's gates", "squeeze and excitation", "ECA"
    assert [found[name] for name in names] == [79.3, 79.3, 78.6, 73.3]
    assert ends(higher.against["no gate"], digits=1) == [-0.7, -1.8, 0.5]
    gates = "squeeze and excitation", "ECA", "CBAM", "coordinate attention"
    assert max(found[name] for name in gates) < found["no gate"]
    assert min(gates, key=found.get) == "ECA"
    assert apart(residual, "without end", "no gate", "ECA")[0] == 6
    assert apart(residual, "without end", "no gate", "fixed gates")[0] == 4
    assert faster.against["no gate"].low < 0 < faster.against["no gate"].high


def test_other_sets_and_settings_make_no_choice_of_it(residual):
    few, many = means(residual, "75 pictures"), means(residual, "1,200 pictures")
    assert [few[name] for name in ("squeeze and excitation", "no gate", "CBAM")] == [48, 49, 53]
    assert [many[name] for name in ("squeeze and excitation", "no gate")] == [76, 67]
    assert max(many, key=many.get) == "another picture's gates" and max(many.values()) == 78
    assert specification.opponent(residual) == "no gate" and specification.turns(residual) == []
    listed = {one.name: one.interval for one in specification.curve(residual)}
    assert len(listed) == 10
    assert [round(f([one.effect for one in listed.values()])) for f in (min, max)] == [-2, 7]
    above = {name: one for name, one in listed.items() if one.low > 0}
    assert set(above) == {"twice the rate", "easier: pieces of 24 pixels"}
    one, other = above["twice the rate"], above["easier: pieces of 24 pixels"]
    assert (round(one.effect, 1), round(one.low), round(one.high)) == (6.5, 4, 9)
    assert (round(other.effect, 1), round(other.low), round(other.high)) == (4.9, 3, 7)


def test_the_networks_lean_on_their_gates_a_little(residual):
    lines = {line.contender.name: line for line in residual.table("300 pictures")}
    for name, held in (("squeeze and excitation", 69.4), ("ECA", 67.0)):
        assert round(lines[name].cuts["gates at their mean"], 1) == held
    assert lines["no gate"].rate == 0.03 and lines["squeeze and excitation"].rate == gentler.RATE == 0.01
    at = [line.rate for line in lines.values()]
    assert at.count(0.01) == 4


def test_with_another_rate_for_the_plain_network_little_is_left(residual):
    scores = gentler.PLAIN.scores
    assert len(scores) == 10 and round(scores.mean(), 1) == 71.1
    assert ends(gentler.PLAIN.minus("squeeze and excitation"), digits=1) == [-0.4, -3.2, 2.4]
    assert ends(gentler.PLAIN.minus("ECA"), digits=1) == [-1.9, -3.5, -0.3]
    assert ends(gentler.PLAIN.minus("fixed gates"), digits=1) == [-1.2, -2.5, 0.0]
    book = ledger.read(ledger.path(gentler.PLAIN.record))
    assert book.faults == [] and {row["rule"] for row in book.rows} == {residual.question.rule}


def test_the_two_controls_agree_once_another_picture_s_gates_have_a_rate_that_suits(residual):
    middle = residual.question.middle
    assert apart(residual, middle, "fixed gates", "another picture's gates") == [4, 2, 5]
    assert apart(residual, middle, "ECA", "another picture's gates") == [4, 2, 7]
    assert len(gentler.ANOTHERS.scores) == 5
    assert ends(gentler.ANOTHERS.minus("squeeze and excitation"), digits=1) == [-0.8, -4.6, 3.0]
    assert ends(gentler.ANOTHERS.minus("fixed gates"), digits=1) == [-1.7, -5.5, 2.0]
    rates = {line.contender.name: line.rate for line in residual.table(middle)}
    assert rates["another picture's gates"] == 0.001 and rates["no gate"] == 0.03


def test_with_the_plain_network_as_the_trivial_answer_there_is_no_gain_to_attribute(residual):
    roles = [
        replace(each, role="trivial") if each.name == "no gate" else each
        for each in residual.question.contenders
    ]
    other = Answer(
        replace(residual.question, contenders=tuple(roles)), Ledger(_under(residual, tuple(roles)))
    )
    assert [one.verdict for one in other.verdicts[:2]] == ["not supported"] * 2
    assert [one.verdict for one in residual.verdicts[:2]] == ["not by choosing"] * 2


def _under(found, contenders):
    rule = replace(found.question, contenders=contenders).rule
    return [{**row, "rule": rule} for row in found.rows if row["part"] != "specification"]


def test_hearing_of_the_stripe_is_not_enough(colour):
    assert len(gentler.TOLD.scores) == 5 and round(gentler.TOLD.scores.mean()) == 62
    assert ends(gentler.TOLD.minus("no gate"), digits=1) == [0.0, -1.5, 1.6]
    found = gentler.TOLD.minus("scores added")
    assert [round(x) for x in (found.effect, found.low, found.high)] == [-32, -36, -28]


def test_the_scores_are_those_of_the_rival_but_for_the_relu():
    with seeded(0):
        gate = cues.excitation(6)
    images = torch.randn(4, 6, 5, 5, generator=torch.Generator().manual_seed(1))
    heard = gentler.HeardOnly(gate)(images)
    assert torch.equal(heard.relu(), cues.Added(gate)(images)) and (heard < 0).any()
