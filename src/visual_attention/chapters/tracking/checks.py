"""Checks for the exercises on tracking.

Chapter: notebooks/applications/tracking.ipynb
"""

from collections.abc import Callable

import torch

from visual_attention.chapters.tracking import ask_mistakes, asked
from visual_attention.chapters.tracking import mistakes as wrong
from visual_attention.exercises.means import ATTENTION
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check

THRESHOLDS = torch.tensor([0.0, 0.2, 0.25, 0.5, 0.8])


@examined(
    points=3,
    right=wrong.success_curve,
    axes={"F frames": 11, "K thresholds": 5},
    name="your curve",
    mistakes=wrong.SUCCESS,
    least={"F": 3},
    about=About("Can you draw a success curve?", "a score over thresholds", 8, "warm-up"),
)
def check_success_curve(draw, F, K):
    """Overlaps (F,), presence (F,) and thresholds (K,) become the share of frames above each, (K,)."""
    present = draw.mask(1, F, share=0.7)[0]
    present[: F // 3] = False
    present[-1:] = True
    yield draw.unit(F), present, draw.unit(K)
    exact = torch.tensor([0.25, 0.5, 0.5, 0.9]), torch.ones(4, dtype=torch.bool), THRESHOLDS
    yield special(1, "where overlaps lie exactly at a threshold", *exact)


@examined(
    points=4,
    right=wrong.correlate,
    axes={
        "B images": 3,
        "d channels": 2,
        "h rows": 5,
        "w columns": 4,
        "r further rows": 6,
        "c further columns": 9,
    },
    name="your map",
    mistakes=wrong.MAP,
    gradients=("search", "template"),
    about=About("Can you slide a template?", "cross-correlation as fixed attention", 15),
)
def check_correlate(draw, B, d, h, w, r, c):
    """Search features (B, d, H, W) and templates (B, d, h, w) become a map (B, H - h + 1, W - w + 1)."""
    return draw(B, d, h + r, w + c), draw.fixed(B, d, h, w)


@examined(
    points=5,
    right=wrong.attend,
    axes={"B images": 3, "N places": 7, "M parts": 5, "d numbers": 4},
    name="your fit",
    mistakes=wrong.FIT,
    gradients=("queries", "keys"),
    about=About(
        "Can each place choose its part?",
        "cross-attention with a mask and a temperature",
        20,
        "takes thought",
    ),
)
def check_cross_attend(draw, B, N, M, d):
    """Queries (B, N, d), keys (B, M, d) and a mask (B, M) become how well each place fits, (B, N)."""
    queries, keys, mask = draw.vectors(B, N, d), draw.vectors(B, M, d), draw.mask(B, M)
    yield queries, keys, torch.ones_like(mask), draw.one_of(0.2, 0.7)
    yield special(1, "where the mask leaves parts out", queries, keys, mask, 0.5)
    yield special(1, "at a temperature of 0.001", queries, keys, mask, 0.001)


@examined(
    points=5,
    right=wrong.carry,
    axes={"B images": 3, "N places": 7, "M known places": 8, "d numbers": 4, "K labels": 2},
    name="your labels",
    mistakes=wrong.LABELS,
    gradients=("frame", "known"),
    about=About(
        "Can you carry a mask?", "label propagation: attention without training", 20, "takes thought"
    ),
)
def check_carry_labels(draw, B, N, M, d, K):
    """Features (B, N, d), known ones (B, M, d) and their labels (B, M, K) become labels (B, N, K)."""
    frame, known, labels = draw.vectors(B, N, d), draw.vectors(B, M, d), draw.unit(B, M, K)
    yield frame, known, labels, max(1, M // 2), draw.one_of(0.2, 0.7)
    yield special(1, "where every known patch may have a say", frame, known, labels, M, 0.5)
    yield special(1, "at a temperature of 0.001", frame, known, labels, max(1, M // 2), 0.001)


def learns(student: Callable, check: Check) -> None:
    """Whether a tracker with such an attention learns to find targets, and asks for the template."""
    model = asked.learn(check.part_of_network(student))
    found, swapped = asked.score(model), asked.score(model, swapped=True)
    told = f"it finds {found:.0f} % of the targets that it never saw"
    check.that(
        found > asked.WANTED,
        points=1,
        good=f"A tracker with your attention learns: {told}.",
        bad=f"A tracker with your attention hardly learns: {told}.",
    )
    told = f"with another scene's template {found:.0f} % become {swapped:.0f} %"
    check.that(
        found - swapped > asked.LOST,
        points=1,
        good=f"And it asks for the template: {told}.",
        bad=f"It hardly asks for the template: {told}.",
    )


@examined(
    points=6,
    right=ask_mistakes.asked,
    axes={"B images": 3, "N tokens of the window": 7, "M tokens of the template": 4, "D numbers": 5},
    name="what your tokens get",
    mistakes=ask_mistakes.ASKED,
    gradients=("window", "template", "query", "key", "value"),
    without=(ATTENTION,),
    after=(2, learns),
    about=About(
        "Make it learn: can they ask each other?",
        "joint attention of template and window, trained",
        25,
        "takes thought",
    ),
)
def check_ask_each_other(draw, B, N, M, D):
    """A window (B, N, D), a template (B, M, D) and matrices become what each token gets, (B, N + M, D)."""
    return draw(B, N, D), draw(B, M, D), draw.fixed(D, D), draw.fixed(D, D), draw.fixed(D, D)
