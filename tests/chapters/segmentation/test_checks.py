"""The checks on segmentation against plausible wrong answers."""

import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.segmentation import checks as segmentation

solved = solutions("segmentation")
AXES = (1, 2, 3)


def n(masks):
    return masks.sum(AXES)


def fraction(top, bottom):
    return torch.where(bottom > 0, top / bottom.clamp(min=1), 1.0)


DICE = [
    (lambda p, t: fraction(n(p & t), n(p | t)), "That is intersection over union"),
    (lambda p, t: fraction(n(p & t), n(p) + n(t)), "The factor of 2 is lost"),
    (lambda p, t: (p == t).float().mean(AXES), "the share of equal pixels"),
    (lambda p, t: n(p & t) / n(p), "That is precision: divide"),
    (lambda p, t: n(p & t) / n(t), "That is recall: divide"),
    (lambda p, t: (2 * (p & t).sum() / (p.sum() + t.sum())).expand(len(p)), "All images got one score"),
    (lambda p, t: 2 * torch.minimum(n(p), n(t)) / (n(p) + n(t)), "The common area is not asked for"),
    (lambda p, t: fraction(2 * n(p | t), n(p) + n(t)), "You use the union"),
    (lambda p, t: (2 * n(p & t) + 1) / (n(p) + n(t) + 1), "You smooth by adding 1"),
    (lambda p, t: 2 * n(p & t) / (n(p) + n(t)), "Two empty masks give NaN"),
    (lambda p, t: 2 * n(p & t) / (n(p) + n(t)).clamp(min=1), "Two empty masks get 0"),
    (lambda p, t: 2 * (p & t).sum() / (p.sum() + t.sum()), "got ()"),
    (lambda p, t: solved.dice_score(p, t)[:, None], "An axis of size 1 remains"),
]


def gates(x, coarse, w_x, w_g, psi):
    return F.conv2d((F.conv2d(x, w_x, stride=2) + F.conv2d(coarse, w_g)).relu(), psi).sigmoid()


def up(gates):
    return gates.repeat_interleave(2, 2).repeat_interleave(2, 3)


def scores(x, coarse, w_x, w_g, psi):
    return F.conv2d((F.conv2d(x, w_x, stride=2) + F.conv2d(coarse, w_g)).relu(), psi)


GATE = [
    (lambda x, *r: x * up(scores(x, *r)), "The sigmoid is lost"),
    (
        lambda x, c, a, b, p: x * up(F.conv2d(F.conv2d(x, a, stride=2) + F.conv2d(c, b), p).sigmoid()),
        "The ReLU between",
    ),
    (
        lambda x, c, a, b, p: x * up(F.conv2d(F.conv2d(x, a, stride=2).relu(), p).sigmoid()),
        "The coarse map is not asked",
    ),
    (
        lambda x, c, a, b, p: x * up(F.conv2d(F.conv2d(c, b).relu(), p).sigmoid()),
        "The fine map is not asked",
    ),
    (
        lambda x, c, a, b, p: (
            x * up(F.conv2d((F.conv2d(x, a, stride=2) * F.conv2d(c, b)).relu(), p).sigmoid())
        ),
        "You multiply the two maps",
    ),
    (
        lambda x, c, a, b, p: (
            x * up(F.conv2d(F.conv2d(x, a, stride=2).relu() + F.conv2d(c, b).relu(), p).sigmoid())
        ),
        "A ReLU on each map",
    ),
    (lambda x, *r: x * up(scores(x, *r).flatten(1).softmax(1).view_as(r[0][:, :1])), "That is a softmax"),
    (lambda x, *r: up(gates(x, *r)).expand_as(x), "spread over the channels"),
    (lambda x, *r: up(gates(x, *r)), "got (B, 1, 2*h, 2*w)"),
    (lambda x, *r: gates(x, *r), "got (B, 1, h, w)"),
    (lambda x, *r: x + x * up(gates(x, *r)), "there is no residual"),
    (lambda x, *r: x + up(gates(x, *r)), "You add the gates to x"),
    (
        lambda x, *r: x * F.interpolate(gates(x, *r), scale_factor=2, mode="bilinear"),
        "stretched smoothly",
    ),
    (lambda x, *r: x.clone(), "The result is x itself"),
    (lambda x, *r: x * (1 - up(gates(x, *r))), "The gate is turned round"),
    (lambda x, *r: solved.attention_gate(x, *r).detach(), "No gradient reaches x or"),
    (lambda x, c, *r: solved.attention_gate(x, c.detach(), *r), "No gradient reaches coarse"),
]


def attend(x, gain, *, scale=None, axis=2, residual=True, turned=False):
    maps = x.flatten(2)
    energy = torch.einsum("bin,bjn->bij", maps, maps) * (
        maps.shape[2] ** -0.5 if scale is None else scale(maps)
    )
    energy = energy.amax(2, keepdim=True) - energy if turned else energy
    shares = torch.softmax(energy, axis)
    made = shares @ maps
    return (x if residual else 0) + gain * made.unflatten(2, x.shape[2:])


def places(x, gain):
    tokens = x.flatten(2).mT
    rows = (tokens @ tokens.mT / tokens.shape[2] ** 0.5).softmax(2)
    return x + gain * (rows @ tokens).mT.unflatten(2, x.shape[2:])


CHANNELS = [
    (lambda x, g: attend(x, g, axis=1), "Each column of the weights"),
    (lambda x, g: attend(x, g, axis=0), "The images share a budget"),
    (lambda x, g: attend(x, g, scale=lambda m: 1), "The scale is lost"),
    (
        lambda x, g: attend(x, g, scale=lambda m: 1 / m.shape[2]),
        "You divide the scores by the number of places",
    ),
    (lambda x, g: attend(x, g, scale=lambda m: m.shape[1] ** -0.5), "square root of the number of channels"),
    (lambda x, g: attend(x, g, residual=False), "The input is lost"),
    (lambda x, g: attend(x, 1.0), "The gain is lost"),
    (lambda x, g: g * attend(x, 1.0), "The gain multiplies the input"),
    (lambda x, g: x.clone(), "The mixture is not added"),
    (places, "Places take from places"),
    (lambda x, g: attend(x, g, turned=True), "The scores are turned round"),
    (lambda x, g: attend(x, g).flatten(2), "got (B, C, H*W)"),
    (lambda x, g: attend(x, g).detach(), "No gradient reaches"),
]


def within(found, wanted, reach):
    """Precision and recall by the distance transform of a small picture, row by row."""
    sides = []
    for one, other in ((found, wanted), (wanted, found)):
        rows = []
        for a, b in zip(one[:, 0], other[:, 0], strict=True):
            mine, yours = a.nonzero().tolist(), b.nonzero().tolist()
            hits = [any(reach(i - k, j - m) for k, m in yours) for i, j in mine]
            rows.append(sum(hits) / len(hits) if hits else 0.0)
        sides.append(torch.tensor(rows))
    return sides


def euclid(t):
    return lambda i, j: (i * i + j * j) ** 0.5 <= t


def f_score(found, wanted, reach, mean=lambda p, r: 2 * p * r / (p + r).clamp(min=1e-9), nothing=1.0):
    precision, recall = within(found, wanted, reach)
    both = found.sum(AXES) + wanted.sum(AXES)
    return torch.where(both > 0, mean(precision, recall), nothing)


OUTLINE = [
    (lambda f, w, t: f_score(f, w, euclid(t), lambda p, r: p), "That is precision: recall"),
    (lambda f, w, t: f_score(f, w, euclid(t), lambda p, r: r), "That is recall: precision"),
    (lambda f, w, t: f_score(f, w, euclid(t), lambda p, r: (p + r) / 2), "That is the plain mean"),
    (lambda f, w, t: f_score(f, w, euclid(t), lambda p, r: p * r), "That is precision times recall"),
    (lambda f, w, t: f_score(f, w, euclid(0)), "The tolerance is not used"),
    (
        lambda f, w, t: f_score(f, w, euclid(t * (f.shape[2] ** 2 + f.shape[3] ** 2) ** 0.5)),
        "share of the picture's diagonal",
    ),
    (lambda f, w, t: f_score(f, w, euclid(2 * t)), "The tolerance is doubled"),
    (lambda f, w, t: f_score(f, w, lambda i, j: max(abs(i), abs(j)) <= t), "Diagonal steps count as 1"),
    (lambda f, w, t: f_score(f, w, lambda i, j: abs(i) + abs(j) <= t), "Diagonal steps count as 2"),
    (lambda f, w, t: f_score(f, w, lambda i, j: (i * i + j * j) ** 0.5 < t), "just the tolerance"),
    (lambda f, w, t: f_score(f, w, euclid(t), nothing=0.0), "Two empty outlines get 0"),
    (
        lambda f, w, t: f_score(f, w, euclid(t), nothing=torch.nan).where(
            (f.sum(AXES) > 0) & (w.sum(AXES) > 0), torch.nan
        ),
        "NaN: 0 / 0 where",
    ),
    (lambda f, w, t: f_score(f, w, euclid(t)).mean(), "got ()"),
    (lambda f, w, t: f_score(f, w, euclid(t))[:, None], "An axis of size 1"),
]


def off(w, k):
    return w.masked_fill(k[:, None], 0)


def back(w, axis=-1):
    return (w / w.sum(axis, keepdim=True)).nan_to_num()


FORBIDDEN = {
    "not brought back": off,
    "have changed places": lambda w, k: back(off(w, ~k)),
    "becomes NaN, 0 / 0": lambda w, k: off(w, k) / off(w, k).sum(-1, keepdim=True),
    "in equal parts": lambda w, k: off(
        off(w, k) + (1 - off(w, k).sum(-1, keepdim=True)) / (~k).sum(1)[:, None, None], k
    ),
    "share one sum": lambda w, k: w.shape[1] * off(w, k) / off(w, k).sum((1, 2), keepdim=True),
    "over 0 for forbidden": lambda w, k: torch.softmax(off(w, k), -1),
    "weights are no scores": lambda w, k: w.masked_fill(k[:, None], -1e9).softmax(-1),
    "nothing is forbidden": lambda w, k: w.clone(),
    "The columns are brought back": lambda w, k: back(off(w, k), 1),
    "of the first one": lambda w, k: back(off(w, k[0].expand_as(k))),
    "that any image forbids": lambda w, k: back(off(w, k.any(0).expand_as(k))),
    "a little less than 1": lambda w, k: off(w, k) / (off(w, k).sum(-1, keepdim=True) + 0.01),
    "got (B, N)": lambda w, k: back(off(w, k)).mean(1),
}


def dots(q, k):
    return torch.einsum("bd,bnd->bn", q, k)


def taken(weights, v):
    return torch.einsum("bn,bne->be", weights, v)


LOOKS = {
    "not divided by the square root": lambda q, k, v: taken(dots(q, k).softmax(1), v),
    "You divide by D": lambda q, k, v: taken((dots(q, k) / q.shape[1]).softmax(1), v),
    "number of places: of D": lambda q, k, v: taken((dots(q, k) / k.shape[1] ** 0.5).softmax(1), v),
    "No softmax": lambda q, k, v: taken(dots(q, k) / q.shape[1] ** 0.5, v),
    "runs over the images": lambda q, k, v: taken((dots(q, k) / q.shape[1] ** 0.5).softmax(0), v),
    "once more: sum them": lambda q, k, v: solved.click_looks(q, k, v) / k.shape[1],
    "the query is not asked": lambda q, k, v: v.mean(1) + 0 * (q.sum() + k.sum()),
    "the best place alone": lambda q, k, v: v[torch.arange(len(v)), dots(q, k).argmax(1)],
    "A sigmoid asks": lambda q, k, v: taken((dots(q, k) / q.shape[1] ** 0.5).sigmoid(), v),
    "The sign is turned": lambda q, k, v: taken((-dots(q, k) / q.shape[1] ** 0.5).softmax(1), v),
    "compared by distance": lambda q, k, v: taken(
        (-((q[:, None] - k) ** 2).sum(2) / q.shape[1] ** 0.5).softmax(1), v
    ),
    "are mixed: each query": lambda q, k, v: solved.click_looks(q.roll(1, 0), k, v),
    "No gradient reaches": lambda q, k, v: solved.click_looks(q, k, v).detach(),
    "An axis of size 1": lambda q, k, v: solved.click_looks(q, k, v)[:, None],
}


WRONG = {
    "check_dice_score": DICE,
    "check_attention_gate": GATE,
    "check_channel_attention": CHANNELS,
    "check_outline_score": OUTLINE,
    "check_forbidden_keys": FORBIDDEN,
    "check_click_looks": LOOKS,
}


@pytest.mark.slow
def test_checks():
    contract(segmentation, solved, WRONG)


def test_the_solutions_are_the_chapter_s_own_functions():
    from visual_attention.chapters.segmentation import scores
    from visual_attention.chapters.segmentation import unet as module

    made = torch.Generator().manual_seed(0)
    p, t = (torch.rand(4, 1, 20, 17, generator=made) > 0.6 for _ in range(2))
    torch.testing.assert_close(solved.dice_score(p, t).double(), scores.dice(p, t), atol=1e-6, rtol=0)
    f, w = scores.outline(p), scores.outline(t)
    for tolerance in (0.0, 1.0, 2.0):
        wanted = scores.boundary_f(p, t, tolerance=tolerance)
        torch.testing.assert_close(solved.outline_score(f, w, tolerance).double(), wanted, atol=1e-6, rtol=0)
    block, x = module.ChannelSelfAttention(), torch.randn(2, 5, 4, 3, generator=made)
    torch.nn.init.constant_(block.gain, 0.3)
    torch.testing.assert_close(solved.channel_attention(x, block.gain), block(x))
