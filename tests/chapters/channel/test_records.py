"""What the chapter says of its records is what they hold."""

import pytest
import torch

from visual_attention.chapters.channel import claims, pieces, residual_claims
from visual_attention.experiments import registry
from visual_attention.experiments.answer import answer
from visual_attention.experiments.question import ENDLESS


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


def test_gates_of_the_live_residual_network_know_the_picture_and_do_not_matter():
    network, scores = claims.live_residual("squeeze and excitation")
    test = pieces.batch(800, split="test", generator=torch.Generator().manual_seed(5))
    assert 0.8 < scores[256]["photograph in the gates"] < 0.95
    with torch.no_grad():
        right = residual_claims.accuracy(network(test.images), test)
        for name, cut in claims.QUESTIONS[1].task.cuts.items():
            assert abs(cut(network, test) - right) < 3, name
