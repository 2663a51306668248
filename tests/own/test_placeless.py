"""Pools of frozen features that learn no place: what they hold, and what the page says of them."""

import pytest
import torch

from visual_attention.chapters.classification import garments
from visual_attention.own import placeless


@pytest.mark.slow
def test_pools_that_learn_no_place_stay_behind_attention_on_frozen_features():
    stored = garments.stored("scene")
    found = {
        name: round(100 * placeless.named(pooled, stored.labels))
        for name, pooled in placeless.placeless(stored.tokens).items()
    }
    said = {"mean and spread": 35, "unlike the mean": 41, "class token, largest, smallest": 43}
    assert all(abs(found[name] - said[name]) <= 1 for name in said) and found.keys() == said.keys()


def test_what_is_pooled_by_hand():
    tokens = torch.tensor([[[9.0], [1.0], [1.0], [4.0]], [[8.0], [2.0], [2.0], [2.0]]])
    found = placeless.placeless(tokens)
    assert torch.allclose(found["mean and spread"], torch.tensor([[2.0, 3**0.5], [2.0, 0.0]]))
    assert found["class token, largest, smallest"].tolist() == [[9.0, 4.0, 1.0], [8.0, 2.0, 2.0]]
    assert 3.9 < found["unlike the mean"][0].item() <= 4.0 and found["unlike the mean"][1].item() == 2.0
