import pytest
import torch

from visual_attention.chapters.soft import asked


def drawn(count=32, split="train", seed=0):
    return asked.batch(count, split=split, generator=torch.Generator().manual_seed(seed))


def cell(images, place):
    """The pixels of a cell, (3, 8, 8)."""
    row, column = 8 * (place // 3), 8 * (place % 3)
    return images[:, row : row + 8, column : column + 8]


def test_each_picture_has_one_digit_of_each_colour_and_six_grey_ones():
    batch = drawn()
    assert batch.images.shape == (32, 3, 24, 24)
    for image in batch.images:
        ink = torch.stack([cell(image, place).sum((1, 2)) for place in range(9)])
        ratio = ink / ink.amax(1, keepdim=True)
        grey = (ratio > 0.99).all(1)
        assert grey.sum() == 6 and sorted(ink[~grey].argmax(1).tolist()) == [0, 1, 2]


def test_the_answer_lies_in_the_cell_of_the_asked_colour():
    batch = drawn()
    for image, query, place in zip(batch.images, batch.queries, batch.cells, strict=True):
        assert cell(image, int(place)).sum((1, 2)).argmax() == query


@pytest.mark.slow
def test_the_same_picture_can_be_asked_for_different_things():
    model, _ = asked.learn(asked.query_pool, steps=150)
    with torch.no_grad():
        images = drawn(200, "test").images
        answers = torch.stack([model(images, torch.full((200,), c)).argmax(1) for c in range(3)])
    assert (answers[0] != answers[1]).float().mean() > 0.7
    assert (answers[0] != answers[2]).float().mean() > 0.7


@pytest.mark.slow
def test_with_the_query_it_learns_and_without_it_does_not():
    model, losses = asked.learn(asked.query_pool, steps=150)
    assert losses[-1] < 0.5 * losses[0] and asked.accuracy(model) > 0.8
    deaf, _ = asked.learn(lambda f, q, *rest: asked.query_pool(f, 0 * q, *rest), steps=150)
    assert asked.accuracy(deaf) < 0.45


def test_pooling_by_hand():
    """Two places with features 1 and 2, a query of 1, all matrices 1: scores 1 and 2."""
    one = torch.ones(1, 1)
    got = asked.query_pool(torch.tensor([[[[1.0, 2.0]]]]), one, one, one, one)
    high = torch.tensor(1.0).sigmoid()  # of a score that is larger by 1
    assert got.item() == pytest.approx((1 - high + 2 * high).item())
    assert asked.query_pool(torch.tensor([[[[1.0, 2.0]]]]), 0 * one, one, one, one).item() == pytest.approx(
        1.5
    )
