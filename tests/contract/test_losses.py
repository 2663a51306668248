"""Losses and samplers make everything in the type and on the device of what they are given, as modules do."""

import pytest
import torch

from tests.contract.case import Made, run
from tests.contract.inputs import DEVICE, Draw
from visual_attention.chapters.detection.grid import GridDetector
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.transformer import SetTransformer
from visual_attention.chapters.generation.flow_matching import flow_loss, foreseen, interpolate, sample
from visual_attention.chapters.generation.transformer import VelocityTransformer, generate, picture_loss
from visual_attention.chapters.tracking.trackers import AttentionTracker
from visual_attention.mechanisms.glimpses import GlimpseSensor
from visual_attention.mechanisms.hard import RecurrentAttentionModel, hard_attention_loss, random_locations
from visual_attention.mechanisms.noise import normal
from visual_attention.mechanisms.patch_choice import (
    PatchChoice,
    exact_loss,
    gumbel_choice_loss,
    gumbel_softmax,
    reinforce_choice_loss,
    soft_choice_loss,
)

TYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


def seed():
    """A generator of the processor, wherever the network is."""
    return torch.Generator().manual_seed(0)


def glimpsing():
    return RecurrentAttentionModel(3, glimpses=3, sensor=GlimpseSensor(2, scales=2), dim=8)


def velocity():
    return VelocityTransformer((4, 6), patch=2, dim=12, depth=1, heads=3)


def choosing():
    return PatchChoice(3, patch=2, image_size=4, overview=2, hidden=5)


def objects(draw):
    """Two in the first image, one in the second, padded."""
    there = torch.tensor([[True, True], [True, False]], device=draw.device)
    return Objects(0.2 + 0.5 * draw.unit(2, 2, 4), draw.whole(0, 3, 2, 2), there)


def choice(loss, **parts):
    return lambda model, draw: loss(model, draw.unit(2, 1, 4, 4), draw.whole(0, 3, 2), **parts)


def episode_loss(model, draw):
    episode = model.sample(draw.unit(2, 1, 5, 6), generator=seed())
    return hard_attention_loss(episode, draw.whole(0, 3, 2))


def tracked_loss(model, draw):
    templates, search = draw.unit(2, 3, 24, 24), draw.unit(1, 3, 8, 12)
    owner = torch.zeros(2, dtype=torch.long, device=draw.device)
    scores, boxes = model.trained_on(templates, search, draw.whole(0, 9, 2), owner)
    return scores.square().mean() + boxes.square().mean()


LOSSES = {
    "glimpses": (glimpsing, episode_loss),
    "choice, exact": (choosing, choice(exact_loss)),
    "choice, soft": (choosing, choice(soft_choice_loss)),
    "choice, REINFORCE": (choosing, lambda m, d: choice(reinforce_choice_loss, generator=seed())(m, d)),
    "choice, Gumbel": (choosing, lambda m, d: choice(gumbel_choice_loss, generator=seed())(m, d)),
    "flow": (velocity, lambda m, d: flow_loss(m, d.normal(2, 3, 4, 6), generator=seed())),
    "flow, even": (velocity, lambda m, d: flow_loss(m, d.normal(2, 3, 4, 6), generator=seed(), even=True)),
    "pictures": (velocity, lambda m, d: picture_loss(m, d.unit(2, 3, 4, 6), generator=seed())),
    "tracker": (lambda: AttentionTracker(width=4, dim=3), tracked_loss),
    "grid detector": (
        lambda: GridDetector(3, channels=7, width=8),
        lambda m, d: m.loss(d.normal(2, 7, 3, 2), objects(d)),
    ),
    "set of boxes": (
        lambda: SetTransformer(3, channels=7, dim=8, queries=4, heads=2, layers=1),
        lambda m, d: m.loss(d.normal(2, 7, 3, 2), objects(d)),
    ),
}
SAMPLERS = {
    "sample": (velocity, lambda m, d: sample(m, d.normal(2, 3, 4, 6), steps=3)),
    "generate": (velocity, lambda m, d: generate(m, 2, steps=3, generator=seed())),
    "foreseen": (velocity, lambda m, d: foreseen(m, d.normal(2, 3, 4, 6), d.unit(2))),
    "glimpses": (glimpsing, lambda m, d: m.sample(d.unit(2, 1, 5, 6), generator=seed())),
    "random places": (glimpsing, lambda m, d: random_locations(2, 3, like=d.unit(1), generator=seed())),
    "Gumbel": (glimpsing, lambda m, d: gumbel_softmax(d.normal(2, 5), generator=seed())),
    "lines": (glimpsing, lambda m, d: interpolate(d.normal(2, 3), d.normal(2, 3), d.unit(2))),
}


def built(build, dtype):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build().eval().to(DEVICE, dtype)


@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_has_the_type_of_what_it_judges_and_teaches(loss, dtype):
    build, judge = LOSSES[loss]
    model = built(build, dtype)
    value = judge(model, Draw(dtype=dtype))
    assert (value.shape, value.dtype, value.device.type) == ((), dtype, DEVICE.type)
    assert value.isfinite()
    value.backward()
    grads = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert grads and {grad.dtype for grad in grads} == {dtype}
    if dtype is not torch.float16:  # whose range wants a scaled loss
        assert all(grad.isfinite().all() for grad in grads)
    want = judge(built(build, torch.float64), Draw(dtype=torch.float64)).item()
    rough = {torch.float64: 0, torch.float32: 1e-4, torch.float16: 0.02, torch.bfloat16: 0.1}[dtype]
    assert value.item() == pytest.approx(want, rel=rough, abs=rough)


@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_gives_the_same_in_every_type(name, dtype):
    build, draws = SAMPLERS[name]
    got = run(lambda: draws(built(build, dtype), Draw(dtype=dtype)), ())
    want = run(lambda: draws(built(build, torch.float32), Draw()), ())
    rough = {torch.float64: 1e-4, torch.float32: 0, torch.float16: 0.02, torch.bfloat16: 0.12}[dtype]
    for tensor, single in zip(got, want, strict=True):
        assert (tensor.dtype, tensor.device.type) == (dtype, DEVICE.type)
        torch.testing.assert_close(tensor.float(), single, atol=rough, rtol=rough)


@pytest.mark.parametrize("name", [*LOSSES, *SAMPLERS])
def test_nothing_is_made_in_another_type_or_elsewhere(name):
    build, function = (LOSSES | SAMPLERS)[name]
    model, draw = built(build, torch.float64), Draw(dtype=torch.float64)
    with Made() as made:
        function(model, draw)
    drawn = {"aten.randn.generator", "aten.rand.generator"}  # noise, and this test's own inputs
    assert set(made.otherwise(torch.float64).values()) <= drawn
    assert set(made.elsewhere(DEVICE.type).values()) <= drawn | {"aten.randint.low_generator"}


def test_noise_is_the_same_in_half_precision_and_single():
    like = torch.zeros((), dtype=torch.bfloat16, device=DEVICE)
    half = normal((5, 7), like=like, generator=seed())
    single = torch.randn(5, 7, generator=seed())
    assert half.dtype == torch.bfloat16 and half.device.type == DEVICE.type
    torch.testing.assert_close(half.cpu(), single.to(torch.bfloat16), atol=0, rtol=0)
