"""The widget of the decoder: the page answers as torch does, by pointer and keyboard, and says so."""

import json

import numpy as np
import pytest
import torch

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.question_answering import sentences
from visual_attention.chapters.question_answering.decoder import PictureDecoder
from visual_attention.chapters.question_answering.decoder_widget import AskInWords, tiles

SHOWN = tiles(2, seed=3)
NASTY = "<img src=x onerror=alert(1)>"
MOVED = [8, 1, 2, 3, 4, 9, 6, 7, 0]


def decoder(seed):
    torch.manual_seed(seed)
    model = PictureDecoder(dim=8, depth=2)
    torch.nn.init.normal_(model.head.weight, std=1.0)
    return model.eval()


@pytest.fixture
def widget():
    return AskInWords({"what is there": decoder(1), NASTY: decoder(2)}, SHOWN)


def test_the_answer_is_that_of_the_decoder(widget):
    asked = torch.tensor([[sentences.token(word) for word in ("colour", "left", "7", "?")]])
    cells = SHOWN.features[:1, :9]
    with torch.no_grad():
        said = decoder(1).say(cells, asked)
        weights = decoder(1).weights(cells, torch.cat([asked, said], 1)[:, :-1])[0, 1].mean(0)
    text, shares, shown = widget.answer()
    assert text == sentences.text(said[0]) and 0 < shares.min() and shares.max() <= 1
    torch.testing.assert_close(shown, weights)
    widget.training = 1
    assert not torch.allclose(widget.answer()[1], shares)


def test_moving_a_thing_moves_the_truth(widget):
    names = [sentences.NAMES[name] if name >= 0 else "" for name in SHOWN.scenes.names[0].tolist()]
    cell = next(k for k, name in enumerate(names) if name)
    widget.question = ["colour", "of", names[cell]]
    assert widget.truth().startswith(f"{names[cell]} is ")
    widget.order = [9 if place == cell else place for place in range(9)]
    assert widget.truth() == "none is there ."


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match="decoders? or several of one shape"):
        AskInWords({}, SHOWN)
    with pytest.raises(ValueError, match="of one shape"):
        AskInWords({"a": decoder(1), "b": PictureDecoder(dim=16, depth=2)}, SHOWN)
    with pytest.raises(ValueError, match="three words of the small world, got"):
        AskInWords({"a": decoder(1)}, SHOWN, question=("what", "is", "there"))


def reading(page) -> str:
    return page.locator(".tk-reading").inner_text()


def agrees(page, widget) -> bool:
    """Whether the page says what torch says, and whether that is true."""
    text, shares, _ = widget.answer()
    told = reading(page)
    there = widget.truth() != "none is there ."
    verdict = "That is true." if text == widget.truth() else f"True would be: {widget.truth()}"
    if not there and text != "none is there .":
        verdict = "this answer is invented"
    return f"It says: {text} (" in told and verdict in told and f"{100 * shares[0]:.0f}" in told


@pytest.mark.browser
class TestInThePage:
    @pytest.mark.parametrize("order", [list(range(9)), MOVED])
    def test_javascript_gives_what_torch_gives(self, draw, widget, order):
        page = draw(widget)
        widget.order = order
        source = str(widget._esm).replace("export default { render };", "")
        asked = [sentences.token(word) for word in (*widget.question, "?")]
        state = {"numbers": widget.numbers.hex(), "shapes": widget.shapes, "asked": asked}
        state["cells"] = SHOWN.features[0, order].flatten().tolist()
        script = (
            f"(() => {{ {source}\n const state = {json.dumps(state)};"
            "const raw = new Uint8Array(state.numbers.match(/../g).map((two) => parseInt(two, 16)));"
            "const net = network(tk.floats(new DataView(raw.buffer)), state.shapes, 0);"
            "const cells = Float64Array.from(state.cells);"
            f"const made = say(net, {widget.depth}, {widget.heads}, cells, state.asked, 4);"
            "const maps = made.maps.map((map) => [...map]);"
            "return { tokens: made.tokens, shares: made.shares, maps }; })()"
        )
        got = page.evaluate(script)
        text, shares, weights = widget.answer()
        assert sentences.text(torch.tensor(got["tokens"][4:])) == text
        np.testing.assert_allclose(got["shares"], shares, atol=1e-4)
        np.testing.assert_allclose(np.reshape(got["maps"][widget.block], (16, 16)), weights, atol=1e-4)

    def test_it_opens_with_the_answer_of_python(self, draw, widget):
        assert agrees(draw(widget), widget)

    def test_words_are_composed_and_trainings_change(self, draw, widget):
        page = draw(widget)
        page.get_by_label("Second word").select_option(label="of")
        page.get_by_label("Third word").select_option(label="triangle")
        settle(page)
        widget.question = ["colour", "of", "triangle"]
        assert agrees(page, widget)
        page.get_by_label("First word").select_option(label="many")
        page.get_by_label("Third word").select_option(label="blue")
        settle(page)
        widget.question = ["many", "are", "blue"]
        assert agrees(page, widget)
        page.get_by_label(NASTY).check(force=True)
        settle(page)
        widget.training = 1
        assert agrees(page, widget)

    def test_a_thing_is_moved_by_pointer_and_removed_by_key(self, draw, widget):
        page = draw(widget)
        board = page.get_by_label("Enter takes a thing")
        box = board.bounding_box()
        cell = next(k for k in range(9) if SHOWN.scenes.names[0, k] >= 0)
        empty = next(k for k in range(9) if SHOWN.scenes.names[0, k] < 0)
        for place in (cell, empty):
            x, y = (place % 3 + 0.5) / 3, (place // 3 + 0.5) / 3
            page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
            settle(page)
        order = list(range(9))
        order[cell], order[empty] = empty, cell
        widget.order = order
        assert agrees(page, widget)
        board.focus()
        page.keyboard.press("Delete")  # the cursor is where the thing was put down
        settle(page)
        widget.order = [9 if place == empty else tile for place, tile in enumerate(order)]
        assert agrees(page, widget)
        page.keyboard.press("Escape")
        settle(page)
        widget.order = list(range(9))
        assert agrees(page, widget)

    def test_keys_take_a_thing_and_put_it_down(self, draw, widget):
        page = draw(widget)
        page.get_by_label("Enter takes a thing").focus()
        cell = next(k for k in range(9) if SHOWN.scenes.names[0, k] >= 0)
        for key in ["ArrowDown"] * (cell // 3) + ["ArrowRight"] * (cell % 3) + ["Enter"]:
            page.keyboard.press(key)
        settle(page)
        assert "You hold the" in reading(page)
        step = "ArrowLeft" if cell % 3 == 2 else "ArrowRight"
        page.keyboard.press(step)
        page.keyboard.press("Enter")
        settle(page)
        other = cell + (1 if step == "ArrowRight" else -1)
        order = list(range(9))
        order[cell], order[other] = other, cell
        widget.order = order
        assert agrees(page, widget) and "You hold" not in reading(page)

    def test_steps_show_who_looked_where(self, draw, widget):
        page = draw(widget)
        page.get_by_label("Next step").click()
        settle(page)
        widget.step = 4
        _, _, weights = widget.answer()
        share = weights[9 + 4, :9].sum()
        said = widget.answer()[0].split()[1]
        assert f"Saying “{said}”, block 2 puts {100 * share:.0f}" in reading(page).replace("\u202f", "")

    @pytest.mark.parametrize("width", [1280, 400])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_overflows(self, draw, widget, scheme, width):
        page = draw(widget, width=width, scheme=scheme)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.evaluate(SMALL)
