"""The arms differ in who may ask whom, and in nothing else; each point of the curve is scored as it says."""

import pytest
import torch

from visual_attention.chapters.cost import network, tuning
from visual_attention.chapters.cost.claims import CLAIMS, measure
from visual_attention.chapters.cost.network import WAYS, Layer, TwinFinder, Uniform, curve, train
from visual_attention.data import twins
from visual_attention.experiments.claim import Budget
from visual_attention.training import parameters, seeded

CLAIM = CLAIMS[0]


def model(name="full"):
    with seeded(0):
        return TwinFinder(WAYS[name]()).eval()


def picture(seed=0):
    return torch.rand(1, 3, 56, 56, generator=torch.Generator().manual_seed(seed))


def test_all_ways_have_the_same_parameters_and_the_same_start():
    models = [model(name) for name in WAYS]
    assert len({parameters(each) for each in models}) == 1
    for each in models[1:]:
        for a, b in zip(models[0].parameters(), each.parameters(), strict=True):
            assert torch.equal(a, b)


def test_a_layer_applies_its_weights_head_by_head():
    with seeded(0):
        layer, x = Layer(WAYS["full"]()[0]), torch.randn(2, 16, 48)
    values = layer.qkv(layer.before(x))[..., 96:].unflatten(2, (4, 12))  # (B, N, h, d)
    mixed = torch.einsum("bhij,bjhd->bihd", layer.weights(x), values).flatten(2)
    after = x + layer.join(mixed)
    torch.testing.assert_close(layer(x), after + layer.think(after))


def test_tokens_are_the_cells_row_by_row():
    finder, image = model(), picture()
    changed = image.clone()
    changed[..., 14:28, 42:] = 0  # row 1, column 3
    moved = (finder.tokens(changed) - finder.tokens(image)).abs().sum(-1)[0]
    assert moved.nonzero().flatten().tolist() == [7]


REACH = {
    "full": 16,
    "criss-cross": 16,
    "rows, columns": 16,
    "linear": 16,
    "uniform": 16,
    "windows": 4,
    "shifted windows": 9,
}


@pytest.mark.parametrize("name", REACH)
def test_how_many_cells_hear_of_one(name):
    """Cell 5 is changed; after two layers so many cells have heard of it."""
    finder, image = model(name), picture()
    changed = image.clone()
    changed[..., 14:28, 14:28] = 0
    with torch.no_grad():
        moved = (finder(changed) - finder(image)).abs().sum(1)[0] > 1e-6
    assert int(moved.sum()) == REACH[name]


def test_uniform_takes_the_mean():
    queries, keys, values = torch.randn(3, 2, 5, 3)
    torch.testing.assert_close(
        Uniform()(queries, keys, values), values.mean(1, keepdim=True).expand(-1, 5, -1)
    )


def test_weights_of_all_layers_are_shares():
    for name in WAYS:
        for maps in model(name).weights(picture()):
            assert maps.shape == (1, 4, 16, 16)
            torch.testing.assert_close(maps.sum(-1), torch.ones(1, 4, 16))


def test_training_is_scored_at_a_quarter_half_and_the_end():
    finder, history = model(), []
    steps = [step for step, _ in train(finder, 0, steps=8, batch=2, lr=1e-3, history=history)]
    assert steps == [2, 4, 8] and len(history) == 8


def test_the_scored_weights_are_a_running_mean():
    finder, start = model(), model().positions.detach()
    (_, scored), *_ = train(finder, 0, steps=4, batch=2, lr=1e-2)  # all four steps are made
    moved = (finder.positions - start).abs().max()
    assert 0 < (scored.positions - start).abs().max() < moved


def test_accuracy_is_in_percent_of_cells():
    drawn = twins.batch(5, split="test", generator=torch.Generator().manual_seed(0))

    class Knows(torch.nn.Module):
        def forward(self, images):
            given = drawn.labels.clone()
            given[:, :4] = (given[:, :4] + 1) % 6  # four of sixteen wrong
            return torch.nn.functional.one_hot(given, 6).float().mT

    assert network.accuracy(Knows(), drawn) == pytest.approx(75)


def test_same_seed_same_curve():
    drawn = twins.batch(4, split="test", generator=torch.Generator().manual_seed(0))
    first, second = (curve(model(), 3, drawn, steps=4, batch=2, lr=1e-3) for _ in range(2))
    assert first == second


def test_the_claim_measures_at_the_rate_that_was_chosen():
    found = measure(model(), CLAIM.arm("full"), 0, Budget(steps=4, batch=2, test=3))
    assert found["rate"] == tuning.rates(tuning.tried())["full"]
    assert set(found) == {"accuracy", "accuracy after 1 steps", "accuracy after 2 steps", "rate"}
    assert [arm.name for arm in CLAIM.arms] == list(WAYS) and CLAIM.seeds == 10


def test_rates_are_chosen_by_the_rule():
    rows = [
        {"way": "a", "rate": rate, "accuracy": score} for rate, score in ((0.1, 50), (0.01, 60), (0.001, 60))
    ]
    assert tuning.rates(rows) == {"a": 0.001}


def test_the_grid_grows_where_the_best_lies_at_its_edge():
    def rows(best):
        return [{"way": n, "rate": r, "accuracy": float(r == best)} for n in WAYS for r in tuning.GRID]

    assert tuning.missing([]) == [(name, rate) for rate in tuning.GRID for name in WAYS]
    assert tuning.missing(rows(1e-2)) == []
    assert tuning.missing(rows(3e-2)) == [(name, 0.1) for name in WAYS]
    assert tuning.missing(rows(1e-3)) == [(name, 3e-4) for name in WAYS]


def test_tuning_is_complete():
    assert tuning.missing(tuning.tried()) == []
