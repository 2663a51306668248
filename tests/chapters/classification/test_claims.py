"""Who reads the digits, by which rule, and what each is cut by."""

from functools import partial

import pytest
import torch

from tests.chapters import contest
from visual_attention.chapters.classification import claims, cuts, sizes
from visual_attention.experiments import pointing, registry
from visual_attention.training import parameters, seeded

QUESTION = registry.question("classification")
NAMES = [contender.name for contender in QUESTION.contenders]
WITH_MAP = {"soft pooling", "max pooling", "CBAM", "non-local", "another's map"}
CUT = WITH_MAP - {"non-local"}
names = pytest.mark.parametrize("name", NAMES)

build = partial(contest.build, QUESTION)
drawn = partial(contest.drawn, QUESTION, 12)


def test_the_rule_is_the_one_that_was_written_down():
    recipe = QUESTION.recipe
    assert (recipe.steps, recipe.batch, recipe.warmup, recipe.examples) == (768, 16, 32, 500)
    assert (QUESTION.margin, QUESTION.faster, QUESTION.level, QUESTION.seeds) == (5, 1.5, 50, 10)
    assert (QUESTION.sets, QUESTION.rates) == ((300, 1000, 4000), (1e-3, 3e-3, 1e-2, 3e-2))
    assert QUESTION.rule == "bf872b4eb3e7"
    assert QUESTION.specification_rule == "dd79ddc591f4"


@names
def test_everyone_names_digits_and_only_the_control_mixes_pictures(name):
    model, images = build(name).eval(), drawn().images
    with torch.no_grad():
        scores = model(images)
        assert scores.shape == (12, 10)
        alone = torch.cat([model(image[None]) for image in images])
        if name != "another's map":
            torch.testing.assert_close(alone, scores, atol=1e-5, rtol=1e-4)
        else:
            assert model.pool.weights(torch.rand(2, 24, 8, 8)).shape == (2, 1, 8, 8)


@names
def test_every_parameter_gets_a_gradient(name):
    model, batch = build(name), drawn(split="train")
    for module in model.slots:  # a non-local block starts as the identity
        if hasattr(module, "out"):
            torch.nn.init.normal_(module.out.weight)
    with seeded(0):
        claims.loss(model, batch).backward()
    lost = {key for key, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}
    assert lost <= {"pool.conv2.bias", "pool.pool.conv2.bias"}  # shifts all scores alike


def test_parameters_agree_within_5_percent():
    counts = {name: parameters(build(name)) for name in NAMES}
    assert max(counts.values()) <= 1.05 * min(counts.values()) and len(counts) == 8


def test_pictures_are_of_the_setting_and_splits_share_no_digit():
    batch = contest.drawn(QUESTION, 500)
    assert batch.images.shape == (500, 1, 32, 32)
    assert batch.sides.unique(return_counts=True)[1].tolist() == [125] * 4
    assert set(batch.pieces.tolist()) == {0, 4, 8}
    assert set(contest.drawn(QUESTION, 16, sides=[16], pieces=[0]).pieces.tolist()) == {0}
    assert claims.SPLITS == {"train": "learning", "validation": "validation", "test": "test"}
    for size in QUESTION.sets:
        assert size % len(claims.SIDES) == 0


def test_what_the_score_says_by_hand():
    class Known(torch.nn.Module):
        """Names the digits of 8 pixels right, all others wrong; its map is flat."""

        def forward(self, images):
            right = batch.labels + (batch.sides != 8)
            return torch.nn.functional.one_hot(right % 10, 10).float()

        def place_map(self, images):
            return torch.full((len(images), 1, 8, 8), 1 / 64)

    batch = contest.drawn(QUESTION, 48)
    got = claims.score(Known(), batch)
    assert got["accuracy"] == 25 and got["smallest digits"] == 100 and got["largest digits"] == 0
    assert got["weight on the digit"] == pytest.approx(
        100 * pointing.area(batch.masks).mean().item(), abs=1e-3
    )


@names
def test_who_has_a_map_and_who_can_be_cut(name):
    model, batch = build(name).eval(), drawn()
    with torch.no_grad():
        assert ("weight on the digit" in claims.score(model, batch)) == (name in WITH_MAP)
        found = {cut: change(model, batch) for cut, change in QUESTION.task.cuts.items()}
    assert len(found) == 6
    for cut, value in found.items():
        assert (value is None) == (name not in CUT and cut not in ("confetti", "digit painted over"))


@pytest.mark.slow
def test_each_cut_is_the_one_that_it_is_called():
    ways = {
        "uniform map": cuts.uniform,
        "another picture's map": cuts.anothers,
        "map held on the digit": cuts.held,
        "digit forbidden": cuts.forbidden,
    }
    batch = contest.drawn(QUESTION, 300)
    model, _ = claims.live("soft pooling", steps=160, points=1)
    with torch.no_grad():
        found = {}
        for name, weigh in ways.items():
            scores = cuts.scores_with(model, batch.images, batch.masks, weigh)
            found[name] = 100 * (scores.argmax(1) == batch.labels).double().mean().item()
            assert QUESTION.task.cuts[name](model, batch) == pytest.approx(found[name])
        pictures = {
            "confetti": cuts.confetti(batch.images),
            "digit painted over": cuts.without_digit(batch.images, batch.masks),
        }
        for name, images in pictures.items():
            right = 100 * (model(images).argmax(1) == batch.labels).double().mean().item()
            assert QUESTION.task.cuts[name](model, batch) == pytest.approx(right)


def test_the_setting_reaches_the_network():
    assert build("soft pooling", width=12).head.in_features == 12
    assert isinstance(build("max pooling", norm=False).norm, torch.nn.Identity)
    assert build("max pooling").head.in_features == 26


def test_the_control_trains_with_maps_of_others():
    batch = contest.drawn(QUESTION, 8)
    model = build("another's map").eval()
    with torch.no_grad():
        features = model.features(batch.images)
        weights = model.pool.pool.weights(features).roll(1, dims=0)
        torch.testing.assert_close(model(batch.images), model.read((features * weights).sum(dim=(2, 3))))


def test_the_chapter_trains_what_it_says():
    model, scores = claims.live("max pooling", steps=2, points=1)
    assert list(scores) == [2] and model.head.in_features == 26
    assert isinstance(contest.drawn(QUESTION, 4), sizes.SizedDigits)
