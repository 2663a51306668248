"""A branch that is halved, always: what it does, and what the page says of its record."""

import pytest
import torch

from tests.chapters.contest import ends
from visual_attention.chapters.channel import gentler, halved
from visual_attention.experiments import ledger
from visual_attention.training import seeded


def test_each_block_adds_half_of_its_branch_and_nothing_learns_it():
    setting = halved.CONTEST.setting
    with seeded(0):
        model = halved.QUESTION.contender(halved.HALVED.name).build(setting).eval()
    with seeded(0):
        plain = halved.QUESTION.contender("no gate").build(setting).eval()
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert [p.shape for p in model.parameters()] == [p.shape for p in plain.parameters()]
    with torch.no_grad():
        x = model.stem(images)
        block = model.blocks[0]
        assert torch.allclose(block(x), torch.relu(block.shortcut(x) + 0.5 * plain.blocks[0].branch(x)))


def test_a_constant_does_as_well_as_gates_that_are_learned():
    scores = halved.HALF.scores
    assert len(scores) == 10 and round(scores.mean(), 1) == 72.4
    assert ends(halved.HALF.minus("fixed gates"), digits=1) == [0.1, -1.7, 1.8]
    assert ends(halved.HALF.minus("ECA"), digits=1) == [-0.6, -2.9, 1.8]
    assert ends(halved.HALF.minus("squeeze and excitation"), digits=1) == [0.9, -0.8, 2.6]
    assert ends(halved.HALF.minus(gentler.PLAIN), digits=1) == [1.3, -1.3, 3.9]
    assert halved.CHOSEN.best() == halved.RATE and all(len(x) == 3 for x in halved.CHOSEN.scores().values())
    assert ledger.read(ledger.path(halved.RECORD)).faults == []


def test_on_larger_pieces_the_gate_s_lead_is_not_by_choosing():
    assert ends(halved.lead("fixed gates"), digits=1) == [0.5, -1.6, 2.6]
    assert ends(halved.lead(halved.HALVED.name), digits=1) == [1.3, -2.3, 4.9]
    plain = halved.larger("no gate").values()
    assert len(plain) == 5 and (round(min(plain)), round(max(plain))) == (54, 83)
    assert len(halved.larger("squeeze and excitation")) == 5


@pytest.mark.slow
def test_with_rates_of_three_validation_seeds_no_gate_is_ahead():
    ours, eca, plain, cbam = gentler.CHOSEN
    assert (ours.best(), eca.best(), plain.best(), cbam.best()) == (0.01, 0.003, 0.01, 0.01)
    means = [{rate: round(sum(x) / 3, 1) for rate, x in one.scores().items()} for one in gentler.CHOSEN]
    assert all(len(x) == 3 for one in gentler.CHOSEN for x in one.scores().values())
    assert means[1][0.003] == 69.5 and means[1][0.01] == 68.2
    assert means[2] == {0.01: 69.5, 0.03: 67.6} and means[3] == {0.01: 86.6, 0.03: 47.7}
    assert len(gentler.ECA.scores) == 10 and round(gentler.ECA.scores.mean(), 1) == 70.6
    assert ends(gentler.ECA.minus(gentler.PLAIN), digits=1) == [-0.5, -2.2, 1.2]
    assert ends(gentler.ECA.minus("squeeze and excitation"), digits=1) == [-0.9, -2.9, 1.1]
