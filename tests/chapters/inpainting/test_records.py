"""The numbers of the chapter are those of the committed records."""

import pytest

from tests.chapters.contest import ends
from visual_attention.chapters.inpainting import claims, contest, wallpaper
from visual_attention.experiments import specification
from visual_attention.experiments.answer import answer
from visual_attention.experiments.verdict import paired

ATTENTION = "contextual attention"


@pytest.fixture(scope="module")
def wall():
    return answer(claims.QUESTIONS[0])


@pytest.fixture(scope="module")
def photo():
    return answer(claims.QUESTIONS[1])


def means(found):
    return {line.contender.name: round(line.mean, 1) for line in found.table(found.question.middle)}


def told(interval):
    return [round(value, 1) for value in (interval.effect, interval.low, interval.high)]


def test_records_are_whole_lines_of_the_rule_and_without_all_seeds_there_is_no_verdict(wall, photo):
    for found in (wall, photo):
        assert not found.faults and not found.changed
        for one, where in zip(
            found.verdicts, (found.question.middle, "without end", "without end"), strict=True
        ):
            assert (one.verdict == "not run yet") == (found.seeds(where) < 10)


def test_wallpaper_goes_to_peeling_and_among_networks_to_attention(wall):
    fewer = wall.fewer()
    assert (fewer.verdict, fewer.strongest, fewer.seeds) == ("not supported", "peeling", 10)
    assert means(wall) == {
        "peeling": 30.3,
        ATTENTION: 29.1,
        "all patches alike": 24.6,
        "more convolution": 24.5,
        "non-local block": 24.4,
        "mean fill": 22.2,
        "biharmonic": 21.5,
    }
    assert told(fewer.against["more convolution"]) == [4.5, 4.3, 4.7]
    assert told(fewer.against["non-local block"]) == pytest.approx([4.6, 4.5, 4.8], abs=0.051)
    assert told(fewer.against["all patches alike"]) == [4.5, 4.3, 4.7]
    assert told(fewer.against["peeling"]) == [-1.3, -1.6, -1.0]
    assert len(fewer.rising) == 4


def test_photographs_go_to_the_sheet_and_among_networks_to_attention(photo):
    fewer = photo.fewer()
    assert (fewer.verdict, fewer.strongest, fewer.seeds) == ("not supported", "biharmonic", 10)
    assert means(photo) == {
        "biharmonic": 30.7,
        "peeling": 27.6,
        ATTENTION: 26.8,
        "more convolution": 23.6,
        "all patches alike": 23.6,
        "mean fill": 22.3,
    }
    assert told(fewer.against["biharmonic"]) == pytest.approx([-3.8, -4.3, -3.4], abs=0.051)
    assert told(fewer.against["more convolution"]) == pytest.approx([3.2, 2.7, 3.7], abs=0.051)
    assert fewer.against["all patches alike"].low > 2.6 and fewer.against["peeling"].high < 0
    assert len(fewer.rising) == 3


def test_without_end_the_order_stays_and_attention_needs_a_tenth_of_the_steps(wall, photo):
    wanted = {
        wall: ("peeling", [5.2, 5.0, 5.3], [11, 10, 13], [-0.5, -0.7, -0.2], 29.9),
        photo: ("biharmonic", [3.5, 3.0, 4.0], [11, 8, 15], [-3.5, -3.9, -3.2], 27.2),
    }
    for found, (strongest, gap, factor, behind, mean) in wanted.items():
        higher, faster = found.higher(), found.faster()
        assert (higher.verdict, faster.verdict, higher.seeds) == ("not supported", "not supported", 10)
        assert higher.strongest == strongest
        assert told(higher.against["more convolution"]) == pytest.approx(gap, abs=0.051)
        assert told(higher.against[strongest]) == pytest.approx(behind, abs=0.051)
        steps = faster.against["more convolution"]
        assert [round(2**x) for x in (steps.effect, steps.low, steps.high)] == factor
        line = next(one for one in found.table("without end") if one.contender.name == ATTENTION)
        assert round(line.mean, 1) == mean


def test_on_the_sides_and_under_the_other_settings(wall, photo):
    small, large = (wall.fewer(size).against for size in (32, 512))
    assert told(small["peeling"]) == [-3.0, -3.6, -2.3]
    assert told(large["peeling"])[0] == -0.6 and large["peeling"].low < 0 < large["peeling"].high
    for against in (small, wall.fewer().against, large):
        assert 3.5 < against["more convolution"].effect < 5.5
    settings = [one for one in specification.curve(wall) if not one.registered]
    assert specification.opponent(wall) == "peeling" and len(settings) == 10
    *others, last = settings
    assert all(one.interval.high < 0 for one in others)
    assert last.name.startswith("harder: a hole of 12") and told(last.interval) == [1.7, 0.9, 2.5]
    assert specification.turns(wall) == [last.name] and specification.turns(photo) == []
    sheet = [one.interval for one in specification.curve(photo) if not one.registered]
    assert specification.opponent(photo) == "biharmonic" and len(sheet) == 9
    assert [round(-end.effect, 1) for end in (sheet[-1], sheet[0])] == [3.5, 5.7]
    assert all(one.high < 0 for one in sheet)


def test_the_scores_agree_on_128_wallpapers_and_part_on_photographs(wall, photo):
    def order(found, score):
        lines = found.table(found.question.middle)
        value = {line.contender.name: line.others[score] * (-1 if score == "SSIM" else 1) for line in lines}
        return sorted(value, key=value.get)

    def gap(found, one, two, score, where=None):
        curves = [found.curve(where or found.question.middle, name, score)[:, -1] for name in (one, two)]
        return paired(*curves)

    for score in ("SSIM", "GMSD", "patch distance"):
        assert order(wall, score)[:2] == ["peeling", ATTENTION]
    level = gap(wall, ATTENTION, "peeling", "SSIM", "without end")
    assert abs(level.effect) < 0.001 and level.low < -0.005 and level.high > 0.005
    assert order(photo, "patch distance")[0] == "peeling"
    assert order(photo, "SSIM")[0] == order(photo, "GMSD")[0] == "biharmonic"
    lines = {
        line.contender.name: line.others["patch distance"] for line in photo.table(photo.question.middle)
    }
    assert (round(lines["peeling"], 3), round(lines["biharmonic"], 3)) == (0.024, 0.027)
    assert gap(photo, "peeling", "biharmonic", "patch distance").high < 0
    assert ends(gap(photo, "biharmonic", "peeling", "SSIM"), 3) == [0.033, 0.024, 0.042]
    assert ends(gap(photo, "peeling", "biharmonic", "GMSD"), 4) == [0.0036, 0.0019, 0.0052]


def test_peeling_on_photographs(photo):
    assert told(photo.fewer().against["peeling"]) == [-0.8, -1.3, -0.3]
    level = photo.fewer(512).against["peeling"]
    assert told(level) == pytest.approx([-0.2, -1.3, 0.9], abs=0.051)


def test_the_intervals_on_photographs_rest_on_four_photographs():
    assert [len(wallpaper.NAMES[split]) for split in ("train", "test")] == [4, 4]


def test_what_the_cuts_take(wall, photo):
    names = ("all patches alike", "another picture's map", "its source forbidden")
    found = {q.question.name: contest.lost(q, ATTENTION) for q in (wall, photo)}
    one, two = found["inpainting"], found["inpainting-photographs"]
    assert [round(one[name].effect, 1) for name in names] == [-6.8, -5.5, -0.9]
    assert [round(two[name].effect, 1) for name in names] == pytest.approx([-4.7, -2.1, -1.7], abs=0.051)
    assert told(one[names[2]])[1:] == pytest.approx([-1.0, -0.8], abs=0.051)
    assert told(two[names[2]])[1:] == pytest.approx([-1.9, -1.5], abs=0.051)
    shares = [cut[names[2]].effect / cut[names[0]].effect for cut in (one, two)]
    assert 0.115 < shares[0] < 0.14 and shares[1] > 1 / 3
    assert contest.lost(wall, "more convolution") == {}


def test_the_attacks_that_the_chapter_tells(wall):
    evened = [32.04, 31.94, 31.66, 32.06, 32.11, 31.77, 31.70, 32.17, 31.70, 32.14]
    longer = [24.77, 24.80, 24.42]
    ours = wall.curve(wall.question.middle, ATTENTION)[:, -1]
    assert told(paired(evened, ours)) == pytest.approx([2.9, 2.7, 3.0], abs=0.051)
    assert told(paired(ours[:3], longer))[0] == pytest.approx(LONGER, abs=0.051)


LONGER = 4.2  # decibels that attention is ahead of convolutions with four times the steps


def test_the_first_of_the_attacks_is_made_again():
    from visual_attention.chapters.inpainting import attacked

    assert attacked.peeled(range(1)) == pytest.approx([32.04], abs=0.01)
