"""The best answer is Bayes' rule, its weights are shares, and what it makes is what it remembers."""

import math

import pytest
import torch
from torch.distributions import Normal

from visual_attention.chapters.generation.best_velocity import BestVelocity, main
from visual_attention.chapters.generation.flow_matching import flow_loss, interpolate, sample


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


PICTURES = random(5, 2, 3, 7, seed=1)
X, TIMES = random(4, 2, 3, 7), torch.tensor([0.0, 0.2, 0.5, 0.9])


def test_by_hand():
    """Two pictures of one pixel, 1 and -1, at time 1/2: the odds of the first are exp(4 x)."""
    best = BestVelocity(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
    x, half = torch.tensor(0.25).view(1, 1, 1, 1), torch.tensor([0.5])
    first = math.e / (math.e + 1)  # scores: -(0.25 - 0.5)**2 / 0.5 and -(0.25 + 0.5)**2 / 0.5, so 1 apart
    assert best.weights(x, half).tolist() == [pytest.approx([first, 1 - first])]
    assert best.foresee(x, half).item() == pytest.approx(math.tanh(0.5))
    assert best(x, half).item() == pytest.approx(2 * (math.tanh(0.5) - 0.25))


def test_weights_are_bayes_rule():
    odds = torch.stack(
        [
            Normal(0, 1).log_prob((x - t * PICTURES) / (1 - t)).sum(dim=(1, 2, 3))
            for x, t in zip(X, TIMES, strict=True)
        ]
    )
    torch.testing.assert_close(BestVelocity(PICTURES).weights(X, TIMES), odds.softmax(dim=1))


def test_weights_are_shares_and_equal_at_time_0():
    weights = BestVelocity(PICTURES).weights(X, TIMES)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(4))
    torch.testing.assert_close(weights[0], torch.full((5,), 0.2))


def test_forward_applies_exactly_the_weights():
    best = BestVelocity(PICTURES)
    foreseen = (best.weights(X, TIMES) @ PICTURES.flatten(1)).view_as(X)
    torch.testing.assert_close(best(X, TIMES), (foreseen - X) / (1 - TIMES).view(4, 1, 1, 1))


def test_pictures_of_a_batch_do_not_mix():
    best = BestVelocity(PICTURES)
    torch.testing.assert_close(best(X, TIMES)[2:3], best(X[2:3], TIMES[2:3]))


def test_no_other_field_has_less_loss():
    def loss(velocity):
        generator = torch.Generator().manual_seed(0)
        return flow_loss(velocity, PICTURES[random(3000).argsort() % 5], generator=generator)

    best = BestVelocity(PICTURES)
    least = loss(best)
    for other in (
        lambda x, t: 1.1 * best(x, t),
        lambda x, t: best(x, t * 0.9),
        lambda x, t: best(x, (1.1 * t).clamp(max=1)),
        lambda x, t: BestVelocity(PICTURES[:4])(x, t),
        lambda x, t: (PICTURES.mean(0) - x) / (1 - t).view(-1, 1, 1, 1),
    ):
        assert loss(other) > least


def test_what_it_makes_is_what_it_remembers():
    made = sample(BestVelocity(PICTURES), random(200, 2, 3, 7, seed=3))
    gaps = torch.cdist(made.flatten(1), PICTURES.flatten(1))
    assert gaps.amin(dim=1).max() < 0.05
    counts = gaps.argmin(dim=1).bincount(minlength=5)
    assert counts.min() > 15  # each of five, in 200


def test_at_time_1_it_is_finite_and_finds_the_picture():
    best = BestVelocity(PICTURES)
    torch.testing.assert_close(best.foresee(PICTURES, torch.ones(5)), PICTURES)
    assert best(X, torch.ones(4)).isfinite().all()


def test_it_needs_no_memory_of_where_on_the_line():
    """On a line to a far picture it answers with that line's own direction."""
    far = torch.stack([torch.full((1, 2, 2), 50.0), torch.full((1, 2, 2), -50.0)])
    noise, times = random(2, 1, 2, 2), torch.tensor([0.5, 0.7])
    torch.testing.assert_close(BestVelocity(far)(interpolate(noise, far, times), times), far - noise)


@pytest.mark.parametrize(
    ("x", "times", "says"),
    [
        (X, TIMES[:3], "one time for each of 4"),
        (X.mT, TIMES, r"pictures of \(2, 3, 7\), got \(2, 7, 3\)"),
    ],
)
def test_a_wrong_input_is_told_what_was_wanted(x, times, says):
    for call in (BestVelocity(PICTURES), BestVelocity(PICTURES).weights):
        with pytest.raises(ValueError, match=says):
            call(x, times)


@pytest.mark.parametrize("pictures", [PICTURES[:0], PICTURES[0]])
def test_no_pictures_are_refused(pictures):
    with pytest.raises(ValueError, match="1 or more"):
        BestVelocity(pictures)


def test_the_module_runs(capsys):
    main()
    said = capsys.readouterr().out
    assert "together   100% of the pairs agree" in said and "each alone " in said
