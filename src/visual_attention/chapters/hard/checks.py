"""Checks for the exercises on hard attention.

Chapter: notebooks/mechanisms/hard.ipynb
"""

import torch

from visual_attention.chapters.hard import mistakes
from visual_attention.exercises.report import Check, exercise


@exercise(points=4)
def check_cut_glimpse(student, check: Check):
    """An image (H, W) and a location (x, y) become the patch of size x size pixels around it."""
    one, two = check.random(14, 22), check.random(18, 10, seed=1)
    # columns and rows that have whole numbers of pixels before them
    inside = [_case(one, 15, 5, 4), _case(one, 8, 9, 6), _case(two, 4, 13, 4)]
    edges = [_case(one, 1, 4, 6), _case(one, 20, 13, 6), _case(two, 2, 0, 4)]
    far = [_case(one, 40, 7, 4), _case(two, 5, -30, 4)]
    if not _cut(student, check, inside, "your patch", 2, mistakes.in_glimpse(inside)):
        return
    if not _cut(student, check, edges, "your patch at the edge", 1, mistakes.in_border(edges)):
        return
    wrong = "Far outside you push the patch back into the image: there is nothing to see, only zeros."
    name = "your patch far outside of the image"
    _cut(student, check, far, name, 1, {wrong: [mistakes.pushed(*case) for case in far]})


@exercise(points=4)
def check_reinforce(student, check: Check):
    """Log-probabilities, rewards and baselines, each (B,), become a number with REINFORCE's gradient."""
    for points, count, seed in ((2, 5, 0), (1, 7, 3)):
        chances = check.random(count, seed=seed).sigmoid()
        rewards, baselines = check.random(count, seed=seed + 1), 0.5 + check.random(count, seed=seed + 2)
        tensors = [tensor.clone().requires_grad_() for tensor in (chances.log(), rewards, baselines)]
        got = check.call(student, *tensors)
        each = "You return a number for each choice: take the mean over the batch."
        check.tensor(got, shape=(), name="your number", shapes={(count,): each, (1,): "Return a scalar."})
        found = _slopes(check, got, tensors, ("log_probabilities", "rewards", "baselines"))
        wrong = mistakes.in_reinforce(chances.log(), rewards, baselines)
        want = (baselines - rewards) / count
        name = "the gradient of your number" if seed == 0 else "the gradient for another batch"
        if not check.equal(found[0], want, points=points, name=name, mistakes=wrong):
            return
    leaks = [name for name, slope in zip(("rewards", "baselines"), found[1:], strict=True) if slope.any()]
    check.that(
        not leaks,
        points=1,
        good="Rewards and baselines count as given.",
        bad=f"A gradient flows into the {' and the '.join(leaks)}: detach them, only the choices learn.",
    )


@exercise(points=3)
def check_exact_gradient(student, check: Check):
    """Scores (B, N) and the loss of each choice (B, N) become the gradient of the expected loss, (B, N)."""
    pairs = [(check.random(3, 5), check.random(3, 5, seed=1).exp())]
    pairs += [(2 * check.random(2, 7, seed=2), check.random(2, 7, seed=3).exp())]
    shapes = {
        (): "One number: a gradient has an entry for each score.",
        (3, 1): "Keep an entry for each choice.",
    }
    shapes |= {(3,): "That has an entry for each image only: keep one for each choice."}
    got = []
    for scores, losses in pairs:
        got.append(check.call(student, scores, losses))
        check.tensor(got[-1], shape=scores.shape, name="your gradient", shapes=shapes)
    want = [mistakes.exact(*pair) for pair in pairs]
    if not check.equal(got, want, points=2, name="your gradient", mistakes=mistakes.in_exact(pairs)):
        return
    loud = 1000 + check.random(2, 3, seed=4)
    got = check.call(student, loud, torch.ones(2, 3))
    check.that(
        isinstance(got, torch.Tensor) and got.isfinite().all() and got.abs().max() < 1e-4,
        points=1,
        good="Scores of 1000 do no harm, and equal losses leave nothing to learn.",
        bad="Scores of 1000 give NaN or infinity: `exp` overflows. Let torch's `softmax` do it.",
    )


@exercise(points=4)
def check_straight_through(student, check: Check):
    """Scores and Gumbel noise (B, N) become draws: one-hot forward, the gradient of a softmax backward."""
    scores, noise = check.random(7, 5), 1.5 * check.random(7, 5, seed=2)
    free = scores.clone().requires_grad_()
    got = check.call(student, free, noise)
    index = "That is the number of the winner: return a row of zeros with a 1 in it."
    check.tensor(got, shape=(7, 5), name="your draw", shapes={(7,): index})
    want = mistakes.one_hot(scores + noise)
    wrong = mistakes.in_draw(scores, noise)
    if not check.equal(got.detach(), want, points=1, name="your draw", mistakes=wrong):
        return
    for points, temperature in ((2, 1.0), (1, 0.5)):
        free = scores.clone().requires_grad_()
        got = check.call(student, free, noise, temperature)
        check.tensor(got, shape=(7, 5), name="your draw")
        slope = check.random(7, 5, seed=3)
        if not got.requires_grad:
            check.stop("No gradient reaches the scores: add the blend, and take it off again detached.")
        found = _slopes(check, (got * slope).sum(), [free], ("scores",))[0]
        blend = _blend_slope(scores + noise, slope, temperature)
        name = "the gradient" if temperature == 1 else "the gradient at temperature 0.5"
        wrong = {
            "The gradient is that of a softmax without the noise: blend the noisy scores.": _blend_slope(
                scores, slope, temperature
            ),
            "The gradient passes straight to the scores: the softmax is missing on the way back.": slope,
            "The gradient comes with the opposite sign: add the blend, take off its detached copy.": -blend,
            "The gradient is twice as large as it should be: the blend is added twice.": 2 * blend,
            "The temperature changes nothing on the way back: divide the noisy scores by it.": _blend_slope(
                scores + noise, slope, 1.0
            ),
            "You multiply by the temperature: divide.": _blend_slope(scores + noise, slope, 1 / temperature),
            "The temperature divides the scores, but not the noise.": _blend_slope(
                scores / temperature + noise, slope, 1.0
            )
            / temperature,
        }
        if not check.equal(found, blend, points=points, name=name, mistakes=wrong):
            return


def _case(image: torch.Tensor, columns: int, rows: int, size: int) -> tuple[torch.Tensor, float, float, int]:
    """A location with so many columns to its left and so many rows above it."""
    return image, 2 * columns / image.shape[1] - 1, 2 * rows / image.shape[0] - 1, size


def _cut(student, check: Check, cases: list, name: str, points: float, wrong: dict) -> bool:
    got = []
    for image, x, y, size in cases:
        patch = check.call(student, image, torch.tensor([x, y], dtype=torch.float64), size)
        batch = "Axes of size 1 remain: the image has none, nor has the patch."
        shapes = {(1, 1, size, size): batch, (1, size, size): batch}
        short = (
            "" if name == "your patch" else "A slice ends where the image ends: put it into a patch of zeros."
        )
        if isinstance(patch, torch.Tensor) and patch.ndim == 2 and min(patch.shape) < size:
            shapes[tuple(patch.shape)] = short
        got.append(check.tensor(patch, shape=(size, size), name=name, shapes=shapes).to(torch.float32))
    want = [mistakes.glimpse(*case) for case in cases]
    return check.equal(got, want, points=points, name=name, mistakes=wrong)


def _slopes(check: Check, got: torch.Tensor, tensors: list, names: tuple[str, ...]) -> list[torch.Tensor]:
    """The gradients of a scalar; zeros where none flows."""
    if not got.requires_grad:
        check.stop(f"No gradient reaches the {names[0]}: is there a `detach` or an `.item()` on the way?")
    found = torch.autograd.grad(got, tensors, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for g, t in zip(found, tensors, strict=True)]


def _blend_slope(noisy: torch.Tensor, slope: torch.Tensor, temperature: float) -> torch.Tensor:
    free = noisy.clone().requires_grad_()
    return torch.autograd.grad(((free / temperature).softmax(1) * slope).sum(), free)[0]
