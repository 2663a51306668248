"""The JavaScript's numbers are those of numpy, and its colours those of matplotlib."""

import matplotlib
import numpy as np
import pytest

from visual_attention.view import portable

pytestmark = pytest.mark.browser


@pytest.fixture
def tk(browser):
    """A function that evaluates an expression with the toolkit at hand."""
    page = browser.new_page()
    yield lambda expression, argument=None: page.evaluate(
        f"(given) => {{ {portable._toolkit()}\n return {expression}; }}", argument
    )
    page.close()


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 3.7])
def test_softmax_is_numpys(tk, temperature):
    scores = np.random.default_rng(1).normal(size=37) * 9
    raised = np.exp((scores - scores.max()) / temperature)
    got = tk(f"[...tk.softmax(given, {temperature})]", scores.tolist())
    np.testing.assert_allclose(got, raised / raised.sum(), atol=1e-6, rtol=1e-6)
    assert sum(got) == pytest.approx(1, abs=1e-12)


def test_softmax_of_huge_scores_stays_finite(tk):
    assert tk("[...tk.softmax([1000, 999, -1000])]") == pytest.approx([0.7310586, 0.2689414, 0], abs=1e-6)


def test_sigmoid_is_numpys_and_never_overflows(tk):
    scores = [-800.0, -3.0, 0.0, 0.7, 800.0]
    want = [0, 1 / (1 + np.exp(3)), 0.5, 1 / (1 + np.exp(-0.7)), 1]
    assert tk("given.map(tk.sigmoid)", scores) == pytest.approx(want, abs=1e-12)


def test_effective_number_is_one_for_one_place_and_n_for_uniform_weights(tk):
    assert tk("tk.effective([0, 1, 0])") == pytest.approx(1)
    assert tk("tk.effective([0.2, 0.2, 0.2, 0.2, 0.2])") == pytest.approx(5)


def test_viridis_is_matplotlibs_within_a_shade(tk):
    got = np.array(tk("Array.from({length: 256}, (_, i) => tk.viridis(i / 255))"))
    want = matplotlib.colormaps["viridis"](np.arange(256))[:, :3] * 255
    assert np.abs(got - want).max() < 2.5


def test_heat_paints_values_row_by_row(tk):
    small = "tk.heat([0, 1, 2, 3, 4, 5], 2, 3, 5, null, false)"
    assert tk(f"(c => [c.width, c.height])({small})") == [3, 2]
    third = tk(f"[...{small}.getContext('2d').getImageData(2, 0, 1, 1).data]")
    assert third == [*tk("tk.viridis(0.4)"), 255]


@pytest.mark.parametrize("kind,offset", [("floats", 4), ("floats", 3), ("bytes", 5)])
def test_bytes_are_read_from_the_middle_of_a_buffer(tk, kind, offset):
    numbers = [3.0, 1.5, 250.0] if kind == "floats" else [3, 1, 250]
    content = portable.pack(np.array(numbers), "float32" if kind == "floats" else "uint8")
    code = f"[...tk.{kind}(new DataView(new Uint8Array(given).buffer, {offset}, {len(content)}))]"
    assert tk(code, [9] * offset + list(content) + [9, 9]) == numbers


def test_text_is_never_markup(tk):
    nasty = "<img src=x onerror=alert(1)>"
    made = tk("(e => [e.children.length, e.textContent])(tk.element('p', { title: given }, given))", nasty)
    assert made == [0, nasty]
