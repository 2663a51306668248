"""What is right in the exercises on detection, and plausible mistakes: feedback -> the function."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from visual_attention.boxes import from_corners, to_corners


def corners(boxes: Tensor) -> Tensor:
    """Left, top, right and bottom."""
    return to_corners(boxes)


CORNERS = {
    "You subtract and add the whole size: the centre is half a width from each edge.": lambda b: torch.cat(
        [b[:, :2] - b[:, 2:], b[:, :2] + b[:, 2:]], dim=1
    ),
    "You take the centre for the upper left corner.": lambda b: torch.cat(
        [b[:, :2], b[:, :2] + b[:, 2:]], dim=1
    ),
    "Width and height are swapped: the width belongs to x.": lambda b: to_corners(b[:, [0, 1, 3, 2]]),
    "x and y are swapped: left comes first, then top.": lambda b: to_corners(b)[:, [1, 0, 3, 2]],
    "The order wanted is left, top, right, bottom; yours is left, right, top, bottom.": lambda b: to_corners(
        b
    )[:, [0, 2, 1, 3]],
    "The two corners are swapped: the upper left one comes first.": lambda b: to_corners(b)[:, [2, 3, 0, 1]],
    "That turns corners into centre and size: the other way round.": from_corners,
    "You return the boxes as they came.": lambda b: b.clone(),
    "You cut the corners off at 0 and 1: a box may hang over the edge of the picture.": lambda b: to_corners(
        b
    ).clamp(0, 1),
    "The axes are swapped: one row for each box.": lambda b: to_corners(b).T,
    "You divide the centre by 2, not the size.": lambda b: torch.cat(
        [b[:, :2] / 2 - b[:, 2:], b[:, :2] / 2 + b[:, 2:]], dim=1
    ),
    "You keep the size: the last two numbers should be the lower right corner.": lambda b: torch.cat(
        [b[:, :2] - b[:, 2:] / 2, b[:, 2:]], dim=1
    ),
}


def _parts(a: Tensor, b: Tensor, *, clamp: bool = True) -> tuple[Tensor, ...]:
    """Intersection, union and hull of boxes by corners."""
    overlap = torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])
    shared = (overlap.clamp(min=0) if clamp else overlap).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - shared
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    return shared, union, hull


def generalised(first: Tensor, second: Tensor) -> Tensor:
    """Generalised intersection over union, (N,)."""
    return of_parts(lambda s, u, h: s / u - (h - u) / h)(first, second)


def of_parts(function, *, clamp: bool = True):
    """A function of intersection, union and hull."""
    return lambda first, second: function(*_parts(first, second, clamp=clamp))


def counted_twice(s: Tensor, u: Tensor, h: Tensor) -> Tensor:
    """With the sum of both areas for their union."""
    return s / (u + s) - (h - u - s) / h


OVERLAP = {
    "The number never falls below 0: do not clamp the result, its gradient would be lost.": of_parts(
        lambda s, u, h: (s / u - (h - u) / h).clamp(min=0)
    ),
    "That is plain intersection over union: the penalty of the hull is missing.": of_parts(
        lambda s, u, h: s / u
    ),
    "The penalty has the wrong sign: an empty hull makes the number smaller.": of_parts(
        lambda s, u, h: s / u + (h - u) / h
    ),
    "You divide the penalty by the union: it is a share of the hull.": of_parts(
        lambda s, u, h: s / u - (h - u) / u
    ),
    "You subtract the share that *is* covered: the penalty is what neither box covers.": of_parts(
        lambda s, u, h: s / u - u / h
    ),
    "You divide the intersection by the hull.": of_parts(lambda s, u, h: s / h - (h - u) / h),
    "That is the loss, 1 minus the number.": of_parts(lambda s, u, h: 1 - (s / u - (h - u) / h)),
    "The union counts the shared part twice: subtract the intersection from the sum of the areas.": of_parts(
        counted_twice
    ),
    "Two overlaps below 0 multiply to an area above 0: clamp each at 0 before the product.": of_parts(
        lambda s, u, h: s / u - (h - u) / h, clamp=False
    ),
    "You clamp the shared area, not its sides: two overlaps below 0 have multiplied to an area above 0 by then.": (
        lambda a, b: clamped_late(a, b)
    ),
    "You read the corners as centre and size.": lambda a, b: generalised(to_corners(a), to_corners(b)),
    "That is the area of the intersection.": of_parts(lambda s, u, h: s),
    "That is a table of all pairs: compare row with row.": lambda a, b: torch.stack(
        [generalised(a, other.expand_as(a)) for other in b]
    ),
}


def clamped_late(first: Tensor, second: Tensor) -> Tensor:
    _, _, hull = _parts(first, second)
    shared, union, _ = _parts(first, second, clamp=False)
    union = union + shared - shared.clamp(min=0)
    return shared.clamp(min=0) / union - (hull - union) / hull


def match(cost: Tensor) -> Tensor:
    """The query of each object, such that the sum of the costs is least."""
    queries, objects = assigned(cost)
    answer = torch.empty(cost.shape[1], dtype=torch.int64)
    answer[objects] = queries
    return answer


def assigned(cost: Tensor) -> tuple[Tensor, Tensor]:
    """scipy's pair of rows and columns."""
    queries, objects = linear_sum_assignment(cost.numpy())
    return torch.from_numpy(queries), torch.from_numpy(objects)


def greedy(cost: Tensor) -> Tensor:
    answer, rest = torch.empty(cost.shape[1], dtype=torch.int64), cost.double().clone()
    for _ in range(cost.shape[1]):
        query, thing = divmod(int(rest.argmin()), cost.shape[1])
        answer[thing] = query
        rest[query], rest[:, thing] = torch.inf, torch.inf
    return answer


def in_turn(cost: Tensor) -> Tensor:
    answer, rest = [], cost.double().clone()
    for thing in range(cost.shape[1]):
        answer.append(int(rest[:, thing].argmin()))
        rest[answer[-1]] = torch.inf
    return torch.tensor(answer, dtype=torch.int64)


MATCH = {
    "Two objects share a query: each takes the cheapest without asking who else does.": lambda c: c.argmin(0),
    "You take the cheapest pair first, then the next: the pair that looks best may cost the others more than it "
    "saves.": greedy,
    "You serve the objects in turn: the first one takes the query that another needs more.": in_turn,
    "That matches by index: object 0 with query 0 and so on. The costs are not used.": lambda c: torch.arange(
        c.shape[1]
    ),
    "The total is the largest possible, not the least.": lambda c: match(-c),
    "scipy returns rows in ascending order, so its first array is not in the objects' order: use the second array "
    "as the place to write to.": lambda c: assigned(c)[0],
    "That is which object each chosen query got: wanted is the query of each object.": lambda c: assigned(c)[
        1
    ],
    "That is scipy's pair of rows and columns: bring them into the objects' order.": lambda c: torch.stack(
        assigned(c)
    ),
    "That is an answer for each query. Wanted: the query of each object.": lambda c: c.argmin(1),
}


def suppress(overlaps: Tensor, scores: Tensor, threshold: float = 0.5) -> Tensor:
    """What non-maximum suppression keeps, best first."""
    return walk(overlaps, threshold, falling(scores))


def falling(scores: Tensor) -> list[int]:
    return scores.argsort(descending=True).tolist()


def walk(overlaps: Tensor, threshold: float, order: list[int], *, at_most: bool = True) -> Tensor:
    """Keep, in this order, what does not overlap what is kept by more than the threshold, or by so much."""
    kept: list[int] = []
    for one in order:
        near = [overlaps[one, better] for better in kept]
        if all(o <= threshold if at_most else o < threshold for o in near):
            kept.append(one)
    return torch.tensor(kept, dtype=torch.int64)


def also_by_the_gone(overlaps: Tensor, scores: Tensor, threshold: float = 0.5) -> Tensor:
    order = scores.argsort(descending=True)
    better = (scores[None] > scores[:, None]) & (overlaps > threshold)
    return order[~better.any(dim=1)[order]]


def crowded(overlaps: Tensor, threshold: float) -> Tensor:
    return (overlaps - torch.eye(len(overlaps)) > threshold).any(dim=1)


def in_order(scores: Tensor, chosen: Tensor) -> Tensor:
    order = scores.argsort(descending=True)
    return order[chosen[order]]


SUPPRESS = {
    "Nothing is suppressed: the overlaps are not used.": lambda o, s, t=0.5: s.argsort(descending=True),
    "A box that is itself suppressed must not suppress others: ask the kept ones only.": also_by_the_gone,
    "Right boxes, wrong order: the best score comes first.": lambda o, s, t=0.5: (
        suppress(o, s, t).sort().values
    ),
    "You keep the worst of each crowd: go from the best score down.": lambda o, s, t=0.5: walk(
        o, t, falling(-s)
    ),
    "You ignore the scores and go through the boxes as they come.": lambda o, s, t=0.5: walk(
        o, t, list(range(len(s)))
    ),
    "You drop every box that overlaps another, the best one too.": lambda o, s, t=0.5: in_order(
        s, ~crowded(o, t)
    ),
    "You keep what overlaps and drop what stands alone: the comparison is turned round.": lambda o, s, t=0.5: (
        in_order(s, crowded(o, t))
    ),
    "You keep the best box only.": lambda o, s, t=0.5: s.argsort(descending=True)[:1],
    "The threshold is always 0.5: use the one that is given.": lambda o, s, t=0.5: suppress(o, s),
    "Exactly at the threshold a box stays: only above it does it go.": lambda o, s, t=0.5: walk(
        o, t, falling(s), at_most=False
    ),
    "You return the worst first.": lambda o, s, t=0.5: suppress(o, s, t).flip(0),
    "These are places in the sorted list: give the places in the list as it came.": lambda o, s, t=0.5: (
        s.argsort(descending=True).argsort()[suppress(o, s, t)]
    ),
}


def step(queries: Tensor, places: Tensor, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The queries after one look at the places."""
    return queries + looked(queries, places, query, key, value)


def looked(
    queries: Tensor,
    places: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    weigh=lambda scores: scores.softmax(-1),
    divide=lambda q, k: q.shape[-1] ** 0.5,
) -> Tensor:
    """What the queries take from the places, weighed and scaled in some way."""
    q, k = queries @ query, places @ key
    return weigh(q @ k.mT / divide(q, k)) @ (places @ value)


def look_by(**ways):
    return lambda q, p, a, b, c: q + looked(q, p, a, b, c, **ways)


LOOK = {
    "The scores are not divided by the square root of D.": look_by(divide=lambda q, k: 1),
    "You divide by D: by its square root.": look_by(divide=lambda q, k: q.shape[-1]),
    "You divide by the root of the number of places: by that of D.": look_by(
        divide=lambda q, k: k.shape[1] ** 0.5
    ),
    "The softmax runs over the queries (dim=1): each query's weights sum to 1 over the places.": look_by(
        weigh=lambda s: s.softmax(1)
    ),
    "The softmax runs over the pictures (dim=0): over the places.": look_by(weigh=lambda s: s.softmax(0)),
    "That is a sigmoid: the places do not compete.": look_by(weigh=torch.sigmoid),
    "There is no softmax: raw scores weigh the values.": look_by(weigh=lambda s: s),
    "All places count alike: nobody asks.": look_by(weigh=lambda s: s.mul(0).softmax(-1)),
    "The queries forget what they were: add what they took to them.": looked,
    "The queries ask each other: keys and values come from the places.": lambda q, p, a, b, c: step(
        q, q, a, b, c
    ),
    "The matrices of keys and values have changed places.": lambda q, p, a, b, c: step(q, p, a, c, b),
    "The matrices of queries and keys have changed places.": lambda q, p, a, b, c: step(q, p, b, a, c),
    "The values are the places themselves: multiply them by the matrix of values.": lambda q, p, a, b, c: (
        step(q, p, a, b, torch.eye(c.shape[0], dtype=c.dtype))
    ),
    "You multiply by the matrices' transposes: `x @ W`.": lambda q, p, a, b, c: step(q, p, a.T, b.T, c.T),
}
