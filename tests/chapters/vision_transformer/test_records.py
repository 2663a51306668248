"""What the chapter says of its record is what it holds."""

import pytest

from visual_attention.chapters.vision_transformer import claims
from visual_attention.data import packs
from visual_attention.experiments import specification, verdict
from visual_attention.experiments.answer import answer

QUESTION = claims.QUESTIONS[0]


@pytest.fixture(scope="module")
def found():
    return answer(QUESTION)


def test_on_eight_hundred_pictures_the_transformer_stays_behind(found):
    fewer = found.fewer()
    assert (fewer.verdict, fewer.seeds) == ("not supported", 10) and "transformer" in fewer.rising
    means = {line.contender.name: round(line.mean) for line in found.table(QUESTION.middle)}
    assert means == {
        "transformer": 69,
        "mean of patches": 68,
        "transformer, moved": 84,
        "convolutional stem": 87,
        "mixer": 77,
        "convolution": 95,
        "convolution, places kept": 94,
        "convolution, moved": 97,
        "pixels": 48,
        "uniform attention": 58,
    }
    assert round(fewer.against["convolution"].effect) == -26
    for name in ("convolution", "convolution, places kept", "convolution, moved"):
        assert fewer.against[name].high < -20
    same = fewer.against["mean of patches"]
    assert [round(x, 1) for x in (-same.effect, -same.high, -same.low)] == [-0.8, -3.2, 1.6]
    assert round(fewer.against["uniform attention"].effect) == 11 and "uniform attention" in fewer.rising


def test_shares_of_the_error_and_invariance(found):
    assert round(claims.removed_by_moving(found, "transformer", 800).effect) == 48
    assert round(claims.removed_by_moving(found, "convolution", 800).effect) == 29
    lines = {line.contender.name: line for line in found.table(QUESTION.middle)}
    assert round(lines["transformer, moved"].mean - lines["transformer"].mean) == 15
    assert round(lines["convolution, moved"].mean - lines["convolution"].mean, 1) == 1.5
    names = ("transformer", "transformer, moved", "convolution")
    assert [round(lines[name].others["same answer elsewhere"]) for name in names] == [54, 76, 95]


def test_without_end_it_stays_behind_and_is_slower(found):
    higher, faster = found.higher(), found.faster()
    assert (higher.verdict, higher.seeds, faster.verdict) == ("not supported", 10, "not supported")
    effect = higher.against["convolution"]
    assert [round(x, 1) for x in (effect.effect, effect.low, effect.high)] == [-12.3, -14.1, -10.6]
    assert round(2 ** -faster.against["convolution"].effect) == 10
    assert "transformer" in higher.rising
    means = {line.contender.name: round(line.mean) for line in found.table("without end")}
    assert means == {
        "transformer": 85,
        "mean of patches": 83,
        "transformer, moved": 84,
        "convolutional stem": 95,
        "mixer": 91,
        "convolution": 98,
        "convolution, places kept": 97,
        "convolution, moved": 98,
        "pixels": 60,
        "uniform attention": 57,
    }


def test_moving_two_hundred_pictures_is_worth_sixteen_times_as_many(found):
    few = {line.contender.name: line for line in found.table("200 pictures")}
    many = {line.contender.name: line for line in found.table("3,200 pictures")}
    assert {line.seeds for line in (*few.values(), *many.values())} == {5}
    assert (round(few["transformer, moved"].mean), round(many["transformer"].mean)) == (81, 82)
    assert (round(few["transformer"].mean), round(few["pixels"].mean)) == (35, 38)
    gained = many["transformer, moved"].interval
    assert (round(gained.effect, 1), gained.high > 0) == (-2.6, True)
    shares = [claims.removed_by_pictures(found, name).effect for name in ("transformer", "convolution")]
    assert [round(share) for share in shares] == [72, 80]


def test_seed_by_seed_more_pictures_help_the_convolution_more(found):
    left = {}
    for name in ("transformer", "convolution"):
        few, many = (100 - found.curve(size, name)[:5, -1] for size in ("200 pictures", "3,200 pictures"))
        left[name] = 100 * many / few
    more = verdict.paired(left["transformer"], left["convolution"])
    assert [round(x) for x in (more.effect, more.low, more.high)] == [9, 2, 16]


def test_moving_is_worth_as_many_pictures_to_the_transformer_and_not_to_the_convolution(found):
    gained = {
        name: verdict.paired(
            found.curve("200 pictures", f"{name}, moved")[:5, -1], found.curve("3,200 pictures", name)[:5, -1]
        )
        for name in ("transformer", "convolution")
    }
    one, other = gained["transformer"], gained["convolution"]
    assert [round(x, 1) for x in (one.effect, one.low, one.high)] == [-0.3, -3.7, 3.1]
    means = {line.contender.name: round(line.mean) for line in found.table("200 pictures")}
    assert other.high < -1 and means["convolution, moved"] == 93


def test_the_gap_shrinks_in_points_and_grows_in_errors(found):
    points, errors = [], []
    for size in ("200 pictures", "3,200 pictures"):
        one, other = (found.curve(size, name)[:5, -1].mean() for name in ("transformer", "convolution"))
        points.append(round(other - one))
        errors.append((100 - one) / (100 - other))
    assert points == [50, 15] and errors[0] == pytest.approx(4.5, abs=0.1) and 6 < errors[1] < 6.5


def test_the_lead_of_the_convolution_shrinks_where_all_digits_lie_in_the_middle(found):
    listed = specification.curve(found)
    assert len(listed) == 9 and not specification.turns(found)
    effects = {each.name: round(each.interval.effect) for each in listed}
    assert effects["as registered"] == -28 and effects["all digits in the middle"] == -7
    assert all(each.interval.high < 0 for each in listed)


def test_the_trained_transformer_needs_its_weights(found):
    line = {line.contender.name: line for line in found.table(QUESTION.middle)}["transformer"]
    assert round(line.cuts["uniform weights"]) == 22
    assert round(line.cuts["another picture's weights"]) == 24


def test_one_patch_gets_nearly_all_weight_in_a_head_of_the_first_layer():
    for name in packs.names(having="layers"):
        received = packs.load(name).layers.mean(2)
        assert round(100 * received[0, 5].max().item()) == 98 and received.max() == received[0, 5].max()
