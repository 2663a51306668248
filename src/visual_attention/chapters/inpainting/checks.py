"""Checks for the exercises on inpainting.

Chapter: notebooks/applications/inpainting.ipynb
"""

from visual_attention.chapters.inpainting import mistakes as wrong
from visual_attention.exercises.properties import examined, special


@examined(
    points=3,
    right=wrong.psnr,
    axes={"B images": 2, "C channels": 3, "H rows": 5, "W columns": 7},
    name="your ratio",
    mistakes=wrong.PSNR,
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
)
def check_patch_weights(draw, B, P, N, D):
    """Queries (B, P, D) and keys (B, N, D) become weights (B, P, N) on the keys that may be copied."""
    queries, keys, whole = draw.vectors(B, P, D), draw.vectors(B, N, D), draw.mask(B, N)
    yield queries, keys, whole, draw.one_of(4.0, 0.7)
    yield special(1, "at a scale of 1000", queries, keys, whole, 1000.0)


@examined(
    points=3,
    right=wrong.paste,
    axes={"B images": 2, "C channels": 3, "H rows": 5, "W columns": 7},
    name="your map",
    mistakes=wrong.PASTE,
)
def check_paste(draw, B, C, H, W):
    """One patch around each place becomes a map, the mean where patches overlap: (B, C, H, W)."""
    size = draw.one_of(3, 5, 1)
    return draw(B, H * W, C * size**2), H, W, size
