"""Added scores that only shut: what they do to a map, and what the page says of their record."""

from dataclasses import replace

import torch

from tests.chapters.contest import ends
from visual_attention import cues
from visual_attention.chapters.spatial import only_shut, steady
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


def test_a_sum_that_only_takes_away_is_level_with_the_gate():
    few = only_shut.FEWER
    assert few.rate == only_shut.CHOSEN.best() == 0.09
    assert all(len(scores) == 3 for scores in only_shut.CHOSEN.scores().values())
    scores = sorted(few.scores)
    assert len(scores) == 10 and round(sum(scores) / 10) == 84
    assert round(scores[0]) == 70 and scores[1] > 82
    assert ends(few.minus("scores added"), digits=1) == [25.1, 17.7, 32.6]
    assert ends(few.minus("second convolution"), digits=1) == [4.0, 0.1, 8.0]
    assert ends(few.minus(STEADY), digits=1) == [-0.7, -4.8, 3.4]
    gentler = only_shut.GENTLER
    assert len(gentler.scores) == 10 and round(gentler.scores.mean()) == 80
    assert ends(gentler.minus(STEADY), digits=1) == [-4.5, -7.5, -1.5]


def test_without_end_it_is_ahead_of_the_registered_sum():
    many = only_shut.HIGHER
    assert len(many.scores) == 5 and round(many.scores.mean()) == 98
    assert ends(many.minus("scores added"), digits=1) == [5.0, 1.6, 8.4]
    assert ledger.read(ledger.path(only_shut.RECORD)).faults == []


def test_three_validation_seeds_leave_cbam_its_rate():
    found = steady.CHOSEN.scores()
    assert {rate: round(sum(x) / len(x), 1) for rate, x in found.items()} == {0.01: 77.1, 0.03: 84.1}
    assert steady.CHOSEN.best() == 0.03 and all(len(x) == 3 for x in found.values())
