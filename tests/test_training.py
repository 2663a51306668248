import math

import pytest
import torch
from torch import nn

from visual_attention.training import evaluate, find_nonfinite, fit, parameters, seeded


def problem():
    with seeded(7):
        x = torch.randn(48, 3)
    return x, x @ torch.tensor([[1.0], [-2.0], [0.5]])


def squared(model, batch):
    return (model(batch[0]) - batch[1]).square().mean()


def linear(seed=0):
    with seeded(seed):
        return nn.Linear(3, 1)


def test_the_loss_falls_and_the_weights_are_found():
    model = linear()
    history = fit(model, lambda step: problem(), squared, steps=400, lr=0.05, progress=False)
    assert history[-1] < history[0] / 1000
    torch.testing.assert_close(model.weight, torch.tensor([[1.0, -2.0, 0.5]]), atol=1e-2, rtol=0)


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_steps_are_counted_exactly(steps):
    asked = []
    model = linear()

    def batches(step):
        asked.append(step)
        return problem()

    history = fit(model, batches, squared, steps=steps, progress=False)
    assert asked == list(range(steps)) and len(history) == steps
    assert torch.equal(model.weight, linear().weight) == (steps == 0)


def test_the_history_holds_the_loss_before_each_update():
    expected = squared(linear(), problem()).item()
    assert fit(linear(), lambda step: problem(), squared, steps=2, progress=False)[0] == expected


def test_modes():
    seen = []
    model = nn.Sequential(linear(), nn.Dropout(0.5))

    def loss(model, batch):
        seen.append(model.training)
        return squared(model, batch)

    model.eval()
    fit(model, lambda step: problem(), loss, steps=2, progress=False)
    assert seen == [True, True] and not model.training
    model.train()
    assert evaluate(model, [problem()], lambda m, b: float(m.training)) == 0 and model.training


def test_an_interrupted_fit_leaves_evaluation_mode():
    def batches(step):
        if step == 1:
            raise KeyboardInterrupt
        return problem()

    model = linear()
    with pytest.raises(KeyboardInterrupt):
        fit(model, batches, squared, steps=3, progress=False)
    assert not model.training


def test_the_same_seed_gives_the_same_weights():
    def trained(seed):
        with seeded(seed):
            model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.3), nn.Linear(4, 1))
            fit(model, lambda step: problem(), squared, steps=5, progress=False)
        return torch.cat([p.flatten() for p in model.parameters()])

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))


def test_seeded_gives_the_state_back():
    before = torch.get_rng_state()
    with seeded(3):
        torch.rand(5)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("schedule", "last"), [("cosine", 0.1 * (1 + math.cos(0.75 * math.pi)) / 2), ("constant", 0.1)]
)
def test_schedules_by_the_size_of_the_steps(schedule, last):
    """AdamW on a constant gradient moves by the learning rate each step."""
    model = nn.Linear(1, 1, bias=False)
    places = []

    def loss(model, batch):
        places.append(model.weight.item())
        return model.weight.sum()

    fit(model, lambda step: None, loss, steps=4, lr=0.1, schedule=schedule, progress=False)
    places.append(model.weight.item())
    moves = [a - b for a, b in zip(places, places[1:], strict=False)]
    assert moves[0] == pytest.approx(0.1, rel=1e-3)
    assert moves[3] == pytest.approx(last, rel=1e-2)


def test_weight_decay_shrinks_what_the_loss_ignores():
    model = linear()
    before = model.weight.norm().item()
    fit(
        model,
        lambda step: None,
        lambda m, b: 0 * m.weight.sum(),
        steps=20,
        lr=0.1,
        weight_decay=0.5,
        progress=False,
    )
    assert model.weight.norm().item() < before * 0.7


def test_evaluate_weighs_examples_not_batches():
    batches = [torch.tensor([1.0, 1.0, 1.0]), torch.tensor([5.0])]
    model = linear()
    assert evaluate(model, iter(batches), lambda m, b: b) == 2.0
    assert evaluate(model, batches, lambda m, b: b.mean()) == 3.0


def test_evaluate_makes_no_gradients():
    assert evaluate(linear(), [problem()], lambda m, b: float(m(b[0]).requires_grad)) == 0


def test_parameters_counts_what_can_be_trained():
    model = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2))
    assert parameters(model) == 3 * 5 + 5 + 5 * 2 + 2
    model[0].weight.requires_grad_(False)
    assert parameters(model) == 5 + 5 * 2 + 2


def test_errors_say_what_was_wanted():
    model = linear()
    with pytest.raises(ValueError, match="wanted one of .* got 'linear'"):
        fit(model, lambda step: problem(), squared, steps=1, schedule="linear", progress=False)
    with pytest.raises(ValueError, match="0 or more, got -1"):
        fit(model, lambda step: problem(), squared, steps=-1, progress=False)
    with pytest.raises(ValueError, match=r"a scalar, got a tensor of shape \(48, 1\)"):
        fit(model, lambda step: problem(), lambda m, b: m(b[0]), steps=1, progress=False)
    with pytest.raises(FloatingPointError, match="nan at step 0"):
        fit(model, lambda step: problem(), lambda m, b: m(b[0]).sum() * float("nan"), steps=1, progress=False)
    with pytest.raises(ValueError, match="at least one batch"):
        evaluate(model, [], lambda m, b: 0.0)


class Parts(nn.Module):
    """Two layers, with a division between them that can go wrong."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.last = nn.Linear(4, 1)

    def forward(self, x):
        hidden = self.first(x)
        return {"answer": [self.last(hidden / (x.abs().amax(dim=1, keepdim=True) < 50))]}


def test_where_numbers_stop_being_finite_is_named():
    model, x = seeded_parts(), problem()[0]
    assert find_nonfinite(model, x) is None

    with torch.no_grad():
        model.first[0].weight[2, 1] = torch.inf
    assert find_nonfinite(model, x) == ("first.0", "weights", 1, 12)

    model = seeded_parts()
    model.first[0].register_forward_hook(lambda part, given, made: made.log())  # of numbers below 0, too
    found = find_nonfinite(model, x)
    assert (found.name, found.where, found.of) == ("first.0", "output", 48 * 4) and 0 < found.count < 48 * 4

    model = seeded_parts()
    x[5] = 99.0  # nothing is wrong with any module: what lies between them divides by 0
    assert find_nonfinite(model, x) == ("last", "input", 4, 48 * 4)

    x[7, 2] = torch.nan
    assert find_nonfinite(model, x) == ("", "input", 1, 48 * 3)
    assert str(find_nonfinite(model, x)) == "the input of the network: 1 NaN or infinite of 144 numbers"


def seeded_parts():
    with seeded(0):
        return Parts()


def test_the_search_leaves_no_trace_in_the_network():
    model, x = seeded_parts(), problem()[0]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    x[0, 0] = torch.nan
    find_nonfinite(model.train(), x)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_the_search_ends_cleanly_where_the_network_fails():
    model = seeded_parts()
    with pytest.raises(RuntimeError):
        find_nonfinite(model, torch.zeros(48, 5))
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_a_loss_that_calls_parts_of_a_network_is_searched_too():
    model, x = seeded_parts(), problem()[0]
    with torch.no_grad():
        model.last.bias.fill_(torch.nan)
    found = find_nonfinite(model, x, lambda model, x: model.last(model.first(x)).sum())
    assert found == ("last", "weights", 1, 1)


def test_a_fit_that_goes_astray_names_the_part_or_the_loss():
    model, x = seeded_parts(), problem()[0]
    with torch.no_grad():
        model.first[1].weight[0] = torch.nan
    with pytest.raises(FloatingPointError, match="nan at step 0, .* begins in the weights of first.1: 1 NaN"):
        fit(model, lambda step: x, lambda m, b: m(b)["answer"][0].sum(), steps=1, progress=False)

    def loss(model, batch):
        return (-squared(model, batch)).log()  # of a number below 0

    with pytest.raises(FloatingPointError, match="begins in no module of the model, so look into the loss"):
        fit(linear(), lambda step: problem(), loss, steps=1, progress=False)


def test_the_bar_is_silent_when_off(capfd):
    fit(linear(), lambda step: problem(), squared, steps=3, progress=False)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
