"""The mixers hear as far as they say, and in the right places."""

import pytest
import torch

from visual_attention.chapters.generation.mixing import (
    LargestOfAll,
    NeighbourMixer,
    PlaceAttention,
    PlaceMixer,
    WideMixer,
    alone,
    main,
)
from visual_attention.training import seeded

GRID, DIM = (3, 5), 8


def made(kind):
    with seeded(0):
        return kind(GRID, DIM, middle=7)


def heard(mixer, patch):
    """Which patches change their answer when one changes, (rows, columns) bool."""
    with seeded(1):
        tokens = torch.randn(1, 15, DIM)
    changed = tokens.clone()
    changed[:, patch] += 3
    return ((mixer(changed) - mixer(tokens)).abs().amax(dim=(0, 2)) > 1e-6).view(GRID)


def test_neighbours_hear_the_window_around_a_patch():
    near = heard(made(NeighbourMixer), 7)  # row 1, column 2
    assert near[:, 1:4].all() and near.sum() == 9
    corner = heard(made(NeighbourMixer), 0)
    assert corner[:2, :2].all() and corner.sum() == 4


@pytest.mark.parametrize("patch", [0, 7, 14])
def test_the_wide_window_hears_everything(patch):
    assert heard(made(WideMixer), patch).all()


@pytest.mark.parametrize("kind", [NeighbourMixer, WideMixer])
class TestBoth:
    def test_pictures_do_not_mix(self, kind):
        mixer, tokens = made(kind), torch.randn(3, 15, DIM, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(mixer(tokens)[1:2], mixer(tokens[1:2]), atol=1e-6, rtol=1e-4)

    def test_another_number_of_tokens_is_refused(self, kind):
        with pytest.raises(ValueError, match="3 x 5 tokens on axis 1, got 14"):
            made(kind)(torch.zeros(1, 14, DIM))

    def test_every_parameter_gets_a_gradient(self, kind):
        mixer = made(kind)
        mixer(torch.randn(2, 15, DIM, generator=torch.Generator().manual_seed(0))).square().sum().backward()
        assert all(p.grad is not None and p.grad.any() for p in mixer.parameters())


def test_even_windows_are_refused():
    with pytest.raises(ValueError, match="odd size.*got 4"):
        NeighbourMixer(GRID, DIM, middle=7, size=4)


class TestAllPlaces:
    """The mixers that know no grid."""

    def test_a_layer_over_places_hears_all_and_treats_channels_alike(self):
        with seeded(0):
            mixer, x = PlaceMixer(15, middle=9), torch.randn(2, 15, DIM)
        assert heard(mixer, 7).all()
        order = torch.randperm(DIM, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(mixer(x[..., order]), mixer(x)[..., order])

    def test_the_largest_of_all_by_hand(self):
        mixer = LargestOfAll(2, middle=2)
        for layer in (mixer.spread, mixer.join):
            torch.nn.init.eye_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        found = mixer(torch.tensor([[[1.0, 5.0], [3.0, -2.0], [0.0, 4.0]]]))
        assert found.tolist() == [[[3.0, 5.0]] * 3]

    def test_weights_of_places_know_no_content_and_are_applied(self):
        with seeded(0):
            mixer, one, two = PlaceAttention(15, DIM, heads=2), *torch.randn(2, 3, 15, DIM)
        weights = mixer.weights(one)
        assert torch.equal(weights, mixer.weights(two)) and weights.shape == (3, 2, 15, 15)
        torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, 15))
        values = mixer.value(one).unflatten(2, (2, -1))
        mixed = torch.einsum("bhij,bjhd->bihd", weights, values).flatten(2)
        torch.testing.assert_close(mixer(one), mixer.proj(mixed), atol=1e-5, rtol=1e-4)

    def test_alone_hears_nothing(self):
        assert not alone()(torch.randn(2, 15, DIM)).any()

    @pytest.mark.parametrize("mixer", [PlaceMixer(15, middle=9), PlaceAttention(15, DIM, heads=2)])
    def test_another_number_of_tokens_is_refused(self, mixer):
        with pytest.raises(ValueError, match="wanted 15 tokens on axis 1, got 14"):
            mixer(torch.zeros(1, 14, DIM))

    def test_heads_that_do_not_divide_are_refused(self):
        with pytest.raises(ValueError, match="heads that divide dim = 8, got 3"):
            PlaceAttention(15, DIM, heads=3)


def test_the_module_runs(capsys):
    main()
    assert "heard by 24 of 24" in capsys.readouterr().out
