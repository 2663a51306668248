"""Checks for the exercises on detection.

Chapter: notebooks/applications/detection.ipynb
"""

from collections.abc import Callable

import torch
from torch import Tensor

from visual_attention.boxes import iou
from visual_attention.chapters.detection import mistakes as wrong
from visual_attention.chapters.detection import set_mistakes as wrong_sets
from visual_attention.chapters.detection import written
from visual_attention.exercises.means import ATTENTION
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check

SMALL = torch.tensor(
    [[7, 9, 8, 9], [4, 5, 1, 2], [7, 5, 8, 3], [1, 8, 9, 6], [3, 9, 2, 7]]
)  # all shortcuts fail


@examined(
    points=2,
    right=wrong.corners,
    axes={"N boxes": 7},
    name="your corners",
    mistakes=wrong.CORNERS,
    gradients=("boxes",),
    about=About("Where are the corners?", "coordinates of boxes", 5, "warm-up"),
)
def check_to_corners(draw, N):
    """Boxes (N, 4) by centre and size become boxes by left, top, right and bottom."""
    return torch.cat([draw(N, 2), draw(N, 2).abs() + 0.1], dim=1)


@examined(
    points=5,
    right=wrong.generalised,
    axes={"N pairs": 11},
    name="your numbers",
    mistakes=wrong.OVERLAP,
    gradients=("first", "second"),
    about=About(
        "How far apart are two boxes that do not touch?", "overlap of boxes, also of those apart", 20
    ),
)
def check_generalised_iou(draw, N):
    """Pairs of boxes (N, 4) by corners become their generalised intersection over union (N,)."""
    first, second = boxes_of(draw, N), boxes_of(draw, N)
    across, down = torch.tensor([1.0, 0.0, 1.0, 0.0]), torch.tensor([0.0, 1.0, 0.0, 1.0])
    yield first, first + 0.05 * draw.fixed(N, 4).abs() * torch.tensor([-1.0, -1.0, 1.0, 1.0])
    yield first, first + 0.04 * draw.fixed(N, 1)
    aside = torch.where(
        draw.whole(2, N)[:, None] == 1, across, down
    )  # clear of each other in x only, or in y only
    yield special(1, "for boxes that do not touch", first, second + aside)
    yield special(1, "for boxes that do not touch", second - aside, first)
    yield special(1, "for boxes apart in both directions", first, second + across + down)
    yield special(1, "for boxes apart in both directions", first, second + across - down)


def boxes_of(draw, count: int) -> Tensor:
    """Boxes by corners in [0, 1], width unlike height, (N, 4)."""
    low = 0.4 * draw.unit(count, 2)
    return torch.cat([low, low + 0.1 + 0.4 * draw.unit(count, 2)], dim=1)


@examined(
    points=4,
    right=wrong.match,
    axes={"O objects": 4, "E further queries": 1},
    mistakes=wrong.MATCH,
    name="your queries",
    about=About("Who answers for which object?", "one-to-one matching", 15),
)
def check_match(draw, O, E):  # noqa: E741, the letter of the text
    """Costs (Q, O) become the query of each object (O,), such that the sum is least."""
    if draw.seed < 2:
        yield SMALL.float()
    yield draw.fixed(O + E, O)
    yield special(1, "for many objects", 10 * draw.fixed(O + E + 7, O + 5))
    yield special(1, "where there is no object at all", draw.fixed(O + E, 0))


@examined(
    points=4,
    right=wrong.suppress,
    axes={"N boxes": 13},
    name="your choice",
    mistakes=wrong.SUPPRESS,
    about=About("Which boxes stay?", "non-maximum suppression", 20, "takes thought"),
)
def check_suppress(draw, N):
    """Overlaps (N, N) and scores (N,) become the places of the kept boxes, best first."""
    scores, overlaps = draw.fixed(N), crowd(draw, N)
    yield overlaps, scores
    yield special(1, "at another threshold", overlaps, scores, 0.2)
    edge = torch.tensor([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])
    yield special(0.5, "exactly at the threshold", edge, torch.tensor([0.3, 0.8, -0.1]))
    yield special(0.5, "where there is no box at all", torch.zeros(0, 0), torch.zeros(0))


def crowd(draw, count: int) -> Tensor:
    """Overlaps of boxes around three places."""
    places = torch.tensor([[0.2, 0.3, 0.2, 0.3], [0.6, 0.6, 0.3, 0.2], [0.8, 0.2, 0.2, 0.2]])
    boxes = (places[draw.whole(3, count)] + 0.05 * draw.fixed(count, 4)).clamp(min=0.05)
    return iou(boxes[:, None], boxes)


@examined(
    points=4,
    right=wrong.step,
    axes={"B pictures": 2, "Q queries": 3, "N places": 7, "D numbers": 5},
    name="your queries",
    mistakes=wrong.LOOK,
    gradients=("queries", "places", "query", "key", "value"),
    without=(ATTENTION,),
    about=About("How does a query look?", "one step of a decoder by hand", 20),
)
def check_queries_look(draw, B, Q, N, D):
    """Queries (B, Q, D) and places (B, N, D) become the queries after one look, (B, Q, D)."""
    return draw(B, Q, D), draw(B, N, D), *(draw.fixed(D, D) for _ in range(3))


def learns(student: Callable, check: Check) -> None:
    """Whether a set transformer learns five scenes by heart with the student's loss."""
    there, found, surplus = written.judged(written.learn(check.part_of_network(student)))
    told = f"its sure answers find {found} of {there} objects"
    check.that(
        found >= 0.9 * there,
        points=1,
        good=f"A set transformer learns five scenes by heart with your loss: {told}.",
        bad=f"A set transformer does not learn five scenes by heart with your loss: {told}.",
    )
    told = f"of its sure answers {surplus} are surplus"
    check.that(
        surplus <= 1,
        points=1,
        good=f"And it needs no clean-up: {told}.",
        bad=f"It answers several times for one object: {told}.",
    )


@examined(
    points=7,
    right=wrong_sets.set_loss,
    axes={"O objects": 3, "E further queries": 2, "K classes": 5},
    name="your loss",
    mistakes=wrong_sets.SET,
    gradients=("scores", "boxes"),
    after=(2, learns),
    draws=3,
    about=About(
        "Make it learn: can you write the set loss?", "a loss of two sets, trained with", 35, "takes thought"
    ),
)
def check_set_loss(draw, O, E, K):  # noqa: E741, the letter of the text
    """Scores (Q, K + 1), boxes (Q, 4), labels (O,) and true boxes (O, 4) become one number, ()."""

    def one(objects: int) -> tuple[Tensor, ...]:
        """One picture whose boxes lie near each other, so that classes and boxes both count in a cost."""
        boxes, wanted = (0.4 + 0.15 * draw.unit(count, 4) for count in (O + E, objects))
        return 3 * draw.fixed(O + E, K + 1), boxes, draw.whole(K, objects), wanted

    yield one(O)
    yield one(O)
    yield special(1, "where there is no object at all", *one(0))
