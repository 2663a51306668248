"""The page fills a hole as the module does, never from under it, and says from where."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters import inpainting
from visual_attention.chapters.inpainting.peeling import PeelingAttention
from visual_attention.chapters.inpainting.scores import MeanFill, psnr
from visual_attention.chapters.inpainting.widget import Eraser
from visual_attention.view.portable import HERE

ROWS, COLUMNS, PATCH, HEAT = 20, 26, 5, 0.004  # not square: a swapped axis shows
NASTY = "<img src=x onerror=alert(1)>"
RNG = np.random.default_rng(0)


def picture(seed):
    """Tiles with noise, as the page gets them: in steps of 1 / 255."""
    tile = np.random.default_rng(seed).random((3, 5, 4))
    many = np.tile(tile, (1, 4, 7))[:, :ROWS, :COLUMNS] + 0.05 * RNG.normal(size=(3, ROWS, COLUMNS))
    return np.round(np.clip(many, 0, 1) * 255) / 255


PICTURES = {"tiles": picture(1), NASTY: picture(2)}
HOLE = np.zeros((ROWS, COLUMNS), dtype=bool)
HOLE[7:12, 9:15] = True
ATTENTION = PeelingAttention(patch=PATCH, temperature=HEAT)


@pytest.fixture
def widget():
    return Eraser(PICTURES, hole=HOLE, patch=PATCH, temperature=HEAT)


def as_tensors(name="tiles", hole=HOLE):
    return torch.tensor(PICTURES[name])[None].float(), torch.tensor(hole)[None, None]


def expected(hole=HOLE, *, name="tiles", temperature=HEAT):
    """What attention and the mean reach, in dB."""
    image, mask = as_tensors(name, hole)
    fills = PeelingAttention(patch=PATCH, temperature=temperature), MeanFill()
    return [psnr(fill(image, mask), image, mask).item() for fill in fills]


def said(page):
    return page.locator(".tk-reading").inner_text()


def wait(page):
    page.wait_for_function(
        "() => !document.querySelector('.tk-reading').textContent.includes('Filling')", timeout=20_000
    )
    settle(page)


def ratios(page):
    """The two numbers of decibels that the page tells."""
    wait(page)
    return [float(text) for text in re.findall(r"(-?[\d.]+) dB", said(page))]


def board(page):
    return page.get_by_label("The picture. Arrow keys move")


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"pictures": {}}, "at least one picture"),
        ({"pictures": {"a": PICTURES["tiles"], "b": np.zeros((3, 9, 9))}}, "of one size"),
        ({"pictures": {"a": np.zeros((3, 70, 70))}}, "from 5 to 64 pixels a side, got 70 x 70"),
        ({"pictures": {"a": np.zeros((3, 4, 9))}}, "from 5 to 64 pixels a side, got 4 x 9"),
        ({"patch": 4}, "odd patch"),
        ({"temperature": 0.0}, "a temperature from"),
        ({"hole": HOLE.T}, "boolean hole of 20 x 26"),
        ({"hole": HOLE.astype(float)}, "boolean hole of 20 x 26, got float64"),
    ],
)
def test_what_cannot_be_shown_is_refused(wrong, complaint):
    arguments = {"pictures": PICTURES, "hole": HOLE, "patch": PATCH} | wrong
    with pytest.raises(ValueError, match=complaint):
        Eraser(arguments.pop("pictures"), **arguments)


def test_the_still_shows_the_filling_if_there_is_one(widget):
    assert len(widget.still().axes) == 2
    image, mask = as_tensors()
    whole = Eraser(PICTURES, hole=HOLE, patch=PATCH, filled=ATTENTION(image, mask)[0])
    assert [ax.get_title() for ax in whole.still().axes] == ["erased", "filled by attention", "as it was"]


@pytest.mark.browser
def test_the_page_computes_what_the_module_computes(browser):
    """The functions of widget.js by themselves, on a hole that touches the border."""
    hole = HOLE.copy()
    hole[:3, 22:] = True
    image, mask = as_tensors(hole=hole)
    script = Path(inpainting.__file__).with_name("widget.js").read_text()
    script = script.removesuffix("\n").removesuffix("export default { render };")
    toolkit = "const TK_CSS = '';\n" + (HERE / "toolkit.js").read_text()
    page = browser.new_page()
    found = page.evaluate(
        f"""([pixels, missing, rows, columns, size, temperature]) => {{
            {toolkit}
            {script}
            const values = Float32Array.from(pixels), hole = Uint8Array.from(missing), shares = new Map();
            for (let i = 0; i < hole.length; i++) if (hole[i]) values.fill(0.77, 3 * i, 3 * i + 3);
            const sources = wholePatches(hole, rows, columns, size);
            for (const step of peel(values, hole, sources, shares, {{ rows, columns, size, temperature }}));
            return [[...values], sources, [...shares].map(([at, one]) => [at, [...one]])];
        }}""",
        [image[0].permute(1, 2, 0).flatten().tolist(), hole.flatten().tolist(), ROWS, COLUMNS, PATCH, HEAT],
    )
    page.close()
    values, sources, shares = found
    filled = torch.tensor(values).view(ROWS, COLUMNS, 3).permute(2, 0, 1)
    torch.testing.assert_close(filled, ATTENTION(image, mask)[0], atol=2e-5, rtol=0)
    weights = ATTENTION.weights(image, mask)[0]
    assert sorted(at for at, _ in shares) == np.flatnonzero(hole).tolist()
    for at, one in shares:
        row = torch.zeros(ROWS * COLUMNS)
        row[sources] = torch.tensor(one)
        torch.testing.assert_close(row, weights[at], atol=2e-4, rtol=0)


@pytest.mark.browser
def test_it_opens_with_a_hole_that_is_filled(draw, widget):
    page = draw(widget)
    assert ratios(page) == pytest.approx(expected(), abs=0.06)
    assert "30 pixels are erased and filled" in said(page)
    weights = ATTENTION.weights(*as_tensors())[0]
    place = [int(n) - 1 for n in re.search(r"marked pixel, row (\d+), column (\d+)", said(page)).groups()]
    source = [int(n) - 1 for n in re.search(r"from row (\d+), column (\d+)", said(page)).groups()]
    row = weights[place[0] * COLUMNS + place[1]]
    assert row.argmax().item() == source[0] * COLUMNS + source[1]
    assert f"{100 * row.max().item():.1f} %" in said(page)  # below ten percent


@pytest.mark.browser
def test_the_temperature_is_in_the_readers_hand(draw, widget):
    page = draw(widget)
    slider = page.get_by_label("Temperature of the softmax")
    for end, heat in (("End", 1.0), ("Home", 1e-5)):
        slider.press(end)
        assert ratios(page) == pytest.approx(expected(temperature=heat), abs=0.06)


@pytest.mark.browser
def test_another_picture(draw, widget):
    page = draw(widget)
    page.get_by_label("Picture", exact=True).select_option(label=NASTY)
    assert ratios(page) == pytest.approx(expected(name=NASTY), abs=0.06)


@pytest.mark.browser
def test_the_keyboard_erases(draw, widget):
    page = draw(widget)
    page.get_by_role("button", name="Nothing erased").click()
    settle(page)
    assert said(page) == "Nothing is erased."
    board(page).focus()
    page.keyboard.press("ArrowRight")  # shows the cursor in the middle: row 10, column 13
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Space")  # 5 x 5 around row 5, column 14
    hole = np.zeros_like(HOLE)
    hole[3:8, 12:17] = True
    assert ratios(page) == pytest.approx(expected(hole), abs=0.06)
    page.get_by_label("restores").check(force=True)
    page.get_by_label("3 × 3").check(force=True)
    board(page).focus()
    for key in ("ArrowRight", "Space"):
        page.keyboard.press(key)
    wait(page)
    assert re.match(r"1[69] pixels are erased", said(page))


@pytest.mark.browser
def test_a_drag_erases_without_gaps_and_hovering_looks(draw, widget):
    page = draw(widget)
    page.get_by_role("button", name="Nothing erased").click()
    page.get_by_label("3 × 3").check(force=True)
    box = board(page).bounding_box()

    def at(row, column):
        return box["x"] + (column + 0.5) * box["width"] / COLUMNS, box["y"] + (row + 0.5) * box[
            "height"
        ] / ROWS

    page.mouse.move(*at(4, 4))  # no button is pressed yet
    assert said(page) == "Nothing is erased."
    page.mouse.move(*at(10, 6))
    page.mouse.down()
    page.mouse.move(*at(10, 14))  # one quick move
    page.mouse.up()
    hole = np.zeros_like(HOLE)
    hole[9:12, 5:16] = True
    assert ratios(page) == pytest.approx(expected(hole), abs=0.06)
    page.mouse.move(*at(9, 13))
    settle(page)
    assert "marked pixel, row 10, column 14," in said(page)
    page.mouse.move(*at(2, 2))  # nothing is missing there
    settle(page)
    assert "marked pixel, row 10, column 14," in said(page)


@pytest.mark.browser
def test_a_hole_over_everything_is_said_and_undone(draw):
    page = draw(Eraser(PICTURES, hole=np.ones_like(HOLE), patch=PATCH))
    assert "No patch of 5 × 5 is whole" in said(page)
    page.get_by_role("button", name="Nothing erased").click()
    settle(page)
    assert said(page) == "Nothing is erased."


@pytest.mark.browser
def test_the_toggles_change_the_captions(draw, widget):
    page = draw(widget)
    wait(page)
    page.get_by_label("Show what was there").check(force=True)
    page.get_by_label("Show the sources of the whole hole").check(force=True)
    settle(page)
    captions = page.locator(".tk-caption").all_text_contents()
    assert captions == ["as it was", "how often each pixel is copied"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(draw, scheme, width):
    named = {"a_name_without_any_space_that_is_longer_than_a_telephone_is_wide": PICTURES["tiles"]}
    page = draw(Eraser(named, hole=HOLE, patch=PATCH), width=width, scheme=scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(SMALL)
