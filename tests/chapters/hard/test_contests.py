"""The contests of eyes and of teachers: their rules, their contenders, and what is cut."""

import pytest
import torch

from tests.chapters.contest import build, drawn
from visual_attention.chapters.hard import choice_claims, choosers, eyes, glimpse_claims
from visual_attention.experiments import registry, trial
from visual_attention.training import seeded

EYES, TEACHERS = registry.question("hard"), registry.question("hard-choice")
everyone = pytest.mark.parametrize(
    ("question", "name"),
    [(question, one.name) for question in (EYES, TEACHERS) for one in question.contenders],
    ids=lambda value: value if isinstance(value, str) else value.name,
)


def test_the_rules_are_those_that_were_written_down():
    for question, steps, level, rates in (
        (EYES, 1024, 30, (3e-4, 1e-3, 3e-3, 1e-2)),
        (TEACHERS, 512, 80, (1e-3, 3e-3, 1e-2, 3e-2)),
    ):
        recipe = question.recipe
        assert (recipe.steps, recipe.batch, recipe.warmup, recipe.examples) == (steps, 64, 32, 500)
        assert (question.margin, question.faster, question.seeds) == (5, 1.5, 10)
        assert (question.level, question.rates, question.sets) == (level, rates, (300, 1000, 4000))


@everyone
def test_everyone_reads_ten_digits_and_learns(question, name):
    model = build(question, name)
    with seeded(0):
        question.task.loss(model, drawn(question, 32, "train")).backward()
    assert model(drawn(question).images).shape == (6, 10)
    assert sum(p.grad.abs().sum() for p in model.parameters() if p.grad is not None) > 0


def test_the_control_and_the_rival_have_as_many_parameters_and_multiplications_as_the_eye():
    models = [build(EYES, n) for n in ("learned glimpses", "pathwise glimpses", "one path for all")]
    assert len({sum(p.numel() for p in model.parameters()) for model in models}) == 1
    assert len({trial.multiplications(model.eval(), drawn(EYES)) for model in models}) == 1
    assert trial.multiplications(
        build(EYES, "four fixed glimpses"), drawn(EYES)
    ) == 2 * trial.multiplications(models[0], drawn(EYES))
    assert trial.multiplications(build(EYES, "blurred picture").eval(), drawn(EYES)) < trial.multiplications(
        models[0], drawn(EYES)
    )


def test_two_looks_read_about_as_many_numbers_as_the_blurred_picture_has():
    eye = build(EYES, "learned glimpses")
    assert eye.glimpses * eye.glimpse.sensor.pixels() == 384
    assert 384 < 20 * 20 < 1.1 * 384


def test_moved_places_by_hand():
    places = torch.tensor([[[0.0, 0.0], [0.2, 0.4]], [[0.0, 0.0], [0.6, -0.4]]])
    centres = torch.tensor([[0.1, 0.3], [-0.5, 0.7]])
    assert torch.equal(glimpse_claims.anothers(places, centres), places.flip(0))
    mean = torch.tensor([[0.0, 0.0], [0.4, 0.0]])
    torch.testing.assert_close(glimpse_claims.on_average(places, centres), mean.expand(2, 2, 2))
    told = glimpse_claims.on_the_digit(places, centres)
    assert torch.equal(told[:, 0], places[:, 0]) and torch.equal(told[:, 1], centres)
    random = glimpse_claims.at_random(places, centres)
    assert torch.equal(random, glimpse_claims.at_random(places + 1, centres))
    assert (random[:, 0] == 0).all() and random[:, 1].abs().max() <= 1 and random[:, 1].std() > 0.1


def test_a_moved_eye_is_scored_where_it_was_moved_and_what_has_no_eye_is_left_alone():
    batch = drawn(EYES, 200)
    model = build(EYES, "learned glimpses")
    torch.nn.init.normal_(model.locate.linear.weight, std=0.5)
    with torch.no_grad():
        stay = glimpse_claims.cut(lambda places, centres: places)(model, batch)
        assert stay == glimpse_claims.score(model, batch)["accuracy"]
        told = glimpse_claims.on_the_digit(model.locations(batch.images), batch.centres)
        by_hand = glimpse_claims.accuracy(model.look(batch.images, told)[:, -1], batch)
        assert EYES.task.cuts["the digit's middle"](model, batch) == by_hand
        for name in ("max pooling", "blurred picture", "four fixed glimpses"):
            other = build(EYES, name).eval()
            assert {cut(other, batch) for cut in EYES.task.cuts.values()} == {None}


def test_the_distance_of_the_last_glimpse_is_in_pixels():
    model, batch = build(EYES, "learned glimpses"), drawn(EYES, 50)  # untrained, it stays at the centre
    with torch.no_grad():
        off = glimpse_claims.score(model, batch)["last glimpse off (pixels)"]
    assert off == pytest.approx((batch.centres.norm(dim=1) * 20).mean().item(), rel=1e-4)


def test_a_cell_that_was_exchanged_is_read():
    batch, model = drawn(TEACHERS, 300), build(TEACHERS, "exact gradient")
    with torch.no_grad():
        weights = model.weights(batch.images)
        for name, moved in (
            ("another picture's cell", weights.roll(1, dims=0)),
            ("the digit's cell", torch.nn.functional.one_hot(batch.cells, 16).float()),
        ):
            by_hand = choice_claims.accuracy(model.read_with(batch.images, moved), batch)
            assert TEACHERS.task.cuts[name](model, batch) == by_hand
    told = choice_claims.on_the_digit(weights, batch.cells)
    assert (told.argmax(1) == batch.cells).all()


def test_found_is_the_weight_on_the_whole_digit():
    batch = drawn(TEACHERS, 100)
    model = build(TEACHERS, "soft blend")
    on = model.weights(batch.images)[torch.arange(100), batch.cells].mean().item()
    with torch.no_grad():
        assert choice_claims.score(model, batch)["digit found (%)"] == pytest.approx(100 * on, rel=1e-4)


def test_settings_reach_networks_and_pictures():
    assert build(EYES, "learned glimpses", looks=3).glimpses == 3
    assert build(EYES, "one path for all", spread=0.1).locate.spread == 0.1
    assert build(EYES, "learned glimpses", dim=64).dim == 64
    few, many = (drawn(EYES, 64, clutter=n).images.gt(0.5).float().mean() for n in (0, 6))
    assert many > 1.2 * few
    assert isinstance(build(TEACHERS, "exact gradient").choose, choosers.SharedScores)
    assert not isinstance(build(TEACHERS, "exact gradient", shared=False).choose, choosers.SharedScores)
    assert build(TEACHERS, "exact gradient, entropy", bonus=0.2).bonus == 0.2
    assert build(TEACHERS, "exact gradient", bonus=0.2).bonus == 0
    bright, faint = (drawn(TEACHERS, 64, faint=f).images for f in (1.0, 0.5))
    assert bright.sum() > 1.1 * faint.sum()


def test_a_live_training_gives_a_network_and_its_scores_by_step():
    model, scores = glimpse_claims.live("blurred picture", steps=8)
    assert isinstance(model, eyes.Blurred) and list(scores) == [1, 2, 4, 8]
    assert all(0 <= at["accuracy"] <= 100 for at in scores.values())
