"""What the chapter says in numbers is what its stored networks, its curves and its record give."""

import numpy as np
import pytest
import torch

from tests.chapters.contest import ends
from visual_attention.chapters.detection import claims, cuts, nothing, seen, trained
from visual_attention.chapters.detection.answers import Answers, suppressed, sure
from visual_attention.chapters.detection.training import drawn
from visual_attention.experiments import specification, verdict
from visual_attention.experiments.answer import answer


@pytest.fixture(scope="module")
def found():
    return answer(claims.QUESTIONS[0])


@pytest.fixture(scope="module")
def judged():
    return seen.look(drawn(300, split="test", seed=10_000))


def test_a_contest_that_is_not_whole_has_no_verdict(found):
    assert not found.faults and not found.changed
    for one, where in zip(found.verdicts, (found.question.middle, "without end", "without end"), strict=True):
        assert (one.verdict == verdict.NOT_RUN) == (not found.whole(where))


def test_on_a_thousand_scenes_the_grid_is_far_ahead(found):
    fewer = found.fewer()
    assert (fewer.verdict, fewer.seeds, fewer.strongest) == ("not supported", 10, "grid")
    assert ends(fewer.against["grid"]) == [-25, -27, -24]
    assert ends(fewer.against["fixed looks"]) == [8, 7, 10]
    means = {line.contender.name: round(line.mean) for line in found.table(found.question.middle)}
    assert means == {
        "grid": 56,
        "grid with attention": 56,
        "deeper grid": 55,
        "queries from the grid": 46,
        "set transformer": 31,
        "fixed looks": 23,
        "same answers": 0,
    }
    assert set(fewer.rising) == {"set transformer", "queries from the grid", "fixed looks"}


def test_no_other_setting_turns_the_order(found):
    listed = {one.name: one for one in specification.curve(found) if not one.registered}
    assert specification.opponent(found) == "grid" and specification.turns(found) == [] and len(listed) == 14
    gaps = {name: -round(one.interval.effect) for name, one in listed.items()}
    assert min(gaps, key=gaps.get) == "four times as long" and gaps["four times as long"] == 15
    assert max(gaps, key=gaps.get) == "harder: small objects only" and max(gaps.values()) == 33
    assert all(one.interval.high < 0 for one in listed.values())
    ends = {name: (round(one.attention), round(one.opponent)) for name, one in listed.items()}
    assert ends["four times as long"] == (33, 48) and ends["backbone trained along"] == (38, 61)
    assert gaps["backbone trained along"] == 22
    weights = [gaps[f"no object weighs {weight}"] for weight in ("0.1", "0.3", "1", "2")]
    assert weights == [26, 25, 26, 25]
    grid = found.curve(found.question.middle, "grid")[:, -1].mean()
    ours = found.curve(found.question.middle, "set transformer")[:, -1].mean()
    assert round(ends["four times as long"][0] - ours) == 2 and round(grid) == 56


def test_who_leans_on_looks_and_who_on_talk(found):
    lines = {line.contender.name: line for line in found.table(found.question.middle)}
    cut = {name: {k: round(v) for k, v in line.cuts.items()} for name, line in lines.items()}
    assert cut["set transformer"]["uniform looks"] == 0 and cut["set transformer"]["silent queries"] == 29
    ours = cut["queries from the grid"]
    assert (ours["another picture's looks"], ours["silent queries"]) == (42, 29)
    assert cut["grid with attention"]["uniform looks"] == 56 and cut["grid"]["no suppression"] == 56
    assert round(lines["queries from the grid"].others["surplus answers"]) == 10


def test_a_place_to_start_wins_back_fifteen_points(found):
    middle = found.question.middle

    def gap(one, two, metric="AP50"):
        return ends(verdict.paired(*(found.curve(middle, name, metric)[:, -1] for name in (one, two))), 1)

    assert gap("queries from the grid", "set transformer") == [15.1, 13.2, 17.0]
    assert gap("queries from the grid", "grid") == [-10.1, -11.5, -8.7]
    assert gap("grid with attention", "grid", "small or hidden found") == [0.2, -1.1, 1.6]
    low, high = gap("grid with attention", "grid", "others found")[1:]
    assert low < 0 < high
    assert gap("set transformer", "grid", "small or hidden found")[0] == -24.3
    assert gap("set transformer", "grid", "others found")[0] == -16.5


@pytest.mark.slow
@torch.no_grad()
def test_the_cuts_of_the_long_run(judged):
    model = trained.load("set transformer")
    forbid = cuts.forbidden(judged.objects, claims.SIDE)
    changed = [
        model,
        cuts.looking(model, cuts.uniform),
        cuts.looking(model, forbid),
        cuts.looking(model, cuts.anothers),
        cuts.silent(model),
    ]
    scores = [claims.precision(one.answers(judged.features), judged) for one in changed]
    assert scores == pytest.approx([50.5, 0.1, 12.5, 15.7, 47.1], abs=0.3)


@torch.no_grad()
def test_what_is_surplus(judged):
    grid = trained.load("grid")
    given = {
        "set": trained.load("set transformer").answers(judged.features),
        "raw": grid.raw_answers(judged.features),
    }
    assert {name: surplus(answers) for name, answers in given.items()} == {"set": (66, 920), "raw": (34, 726)}


def surplus(answers):
    meant = sure(answers)
    return int(meant.sum() - sure(suppressed(answers)).sum()), int(meant.sum())


@torch.no_grad()
def test_how_one_silences_matters(judged):
    model = trained.load("set transformer")
    ways = (cuts.silent(model), cuts.deaf(model), cuts.talking(model, cuts.uniform))
    counts = [surplus(one.answers(judged.features)) for one in ways]
    assert counts == [(70, 875), (180, 1164), (129, 1049)]


@pytest.mark.slow
@torch.no_grad()
def test_after_many_steps_proposals_live_on_their_looks(judged):
    model = trained.load("queries from the grid")
    ways = (model, cuts.looking(model, cuts.anothers), cuts.silent(model), cuts.deaf(model))
    given = [one.answers(judged.features) for one in ways]
    scores = [claims.precision(one, judged) for one in given]
    assert scores == pytest.approx([62.8, 24.7, 49.1, 56.3], abs=0.3)
    clean = [claims.precision(suppressed(one), judged) for one in given]
    assert clean == pytest.approx([62.6, 24.4, 50.6, 58.4], abs=0.3)
    assert (surplus(given[0]), surplus(given[3])) == ((60, 883), (322, 1278))


@pytest.mark.slow
@torch.no_grad()
def test_answers_of_one_kind_change_a_point_at_most(judged):
    """Each pair of query and class may answer; the grid's eight best."""
    for name, whole, alike in (("set transformer", 50.5, 51.5), ("queries from the grid", 62.8, 63.7)):
        model = trained.load(name)
        scores, boxes = model(judged.features)
        shares = scores.softmax(dim=-1)[..., :-1]
        best, order = shares.flatten(1).sort(dim=1, descending=True, stable=True)
        places = (order // shares.shape[-1])[..., None].expand(-1, -1, 4)
        pairs = Answers(boxes.gather(1, places), order % shares.shape[-1], best)
        found = [claims.precision(one, judged) for one in (model.answers(judged.features), pairs)]
        assert found == pytest.approx([whole, alike], abs=0.3)
    given = trained.load("grid").answers(judged.features)
    eight = given.without((given.labels >= 0).cumsum(dim=1) > claims.BEST)
    found = [claims.precision(one, judged) for one in (given, eight)]
    assert found == pytest.approx([64.3, 63.6], abs=0.3)


@torch.no_grad()
def test_what_the_stored_detectors_find(judged):
    hard = claims.difficult(judged)
    wanted = {"set transformer": (49, 86), "queries from the grid": (62, 93), "grid": (62, 93)}
    for name, shares in wanted.items():
        found = claims.finds(trained.load(name).answers(judged.features), judged).float()
        groups = (judged.present & hard, judged.present & ~hard)
        assert tuple(round(100 * found[some].mean().item()) for some in groups) == shares
    metrics = ("small or hidden found", "others found")
    ends = {name: [round(trained.curve(name)[metric][-1]) for metric in metrics] for name in wanted}
    assert ends == {"set transformer": [49, 86], "queries from the grid": [57, 91], "grid": [61, 92]}
    misses = [
        round((100 - trained.curve("set transformer")[m][-1]) / (100 - trained.curve("grid")[m][-1]), 1)
        for m in metrics
    ]
    assert misses == [1.3, 1.8] and trained.STEPS["queries from the grid"] == 2 * trained.STEPS["grid"]


def test_counted_as_misses_it_loses_more_among_the_others(found):
    """What the first misses as a multiple of what the second misses."""

    def times(one, metric, where=None):
        curves = [found.curve(where or found.question.middle, name, metric)[:, -1] for name in (one, "grid")]
        gap = verdict.paired(*(np.log(100 - each) for each in curves))
        return [round(float(np.exp(value)), 1) for value in (gap.effect, gap.low, gap.high)]

    assert times("set transformer", "small or hidden found") == [1.5, 1.5, 1.6]
    assert times("set transformer", "others found") == [3.0, 2.6, 3.3]
    for where in ("250 pictures", "4,000 pictures", "without end"):
        hard, others = (times("set transformer", f"{m} found", where) for m in ("small or hidden", "others"))
        assert hard[2] < others[1]
    hard, others = (times("queries from the grid", f"{m} found") for m in ("small or hidden", "others"))
    assert hard[2] < others[1]


def test_on_few_scenes_all_but_the_control_fall_in_the_end(found):
    for line in found.table("250 pictures"):
        name = line.contender.name
        last = found.curve("250 pictures", name).mean(axis=0)[-2:]
        assert (last[1] > last[0]) == (name == "fixed looks") or name == "same answers"


def test_the_long_curves_do_not_cross():
    ap = {name: dict(zip(trained.curve(name)["steps"], trained.curve(name)["AP50"], strict=True))
          for name in trained.STEPS}  # fmt: skip
    assert {name: round(curve[max(curve)]) for name, curve in ap.items()} == {
        "set transformer": 51,
        "queries from the grid": 58,
        "grid": 62,
        "grid with attention": 62,
    }
    ours, grid = ap["set transformer"], ap["grid"]
    assert (
        round(grid[512]) == 59
        and round(grid[64]) == 49 > ours[4096] > ours[1024]
        and round(ours[8192] - ours[4096]) == 4
    )
    assert all(ours[step] < grid[step] for step in grid)


def test_the_weight_of_no_object_moves_surplus_and_alarms_and_hardly_ap50():
    curve = {name: torch.tensor(values) for name, values in nothing.stored().items() if name != "weight"}
    assert curve["AP50"].mean(dim=1).round().unique().tolist() == [39, 40, 41, 42]
    surplus, alarms = (curve[name].mean(dim=1) for name in ("surplus answers", "empty scenes answered"))
    assert round(surplus[0].item()) in (9, 10) and surplus[-1] < 1
    assert alarms[0] > 50 and alarms[-1] < 13
    assert (surplus.diff() < 0).all() and (alarms.diff() < 0).all()
