"""Gates of any shape are drawn as which and where, on one scale."""

import numpy as np
import pytest

from visual_attention.chapters.spatial.gates import show_gates, which_and_where

RNG = np.random.default_rng(0)


def test_a_gate_for_channels_is_flat_over_places():
    gates = RNG.random((1, 5, 1, 1))
    which, where = which_and_where(gates, channels=5, grid=(3, 4))
    np.testing.assert_allclose(which, gates[0, :, 0, 0])
    np.testing.assert_allclose(where, np.full((3, 4), gates.mean()))


def test_a_gate_for_places_is_flat_over_channels():
    gates = RNG.random((1, 3, 4))
    which, where = which_and_where(gates, channels=5, grid=(3, 4))
    np.testing.assert_allclose(where, gates[0])
    np.testing.assert_allclose(which, np.full(5, gates.mean()))


def test_a_gate_for_both_is_averaged_each_way():
    gates = RNG.random((5, 3, 4))
    which, where = which_and_where(gates, channels=5, grid=(3, 4))
    np.testing.assert_allclose(which, gates.mean(axis=(1, 2)))
    np.testing.assert_allclose(where, gates.mean(axis=0))


@pytest.mark.parametrize(
    ("gates", "complaint"),
    [
        (RNG.random((4, 1, 1)), r"fit \(5, 3, 4\), got \(4, 1, 1\)"),
        (RNG.random((2, 5, 1, 1)), "got"),
        (RNG.random((3, 4)), "got"),
        (RNG.random((5, 1, 1)) + 0.9, "from 0 to 1"),
        (np.full((5, 1, 1), np.nan), "from 0 to 1"),
    ],
)
def test_what_is_no_gate_is_refused(gates, complaint):
    with pytest.raises(ValueError, match=complaint):
        which_and_where(gates, channels=5, grid=(3, 4))


def test_the_figure_has_a_row_for_each_gate_and_one_scale():
    rows = {"one": RNG.random((5, 1, 1)), "two": RNG.random((1, 3, 4))}
    figure = show_gates(rows, channels=5, grid=(3, 4), image=RNG.random((12, 16)))
    bars = [ax for ax in figure.axes if ax.get_ylabel() == "gate" and ax.patches]
    assert [ax.get_title(loc="left") or ax.get_title() for ax in bars] == ["one", "two"]
    np.testing.assert_allclose([patch.get_height() for patch in bars[0].patches], rows["one"][:, 0, 0])
    maps = [ax.images[-1] for ax in figure.axes if ax.images]
    assert {image.get_clim() for image in maps[:2]} == {(0.0, 1.0)}
