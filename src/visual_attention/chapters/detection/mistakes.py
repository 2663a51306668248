"""What plausible wrong answers to the exercises on detection give: feedback -> result."""

import torch
from scipy.optimize import linear_sum_assignment

from visual_attention.boxes import from_corners, generalised_iou, iou, to_corners


def random_boxes(count: int, *, seed: int) -> torch.Tensor:
    """Boxes by centre and size, width unlike height, (N, 4)."""
    return from_corners(random_corners(count, seed=seed))


def random_corners(count: int, *, seed: int) -> torch.Tensor:
    """Boxes by corners in [0, 1], (N, 4)."""
    generator = torch.Generator().manual_seed(seed)
    low = 0.4 * torch.rand(count, 2, generator=generator)
    return torch.cat([low, low + 0.1 + 0.4 * torch.rand(count, 2, generator=generator)], dim=1)


def generalised(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Generalised intersection over union of boxes by corners, (N,)."""
    return generalised_iou(from_corners(first), from_corners(second))


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
    "You return the boxes as they came.": lambda b: b,
    "You divide the centre by 2, not the size.": lambda b: torch.cat(
        [b[:, :2] / 2 - b[:, 2:], b[:, :2] / 2 + b[:, 2:]], dim=1
    ),
    "You keep the size: the last two numbers should be the lower right corner.": lambda b: torch.cat(
        [b[:, :2] - b[:, 2:] / 2, b[:, 2:]], dim=1
    ),
}


def _parts(a: torch.Tensor, b: torch.Tensor, *, clamp: bool = True) -> tuple[torch.Tensor, ...]:
    """Intersection, union and hull of boxes by corners."""
    overlap = torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])
    shared = (overlap.clamp(min=0) if clamp else overlap).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - shared
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    return shared, union, hull


def in_overlap(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> dict:
    """Wrong overlaps for each pair of boxes."""

    def each(function, **options):
        return [function(*_parts(a, b, **options)) for a, b in pairs]

    both = [torch.stack(_parts(a, b)) for a, b in pairs]
    areas = [shared + union for shared, union, _ in both]
    return {
        "The number never falls below 0: do not clamp the result, its gradient would be lost.": each(
            lambda s, u, h: (s / u - (h - u) / h).clamp(min=0)
        ),
        "That is plain intersection over union: the penalty of the hull is missing.": each(
            lambda s, u, h: s / u
        ),
        "The penalty has the wrong sign: an empty hull makes the number smaller.": each(
            lambda s, u, h: s / u + (h - u) / h
        ),
        "You divide the penalty by the union: it is a share of the hull.": each(
            lambda s, u, h: s / u - (h - u) / u
        ),
        "You subtract the share that *is* covered: the penalty is what neither box covers.": each(
            lambda s, u, h: s / u - u / h
        ),
        "You divide the intersection by the hull.": each(lambda s, u, h: s / h - (h - u) / h),
        "That is the loss, 1 minus the number.": each(lambda s, u, h: 1 - (s / u - (h - u) / h)),
        "The union counts the shared part twice: subtract the intersection from the sum of the areas.": [
            s / a - (h - a) / h for (s, _, h), a in zip(both, areas, strict=True)
        ],
        "Two overlaps below 0 multiply to an area above 0: clamp each at 0 before the product.": each(
            lambda s, u, h: s / u - (h - u) / h, clamp=False
        ),
        "You read the corners as centre and size.": [generalised_iou(a, b) for a, b in pairs],
        "That is the area of the intersection.": each(lambda s, u, h: s),
    }


def costs() -> list[tuple[torch.Tensor, str, float]]:
    """Costs on which each plausible shortcut fails, with what they show and the points for them."""
    small = [[7, 9, 8, 9], [4, 5, 1, 2], [7, 5, 8, 3], [1, 8, 9, 6], [3, 9, 2, 7]]
    generator = torch.Generator().manual_seed(3)
    return [
        (torch.tensor(small).float(), "4 objects and 5 queries", 2),
        (torch.randn(7, 5, generator=generator), "5 objects and 7 queries", 1),
        (torch.rand(5, 0, generator=generator), "no object at all", 1),
    ]


def best(cost: torch.Tensor) -> torch.Tensor:
    """The query of each object, such that the sum of the costs is least."""
    queries, objects = linear_sum_assignment(cost.numpy())
    answer = torch.empty(cost.shape[1], dtype=torch.int64)
    answer[torch.from_numpy(objects)] = torch.from_numpy(queries)
    return answer


def in_match(cost: torch.Tensor) -> dict:
    """Wrong matchings of one table of costs."""
    if not cost.numel():
        return {}
    greedy, rest = torch.empty(cost.shape[1], dtype=torch.float64), cost.double().clone()
    for _ in range(cost.shape[1]):
        query, thing = divmod(int(rest.argmin()), cost.shape[1])
        greedy[thing] = query
        rest[query], rest[:, thing] = torch.inf, torch.inf
    in_turn, rest = [], cost.double().clone()
    for thing in range(cost.shape[1]):
        in_turn.append(int(rest[:, thing].argmin()))
        rest[in_turn[-1]] = torch.inf
    queries, objects = linear_sum_assignment(cost.numpy())
    return {
        "Two objects share a query: each takes the cheapest without asking who else does.": cost.argmin(
            dim=0
        ).double(),
        "You take the cheapest pair first, then the next: the pair that looks best may cost the others "
        "more than it saves.": greedy,
        "You serve the objects in turn: the first one takes the query that another needs more.": torch.tensor(
            in_turn
        ).double(),
        "That matches by index: object 0 with query 0 and so on. The costs are not used.": torch.arange(
            cost.shape[1]
        ).double(),
        "The total is the largest possible, not the least.": best(-cost).double(),
        "scipy returns rows in ascending order, so its first array is not in the objects' order: use the "
        "second array as the place to write to.": torch.from_numpy(queries).double(),
        "That is which object each chosen query got: wanted is the query of each object.": torch.from_numpy(
            objects
        ).double(),
    }


def crowds() -> list[tuple[torch.Tensor, torch.Tensor, float, str]]:
    """Overlaps, scores, a threshold and what they show."""
    edge = torch.tensor([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return [
        (*crowd(seed=3), 0.5, "from a crowd of 8 boxes"),
        (*crowd(seed=12), 0.2, "at a threshold of 0.2"),
        (edge, torch.tensor([0.3, 0.8, 0.1]), 0.5, "exactly at the threshold"),
        (torch.zeros(0, 0), torch.zeros(0), 0.5, "without any box"),
    ]


def crowd(*, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Overlaps (8, 8) and scores (8,) of boxes around three places; seeds that tell all mistakes apart."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.tensor([[0.2, 0.3, 0.2, 0.3], [0.6, 0.6, 0.3, 0.2], [0.8, 0.2, 0.2, 0.2]])
    chosen = places[torch.randint(3, (8,), generator=generator)]
    boxes = (chosen + 0.05 * torch.randn(8, 4, generator=generator)).clamp(min=0.05)
    return iou(boxes[:, None], boxes), torch.randperm(8, generator=generator).float() / 10 + 0.1


def suppressed(overlaps: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
    """What non-maximum suppression keeps, best first."""
    kept: list[int] = []
    for candidate in scores.argsort(descending=True).tolist():
        if all(overlaps[candidate, better] <= threshold for better in kept):
            kept.append(candidate)
    return torch.tensor(kept, dtype=torch.int64)


def in_suppression(overlaps: torch.Tensor, scores: torch.Tensor, threshold: float) -> dict:
    """Wrong choices from one crowd of boxes."""
    if not len(scores):
        return {}
    order = scores.argsort(descending=True)
    right = suppressed(overlaps, scores, threshold)
    better = (scores[None] > scores[:, None]) & (overlaps > threshold)
    hard = order[~better.any(dim=1)[order]]
    crowded = (overlaps - torch.eye(len(scores)) > threshold).any(dim=1)
    touching = [c for c in right.tolist()]
    strict: list[int] = []
    for candidate in order.tolist():
        if all(overlaps[candidate, place] < threshold for place in strict):
            strict.append(candidate)
    return {
        "Nothing is suppressed: the overlaps are not used.": order.double(),
        "A box that is itself suppressed must not suppress others: ask the kept ones only.": hard.double(),
        "Right boxes, wrong order: the best score comes first.": right.sort().values.double()
        if not torch.equal(right.sort().values, right)
        else right.flip(0).double(),
        "You keep the worst of each crowd: go from the best score down.": suppressed(
            overlaps, -scores, threshold
        ).double(),
        "You ignore the scores and go through the boxes as they come.": suppressed(
            overlaps, -torch.arange(len(scores)).float(), threshold
        ).double(),
        "You drop every box that overlaps another, the best one too.": order[~crowded[order]].double(),
        "You keep what overlaps and drop what stands alone: the comparison is turned round.": order[
            crowded[order]
        ].double(),
        "You keep the best box only.": order[:1].double(),
        "The threshold is always 0.5: use the one that is given.": suppressed(overlaps, scores, 0.5).double(),
        "Exactly at the threshold a box stays: only above it does it go.": torch.tensor(strict).double(),
        "You return the worst first.": torch.tensor(touching[::-1]).double(),
        "These are places in the sorted list: give the places in the list as it came.": order.argsort()[right]
        .sort()
        .values.double(),
    }
