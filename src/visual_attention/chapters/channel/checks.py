"""Checks for the exercises on channel attention.

Chapter: notebooks/mechanisms/channel.ipynb
"""

from visual_attention.chapters.channel import mistakes as wrong
from visual_attention.exercises.properties import examined, special

GATED = {"B images": 2, "C channels": 5, "H rows": 3, "W columns": 7, "hidden units": 11}


def network(draw, B, C, H, W, hidden):
    """A feature map and two matrices, so drawn that some hidden units are shut and some open."""
    x = 2 * draw(B, C, H, W) + draw.fixed(B, C, 1, 1)
    return x, draw.fixed(hidden, C), draw.fixed(C, hidden)


@examined(
    points=4,
    right=wrong.excite,
    axes=GATED,
    mistakes=wrong.EXCITE,
    gradients=("x", "first", "second"),
)
def check_squeeze_excite(draw, B, C, H, W, hidden):
    """Gate the channels of (B, C, H, W) by sigmoid(second relu(first average))."""
    return network(draw, B, C, H, W, hidden)


@examined(
    points=3,
    right=wrong.both_gates,
    axes=GATED,
    name="your gates",
    mistakes=wrong.GATES,
    gradients=("x", "first", "second"),
)
def check_channel_gates(draw, B, C, H, W, hidden):
    """CBAM's gates (B, C, 1, 1): one network for averages and for maxima, and the sigmoid of the sum."""
    return network(draw, B, C, H, W, hidden)


@examined(points=3, right=wrong.window, axes={}, name="your window", mistakes=wrong.WINDOW, draws=1)
def check_eca_kernel_size(draw):
    """The odd number nearest to (log2(C) + offset) / gamma, upwards from the middle."""
    yield from (1, 2, 8, 16, 32, 64, 100, 128, 256, 512, 2048)
    yield 1 + int(draw.whole(4000))
    for given in ((64, 1.0, 1.0), (64, 2.0, 3.0), (1000, 3.0, 0.0), (2048, 1.5, 2.0), (2, 2, 3)):
        yield special(1, "for another gamma and offset", *given)


@examined(
    points=3,
    right=wrong.shuffled,
    axes={"B images": 2, "C channels": 5, "H rows": 3, "W columns": 7},
    mistakes=wrong.SHUFFLE,
)
def check_shuffle_places(draw, B, C, H, W):
    """The places of (B, C, H, W) in a new order, the same for each channel and image."""
    return draw(B, C, H, W), draw.order(H * W)
