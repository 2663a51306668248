"""Rivals that are told where a place lies, and a world without a grid: what is added, and what it gave."""

import pytest
import torch

from tests.chapters.contest import ends
from visual_attention.chapters.tracking import placed
from visual_attention.experiments.answer import answer
from visual_attention.experiments.verdict import paired
from visual_attention.training import parameters, seeded

PLACED = tuple(placed.PLACED.values())


def built(name, **setting):
    with seeded(0):
        return placed.QUESTION.contender(name).build(placed.QUESTION.setting | setting).eval()


def tokens(seed=0):
    return torch.randn(2, 80, 32, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", placed.PLACED)
def test_with_positions_is_the_rival_and_a_vector_for_each_place(name):
    plain, told = built(name, dim=8), built(placed.PLACED[name], dim=8)
    assert parameters(told) - parameters(plain) == 64 * 8
    same, given = told.state_dict(), tokens()
    assert all(
        torch.equal(value, same[key.replace("head.", "head.head.")])
        for key, value in plain.state_dict().items()
    )
    with torch.no_grad():
        assert not torch.equal(told(None, given).scores, plain(None, given).scores)
        told.head.position.zero_()
        torch.testing.assert_close(told(None, given).scores, plain(None, given).scores)


@pytest.mark.parametrize("name", PLACED)
def test_a_vector_is_added_at_its_own_place_and_not_to_what_was_matched(name):
    model, read = built(name, dim=8), []
    model.head.head.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    with torch.no_grad():
        model(None, tokens())
        model.head.position[9] += 1
        model(None, tokens())
    moved = read[1] - read[0]
    torch.testing.assert_close(moved[:, 9, -8:], torch.ones(2, 8))
    assert not moved[:, 9, :-8].any() and not moved[:, torch.arange(64) != 9].any()


def test_the_record_is_whole_and_of_this_rule():
    for runs, seeds, rule in (
        (placed.ON_GRID, placed.SEEDS, placed.QUESTION.rule),
        (placed.OFF_GRID, placed.SEEDS_OFF, placed.OFF.rule),
    ):
        for run in runs.values():
            assert [row["seed"] for row in run.rows] == list(range(seeds))
            assert {row["rule"] for row in run.rows} == {rule}
    assert len({placed.QUESTION.rule, placed.OFF.rule, placed.CONTEST.rule}) == 3


@pytest.mark.slow
def test_what_positions_leave_of_the_lead():
    assert {name: ends(placed.lead(name)) for name in placed.RIVALS} == {
        "correlation": [5, 2, 8],
        "one vector": [6, 2, 9],
        "correlation, with positions": [4, 1, 7],
        "one vector, with positions": [3, 1, 5],
    }
    bring = {name: paired(placed.scores(told), placed.scores(name)) for name, told in placed.PLACED.items()}
    assert {name: ends(gap) for name, gap in bring.items()} == {
        "correlation": [1, -2, 4],
        "one vector": [3, 0, 6],
    }
    assert bring["one vector"].low < 0


def test_what_is_left_of_it_off_the_grid():
    leads = {name: placed.lead(name, grid=False) for name in placed.RIVALS}
    assert {name: ends(gap) for name, gap in leads.items()} == {
        "correlation": [7, 2, 12],
        "one vector": [5, -2, 12],
        "correlation, with positions": [6, 2, 10],
        "one vector, with positions": [3, -3, 9],
    }
    for name in placed.OFF_GRID:
        assert placed.scores(name, grid=False).mean() < placed.scores(name).mean() - 5
    own = placed.OFF_GRID[placed.OWN].rows
    left = [row["cuts"]["no positions"] for row in own]
    assert ends(paired(placed.scores(placed.OWN, grid=False), left)) == [15, 14, 17]


def test_rates_are_those_of_the_contest():
    rows = answer(placed.CONTEST).headline
    kept = {row["arm"]: row["rate"] for row in rows if row["condition"] == placed.CONTEST.middle}
    assert {name: kept[name] for name in placed.RATES} == placed.RATES
