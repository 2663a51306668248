"""The rules as they were written down, and what is measured."""

import json

import pytest
import torch

from visual_attention.chapters.segmentation import asking, claims, click_claims, context_claims, lookalikes
from visual_attention.chapters.segmentation.unet import DualAttention
from visual_attention.experiments import trial
from visual_attention.experiments.trial import Trial
from visual_attention.training import parameters, seeded

CONTEXT, CLICK = claims.QUESTIONS


def test_the_rules_are_those_that_were_written_down():
    assert [(q.name, q.metric, q.margin, q.sets, q.seeds) for q in claims.QUESTIONS] == [
        ("segmentation", "coins told apart", 5, (250, 1000, 4000), 10),
        ("segmentation-click", asking.METRIC, 3, (100, 400, 1600), 10),
    ]
    assert all(len(question.variants) >= 8 for question in claims.QUESTIONS)
    assert CONTEXT.rule == "eb275b314388" and CLICK.rule == "db53d7eabd0d"


def test_what_has_more_parameters_says_so():
    sizes = {c.name: parameters(c.build(CONTEXT.setting)) for c in CONTEXT.contenders}
    alike = [sizes[name] for name in sizes if name not in ("deeper", "colours")]
    assert max(alike) < 1.12 * min(alike) and sizes["deeper"] > max(alike)


@pytest.mark.slow
@pytest.mark.parametrize("question", claims.QUESTIONS, ids=lambda q: q.name)
def test_each_contender_learns_and_reports(question):
    condition = trial.shorter(question.conditions[-1], steps=2, batch=4, examples=6, points=1, warmup=1)
    for contender in question.contenders:
        row = trial.make(question, Trial("headline", condition, contender.name, 1e-3, 0))
        assert all(0 <= values[-1] <= 100 for values in row["scores"].values())
        cut = contender.role == "attention" or contender.name in ("places only", "channels only")
        assert bool(row["cuts"]) == (cut or contender.role == "control")


@pytest.mark.parametrize("question", claims.QUESTIONS, ids=lambda q: q.name)
def test_splits_share_no_picture_and_contenders_see_the_same(question):
    setting = question.setting
    drawn = {
        split: question.task.draw(6, split, torch.Generator().manual_seed(3), setting)
        for split in ("train", "validation", "test")
    }
    images = torch.cat([one.images for one in drawn.values()]).flatten(1)
    assert len(torch.unique(images, dim=0)) == 18
    again = question.task.draw(6, "train", torch.Generator().manual_seed(3), json.loads(json.dumps(setting)))
    assert torch.equal(again.images, drawn["train"].images)


def test_learning_and_validation_divide_what_training_has():
    whole = lookalikes.stamps("train")
    for everything, *parts in zip(
        whole, lookalikes.stamps("learning"), lookalikes.stamps("validation"), strict=True
    ):
        keys = [{part.numpy().tobytes() for part in some} for some in parts]
        assert not keys[0] & keys[1] and len(parts[0]) + len(parts[1]) == len(everything)
    names = lookalikes.PHOTOGRAPHS
    assert set(names["learning"]) | set(names["validation"]) == set(names["train"])
    assert not set(names["learning"]) & set(names["validation"])


def test_controls_have_even_weights_and_apply_them():
    torch.manual_seed(0)
    x = torch.randn(2, 16, 4, 6)
    even = context_claims.EvenDual(16)
    torch.nn.init.constant_(even.position.gain, 0.5)
    torch.nn.init.constant_(even.channel.gain, -0.3)
    weights = even.weights(x)
    torch.testing.assert_close(weights.position, torch.full((2, 24, 24), 1 / 24))
    values = even.position.value_conv(x).flatten(2)
    wanted = x + 0.5 * (values @ weights.position.mT).view_as(x)
    wanted = wanted - 0.3 * (weights.channel @ x.flatten(2)).view_as(x)
    torch.testing.assert_close(even(x), wanted, atol=1e-5, rtol=1e-4)


def test_the_trivial_answer_sees_one_pixel():
    model = context_claims.Colours()
    images = torch.rand(1, 3, 6, 5)
    changed = images.clone()
    changed[:, :, 2, 3] = 0.5
    differ = (model(images) != model(changed))[0, 0]
    assert differ.nonzero().tolist() == [[2, 3]]


def test_coins_are_told_apart_by_hand():
    """A mask of all coins is right on those that are meant, the true mask on all."""
    drawn = lookalikes.batch(20, split="test", generator=torch.Generator().manual_seed(0))
    assert context_claims.marked(drawn.things.any(1, keepdim=True), drawn.things).all()
    assert torch.equal(context_claims.marked(drawn.masks, drawn.things), drawn.meant)
    assert context_claims.told(drawn.masks.float() - 0.5, drawn) == 100


def test_a_lost_branch_shows_in_the_cuts():
    drawn = context_claims.draw(8, "test", torch.Generator().manual_seed(0), CONTEXT.setting)
    with seeded(0):
        model = CONTEXT.attention.build(CONTEXT.setting).eval()
    assert isinstance(model.bottom, DualAttention)
    torch.nn.init.constant_(model.bottom.channel.gain, 3.0)
    with torch.no_grad():
        left = {name: cut(model, drawn) for name, cut in CONTEXT.task.cuts.items()}
        assert left["both branches off"] == left["channels' branch off"]  # the other adds nothing yet
        assert left["places' branch off"] == context_claims.told(model(drawn.images), drawn)


def test_small_batches_are_kept_for_the_next_contender():
    one = click_claims.draw(2, "train", torch.Generator().manual_seed(9), CLICK.setting)
    assert click_claims.draw(2, "train", torch.Generator().manual_seed(9), CLICK.setting) is one
    assert click_claims.draw(2, "train", torch.Generator().manual_seed(8), CLICK.setting) is not one
