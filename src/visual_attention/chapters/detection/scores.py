"""How good is a detector, on objects of each size and on those that something hides?

The score is COCO's, computed by its authors' own code (pycocotools); this module only brings scenes and
detections into its form.

Paper: Tsung-Yi Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.
Chapter: notebooks/applications/detection.ipynb
"""

import contextlib
import io
import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from visual_attention.boxes import require_boxes, require_order, to_corners
from visual_attention.chapters.detection.answers import Answers
from visual_attention.chapters.detection.scenes import (
    HEAVY,
    KINDS,
    LARGE,
    SLIGHT,
    SMALL,
    Scenes,
    sizes,
)

EVER = math.inf
BY_SIZE = {  # square root of the box's area in pixels
    "small": (0.0, SMALL),
    "medium": (SMALL, LARGE),
    "large": (LARGE, EVER),
}
BY_HIDDEN = {  # hidden share of the object
    "in sight": (0.0, SLIGHT),
    "partly hidden": (SLIGHT, HEAVY),
    "heavily hidden": (HEAVY, 1.0),
}
BY_DIFFICULTY = {"small or hidden": (0.5, 1.5), "other": (-0.5, 0.5)}
ALL = (0.0, EVER)
LOOSE = (0.5,)  # AP50: a box counts as right from half an overlap on
STRICT = tuple(np.linspace(0.5, 0.95, 10).round(2))
MOST = 20  # detections of an image that count


def average_precision(found: Sequence[Answers], scenes: Scenes, *, strict: bool = True) -> dict[str, float]:
    """AP50 over all objects, and, if wanted, AP averaged over ten overlaps from 0.5 to 0.95, in percent.

    Answers and objects whose label is below 0 are padding, and count nowhere.

    Raises:
        ValueError: if there is no object, not one answer for each image, an unknown label, or a NaN.
    """
    loose = {"AP50": _score(found, scenes, overlaps=LOOSE)["all"]}
    return loose | {"AP": _score(found, scenes, overlaps=STRICT)["all"]} if strict else loose


def by_size(
    found: Sequence[Answers], scenes: Scenes, *, frame: tuple[int, int] | None = None
) -> dict[str, float]:
    """AP50 of small, medium and large objects, in percent.

    As COCO does it: a wrong box counts against the size that it has itself.

    Args:
        found: What a detector says, for each image.
        scenes: What is true.
        frame: Height and width in pixels in which sizes are measured; None for those of the images.
    """
    squared = {name: (low**2, high**2) for name, (low, high) in BY_SIZE.items()}
    return _score(found, scenes, ranges=squared, frame=frame)


def by_occlusion(found: Sequence[Answers], scenes: Scenes) -> dict[str, float]:
    """AP50 of objects in sight, partly hidden and heavily hidden, in percent.

    A wrong box has no hidden share, so it counts against all three.
    """
    bins = BY_HIDDEN.items()
    return {name: _score(found, scenes, ranges={name: b}, quantity=scenes.hidden)[name] for name, b in bins}


def by_difficulty(
    found: Sequence[Answers], scenes: Scenes, *, frame: tuple[int, int] | None = None
) -> dict[str, float]:
    """AP50 of objects that are small or heavily hidden, and of the others, in percent.

    A wrong box counts against both. `frame` as in `by_size`.
    """
    small = sizes(scenes.objects.cleared(), frame=frame or scenes.images.shape[2:]) < SMALL
    hard = (small | (scenes.hidden >= HEAVY)).float()
    bins = BY_DIFFICULTY.items()
    return {name: _score(found, scenes, ranges={name: b}, quantity=hard)[name] for name, b in bins}


def _score(
    found: Sequence[Answers],
    scenes: Scenes,
    *,
    ranges: dict[str, tuple[float, float]] | None = None,
    quantity: Tensor | None = None,
    overlaps: Sequence[float] = LOOSE,
    frame: tuple[int, int] | None = None,
) -> dict[str, float]:
    """COCO's average precision for each range of "area": the box's, or of another quantity of each object.

    With another quantity there must be one range only; wrong boxes are put into it, so that they count.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    ranges = {"all": ALL} if ranges is None else ranges
    inside = None if quantity is None else sum(next(iter(ranges.values()))) / 2
    frame, found = frame or scenes.images.shape[2:], _without_padding(found, len(scenes.images))
    wanted, given = _annotations(scenes, quantity, frame), _results(found, inside, frame)
    if not wanted:
        raise ValueError("scenes: wanted at least one object, got none: there is no precision to average")
    with contextlib.redirect_stdout(io.StringIO()):
        truth, answers = COCO(), COCO()
        known = {
            "images": [{"id": image} for image in range(len(scenes.images))],
            "categories": [{"id": label} for label in range(len(KINDS))],
        }
        truth.dataset, answers.dataset = known | {"annotations": wanted}, known | {"annotations": given}
        truth.createIndex(), answers.createIndex()
        judge = COCOeval(truth, answers, "bbox")
        judge.params.iouThrs = np.array(overlaps)
        judge.params.maxDets = [MOST]
        judge.params.areaRng = [list(bounds) for bounds in ranges.values()]
        judge.params.areaRngLbl = list(ranges)
        judge.evaluate(), judge.accumulate()
    precision = judge.eval["precision"][..., 0]  # (overlaps, recalls, classes, ranges); -1 without objects
    means = {}
    for place, name in enumerate(ranges):
        held = precision[..., place][precision[..., place] >= 0]
        means[name] = 100 * float(held.mean()) if held.size else float("nan")
    return means


def _without_padding(found: Sequence[Answers], images: int) -> list[Answers]:
    if len(found) != images:
        raise ValueError(f"wanted detections of {images} images, got {len(found)}")
    kept = []
    for boxes, labels, scores in found:
        if labels.ndim != 1 or boxes.shape != (len(labels), 4) or scores.shape != labels.shape:
            shapes = [tuple(part.shape) for part in (boxes, labels, scores)]
            raise ValueError(f"wanted detections (M, 4), (M,) and (M,), got {shapes}")
        real = labels >= 0
        one = Answers(boxes[real], labels[real], scores[real])
        require_boxes(one.boxes)
        require_order(one.scores)
        if len(one.labels) and (highest := int(one.labels.max())) >= len(KINDS):
            raise ValueError(f"wanted labels from 0 to {len(KINDS) - 1}, got {highest}")
        kept.append(one)
    return kept


def _annotations(scenes: Scenes, quantity: Tensor | None, frame: tuple[int, int]) -> list[dict]:
    objects = scenes.objects.cleared()
    image, place = objects.present.nonzero(as_tuple=True)
    boxes = _pixels(objects.boxes[image, place], frame)
    areas = [w * h for _, _, w, h in boxes] if quantity is None else quantity[image, place].tolist()
    labels = objects.labels[image, place].tolist()
    rows = zip(image.tolist(), labels, boxes, areas, strict=True)
    return [
        {"id": number, "image_id": i, "category_id": label, "bbox": box, "area": area, "iscrowd": 0}
        for number, (i, label, box, area) in enumerate(rows, start=1)
    ]


def _results(found: Sequence[Answers], inside: float | None, frame: tuple[int, int]) -> list[dict]:
    listed = []
    for image, one in enumerate(found):
        for box, label, score in zip(
            _pixels(one.boxes, frame), one.labels.tolist(), one.scores.tolist(), strict=True
        ):
            area = box[2] * box[3] if inside is None else inside
            listed.append(
                {"id": len(listed) + 1, "image_id": image, "category_id": label, "bbox": box, "score": score}
                | {"area": area, "iscrowd": 0}
            )
    return listed


def _pixels(boxes: Tensor, frame: tuple[int, int]) -> list[list[float]]:
    """Left, top, width, height in pixels, as COCO wants them."""
    height, width = frame
    corners = to_corners(boxes.double()) * boxes.new_tensor([width, height, width, height]).double()
    return [[x, y, w - x, h - y] for x, y, w, h in corners.tolist()]
