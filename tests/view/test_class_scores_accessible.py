"""The channel mixer and the spatial mask, light and dark, wide and narrow: axe finds nothing."""

import numpy as np
import pytest

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from visual_attention.chapters.channel.widget import ChannelMixer
from visual_attention.chapters.spatial.widget import SpatialMask
from visual_attention.view.class_scores import LinearHead

pytestmark = pytest.mark.browser
LONG = "a_class_without_any_space_that_is_longer_than_most"


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(draw, photograph, scheme, width):
    rng = np.random.default_rng(0)
    maps, head = (
        rng.random((12, 8, 8)),
        LinearHead(rng.normal(size=(3, 12)), np.zeros(3), ["cat", "dog", LONG]),
    )
    mixer = ChannelMixer(photograph, maps, rng.random(12), head)
    page = draw(mixer, SpatialMask(photograph, maps, head, grid=(8, 8)), width=width, scheme=scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(SMALL)
