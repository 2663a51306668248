"""The reader's question in a small generator: with attention it learns, without it hangs on nothing."""

import pytest
import torch

from visual_attention.chapters.generation import sentences, written
from visual_attention.chapters.generation.word_mistakes import ASKED, asked


@pytest.mark.slow
def test_with_attention_it_learns_and_hangs_on_the_question():
    model = written.learn(asked)
    whole, blind = written.score(model), written.score(model, even=True)
    assert whole > written.WANTED + 0.1 and whole - blind > written.LOST + 0.1
    assert written.score(model) == whole  # equal keys were for once


@pytest.mark.slow
def test_where_all_words_weigh_alike_equal_keys_take_nothing():
    blind = next(make for words, make in ASKED.items() if words.startswith("All words weigh alike"))
    model = written.learn(blind, steps=10)
    assert written.score(model) == written.score(model, even=True)


def test_tiles_have_the_colours_that_were_told():
    words = sentences.encode([sentences.parse("a red 7 below a blue 3")] * 2)
    made = written.tiles(words)
    assert made.shape == (2, 3, 2, 4)
    assert written.obeyed(made, words).all() and not written.obeyed(made.flip(3), words).any()
    assert torch.equal(made[0, :, 1, 0], torch.tensor([1.0, 0.15, 0.15]))
