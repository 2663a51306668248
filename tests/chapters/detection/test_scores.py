"""COCO's score on cases that can be worked by hand."""

import pytest
import torch

from visual_attention.chapters.detection.answers import Answers
from visual_attention.chapters.detection.scenes import Objects, Scenes
from visual_attention.chapters.detection.scores import (
    average_precision,
    by_difficulty,
    by_occlusion,
    by_size,
)


@pytest.fixture
def scenes():
    """A small one in sight and a large heavily hidden one of class 0; a large one of class 1; nothing."""
    boxes = torch.zeros(3, 2, 4)
    boxes[0, 0] = torch.tensor([0.25, 0.25, 0.125, 0.125])  # 8 x 8 px
    boxes[0, 1] = torch.tensor([0.75, 0.75, 0.375, 0.375])  # 24 x 24 px
    boxes[1, 0] = torch.tensor([0.5, 0.5, 0.375, 0.375])
    labels = torch.tensor([[0, 0], [1, 0], [0, 0]])
    present = torch.tensor([[True, True], [True, False], [False, False]])
    hidden = torch.tensor([[0.0, 0.6], [0.2, 0.0], [0.0, 0.0]])
    return Scenes(torch.zeros(3, 3, 64, 64), Objects(boxes, labels, present), hidden)


def found(*rows):
    """Rows of (box, label, score) -> Answers."""
    if not rows:
        return Answers(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), torch.zeros(0))
    boxes, labels, scores = zip(*rows, strict=True)
    return Answers(torch.stack(boxes), torch.tensor(labels), torch.tensor(scores))


def perfect(scenes):
    return [
        found(*((box, int(label), 0.9) for box, label in zip(boxes[there], labels[there], strict=True)))
        for boxes, labels, there in zip(*scenes.objects, strict=True)
    ]


def test_perfect_answers_get_100(scenes):
    got = perfect(scenes)
    assert average_precision(got, scenes) == {"AP50": pytest.approx(100), "AP": pytest.approx(100)}
    by_bins = by_size(got, scenes) | by_occlusion(got, scenes)
    assert by_bins.pop("medium") != by_bins.get("medium")  # NaN: there is none
    assert all(value == pytest.approx(100) for value in by_bins.values()) and len(by_bins) == 5


def test_no_answers_get_0(scenes):
    assert average_precision([found()] * 3, scenes)["AP50"] == 0


def test_half_the_objects_of_a_class(scenes):
    got = perfect(scenes)
    got[0] = found((scenes.objects.boxes[0, 1], 0, 0.9))  # the small one is missed
    # class 0: precision 1 up to recall 0.5, so 51 of 101 places; class 1: 1
    assert average_precision(got, scenes)["AP50"] == pytest.approx(100 * (51 / 101 + 1) / 2)
    assert by_size(got, scenes)["small"] == 0 and by_size(got, scenes)["large"] == pytest.approx(100)
    assert by_occlusion(got, scenes)["in sight"] == 0
    assert by_occlusion(got, scenes)["heavily hidden"] == pytest.approx(100)


def test_a_second_box_for_one_object_is_wrong(scenes):
    got = perfect(scenes)
    box = scenes.objects.boxes[0, 0]
    rows = [(box, 0, 0.99), (box, 0, 0.98), (scenes.objects.boxes[0, 1], 0, 0.5)]
    got[0] = found(*rows)
    # right, wrong, right: precision 1 to recall 0.5, then 2/3
    want = (51 + 50 * 2 / 3) / 101
    assert average_precision(got, scenes)["AP50"] == pytest.approx(100 * (want + 1) / 2)


def test_a_wrong_box_where_nothing_is_counts(scenes):
    got = perfect(scenes)
    got[2] = found((torch.tensor([0.5, 0.5, 0.3, 0.3]), 1, 0.99))
    assert average_precision(got, scenes)["AP50"] == pytest.approx(75)
    assert by_occlusion(got, scenes)["partly hidden"] == pytest.approx(50)


def test_a_wrong_class_is_wrong_and_width_is_not_height(scenes):
    got = perfect(scenes)
    got[1] = found((scenes.objects.boxes[1, 0], 0, 0.1))
    assert average_precision(got, scenes)["AP50"] == pytest.approx(50)
    tall = scenes._replace(
        objects=scenes.objects._replace(boxes=scenes.objects.boxes * torch.tensor([1, 1, 2, 0.5]))
    )
    assert average_precision(perfect(tall), tall)["AP50"] == pytest.approx(100)
    assert average_precision(perfect(scenes), tall)["AP50"] < 20


def test_small_or_hidden_and_the_others(scenes):
    got = perfect(scenes)
    assert by_difficulty(got, scenes) == {"small or hidden": pytest.approx(100), "other": pytest.approx(100)}
    got[0] = found()  # both objects of scene 0 are hard
    assert by_difficulty(got, scenes) == {"small or hidden": 0, "other": pytest.approx(100)}
    got = perfect(scenes)
    got[1] = found()
    assert by_difficulty(got, scenes) == {"small or hidden": pytest.approx(100), "other": 0}


def test_a_loose_box_counts_at_half_an_overlap_only(scenes):
    got = perfect(scenes)
    wide = scenes.objects.boxes[1, 0] * torch.tensor([1, 1, 1.0, 0.7])  # an overlap of 0.7
    got[1] = found((wide, 1, 0.9))
    scores = average_precision(got, scenes)
    assert scores["AP50"] == pytest.approx(100)
    assert scores["AP"] == pytest.approx(100 * (1 + 0.45) / 2, abs=5.1)


def sized(scenes, height, width):
    """The same scenes on pictures of another size: an object keeps its pixels, not its share."""
    shrink = torch.tensor([64 / width, 64 / height]).repeat(2)
    boxes = scenes.objects.boxes * shrink
    return scenes._replace(
        images=torch.zeros(3, 3, height, width), objects=scenes.objects._replace(boxes=boxes)
    )


@pytest.mark.parametrize(("height", "width"), [(128, 128), (96, 480), (2000, 64)])
def test_sizes_are_counted_in_the_pixels_of_the_pictures(scenes, height, width):
    other = sized(scenes, height, width)
    for answers in (perfect, lambda one: [found(), *perfect(one)[1:]]):
        assert by_size(answers(other), other) == pytest.approx(by_size(answers(scenes), scenes), nan_ok=True)
        assert by_difficulty(answers(other), other) == by_difficulty(answers(scenes), scenes)
    measured = by_size(perfect(other), other, frame=(4000, 4000))  # seen in more detail, nothing is small
    assert measured["small"] != measured["small"] and measured["large"] == pytest.approx(100)
    assert by_difficulty([found(), *perfect(other)[1:]], other, frame=(4000, 4000))["other"] < 100


def test_an_object_may_be_larger_than_any_on_a_small_picture(scenes):
    giant = scenes._replace(images=torch.zeros(3, 3, 3000, 3000))  # 1125 x 1125 pixels
    assert average_precision(perfect(giant), giant)["AP"] == pytest.approx(100)
    assert average_precision([found()] * 3, giant)["AP"] == 0


def test_padding_counts_nowhere(scenes):
    got = perfect(scenes)
    padded = [
        Answers(
            torch.cat([torch.full((2, 4), float("nan")), one.boxes]),
            torch.cat([torch.tensor([-1, -100]), one.labels]),
            torch.cat([torch.tensor([float("nan"), 5.0]), one.scores]),
        )
        for one in got
    ]
    boxes, labels, present = (part.clone() for part in scenes.objects)
    boxes[~present], labels[1, 1], labels[2] = -7.0, 99, -1
    present[2] = True  # there by its mark, padding by its label
    dirty = scenes._replace(objects=Objects(boxes, labels, present))
    for score in (average_precision, by_size, by_occlusion, by_difficulty):
        assert score(padded, dirty) == pytest.approx(score(got, scenes), nan_ok=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda got: got[:2], "detections of 3 images, got 2"),
        (lambda got: [*got, found()], "detections of 3 images, got 4"),
        (lambda got: [got[0]._replace(scores=got[0].scores * float("nan")), *got[1:]], "order, got 2 NaN"),
        (lambda got: [got[0]._replace(boxes=got[0].boxes * float("nan")), *got[1:]], "boxes: wanted finite"),
        (lambda got: [got[0]._replace(labels=got[0].labels + 3), *got[1:]], "labels from 0 to 2, got 3"),
        (lambda got: [got[0]._replace(scores=got[0].scores[:1]), *got[1:]], r"\(M,\), got \[\(2, 4\)"),
    ],
)
def test_answers_that_do_not_fit_are_refused(scenes, change, says):
    with pytest.raises(ValueError, match=says):
        average_precision(change(perfect(scenes)), scenes)


def test_scenes_without_objects_are_refused(scenes):
    empty = scenes._replace(objects=scenes.objects._replace(present=torch.zeros(3, 2).bool()))
    with pytest.raises(ValueError, match="at least one object, got none"):
        average_precision([found()] * 3, empty)
