"""Networks that choose a cell: who sees what, what teaches them, and how estimates are measured."""

import pytest
import torch
from torch.nn import functional as F

from visual_attention.chapters.hard import cells, choosers
from visual_attention.chapters.hard.choosers import ESTIMATES, Chooser, SharedScores
from visual_attention.chapters.hard.doors import choice_loss
from visual_attention.mechanisms.patch_choice import entropy, exact_loss, reinforce_choice_loss
from visual_attention.training import seeded


def drawn(count=64, split="train", seed=0, **options):
    return cells.batch(count, split=split, generator=torch.Generator().manual_seed(seed), **options)


def build(name="REINFORCE, baseline", seed=0, kind=Chooser, **parts):
    with seeded(seed):
        return kind(ESTIMATES[name], **parts)


def test_a_cell_is_scored_from_its_own_four_pixels_wherever_it_lies():
    with seeded(0):
        shared = SharedScores(5)
    overview = torch.zeros(16, 8, 8)
    patch = torch.tensor([[0.3, 0.7], [0.1, 0.9]])
    for cell in range(16):
        row, column = divmod(cell, 4)
        overview[cell, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = patch
    scores = shared(overview.flatten(1))
    own, others = scores.diagonal(), scores[~torch.eye(16, dtype=torch.bool)]
    torch.testing.assert_close(own, own[:1].expand(16))
    torch.testing.assert_close(others, others[:1].expand(240))
    assert (own[0] - others[0]).abs() > 1e-4


def test_the_bonus_is_taken_off_what_is_lowered():
    batch = drawn()
    plain, curious = build("exact gradient"), build("exact gradient", bonus=0.5)
    difference = plain.loss(batch.images, batch.labels) - curious.loss(batch.images, batch.labels)
    torch.testing.assert_close(difference, 0.5 * entropy(plain.scores(batch.images)).mean())


def test_another_picture_decides_for_the_control():
    own, other = build(), build(kind=choosers.AnothersCell)
    images = drawn(6).images
    assert torch.equal(other.scores(images), own.scores(images).roll(1, dims=0))
    assert torch.equal(other.read_with(images, own.weights(images)), own(images))


def test_a_rule_written_by_hand_finds_nearly_every_whole_digit():
    batch = drawn(2000, "test")
    found = build(kind=choosers.FullestCell).weights(batch.images).argmax(1) == batch.cells
    assert found.float().mean() > 0.95


def test_soft_weights_are_shares_and_hard_ones_a_single_one():
    images = drawn(5).images
    soft, hard = build(kind=choosers.SoftChooser).weights(images), build().weights(images)
    torch.testing.assert_close(soft.sum(1), torch.ones(5))
    assert (soft.amax(1) < 0.9).all() and (hard.amax(1) == 1).all() and (hard.sum(1) == 1).all()


@pytest.fixture(scope="module")
def measured():
    """Each estimate at one network and one batch."""
    model, batch = build(), drawn()
    for parameter in model.read.parameters():
        parameter.data *= 3
    with seeded(0):
        return {
            name: choosers.compare_gradients(model, batch, ESTIMATES[name], draws=60)
            for name in ("exact gradient", "REINFORCE, baseline")
        }


def test_the_exact_gradient_has_neither_variance_nor_bias(measured):
    assert measured["exact gradient"]["variance"] < 1e-9
    assert abs(measured["exact gradient"]["bias"]) < 1e-9
    assert measured["REINFORCE, baseline"]["variance"] > 0.1


def test_variance_and_bias_by_hand():
    """Two parameters with the exact gradient (3, 4); estimates turn between (3, 14) and (3, -2)."""

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.choose = torch.nn.Linear(2, 1, bias=False)
            self.turn = 0

    model = Two()
    slopes = iter([torch.tensor([3.0, 4.0])] + 30 * [torch.tensor([3.0, 14.0]), torch.tensor([3.0, -2.0])])

    def estimate(model, images, labels):
        return (model.choose.weight[0] * next(slopes)).sum()

    exact = choosers.exact_loss
    choosers.exact_loss = estimate
    try:
        got = choosers.compare_gradients(model, drawn(2), estimate, draws=60)
    finally:
        choosers.exact_loss = exact
    variance = 64 * 60 / 59  # around the mean (3, 6)
    assert got["variance"] == pytest.approx(variance / 25)
    assert got["bias"] == pytest.approx((4 - variance / 60) / 25)


@pytest.mark.slow
def test_what_the_chapter_says_of_five_networks():
    for seed in range(5):
        one = choosers.gradients(seed, steps=100)
        alone, baseline, gumbel = (one[name] for name in one)
        assert list(one) == ["REINFORCE alone", "REINFORCE, baseline", "Gumbel-softmax"]
        assert alone["variance"] > 30 * baseline["variance"] and baseline["variance"] > gumbel["variance"]
        assert gumbel["bias"] > 0


@pytest.mark.slow
def test_by_a_function_for_doors_a_network_learns_to_choose_and_without_a_push_it_does_not():
    model, losses = choosers.learn(choosers.drawn_loss(choice_loss), steps=350)
    right, named = choosers.found(model)
    assert right > 0.9 and named > 0.6 and len(losses) == 350
    idle, _ = choosers.learn(choosers.drawn_loss(lambda s, d, losses, e, b: losses.mean()), steps=350)
    assert choosers.found(idle)[0] < 0.3


def test_a_drawn_loss_gets_what_it_is_promised():
    model, batch, heard = build(), drawn(7), []

    def hear(scores, drawn, losses, expected, bonus):
        heard.extend((scores, drawn, losses, expected, bonus))
        return losses.mean()

    choosers.drawn_loss(hear, bonus=0.2)(model, batch.images, batch.labels)
    scores, chosen, losses, expected, bonus = heard
    torch.testing.assert_close(scores, model.scores(batch.images))
    read = model.read_with(batch.images, F.one_hot(chosen, 16).float())
    torch.testing.assert_close(losses, F.cross_entropy(read, batch.labels, reduction="none"))
    torch.testing.assert_close(expected, model.expect(model.glance(batch.images))[:, 0])
    assert bonus == 0.2


@pytest.mark.slow
def test_the_exact_gradient_is_the_mean_of_reinforce():
    """At one network: what is pushed on average is what enumeration pushes."""
    model, batch = build("exact gradient"), drawn(8)
    exact = choosers.gradient(model, exact_loss(model, batch.images, batch.labels))
    with seeded(3):
        estimates = [
            choosers.gradient(model, reinforce_choice_loss(model, batch.images, batch.labels))
            for _ in range(1500)
        ]
    mean = torch.stack(estimates).mean(0)
    error = torch.stack(estimates).std(0) / 1500**0.5
    assert ((mean - exact).abs() < 4.5 * error + 1e-6).all()


def test_the_module_runs(capsys):
    choosers.main()
    assert "soft blend" in capsys.readouterr().out
