"""The forming picture shows the right step's pictures and the right patch's weights."""

import numpy as np
import pytest

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.generation.widget import FormingPicture

GRID, S, T, HEADS = (2, 3), 2, 5, 2
RNG = np.random.default_rng(0)
STATES, FORESEEN = RNG.random((2, S, T, 3, 8, 12))
RAISED = np.exp(3 * RNG.normal(size=(S, T, HEADS, 6, 6)))
WEIGHTS = RAISED / RAISED.sum(-1, keepdims=True)
TIMES = [0.0, 0.2, 0.4, 0.6, 0.8]
PARTNERS = [2, 1, 0, 5, 4, 3]
NASTY = "<img src=x onerror=alert(1)>"


def made(**options):
    options = {"times": TIMES, "grid": GRID, "names": ["one", NASTY], "partners": PARTNERS} | options
    return FormingPicture(STATES, FORESEEN, WEIGHTS, **options)


def told(page, sample, step, query, head=None):
    """What the reading should say, and whether it does."""
    maps = WEIGHTS[sample, step, :, query]
    weights = maps.mean(0) if head is None else maps[head]
    reading = page.locator(".tk-reading").text_content()
    best = int(weights.argmax())
    place = "itself" if best == query else f"row {best // 3 + 1}, column {best % 3 + 1}"
    assert f"Time {TIMES[step]:.2f}: the patch in row {query // 3 + 1}, column {query % 3 + 1}" in reading
    assert f"looks most at {place}, " in reading
    share = 100 * weights[PARTNERS[query]]
    got = float(reading.rsplit("gets ", 1)[1].removesuffix(" %."))
    assert got == pytest.approx(share, abs=1.0)


class TestPython:
    def test_the_row_is_that_of_step_patch_and_head(self):
        widget = made(query=(1, 2), step=3)
        np.testing.assert_allclose(widget.row().ravel(), WEIGHTS[0, 3, :, 5].mean(0), atol=1e-6)
        np.testing.assert_allclose(widget.row(1).ravel(), WEIGHTS[0, 1, :, 5].mean(0), atol=1e-6)
        widget.head, widget.sample = 1, 1
        np.testing.assert_allclose(widget.row().ravel(), WEIGHTS[1, 3, 1, 5], atol=1e-6)

    def test_the_alt_text_tells_the_weights(self):
        alt = made(query=(0, 0), step=1).alt
        share = 100 * WEIGHTS[0, 1, :, 0].mean(0)[2]
        assert "at time 0.20 from noise to picture. The patch in row 1, column 1" in alt
        assert f"Its counterpart gets {share:.0f} %" in alt

    def test_the_still_shows_several_steps(self):
        assert len(made().still().axes) == 12

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"grid": (3, 3)}, "in a grid of 3 x 3"),
            ({"times": TIMES[:4]}, "wanted 5 times.*4 times"),
            ({"names": ["one"]}, "wanted 2 names"),
            ({"step": 5}, "a step from 0 to 4.*step 5"),
            ({"query": (2, 0)}, "a query within 2 x 3"),
            ({"head": 2}, "a head from -1 to 1"),
            ({"partners": [0, 1]}, "one for each patch"),
            ({"partners": [0, 1, 2, 3, 4, 6]}, "among the patches"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, options, says):
        with pytest.raises(ValueError, match=says):
            made(**options)

    def test_pictures_and_weights_that_do_not_fit_are_refused(self):
        with pytest.raises(ValueError, match=r"states \(S, T, 3, H, W\)"):
            FormingPicture(STATES[0], FORESEEN, WEIGHTS, times=TIMES, grid=GRID)
        with pytest.raises(ValueError, match=r"wanted weights \(2, 5, h, N, N\)"):
            FormingPicture(STATES, FORESEEN, WEIGHTS[:, :4], times=TIMES, grid=GRID)
        with pytest.raises(ValueError, match="sum to 1"):
            FormingPicture(STATES, FORESEEN, 2 * WEIGHTS, times=TIMES, grid=GRID)


@pytest.mark.browser
class TestPage:
    def test_it_opens_in_the_middle_of_time(self, draw):
        page = draw(made())
        told(page, 0, 2, 0)
        assert page.locator("img").count() == 0

    def test_time_patch_map_and_picture_can_be_chosen(self, draw):
        page = draw(made())
        page.get_by_role("button", name="Next step").click()
        settle(page)
        told(page, 0, 3, 0)
        board = page.get_by_label("Arrow keys move")
        board.focus()
        for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"):
            page.keyboard.press(key)
        settle(page)
        told(page, 0, 3, 5)
        page.get_by_label("Map", exact=True).select_option(index=2)
        settle(page)
        told(page, 0, 3, 5, head=1)
        assert NASTY in page.locator(".tk-reading").text_content()
        page.get_by_label("2", exact=True).check(force=True)
        settle(page)
        told(page, 1, 3, 5, head=1)

    def test_a_click_asks_a_patch(self, draw):
        page = draw(made())
        box = page.get_by_label("Arrow keys move").bounding_box()
        page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.75 * box["height"])
        settle(page)
        told(page, 0, 2, 4)

    def test_the_pixels_are_those_of_the_chosen_step(self, draw):
        page = draw(made(step=4, query=(0, 2)))
        read = """canvas => {
          const at = [canvas.width * 1.5 / 12, canvas.height * 6.5 / 8];
          return [...canvas.getContext("2d").getImageData(...at, 1, 1).data.slice(0, 3)]; }"""
        board = page.get_by_label("Arrow keys move")
        for shown, pictures in (("expects", FORESEEN), ("as it is now", STATES)):
            page.get_by_label(shown).check(force=True)
            settle(page)
            np.testing.assert_allclose(board.evaluate(read), 255 * pictures[0, 4, :, 6, 1], atol=1.5)

    def test_without_partners_there_is_no_line(self, draw):
        page = draw(made(partners=()))
        assert "counterpart" not in page.locator(".tk-reading").text_content()
        assert (
            page.get_by_label("How much the patch gives").count() == 0
            or not page.get_by_label("How much the patch gives").is_visible()
        )

    @pytest.mark.parametrize("width", [1280, 400])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_overflows(self, draw, scheme, width):
        page = draw(made(), width=width, scheme=scheme)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.evaluate(SMALL)
