"""The page's trackers say what torch's say, and the board does what it should."""

import re

import numpy as np
import pytest
import torch

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.boxes import iou
from visual_attention.chapters.tracking.controls import UniformTracker
from visual_attention.chapters.tracking.follow import follow, regions, template_of
from visual_attention.chapters.tracking.trackers import AttentionTracker, CorrelationTracker
from visual_attention.chapters.tracking.tracks import sequences
from visual_attention.chapters.tracking.trained import plain
from visual_attention.chapters.tracking.widget import Film, PlainTracker, TrackPlayer
from visual_attention.training import seeded

FRAMES = 3
KINDS = {"attention": AttentionTracker, "correlation": CorrelationTracker, "uniform": UniformTracker}


@pytest.fixture(scope="module")
def films():
    drawn = sequences(2, split="test", frames=FRAMES, generator=torch.Generator().manual_seed(3))
    exact = drawn._replace(frames=(drawn.frames * 255).round() / 255)  # as the page gets them
    gone = exact.present.clone()
    gone[1, 2, 0] = False
    return exact._replace(present=gone)


@pytest.fixture(scope="module")
def models():
    made = {}
    for name, kind in KINDS.items():
        with seeded(1):
            model = kind(width=8, dim=6)
            model.train()(
                torch.rand(4, 3, 24, 24), torch.rand(4, 3, 48, 48)
            )  # statistics that are not 0 and 1
            torch.nn.init.normal_(model.extent[3].weight, std=0.2)
        made[name] = model.eval()
    return made


def build(drawn, models, **changes):
    templates = (template_of(drawn.frames[:, 0], drawn.boxes[:, 0, 0]) * 255).round() / 255
    shown = [
        Film(name, drawn.frames[i], drawn.boxes[i, :, 0], drawn.present[i, :, 0], templates[i])
        for i, name in enumerate(("first", "second"))
    ]
    trackers = [
        PlainTracker(f"with {name}", name, plain(m), 8, 6, follow(m, drawn).boxes[0])
        for name, m in models.items()
    ]
    settings = {"films": shown, "trackers": trackers, "board": torch.full((3, 64, 64), 0.5)} | changes
    return TrackPlayer(**settings)


class TestPython:
    def test_what_does_not_fit_is_refused(self, films, models):
        good = build(films, models)
        film, tracker = good._films[0], good._trackers[0]
        short = Film("short", film.frames[:2], film.boxes, film.present, film.template)
        odd = PlainTracker("odd", "none", tracker.numbers, 8, 6, tracker.first)
        long = Film(
            "long",
            *(torch.cat([part] * 11) for part in (film.frames, film.boxes, film.present)),
            film.template,
        )
        for changes, says in (
            ({"films": []}, "wanted films and trackers, got 0"),
            ({"films": [short]}, "short: wanted frames"),
            ({"trackers": [odd]}, "odd: wanted a kind"),
            ({"films": [long]}, "show fewer frames"),
            ({"frame": 3}, "frame: wanted 0 to 2, got 3"),
        ):
            with pytest.raises(ValueError, match=says):
                build(films, models, **changes)

    def test_the_still_shows_the_frame_and_two_boxes(self, films, models):
        made = build(films, models, frame=1)
        axes = made.still().axes
        assert len(axes[0].patches) == 2 and "Frame 2 of 3" in made.alt
        np.testing.assert_allclose(
            axes[0].images[0].get_array().transpose(2, 0, 1), films.frames[0, 1], atol=1e-6
        )


def reading(page):
    settle(page)
    settle(page)
    return page.locator(".tk-reading").text_content()


def told(text):
    """Overlap (None if the target is gone) and chance in percent."""
    overlap = re.search(r"true box ([\d.]+)\.", text)
    chance = re.search(r"says the tracker: ([\d.]+) %", text)
    return (float(overlap.group(1)) if overlap else None), float(chance.group(1))


def lies_at(page, x):
    """Wait until the slider says that the board lies there, within a pixel."""
    slider = page.get_by_label("Board, from left to right").element_handle()
    page.wait_for_function("([s, x]) => Math.abs(s.valueAsNumber - x) <= 1", arg=[slider, x], timeout=20_000)


@pytest.mark.browser
class TestPage:
    def test_it_says_what_torch_says(self, draw, films, models):
        """Every frame of the first film, for each kind of tracker."""
        page = draw(build(films, models))
        for name, model in models.items():
            page.get_by_label(f"with {name}").check()
            path = follow(model, films)
            overlaps = iou(path.boxes, films.boxes[:, :, 0])[0]
            for frame in range(1, FRAMES):
                page.get_by_label("Frame", exact=True).fill(str(frame))
                overlap, chance = told(reading(page))
                assert overlap == pytest.approx(overlaps[frame].item(), abs=0.011)
                assert chance == pytest.approx(100 * path.presence[0, frame].item(), abs=1)

    def test_the_board_changes_the_answer_as_it_does_in_torch(self, draw, films, models):
        page = draw(build(films, models, frame=1))
        page.get_by_label("Board over this frame").check()
        page.get_by_label("Size of the board").fill("10")
        page.get_by_label("Board, from left to right").fill("30")
        page.get_by_label("Board, from top to bottom").fill("20")
        covered = films.frames[:1, 1].clone()
        covered[:, :, 15:25, 25:35] = round(255 * 0.5) / 255
        model = models["attention"]
        path = follow(model, films)
        cut = regions(covered, path.corners[:1, 1])
        template = (template_of(films.frames[:1, 0], films.boxes[:1, 0, 0]) * 255).round() / 255
        with torch.no_grad():
            found = model(template, cut)
        box = found.boxes.clone()
        box[:, :2] += path.corners[:1, 1]
        overlap, chance = told(reading(page))
        assert overlap == pytest.approx(iou(box / 64, films.boxes[:1, 1, 0]).item(), abs=0.011)
        assert chance == pytest.approx(100 * found.presence.item(), abs=1)

    def test_the_board_is_dragged_and_moved_by_keys(self, draw, films, models):
        page = draw(build(films, models))
        page.get_by_label("Board over this frame").check()
        page.get_by_label("Board, from left to right").fill("20")
        page.get_by_label("Board, from top to bottom").fill("20")
        lies_at(page, 20)
        canvas = page.locator("canvas").first
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        at = lambda x, y: (box["x"] + x / 64 * box["width"], box["y"] + y / 64 * box["height"])  # noqa: E731
        page.mouse.move(*at(20, 20))
        page.mouse.down()
        page.mouse.move(*at(40, 30), steps=4)
        page.mouse.up()
        lies_at(page, 40)
        page.mouse.move(*at(10, 10), steps=2)  # let go: it stays
        canvas.focus()
        page.keyboard.press("ArrowRight")
        lies_at(page, 41)

    def test_parts_are_chosen_by_pointer_and_keys(self, draw, films, models):
        page = draw(build(films, models))
        target = page.locator("canvas").nth(2)
        box = target.bounding_box()
        page.mouse.click(box["x"] + box["width"] * 2.5 / 12, box["y"] + box["height"] * 2.5 / 12)
        assert "lies outside of the target's disc" in reading(page)
        target.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        assert "The chosen part weighs most at" in reading(page)

    def test_a_film_without_the_target_says_so(self, draw, films, models):
        page = draw(build(films, models))
        page.get_by_label("second").check()
        page.get_by_label("Frame", exact=True).fill("2")
        assert "the target is gone" in reading(page)

    @pytest.mark.parametrize("width", [1280, 400])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_overflows(self, draw, films, models, scheme, width):
        page = draw(build(films, models), width=width, scheme=scheme)
        settle(page)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.evaluate(SMALL)
