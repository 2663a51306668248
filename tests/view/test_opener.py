"""A picture of the reader's own gets into a widget by each way there is, and comes out right."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.inpainting.widget import Eraser
from visual_attention.view.explorer import AttentionExplorer, alike

pytestmark = pytest.mark.browser

ROWS, COLUMNS = 12, 16  # not square: a swapped axis shows
RNG = np.random.default_rng(0)
MINE = RNG.integers(0, 256, (ROWS, COLUMNS, 3), dtype=np.uint8)
LARGE = np.kron(MINE, np.ones((24, 24, 1), dtype=np.uint8))

# Hands a file to the widget as a drop or a paste would; the browser gives tests no other way to do it.
HAND = """([kind, files, at]) => {
  const data = new DataTransfer();
  for (const [name, type, text] of files) {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
  }
  const on = document.querySelector(at);
  const way = { bubbles: true, cancelable: true };
  if (kind === "paste") return on.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, ...way }));
  const fire = (name) => on.dispatchEvent(new DragEvent(name, { dataTransfer: data, ...way }));
  return [fire("dragenter"), fire("dragover"), fire("drop")].some(Boolean);
}"""


def stored(array, form="png", **options):
    kept = io.BytesIO()
    Image.fromarray(array).save(kept, form, **options)
    return kept.getvalue()


def file(content, name="mine.png", kind="image/png"):
    return {"name": name, "mimeType": kind, "buffer": content}


def hand(page, how, content, *, name="mine.png", kind="image/png", at=".tk canvas"):
    import base64

    files = [] if content is None else [[name, kind, base64.b64encode(content).decode()]]
    return page.evaluate(HAND, [how, files, at])


@pytest.fixture
def eraser():
    first = RNG.random((3, ROWS, COLUMNS))
    return Eraser({"first": first}, hole=np.zeros((ROWS, COLUMNS), dtype=bool), patch=3)


@pytest.fixture
def page(draw, eraser):
    return draw(eraser)


def pixels(page, rows=ROWS, columns=COLUMNS):
    """What the board shows, read at the middle of each cell."""
    found = page.evaluate(
        """([rows, columns]) => {
          const board = document.querySelector('.tk canvas'), g = board.getContext('2d');
          const at = (n, of, size) => Math.floor((n + 0.5) / of * size);
          const read = (row, column) => [...g.getImageData(
            at(column, columns, board.width), at(row, rows, board.height), 1, 1).data].slice(0, 3);
          const cells = Array.from({ length: rows * columns }, (_, i) => i);
          return cells.map((i) => read(Math.floor(i / columns), i % columns));
        }""",
        [rows, columns],
    )
    return np.array(found).reshape(rows, columns, 3)


def shown(page):
    """Which picture the select names, once the file was read."""
    settle(page)
    return page.evaluate("document.querySelector('.tk-field select').selectedOptions[0].text")


def wait_for_own(page):
    page.wait_for_function(
        "document.querySelector('.tk-field select').selectedOptions[0].text === 'your own'", timeout=5_000
    )
    settle(page)


def said(page):
    settle(page)
    return page.locator(".tk-reading").inner_text()


def wait_for_words(page, text):
    page.wait_for_function(
        "text => document.querySelector('.tk-reading').textContent.includes(text)", arg=text, timeout=10_000
    )


class TestEachWayIn:
    def test_chosen(self, page):
        page.get_by_label("A photograph of your own").set_input_files(file(stored(LARGE)))
        wait_for_own(page)
        assert np.abs(pixels(page) - MINE).max() <= 2

    def test_chosen_by_keyboard(self, page):
        """The file input is reached by Tab, says what it is, and opens the chooser by a key."""
        with page.expect_file_chooser(
            timeout=10_000
        ) as chooser:  # told first: the browser must be listening by then
            page.get_by_label("Picture", exact=True).focus()
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.type") == "file"
            page.keyboard.press("Space")
        chooser.value.set_files(file(stored(LARGE)))
        wait_for_own(page)
        assert np.abs(pixels(page) - MINE).max() <= 2

    @pytest.mark.parametrize("at", [".tk canvas", ".tk-title", ".tk-reading"])
    def test_dropped_anywhere_on_the_widget(self, page, at):
        went_on = hand(page, "drop", stored(LARGE), at=at)
        assert not went_on  # else the browser would leave the page for the file
        wait_for_own(page)
        assert np.abs(pixels(page) - MINE).max() <= 2

    def test_pasted_while_the_widget_has_the_focus(self, page):
        page.locator(".tk canvas").first.focus()
        hand(page, "paste", stored(LARGE))
        wait_for_own(page)
        assert np.abs(pixels(page) - MINE).max() <= 2

    def test_a_real_paste_by_keys(self, page):
        """The clipboard holds a text: the widget hears of it, and says that it is no picture."""
        page.evaluate(
            """() => {
              const area = document.createElement('textarea');
              document.body.append(area); area.value = 'words'; area.select();
              document.execCommand('copy'); area.remove();
            }"""
        )
        page.locator(".tk canvas").first.focus()
        page.keyboard.press("Control+V")
        wait_for_words(page, "The clipboard holds no picture")

    def test_pasted_elsewhere_it_is_none_of_the_widget_s_business(self, page):
        before = said(page)
        page.mouse.move(5, 5)
        hand(page, "paste", stored(LARGE), at="h1")
        page.wait_for_timeout(300)
        assert shown(page) == "first" and said(page) == before

    def test_of_two_widgets_the_one_with_the_focus_gets_it(self, draw, eraser):
        other = Eraser({"other": RNG.random((3, 9, 9))}, hole=np.zeros((9, 9), dtype=bool), patch=3)
        page = draw(eraser, other)
        page.locator(".tk").nth(1).locator("canvas").first.focus()
        hand(page, "paste", stored(LARGE), at="body")
        page.wait_for_function(
            "[...document.querySelectorAll('.tk')].at(1).querySelector('select').value === '1'"
        )
        assert shown(page) == "first"


class TestWhatComesOut:
    def given(self, page, content, **options):
        hand(page, "drop", content, **options)
        wait_for_own(page)
        return pixels(page)

    def test_its_middle_is_cut_out(self, page):
        wide = np.pad(LARGE, ((0, 0), (96, 96), (0, 0)))
        assert np.abs(self.given(page, stored(wide)) - MINE).max() <= 2

    def test_as_the_camera_was_held(self, page):
        exif = Image.Exif()
        exif[0x0112] = 6
        held = np.ascontiguousarray(np.rot90(LARGE))
        got = self.given(page, stored(held, "jpeg", exif=exif, quality=98), name="m.jpg", kind="image/jpeg")
        assert np.abs(got - MINE).mean() < 6

    def test_pixels_are_means_of_what_they_cover(self, page):
        checks = np.indices((ROWS * 8, COLUMNS * 8)).sum(0) % 2 * 255
        got = self.given(page, stored(checks.astype(np.uint8)))
        assert np.abs(got - 127.5).max() < 2

    def test_what_is_transparent_lies_on_white(self, page):
        clear = np.zeros((48, 64, 4), dtype=np.uint8)
        assert (self.given(page, stored(clear)) == 255).all()

    def test_one_grey_pixel(self, page):
        assert np.abs(self.given(page, stored(np.full((1, 1), 77, dtype=np.uint8))) - 77).max() <= 1

    def test_of_an_animated_one_the_first_frame(self, page):
        kept = io.BytesIO()
        first, second = (Image.new("RGB", (64, 48), colour) for colour in ("#c00000", "#0000c0"))
        first.save(kept, "webp", save_all=True, append_images=[second], duration=20, lossless=True)
        got = self.given(page, kept.getvalue(), name="a.webp", kind="image/webp")
        assert np.abs(got - [192, 0, 0]).max() <= 3

    def test_twenty_megapixels(self, page):
        many = np.kron(MINE[..., 0], np.ones((320, 320), dtype=np.uint8))
        got = self.given(page, stored(many, "jpeg", quality=90), name="large.jpg", kind="image/jpeg")
        assert np.abs(got[..., 0] - MINE[..., 0]).max() <= 4


class TestRefusedInWords:
    @pytest.mark.parametrize(
        ("content", "name", "kind"),
        [
            (b"no picture", "notes.txt", "text/plain"),
            (b"", "empty.png", "image/png"),
            (b"\x00\x00\x00\x18ftypheic" + bytes(64), "IMG_1.HEIC", "image/heic"),
            (stored(LARGE)[:40], "cut.png", "image/png"),
            (
                b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
                "<img src=x>.svg",
                "image/svg+xml",
            ),
        ],
    )
    @pytest.mark.parametrize("how", ["choose", "drop", "paste"])
    def test_no_picture(self, page, content, name, kind, how):
        before = pixels(page)
        if how == "choose":
            page.get_by_label("A photograph of your own").set_input_files(file(content, name, kind))
        else:
            page.locator(".tk canvas").first.focus()
            hand(page, how, content, name=name, kind=kind)
        wait_for_words(page, f"The file {name} cannot be read as a picture.")
        assert shown(page) == "first" and (pixels(page) == before).all()

    def test_too_big(self, page):
        page.evaluate(
            """() => {
              const data = new DataTransfer();
              data.items.add(new File([new Uint8Array(65e6)], "huge.png", { type: "image/png" }));
              const way = { dataTransfer: data, bubbles: true, cancelable: true };
              document.querySelector(".tk canvas").dispatchEvent(new DragEvent("drop", way));
            }"""
        )
        wait_for_words(page, "The file huge.png has 65 megabytes, and 64 are the most.")

    def test_something_dropped_that_is_no_file(self, page):
        hand(page, "drop", None)
        wait_for_words(page, "What was dropped is no file.")

    def test_none_opened_yet(self, page):
        page.get_by_label("Picture", exact=True).select_option(label="your own")
        assert said(page) == "Open a photograph of your own first." and shown(page) == "first"

    def test_the_one_that_was_given_last_counts(self, page):
        many = np.kron(MINE[..., 0], np.ones((200, 200), dtype=np.uint8))
        hand(page, "drop", stored(many))
        hand(page, "drop", stored(LARGE))
        wait_for_own(page)
        page.wait_for_timeout(1_500)
        assert np.abs(pixels(page) - MINE).max() <= 2


class TestLikeness:
    """The explorer of patches that look at those that look like them."""

    GRID, SIDE, SCALE = (3, 4), 4, 6.0  # MINE in 3 x 4 patches of 4 pixels

    def explorer(self, image):
        weights = alike(image / 255, self.GRID, self.SCALE)
        return AttentionExplorer(image / 255, weights, grid=self.GRID, query=(1, 2), likeness=self.SCALE)

    def test_weights_of_something_else_are_refused(self):
        other = alike(np.flip(MINE, 0) / 255, self.GRID, self.SCALE)
        with pytest.raises(ValueError, match="the softmax of the patches' likeness, got others"):
            AttentionExplorer(MINE / 255, other, grid=self.GRID, likeness=self.SCALE)
        with pytest.raises(ValueError, match="wanted square patches, got 12 x 16 pixels in 4 x 3"):
            AttentionExplorer(MINE / 255, np.full((1, 12, 12), 1 / 12), grid=(4, 3), likeness=self.SCALE)

    def test_the_page_computes_for_the_reader_s_picture_what_python_does(self, draw):
        page = draw(self.explorer(np.ascontiguousarray(np.flip(MINE, (0, 1)))))
        before = said(page)
        hand(page, "drop", stored(LARGE))
        page.wait_for_function("b => document.querySelector('.tk-reading').textContent !== b", arg=before)
        weights = alike(MINE / 255, self.GRID, self.SCALE)[0]
        for query in (6, 7, 3):
            row = weights[query].copy()
            best = int(row.argmax())
            assert f"{100 * row[best]:.0f} %" in said(page) or f"{100 * row[best]:.1f} %" in said(page)
            spread = np.exp(-(row * np.log(row)).sum())
            assert f"as if over {spread:.1f} of 12 patches" in said(page)
            page.get_by_label("Arrow keys move from patch").press("ArrowRight" if query == 6 else "ArrowUp")
        page.get_by_role("button", name="The first picture again").click()
        page.get_by_label("Arrow keys move from patch").press("ArrowDown")
        page.get_by_label("Arrow keys move from patch").press("ArrowLeft")
        page.wait_for_function("b => document.querySelector('.tk-reading').textContent === b", arg=before)

    def test_other_explorers_offer_nothing_that_they_could_not_keep(self, draw, photograph, attention):
        page = draw(AttentionExplorer(photograph, attention, grid=(4, 3)))
        assert page.locator("input[type=file]").count() == 0


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(draw, eraser, scheme, width):
    explorer = TestLikeness().explorer(MINE)
    page = draw(eraser, explorer, width=width, scheme=scheme)
    hand(page, "drop", stored(LARGE))
    wait_for_own(page)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(SMALL)
