"""The reader's second look: with it relations are learnt, without what was found they are not."""

import torch

from visual_attention.chapters.question_answering import repaired
from visual_attention.chapters.question_answering.stream_mistakes import SECOND, second


def test_with_a_second_look_relations_are_learnt_and_hang_on_the_first():
    model = repaired.learn(second)
    assert repaired.score(model) > repaired.WANTED + 0.1
    assert repaired.score(model) - repaired.score(model, strange=True) > repaired.LOST + 0.1
    assert repaired.score(None) < 0.3  # one look has the named thing's colour


def test_a_second_look_that_forgets_stays_below():
    forgets = next(
        make for words, make in SECOND.items() if words.startswith("Your second look has forgotten")
    )
    model = repaired.learn(forgets)
    assert repaired.score(model) < repaired.WANTED
    assert abs(repaired.score(model) - repaired.score(model, strange=True)) < 1e-6


def test_the_first_look_finds_the_named_thing():
    asked = repaired.relations("test", 300)
    assert asked.found.shape == (300, 32) and set(asked.sides.tolist()) == {0, 1, 2, 3}
    assert not any(parameter.requires_grad for parameter in repaired.finder().parameters())
    assert torch.equal(repaired.relations("test", 300).found, asked.found)
