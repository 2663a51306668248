import pytest
import torch
from torch import nn

from visual_attention.experiments import curves
from visual_attention.training import seeded


class Counter(nn.Module):
    """A weight with the gradient 1, and a buffer that counts the training steps."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        if self.training:
            self.seen += 1
        return self.weight * x


def go(model, *, steps=8, rate=0.1, warmup=0, scored=(1, 2, 4, 8), batches=lambda step: 1.0):
    def score(averaged):
        assert not averaged.training and not torch.is_grad_enabled()
        return {"weight": averaged.weight.item(), "seen": averaged.seen.item()}

    return curves.train(
        model, batches, lambda m, batch: m(batch), score, steps=steps, rate=rate, warmup=warmup, scored=scored
    )


def test_one_run_gives_the_whole_curve_of_the_averaged_weights():
    """AdamW moves a weight whose gradient is 1 by the rate at each step; the average lags behind."""
    model = Counter()
    averaged, scores, losses = go(model)
    assert sorted(scores) == [1, 2, 4, 8] and len(losses) == 8
    assert model.weight.item() == pytest.approx(-0.8, abs=1e-4)
    want, average = {}, None
    for step in range(1, 9):
        new = -0.1 * step
        average = new if average is None else average + (new - average) * 9 / (10 + step - 1)
        want[step] = average
    assert [scores[step]["weight"] for step in (1, 2, 4, 8)] == pytest.approx(
        [want[step] for step in (1, 2, 4, 8)], abs=1e-4
    )
    assert averaged.weight.item() == pytest.approx(want[8], abs=1e-4)
    assert scores[8]["seen"] == 8  # counters are copied, not averaged


def test_a_shorter_run_has_the_same_beginning():
    """No schedule knows where the end is: each scored step is a fair place to stop."""
    long, short = go(Counter(), steps=8)[1], go(Counter(), steps=4)[1]
    assert {step: long[step] for step in (1, 2, 4)} == short


def test_the_rate_rises_in_the_warm_up_and_then_stays():
    model, moved = Counter(), []
    last = 0.0

    def batches(step):
        nonlocal last
        moved.append(last - model.weight.item())
        last = model.weight.item()
        return 1.0

    go(model, warmup=4, batches=batches)
    assert moved[1:] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.1, 0.1], abs=1e-4)


def test_the_average_forgets():
    """After many steps it follows the weights at a distance of about a hundred of them."""
    averaged, _, _ = go(model := Counter(), steps=1500, scored=())
    assert averaged.weight.item() - model.weight.item() == pytest.approx(0.1 * 99, rel=0.05)


def test_a_loss_that_is_no_number_stops_the_run():
    with pytest.raises(FloatingPointError, match="the loss is nan at step 3, rate 0.1"):
        go(Counter(), batches=lambda step: float("nan") if step == 2 else 1.0)


def test_batch_norm_of_the_averaged_network_has_statistics():
    with seeded(0):
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        x = 5 + torch.randn(64, 3)
    averaged, _, _ = curves.train(
        model, lambda step: x, lambda m, b: m(b).square().sum(), lambda m: {"": 0.0},
        steps=50, rate=1e-3, warmup=0, scored=(50,),
    )  # fmt: skip
    assert not averaged[1].training and averaged[1].running_mean.abs().max() > 1
    assert averaged(x).mean(0).abs().max() < 0.5  # with the statistics of a fresh layer it would be far off
