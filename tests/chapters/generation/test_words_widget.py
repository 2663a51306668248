"""The words' widget: the page makes the picture that torch makes, by pointer, touch and keyboard."""

import json

import numpy as np
import pytest
import torch

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.generation.sentences import NOTHING, Sentence, encode, parse
from visual_attention.chapters.generation.word_transformer import WordTransformer, guided
from visual_attention.chapters.generation.words_widget import WordedPicture

SIZE, STEPS = 8, 4
SENTENCE = parse("a red 7 left of a blue 3")


@pytest.fixture(scope="module")
def model():
    """A small network whose answers differ from patch to patch and from word to word."""
    torch.manual_seed(3)
    model = WordTransformer((SIZE, SIZE), patch=4, dim=12, depth=2, heads=3)
    for layer in model.layers:
        torch.nn.init.normal_(layer.steer.weight, std=0.3)
        torch.nn.init.normal_(layer.ask.query.weight, std=0.6)
        torch.nn.init.normal_(layer.asking.weight, 1.0, 0.3)
        torch.nn.init.normal_(layer.asking.bias, std=0.3)
    return model.eval()


@pytest.fixture
def noise():
    return torch.randn(3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def widget(model, noise):
    return WordedPicture(model, noise, sentence=SENTENCE, steps=STEPS, step=1, guidance=2.0)


def reading(page) -> str:
    return page.locator(".tk-reading").inner_text()


def quarter(widget, word: int) -> str:
    """Where the widget should say that a word is asked most, with the share in percent."""
    taken = widget.formation()[2][widget.step].mean(0)[:, word].reshape(2, 2)  # a patch a quarter
    best = int(taken.argmax())
    names = ("upper left", "upper right", "lower left", "lower right")
    return f"{names[best]} {100 * taken.ravel()[best] / taken.sum():.0f} %"


def test_it_forms_what_the_sampler_makes(widget, model, noise):
    halves, ends, maps = widget.formation()
    assert halves.shape == ends.shape == (STEPS + 1, 3, SIZE, SIZE) and maps.shape == (STEPS + 1, 2, 4, 5)
    with torch.no_grad():
        x, words = noise[None], encode([SENTENCE])
        for step in range(STEPS):
            np.testing.assert_allclose(halves[step], x[0], atol=2e-2)
            x = x + guided(model, words, scale=2.0)(x, torch.tensor([step / STEPS])) / STEPS
    np.testing.assert_allclose(ends[-1], x[0], atol=2e-2)
    np.testing.assert_allclose(maps.sum(-1), np.ones((STEPS + 1, 2, 4)), atol=1e-5)


def test_a_forbidden_word_gets_nothing_and_changes_the_picture(widget):
    whole = widget.formation()[1]
    widget.forbidden = 2
    _, ends, maps = widget.formation()
    assert (maps[..., 2] == 0).all() and np.abs(ends[-1] - whole[-1]).max() > 1e-3
    np.testing.assert_allclose(maps.sum(-1), np.ones((STEPS + 1, 2, 4)), atol=1e-5)


def test_it_says_what_it_shows(widget):
    assert 'of "a red 7 left of a blue 3", before step 2 of 4' in widget.alt
    assert len(widget.still().axes) == 6


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"noise": torch.zeros(3, 4, 8)}, r"wanted noise \(3, H, H\)"),
        ({"guidance": 9}, "guidance from 0 to 8"),
        ({"step": 5}, "a step of 4"),
        ({"steps": 0}, "a step of 0"),
    ],
)
def test_what_does_not_fit_is_refused(model, noise, change, says):
    given = {"noise": noise, "sentence": SENTENCE, "steps": STEPS, "step": 0} | change
    with pytest.raises(ValueError, match=says):
        WordedPicture(model, given.pop("noise"), **given)


def test_a_network_that_does_not_ask_is_refused(noise):
    rival = WordTransformer((SIZE, SIZE), patch=4, dim=12, depth=1, heads=3, asks=False)
    with pytest.raises(ValueError, match="patches ask words"):
        WordedPicture(rival, noise, sentence=SENTENCE)


@pytest.mark.browser
class TestInThePage:
    @pytest.mark.parametrize(("guidance", "forbidden"), [(1.0, -1), (3.0, -1), (2.5, 1)])
    def test_javascript_gives_what_torch_gives(self, draw, widget, guidance, forbidden):
        page = draw(widget)
        widget.guidance, widget.forbidden = guidance, forbidden
        source = str(widget._esm).replace("export default { render };", "")
        how = {
            "heads": 3, "size": SIZE, "patch": 4, "steps": STEPS, "guidance": guidance, "forbidden": forbidden
        }  # fmt: skip
        state = {"numbers": widget.numbers.hex(), "shapes": widget.shapes, "words": widget.words, "how": how}
        state["noise"] = widget._noise.ravel().tolist()
        script = (
            f"(() => {{ {source}\n const state = {json.dumps(state)};"
            "const raw = new Uint8Array(state.numbers.match(/../g).map((two) => parseInt(two, 16)));"
            "const net = network(halves(tk.shorts(new DataView(raw.buffer))), state.shapes);"
            f"const way = form(net, state.noise, state.words, {NOTHING}, state.how);"
            "return way.map((one) => [[...one.x], [...one.seen], one.maps.map((map) => [...map])]); })()"
        )
        got = page.evaluate(script)
        for k, wanted in enumerate(widget.formation()):
            found = np.array([one[k] for one in got]).reshape(wanted.shape)
            np.testing.assert_allclose(found, wanted, atol=2e-3)

    def test_half_precision_is_read_right(self, draw, widget):
        page = draw(widget)
        source = str(widget._esm).replace("export default { render };", "")
        numbers = np.array([0, 1, -2.5, 6e-8, 3e-5, 65504, 0.333], dtype=np.float16)
        bits = numbers.view(np.uint16).tolist()
        got = page.evaluate(f"(() => {{ {source}\n return [...halves({bits})]; }})()")
        np.testing.assert_array_equal(np.array(got, dtype=np.float32), numbers.astype(np.float32))

    def test_it_opens_with_what_python_says(self, draw, widget):
        page = draw(widget)
        said = reading(page)
        assert '"a red 7 left of a blue 3", before step 2 of 4' in said
        assert all(f"{word}: {quarter(widget, k)}" in said for k, word in enumerate(SENTENCE.words))

    def test_words_are_picked_and_the_maps_follow(self, draw, widget):
        page = draw(widget)
        page.get_by_label("First colour").select_option(label="green")
        page.get_by_label("Lies").select_option(label="below")
        settle(page)
        widget.words = encode([Sentence(1, 7, 3, 2, 3)])[0].tolist()
        assert '"a green 7 below a blue 3"' in reading(page)
        assert f"green: {quarter(widget, 0)}" in reading(page)
        page.get_by_label("Second colour").select_option(label="green")
        settle(page)
        assert "never occurred in training" in reading(page)

    def test_steps_go_by_keyboard_and_end_with_the_picture(self, draw, widget):
        page = draw(widget)
        bar = page.get_by_label("Step", exact=True)
        bar.focus()
        page.keyboard.press("End")
        settle(page)
        assert "the picture is made" in reading(page)
        page.keyboard.press("Home")
        settle(page)
        widget.step = 0
        assert "before step 1 of 4" in reading(page) and f"7: {quarter(widget, 1)}" in reading(page)

    def test_a_word_is_forbidden_and_noise_changes(self, draw, widget):
        page = draw(widget)
        page.get_by_label("Forbid", exact=True).select_option(label="the second digit")
        settle(page)
        assert "3: nowhere" in reading(page)
        before = reading(page)
        page.get_by_role("button", name="Other noise").click()
        settle(page)
        assert reading(page) != before

    @pytest.mark.parametrize("width", [1280, 400])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_overflows(self, draw, widget, scheme, width):
        page = draw(widget, width=width, scheme=scheme)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.evaluate(SMALL)
