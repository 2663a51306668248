"""The widget deletes the cells that the map calls highest, and says what the network then says."""

import numpy as np
import pytest
import torch

from tests.axe.check import violations
from tests.chapters.explanation.worlds import pictures, untrained
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.explanation import deletion, fillings, maps, rivals
from visual_attention.chapters.explanation.widget import CellDeleter

NASTY = "<img src=x onerror=alert(1)>"
METHODS = {"gradient": maps.gradient, "centre": rivals.centre}


@pytest.fixture
def deleter():
    images, answers = pictures(3)
    prepared = deletion.prepare(untrained("convolutional"), images, answers, METHODS)
    return CellDeleter(*prepared, names=["one", "two", NASTY], removed=5)


def test_the_scores_are_the_network_s_own(deleter):
    model, (images, answers) = untrained("convolutional"), pictures(3)
    found = maps.gradient(model, images, answers)
    top = found[2].flatten().argsort(descending=True)[:5]
    gone = torch.zeros(36, dtype=torch.bool)
    gone[top] = True
    changed = fillings.replace(images, fillings.another(images), gone.view(1, 1, 6, 6).expand(3, -1, -1, -1))
    wanted = model(changed).softmax(1)[2, answers[2]].item()
    scores = np.frombuffer(deleter.scores, "<f4").reshape(3, 3, 3, 37)  # fillings, methods, pictures, counts
    assert scores[2, 0, 2, 5] == pytest.approx(wanted, abs=1e-5)
    orders = np.frombuffer(deleter.orders, np.uint8).reshape(3, 3, 36)
    assert orders[0, 2, :5].tolist() == top.tolist()
    assert all(sorted(order) == list(range(36)) for order in orders.reshape(-1, 36))


def test_nothing_gone_is_the_picture_and_all_gone_the_filling(deleter):
    model, (images, answers) = untrained("convolutional"), pictures(3)
    scores = np.frombuffer(deleter.scores, "<f4").reshape(3, 3, 3, 37)
    with torch.no_grad():
        whole = model(images).softmax(1).gather(1, answers[:, None])[:, 0]
        grey = model(fillings.grey(images)).softmax(1).gather(1, answers[:, None])[:, 0]
    np.testing.assert_allclose(scores[..., 0], np.broadcast_to(whole, (3, 3, 3)), atol=1e-5)
    np.testing.assert_allclose(scores[0, :, :, 36], np.broadcast_to(grey, (3, 3)), atol=1e-5)


def test_the_random_order_is_always_the_last(deleter):
    assert deleter.methods == ["gradient", "centre", "at random"]
    assert len(deleter.fillings) == 3 and deleter.shape == [24, 6]


def test_the_alt_text_tells_the_numbers(deleter):
    scores = np.frombuffer(deleter.scores, "<f4").reshape(3, 3, 3, 37)
    assert f"order of gradient the answer keeps {scores[0, 0, 0, 5]:.0%}," in deleter.alt
    assert f"at random the answer keeps {scores[0, 2, 0, 5]:.0%}." in deleter.alt


@pytest.mark.parametrize("images", [torch.rand(1, 1, 24, 24), torch.rand(2, 1, 28, 28)])
def test_other_pictures_are_refused(images):
    with pytest.raises(ValueError, match="wanted two or more pictures"):
        deletion.prepare(untrained("convolutional"), images, torch.zeros(len(images), dtype=torch.int64))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"names": ["one"]}, r"orders: wanted shape \(2, 1, 36\), got \(2, 2, 36\)"),
        ({"removed": 37}, "from 0 to 36 cells, got 37"),
        ({"fillings": ["grey"]}, "scores: wanted shape"),
    ],
)
def test_what_does_not_fit_is_refused(change, complaint):
    images, answers = pictures(2)
    prepared = deletion.prepare(untrained("convolutional"), images, answers, {"centre": rivals.centre})
    with pytest.raises(ValueError, match=complaint):
        CellDeleter(**(prepared._asdict() | {"names": ["one", "two"]} | change))


def captions(page):
    return page.locator(".tk-caption").all_text_contents()


def shown(view, filling, method, picture, count):
    scores = np.frombuffer(view.scores, "<f4").reshape(3, 3, 3, 37)
    part = float(scores[filling, method, picture, count])
    return f"{100 * part:.0f} %" if part >= 0.0995 else f"{100 * part:.1f} %"


@pytest.mark.browser
def test_it_opens_and_every_control_changes_what_it_says(draw, deleter):
    page = draw(deleter)
    assert captions(page)[0].startswith(f"gradient: {shown(deleter, 0, 0, 0, 5)}")
    assert captions(page)[1].startswith(f"at random: {shown(deleter, 0, 2, 0, 5)}")
    page.get_by_label("Cells gone").fill("12")
    page.get_by_label("In the order of").select_option(label="centre")
    page.get_by_label("Replaced by").select_option(label="blur")
    page.get_by_label("Picture", exact=True).select_option(label=NASTY)
    settle(page)
    assert captions(page)[0].startswith(f"centre: {shown(deleter, 1, 1, 2, 12)}")
    assert "12 of 36 cells replaced (blur)" in page.locator(".tk-reading").text_content()
    assert page.locator("img").count() == 0


@pytest.mark.browser
def test_arrow_keys_take_cells_away(draw, deleter):
    page = draw(deleter)
    page.get_by_label("Cells gone").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert captions(page)[0].startswith(f"gradient: {shown(deleter, 0, 0, 0, 6)}")


@pytest.mark.browser
def test_the_picture_shows_the_filling_where_cells_are_gone(draw, deleter):
    page = draw(deleter)
    page.get_by_label("Cells gone").fill("36")
    settle(page)
    read = """() => { const c = document.querySelectorAll('canvas')[0]; const g = c.getContext('2d');
        const middle = (k) => Math.round((k + 0.5) * c.width / 6);
        const at = (i) => g.getImageData(middle(i % 6), middle(Math.floor(i / 6)), 1, 1).data[0];
        return [...Array(36).keys()].map(at) }"""
    grey = round(float(fillings.grey(pictures(3)[0])[0, 0, 0, 0]) * 255)
    assert all(abs(value - grey) <= 1 for value in page.evaluate(read))


@pytest.mark.browser
@pytest.mark.parametrize("width,scheme", [(1280, "light"), (400, "dark"), (1280, "dark"), (400, "light")])
def test_axe_finds_nothing_and_nothing_overflows(draw, deleter, width, scheme):
    page = draw(deleter, width=width, scheme=scheme, touch=width == 400)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(SMALL)
