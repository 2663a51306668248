"""Without the relation the first thing is drawn twice; with the opposite one, things change places."""

import pytest
import torch

from visual_attention.chapters.generation import judge, relation, sentences, steering, worded


def test_turned_sentences_say_the_opposite():
    words = sentences.every()
    for one, other in zip(sentences.decode(words), sentences.decode(relation.turned(words)), strict=True):
        assert {one.relation, other.relation} in ({0, 1}, {2, 3})
        assert one._replace(relation=other.relation) == other
    assert sentences.RELATIONS == ("left of", "right of", "above", "below")


def test_real_pictures_show_both_things_and_their_opposite_too():
    drawn = worded.batch(200, split="test", generator=torch.Generator().manual_seed(0))
    reader = judge.load()
    assert relation.whose(reader, drawn.images, drawn.words) == (50, 50)
    first = drawn.words[:, [0, 1, 2, 0, 1]]
    twice = worded.batch(200, split="test", words=first, generator=torch.Generator().manual_seed(0)).images
    assert relation.whose(reader, twice, drawn.words) == (100, 0)


@pytest.mark.slow
@torch.no_grad()
def test_the_stored_network_draws_the_first_thing_twice_without_the_relation():
    model, reader = steering.load(), judge.load()
    words = sentences.draw(100, generator=torch.Generator().manual_seed(11))
    images = steering.made(model, words, seed=1, change=relation.WITHOUT)
    first, second = relation.whose(reader, images, words)
    assert first > 98 and second < 2
    other = relation.turned(words)
    obeyed = steering.parts(reader, model, other, seed=1)
    assert obeyed["all"] == pytest.approx(93, abs=3)
