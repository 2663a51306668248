"""Checks for the exercises on hard attention.

Chapter: notebooks/mechanisms/hard.ipynb
"""

import torch
from torch import Tensor

from visual_attention.chapters.hard import choosers, doors, glimpse_mistakes
from visual_attention.chapters.hard import mistakes as wrong
from visual_attention.exercises.means import AUTOGRAD
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check
from visual_attention.exercises.values import Problem


@examined(
    points=4,
    right=glimpse_mistakes.glimpse,
    axes={"half pixels of a side": 2, "r further rows": 9, "c further columns": 18},
    name="your patch",
    mistakes=glimpse_mistakes.GLIMPSE,
    about=About("Can you take a glimpse?", "a glimpse: coordinates and borders", 15, "warm-up"),
)
def check_cut_glimpse(draw, half, r, c):
    """An image (H, W) and a location (x, y) become the patch of size x size pixels around it."""
    size, H, W = 2 * half, 2 * half + r, 2 * half + c
    image = draw(H, W)

    def located(columns: int, rows: int) -> tuple[Tensor, Tensor, int]:
        """A location with so many columns to its left and so many rows above it, a whole number of pixels."""
        place = [2 * columns / W - 1, 2 * rows / H - 1]
        return image, torch.tensor(place, dtype=torch.float64), size

    for _ in range(3):
        yield located(half + int(draw.whole(c + 1)), half + int(draw.whole(r + 1)))
    edges = ((1, H // 2), (W - 1, H // 2 + 1), (W // 2, 0), (W // 2 + 1, H), (0, 1))
    for columns, rows in edges:
        yield special(0.5, "at the edge", *located(columns, rows))
    for columns, rows in ((3 * W + size, H // 2), (W // 2, -2 * H - size)):
        yield special(0.5, "far outside of the image", *located(columns, rows))


def slope_of_choices(call, log_probabilities, rewards, baselines):
    """The gradient that reaches the log-probabilities."""
    return slopes(call, log_probabilities, rewards, baselines)[0]


def slope_of_the_rest(call, log_probabilities, rewards, baselines):
    """The gradients that reach rewards and baselines: none should."""
    return torch.cat(slopes(call, log_probabilities, rewards, baselines)[1:])


def slopes(call, *tensors: Tensor) -> list[Tensor]:
    """The gradients of the number that an answer returns, zeros where none flows."""
    leaves = [tensor.detach().clone().requires_grad_() for tensor in tensors]
    got = call(*leaves)
    if not isinstance(got, Tensor) or got.numel() != 1:
        shape = f", got a tensor of shape {tuple(got.shape)}" if isinstance(got, Tensor) else ""
        raise Problem(f"One number in a tensor is wanted, the mean over the batch{shape}.")
    return gradients(got.sum(), leaves)


def gradients(got: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    if not got.requires_grad:
        raise Problem(
            "No gradient comes back from what you return: is there a `detach` or an `.item()` on the way?"
        )
    found = torch.autograd.grad(got, leaves, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for g, t in zip(found, leaves, strict=True)]


@examined(
    points=4,
    right=wrong.reinforce,
    axes={"B choices": 5},
    name="the gradient of your number",
    mistakes=wrong.REINFORCE,
    observe=slope_of_choices,
    about=About("Can you reward a choice?", "REINFORCE with a baseline", 15),
)
def check_reinforce(draw, B):
    """Log-probabilities, rewards and baselines, each (B,), become a number with REINFORCE's gradient."""
    chances = draw.fixed(B).sigmoid()
    given = chances.log(), draw(B), draw(B) + 0.5
    yield given
    yield special(1, "with regard to rewards and baselines", *given, observe=slope_of_the_rest)


@examined(
    points=3,
    right=wrong.exact,
    axes={"B images": 3, "N choices": 5},
    name="your gradient",
    mistakes=wrong.EXACT,
    without=(AUTOGRAD,),
    held=0.5,
    allowed=0.5,
    about=About("Can you do without drawing?", "the gradient of an expected loss", 15),
)
def check_exact_gradient(draw, B, N):
    """Scores (B, N) and the loss of each choice (B, N) become the gradient of the expected loss, (B, N)."""
    scores, losses = draw(B, N), draw(B, N).clamp(-5, 5).exp()
    yield scores, losses
    yield special(0.5, "for scores of 1000", 1000 + scores, losses)


def blend_slope(call, scores, noise, *temperature):
    """The gradient that reaches the scores, of a fixed mixture of the draws."""
    free = scores.detach().clone().requires_grad_()
    got = call(free, noise, *temperature)
    if not isinstance(got, Tensor) or got.shape != scores.shape:
        raise Problem(f"A tensor of shape {tuple(scores.shape)} is wanted.")
    mixture = torch.randn(got.shape, generator=torch.Generator().manual_seed(3)).to(got.dtype)
    return gradients((got * mixture).sum(), [free])[0]


@examined(
    points=4,
    right=wrong.straight,
    axes={"B images": 7, "N choices": 5},
    name="your draw",
    mistakes=wrong.DRAW,
    about=About(
        "Can you be hard forward and soft backward?", "straight-through Gumbel-softmax", 20, "takes thought"
    ),
)
def check_straight_through(draw, B, N):
    """Scores and Gumbel noise (B, N) become draws: one-hot forward, the gradient of a softmax backward."""
    scores, noise = draw(B, N), 1.5 * draw.fixed(B, N)
    yield scores, noise
    yield special(1, "on the way back", scores, noise, observe=blend_slope)
    yield special(1, "on the way back at temperature 0.5", scores, noise, 0.5, observe=blend_slope)


def slopes_of_all(which: int):
    """The gradient that reaches one of scores, losses and expected rewards, of an answer's number."""

    def observe(call, scores, drawn, losses, expected, bonus):
        def number(scores, losses, expected):
            return call(scores, drawn, losses, expected, bonus)

        return slopes(number, scores, losses, expected)[which]

    return observe


def learns(student, check: Check) -> None:
    """Whether the three doors, then a network that chooses among cells, learn by the answer."""

    def call(*given):
        return check.call(student, *given)

    share = doors.learn(call, bonus=0.3, runs=60).found
    check.that(
        share > 0.9,
        points=1,
        good=f"By your number {share:.0%} of 60 trainings find the best of three doors.",
        bad=f"By your number {share:.0%} of 60 trainings find the best of three doors: nine in ten should.",
    )
    model, _ = choosers.learn(choosers.drawn_loss(call), steps=350)
    right, named = choosers.found(model, count=300)
    told = f"the whole digit's cell in {right:.0%} of 300 new pictures, and the digit in {named:.0%}"
    check.that(
        right > 0.8 and named > 0.5,
        points=1,
        good=f"Trained by it for 350 steps, a network finds {told}.",
        bad=f"Trained by it for 350 steps, a network finds {told}: eight and five in ten are wanted.",
    )


@examined(
    points=7,
    right=doors.choice_loss,
    axes={"B examples": 5, "N choices": 3},
    name="the gradient of your number",
    mistakes=wrong.CHOICE,
    observe=slopes_of_all(0),
    after=(2, learns),
    about=About(
        "Can you make a choice learn?",
        "REINFORCE with baseline and entropy; training a choice",
        30,
        "takes thought",
    ),
)
def check_choice_loss(draw, B, N):
    """Scores (B, N), draws, losses, expectations (B,) and a bonus become a number that trains a choice."""
    given = draw(B, N), draw.whole(N, B), draw.unit(B) + 0.5, draw(B).clamp(-5, 5) - 1
    yield *given, 0.5
    yield special(1, "without a bonus", *given, 0.0)
    yield special(1, "with regard to the losses", *given, 0.5, observe=slopes_of_all(1))
    yield special(1, "with regard to what was expected", *given, 0.5, observe=slopes_of_all(2))
