"""A portable widget is an ipywidget, a page and a picture at once, and no text breaks out of it."""

import base64
import json
import re

import anywidget
import numpy as np
import pytest
from traitlets import Bytes, Unicode

from visual_attention.view import figures, portable
from visual_attention.view.portable import VIEW, PortableWidget, pack, picture_url, safe_json

NASTY = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\u2028&amp;'\""


class Plain(PortableWidget):
    """The smallest widget: it writes its text and the numbers it was sent."""

    script = "plain.js"
    text = Unicode().tag(sync=True)
    numbers = Bytes().tag(sync=True)
    secret = Unicode("not for the page")

    def still(self):
        return figures.sheet(size=(1, 1))[0]


@pytest.fixture
def plain():
    return Plain(text=NASTY, label=NASTY, alt=NASTY, numbers=pack([1.5, -2.0]))


def state_of(page):
    return json.loads(re.search(r"const state = (.*);", page)[1])


def test_the_bundle_holds_the_live_view_the_page_and_the_picture(plain):
    data, _ = plain._repr_mimebundle_()
    assert data[VIEW]["model_id"] == plain.model_id
    assert data["text/html"].startswith("<div")
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == NASTY


def test_it_is_a_real_ipywidget_with_the_same_script(plain):
    assert isinstance(plain, anywidget.AnyWidget)
    assert str(plain._esm).rstrip().endswith(portable.EXPORT)
    assert "tk.softmax" not in plain.state()


def test_ipywidgets_7_asks_for_the_bundle_too(plain):
    assert plain._ipython_display_ is None


def test_no_text_leaves_its_place_in_the_page(plain):
    page = plain.page()
    assert page.count("</script>") == 1
    assert page.endswith("</script>")
    assert "<img src=x" not in page
    assert "<!--" not in page
    assert state_of(page)["text"] == NASTY


def test_json_keeps_the_value_and_loses_the_markup():
    written = safe_json({NASTY: [NASTY]})
    assert json.loads(written) == {NASTY: [NASTY]}
    assert not re.search("[<>&\u2028]", written)


def test_the_page_carries_the_traits_and_nothing_else(plain):
    assert set(state_of(plain.page())) == {"alt", "label", "text"}
    assert plain.state()["numbers"] == pack([1.5, -2.0])


def test_a_trait_set_by_the_browser_reaches_python_and_its_observers(plain):
    seen = []
    plain.observe(lambda change: seen.append(change.new), "text")
    plain.set_state({"text": "from the browser"})
    assert plain.text == "from the browser"
    assert seen == ["from the browser"]


def test_a_trait_set_in_python_is_sent(plain):
    plain.text = "new"
    assert plain.get_state("text") == {"text": "new"}


def test_two_displays_of_one_widget_are_the_same_page(plain):
    assert plain.page() == plain.page()


def test_an_alt_text_is_wanted():
    with pytest.raises(ValueError, match="wanted an alt text"):
        Plain(alt=" ").page()


def test_a_still_is_wanted():
    with pytest.raises(NotImplementedError, match="Figure"):
        PortableWidget(alt="x").still()


def test_pack_is_little_endian_row_by_row():
    assert pack(np.array([[1, 2], [3, 4]]).T, "uint8") == bytes([1, 3, 2, 4])
    assert pack([1.0]) == b"\x00\x00\x80\x3f"
    with pytest.raises(ValueError, match="wanted finite numbers, got 1"):
        pack([1.0, float("nan")])


@pytest.mark.parametrize(
    "source,complaint",
    [
        ("const x = 1;", "to end with"),
        ("import a from 'b';\nexport default { render };", "without 'import'"),
        ("export const a = 1;\nexport default { render };", "without 'export'"),
        ("const a = '</SCRIPT>';\nexport default { render };", "without '</SCRIPT'"),
        ("const a = '<!--';\nexport default { render };", "without '<!--'"),
    ],
)
def test_a_script_that_could_not_be_both_is_refused(tmp_path, source, complaint):
    file = tmp_path / "odd.js"
    file.write_text(source)
    with pytest.raises(ValueError, match=complaint):
        portable._module(file)


def test_a_small_picture_stays_sharp_and_a_large_one_small():
    assert picture_url(np.zeros((1, 28, 28))).startswith("data:image/png;base64,")
    large = picture_url(np.random.default_rng(0).random((3, 900, 700)), side=128)
    assert large.startswith("data:image/webp;base64,")
    assert len(large) < 30_000


@pytest.mark.browser
def test_the_page_runs_nothing_but_itself(draw, plain):
    page = draw(plain)
    assert page.locator(".tk-title").evaluate("e => e.textContent") == NASTY
    assert page.locator(".tk").get_attribute("aria-label") == NASTY
    assert page.locator("#text").evaluate("e => e.textContent") == NASTY
    assert page.locator("main img").count() == 0
    assert page.locator("script").count() == 1


@pytest.mark.browser
def test_bytes_arrive_as_a_data_view(draw, plain):
    assert draw(plain).locator("#numbers").inner_text() == "1.5,-2"


@pytest.mark.browser
def test_the_model_tells_changes_once_and_forgets_when_asked(draw, plain):
    assert draw(plain).locator("#log").inner_text() == "changed to b"


@pytest.mark.browser
def test_without_scripts_the_picture_stays(draw, plain):
    page = draw(plain, javascript=False)
    assert page.locator("img").get_attribute("alt") == NASTY


@pytest.mark.browser
def test_a_widget_that_fails_leaves_its_picture(browser, plain, tmp_path):
    file = tmp_path / "broken.html"
    file.write_text(plain.page().replace("return { render };", "return { render() { throw Error('no') } };"))
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.locator("img").is_visible()
    page.close()


@pytest.mark.browser
def test_many_widgets_share_a_page(draw, plain):
    other = Plain(text="other", label="Other", alt="other", numbers=pack([7]))
    page = draw(plain, other, plain)
    texts = page.locator("[id=text]").all_text_contents()
    assert texts == [NASTY, "other", NASTY]
    assert page.locator("style[data-tk]").count() == 1


@pytest.mark.browser
def test_the_live_form_draws_the_same(browser, plain):
    """What JupyterLab does: import the module, and give buffers that begin anywhere."""
    page = browser.new_page()
    got = page.evaluate(LIVE, [str(plain._esm), list(plain.numbers)])
    page.close()
    assert got == "1.5,-2"


LIVE = """async ([source, numbers]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const module = await import(url);
  const view = new DataView(new Uint8Array([9, ...numbers, 9]).buffer, 1, numbers.length);
  const state = { label: "L", text: "t", numbers: view };
  const model = { get: (n) => state[n], set() {}, on() {}, off() {}, save_changes() {} };
  module.default.render({ model, el: document.body });
  return document.querySelector("#numbers").textContent;
}"""
