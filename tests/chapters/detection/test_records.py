"""What the chapter says in numbers is what its stored networks, its curves and its record give."""

import pytest
import torch

from visual_attention.chapters.detection import claims, cuts, nothing, seen, trained
from visual_attention.chapters.detection.answers import suppressed, sure
from visual_attention.chapters.detection.training import drawn
from visual_attention.experiments import verdict
from visual_attention.experiments.answer import answer


@pytest.fixture(scope="module")
def found():
    return answer(claims.QUESTIONS[0])


@pytest.fixture(scope="module")
def judged():
    return seen.look(drawn(300, split="test", seed=10_000))


def rounded(interval, digits=0):
    return [round(x, digits) for x in (interval.effect, interval.low, interval.high)]


def test_a_contest_that_is_not_whole_has_no_verdict(found):
    assert not found.faults and not found.changed
    for one, where in zip(found.verdicts, (found.question.middle, "without end", "without end"), strict=True):
        assert (one.verdict == verdict.NOT_RUN) == (not found.whole(where))


def test_on_a_thousand_scenes_the_grid_is_far_ahead(found):
    fewer = found.fewer()
    assert (fewer.verdict, fewer.seeds, fewer.strongest) == ("not supported", 10, "grid")
    assert rounded(fewer.against["grid"]) == [-25, -27, -24]
    assert rounded(fewer.against["fixed looks"]) == [8, 7, 10]
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
        return rounded(verdict.paired(*(found.curve(middle, name, metric)[:, -1] for name in (one, two))), 1)

    assert gap("queries from the grid", "set transformer") == [15.1, 13.2, 17.0]
    assert gap("queries from the grid", "grid") == [-10.1, -11.5, -8.7]
    assert gap("grid with attention", "grid", "small or hidden found") == [0.2, -1.1, 1.6]
    low, high = gap("grid with attention", "grid", "others found")[1:]
    assert low < 0 < high
    assert gap("set transformer", "grid", "small or hidden found")[0] == -24.3
    assert gap("set transformer", "grid", "others found")[0] == -16.5


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
    counts = {}
    for name, answers in given.items():
        meant = sure(answers)
        counts[name] = (int(meant.sum() - sure(suppressed(answers)).sum()), int(meant.sum()))
    assert counts == {"set": (66, 920), "raw": (34, 726)}


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
