"""Who competes for the twins, by which rule, and what the record says of it."""

import math
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from tests.chapters import contest
from visual_attention.chapters.self_attention import claims, networks
from visual_attention.data import digits, twins
from visual_attention.experiments import registry, specification, trial
from visual_attention.experiments.answer import answer
from visual_attention.experiments.verdict import held
from visual_attention.mechanisms.uniform_attention import UniformAttention
from visual_attention.training import parameters, seeded

QUESTION = registry.question("self_attention")
SETTING = QUESTION.setting
NAMES = [contender.name for contender in QUESTION.contenders]
names = pytest.mark.parametrize("name", NAMES)


build = partial(contest.build, QUESTION)
drawn = partial(contest.drawn, QUESTION)


def test_the_rule_is_the_one_that_was_written_down():
    recipe = QUESTION.recipe
    assert (recipe.steps, recipe.batch, recipe.warmup, recipe.examples) == (512, 32, 32, 300)
    assert (QUESTION.margin, QUESTION.faster, QUESTION.level, QUESTION.seeds) == (20, 1.5, 50, 10)
    assert (QUESTION.sets, QUESTION.rates) == ((300, 1000, 4000), (1e-3, 3e-3, 1e-2, 3e-2))
    assert QUESTION.rule == "02417c3a5585"


@names
def test_everyone_names_colours_at_each_cell_and_mixes_no_pictures(name):
    model, images = build(name).eval(), drawn().images
    with torch.no_grad():
        scores = model(images)
        assert scores.shape == (6, 6, 16)
        torch.testing.assert_close(model(images[2:3]), scores[2:3], atol=1e-5, rtol=1e-4)


@names
def test_every_parameter_that_counts_gets_a_gradient(name):
    model, batch = build(name), drawn(8, "train")
    claims.loss(model, batch).backward()
    for key, parameter in model.named_parameters():
        if name in ("choice by place", "uniform attention") and ".qkv." in key:
            parameter = parameter.grad[2 * SETTING["width"] :]  # queries and keys are not asked
            assert parameter.abs().sum() > 0, key
        else:
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key


def test_sizes_are_those_that_the_table_tells():
    sizes = {name: parameters(build(name)) for name in NAMES}
    alike = [sizes[name] for name in NAMES if name not in ("windows of 7 x 7", "mixer", "bins")]
    assert max(alike) < 1.05 * min(alike)
    assert 4 < sizes["windows of 7 x 7"] / sizes["attention"] < 4.1
    assert 0.8 < sizes["mixer"] / sizes["attention"] < 1
    assert 0.8 < sizes["bins"] / sizes["attention"] < 1


def test_who_can_hear_of_the_last_cell():
    image = torch.rand(1, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    changed = image.clone()
    changed[..., 42:, 42:] = 0  # the last of the 16 cells
    heard = {}
    for name in NAMES:
        with torch.no_grad():
            model = build(name).eval()
            heard[name] = (model(changed) - model(image))[..., 0].abs().max().item() > 1e-6
    deaf = {"windows of 3 x 3", "alone"}
    assert heard == {name: name not in deaf for name in NAMES}


def test_uniform_attention_takes_the_same_from_all():
    with seeded(0):
        block, x = UniformAttention(12, heads=3), torch.randn(2, 7, 12)
    values = block.qkv(x)[..., 24:].unflatten(2, (3, 4))
    mixed = torch.einsum("bhij,bjhd->bihd", block.weights(x), values).flatten(2)
    torch.testing.assert_close(block(x), block.proj(mixed))


def test_the_table_of_places_hears_no_content_and_begins_even():
    block = networks.PlaceAttention(12, heads=3)
    x = torch.randn(2, 16, 12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(block.weights(x), torch.full((2, 3, 16, 16), 1 / 16))
    with torch.no_grad():
        block.table.normal_(generator=torch.Generator().manual_seed(1))
    assert torch.equal(block.weights(x), block.weights(x.flip(1)))
    assert not torch.allclose(block.weights(x)[:, 0], block.weights(x)[:, 1])


def test_a_cut_that_changes_nothing_leaves_the_scores():
    images = drawn().images
    for name in ("attention", "choice by place", "uniform attention"):
        model = build(name).eval()
        with torch.no_grad():
            torch.testing.assert_close(model.read_with(images, lambda weights: weights), model(images))


def test_cuts_by_hand():
    batch = drawn(2)
    weights = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).softmax(-1)
    assert torch.equal(claims.uniform(weights, batch), torch.full((2, 3, 16, 16), 1 / 16))
    assert torch.equal(claims.anothers(weights, batch), weights.flip(0))
    for cut in (claims.without_twin, claims.without_stranger):
        got = cut(weights, batch)
        torch.testing.assert_close(got.sum(-1), torch.ones(2, 3, 16))
        zeros = got == 0
        assert zeros.sum(-1).unique().tolist() == [1]
        place = zeros.int().argmax(-1)
        assert (place == batch.twins[:, None]).all() == (cut is claims.without_twin)
        assert not (place == torch.arange(16)).any()
        kept = ~zeros
        ratio = (got / weights)[kept].view(2, 3, 16, 15)
        torch.testing.assert_close(ratio, ratio[..., :1].expand_as(ratio))
    stranger = (claims.without_stranger(weights, batch) == 0).int().argmax(-1)
    assert not (stranger == batch.twins[:, None]).any()


def test_cuts_leave_alone_what_has_no_weights():
    with torch.no_grad():
        for name in NAMES:
            model = build(name).eval()
            found = [cut(model, drawn()) for cut in QUESTION.task.cuts.values()]
            assert (None in found) == (name in ("windows of 3 x 3", "windows of 7 x 7", "mixer", "alone"))


@pytest.mark.slow
def test_training_validation_and_test_share_no_digit():
    sides = {split: digits.tight(name, 12)[0].flatten(1) for split, name in claims.SPLITS.items()}
    assert [len(sides[split]) for split in claims.SPLITS] == [3600, 400, 1000]
    for one, two in (("train", "validation"), ("train", "test"), ("validation", "test")):
        apart = torch.cdist(sides[one], sides[two], compute_mode="donot_use_mm_for_euclid_dist")
        assert apart.min() > 0


def test_the_setting_reaches_network_and_pictures():
    assert len(build("attention", layers=3).layers) == 3
    assert build("attention", heads=1).layers[0].mixer.heads == 1
    assert build("mixer", width=24).positions.table.shape[-1] == 24
    near = drawn(20, near=True)
    assert (near.twins == torch.arange(16) ^ 1).all()
    assert (drawn(20).twins != torch.arange(16) ^ 1).any()
    same = near.digits.view(20, 8, 2)
    assert torch.equal(same[..., 0], same[..., 1]) and len(same[0, :, 0].unique()) == 8


def test_a_place_hears_of_others_through_bins_that_it_names_and_of_nothing_else():
    with seeded(0):
        bins, x = networks.Bins(12, 2), torch.randn(1, 16, 12)
    bins.names = lambda x: torch.eye(2)[torch.arange(16) % 2].expand(len(x), -1, -1)  # odd and even
    values = bins.value(x)
    means = [values[:, start::2].mean(1) for start in (0, 1)]
    for place in range(16):
        expected = bins.join(means[place % 2])
        torch.testing.assert_close(bins(x)[:, place], expected, atol=1e-4, rtol=1e-4)


def test_bins_know_no_places_and_share_out_what_a_place_says():
    with seeded(0):
        bins, x = networks.Bins(12, 5), torch.randn(2, 16, 12)
    torch.testing.assert_close(bins.names(x).sum(-1), torch.ones(2, 16))
    torch.testing.assert_close(bins(x.flip(1)), bins(x).flip(1))


def test_classes_are_absent_in_training_only():
    digits_of = {split: drawn(60, split, without=[8, 9]).digits.unique().tolist() for split in claims.SPLITS}
    assert digits_of == {"train": list(range(8)), "validation": list(range(10)), "test": list(range(10))}


@pytest.mark.slow
def test_bins_find_twins():
    _, scores = claims.live("bins", steps=512)
    assert scores[512]["accuracy"] > 60


@pytest.mark.slow
def test_what_attention_never_saw_it_hardly_finds():
    model, _ = claims.live("attention", steps=512, without=[8, 9])
    batch = drawn(300)
    with torch.no_grad():
        right = (model(batch.images).argmax(1) == batch.labels).float()
    new = torch.isin(batch.digits, torch.tensor([8, 9]))
    assert right[~new].mean() > 0.65 and 0.2 < right[new].mean() < 0.55


@pytest.mark.slow
def test_attention_finds_twins_and_needs_its_weights_for_it():
    condition = trial.shorter(QUESTION.conditions[-1], steps=256, points=1)
    row = trial.make(QUESTION, trial.Trial("headline", condition, "attention", 3e-3, 2000))
    assert row["scores"]["accuracy"][-1] > 50
    assert row["cuts"]["the twin forbidden"] < row["cuts"]["a stranger forbidden"] - 20


def heaviest_other_forbidden(weights, batch):
    """What weighs most after the cell itself and its twin gets nothing."""
    known = F.one_hot(batch.twins, 16).bool()[:, None] | torch.eye(16, dtype=torch.bool)
    heaviest = F.one_hot(weights.masked_fill(known, -1).argmax(-1), 16).bool()
    left = weights.masked_fill(heaviest, 0)
    return left / left.sum(-1, keepdim=True)


@pytest.mark.slow
def test_the_heaviest_other_cell_can_go():
    """A stranger at random has little weight, so that forbidding it would be too kind a control."""
    model, scores = claims.live("attention", steps=384)
    batch = drawn(300)
    kept = claims.cut(heaviest_other_forbidden)(model, batch)
    assert scores[384]["accuracy"] > 70 and kept > scores[384]["accuracy"] - 3
    assert claims.cut(claims.without_twin)(model, batch) < 25


def test_distance_is_that_of_the_question():
    batch = drawn(40)
    far = twins.distance(batch.twins) == 3
    with torch.no_grad():
        model = build("alone").eval()
        right = (model(batch.images).argmax(1) == batch.labels).float()
        got = claims.score(model, batch)
    assert got["accuracy, twin 3 cells away"] == pytest.approx(100 * right[far].mean().item())
    assert got["accuracy"] == pytest.approx(100 * right.mean().item())
    with torch.no_grad():
        assert set(claims.score(model, drawn(4, near=True))) == {"accuracy"}


def test_what_the_chapter_says_of_the_verdicts_is_what_the_record_holds():
    found = answer(QUESTION)
    assert [one.verdict for one in found.verdicts] == 3 * ["not supported"]
    for one in found.verdicts:
        assert one.seeds == 10 and one.strongest == "bins"
        margin = 20 if one.kind != "learns faster" else math.log2(1.5)
        beaten = {name for name, interval in one.against.items() if held(interval, margin) == "beaten"}
        assert beaten == set(one.against) - {"bins"}
    lines = {line.contender.name: line for line in found.table(QUESTION.middle)}
    assert (round(lines["attention"].mean), round(lines["bins"].mean)) == (86, 90)
    assert 29.5 <= max(line.mean for name, line in lines.items() if name not in ("attention", "bins")) < 30
    assert min(one.effect for name, one in found.fewer().against.items() if name != "bins") > 56
    assert abs(lines["attention"].others["accuracy, twin 3 cells away"] - lines["attention"].mean) < 0.5
    assert abs(lines["choice by place"].mean - lines["uniform attention"].mean) < 0.1


def test_bins_need_fewer_pictures_and_end_level():
    found = answer(QUESTION)
    fewer, higher, faster = (one.against["bins"] for one in found.verdicts)
    assert [round(-x, 1) for x in (fewer.effect, fewer.high, fewer.low)] == [4.0, 2.2, 5.7]
    assert higher.low < 0 < higher.high and faster.low < 0 < faster.high
    last = {line.contender.name: round(line.mean) for line in found.table("without end")}
    assert (last["attention"], last["bins"]) == (88, 89)
    few = {line.contender.name: round(line.mean) for line in found.table("300 pictures")}
    assert (few["attention"], few["bins"]) == (69, 86)
    many = found.fewer(4000).against["bins"]
    assert [round(-x, 1) for x in (many.effect, many.high, many.low)] == [3.5, 2.8, 4.2]
    ends = [found.curve("without end", name)[:, -1] for name in ("bins", "attention")]
    assert int((ends[0] > ends[1]).sum()) == 8
    assert set(found.higher().rising) == {"attention", "bins"}


def test_bins_without_their_twin_are_left_to_guessing_and_without_a_stranger_lose_nothing():
    line = {one.contender.name: one for one in answer(QUESTION).table(QUESTION.middle)}["bins"]
    assert (round(line.mean), round(line.cuts["the twin forbidden"])) == (90, 16)
    assert abs(line.cuts["a stranger forbidden"] - line.mean) < 0.5


def test_what_the_chapter_says_of_near_and_far():
    for condition in (QUESTION.middle, "without end"):
        lines = {line.contender.name: line for line in answer(QUESTION).table(condition)}
        assert abs(lines["windows of 3 x 3"].others["accuracy, twin 3 cells away"] - 100 / 6) < 1
        for name in ("windows of 7 x 7", "mixer", "choice by place", "uniform attention"):
            assert abs(lines[name].others["accuracy, twin 3 cells away"] - lines[name].mean) < 1


def test_without_its_twin_a_cell_is_left_to_guessing_and_without_a_stranger_it_loses_nothing():
    for condition in (QUESTION.middle, "without end"):
        cuts = {line.contender.name: line for line in answer(QUESTION).table(condition)}["attention"]
        assert cuts.cuts["the twin forbidden"] < 100 / 6
        assert abs(cuts.cuts["a stranger forbidden"] - cuts.mean) < 0.5
        assert cuts.cuts["uniform weights"] < 30 and cuts.cuts["another picture's weights"] < 25


def test_no_setting_turns_the_sign():
    found = answer(QUESTION)
    listed = specification.curve(found)
    assert len(listed) == len(QUESTION.variants) + 1
    assert specification.turns(found) == [] and specification.opponent(found) == "bins"
    level = {one.name for one in listed if one.interval.low < 0 <= one.interval.high}
    assert level == {"one layer", "half the width", "twice the rate", "the twin always next door"}
    assert all(one.interval.high < 0 for one in listed if one.name not in level)
    better = {one.name: round(one.interval.effect) for one in listed if one.interval.effect > 0}
    assert better == {"one layer": 4, "the twin always next door": 4}
