"""The pages open from a folder: no request, no error, axe is content, nothing is cut, light and dark."""

import numpy as np
import pytest
import torch

from tests.axe.check import violations
from tests.own.conftest import SIZE
from tests.widgets import settle
from visual_attention.own import (
    classify,
    features,
    film,
    fitting,
    folder,
    follow,
    look,
    page,
    report,
    weights,
)
from visual_attention.own.frames import mask_of_box, read_frames

NASTY = "<img src=x onerror=alert(1)>"


def head_of(right, guesses=None, looked=True):
    right = torch.tensor(right)
    shown = torch.softmax(torch.arange(16.0).expand(len(right), 16), 1) if looked else None
    return fitting.Scored("attention pool" if looked else "max of patches", guesses, right, shown, None)


@pytest.fixture(scope="module")
def result(material, tmp_path_factory):
    """A folder whose names are markup, with something of everything that a report can say."""
    import shutil

    root = tmp_path_factory.mktemp("odd")
    shutil.copytree(material / "grass", root / "x <b>&")
    shutil.copytree(material / "coffee", root / ("a_very_long_name_" * 4))
    (root / "notes.txt").write_text("")
    found = folder.labelled(root)
    notes = ((found.paths[0], "the first of its 2 frames was used"),)
    found = folder.Labelled(found.paths, found.labels, found.classes, found.refused, notes)
    guesses = torch.tensor(found.labels)
    guesses[3] = 1
    whole = head_of([label == guess for label, guess in zip(found.labels, guesses, strict=True)], guesses)
    other = head_of([True] * 4 + [False] * 6, guesses, looked=False)
    return classify.Classified(found, [whole, other], whole, other, [(0, 2)], SIZE // 14)


@pytest.fixture(scope="module")
def pages(result, tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    model = weights.stand_in()
    picture = np.random.default_rng(0).random((56, 84, 3))
    frames = read_frames([picture, picture[::-1]], patch=14, longer=84)
    extractor = features.Extractor(weights.STAND_IN)
    mask = mask_of_box((0, 0, 28, 28), 56, 84)
    carried = follow.follow(frames, mask, extractor, progress=False)
    written = {
        "report": report.of_folder(result, NASTY, size=SIZE, stand_in=True),
        "look": look.looked(picture, model, name=NASTY),
        "film": film.followed(carried, NASTY),
    }
    return {name: page.write(text, root / f"{name}.html") for name, text in written.items()}


@pytest.fixture
def opened(browser, pages):
    """Opens a page and at the end asks whether it went wrong or asked for anything."""
    contexts, wrong = [], []

    def open_page(name, *, width=1280, scheme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        contexts.append(context)
        one = context.new_page()
        one.on("pageerror", lambda error: wrong.append(str(error)))
        one.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        one.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        local = (pages[name].as_uri(), "data:")
        one.on("request", lambda asked: asked.url.startswith(local) or wrong.append(asked.url))
        one.on("requestfailed", lambda asked: wrong.append(f"failed: {asked.url[:80]}"))
        one.goto(pages[name].as_uri())
        if options.get("java_script_enabled", True):
            settle(one)
        return one

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


@pytest.mark.browser
@pytest.mark.parametrize("name", ["report", "look", "film"])
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_is_content_and_nothing_is_cut(opened, name, width, scheme):
    one = opened(name, width=width, scheme=scheme)
    assert violations(one) == []
    assert one.evaluate("document.documentElement.scrollWidth") <= width
    assert one.evaluate(CUT) == []
    light = one.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (scheme == "light")


# What reaches beyond the window without a frame that scrolls by keyboard, and pictures that did not load.
CUT = """() => [...document.querySelectorAll('main *')]
  .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest('.wide[tabindex="0"]') && !e.closest('.tk-strip, svg'))
  .concat([...document.images].filter(i => i.complete && !i.naturalWidth))
  .map(e => e.outerHTML.slice(0, 90))"""


@pytest.mark.browser
def test_what_is_cut_would_be_seen(opened):
    one = opened("report", width=400)
    wide = "<hr style='width: 900px'><img alt='none' src='data:image/png;base64,AA'>"
    one.evaluate("wide => document.querySelector('main').insertAdjacentHTML('beforeend', wide)", wide)
    settle(one)
    assert len(one.evaluate(CUT)) == 2


@pytest.mark.browser
@pytest.mark.parametrize("name", ["report", "look", "film"])
def test_without_scripts_it_can_be_read(opened, name):
    one = opened(name, java_script_enabled=False)
    assert one.locator("h1").inner_text().endswith(NASTY)
    assert one.locator("main img").count() >= 1 and all(
        len(image.get_attribute("alt").split()) >= 5 for image in one.locator("main img").all()
    )


@pytest.mark.browser
def test_the_widgets_are_alive(opened):
    reading = opened("look").locator(".tk .tk-reading").first
    before = reading.inner_text()
    reading.page.locator(".tk [role=application]").press("ArrowUp")
    settle(reading.page)
    assert reading.inner_text() != before
    film_page = opened("film")
    film_page.locator(".tk input[type=range]").first.press("ArrowRight")
    film_page.locator(".tk", has_text="Frame 2:").wait_for(timeout=5_000)


class TestTheReportSays:
    def text(self, result, **options):
        return report.of_folder(result, "holiday", size=SIZE, **options)

    def test_the_accuracy_with_its_interval_and_what_chance_gives(self, result):
        said = report.summary(result)
        low, high = result.scores[0].interval()
        assert "<strong>90 %</strong>" in said and f"{100 * low:.0f} % to {100 * high:.0f} %" in said
        assert "would be right in 50 %" in said

    def test_markup_in_names_is_text(self, result):
        text = self.text(result)
        assert "x <b>" not in text and "x &lt;b&gt;&amp;" in text

    def test_each_picture_the_wrong_one_first(self, result):
        told = report.gallery(result, SIZE).split("<figcaption>")[1:]
        assert len(told) == 10 and "taken for" in told[0] and not any("taken for" in t for t in told[1:])
        assert "in row 4 of 4, column 4." in report.gallery(result, SIZE)

    def test_confusions_row_by_row(self, result):
        assert result.confusions().tolist() == [[4, 1], [0, 5]]
        assert report.confusions(result).count("<td>") == 4

    def test_what_was_not_used_and_what_in_part(self, result):
        text = self.text(result)
        assert "notes.txt: it lies beside the classes" in text and "the first of its 2 frames" in text

    def test_who_gave_the_features(self, result):
        assert "nobody trained" in self.text(result, stand_in=True) and "nobody trained" not in self.text(
            result
        )

    def test_ahead_behind_or_not_clear(self, result):
        whole, other = result.scores
        assert "not clearly different from the max of patches" in report.verdict(result) or (
            "ahead of the max of patches" in report.verdict(result)
        )
        mean, low, high = fitting.difference(whole, other)
        assert mean == pytest.approx(0.5) and ("ahead of" in report.verdict(result)) == (low > 0)
        turned = classify.Classified(result.found, [other, whole], whole, other, [], 4)
        assert ("behind the" in report.verdict(turned)) == (low > 0)

    def test_few_pictures_and_twins(self, result):
        assert "10 pictures are few: one picture more or less right moves the accuracy by 10.0 points" in (
            report.few(result)
        )
        assert "1 pairs of pictures" in report.twins(result) and "0.png" in report.twins(result)
        lone = classify.Classified(result.found, result.scores, result.confetti, result.border, [], 4)
        assert report.twins(lone) == "No two pictures are nearly the same."

    @pytest.mark.parametrize(
        ("left", "whole", "says"),
        [
            (0.85, 0.9, "nearly as many as of whole pictures"),
            (0.7, 0.9, "a part of the answers needs shapes"),
            (0.55, 0.9, "the answers need shapes"),
            (0.55, 0.55, "hardly named better"),
        ],
    )
    def test_what_a_test_that_takes_something_away_says(self, left, whole, says):
        assert says in report.shortcut("Without any whole thing", left, whole, 0.5, "shapes")


def test_numbers_in_words():
    assert [page.signed(x) for x in (0.1234, -0.05, 0.001, -0.001)] == ["+12", "−5", "0", "0"]
    assert page.percent(0.949) == "95 %"


def test_a_map_lies_where_it_belongs():
    shares = torch.zeros(2, 3)
    shares[1, 0] = 1
    shown = page.over(torch.full((3, 4, 6), 0.5), shares)
    assert shown.shape == (3, 4, 6)
    assert (shown[0, 2:, :2] > 0.7).all() and (shown[0, :2] < 0.5).all()  # yellow there, violet elsewhere


def test_rows_without_registers_sum_to_one():
    draw = torch.softmax(torch.randn(2, 3, 7, 7, generator=torch.Generator().manual_seed(0)), -1)
    left = look.without_registers(draw, 2)
    assert left.shape == (2, 3, 5, 5)
    torch.testing.assert_close(left.sum(-1), torch.ones(2, 3, 5))
    torch.testing.assert_close(left[..., 0, 1] / left[..., 0, 0], draw[..., 0, 3] / draw[..., 0, 0])
    assert torch.equal(look.without_registers(draw, 0), draw / draw.sum(-1, keepdim=True))
