"""Who finds the place, by which rule, and what the chapter says of its record."""

import pytest
import torch

from tests.chapters import contest
from visual_attention import cue_task, cues
from visual_attention.chapters.spatial import claims
from visual_attention.experiments import registry
from visual_attention.mechanisms import slots
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.mechanisms.spatial import CoordinateAttention, SpatialAttention
from visual_attention.training import parameters

QUESTION = registry.question("spatial")
GATES = {
    "spatial attention": SpatialAttention,
    "the same without its norm": SpatialAttention,
    "CBAM": CBAM,
    "coordinate attention": CoordinateAttention,
    "squeeze and excitation": SqueezeExcitation,
    "scores added": cues.Added,
    "second convolution": slots.Empty,
    "no gate": slots.Empty,
    "fixed gates": cues.FixedPlaces,
    "another picture's gates": slots.Shuffled,
}
everyone = pytest.mark.parametrize("name", [one.name for one in QUESTION.contenders])


def test_the_rule_is_the_one_that_was_written_down():
    recipe = QUESTION.recipe
    assert (recipe.steps, recipe.batch, recipe.warmup, recipe.points, recipe.examples) == (
        256,
        32,
        32,
        8,
        500,
    )
    assert (QUESTION.margin, QUESTION.faster, QUESTION.level, QUESTION.seeds) == (5, 1.5, 70, 10)
    assert (QUESTION.sets, QUESTION.rates) == ((125, 500, 2000), (1e-3, 3e-3, 1e-2, 3e-2))
    assert QUESTION.rule == "c2f9b07c0c31"
    assert QUESTION.specification_rule == "c5fd10a28d4c"


@everyone
def test_everyone_has_its_gate_answers_and_learns(name):
    model, batch = contest.build(QUESTION, name), contest.drawn(QUESTION, 32, "train")
    assert type(model.gate) is GATES[name]
    assert (model.again[0].out_channels if name == "second convolution" else 0) == 15 * (
        name == "second convolution"
    )
    cue_task.loss(model, batch).backward()
    silent = [key for key, one in model.named_parameters() if one.grad is None or not one.grad.abs().sum()]
    assert silent == []
    model.eval()
    if name != "another picture's gates":  # whose part it is to mix them
        with torch.no_grad():
            torch.testing.assert_close(
                model(batch.images[2:3]), model(batch.images)[2:3], atol=1e-5, rtol=1e-4
            )


def test_who_has_the_norm_of_the_published_code():
    def kind(name):
        gate = contest.build(QUESTION, name).gate
        gate = getattr(gate, "spatial", getattr(gate, "gate", gate))
        return type(gate.norm)

    for name in ("spatial attention", "CBAM", "scores added", "another picture's gates"):
        assert kind(name) is torch.nn.BatchNorm2d
    assert kind("the same without its norm") is torch.nn.Identity


def test_parameters_match():
    sizes = [parameters(contest.build(QUESTION, one.name)) for one in QUESTION.contenders]
    assert max(sizes) < 1.05 * min(sizes)


def test_the_gates_see_what_the_text_says():
    """The bar reaches the gate of its whole digit through a window of seven places."""
    model = contest.build(QUESTION, "spatial attention").eval()
    batch = contest.drawn(QUESTION, 1)
    images = batch.images.clone()
    images[:, :, 8:10, 1:9] = 1 - images[:, :, 8:10, 1:9]  # the place of the bar, top left
    changed = (model.weights(images) - model.weights(batch.images)).abs()[0, 0] > 1e-7
    assert changed[1:5, 1:4].all() and not changed[9].any()


def test_the_chapter_trains_at_the_registered_place():
    model, scores = claims.live("spatial attention", steps=2, points=1)
    assert list(scores) == [2] and model.grid == (10, 10)
