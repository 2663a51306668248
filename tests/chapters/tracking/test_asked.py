"""The reader's attention in a small tracker: with all asked it learns, deaf it does not."""

import pytest

from visual_attention.chapters.tracking import asked
from visual_attention.chapters.tracking.ask_mistakes import ASKED
from visual_attention.chapters.tracking.ask_mistakes import asked as right


@pytest.mark.slow
def test_with_attention_it_learns_and_asks_for_the_template():
    model = asked.learn(right)
    found, swapped = asked.score(model), asked.score(model, swapped=True)
    assert found > asked.WANTED + 5 and found - swapped > asked.LOST + 5


@pytest.mark.slow
def test_deaf_to_the_template_it_finds_no_more_than_with_another_s():
    deaf = next(make for words, make in ASKED.items() if words.startswith("The window does not ask"))
    model = asked.learn(deaf)
    assert asked.score(model) < asked.WANTED
    assert abs(asked.score(model) - asked.score(model, swapped=True)) < 1e-6
