"""The checks on channel attention against plausible wrong answers."""

import math

import pytest
import torch

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.channel import checks as channel

solved = solutions("channel")
PLACES = (2, 3)


def gated(x, scores):
    return x * scores.sigmoid()[:, :, None, None]


def excite(pooled, first, second):
    return (pooled @ first.T).relu() @ second.T


def odd(t):
    return 2 * math.floor(t / 2) + 1


def t(channels, gamma=2.0, offset=1.0):
    return (math.log2(channels) + offset) / gamma


EXCITE = [
    (lambda x, f, s: gated(x, excite(x.amax(PLACES), f, s)), "squeezes by the maximum"),
    (lambda x, f, s: gated(x, excite(x.sum(PLACES), f, s)), "squeezes by the sum"),
    (lambda x, f, s: gated(x, x.mean(PLACES) @ f.T @ s.T), "The ReLU between the two layers is lost"),
    (lambda x, f, s: gated(x, (x.mean(PLACES) @ f.T).sigmoid() @ s.T), "where the ReLU belongs"),
    (lambda x, f, s: x * excite(x.mean(PLACES), f, s).softmax(1)[:, :, None, None], "share a budget of 1"),
    (lambda x, f, s: x * excite(x.mean(PLACES), f, s)[:, :, None, None], "The sigmoid is lost"),
    (lambda x, f, s: x + solved.squeeze_excite(x, f, s), "which SE leaves to the network"),
    (
        lambda x, f, s: x + excite(x.mean(PLACES), f, s).sigmoid()[:, :, None, None],
        "gates to the input: multiply",
    ),
    (lambda x, f, s: gated(x, excite(x.mean(PLACES), f, s)[:1]), "by the first one's gates"),
    (lambda x, f, s: gated(x, excite(x.mean((0, 2, 3))[None], f, s)), "share the batch's average"),
    (lambda x, f, s: x.clone(), "The result is the input"),
    (lambda x, f, s: gated(x, excite(x.mean(PLACES), f, s).relu()), "A second ReLU"),
    (lambda x, f, s: excite(x.mean(PLACES), f, s).sigmoid(), "got (B, C)"),
    (lambda x, f, s: solved.squeeze_excite(x, f, s) / x * torch.ones_like(x), "spread over the places"),
    (lambda x, f, s: solved.squeeze_excite(x, f, s).detach(), "No gradient reaches"),
    (lambda x, f, s: solved.squeeze_excite(x, f, s) * 0.9, "up to the factor 0.9"),
]


def average(x):
    return x.mean(PLACES)


def window_over(z, w, beyond="zeros"):
    """By hand, channel by channel: the window's middle stands on the channel."""
    half, rows = len(w) // 2, []
    for c in range(z.shape[1]):
        taps = []
        for k, weight in enumerate(w):
            at = c + k - half
            inside = 0 <= at < z.shape[1]
            if beyond == "ring":
                at, inside = at % z.shape[1], True
            if beyond == "edge":
                at, inside = min(max(at, 0), z.shape[1] - 1), True
            taps.append(weight * z[:, at] if inside else 0 * z[:, 0])
        rows.append(sum(taps))
    return torch.stack(rows, dim=1)


def late(scores):
    return torch.cat([torch.zeros_like(scores[:, :1]), scores[:, :-1]], dim=1)


EFFICIENT = [
    (lambda x, w: gated(x, window_over(x.amax(PLACES), w)), "squeezes by the maximum"),
    (lambda x, w: gated(x, window_over(x.sum(PLACES), w)), "squeezes by the sum"),
    (lambda x, w: gated(x, window_over(average(x), w.flip(0))), "turned round"),
    (lambda x, w: gated(x, window_over(average(x), w, "ring")), "closes to a ring"),
    (lambda x, w: gated(x, window_over(average(x), w, "edge")), "repeat the last channel"),
    (lambda x, w: gated(x, late(window_over(average(x), w))), "one channel late"),
    (lambda x, w: gated(x, average(x) * w[len(w) // 2]), "each channel asks itself alone"),
    (lambda x, w: x * window_over(average(x), w).softmax(1)[:, :, None, None], "share a budget of 1"),
    (lambda x, w: x * window_over(average(x), w)[:, :, None, None], "The sigmoid is lost"),
    (lambda x, w: gated(x, window_over(average(x), w).clamp(min=0)), "no gate can fall below 0.5"),
    (lambda x, w: x + gated(x, window_over(average(x), w)), "which ECA leaves to the network"),
    (lambda x, w: gated(x, window_over(average(x), w)[:1]), "by the first one's gates"),
    (lambda x, w: gated(x, window_over(x.mean((0, 2, 3))[None], w)), "share the batch's average"),
    (lambda x, w: gated(x, window_over(average(x).T, w).T), "along the images of the batch"),
    (lambda x, w: x.clone(), "The result is the input"),
    (lambda x, w: window_over(average(x), w).sigmoid(), "got (B, C)"),
    (lambda x, w: solved.efficient_gates(x, w) / x * torch.ones_like(x), "spread over the places"),
    (lambda x, w: solved.efficient_gates(x, w).detach(), "No gradient reaches"),
]
KERNEL = [
    (lambda c, gamma=2.0, offset=1.0: int(t(c, gamma, offset)), "Even numbers occur"),
    (
        lambda c, gamma=2.0, offset=1.0: max(1, 2 * ((int(t(c, gamma, offset)) - 1) // 2) + 1),
        "Too small in places",
    ),
    (lambda c, gamma=2.0, offset=1.0: odd(t(c, gamma, offset)) + 2, "One step too wide"),
    (lambda c, gamma=2.0, offset=1.0: odd(t(c, gamma, 0)), "The offset is lost"),
    (lambda c, gamma=2.0, offset=1.0: odd(t(c, gamma, 0) + offset), "after the division"),
    (lambda c, gamma=2.0, offset=1.0: odd((math.log(c) + offset) / gamma), "natural logarithm"),
    (lambda c, gamma=2.0, offset=1.0: odd((math.log10(c) + offset) / gamma), "base 10"),
    (lambda c, gamma=2.0, offset=1.0: odd(t(c, 1, offset)), "gamma is lost"),
    (lambda c, gamma=2.0, offset=1.0: odd(t(c, 1 / gamma, offset)), "You multiply by gamma"),
    (lambda c, gamma=2.0, offset=1.0: odd((c + offset) / gamma), "There is no logarithm"),
    (lambda c, gamma=2.0, offset=1.0: 3, "Always 3"),
    (lambda c, gamma=2.0, offset=1.0: odd(t(c)), "Another gamma or offset changes nothing"),
    (lambda c, gamma=2.0, offset=1.0: t(c, gamma, offset), "got float64"),
    (lambda c, gamma=2.0, offset=1.0: "3", "builtins.str"),
]
SHUFFLE = [
    (lambda x, order: x.clone(), "Nothing has moved"),
    (lambda x, order: x.flatten(2)[:, :, order.argsort()].view_as(x), "That is the way back"),
    (
        lambda x, order: x.reshape(len(x), -1, x.shape[1])[:, order].reshape(x.shape),
        "Channels and places are mixed up",
    ),
    (
        lambda x, order: x.mT.flatten(2)[:, :, order].view(*x.shape[:2], x.shape[3], x.shape[2]).mT,
        "H and W are mixed up",
    ),
    (lambda x, order: x.flip(2, 3), "The places come in reverse"),
    (lambda x, order: x[:, :, order[order < x.shape[2]]], "The rows are moved as a whole"),
    (lambda x, order: x[..., order[order < x.shape[3]]], "The columns are moved as a whole"),
    (lambda x, order: x[:, order[order < x.shape[1]]], "The channels are moved"),
    (lambda x, order: x.flatten(2).sort(2).values.view_as(x), "sorted by value"),
    (lambda x, order: solved.shuffle_places(x, order)[:1].expand_as(x), "All images show the first one"),
    (lambda x, order: solved.shuffle_places(x, order)[:, :1].expand_as(x), "All channels show the first one"),
    (lambda x, order: x.flatten(2)[:, :, order], "still flat: bring H and W back"),
    (lambda x, order: x.flatten(2)[:, :, order].mT, "got (B, H*W, C)"),
    (lambda x, order: x.flatten(2)[:, :, order].view_as(x.mT), "got (B, C, W, H)"),
]


WRONG = {
    "check_squeeze_excite": EXCITE,
    "check_efficient_gates": EFFICIENT,
    "check_eca_kernel_size": KERNEL,
    "check_shuffle_places": SHUFFLE,
}


@pytest.mark.slow
def test_checks():
    contract(channel, solved, WRONG)
