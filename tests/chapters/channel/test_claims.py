"""Who finds the colour, who names the photograph, by which rule, and what the chapter says of the records."""

from functools import partial

import pytest
import torch

from tests.chapters import contest
from visual_attention import cue_task, cues
from visual_attention.chapters.channel import claims, pieces, residual, residual_claims
from visual_attention.experiments import registry
from visual_attention.mechanisms import slots
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.channel import EfficientChannelAttention, SqueezeExcitation
from visual_attention.mechanisms.spatial import CoordinateAttention, SpatialAttention
from visual_attention.training import parameters, seeded

COLOUR, RESIDUAL = (registry.question(name) for name in ("channel", "channel-residual"))
EVERY = [(question, one.name) for question in (COLOUR, RESIDUAL) for one in question.contenders]
everyone = pytest.mark.parametrize(
    ("question", "name"), EVERY, ids=[f"{question.name} {name}" for question, name in EVERY]
)
GATES = {
    "squeeze and excitation": SqueezeExcitation,
    "ECA": EfficientChannelAttention,
    "CBAM": CBAM,
    "coordinate attention": CoordinateAttention,
    "spatial attention": SpatialAttention,
    "fixed gates": slots.FixedGate,
    "another picture's gates": slots.Shuffled,
    "scores added": cues.Added,
    "second convolution": slots.Empty,
    "no gate": slots.Empty,
}


def test_the_rules_are_those_that_were_written_down():
    colour = (512, 32, 32, 8, 500), 5, (250, 1000, 4000), ("cb5d9cae1b74", "18aea7aff4a3")
    blocks = (256, 32, 32, 6, 800), 2, (75, 300, 1200), ("c34b1d00fe29", "14015a3ffba0")
    for question, (recipe, margin, sets, hashes) in ((COLOUR, colour), (RESIDUAL, blocks)):
        one = question.recipe
        assert (one.steps, one.batch, one.warmup, one.points, one.examples) == recipe
        assert (question.margin, question.faster, question.level, question.seeds) == (margin, 1.5, 70, 10)
        assert (question.sets, question.rates) == (sets, (1e-3, 3e-3, 1e-2, 3e-2))
        assert (question.rule, question.specification_rule) == hashes
        assert question.attention.name == "squeeze and excitation"


@everyone
def test_everyone_answers_and_mixes_no_pictures(question, name):
    model, images = contest.build(question, name).eval(), contest.drawn(question).images
    with torch.no_grad():
        scores = model(images)
        alone = model(images[2:3])
    assert scores.shape == (6, 10 if question is COLOUR else len(pieces.NAMES))
    if name != "another picture's gates":  # whose part it is to mix them
        torch.testing.assert_close(alone, scores[2:3], atol=1e-5, rtol=1e-4)


@everyone
def test_every_parameter_gets_a_gradient(question, name):
    model = contest.build(question, name)
    question.task.loss(model, contest.drawn(question, 32, "train")).backward()
    silent = [key for key, one in model.named_parameters() if one.grad is None or not one.grad.abs().sum()]
    assert silent == []


@everyone
def test_each_has_the_gate_that_its_name_says(question, name):
    model = contest.build(question, name)
    if isinstance(model, residual.Colours):
        return
    gates = [model.gate] if question is COLOUR else [block.gate for block in model.blocks]
    assert {type(gate) for gate in gates} == {GATES[name]}


def test_sizes_are_those_that_the_page_tells():
    colour = {c.name: parameters(contest.build(COLOUR, c.name)) for c in COLOUR.contenders}
    assert max(colour.values()) < 1.05 * min(colour.values())
    sizes = {c.name: parameters(contest.build(RESIDUAL, c.name)) for c in RESIDUAL.contenders}
    plain = sizes["no gate"]
    assert plain == 31676 and sizes["ECA"] - plain == 9 and sizes.pop("colours") == 96
    assert max(sizes.values()) == sizes["coordinate attention"] < plain + 2000


def test_a_residual_network_reads_with_its_own_weights_as_it_does():
    images = contest.drawn(RESIDUAL).images
    for name in ("squeeze and excitation", "CBAM", "coordinate attention", "ECA"):
        model = contest.build(RESIDUAL, name).eval()
        with torch.no_grad():
            torch.testing.assert_close(
                model.read_with(images, lambda weights: weights), model(images), atol=1e-5, rtol=1e-4
            )
            shut = model.read_with(images, lambda weights: 0 * weights)
            assert not torch.allclose(shut, model(images), atol=1e-3)
            assert len(model.weights(images)) == 3


def test_a_shut_gate_leaves_the_shortcut():
    with seeded(0):
        block = residual.ResidualBlock(4, 4, slot=slots.FixedGate).eval()
    x = torch.randn(2, 4, 6, 6)
    torch.testing.assert_close(block.read_with(x, lambda weights: 0 * weights), torch.relu(x))
    with torch.no_grad():
        inside = block.branch(x)
        assert inside.min() < 0  # the ReLU comes after the sum
        torch.testing.assert_close(block(x), torch.relu(x + inside / 2))


def test_cuts_change_the_gates_of_all_blocks_and_ask_the_same_photograph():
    batch = contest.drawn(RESIDUAL, 60)
    model = contest.build(RESIDUAL, "squeeze and excitation").eval()
    with torch.no_grad():
        for cut, change in (
            ("gates at their mean", cue_task.held),
            ("another picture's gates", cue_task.anothers),
        ):
            changed = model.read_with(batch.images, lambda weights, change=change: change(weights, None))
            want = residual_claims.accuracy(changed, batch)
            assert RESIDUAL.task.cuts[cut](model, batch) == pytest.approx(want)
        plain = contest.build(RESIDUAL, "no gate").eval()
        assert all(cut(plain, batch) is None for cut in RESIDUAL.task.cuts.values())


def test_colours_know_means_and_spreads_only():
    model = contest.build(RESIDUAL, "colours").eval()
    images = contest.drawn(RESIDUAL).images
    order = torch.randperm(256)
    shuffled = images.flatten(2)[:, :, order].view_as(images)
    torch.testing.assert_close(model(shuffled), model(images), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(model(images.flip(1)), model(images), atol=1e-3)


def test_the_setting_reaches_network_and_pictures():
    build = partial(contest.build, RESIDUAL)
    assert build("squeeze and excitation", reduction=16).blocks[0].gate.reduce.out_features == 1
    assert build("no gate", width=8).head.in_features == 16
    assert contest.drawn(RESIDUAL, size=12).images.shape == (6, 3, 12, 12)
    assert contest.build(COLOUR, "squeeze and excitation", width=12).gate.channels == 12


@pytest.mark.slow
def test_the_chapter_trains_what_it_says():
    model, scores = claims.live("no gate", steps=2, points=1)
    assert list(scores) == [2] and model.grid == (5, 5)
    model, scores = claims.live_residual("ECA", steps=2, points=1)
    assert list(scores) == [2] and isinstance(model.blocks[0].gate, EfficientChannelAttention)
