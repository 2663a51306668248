"""The reader's second look: with it relations are learnt, without what was found they are not."""

import pytest
import torch

from visual_attention.chapters.question_answering import repaired
from visual_attention.chapters.question_answering.stream_mistakes import SECOND, second


@pytest.mark.slow
def test_with_a_second_look_relations_are_learnt_and_hang_on_the_first():
    model = repaired.learn(second)
    assert repaired.score(model) > repaired.WANTED + 0.1
    assert repaired.score(model) - repaired.score(model, strange=True) > repaired.LOST + 0.1
    assert repaired.score(None) < 0.3  # one look has the named thing's colour


@pytest.mark.slow
def test_a_second_look_that_forgets_stays_below():
    forgets = next(
        make for words, make in SECOND.items() if words.startswith("Your second look has forgotten")
    )
    model = repaired.learn(forgets)
    assert repaired.score(model) < repaired.WANTED
    assert abs(repaired.score(model) - repaired.score(model, strange=True)) < 1e-6


@pytest.mark.slow
def test_the_first_look_finds_the_named_thing():
    asked = repaired.relations("test", 300)
    assert asked.found.shape == (300, 32) and set(asked.sides.tolist()) == {0, 1, 2, 3}
    assert not any(parameter.requires_grad for parameter in repaired.finder().parameters())
    assert torch.equal(repaired.relations("test", 300).found, asked.found)


def test_how_often_a_second_look_is_learned():
    found = {}
    for (way, things), count in repaired.SEEDS.items():
        shares = repaired.shares(way, things)
        assert len(shares) == count
        found[way, things] = sum(share >= 100 * repaired.WANTED for share in shares)
    assert found == {
        ("second look", 4): 8,
        ("second look", 6): 10,
        ("forgets", 4): 0,
        ("forgets", 6): 0,
        ("answer from nothing", 6): 9,
    }
    assert [round(share) for share in sorted(repaired.shares("second look", 4))[:3]] == [25, 25, 96]
    forgets = repaired.shares("forgets", 4)
    assert round(sum(forgets) / len(forgets)) == 43


@pytest.mark.slow
def test_a_row_is_what_its_training_gives():
    assert abs(repaired.trial("second look", 6, 0) - repaired.shares("second look", 6)[0]) < 2


@pytest.mark.slow
def test_an_answer_from_nothing_is_learned_too():
    kept, fresh = (repaired.learn(second, steps=2, fresh=fresh).answer for fresh in (False, True))
    head = repaired.finder().head
    assert torch.equal(kept[0].weight, head[0].weight) and not torch.equal(fresh[0].weight, head[0].weight)
    assert all(parameter.requires_grad for parameter in fresh.parameters())
    assert not any(parameter.requires_grad for parameter in head.parameters())


def test_the_contest_has_six_things_of_six_names():
    assert repaired.world(6)["things"] == repaired.world(6)["names"] == 6
    asked = repaired.relations("test", 20, 6)
    assert set(asked.answers.tolist()) <= {0, 1, 2, 3} and asked.cells.shape == (20, 9, 32)
