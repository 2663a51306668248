"""The checkpoints: small, whole, and as good as the chapter says."""

import pytest
import torch

from visual_attention.boxes import suppress
from visual_attention.chapters.detection.grid import Detections
from visual_attention.chapters.detection.scores import average_precision
from visual_attention.chapters.detection.trained import RECIPES, curve, load, make, score
from visual_attention.chapters.detection.training import detect, drawn

# AP50 in percent on 300 scenes of the test: what the chapter shows, less 3.
REACHED = {"transformer": 46.0, "grid": 60.4, "grid with attention": 60.0}


def test_the_files_are_small():
    assert sum(recipe.file.stat().st_size for recipe in RECIPES.values()) < 2_000_000


@pytest.mark.parametrize("name", RECIPES)
def test_it_reaches_its_number(name):
    assert score(load(name), count=300) > REACHED[name]


def test_training_repeats_itself():
    (one, _), (two, _) = (make("transformer", steps=2, progress=False) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ValueError, match="wanted one of transformer, grid, grid with attention; got 'yolo'"):
        load("yolo")


def surplus(found):
    """Sure answers, and how many of them suppression throws away."""
    sure = [Detections(*(part[one.scores >= 0.5] for part in one)) for one in found]
    given = sum(len(one.scores) for one in sure)
    return given, given - sum(len(suppress(one.boxes, one.scores, one.labels)) for one in sure)


def test_what_the_chapter_says_of_talk_and_suppression():
    test = drawn(300, split="test", seed=10_000)
    model = load("transformer")
    talking = detect(model, test)
    kept = [suppress(one.boxes, one.scores, one.labels) for one in talking]
    cleaned = [Detections(*(p[k] for p in one)) for one, k in zip(talking, kept, strict=True)]
    for layer in model.decoder:
        torch.nn.init.zeros_(layer.talk.proj.weight)
        torch.nn.init.zeros_(layer.talk.proj.bias)
    silent = detect(model, test)
    scores = [average_precision(found, test)["AP50"] for found in (talking, silent, cleaned)]
    assert scores == pytest.approx([49.0, 26.7, 50.5], abs=0.3)
    given, gone = surplus(talking)
    assert gone / given == pytest.approx(0.177, abs=0.01) and surplus(silent)[1] < gone / 2


def test_the_curves_are_those_that_the_chapter_describes():
    slow, grids = curve("transformer"), [curve("grid"), curve("grid with attention")]
    at = dict(zip((round(t) for t in slow["seconds"]), slow["scores"], strict=True))
    assert [round(at[t]) for t in (56, 171, 484)] == [12, 33, 51] and round(at[358]) == 52
    for one in grids:
        assert one["seconds"][1] < 23 and one["scores"][1] > 48 and one["seconds"][-1] < 90
        assert round(one["scores"][-1]) in (65, 66)
    assert 358 / grids[0]["seconds"][1] == pytest.approx(17, abs=0.5)
    assert all(
        steps == RECIPES[name].steps // 8 * 8 for name, steps in ((n, curve(n)["steps"][-1]) for n in RECIPES)
    )
