import pytest

from tests.experiments import known
from visual_attention.experiments import tuning


def rows(scores, *, name="max", condition="16 pictures", seeds=(1000,)):
    return [
        known.row(name, condition=condition, seed=seed, part="tuning", rate=rate, scores=[0, 0, score])
        for rate, score in scores.items()
        for seed in seeds
    ]


def state(scores, **changes):
    question = known.usual(**changes)
    listed = rows(scores)
    tried = tuning.scores(question, listed, "max", "16 pictures")
    return tuning.next_rates(question, tried), tuning.chosen(question, listed, "max", "16 pictures")


def test_the_whole_grid_comes_first():
    assert state({}) == ([1e-3, 3e-3, 1e-2, 3e-2], None)
    assert state({1e-3: 1, 1e-2: 9}) == ([3e-3, 3e-2], None)


def test_the_best_inside_is_taken():
    assert state({1e-3: 10, 3e-3: 30, 1e-2: 60, 3e-2: 20}) == ([], 1e-2)


def test_of_equal_ones_the_lower():
    assert state({1e-3: 10, 3e-3: 60, 1e-2: 60, 3e-2: 20}) == ([], 3e-3)


def test_lower_can_be_better():
    assert state({1e-3: 10, 3e-3: 5, 1e-2: 60, 3e-2: 70}, lower=True) == ([], 3e-3)


def test_an_optimum_at_the_edge_extends_the_grid():
    above = {1e-3: 10, 3e-3: 20, 1e-2: 30, 3e-2: 40}
    assert state(above) == ([0.09], None)
    assert state(above | {0.09: 35}) == ([], 3e-2)
    assert state(above | {0.09: 50}) == ([0.27], None)
    assert state(above | {0.09: 50, 0.27: 60}) == ([], 0.27)  # two more are all there are
    below = {1e-3: 40, 3e-3: 30, 1e-2: 20, 3e-2: 10}
    assert state(below) == ([0.00033], None)


def test_a_rate_at_the_very_edge_is_told():
    question = known.usual()
    listed = rows({1e-3: 10, 3e-3: 20, 1e-2: 30, 3e-2: 40, 0.09: 50, 0.27: 60})
    assert list(tuning.at_the_edge(question, listed)) == ["max (16 pictures)"]
    assert list(tuning.at_the_edge(question, rows({1e-3: 1, 3e-3: 9, 1e-2: 2, 3e-2: 1}))) == []
    level = rows({1e-3: 7, 3e-3: 7, 1e-2: 7, 3e-2: 7, 0.00033: 7, 0.00011: 7})  # nothing is learned
    assert list(tuning.at_the_edge(question, level)) == []


def test_a_rate_counts_when_it_has_all_its_seeds():
    question = known.usual(tuning_seeds=2)
    half = rows({1e-3: 10}, seeds=[1000]) + rows({3e-3: 5}, seeds=[1000, 1001])
    assert tuning.scores(question, half, "max", "16 pictures") == {3e-3: 5}


def test_the_fixed_sets_share_the_middle_ones_rate():
    question = known.usual()
    names = [tuning.regime(question, condition) for condition in question.conditions]
    assert names == ["16 pictures"] * 3 + ["without end"]


def test_tuning_and_headline_share_no_seed():
    question = known.usual()
    assert not set(tuning.seeds(question)) & set(range(question.seeds))


@pytest.mark.parametrize("rates", [(1e-3, 1e-2, 1e-1), (1e-1, 1e-2, 1e-3, 1e-4)])
def test_a_grid_has_four_rising_rates(rates):
    with pytest.raises(ValueError, match="at least four, rising"):
        known.usual(rates=rates)
