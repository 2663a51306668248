"""Checks for the exercises on inpainting.

Chapter: notebooks/applications/inpainting.ipynb
"""

from collections.abc import Callable

import torch

from visual_attention.chapters.inpainting import copying_mistakes as copying
from visual_attention.chapters.inpainting import mistakes as wrong
from visual_attention.chapters.inpainting import written
from visual_attention.chapters.inpainting.scores import MeanFill
from visual_attention.exercises.means import ATTENTION
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check

BETTER = 3.0  # decibels above one flat colour that a network must reach; see `written.main`


@examined(
    points=3,
    right=wrong.psnr,
    axes={"B images": 2, "C channels": 3, "H rows": 5, "W columns": 7},
    name="your ratio",
    mistakes=wrong.PSNR,
    about=About("How good is what you filled in?", "an error over missing pixels only", 10, "warm-up"),
)
def check_hole_psnr(draw, B, C, H, W):
    """Fillings, truths (B, C, H, W) and masks (B, 1, H, W) become the ratio in the hole, (B,)."""
    filled = draw.unit(B, C, H, W) * 0.9 + 0.05 * draw.fixed(B, C, H, W).sigmoid()
    return filled, draw.unit(B, C, H, W), draw.mask(B, 1, H, W)


@examined(
    points=3,
    right=wrong.sources,
    axes={"B images": 2, "H rows": 9, "W columns": 13},
    name="your map",
    mistakes=wrong.SOURCES,
    about=About("From where may be copied?", "patches that lie inside a mask", 15),
)
def check_sources(draw, B, H, W):
    """Masks (B, 1, H, W) become true at the centres of whole patches."""
    return draw.mask(B, 1, H, W, share=0.08), draw.one_of(3, 5, 1)


@examined(
    points=4,
    right=wrong.weights,
    axes={"B images": 2, "P queries": 3, "N keys": 5, "D numbers": 7},
    name="your weights",
    mistakes=wrong.WEIGHTS,
    gradients=("queries", "keys"),
    about=About("Who resembles whom?", "cosine attention with a mask", 12),
)
def check_patch_weights(draw, B, P, N, D):
    """Queries (B, P, D) and keys (B, N, D) become weights (B, P, N) on the keys that may be copied."""
    queries, keys, whole = draw.vectors(B, P, D), draw.vectors(B, N, D), draw.mask(B, N)
    yield queries, keys, whole, draw.one_of(4.0, 0.7)
    yield special(1, "at a scale of 1000", queries, keys, whole, 1000.0)


@examined(
    points=3,
    right=copying.without_favourite,
    axes={"B images": 2, "P queries": 3, "N keys": 5},
    name="your weights",
    mistakes=copying.WITHOUT,
    least={"N": 3},
    about=About("Can it do without its favourite?", "an intervention on trained attention", 10),
)
def check_without_favourite(draw, B, P, N):
    """Scores (B, P, N), -inf where nothing may be copied, become weights without each query's best key."""
    scores = 2 * draw(B, P, N)
    last = (torch.arange(N) == N - 1) & (torch.arange(P) % 2 == 1)[:, None] & (N > 3)
    return scores.masked_fill(last, -torch.inf)


@examined(
    points=5,
    right=copying.fill_rim,
    axes={"C channels": 2, "H rows": 11, "W columns": 13},
    name="your image",
    mistakes=copying.FILL_RIM,
    least={"H": 9, "W": 9},
    about=About(
        "Can you peel one rim?", "attention by neighbourhoods, from the rim inwards", 25, "takes thought"
    ),
)
def check_fill_rim(draw, C, H, W):
    """An image (C, H, W) and where it is missing (H, W) become the image with one rim filled."""
    H, W = max(H, 13), max(W, 13)  # room for a hole and for patches beside it
    image, missing = draw.unit(C, H, W), torch.zeros(H, W, dtype=torch.bool)
    top, left = 1 + int(draw.whole(3)), 4 + int(draw.whole(3))
    missing[top : top + 6, left : left + 5] = True  # three rims deep
    missing[top, left + 4] = False
    return image, missing, 3, draw.one_of(0.02, 0.1)


def learns(student: Callable, check: Check) -> None:
    """Whether a network with such a layer learns to fill wallpaper."""
    model, _ = written.learn(check.part_of_network(student))
    found, flat = written.decibels(model), written.decibels(MeanFill())
    told = f"it fills unseen wallpaper with {found:.1f} dB; one flat colour has {flat:.1f}"
    check.that(
        found > flat + BETTER,
        points=2,
        good=f"A network learns with your layer: {told}.",
        bad=f"A network hardly learns with your layer: {told}.",
    )


@examined(
    points=6,
    right=copying.copy_step,
    axes={"B images": 2, "N places": 5, "D numbers": 7, "V values": 3},
    name="your values",
    mistakes=copying.COPY,
    gradients=("features", "values"),
    without=(ATTENTION,),
    after=(2, learns),
    about=About(
        "Make it learn: can you write the layer that copies?",
        "contextual attention, trained in a network",
        25,
        "takes thought",
    ),
)
def check_copy_step(draw, B, N, D, V):
    """Features (B, N, D), values (B, N, V) and what is known (B, N) become copied values (B, N, V)."""
    return draw.vectors(B, N, D), draw(B, N, V), draw.mask(B, N), draw.one_of(4.0, 0.7)
