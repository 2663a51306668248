"""What is right in the exercises on channel attention, and plausible mistakes: feedback -> the function."""

import math

from torch import Tensor
from torch.nn import functional as F

PLACES = (2, 3)


def gates(squeezed: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The gates of squeezed channels, (B, C) -> (B, C, 1, 1)."""
    return opened(answer(squeezed, first, second))


def answer(squeezed: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """What the network of two layers says."""
    return (squeezed @ first.T).relu() @ second.T


def opened(scores: Tensor) -> Tensor:
    """Scores as gates that meet a map."""
    return scores.sigmoid()[:, :, None, None]


def excite(x: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Squeeze and excitation."""
    return x * gates(x.mean(PLACES), first, second)


def slid(averages: Tensor, window: Tensor, mode: str = "constant") -> Tensor:
    """A window over the list of channels, (B, C) and (k,) -> (B, C); what lies beyond the ends by the mode."""
    middle = len(window) // 2
    return F.conv1d(F.pad(averages[:, None], (middle, middle), mode=mode), window[None, None])[:, 0]


def efficient(x: Tensor, window: Tensor) -> Tensor:
    """Efficient channel attention."""
    return x * opened(slid(x.mean(PLACES), window))


def ring(averages: Tensor, window: Tensor) -> Tensor:
    """The window over a list whose ends meet, however short."""
    middle = len(window) // 2
    return sum(window[k] * averages.roll(middle - k, dims=1) for k in range(len(window)))


def near(averages: Tensor, window: Tensor, shift: int) -> Tensor:
    """The window's answers, moved along the list; zeros come in."""
    padded = F.pad(slid(averages, window), (abs(shift), abs(shift)))
    return padded[:, abs(shift) - shift :][:, : averages.shape[1]]


def odd(target: float) -> int:
    """The odd number nearest to a target, upwards from the middle."""
    return 2 * math.floor(target / 2) + 1


def window(channels: int, gamma: float = 2.0, offset: float = 1.0) -> int:
    """ECA's window."""
    return odd((math.log2(channels) + offset) / gamma)


def shuffled(x: Tensor, order: Tensor) -> Tensor:
    """The places in a new order."""
    return x.flatten(2)[:, :, order].view(x.shape)


EXCITE = {
    "That squeezes by the maximum: the average is wanted.": lambda x, f, s: x * gates(x.amax(PLACES), f, s),
    "That squeezes by the sum: the average is wanted.": lambda x, f, s: x * gates(x.sum(PLACES), f, s),
    "The ReLU between the two layers is lost: without it they are one linear layer.": lambda x, f, s: (
        x * opened(x.mean(PLACES) @ f.T @ s.T)
    ),
    "A sigmoid stands where the ReLU belongs, between the layers.": lambda x, f, s: (
        x * opened((x.mean(PLACES) @ f.T).sigmoid() @ s.T)
    ),
    "That is a softmax: channels share a budget of 1. A sigmoid asks each channel alone.": lambda x, f, s: (
        x * answer(x.mean(PLACES), f, s).softmax(1)[:, :, None, None]
    ),
    "The sigmoid is lost: a gate must lie between 0 and 1.": lambda x, f, s: (
        x * answer(x.mean(PLACES), f, s)[:, :, None, None]
    ),
    "You add the input to the gated input: that is a residual, which SE leaves to the network.": lambda x, f, s: (
        x + excite(x, f, s)
    ),
    "You add the gates to the input: multiply.": lambda x, f, s: x + gates(x.mean(PLACES), f, s),
    "All images are gated by the first one's gates.": lambda x, f, s: x * gates(x.mean(PLACES), f, s)[:1],
    "All images share the batch's average: average over dim=(2, 3), not over dim=0.": lambda x, f, s: (
        x * gates(x.mean((0, 2, 3))[None], f, s)
    ),
    "The result is the input: the gates are not applied.": lambda x, f, s: x.clone(),
    "A second ReLU, before the sigmoid: no gate can fall below 0.5.": lambda x, f, s: (
        x * opened(answer(x.mean(PLACES), f, s).relu())
    ),
    "Those are the gates alone, spread over the places: multiply the input by them.": lambda x, f, s: gates(
        x.mean(PLACES), f, s
    ).expand_as(x),
    "Those are the gates alone: multiply the input by them.": lambda x, f, s: gates(x.mean(PLACES), f, s),
}

EFFICIENT = {
    "That squeezes by the maximum: the average is wanted.": lambda x, w: x * opened(slid(x.amax(PLACES), w)),
    "That squeezes by the sum: the average is wanted.": lambda x, w: x * opened(slid(x.sum(PLACES), w)),
    "Your window is turned round: its first number belongs to the channel before.": lambda x, w: efficient(
        x, w.flip(0)
    ),
    "The list of channels closes to a ring: beyond its ends are zeros.": lambda x, w: (
        x * opened(ring(x.mean(PLACES), w))
    ),
    "Beyond the ends of the list you repeat the last channel: zeros are wanted.": lambda x, w: (
        x * opened(slid(x.mean(PLACES), w, "replicate"))
    ),
    "The gates are one channel late: pad as much before the list as behind it.": lambda x, w: (
        x * opened(near(x.mean(PLACES), w, 1))
    ),
    "Only the window's middle is used: each channel asks itself alone.": lambda x, w: (
        x * opened(x.mean(PLACES) * w[len(w) // 2])
    ),
    "All channels count alike in each gate: the window must slide.": lambda x, w: (
        x * opened((x.mean(PLACES).sum(1, keepdim=True) * w.mean()).expand(x.shape[:2]))
    ),
    "That is a softmax: channels share a budget of 1. A sigmoid asks each channel alone.": lambda x, w: (
        x * slid(x.mean(PLACES), w).softmax(1)[:, :, None, None]
    ),
    "The sigmoid is lost: a gate must lie between 0 and 1.": lambda x, w: (
        x * slid(x.mean(PLACES), w)[:, :, None, None]
    ),
    "A ReLU before the sigmoid: no gate can fall below 0.5.": lambda x, w: (
        x * opened(slid(x.mean(PLACES), w).relu())
    ),
    "You add the input to the gated input: that is a residual, which ECA leaves to the network.": lambda x, w: (
        x + efficient(x, w)
    ),
    "All images are gated by the first one's gates.": lambda x, w: x * opened(slid(x.mean(PLACES), w))[:1],
    "All images share the batch's average: average over dim=(2, 3), not over dim=0.": lambda x, w: (
        x * opened(slid(x.mean((0, 2, 3))[None], w))
    ),
    "The window slides along the images of the batch: let it slide along the channels.": lambda x, w: (
        x * opened(slid(x.mean(PLACES).mT, w).mT)
    ),
    "The result is the input: the gates are not applied.": lambda x, w: x.clone(),
    "Those are the gates alone, spread over the places: multiply the input by them.": lambda x, w: opened(
        slid(x.mean(PLACES), w)
    ).expand_as(x),
    "Those are the gates alone: multiply the input by them.": lambda x, w: opened(slid(x.mean(PLACES), w)),
}

WINDOW = {
    "Even numbers occur: a window of even length has no middle.": lambda c, g=2.0, o=1.0: int(
        (math.log2(c) + o) / g
    ),
    "Too small in places: do you take the next odd number *below*?": lambda c, g=2.0, o=1.0: max(
        1, 2 * ((int((math.log2(c) + o) / g) - 1) // 2) + 1
    ),
    "One step too wide: 2 too much everywhere.": lambda c, g=2.0, o=1.0: window(c, g, o) + 2,
    "The offset is lost: (log2(C) + offset) / gamma.": lambda c, g=2.0, o=1.0: window(c, g, 0),
    "You add the offset after the division by gamma: add it before.": lambda c, g=2.0, o=1.0: odd(
        math.log2(c) / g + o
    ),
    "You subtract the offset: add it.": lambda c, g=2.0, o=1.0: window(c, g, -o),
    "That is the natural logarithm: log2 is wanted.": lambda c, g=2.0, o=1.0: odd((math.log(c) + o) / g),
    "That is the logarithm to base 10: log2 is wanted.": lambda c, g=2.0, o=1.0: odd((math.log10(c) + o) / g),
    "gamma is lost: divide by it.": lambda c, g=2.0, o=1.0: window(c, 1, o),
    "You multiply by gamma: divide by it.": lambda c, g=2.0, o=1.0: window(c, 1 / g, o),
    "There is no logarithm: the window must grow far more slowly than C.": lambda c, g=2.0, o=1.0: odd(
        (c + o) / g
    ),
    "Always 3: the window must grow with the number of channels.": lambda c, g=2.0, o=1.0: 3,
    "Another gamma or offset changes nothing: use the arguments, not 2 and 1.": lambda c, g=2.0, o=1.0: (
        window(c)
    ),
    "Where two odd numbers are equally near, take the larger one.": lambda c, g=2.0, o=1.0: (
        2 * math.ceil((math.log2(c) + o) / g / 2) - 1
    ),
}


def by_columns(x: Tensor, order: Tensor) -> Tensor:
    """Places counted column by column."""
    return x.mT.flatten(2)[:, :, order].unflatten(2, (x.shape[3], x.shape[2])).mT


SHUFFLE = {
    "Nothing has moved.": lambda x, order: x.clone(),
    "That is the way back: place i should get what lay at place order[i].": lambda x, order: shuffled(
        x, order.argsort()
    ),
    "Channels and places are mixed up: a `reshape` to (B, H*W, C) does not move an axis.": lambda x, order: (
        x.reshape(len(x), -1, x.shape[1])[:, order].reshape(x.shape)
    ),
    "H and W are mixed up: you count the places column by column, not row by row.": by_columns,
    "The places come in reverse: use `order`.": lambda x, order: x.flip(2, 3),
    "The rows are moved as a whole: places must move one by one.": lambda x, order: x[
        :, :, order[order < x.shape[2]]
    ],
    "The columns are moved as a whole: places must move one by one.": lambda x, order: x[
        :, :, :, order[order < x.shape[3]]
    ],
    "The channels are moved, not the places.": lambda x, order: x[:, order[order < x.shape[1]]],
    "The places are sorted by value: use `order`.": lambda x, order: (
        x.flatten(2).sort(2).values.view(x.shape)
    ),
    "All images show the first one: the batch axis is lost.": lambda x, order: shuffled(x, order)[
        :1
    ].expand_as(x),
    "All channels show the first one: the channel axis is lost.": lambda x, order: shuffled(x, order)[
        :, :1
    ].expand_as(x),
    "The order may be right, but the places are still flat: bring H and W back.": lambda x, order: x.flatten(
        2
    )[:, :, order],
}
