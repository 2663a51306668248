"""Who fills holes, by which rule, and what each is cut by."""

from functools import partial

import pytest
import torch

from tests.chapters import contest as shared
from visual_attention.chapters.inpainting import claims, contest, cuts
from visual_attention.chapters.inpainting.scores import psnr, ssim
from visual_attention.experiments import registry, trial
from visual_attention.training import parameters, seeded

NAMED = {one.name: one for one in claims.QUESTIONS}
WALL, PHOTO = (registry.question(name) for name in ("inpainting", "inpainting-photographs"))
EVERYONE = [(one, c.name) for one in (WALL, PHOTO) for c in one.contenders]
everyone = pytest.mark.parametrize(("question", "name"), EVERYONE, ids=[f"{q.name}-{n}" for q, n in EVERYONE])
UNLEARNED = {"mean fill", "biharmonic", "peeling"}
build = shared.build
drawn = partial(shared.drawn, count=5)


@pytest.mark.parametrize(
    ("question", "margin", "level", "rules"),
    [
        (WALL, 1.0, 27, ("a510638f84a0", "451c49b72fa3")),
        (PHOTO, 0.5, 25, ("c28bc2a44eb4", "77cfb9c465d9")),
    ],
    ids=["wallpaper", "photographs"],
)
def test_the_rules_are_those_that_were_written_down(question, margin, level, rules):
    recipe = question.recipe
    assert (recipe.steps, recipe.batch, recipe.warmup, recipe.points, recipe.examples) == (192, 8, 24, 5, 100)
    assert (question.metric, question.unit, question.lower) == ("PSNR", "dB", False)
    assert (question.margin, question.faster, question.level, question.seeds) == (margin, 1.5, level, 10)
    assert (question.sets, question.rates) == ((32, 128, 512), (1e-3, 3e-3, 1e-2, 3e-2))
    assert (question.rule, question.specification_rule) == rules
    assert len(question.variants) >= 8


@everyone
def test_everyone_fills_only_the_hole_and_never_looks_under_it(question, name):
    model, batch = build(question, name).eval(), drawn(question)
    with torch.no_grad():
        filled = model(batch.seen)
        other = torch.where(batch.seen[:, 3:] > 0.5, 0.7, batch.seen[:, :3])
        again = model(torch.cat([other, batch.seen[:, 3:]], dim=1))
        alone = torch.cat([model(one[None]) for one in batch.seen])
    torch.testing.assert_close(filled, again, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(filled, alone, atol=1e-4, rtol=1e-4)
    known = ~batch.masks.expand_as(filled)
    assert torch.equal(filled[known], batch.images[known])


@everyone
def test_networks_learn_and_what_is_unlearned_stays_as_it_is(question, name):
    model, batch = build(question, name), drawn(question, split="train")
    torch.nn.init.normal_(model.net.out.weight, std=0.1) if name not in UNLEARNED else None
    if hasattr(model, "net") and hasattr(model.net.slot, "out"):  # a non-local block starts as the identity
        torch.nn.init.normal_(model.net.slot.out.weight)
    with seeded(0):
        contest.loss(model, batch).backward()
    moved = {key for key, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    if name in UNLEARNED:
        assert not moved and parameters(model) == 1
    else:
        lost = {key for key, _ in model.named_parameters()} - moved
        assert lost <= {"net.slot.phi.bias"}  # shifts all scores alike


def test_parameters_and_what_each_has_more():
    counts = {c.name: parameters(build(WALL, c.name)) for c in WALL.contenders}
    assert counts["contextual attention"] == counts["all patches alike"] == 19_820
    assert (counts["more convolution"], counts["non-local block"]) == (36_372, 20_372)


def test_pictures_are_of_the_setting():
    wide = shared.drawn(WALL, 4, hole=12)
    assert wide.masks.sum(dim=(1, 2, 3)).tolist() == [144] * 4
    even, lit = (shared.drawn(WALL, 60, light=light).images.mean(1) for light in (0.0, 0.8))
    assert lit.mean() < even.mean() - 0.05
    assert not torch.equal(shared.drawn(WALL, 4).images, shared.drawn(PHOTO, 4).images)


def test_the_setting_reaches_the_network():
    attend = build(WALL, "contextual attention", sharpness=7, patch=3, width=8).net.attend
    assert (attend.scale, attend.patch) == (7, 3)
    assert build(WALL, "all patches alike").net.attend.scale == 0
    norms = [
        sum(isinstance(m, torch.nn.BatchNorm2d) for m in build(WALL, "more convolution", norm=n).modules())
        for n in (True, False)
    ]
    assert norms == [9, 0]


def test_what_the_scores_and_the_loss_say_by_hand():
    batch = drawn(WALL)

    class Off(torch.nn.Module):
        """Right but for a quarter too much in the hole, and nonsense elsewhere."""

        def forward(self, seen):
            return batch.images * 0.5 + torch.where(batch.masks, 0.25, 9.0)

    assert contest.loss(Off(), batch).item() == pytest.approx(
        (batch.images * 0.5 - 0.25).abs()[batch.masks.expand_as(batch.images)].mean().item()
    )
    got = contest.score(Off(), batch)
    filled = Off()(None).clamp(0, 1)
    assert got["PSNR"] == pytest.approx(psnr(filled, batch.images, batch.masks).mean().item())
    assert got["SSIM"] == pytest.approx(ssim(filled, batch.images, batch.masks).mean().item())
    assert list(got) == ["PSNR", "SSIM", "GMSD", "patch distance"]


@everyone
def test_who_can_be_cut(question, name):
    model, batch = build(question, name).eval(), drawn(question)
    with torch.no_grad():
        found = {cut: change(model, batch) for cut, change in question.task.cuts.items()}
    assert list(found) == ["all patches alike", "another picture's map", "its source forbidden"]
    has = name in ("contextual attention", "all patches alike")
    assert all((value is not None) == has for value in found.values())


@pytest.mark.slow
def test_each_cut_is_the_one_that_it_is_called():
    model, _ = claims.live("contextual attention", steps=24, points=1)
    batch = drawn(WALL, count=20)
    ways = dict(zip(WALL.task.cuts, (cuts.uniform, cuts.anothers, cuts.without_source), strict=True))
    with torch.no_grad():
        for name, weigh in ways.items():
            filled = cuts.filled_with(model.net, batch.images, batch.masks, weigh).clamp(0, 1)
            wanted = psnr(filled, batch.images, batch.masks).mean().item()
            assert WALL.task.cuts[name](model, batch) == pytest.approx(wanted, abs=1e-3)


def test_what_is_unlearned_is_kept_by_its_picture_and_its_own_settings():
    batch, other = drawn(WALL), shared.drawn(WALL, 5, seed=9)
    one, two = build(WALL, "peeling"), build(PHOTO, "peeling")
    with torch.no_grad():
        for model, pictures in ((one, batch), (two, batch), (one, other), (one, batch)):  # the last is kept
            filled = model.fill(pictures.images, pictures.masks).clamp(0, 1)
            wanted = psnr(filled, pictures.images, pictures.masks).mean().item()
            assert contest.score(model, pictures)["PSNR"] == pytest.approx(wanted)
        assert contest.score(one, batch) != contest.score(two, batch)  # another temperature


def test_training_what_is_unlearned_gives_a_row_with_its_scores():
    from dataclasses import replace

    short = replace(WALL, recipe=replace(WALL.recipe, steps=4, points=2, warmup=2, examples=6))
    row = trial.make(short, trial.Trial("headline", short.conditions[0], "mean fill", 1e-3, 0))
    assert len(set(row["scores"]["PSNR"])) == 1 and row["cuts"] == {}


def test_the_chapter_trains_what_it_says():
    model, scores = claims.live("more convolution", steps=2, points=1)
    assert list(scores) == [2] and model.net.attend is None
