"""Added scores that only shut: what they do to a map, and what the page says of their record."""

from dataclasses import replace

import pytest
import torch

from visual_attention import cues
from visual_attention.chapters.spatial import only_shut
from visual_attention.chapters.spatial.steady import CONTEST, STEADY
from visual_attention.experiments import ledger
from visual_attention.training import seeded


class Fixed(torch.nn.Module):
    """Gates of one, a half, and none at three places."""

    def weights(self, x):
        return torch.tensor([[[[1.0, 0.5, 0.0]]]])


def test_the_logarithm_of_the_gates_is_added_and_never_opens():
    x = torch.tensor([[[[2.0, 2.0, 2.0]], [[0.0, 0.5, 20.0]]]])
    half = torch.tensor(0.5).log().item()
    want = torch.tensor([[[[2.0, 2.0 + half, 0.0]], [[0.0, 0.0, 20 - 13.8155]]]])
    assert torch.allclose(only_shut.OnlyShut(Fixed())(x), want, atol=1e-4)
    with seeded(0):
        gate = cues.normed_spatial(6)
    images = torch.rand(4, 6, 5, 5, generator=torch.Generator().manual_seed(1))
    assert (only_shut.OnlyShut(gate)(images) <= images).all()
    assert (cues.Added(gate)(images) > images).any()


def test_it_has_the_parameters_of_the_registered_rival():
    setting = CONTEST.setting
    count = {
        name: sum(p.numel() for p in only_shut.QUESTION.contender(name).build(setting).parameters())
        for name in ("scores added", only_shut.SHUT.name)
    }
    assert len(set(count.values())) == 1
    assert replace(only_shut.QUESTION, contenders=CONTEST.contenders).rule == CONTEST.rule
