"""Checks of the exercises on the vision transformer.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

from visual_attention.chapters.vision_transformer import mistakes as wrong
from visual_attention.exercises.means import LOOP
from visual_attention.exercises.properties import examined


@examined(
    points=4,
    right=wrong.patchify,
    axes={"B images": 2, "C colours": 3, "r rows of patches": 5, "c columns of patches": 4, "P pixels": 7},
    name="your patches",
    mistakes=wrong.PATCHIFY,
    without=(LOOP,),
)
def check_patchify(draw, B, C, r, c, P):
    """The pixels of each patch, patches row by row, (B, N, C * P * P)."""
    return draw(B, C, r * P, c * P), P


@examined(
    points=4,
    right=wrong.sequence,
    axes={"B images": 2, "N patches": 5, "D numbers": 7},
    name="your sequence",
    mistakes=wrong.SEQUENCE,
    gradients=("patches", "class_token", "positions"),
)
def check_sequence(draw, B, N, D):
    """The class token, then the patches, each with its position added, (B, 1 + N, D)."""
    return draw(B, N, D), draw.fixed(1, 1, D), draw.fixed(1, 1 + N, D)


@examined(
    points=4,
    right=wrong.class_view,
    axes={"B images": 2, "h heads": 3, "r rows": 5, "c columns": 7},
    name="your view",
    mistakes=wrong.CLASS_VIEW,
)
def check_class_view(draw, B, h, r, c):
    """What the class token takes from each patch in each head, (B, h, rows, columns)."""
    return draw.shares(B, h, 1 + r * c, 1 + r * c), (r, c)


@examined(
    points=5,
    right=wrong.stretch,
    axes={"M rows of the old square": 3, "D numbers": 2, "r rows": 5, "c columns": 7},
    name="your positions",
    mistakes=wrong.STRETCH,
    gradients=("positions",),
)
def check_stretch(draw, M, D, r, c):
    """Positions for another grid of patches, bicubic, the class token's as it was."""
    return draw(1, 1 + M * M, D), (r, c)
