"""The two mixers hear as far as they say, and in the right places."""

import pytest
import torch

from visual_attention.chapters.generation.mixing import NeighbourMixer, WideMixer, main
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


def test_the_module_runs(capsys):
    main()
    assert "heard by 24 of 24" in capsys.readouterr().out
