"""The arms of the claims on self-attention differ in what they should differ in, and in nothing else."""

import pytest
import torch

from visual_attention.chapters.self_attention import claims as self_attention
from visual_attention.chapters.self_attention.claims import TEXTURES, TWINS
from visual_attention.data import twins
from visual_attention.experiments.claim import count_parameters
from visual_attention.mechanisms.uniform_attention import UniformAttention
from visual_attention.training import seeded


@pytest.mark.parametrize("claim", [TWINS, TEXTURES], ids=lambda claim: claim.name)
def test_arms_are_of_one_size_and_answer_in_the_right_shape(claim):
    counts = count_parameters(claim).values()  # raises where matched arms differ by more than 5 %
    assert max(counts) < 1.05 * min(counts)
    images = torch.zeros(2, 3, 56, 56)
    wanted = (2, 6, 16) if claim is TWINS else (2, 8)
    assert {tuple(arm.build()(images).shape) for arm in claim.arms} == {wanted}


def test_uniform_attention_takes_the_same_from_all():
    with seeded(0):
        block, x = UniformAttention(12, heads=3), torch.randn(2, 7, 12)
    values = block.qkv(x)[..., 24:].unflatten(2, (3, 4))
    mixed = torch.einsum("bhij,bjhd->bihd", block.weights(x), values).flatten(2)
    torch.testing.assert_close(block(x), block.proj(mixed))


def test_a_small_window_cannot_hear_of_a_far_cell_and_the_others_can():
    image = torch.rand(1, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    changed = image.clone()
    changed[..., 42:, 42:] = 0  # the last of the 16 cells
    heard = {}
    for arm in TWINS.arms:
        with seeded(0), torch.no_grad():
            model = arm.build().eval()
            heard[arm.name] = (model(changed) - model(image))[..., 0].abs().max().item() > 1e-6
    assert heard == {
        "attention": True, "convolution": False, "wide convolution": True, "uniform attention": True
    }  # fmt: skip


def test_the_weight_on_the_twin_is_read_from_the_right_place():
    batch = twins.batch(3, split="test", generator=torch.Generator().manual_seed(0))

    class Knows(torch.nn.Module):
        def weights(self, images):
            maps = torch.full((3, 2, 16, 16), 0.01)
            maps[:, 1].scatter_(2, batch.twins[..., None], 0.85)
            return [maps, torch.full((3, 2, 16, 16), 1 / 16)]

    torch.testing.assert_close(self_attention.weight_on_twin(Knows(), batch), torch.full((3, 16), 0.85))
