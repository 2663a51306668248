"""Checks of the exercises on the vision transformer.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

from collections.abc import Callable

from torch import Tensor

from visual_attention.chapters.vision_transformer import block_mistakes, written
from visual_attention.chapters.vision_transformer import mistakes as wrong
from visual_attention.exercises.means import ATTENTION, LOOP
from visual_attention.exercises.properties import examined
from visual_attention.exercises.report import About, Check


@examined(
    points=4,
    right=wrong.patchify,
    axes={"B images": 2, "C colours": 3, "r rows of patches": 5, "c columns of patches": 4, "P pixels": 7},
    name="your patches",
    mistakes=wrong.PATCHIFY,
    without=(LOOP,),
    about=About("Can you cut an image into words?", "images as sequences of patches", 12),
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
    about=About("Can you put the sentence together?", "class token and positions", 10),
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
    about=About("Can you draw what the class token sees?", "the class token's map", 10),
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
    about=About("Can you make positions for another size?", "interpolated positions", 20, "takes thought"),
)
def check_stretch(draw, M, D, r, c):
    """Positions for another grid of patches, bicubic, the class token's as it was."""
    return draw(1, 1 + M * M, D), (r, c)


def with_state(call: Callable, tokens: Tensor, state: dict[str, Tensor], heads: int) -> Tensor:
    """The answer with weights of the tokens' type, fresh for each call."""
    return call(tokens, {name: weight.to(tokens.dtype, copy=True) for name, weight in state.items()}, heads)


def learns(student: Callable, check: Check) -> None:
    """Whether a transformer of such blocks is the package's, and learns to read."""
    function = check.part_of_network(student)
    apart = written.difference(function)
    told = f"with the same weights, its tokens differ from the package's by at most {apart:.0e}."
    check.that(
        apart < 3e-4,
        points=1,
        good=f"Two of your blocks make a vision transformer: {told}",
        bad=f"Two of your blocks in a row make another network than the package's: {told}",
    )
    share = written.accuracy(written.learn(function))
    told = f"it names {share:.0%} of the digits after 300 steps; guessing names 10 %."
    check.that(
        share > 0.6,
        points=1,
        good=f"A transformer of your blocks learns to read: {told}",
        bad=f"A transformer of your blocks does not learn to read: {told}",
    )


@examined(
    points=7,
    right=block_mistakes.block,
    axes={"B images": 2, "N tokens": 7, "h heads": 3, "d numbers": 5},
    name="your tokens",
    mistakes=block_mistakes.BLOCK,
    without=(ATTENTION,),
    observe=with_state,
    after=(2, learns),
    about=About(
        "Make it learn: can you write the block?",
        "the transformer block, with DINOv2's names, trained in a network",
        35,
        "takes thought",
    ),
)
def check_transformer_block(draw, B, N, h, d):
    """Tokens (B, N, D) and the weights of a block by DINOv2's names become the block's output, (B, N, D)."""
    D = h * d
    shapes = {"attn.qkv": (3 * D, D), "attn.proj": (D, D), "mlp.fc1": (4 * D, D), "mlp.fc2": (D, 4 * D)}
    state = {f"{name}.weight": draw.fixed(*shape) / D**0.5 for name, shape in shapes.items()}
    state |= {f"{name}.bias": draw.fixed(shape[0]) for name, shape in shapes.items()}
    for name in ("norm1", "norm2"):
        state |= {f"{name}.weight": 1 + draw.fixed(D) / 2, f"{name}.bias": draw.fixed(D)}
    state |= {name: draw.fixed(D) for name in ("ls1.gamma", "ls2.gamma")}
    return draw(B, N, D), state, h
