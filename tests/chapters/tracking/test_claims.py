"""The contest: its rule, what its contenders are given, and that they differ in nothing else."""

import pytest
import torch

from visual_attention.chapters.tracking import claims
from visual_attention.chapters.tracking.finding import DEFORMED
from visual_attention.training import parameters, seeded

RULE = "cf9c456687f5"
QUESTION = claims.QUESTION


def test_the_rule_is_the_one_that_was_written_down():
    assert QUESTION.rule == RULE
    assert (QUESTION.margin, QUESTION.seeds, QUESTION.tuning_seeds, QUESTION.sets) == (
        5,
        10,
        3,
        (250, 1000, 4000),
    )
    assert len(QUESTION.variants) >= 8


def test_whoever_does_not_choose_or_look_is_named_so():
    roles = {one.name: one.role for one in QUESTION.contenders}
    assert roles["two ways"] == "attention" and roles["uniform weights"] == "control"
    assert [name for name, role in roles.items() if role == "trivial"] == ["raw pixels", "the last place"]
    assert sum(role == "rival" for role in roles.values()) == 6


def test_the_one_stream_trackers_differ_in_who_asks_whom_alone():
    sizes = {
        parameters(QUESTION.contender(name).build(QUESTION.setting))
        for name in ("two ways", "one way", "uniform weights")
    }
    assert len(sizes) == 1


@pytest.mark.slow
@pytest.mark.parametrize("contender", QUESTION.contenders, ids=lambda one: one.name)
def test_every_contender_learns_from_a_pair_and_is_scored(contender):
    generator = torch.Generator().manual_seed(0)
    shown = claims.draw(65, "train", generator, QUESTION.setting)
    shown = type(shown)(*(part[:3] for part in shown))
    with seeded(0):
        model = contender.build(QUESTION.setting)
    loss = QUESTION.task.loss(model, shown)
    loss.backward()
    assert loss.isfinite() and all(p.grad is not None for p in model.parameters())
    judged = claims.draw(14, "validation", torch.Generator().manual_seed(1), QUESTION.setting)
    with torch.no_grad():
        found = claims.score(model.eval(), judged)
    assert set(DEFORMED) < set(found) and all(0 <= value <= 100 for value in found.values())
    assert found["found again"] == pytest.approx(sum(found[name] for name in DEFORMED) / 4)


def test_without_end_is_a_pool_that_is_painted_once(monkeypatch):
    monkeypatch.setattr(claims, "POOL", 66)
    one, two = (claims.draw(8, "train", torch.Generator().manual_seed(3), QUESTION.setting) for _ in range(2))
    assert torch.equal(one.pairs, two.pairs) and one.tokens.shape == (8, 80, 32)
    other = claims.draw(8, "train", torch.Generator().manual_seed(4), QUESTION.setting)
    assert not torch.equal(one.pairs, other.pairs)


@pytest.mark.slow
def test_a_short_training_before_the_reader(monkeypatch):
    network, scores = claims.live("one vector", pairs=65, steps=2)
    assert list(scores) == [1, 2] and not network.training
