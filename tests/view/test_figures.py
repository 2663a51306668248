"""Figures: one scale, one language of maps, and complaints that say what was wanted."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visual_attention.view import figures
from visual_attention.view.arrays import as_array, as_map, as_picture, grey


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_a_tensor_with_a_gradient_becomes_an_array():
    tensor = torch.ones(2, 3, requires_grad=True)
    np.testing.assert_array_equal(as_array(tensor), np.ones((2, 3)))


@pytest.mark.parametrize(
    "shape,want", [((3, 5, 7), (5, 7, 3)), ((5, 7, 3), (5, 7, 3)), ((1, 5, 7), (5, 7)), ((5, 7), (5, 7))]
)
def test_pictures_of_every_form(shape, want):
    assert as_picture(np.zeros(shape)).shape == want
    assert grey(np.zeros(shape)).shape == (5, 7)


def test_uint8_is_scaled_to_one():
    assert as_picture(np.full((3, 2, 2), 255, np.uint8)).max() == 1


@pytest.mark.parametrize("shape", [(4, 5, 7), (2, 3, 5, 7), (7,), (0, 5)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ValueError, match="wanted one picture"):
        as_picture(np.zeros(shape))


def test_a_map_may_carry_empty_axes():
    assert as_map(torch.zeros(1, 1, 4, 5)).shape == (4, 5)
    with pytest.raises(ValueError, match=r"wanted one map .*got shape \(2, 4, 5\)"):
        as_map(np.zeros((2, 4, 5)))
    with pytest.raises(ValueError, match="finite numbers, got 20"):
        as_map(np.full((4, 5), np.nan))


def test_a_map_lies_over_the_whole_grey_image_flat_and_from_zero(ax):
    figures.show_map(ax, np.eye(2) * 0.3, image=np.zeros((3, 8, 6)), label="weight of attention")
    beneath, above = ax.images
    assert list(beneath.get_extent()) == list(above.get_extent()) == [-0.5, 5.5, 7.5, -0.5]
    assert above.get_cmap().name == "viridis"
    assert above.get_interpolation() == "nearest"
    assert above.get_clim() == (0, 0.3)
    assert ax.figure.axes[1].get_ylabel() == "weight of attention"


def test_a_map_of_zeros_is_drawn(ax):
    figures.show_map(ax, np.zeros((2, 2)), image=np.zeros((4, 4)))


def test_values_are_printed_in_their_cells(ax):
    figures.show_map(ax, np.array([[0.1, 0.2], [0.3, 0.4]]), values=True, bar=False)
    printed = {(round(t.get_position()[0]), round(t.get_position()[1])): t.get_text() for t in ax.texts}
    assert printed == {(0, 0): "0.1", (1, 0): "0.2", (0, 1): "0.3", (1, 1): "0.4"}


def test_maps_share_the_largest_maximum_and_one_bar():
    figure = figures.show_maps(np.zeros((3, 8, 8)), [np.eye(2), np.eye(2) * 4, np.eye(3)], titles=list("abc"))
    drawn = [ax.images[-1] for ax in figure.axes[:3]]
    assert {image.get_clim() for image in drawn} == {(0, 4)}
    assert len(figure.axes) == 4
    assert not plt.fignum_exists(getattr(figure, "number", -1))


@pytest.mark.parametrize("images", [None, [np.zeros((3, 8, 8))] * 2, torch.zeros(2, 3, 8, 8)])
def test_maps_take_no_images_a_list_or_a_batch(images):
    figure = figures.show_maps(images, [np.eye(2)] * 2)
    assert len(figure.axes) == 3


def test_numbers_of_maps_images_and_titles_must_agree():
    with pytest.raises(ValueError, match="wanted 2 images, one for each map, got 3"):
        figures.show_maps([np.zeros((8, 8))] * 3, [np.eye(2)] * 2)
    with pytest.raises(ValueError, match="wanted 2 titles"):
        figures.show_maps(None, [np.eye(2)] * 2, titles=["one"])
    with pytest.raises(ValueError, match="at least one map"):
        figures.show_maps(None, [])


def test_a_marked_patch_lies_on_its_place(ax):
    figures.show_image(ax, np.zeros((3, 8, 6)))
    figures.mark_patch(ax, 1, 2, grid=(4, 3))
    box = ax.patches[-1]
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (3.5, 1.5, 2, 2)


@pytest.mark.slow
@given(st.integers(1, 5), st.integers(1, 5))
def test_a_map_of_any_grid_covers_its_image(rows, columns):
    figure, ax = figures.sheet()
    figures.show_map(ax, np.ones((rows, columns)), image=np.zeros((12, 9)), bar=False)
    assert ax.images[0].get_extent() == ax.images[1].get_extent()


def test_every_colour_of_the_palette_can_be_read_on_white():
    for colour in figures.PALETTE:
        parts = np.array(mpl.colors.to_rgb(colour))
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        contrast = 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)
        assert contrast >= 3, colour


def test_the_style_is_applied():
    with mpl.rc_context():
        figures.use_style()
        assert mpl.rcParams["image.interpolation"] == "nearest"
        assert mpl.rcParams["savefig.facecolor"] == "white"
