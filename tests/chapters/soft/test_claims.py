from functools import partial

import pytest
import torch

from tests.chapters import contest
from visual_attention.chapters.soft import claims, pools
from visual_attention.data import digits
from visual_attention.experiments import record, registry, specification, trial
from visual_attention.experiments.answer import answer
from visual_attention.experiments.verdict import held, paired

QUESTION = registry.question("soft")
SETTING = QUESTION.setting
names = pytest.mark.parametrize("name", [contender.name for contender in QUESTION.contenders])


build = partial(contest.build, QUESTION)
drawn = partial(contest.drawn, QUESTION)


def test_the_rule_is_the_one_that_was_written_down():
    recipe = QUESTION.recipe
    assert (recipe.steps, recipe.batch, recipe.warmup, recipe.examples) == (512, 32, 32, 500)
    assert (QUESTION.margin, QUESTION.faster, QUESTION.level, QUESTION.seeds) == (5, 1.5, 70, 10)
    assert (QUESTION.sets, QUESTION.rates) == ((300, 1000, 4000), (1e-3, 3e-3, 1e-2, 3e-2))
    assert QUESTION.rule == "316ae1ec8a11"


@names
def test_everyone_reads_ten_digits_and_mixes_no_pictures(name):
    model, images = build(name).eval(), drawn().images
    with torch.no_grad():
        scores = model(images)
        assert scores.shape == (6, 10)
        if name != "another picture's weights":
            torch.testing.assert_close(model(images[2:3]), scores[2:3], atol=1e-5, rtol=1e-4)


@names
def test_every_parameter_gets_a_gradient(name):
    model, batch = build(name), drawn(8, "train")
    claims.loss(model, batch).backward()
    silent = ("conv2.bias",)  # what is added to all scores leaves a softmax as it is
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0 or key.endswith(silent), key


def test_everyone_has_as_many_parameters_and_multiplications_within_five_percent():
    models = [build(contender.name).eval() for contender in QUESTION.contenders]
    for count in (
        [sum(p.numel() for p in model.parameters()) for model in models],
        [trial.multiplications(model, drawn()) for model in models],
    ):
        assert max(count) < 1.05 * min(count)


def test_the_norm_brings_every_pool_to_one_scale():
    images = drawn(32).images
    for contender in QUESTION.contenders:
        model = build(contender.name)
        with torch.no_grad():
            pooled = model.pool(model.features(images))
            assert model.norm(pooled).std(0).mean().item() == pytest.approx(1, abs=0.15)


def test_pools_by_hand():
    x = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert pools.AveragePool()(x).tolist() == [[1.5, 5.5]]
    assert pools.MaxPool()(x).tolist() == [[3, 7]]
    torch.testing.assert_close(pools.GeMPool(1.0)(x), pools.AveragePool()(x), atol=1e-3, rtol=0)
    torch.testing.assert_close(
        pools.GeMPool(3.0)(x)[0, 1], torch.tensor((64 + 125 + 216 + 343) / 4) ** (1 / 3)
    )
    torch.testing.assert_close(pools.GeMPool(30.0)(x), pools.MaxPool()(x), rtol=0.05, atol=0)


def test_the_control_has_the_weights_of_another_picture_and_nothing_else_is_different():
    own, other = build("attention pooling").eval(), build("another picture's weights").eval()
    images = drawn().images
    with torch.no_grad():
        assert torch.equal(other.weights(images), own.weights(images).roll(1, dims=0))
        assert torch.equal(other(images), own.read_with(images, own.weights(images).roll(1, dims=0)))


def test_a_cut_that_changes_nothing_leaves_the_scores():
    images = drawn().images
    for name in ("attention pooling", "sigmoid gate"):
        model = build(name).eval()
        with torch.no_grad():
            torch.testing.assert_close(model.read_with(images, model.weights(images)), model(images))


def test_cuts_by_hand():
    weights = torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]], [[[0.4, 0.3], [0.2, 0.1]]]])
    masks = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    masks[0, :, 0, 0] = masks[1, :, 2:, 2:] = True  # a touched cell is forbidden as a whole
    assert torch.equal(claims.uniform(weights, masks), torch.full((2, 1, 2, 2), 0.25))
    assert torch.equal(claims.anothers(weights, masks), weights.flip(0))
    got = claims.forbidden(weights, masks)
    torch.testing.assert_close(got[0, 0], torch.tensor([[0, 0.2], [0.3, 0.4]]) / 0.9)
    torch.testing.assert_close(got[1, 0], torch.tensor([[0.4, 0.3], [0.2, 0]]) / 0.9)


def test_cuts_leave_alone_what_has_no_weights():
    with torch.no_grad():
        for contender in QUESTION.contenders:
            model = build(contender.name).eval()
            found = [cut(model, drawn()) for cut in QUESTION.task.cuts.values()]
            assert (None in found) == (not hasattr(model.pool, "weights"))


@pytest.mark.slow
def test_training_validation_and_test_share_no_digit_and_no_photograph():
    sides = {split: digits.tight(name, 12)[0].flatten(1) for split, name in claims.SPLITS.items()}
    whole = digits.tight("train", 12)[0].flatten(1)
    assert len(sides["train"]) + len(sides["validation"]) == len(whole) and len(sides["validation"]) == 400
    for one, two in (("train", "validation"), ("train", "test"), ("validation", "test")):
        apart = torch.cdist(sides[one], sides[two], compute_mode="donot_use_mm_for_euclid_dist")
        assert apart.min() > 0
        textures = [set(claims.clutter.TEXTURES[claims.SPLITS[name]]) for name in (one, two)]
        assert not textures[0] & textures[1]


def test_the_setting_reaches_network_and_pictures():
    assert build("attention pooling", width=16).read.in_features == 16
    assert isinstance(build("max pooling", norm="none").norm, torch.nn.Identity)
    few = claims.draw(64, "train", torch.Generator().manual_seed(0), {**SETTING, "clutter": 0})
    many = claims.draw(64, "train", torch.Generator().manual_seed(0), {**SETTING, "clutter": 16})
    assert many.images.gt(0.7).float().mean() > 1.3 * few.images.gt(0.7).float().mean()


@pytest.mark.slow
def test_attention_learns_and_points_at_the_digit():
    condition = trial.shorter(QUESTION.conditions[-1], steps=300, points=1)
    row = trial.make(QUESTION, trial.Trial("headline", condition, "attention pooling", 1e-2, 2000))
    assert row["scores"]["accuracy"][-1] > 40
    assert row["scores"]["weight on the digit"][-1] > 0.4
    assert row["cuts"]["uniform weights"] < row["scores"]["accuracy"][-1] - 20


def test_what_the_chapter_says_of_a_thousand_pictures_is_what_the_record_holds():
    found = answer(QUESTION)
    fewer = found.fewer()
    assert (fewer.verdict, fewer.strongest, fewer.seeds) == ("not supported", "sigmoid gate", 10)
    assert found.table(QUESTION.middle)[0].contender.name == "attention pooling"
    beaten = {name for name, interval in fewer.against.items() if held(interval, QUESTION.margin) == "beaten"}
    assert beaten == {"average pooling", "another picture's weights"}
    assert held(fewer.against["sigmoid gate"], QUESTION.margin) == "not beaten"
    assert set(fewer.rising) == {contender.name for contender in QUESTION.contenders}


def test_the_interventions_leave_attention_little_more_than_guessing_and_the_control_most():
    lines = {line.contender.name: line for line in answer(QUESTION).table(QUESTION.middle)}
    attention, control = lines["attention pooling"], lines["another picture's weights"]
    assert len(attention.cuts) == 3 and max(attention.cuts.values()) < 15
    assert control.cuts["uniform weights"] > control.mean - 2
    assert control.mean > 4 * max(attention.cuts.values())


def test_the_first_versions_gap_is_still_on_record():
    rows = [row for row in record.load("soft-first") if row["metric"] == "accuracy"]
    names = ("attention pooling", "average pooling")
    values = [[row["value"] for row in rows if row["arm"] == name] for name in names]
    assert paired(*values).effect > 60 and len(values[0]) == 5


def test_what_the_chapter_says_of_pictures_without_end_and_of_three_hundred():
    found = answer(QUESTION)
    higher, faster = found.higher(), found.faster()
    assert (higher.verdict, faster.verdict) == ("not supported", "not supported")
    assert higher.against["GeM pooling"].high < 0 and faster.against["GeM pooling"].high < 0
    assert higher.against["max pooling"].low < 0 < higher.against["max pooling"].high
    assert set(higher.rising) == {contender.name for contender in QUESTION.contenders}
    assert found.table("300 pictures")[0].contender.name == "attention pooling"


def test_what_the_chapter_says_of_other_settings():
    found = answer(QUESTION)
    listed = {one.name: one.interval for one in specification.curve(found)}
    assert len(listed) == len(QUESTION.variants) + 1 and specification.opponent(found) == "sigmoid gate"
    for name in ("half the pictures", "harder: sixteen pieces of clutter", "no norm behind the pool"):
        assert listed[name].low > QUESTION.margin
    assert max(listed, key=lambda name: listed[name].effect) == "no norm behind the pool"
    assert specification.turns(found) == []
