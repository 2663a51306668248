"""What the chapter says of an outsider's tries is what the stored networks and the file give."""

import pytest
import torch

from visual_attention.chapters.question_answering import attacked, claims, longer, small_world, trained
from visual_attention.chapters.question_answering.asking import Pupil


@pytest.fixture(scope="module")
def stored():
    generator = torch.Generator().manual_seed(7)
    judged = small_world.draw(600, "test", generator, claims.QUESTION.setting)
    return Pupil(trained.load(trained.HOPS), first=0).eval(), judged


def test_the_first_look_that_is_handed_over_is_not_enough():
    found = {way: [] for way in attacked.HANDED}
    for row in attacked.rows():
        assert row["attributes"] == 100
        found[row["way"]].append(row["relations"])
    ends = {way: (len(them), min(them), max(them)) for way, them in found.items()}
    assert ends == {"the first look": (3, 24, 28), "the first look and both readings": (3, 26, 28)}
    step = longer.QUESTION.recipe.scored.index(attacked.STEPS)
    alone = [row["scores"]["relations"][step] for row in longer.RUNS["own readings"].rows[: attacked.SEEDS]]
    assert (round(min(alone)), round(max(alone))) == (28, 41)


@pytest.mark.slow
def test_the_first_look_is_handed_over_and_the_rest_learns():
    found = attacked.learn("the first look", 0, steps=24)
    assert found == attacked.learn("the first look", 0, steps=24)
    assert found != attacked.learn("the first look and both readings", 0, steps=24)
    weights = torch.full((2, 9), 1 / 9)
    change = attacked.at(torch.tensor([4, -1]))
    assert change(0, weights)[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert torch.equal(change(0, weights)[1], weights[1]) and torch.equal(change(1, weights), weights)


def test_who_points_the_first_look_steers_the_answer(stored):
    found = attacked.pointed(*stored)
    assert found["beside the other"] > 99.5 and found["as before"] < 0.5


def test_each_look_needs_its_own_cell(stored):
    left = [[round(attacked.forbidden(*stored, cell, hop)) for hop in (0, 1)] for cell in (0, 1)]
    assert left == [[32, 100], [100, 21]]
