"""The checks on generation against plausible wrong answers."""

import torch

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.generation import checks as generation
from visual_attention.chapters.generation.best_velocity import BestVelocity
from visual_attention.chapters.generation.flow_matching import interpolate, trajectory

solved = solutions("generation")


def four(t):
    return t.view(-1, 1, 1, 1)


def forgets(noise, pictures, times):
    solved.noisy_point(noise, pictures, times)


def in_place(noise, pictures, times):
    noise *= 1 - four(times)
    return noise + four(times) * pictures


POINT = {
    "The ends are swapped": lambda n, p, t: solved.noisy_point(p, n, t),
    "run along the width": lambda n, p, t: n + t * (p - n),
    "the time of the first one": lambda n, p, t: torch.lerp(n, p, t[0]),
    "the mean of the times": lambda n, p, t: torch.lerp(n, p, t.mean()),
    "The noise does not fade": lambda n, p, t: n + four(t) * p,
    "there from the start": lambda n, p, t: p + n * four(1 - t),
    "by square roots": lambda n, p, t: four(1 - t).sqrt() * n + four(t).sqrt() * p,
    "the direction of the line:": lambda n, p, t: p - n,
    "walk away from the picture": lambda n, p, t: n + four(t) * (n - p),
    "half of each": lambda n, p, t: 0.5 * n + 0.5 * p,
    "where the line ends": lambda n, p, t: n + (p - n),
    "where the line begins": lambda n, p, t: n.clone(),
    "got (B, B, C, H, W)": lambda n, p, t: torch.lerp(n, p, t.view(-1, 1, 1, 1, 1)),
    "returned `None`": forgets,
    "changed its input `noise` in place": in_place,
}


STEP = {
    "You jump to what is foreseen": lambda x, f, n, s: f.clone(),
    "time that has passed is ignored": lambda x, f, n, s: x + (f - x) / s,
    "multiply by the time that is left": lambda x, f, n, s: x + (f - x) * (1 - n / s) / s,
    "walk away from what is foreseen": lambda x, f, n, s: x + (x - f) / (1 - n / s) / s,
    "the time at the end of the step": lambda x, f, n, s: x + (f - x) / (1 - (n + 1) / s) / s,
    "count steps from 1": lambda x, f, n, s: x + (f - x) / (1 - (n - 1) / s) / s,
    "That is the velocity": lambda x, f, n, s: (f - x) / (1 - n / s),
    "how far the step goes": lambda x, f, n, s: (f - x) / (1 - n / s) / s,
    "A whole velocity is added": lambda x, f, n, s: x + (f - x) / (1 - n / s),
    "start from what is foreseen: start": lambda x, f, n, s: f + (f - x) / (1 - n / s) / s,
    "as if x were the noise": lambda x, f, n, s: torch.lerp(x, f, (n + 1) / s),
    "taken for the velocity": lambda x, f, n, s: x + f / s,
    "is not subtracted from": lambda x, f, n, s: x + f / (1 - n / s) / s,
    "not right after the last step": lambda x, f, n, s: x + (f - x) / (s - n) if s - n > 1 else x,
    "got a list": lambda x, f, n, s: [x + (f - x) / (s - n)],
}


def index(rows, columns):
    return torch.arange(rows * columns).view(rows, columns)


def to(places):
    def answer(w, r, c):
        return torch.stack([w[:, :, i, int(j)] for i, j in enumerate(places(r, c).flatten())]).mean(0)

    return answer


def every(w, r, c):
    return w.gather(3, index(r, c).flip(1).view(1, 1, -1, 1).expand(*w.shape[:3], 1))[..., 0]


def other_half(w, r, c):
    column = index(1, r * c).flatten() % c
    inner = (column < c // 2)[:, None] == (column < c // 2)
    return w.masked_fill(inner, 0).sum(-1).mean(-1)


COUNTERPART = {
    "mirrors up and down": to(lambda r, c: index(r, c).flip(0)),
    "by half a turn": to(lambda r, c: index(r, c).flip(0, 1)),
    "Rows and columns are swapped": to(lambda r, c: index(c, r).flip(1)),
    "gives to itself": lambda w, r, c: w.diagonal(dim1=2, dim2=3).mean(-1),
    "the neighbour to the right": lambda w, r, c: w.roll(-1, dims=3).diagonal(dim1=2, dim2=3).mean(-1),
    "sum over the patches": lambda w, r, c: every(w, r, c).sum(-1),
    "That is the largest": lambda w, r, c: every(w, r, c).amax(-1),
    "divide by N twice": lambda w, r, c: every(w, r, c).mean(-1) / w.shape[-1],
    "of the left half are asked": lambda w, r, c: (
        every(w, r, c).unflatten(2, (r, c))[..., : c // 2].mean((2, 3))
    ),
    "the whole other half": other_half,
    "always 1 / N": lambda w, r, c: w.flatten(2).mean(2),
    "got (B,)": lambda w, r, c: every(w, r, c).mean((1, 2)),
    "got ()": lambda w, r, c: every(w, r, c).mean(),
    "got (B, h, r*c)": lambda w, r, c: every(w, r, c),
    "got (B, h, r*c, r*c)": lambda w, r, c: w.clone(),
    "An axis of size 1 remains": lambda w, r, c: every(w, r, c).mean(-1, keepdim=True),
}


def gaps(x, t, p):
    return torch.stack([torch.stack([(a - u * b).square() for b in p]) for a, u in zip(x, t, strict=True)])


def squared(x, t, p):
    return gaps(x, t, p).flatten(2).sum(2)


def mixed(scores, p, dim=1):
    return (scores.softmax(dim) @ p.flatten(1)).unflatten(1, p.shape[1:])


def proper(x, t, p):
    return -squared(x, t, p) / (2 * (1 - t[:, None]).square())


def by_hand(x, t, p):
    odds = proper(x, t, p).exp()
    return (odds / odds.sum(1, keepdim=True) @ p.flatten(1)).view_as(x)


GUESS = {
    "with the whole pictures": lambda x, t, p: mixed(
        -squared(x, torch.ones_like(t), p) / (2 * (1 - t[:, None]) ** 2), p
    ),
    "The 2 is missing": lambda x, t, p: mixed(-squared(x, t, p) / (1 - t[:, None]) ** 2, p),
    "square it to get": lambda x, t, p: mixed(-squared(x, t, p) / (2 * (1 - t[:, None])), p),
    "not in the variance": lambda x, t, p: mixed(-squared(x, t, p) / 2, p),
    "near pictures are the likely": lambda x, t, p: mixed(-proper(x, t, p), p),
    "runs over the batch": lambda x, t, p: mixed(proper(x, t, p), p, dim=0),
    "That is the nearest picture": lambda x, t, p: p[squared(x, t, p).argmin(1)],
    "All pictures count alike": lambda x, t, p: torch.stack([p.mean(0)] * len(x)),
    "in full strength": lambda x, t, p: mixed(proper(x, t, p), four(torch.ones(len(p))) * p) * four(t),
    "the mean of the squared": lambda x, t, p: mixed(
        -gaps(x, t, p).flatten(2).mean(2) / (2 * (1 - t[:, None]) ** 2), p
    ),
    "The distance is not squared": lambda x, t, p: mixed(
        -squared(x, t, p).sqrt() / (2 * (1 - t[:, None]) ** 2), p
    ),
    "All use the time of the first": lambda x, t, p: mixed(proper(x, t[:1].expand(len(t)), p), p),
    "That is the velocity": lambda x, t, p: (mixed(proper(x, t, p), p) - x) / four(1 - t),
    "Each pixel is compared alone": lambda x, t, p: (
        (-gaps(x, t, p) / (2 * four(1 - t)[:, None].square())).softmax(1) * p
    ).sum(1),
    "favours bright pictures": lambda x, t, p: mixed(
        x.flatten(1) @ p.flatten(1).T * (t / (1 - t) ** 2)[:, None], p
    ),
    "do not sum to 1 yet": lambda x, t, p: (proper(x, t, p).exp() @ p.flatten(1)).view_as(x),
    "Those are weights": lambda x, t, p: proper(x, t, p).softmax(1),
    "are not summed yet": lambda x, t, p: proper(x, t, p).softmax(1)[:, :, None, None, None] * p,
    "all likelihoods are too small": by_hand,
    "got (C, H, W)": lambda x, t, p: mixed(proper(x, t, p), p)[0],
}


WRONG = {
    "check_noisy_point": POINT,
    "check_one_step": STEP,
    "check_counterpart_weight": COUNTERPART,
    "check_best_guess": GUESS,
}


def test_checks():
    contract(generation, solved, WRONG)


def test_the_solutions_are_what_the_modules_do():
    generator = torch.Generator().manual_seed(0)
    noise, pictures = torch.randn(2, 5, 2, 3, 7, generator=generator)
    times = torch.rand(5, generator=generator)
    x = interpolate(noise, pictures, times)
    torch.testing.assert_close(solved.noisy_point(noise, pictures, times), x)
    best = BestVelocity(pictures)
    torch.testing.assert_close(solved.best_guess(x, times, pictures), best.foresee(x, times))
    path = trajectory(best, noise, steps=4)
    for step in range(4):
        foreseen = best.foresee(path[step], torch.full((5,), step / 4))
        torch.testing.assert_close(solved.one_step(path[step], foreseen, step, 4), path[step + 1])
