"""With its signs or without: what is left of a map when the signs go, and which of the two passes."""

import pytest
import torch

from tests.chapters.explanation.worlds import Straight, pictures, untrained
from visual_attention.chapters.explanation import claims, maps, networks, signs, trained, verdicts


def test_signs_cancel_within_a_cell_and_sizes_do_not():
    model, (images, answers) = Straight(), pictures(3)
    gains = model.gains[answers].unsqueeze(1)  # (B, 1, 24, 24), the slope of each pixel
    torch.testing.assert_close(signs.signed_gradient(model, images, answers), maps.cells(gains))
    way = (images - images.mean((1, 2, 3), keepdim=True)) * gains
    torch.testing.assert_close(
        signs.sizes_of_shares(model, images, answers), maps.cells(way.abs()), atol=1e-4, rtol=1e-4
    )
    torch.testing.assert_close(
        maps.integrated_gradients(model, images, answers), maps.cells(way), atol=1e-4, rtol=1e-4
    )
    torch.testing.assert_close(
        signs.sizes_of_falls(model, images, answers), maps.cells(way).abs(), atol=1e-3, rtol=1e-3
    )


def test_a_map_that_asks_no_network_is_the_same_after_noise():
    model, (images, answers) = untrained("convolutional"), pictures(4)
    found = signs.tested(maps.contrast, model, networks.SmallConvolutional, images, answers)
    assert (
        found["noise"] == found["another head"] == pytest.approx(1) and found["noise, another picture"] < 0.9
    )


def test_the_head_alone_is_changed_for_another_answer():
    model, (images, answers) = untrained("transformer"), pictures(4)
    found = signs.tested(maps.raw_attention, model, networks.SmallTransformer, images, answers)
    assert found["another head"] == pytest.approx(1) and found["noise"] < 0.9


def test_on_the_page_s_transformer_all_pass_with_signs_and_none_passes_both_tests_without():
    model = trained.load("transformer")
    plain = claims.chosen(model, trained.SEED, verdicts.CHANGED, share=0.0)
    for name, (signed, sizes) in signs.PAIRS.items():
        with_signs, without = (
            signs.tested(each, model, networks.SmallTransformer, plain.images, plain.labels)
            for each in (signed, sizes)
        )
        assert with_signs["noise"] < 0.1 and with_signs["another head"] < 0.3, name
        assert without["noise"] > 0.3 and without["another head"] > 0.8, name
        if name == "integrated gradients":  # sizes keep this picture, not only a place in the frame
            assert without["noise"] > without["noise, another picture"] + 0.3
