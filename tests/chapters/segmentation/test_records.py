"""What the chapter says in numbers is what its stored networks and its records give."""

import pytest
import torch

from tests.chapters.contest import ends
from visual_attention.chapters.segmentation import (
    asking,
    claims,
    clicks,
    steadier,
    trained_clicks,
    trained_encoder,
)
from visual_attention.experiments import plan, specification
from visual_attention.experiments.answer import answer


@pytest.mark.parametrize("question", claims.QUESTIONS, ids=lambda q: q.name)
def test_the_records_are_whole(question):
    contest = answer(question)
    assert not contest.faults and not contest.changed and plan.lacking(question, contest.rows) == []


def test_the_place_of_dual_attention_hangs_on_its_rate():
    found = answer(claims.QUESTIONS[0])
    listed = {one.name: one.interval for one in specification.curve(found) if not one.registered}
    assert specification.opponent(found) == "channels only" and len(listed) == 9
    assert specification.turns(found) == ["half the rate"]
    assert ends(listed["half the rate"]) == [25, 15, 35] and ends(listed["twice the rate"]) == [-45, -54, -36]
    assert [name for name, one in listed.items() if one.low > 0] == ["half the rate"]
    behind = {name for name, one in listed.items() if one.high < 0}
    assert behind == {"twice the rate", "half the pictures", "twice as long"}


def test_without_end_dual_attention_is_level_with_channels_and_ahead_of_equal_shares():
    found = answer(claims.QUESTIONS[0])
    assert [one.verdict for one in found.verdicts] == ["not supported", "undecided", "not by choosing"]
    higher = found.higher()
    assert higher.seeds == 10 and ends(higher.against["channels only"]) == [2, -10, 13]
    assert ends(higher.against["uniform shares"]) == [7, 2, 13]
    assert ends(higher.against["plain"])[0] == 37
    means = {line.contender.name: round(line.mean) for line in found.table("without end")}
    names = ("dual attention", "channels only", "places only", "uniform shares", "deeper")
    assert [means[name] for name in names] == [88, 87, 82, 81, 56]
    assert {row["rate"] for row in found.headline if row["condition"] == "without end"
            and row["arm"] == "dual attention"} == {0.003}  # fmt: skip


def test_all_ten_networks_without_end_need_places_and_nine_no_channels():
    found = answer(claims.QUESTIONS[0])
    line = next(one for one in found.table("without end") if one.contender.name == "dual attention")
    cuts = ("places' branch off", "digit forbidden to places", "channels' branch off")
    assert [round(line.cuts[name]) for name in cuts] == [52, 64, 85]
    rows = [row for row in found.headline
            if (row["condition"], row["arm"]) == ("without end", "dual attention")]  # fmt: skip
    lost = {
        name: [row["scores"]["coins told apart"][-1] - row["cuts"][name] for row in rows] for name in cuts
    }
    assert len(rows) == 10 and min(lost["places' branch off"]) > 19
    assert sum(points < 6 for points in lost["channels' branch off"]) == 9


def test_on_a_thousand_pictures_equal_shares_do_as_well_as_a_branch():
    found = answer(claims.QUESTIONS[0])
    fewer = found.fewer()
    assert (fewer.verdict, fewer.seeds) == ("not supported", 10)
    lines = {line.contender.name: line for line in found.table(claims.QUESTIONS[0].middle)}
    names = ("channels only", "places only", "uniform shares", "gates", "dual attention")
    assert [round(lines[name].mean) for name in names] == [91, 90, 89, 54, 54]
    assert 63 <= lines["deeper"].mean <= 64 and max(lines[n].mean for n in ("plain", "colours")) < 52
    assert round(lines["uniform shares"].cuts["digit forbidden to places"]) == 56


def test_at_another_rate_dual_attention_is_level_with_its_branch_of_channels():
    assert {row["rule"] for row in steadier.DUAL.rows} == {claims.QUESTIONS[0].rule}
    scores = steadier.DUAL.scores
    assert [round(x) for x in (len(scores), scores.min(), scores.max(), scores.mean())] == [5, 82, 100, 95]
    leads = [steadier.DUAL.minus(name) for name in ("uniform shares", "channels only")]
    assert [[round(x) for x in (i.effect, i.low, i.high)] for i in leads] == [[6, -3, 15], [-1, -5, 3]]


def test_on_four_hundred_pictures_an_index_and_convolutions_are_ahead():
    found = answer(claims.QUESTIONS[1])
    fewer = found.fewer()
    assert (fewer.verdict, fewer.seeds, fewer.strongest) == ("not supported", 10, "a channel for the click")
    ends = {name: [round(x) for x in (i.effect, i.low, i.high)] for name, i in fewer.against.items()}
    assert ends["a channel for the click"] == [-17, -21, -13] and ends["at the click"] == [-10, -14, -6]
    assert ends["uniform weights"] == [34, 30, 39]
    assert set(fewer.rising) == {"the click looks", "at the click", "a channel for the click"}
    lines = {line.contender.name: line for line in found.table(claims.QUESTIONS[1].middle)}
    assert {name: round(line.mean) for name, line in lines.items()} == {
        "a channel for the click": 77,
        "at the click": 70,
        "the click looks": 60,
        "flood fill": 46,
        "near colour": 38,
        "uniform weights": 26,
    }
    gains = {name: line.others["IoU after two"] - line.mean for name, line in lines.items()}
    assert [round(gains[n]) for n in ("a channel for the click", "at the click", "the click looks")] == [
        5,
        2,
        2,
    ]
    real = [lines[n].others["IoU on real coins"] for n in ("the click looks", "at the click", "flood fill")]
    assert [round(x) for x in real] == [63, 75, 71]
    assert round(lines["a channel for the click"].others["IoU on real coins"]) == 83


def test_more_pictures_do_not_bring_the_look_closer_to_convolutions():
    found = answer(claims.QUESTIONS[1])
    name = "a channel for the click"
    few, many = (found.fewer(size).against[name] for size in (100, 1600))
    assert [(round(one.effect), one.seeds) for one in (few, many)] == [(-14, 5), (-19, 5)]
    end = found.higher().against[name]
    assert [round(x) for x in (end.effect, end.low, end.high)] == [-21, -26, -16] and end.seeds == 10


def test_in_no_setting_is_the_look_nearer_to_convolutions_than_trained_twice_as_long():
    listed = {
        s.name: s.interval for s in specification.curve(answer(claims.QUESTIONS[1])) if not s.registered
    }
    assert len(listed) == 9 and max(listed, key=lambda name: listed[name].effect) == "twice as long"
    assert ends(listed["twice as long"]) == [-12, -14, -9]


@pytest.mark.slow
@torch.no_grad()
def test_the_stored_decoder_hangs_on_its_look():
    model = trained_clicks.load()
    shown = asking.asked(clicks.batch(200, split="test", generator=torch.Generator().manual_seed(7)))
    found = {
        name: [round(score) for score in asking.two_clicks(model, shown, change)]
        for name, change in (("own", None), ("uniform", asking.uniform), ("another's", asking.anothers))
    }
    assert found == {"own": [65, 67], "uniform": [14, 14], "another's": [18, 19]}


@torch.no_grad()
def test_its_map_does_not_point_at_what_it_marks():
    model, kept = trained_clicks.load(), []
    shown = asking.asked(clicks.batch(200, split="test", generator=torch.Generator().manual_seed(7)))
    model.answer(asking.see(model, shown), shown.clicks, lambda weights: kept.append(weights) or weights)
    maps = kept[0][:, :, 0].mean(1)  # (B, 256)
    cover = torch.nn.functional.avg_pool2d(shown.masks.float(), 2).flatten(1)
    hit = cover.gather(1, maps.argmax(1, keepdim=True)) > 0
    shares = ((maps * cover).sum(1).mean(), cover.mean(), hit.float().mean())
    assert [round(100 * share.item()) for share in shares] == [14, 7, 22]


def test_stored_files_are_small():
    for module in (trained_clicks, trained_encoder):
        assert module.FILE.stat().st_size < 70_000


def test_the_stored_network_reads_with_the_stored_encoder():
    one, other = trained_clicks.load().encoder.state_dict(), trained_encoder.encoder().state_dict()
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_training_repeats_itself():
    one, two = (trained_clicks.train(steps=2, progress=False) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
