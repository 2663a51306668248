"""With signs or without, from another block or another start: each row of the table is what its name says."""

import pytest
import torch

from tests.chapters.explanation.worlds import Straight, pictures, untrained
from visual_attention.chapters.explanation import fillings, maps, signs


def test_signs_cancel_within_a_cell_and_sizes_do_not():
    model, (images, answers) = Straight(), pictures(3)
    gains = model.gains[answers].unsqueeze(1)  # (B, 1, 24, 24), the slope of each pixel
    torch.testing.assert_close(signs.signed_gradient(model, images, answers), maps.cells(gains))
    way = (images - images.mean((1, 2, 3), keepdim=True)) * gains
    for method, wanted, near in (
        (signs.sizes_of_shares, maps.cells(way.abs()), 1e-4),
        (maps.integrated_gradients, maps.cells(way), 1e-4),
        (signs.sizes_of_falls, maps.cells(way).abs(), 1e-3),
        (signs.from_white, maps.cells((images - 1) * gains), 1e-4),
        (signs.from_another, maps.cells((images - fillings.another(images)) * gains), 1e-4),
    ):
        torch.testing.assert_close(method(model, images, answers), wanted, atol=near, rtol=near)


def test_attention_times_gradient_keeps_what_is_positive_and_its_variants_keep_the_rest():
    model, (images, answers) = untrained("transformer"), pictures(3)
    positive, signed, sizes = (
        method(model, images, answers)
        for method in (maps.attention_times_gradient, signs.signed_attention, signs.sizes_of_attention)
    )
    assert (positive >= 0).all() and (signed < 0).any()
    assert (sizes >= positive - 1e-6).all() and (positive >= signed - 1e-6).all()


@pytest.mark.parametrize("kind", ["transformer", "convolutional"])
def test_grad_cam_is_its_signed_map_without_what_is_negative(kind):
    model, (images, answers) = untrained(kind), pictures(3)
    signed = signs.signed_cam(model, images, answers)
    assert (signed < 0).any()
    assert torch.equal(maps.grad_cam(model, images, answers), signed.clamp(min=0))
    assert torch.equal(signs.sizes_of_cam(model, images, answers), signed.abs())


def test_the_first_block_s_row_is_that_of_the_class_token():
    model, (images, answers) = untrained("transformer"), pictures(3)
    with torch.no_grad():
        first, last = (weights.mean(1)[:, 0, 1:] for weights in model.weights(images))
    assert torch.equal(signs.first_block(model, images, answers).flatten(1), first)
    assert torch.equal(maps.raw_attention(model, images, answers).flatten(1), last)


def test_variants_stand_below_their_method_and_weights_are_asked_only_where_there_are_some():
    rows = tuple(signs.every(untrained("transformer")))
    assert rows == signs.NAMES and len(rows) == 17
    assert rows[:3] == ("raw attention", "raw attention, block 1", "rollout")
    assert set(rows) == {*maps.WITH_WEIGHTS, *maps.ANY_NETWORK, *signs.WITH_WEIGHTS, *signs.ANY_NETWORK}
    few = tuple(signs.every(untrained("convolutional")))
    assert few == tuple(name for name in rows if name in maps.ANY_NETWORK | signs.ANY_NETWORK)
