"""The click widget: the page answers as torch does, by pointer, touch and keyboard, and hides no mark-up."""

import json

import numpy as np
import pytest
import torch

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.segmentation.click_widget import ClickMask
from visual_attention.chapters.segmentation.prompt import Prompted

NASTY = "<img src=x onerror=alert(1)>"
SIDE = 16
RNG = np.random.default_rng(0)
LABELS = np.zeros((SIDE, SIDE), dtype=int)
LABELS[2:8, 3:9], LABELS[10:14, 9:15] = 1, 2


def pictures():
    rng = np.random.default_rng(1)
    return [("scene 1", rng.random((3, SIDE, SIDE)), LABELS), (NASTY, rng.random((3, SIDE, SIDE)), LABELS.T)]


@pytest.fixture(scope="module")
def model():
    """A network with statistics as after training, whose answers differ from pixel to pixel."""
    torch.manual_seed(4)
    model = Prompted(dim=8)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.02, 0.4)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
    torch.nn.init.normal_(model.decoder.read.weight, std=1.0)
    torch.nn.init.normal_(model.decoder.looks[0].query.weight, std=1.0)
    return model.eval()


@pytest.fixture
def widget(model):
    return ClickMask(model, pictures(), click=(4, 5))


def said(page) -> tuple[int, float | None]:
    """How many pixels the page says are marked, and the IoU."""
    text = page.locator(".tk-reading").inner_text()
    marked = int(text.split(": ")[1].split(" of ")[0])
    iou = float(text.split("first click ")[1].split(". ")[0]) if "IoU" in text else None
    return marked, iou


def wanted(widget) -> tuple[int, float]:
    return int((widget.answer()[0] > 0).sum()), pytest.approx(widget.iou(), abs=0.0051)


def test_the_answer_is_that_of_the_network(widget, model):
    image = torch.from_numpy(np.round(255 * pictures()[0][1]) / 255).float()[None]
    with torch.no_grad():
        scores = model(image, torch.tensor([[[4.0, 5.0, 1.0]]]))[0, 0].numpy()
    np.testing.assert_allclose(widget.answer()[0], scores, atol=1e-4)
    assert widget.answer()[1].sum() == pytest.approx(1, abs=1e-4)
    widget.looks = False
    np.testing.assert_allclose(widget.answer()[1], np.full((8, 8), 1 / 64), atol=1e-6)


def test_iou_is_with_the_thing_under_the_first_click(widget):
    found = widget.answer()[0] > 0
    thing = LABELS == 1
    assert widget.iou() == pytest.approx((found & thing).sum() / (found | thing).sum())
    widget.clicks = [[0, 0, 1]]
    assert widget.iou() == 0
    assert "row 5, column 6" in widget.alt


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pictures": []}, "wanted square pictures"),
        ({"pictures": [("a", np.zeros((3, 16, 12)), np.zeros((16, 12)))]}, "wanted square pictures"),
        ({"pictures": [("a", np.zeros((3, 18, 18)), np.zeros((18, 18)))]}, "whose sides 4 divides"),
        ({"pictures": [("a", np.full((3, 16, 16), 2.0), LABELS)]}, "from 0 to 1"),
        ({"click": (16, 3)}, "a click within 16 x 16"),
    ],
)
def test_what_cannot_be_shown_is_refused(model, change, says):
    with pytest.raises(ValueError, match=says):
        ClickMask(model, **({"pictures": pictures(), "click": (1, 1)} | change))


@pytest.mark.parametrize("parts", [{"depth": 2}, {"looks": "at the click"}])
def test_other_decoders_are_refused(parts):
    with pytest.raises(ValueError, match="one look"):
        ClickMask(Prompted(dim=8, **parts), pictures(), click=(1, 1))


@pytest.mark.browser
class TestInThePage:
    @pytest.mark.parametrize("looks", [True, False])
    @pytest.mark.parametrize("clicks", [[[4, 5, 1]], [[4, 5, 1], [11, 3, -1]]])
    def test_javascript_gives_what_torch_gives(self, draw, widget, clicks, looks):
        page = draw(widget)
        widget.clicks, widget.looks = clicks, looks
        source = str(widget._esm).replace("export default { render };", "")
        state = {"numbers": widget.numbers.hex(), "shapes": widget.shapes, "clicks": clicks, "looks": looks}
        state["picture"] = widget._values[0].ravel().tolist()
        script = (
            f"(() => {{ {source}\n const state = {json.dumps(state)};"
            "const raw = new Uint8Array(state.numbers.match(/../g).map((two) => parseInt(two, 16)));"
            "const net = network(tk.floats(new DataView(raw.buffer)), state.shapes);"
            f"const seen = see(net, Float64Array.from(state.picture), {SIDE});"
            f"const made = answer(net, seen, state.clicks, {widget.heads}, state.looks);"
            "return { scores: [...made.scores], weights: [...made.weights] }; })()"
        )
        got = page.evaluate(script)
        scores, weights = widget.answer()
        np.testing.assert_allclose(np.reshape(got["scores"], scores.shape), scores, atol=2e-3)
        np.testing.assert_allclose(np.reshape(got["weights"], weights.shape), weights, atol=1e-4)

    def test_it_opens_with_the_answer_of_python(self, draw, widget):
        page = draw(widget)
        assert said(page) == wanted(widget)

    def test_clicks_by_pointer_answer_correct_and_begin_anew(self, draw, widget):
        page = draw(widget)
        box = page.get_by_label("Enter clicks").bounding_box()

        def press(row, column):
            page.mouse.click(
                box["x"] + (column + 0.5) / SIDE * box["width"], box["y"] + (row + 0.5) / SIDE * box["height"]
            )
            settle(page)

        page.get_by_label("not this").check(force=True)
        press(11, 12)
        widget.clicks = [[4, 5, 1], [11, 12, -1]]
        assert said(page) == wanted(widget) and "Two clicks" in page.locator(".tk-reading").inner_text()
        press(12, 11)
        widget.clicks = [[12, 11, 1]]
        assert said(page) == wanted(widget)

    def test_keys_click_and_escape_forgets(self, draw, widget):
        page = draw(widget)
        page.get_by_label("Enter clicks").focus()
        page.keyboard.press("Escape")
        settle(page)
        assert "No click yet" in page.locator(".tk-reading").inner_text()
        for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
            page.keyboard.press(key)
        settle(page)
        widget.clicks = [[6, 6, 1]]
        assert said(page) == wanted(widget)

    def test_the_look_can_be_taken_away_and_pictures_change(self, draw, widget):
        page = draw(widget)
        page.get_by_label("Let the clicks look").uncheck(force=True)
        settle(page)
        widget.looks = False
        assert said(page) == wanted(widget)
        assert "64 of 64 places" in page.locator(".tk-reading").inner_text()
        page.get_by_label("Picture", exact=True).select_option(label=NASTY)
        settle(page)
        assert "No click yet" in page.locator(".tk-reading").inner_text()

    @pytest.mark.parametrize("width", [1280, 400])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_overflows(self, draw, widget, scheme, width):
        page = draw(widget, width=width, scheme=scheme)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.evaluate(SMALL)
