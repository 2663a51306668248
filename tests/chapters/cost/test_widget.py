"""The widgets count what is computed and kept as the package does, and run the softmax step by step."""

import re

import numpy as np
import pytest

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.cost.local import CrissCross, Windows
from visual_attention.chapters.cost.widget import (
    FRAMES,
    WAYS,
    AttentionBill,
    RunningSoftmax,
    pieces,
    running,
    states,
)

SCORES, VALUES = [1.0, 0.5, 3.0, -1.0, 2.0, 3.5], [2, 0, 5, 1, 4, 3]


@pytest.mark.parametrize("side,window", [(4, 2), (8, 4), (12, 4)])
def test_who_is_never_asked_is_who_may_not_be_asked(side, window):
    local = {
        "windows": Windows(side, window=window),
        "shifted windows": Windows(side, window=window, shift=window // 2),
        "criss-cross": CrissCross(side),
    }
    for name, way in local.items():
        computed = pieces(name, side, window=window, block=4) >= 0
        assert (computed == way.allowed().numpy()).all(), name


def test_pieces_by_hand():
    assert (pieces("whole matrix", 4, window=2, block=4)[3] == 3).all()
    tiled = pieces("blocks", 4, window=2, block=8)
    assert tiled[0, 0] == 0 and tiled[0, 8] == 1 and tiled[8, 0] == 2 and tiled[15, 15] == 3


def test_states_by_hand():
    piece = np.array([[0, 1], [-1, 2]])
    assert states("blocks", piece, 0).tolist() == [[1, 1], [0, 1]]
    assert states("blocks", piece, 2).tolist() == [[2, 3], [0, 1]]
    assert states("whole matrix", piece, 2).tolist() == [[3, 3], [0, 1]]


@pytest.mark.parametrize("block", [1, 2, 3])
def test_the_running_softmax_ends_at_the_softmax(block):
    scores, values = np.array(SCORES), np.array(VALUES, dtype=float)
    kept = running(scores, values, block)
    assert len(kept) == 6 // block + 1
    shares = np.exp(scores) / np.exp(scores).sum()
    assert kept[-1][2] / kept[-1][1] == pytest.approx(shares @ values)
    assert kept[-1][0] == 3.5 and kept[-1][1] == pytest.approx(np.exp(scores - 3.5).sum())


@pytest.mark.parametrize(
    "build,complaint",
    [
        (lambda: AttentionBill("everything"), "way: wanted one of whole matrix"),
        (lambda: AttentionBill("blocks", 5), "side: wanted one of 4, 8, 12, 16; got 5"),
        (lambda: AttentionBill("blocks", window=3), "window: wanted one of 2, 4; got 3"),
        (lambda: AttentionBill("blocks", block=5), "block: wanted one of 4, 8, 16; got 5"),
        (lambda: RunningSoftmax([1.0], VALUES), "6 scores and 6 values, got shapes"),
        (lambda: RunningSoftmax([9.0] * 6, VALUES), "from -8 to 8"),
        (lambda: RunningSoftmax(SCORES, [np.nan] * 6), "finite values"),
        (lambda: RunningSoftmax(SCORES, VALUES, block=4), "block: wanted 1, 2 or 3, got 4"),
    ],
)
def test_what_cannot_be_shown_is_refused(build, complaint):
    with pytest.raises(ValueError, match=complaint):
        build()


def test_alt_texts_tell_the_numbers():
    assert "2,048 of 4,096 scores computed so far, 256 of them in memory" in AttentionBill("blocks", 8).alt
    assert "the mixture is 3.599" in RunningSoftmax(SCORES, VALUES).alt


def counted(page):
    """The four counts that the page writes."""
    return [
        int(text.replace(",", "")) for text in page.locator(".tk-columns .tk-value").all_text_contents()[:4]
    ]


@pytest.mark.browser
@pytest.mark.parametrize("way", WAYS)
def test_the_page_counts_as_the_package_does(draw, way):
    widget = AttentionBill(way, 12, window=4, block=16)
    page = draw(widget)
    assert counted(page) == [int((widget.now() == state).sum()) for state in range(4)]


@pytest.mark.browser
def test_choosing_and_playing(draw):
    page = draw(AttentionBill("blocks", 8), width=400, touch=True)
    page.get_by_label("whole matrix", exact=True).check(force=True)
    page.get_by_label("Progress", exact=True).focus()
    page.keyboard.press("End")
    assert counted(page) == [0, 0, 0, 4096]
    assert "4,096 computed, never more than 4,096 kept" in page.locator(".tk-reading").inner_text()
    page.get_by_label("Tokens", exact=True).select_option(label="16 on a grid of 4 x 4")
    assert counted(page) == [0, 0, 0, 256]
    page.get_by_label("shifted windows", exact=True).check(force=True)
    page.get_by_label("Window", exact=True).select_option(label="2 x 2 places")
    assert counted(page)[0] == 256 - int(Windows(4, window=2, shift=1).allowed().sum())
    page.keyboard.press("Home")


@pytest.mark.browser
def test_only_what_counts_can_be_set(draw):
    page = draw(AttentionBill("blocks", 8))
    assert (
        page.get_by_label("Window", exact=True).is_disabled()
        and page.get_by_label("Block", exact=True).is_enabled()
    )
    page.get_by_label("criss-cross", exact=True).check(force=True)
    assert (
        page.get_by_label("Window", exact=True).is_disabled()
        and page.get_by_label("Block", exact=True).is_disabled()
    )
    page.get_by_label("windows", exact=True).check(force=True)
    assert page.get_by_label("Window", exact=True).is_enabled()


@pytest.mark.browser
def test_larger_blocks_keep_more(draw):
    page = draw(AttentionBill("blocks", 8, block=4))
    assert "never more than 16 kept" in page.locator(".tk-reading").inner_text()
    page.get_by_label("Block", exact=True).select_option(label="16 queries and keys")
    assert "never more than 256 kept" in page.locator(".tk-reading").inner_text()


def sums(page):
    return page.locator(".tk-stage strong").all_text_contents()


@pytest.mark.browser
def test_the_softmax_runs_by_keyboard(draw):
    page = draw(RunningSoftmax(SCORES, VALUES))
    assert sums(page) == ["none yet", "0.000", "0.000", "nothing yet"]
    on = page.get_by_role("button", name="Take the next")
    on.focus()
    for best, total, mixed in running(np.array(SCORES), np.array(VALUES, float), 1)[1:]:
        page.keyboard.press("Enter")
        assert sums(page) == [f"{best:.3f}", f"{total:.3f}", f"{mixed:.3f}", f"{mixed / total:.3f}"]
    assert on.is_disabled()
    both = re.findall(r"\d+\.\d{6}", page.locator(".tk-reading").inner_text())
    assert len(both) == 2 and both[0] == both[1]


@pytest.mark.browser
def test_blocks_and_scores_can_be_changed(draw):
    page = draw(RunningSoftmax(SCORES, VALUES), width=400, touch=True)
    page.get_by_label("3", exact=True).check(force=True)
    page.get_by_role("button", name="Take the next").tap()
    assert sums(page)[0] == "3.000"
    page.get_by_label("Score 1").focus()
    page.keyboard.press("End")
    assert sums(page)[0] == "8.000"
    assert page.locator(".tk-stage").get_by_text("taken now").count() == 3
    page.get_by_role("button", name="Start again").tap()
    settle(page)
    assert sums(page)[0] == "none yet"


@pytest.mark.browser
def test_a_new_best_score_is_told(draw):
    page = draw(RunningSoftmax(SCORES, VALUES))
    for _ in range(3):
        page.get_by_role("button", name="Take the next").click()
    said = page.locator(".tk-reading").inner_text()
    assert "A new best score, 3.0: what was summed shrinks by 0.135" in said
    assert "0.135 x 1.607 + 1.000 = 1.217" in said
    page.get_by_role("button", name="Take the next").click()
    assert "The best score stays 3.0" in page.locator(".tk-reading").inner_text()


def test_frames_go_from_nothing_to_all():
    widget = AttentionBill("blocks", 4, block=4)
    widget.frame = 0
    assert (widget.now() == 1).all()
    widget.frame = FRAMES
    assert (widget.now() >= 2).all()


@pytest.mark.browser
@pytest.mark.parametrize("width,scheme", [(1280, "light"), (400, "dark")])
def test_axe_finds_nothing_and_nothing_overflows(draw, width, scheme):
    page = draw(
        AttentionBill("shifted windows", 8), RunningSoftmax(SCORES, VALUES), width=width, scheme=scheme
    )
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(SMALL)
