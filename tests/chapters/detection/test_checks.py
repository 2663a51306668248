"""The checks on detection against plausible wrong answers."""

import pytest
import torch
from scipy.optimize import linear_sum_assignment

from tests.exercises.contract import contract, solutions
from visual_attention.boxes import from_corners
from visual_attention.chapters.detection import checks as detection

solved = solutions("detection")
corners = solved.to_corners

TO_CORNERS = {
    "the whole size": lambda b: torch.cat([b[:, :2] - b[:, 2:], b[:, :2] + b[:, 2:]], 1),
    "centre for the upper left": lambda b: torch.cat([b[:, :2], b[:, :2] + b[:, 2:]], 1),
    "Width and height are swapped": lambda b: corners(b[:, [0, 1, 3, 2]]),
    "x and y are swapped": lambda b: corners(b)[:, [1, 0, 3, 2]],
    "left, right, top, bottom": lambda b: corners(b)[:, [0, 2, 1, 3]],
    "two corners are swapped": lambda b: corners(b)[:, [2, 3, 0, 1]],
    "the other way round": from_corners,
    "as they came": lambda b: b.clone(),
    "You keep the size": lambda b: torch.cat([b[:, :2] - b[:, 2:] / 2, b[:, 2:]], 1),
    "divide the centre": lambda b: torch.cat([b[:, :2] / 2 - b[:, 2:], b[:, :2] / 2 + b[:, 2:]], 1),
    "got (N, 2)": lambda b: corners(b)[:, :2],
    "The axes are swapped": lambda b: corners(b).T,
    "got (N, 2, 2)": lambda b: corners(b).view(-1, 2, 2),
    "No gradient": lambda b: corners(b.detach()),
    "where fractions are wanted": lambda b: (100 * corners(b)).long(),
}


def parts(a, b):
    overlap = torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])
    s = overlap.clamp(min=0).prod(1)
    u = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - s
    h = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    return s, u, h


def overlapping(function):
    return lambda a, b: function(*parts(a, b))


def unclamped(a, b):
    s = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).prod(1)
    _, u, h = parts(a, b)
    u = u + parts(a, b)[0] - s
    return s / u - (h - u) / h


def late_clamp(a, b):
    return solved.generalised_iou(a, b).clamp(min=0)


GENERALISED = {
    "the penalty of the hull is missing": overlapping(lambda s, u, h: s / u),
    "wrong sign": overlapping(lambda s, u, h: s / u + (h - u) / h),
    "a share of the hull": overlapping(lambda s, u, h: s / u - (h - u) / u),
    "what neither box covers": overlapping(lambda s, u, h: s / u - u / h),
    "divide the intersection by the hull": overlapping(lambda s, u, h: s / h - (h - u) / h),
    "1 minus the number": overlapping(lambda s, u, h: 1 - s / u + (h - u) / h),
    "counts the shared part twice": overlapping(lambda s, u, h: s / (u + s) - (h - u - s) / h),
    "clamp each at 0": unclamped,
    "as centre and size": lambda a, b: solved.generalised_iou(corners(a), corners(b)),
    "the area of the intersection": overlapping(lambda s, u, h: s),
    "do not clamp the result": late_clamp,
    "No gradient": lambda a, b: solved.generalised_iou(a.detach(), b),
    "a table of all pairs": lambda a, b: torch.stack([solved.generalised_iou(a, x.expand_as(a)) for x in b]),
    "got ()": lambda a, b: solved.generalised_iou(a, b).mean(),
    "`keepdim`": lambda a, b: solved.generalised_iou(a, b)[:, None],
}


def greedy(cost):
    rest, answer = cost.clone(), torch.zeros(cost.shape[1], dtype=torch.long)
    for _ in range(cost.shape[1]):
        query, thing = divmod(int(rest.argmin()), cost.shape[1])
        answer[thing] = query
        rest[query], rest[:, thing] = torch.inf, torch.inf
    return answer


def in_turn(cost):
    rest, answer = cost.clone(), []
    for thing in range(cost.shape[1]):
        answer.append(int(rest[:, thing].argmin()))
        rest[answer[-1]] = torch.inf
    return torch.tensor(answer, dtype=torch.long)


def fails_without_objects(cost):
    return torch.stack([solved.match(cost)[thing] for thing in range(cost.shape[1])])


MATCH = {
    "Two objects share a query": lambda c: c.argmin(0),
    "cheapest pair first": greedy,
    "serve the objects in turn": in_turn,
    "matches by index": lambda c: torch.arange(c.shape[1]),
    "largest possible": lambda c: solved.match(-c),
    "not in the objects' order": lambda c: torch.from_numpy(linear_sum_assignment(c)[0]),
    "which object each chosen query got": lambda c: torch.from_numpy(linear_sum_assignment(c)[1]),
    "an answer for each query": lambda c: c.argmin(1),
    "pair of rows and columns": lambda c: torch.stack(
        [torch.from_numpy(x) for x in linear_sum_assignment(c)]
    ),
    "got float32": lambda c: c.softmax(0),
    "list of": lambda c: solved.match(c).tolist(),
    "RuntimeError": fails_without_objects,
}


def walk(overlaps, scores, threshold, order, above=lambda a, t: a > t):
    kept = []
    for candidate in order:
        if not any(above(overlaps[candidate, better], threshold) for better in kept):
            kept.append(candidate)
    return torch.tensor(kept, dtype=torch.long)


def falling(scores):
    return scores.argsort(descending=True).tolist()


def also_by_the_gone(overlaps, scores, threshold=0.5):
    beaten = ((scores[None] > scores[:, None]) & (overlaps > threshold)).any(1)
    return torch.tensor([c for c in falling(scores) if not beaten[c]], dtype=torch.long)


def crowded(overlaps, threshold):
    return (overlaps - torch.eye(len(overlaps)) > threshold).any(1)


def mask(overlaps, scores, threshold=0.5):
    made = torch.zeros(len(scores), dtype=torch.bool)
    made[solved.suppress(overlaps, scores, threshold)] = True
    return made


def chosen(function):
    def suppress(overlaps, scores, threshold=0.5):
        return torch.tensor(function(overlaps, scores, threshold), dtype=torch.long)

    return suppress


SUPPRESS = {
    "Nothing is suppressed": chosen(lambda o, s, t: falling(s)),
    "itself suppressed must not": also_by_the_gone,
    "wrong order": chosen(lambda o, s, t: sorted(solved.suppress(o, s, t).tolist())),
    "keep the worst": chosen(lambda o, s, t: walk(o, s, t, falling(-s)).tolist()),
    "ignore the scores": chosen(lambda o, s, t: walk(o, s, t, range(len(s))).tolist()),
    "the best one too": chosen(lambda o, s, t: [c for c in falling(s) if not crowded(o, t)[c]]),
    "turned round": chosen(lambda o, s, t: [c for c in falling(s) if crowded(o, t)[c]]),
    "the best box only": chosen(lambda o, s, t: falling(s)[:1]),
    "always 0.5": chosen(lambda o, s, t: solved.suppress(o, s, 0.5).tolist()),
    "Exactly at the threshold": chosen(
        lambda o, s, t: walk(o, s, t, falling(s), lambda a, t: a >= t).tolist()
    ),
    "got bool": mask,
    "list of": lambda o, s, threshold=0.5: solved.suppress(o, s, threshold).tolist(),
    "got float32": lambda o, s, threshold=0.5: s[solved.suppress(o, s, threshold)],
}


def weighed(q, p, a, b, *, divide=None, dim=-1):
    scores = (q @ a) @ (p @ b).mT
    return (scores / (q.shape[-1] ** 0.5 if divide is None else divide)).softmax(dim)


LOOK = {
    "not divided by the square root": lambda q, p, a, b, c: q + weighed(q, p, a, b, divide=1) @ (p @ c),
    "You divide by D: by": lambda q, p, a, b, c: q + weighed(q, p, a, b, divide=q.shape[-1]) @ (p @ c),
    "the number of places": lambda q, p, a, b, c: q + weighed(q, p, a, b, divide=p.shape[1] ** 0.5) @ (p @ c),
    "over the queries": lambda q, p, a, b, c: q + weighed(q, p, a, b, dim=1) @ (p @ c),
    "over the pictures": lambda q, p, a, b, c: q + weighed(q, p, a, b, dim=0) @ (p @ c),
    "do not compete": lambda q, p, a, b, c: (
        q + ((q @ a) @ (p @ b).mT / q.shape[-1] ** 0.5).sigmoid() @ (p @ c)
    ),
    "There is no softmax": lambda q, p, a, b, c: q + (q @ a) @ (p @ b).mT / q.shape[-1] ** 0.5 @ (p @ c),
    "All places count alike": lambda q, p, a, b, c: q + (p @ c).mean(1, keepdim=True) + 0 * (a + b).sum(),
    "forget what they were": lambda q, p, a, b, c: weighed(q, p, a, b) @ (p @ c),
    "ask each other": lambda q, p, a, b, c: q + weighed(q, q, a, b) @ (q @ c) + 0 * p.sum(),
    "keys and values have": lambda q, p, a, b, c: solved.queries_look(q, p, a, c, b),
    "queries and keys have": lambda q, p, a, b, c: solved.queries_look(q, p, b, a, c),
    "the places themselves": lambda q, p, a, b, c: q + weighed(q, p, a, b) @ p + 0 * c.sum(),
    "transposes": lambda q, p, a, b, c: solved.queries_look(q, p, a.T, b.T, c.T),
    "No gradient reaches": lambda q, p, a, b, c: solved.queries_look(q, p.detach(), a, b, c),
    "got (B, Q, N)": lambda q, p, a, b, c: weighed(q, p, a, b),
}


def loss(s, b, k, w, *, chance=1.0, l1=5.0, empty=0.6, named=1.0, apart=5.0, rows=None):
    cost = (l1 * (b[:, None] - w).abs().sum(-1) - chance * s.softmax(-1)[:, k]).detach()
    rows, columns = linear_sum_assignment(cost.numpy()) if rows is None else (rows(cost), range(len(k)))
    rows, columns = torch.as_tensor(rows), torch.as_tensor(list(columns), dtype=torch.long)
    targets = torch.full((len(s),), s.shape[1] - 1)
    targets[rows] = k[columns]
    weight = torch.ones(s.shape[1], dtype=s.dtype)
    weight[-1] = empty
    told = torch.nn.functional.cross_entropy(s, targets, weight=weight)
    return named * told + apart * (b[rows] - w[columns]).abs().sum() / max(1, len(k))


def matched_only(s, b, k, w):
    cost = (5 * (b[:, None] - w).abs().sum(-1) - s.softmax(-1)[:, k]).detach()
    rows, columns = (torch.as_tensor(x) for x in linear_sum_assignment(cost.numpy()))
    told = torch.nn.functional.cross_entropy(s[rows], k[columns]) if len(k) else 0 * s.sum()
    return told + 5 * (b[rows] - w[columns]).abs().sum() / max(1, len(k))


SET_LOSS = {
    "object 0 with answer 0": lambda s, b, k, w: loss(s, b, k, w, rows=lambda c: range(c.shape[1])),
    "Two objects share": lambda s, b, k, w: loss(s, b, k, w, rows=lambda c: c.argmin(0).tolist()),
    "the largest cost": lambda s, b, k, w: loss(s, b, k, w, chance=-1.0, l1=-5.0),
    "asks for the boxes alone": lambda s, b, k, w: loss(s, b, k, w, chance=0.0),
    "asks for the class alone": lambda s, b, k, w: loss(s, b, k, w, l1=0.0),
    "should make the pair cheaper": lambda s, b, k, w: loss(s, b, k, w, chance=-1.0),
    "its weight is 0.6": lambda s, b, k, w: loss(s, b, k, w, empty=1.0),
    "Nobody is asked": matched_only,
    "The boxes are not compared": lambda s, b, k, w: loss(s, b, k, w, apart=0.0) + 0 * b.sum(),
    "counts five times": lambda s, b, k, w: loss(s, b, k, w, apart=1.0),
    "by the number of objects": lambda s, b, k, w: loss(s, b, k, w, apart=5.0 * max(1, len(k))),
    "their sum is wanted": lambda s, b, k, w: loss(s, b, k, w, apart=1.25),
    "The classes are not compared": lambda s, b, k, w: loss(s, b, k, w, named=0.0),
    "No gradient reaches boxes": lambda s, b, k, w: solved.set_loss(s, b.detach(), k, w),
}


WRONG = {
    "check_queries_look": LOOK,
    "check_set_loss": SET_LOSS,
    "check_to_corners": TO_CORNERS,
    "check_generalised_iou": GENERALISED,
    "check_match": MATCH,
    "check_suppress": SUPPRESS,
}


@pytest.mark.slow
def test_checks():
    contract(detection, solved, WRONG)
