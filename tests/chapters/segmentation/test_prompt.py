"""Clicks ask: codes point at their place, weights carry what lies there, rivals are what they say."""

import pytest
import torch

from visual_attention.chapters.segmentation import asking
from visual_attention.chapters.segmentation.click_rivals import ClickChannel, NearColour
from visual_attention.chapters.segmentation.prompt import (
    CODE,
    CrossAttention,
    Prompted,
    code,
    grid_code,
)

CLICK = torch.tensor([[[5.0, 9.0, 1.0]], [[12.0, 3.0, 1.0]]])


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 3, 16, 20, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Prompted(dim=12).eval()


def test_a_code_is_nearest_to_that_of_its_own_place():
    places = grid_code(torch.zeros(1, 1, 9, 13), 1)
    for row, column in ((0, 0), (8, 12), (4, 7)):
        scores = places @ code(torch.tensor(float(row)), torch.tensor(float(column)))
        assert int(scores.argmax()) == row * 13 + column
        assert scores.max().item() == pytest.approx(CODE / 2, abs=1e-4)


def test_places_of_two_pixels_lie_between_them():
    coarse, fine = grid_code(torch.zeros(1, 1, 3, 4), 2), grid_code(torch.zeros(1, 1, 6, 8), 1)
    scores = (fine @ coarse[1 * 4 + 2]).view(6, 8)
    four = scores[2:4, 4:6]
    assert (four.amax() - four.amin()) < 1e-3 and scores.argmax() in [20, 21, 28, 29]


def test_weights_are_shares_and_forward_applies_them():
    torch.manual_seed(0)
    look = CrossAttention(6, heads=2)
    queries, places = torch.randn(2, 3, 6), torch.randn(2, 7, 6)
    weights = look.weights(queries, places)
    assert weights.shape == (2, 2, 3, 7) and (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 3))
    values = look.value(places).unflatten(2, (2, 3))  # (B, N, h, d)
    mixed = torch.einsum("bhtn,bnhd->bthd", weights, values).flatten(2)
    torch.testing.assert_close(look(queries, places, places), look.proj(mixed))
    even = CrossAttention(6, uniform=True).weights(queries, places)
    torch.testing.assert_close(even, torch.full((2, 2, 3, 7), 1 / 7))


def test_a_query_starts_by_looking_where_it_was_clicked(model, images):
    """Queries and keys start alike: untrained, the weight is largest near the click, contents aside."""
    seen = model.see(images, model.encoder(torch.zeros_like(images)))
    weights = model.decoder.looks[0].weights(
        model.decoder.where(code(CLICK[..., 0], CLICK[..., 1])), seen.keys
    )
    at = weights.mean(1)[:, 0].view(2, 8, 10)
    near = at[0, 1:4, 3:6].mean() / at[0].mean(), at[1, 5:8, :3].mean() / at[1].mean()
    assert min(near) > 1


def test_what_lies_at_the_click_comes_in_by_the_weights_alone(model, images):
    """With equal weights and the same mean of all places, a query does not know where things changed."""
    seen = model.see(images, model.encoder(images))
    order = torch.randperm(80, generator=torch.Generator().manual_seed(1))
    mixed = seen._replace(keys=seen.keys[:, order])
    blind = [model.answer(one, CLICK, asking.uniform) for one in (seen, mixed)]
    torch.testing.assert_close(*blind, atol=1e-4, rtol=1e-3)
    looking = [model.answer(seen._replace(keys=k), CLICK) for k in (seen.keys, seen.keys.flip(1))]
    torch.testing.assert_close(*looking, atol=1e-4, rtol=1e-3)  # a set of places, in any order


def test_one_picture_is_seen_once_for_any_click(model, images):
    seen = model.see(images, model.encoder(images))
    both = torch.cat([CLICK, CLICK.flip(0) * torch.tensor([1, 1, -1.0])], dim=1)
    for clicks in (CLICK, both):
        torch.testing.assert_close(model.answer(seen, clicks), model(images, clicks))
    assert not torch.equal(model.answer(seen, both), model.answer(seen, both * torch.tensor([1, 1, -1.0])))


def test_the_encoder_is_frozen(images):
    torch.manual_seed(0)
    model = Prompted(dim=8).train()
    assert not model.encoder.training and model.decoder.training
    before = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    model(images, CLICK).sum().backward()
    assert all(torch.equal(before[name], value) for name, value in model.encoder.state_dict().items())
    assert all(part.grad is None for part in model.encoder.parameters())


def test_at_the_click_reads_that_pixel_and_nothing_else(images):
    torch.manual_seed(0)
    model = Prompted(dim=8, looks="at the click").eval()
    seen = model.see(images, model.encoder(images))
    found = model.decoder.find(seen, CLICK)
    pixels = seen.pixels.clone()
    pixels[0, :, 5, 9] += 1
    changed = model.decoder.find(seen._replace(pixels=pixels), CLICK) - found
    assert changed[0].abs().max() > 0 and changed[1].abs().max() == 0
    other = seen.pixels.clone()
    other[0, :, 5, 8] += 1
    assert torch.equal(model.decoder.find(seen._replace(pixels=other), CLICK), found)


def test_a_query_s_place_does_not_pass_by_the_look(model, images):
    """With equal weights, clicks on two places of a picture find the same."""
    seen = model.see(images, model.encoder(images))
    found = [model.decoder.find(seen, clicks, asking.uniform) for clicks in (CLICK, CLICK.flip(0))]
    torch.testing.assert_close(*found)
    assert not torch.allclose(model.decoder.find(seen, CLICK), model.decoder.find(seen, CLICK.flip(0)))


def test_discs_lie_around_their_clicks():
    made = ClickChannel().discs(torch.zeros(1, 8, 9, 11), torch.tensor([[[2.0, 3, 1], [7, 10, -1]]]))
    assert made[0, 0].nonzero().amin(0).tolist() == [1, 2] and made[0, 0].nonzero().amax(0).tolist() == [3, 4]
    assert made[0, 1].nonzero().amin(0).tolist() == [6, 9] and made[0, 0].sum() == 9


def test_a_flood_stops_at_gaps_and_colour_does_not():
    images = torch.zeros(1, 3, 8, 12)
    images[:, :, 2:5, 1:4] = images[:, :, 2:5, 8:11] = 0.9
    click = torch.tensor([[[3.0, 2, 1]]])
    near, flood = NearColour().eval(), NearColour(connected=True).eval()
    assert (near(images, click) > 0).sum() == 18 and (flood(images, click) > 0).sum() == 9
    no = torch.tensor([[[3.0, 2, 1], [0, 0, -1]]])
    assert (near(images, no) > 0).sum() == 18  # black is far from the clicked colour anyway
    too = torch.tensor([[[3.0, 2, 1], [3, 9, 1]]])
    assert (flood(images, too) > 0).sum() == 18


def test_uniform_and_another_click_s_weights():
    weights = torch.rand(3, 2, 1, 5).softmax(-1)
    torch.testing.assert_close(asking.uniform(weights), torch.full((3, 2, 1, 5), 0.2))
    assert torch.equal(asking.anothers(weights)[1], weights[0])


def test_two_clicks_by_hand():
    """A network that marks all at first and listens to the second click."""

    class Listens(torch.nn.Module):
        def see(self, images, encoded):
            return images

        def answer(self, images, clicks, change=None):
            scores = torch.ones(len(images), 1, *images.shape[2:])
            if clicks.shape[1] == 2:
                assert (clicks[:, 1, 2] == -1).all()
                scores[:, :, 8:] = -1
            return scores

    masks = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    masks[:, :, :8] = True
    drawn = asking.Asked(torch.zeros(2, 3, 16, 16), CLICK, masks, torch.zeros(2), torch.zeros(2))
    assert asking.two_clicks(Listens(), drawn) == (50.0, 100.0)
