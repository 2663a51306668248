"""The network in NumPy and in the page gives what torch gives, and the reader can reach all of it."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.classification.classifier import Classifier
from visual_attention.chapters.classification.plain_network import PlainNetwork
from visual_attention.chapters.classification.trained import folded
from visual_attention.chapters.classification.widget import DigitFinder, overlaps, shrink
from visual_attention.mechanisms.soft import SoftAttentionPool

NASTY = "<img src=x onerror=alert(1)>"
RNG = np.random.default_rng(0)
BACKGROUNDS = {"cat": 0.6 * RNG.random((48, 48)), NASTY: 0.3 * RNG.random((48, 48))}
DIGITS = np.zeros((10, 28, 28))
for k in range(10):
    DIGITS[k, 2:26, 4 + k : 8 + k] = 1.0  # bars that differ


@pytest.fixture(scope="module")
def model():
    """A network with statistics as after training, and scores that prefer some places."""
    torch.manual_seed(4)
    model = Classifier(width=6, pool=lambda channels: SoftAttentionPool(channels, 5))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.02, 0.4)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
    torch.nn.init.normal_(model.pool.conv2.weight, std=1.0)
    torch.nn.init.normal_(model.head.weight, std=1.0)
    return model.eval()


@pytest.fixture
def widget(model):
    return DigitFinder(folded(model), BACKGROUNDS, DIGITS)


def by_torch(model, picture):
    x = torch.from_numpy(np.asarray(picture)).float()[None, None]
    with torch.no_grad():
        return model.place_map(x)[0, 0].numpy(), model(x)[0].softmax(0).numpy()


def shown(page):
    texts = page.locator(".tk-stage .tk-value").all_text_contents()
    return np.array([float(text.removesuffix(" %")) for text in texts])


class TestInPython:
    def test_numpy_gives_what_torch_gives(self, model):
        picture = RNG.random((48, 48))
        for got, want in zip(
            PlainNetwork(folded(model)).look(picture), by_torch(model, picture), strict=True
        ):
            assert got.shape == want.shape
            np.testing.assert_allclose(got, want, atol=1e-5)

    def test_the_picture_is_the_photograph_with_the_digit_on_it(self, widget):
        picture = widget.picture()
        row, column = widget.corner
        ink = shrink(DIGITS[7], 18)
        window = BACKGROUNDS["cat"][row : row + 18, column : column + 18] * (1 - ink) + 0.9 * ink
        np.testing.assert_allclose(picture[row : row + 18, column : column + 18], window)
        widget.digit, widget.photograph = -1, 1
        np.testing.assert_array_equal(widget.picture(), BACKGROUNDS[NASTY])

    @pytest.mark.parametrize("size", [12, 24, 40, 90])
    def test_pictures_of_any_size_have_room_for_the_digit(self, model, size):
        finder = DigitFinder(folded(model), {"cat": np.full((size, size), 0.2)}, DIGITS)
        top, left = finder.corner
        assert 0 <= min(top, left) and max(top, left) + finder.side <= size
        assert finder.picture().shape == (size, size) and finder.picture().max() > 0.5
        np.testing.assert_allclose(finder.look()[1], by_torch(model, finder.picture())[1], atol=1e-5)

    def test_shrinking_keeps_the_mean(self):
        digit = RNG.random((28, 28))
        for side in (1, 7, 9, 18, 28):
            assert shrink(digit, side).shape == (side, side)
            assert shrink(digit, side).mean() == pytest.approx(digit.mean())
        np.testing.assert_allclose(shrink(digit, 14)[0, 0], digit[:2, :2].mean())
        np.testing.assert_allclose(overlaps(3, 2), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]])

    def test_the_alt_text_tells_the_answer(self, widget):
        best = int(widget.look()[1].argmax())
        assert f"The network answers {best}, " in widget.alt and "a handwritten 7" in widget.alt

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda layers: layers[:5], "six layers, got 5"),
            (lambda layers: [layers[0], *layers[2:], layers[1]], r"wanted a layer \(n, 16, 3, 3\)"),
            (lambda layers: [(w, b[:-1], s) for w, b, s in layers], "with n biases"),
            (lambda layers: [(w * np.nan, b, s) for w, b, s in layers], "finite"),
        ],
    )
    def test_a_network_that_does_not_fit_is_refused(self, model, change, says):
        with pytest.raises(ValueError, match=says):
            PlainNetwork(change(folded(model)))

    @pytest.mark.parametrize(
        ("photographs", "digits", "says"),
        [
            ({}, DIGITS, "square grey photographs"),
            ({"a": np.zeros((48, 40))}, DIGITS, "square grey photographs"),
            ({"a": np.zeros((48, 48)), "b": np.zeros((32, 32))}, DIGITS, "square grey photographs"),
            ({"a": np.full((48, 48), 2.0)}, DIGITS, "photographs from 0 to 1, got 2 to 2"),
            (BACKGROUNDS, DIGITS[:9], "ten digits"),
            (BACKGROUNDS, DIGITS - 1, "digits from 0 to 1"),
        ],
    )
    def test_what_cannot_be_shown_is_refused(self, model, photographs, digits, says):
        with pytest.raises(ValueError, match=says):
            DigitFinder(folded(model), photographs, digits)


@pytest.mark.browser
class TestInThePage:
    def test_javascript_gives_what_torch_gives(self, draw, widget, model):
        page = draw(widget)
        source = str(widget._esm).replace("export default { render };", "")
        picture = RNG.random((48, 48)).astype(np.float32)
        state = {
            "numbers": widget.numbers.hex(),
            "shapes": widget.shapes,
            "picture": picture.ravel().tolist(),
        }
        script = (
            f"(() => {{ {source}\n const state = {json.dumps(state)};"
            "const raw = new Uint8Array(state.numbers.match(/../g).map((two) => parseInt(two, 16)));"
            "const numbers = tk.floats(new DataView(raw.buffer));"
            "const { map, shares, grid } = look(unpack(numbers, state.shapes), state.picture, 48);"
            "return { map: [...map], shares: [...shares], grid }; })()"
        )
        got = page.evaluate(script)
        weights, shares = by_torch(model, picture)
        assert got["grid"] == 12
        np.testing.assert_allclose(np.reshape(got["map"], (12, 12)), weights, atol=1e-4)
        np.testing.assert_allclose(got["map"], weights.ravel(), rtol=1e-3)
        np.testing.assert_allclose(got["shares"], shares, atol=1e-4)

    def test_it_opens_with_the_answer_of_python(self, draw, widget):
        page = draw(widget)
        np.testing.assert_allclose(shown(page), 100 * widget.look()[1], atol=0.51)
        assert f"It answers {int(widget.look()[1].argmax())}, " in page.locator(".tk-reading").inner_text()

    def test_keys_move_the_digit(self, draw, widget):
        page = draw(widget)
        page.get_by_label("Arrow keys move the digit").focus()
        for key in ("ArrowDown", "ArrowDown", "Shift+ArrowLeft"):
            page.keyboard.press(key)
        settle(page)
        widget.corner = [8, 16]
        np.testing.assert_allclose(shown(page), 100 * widget.look()[1], atol=0.51)

    def test_a_drag_moves_it_and_stops_at_the_edge(self, draw, widget):
        page = draw(widget)
        box = page.get_by_label("Arrow keys move the digit").bounding_box()
        page.mouse.move(box["x"] + 5, box["y"] + 5)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
        page.mouse.up()
        settle(page)
        widget.corner = [15, 30]
        np.testing.assert_allclose(shown(page), 100 * widget.look()[1], atol=0.51)

    def test_selects_and_the_size(self, draw, widget):
        page = draw(widget)
        page.get_by_label("Photograph", exact=True).select_option(label=NASTY)
        page.get_by_label("Digit on it").select_option("3")
        slider = page.get_by_label("Its size")
        slider.focus()
        slider.press("ArrowRight")
        slider.press("ArrowRight")
        settle(page)
        widget.photograph, widget.digit, widget.side, widget.corner = 1, 2, 20, [5, 19]
        widget.digit = 2  # the fourth option: none, 0, 1, 2
        np.testing.assert_allclose(shown(page), 100 * widget.look()[1], atol=0.51)

    def test_a_photograph_alone_is_told_not_to_mean_anything(self, draw, widget):
        page = draw(widget)
        page.get_by_role("button", name="Photograph alone").click()
        settle(page)
        widget.digit = -1
        np.testing.assert_allclose(shown(page), 100 * widget.look()[1], atol=0.51)
        assert "says nothing about the photograph" in page.locator(".tk-reading").inner_text()
        page.get_by_role("button", name="Start again").click()
        settle(page)
        widget.digit = 7
        np.testing.assert_allclose(shown(page), 100 * widget.look()[1], atol=0.51)

    def test_the_pen_draws_by_pointer_and_by_keys_and_is_wiped(self, draw, widget):
        page = draw(widget)
        page.get_by_role("button", name="Photograph alone").click()
        alone = shown(page)
        page.get_by_label("draws with a pen").check(force=True)
        box = page.get_by_label("Arrow keys move the digit").bounding_box()
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
        page.mouse.up()
        settle(page)
        drawn = shown(page)
        assert np.abs(drawn - alone).max() > 0.05
        assert "of its weight lies in the digit's square" in page.locator(".tk-reading").inner_text()
        page.get_by_role("button", name="Wipe the pen").click()
        settle(page)
        np.testing.assert_allclose(shown(page), alone, atol=0.01)
        page.get_by_label("Arrow keys move the digit").focus()
        page.keyboard.press("Space")
        for _ in range(12):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        settle(page)
        assert np.abs(shown(page) - alone).max() > 0.05

    def test_a_photograph_of_ones_own_is_read_in_the_page(self, draw, widget, model):
        page = draw(widget)
        grey = np.kron(RNG.integers(0, 256, size=(6, 6)), np.ones((64, 64))).astype(np.uint8)
        wide = np.concatenate([np.zeros((384, 50), np.uint8), grey, np.zeros((384, 50), np.uint8)], axis=1)
        stored = io.BytesIO()
        Image.fromarray(wide).save(stored, "png")
        page.get_by_role("button", name="Photograph alone").click()
        upload = {"name": "mine.png", "mimeType": "image/png", "buffer": stored.getvalue()}
        page.get_by_label("A photograph of your own").set_input_files(upload)
        page.wait_for_function(
            "document.querySelector('.tk-field select').selectedOptions[0].text === 'your own'"
        )
        settle(page)
        small = np.kron(grey[::64, ::64].astype(float), np.ones((8, 8)))
        small = (small - small.min()) / (small.max() - small.min())
        np.testing.assert_allclose(shown(page), 100 * by_torch(model, 0.6 * small)[1], atol=0.8)
        page.get_by_label("one of a dark digit").check(force=True)
        settle(page)
        np.testing.assert_allclose(shown(page), 100 * by_torch(model, 1 - small)[1], atol=0.8)

    def test_a_file_that_is_no_picture_is_named(self, draw, widget):
        page = draw(widget)
        upload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
        page.get_by_label("A photograph of your own").set_input_files(upload)
        page.wait_for_function("document.querySelector('.tk-reading').textContent.includes('notes.txt')")
        assert "cannot be read as a picture" in page.locator(".tk-reading").inner_text()

    @pytest.mark.parametrize("width", [1280, 400])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_overflows(self, draw, widget, scheme, width):
        page = draw(widget, width=width, scheme=scheme)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.evaluate(SMALL)
