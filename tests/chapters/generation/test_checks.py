"""The checks on generation against plausible wrong answers."""

import pytest
import torch

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.generation import checks as generation
from visual_attention.chapters.generation.best_velocity import BestVelocity
from visual_attention.chapters.generation.flow_matching import interpolate, sample, trajectory
from visual_attention.chapters.generation.word_transformer import AskWords, guided

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


def loop(end, step=lambda x, e, n, s: x + (e - x) / (s - n), first=0):
    def answer(x, told, untold, scale, steps):
        for n in range(first, steps):
            x = step(x, end(x, told, untold, scale), n, steps)
        return x

    return answer


def right_end(x, t, u, g):
    return torch.lerp(x @ u, x @ t, g)


def all_but_last(x, told, untold, scale, steps):
    for n in range(steps)[:-1]:
        x = torch.lerp(x, right_end(x, told, untold, scale), 1 / (steps - n))
    return x


def asked_once(x, told, untold, scale, steps):
    end = right_end(x, told, untold, scale)
    return loop(lambda *_: end)(x, told, untold, scale, steps)


WAY = {
    "The words are not guided": loop(lambda x, t, u, g: x @ t),
    "The words are never heard": loop(lambda x, t, u, g: x @ u),
    "start from what is foreseen with words": loop(lambda x, t, u, g: (1 + g) * (x @ t) - g * (x @ u)),
    "have changed places": loop(lambda x, t, u, g: torch.lerp(x @ t, x @ u, g)),
    "The scale multiplies all": loop(lambda x, t, u, g: x @ (g * t)),
    "You push away from the words": loop(lambda x, t, u, g: torch.lerp(x @ u, x @ t, -g)),
    "1 / (steps that are left)": loop(right_end, lambda x, e, n, s: torch.lerp(x, e, 1 / s)),
    "You jump to what is foreseen": loop(right_end, lambda x, e, n, s: e),
    "would be right if `steps` were 1": asked_once,
    "The last step is missing": all_but_last,
    "You count steps from 1": loop(right_end, first=1),
    "taken for the velocity": loop(right_end, lambda x, e, n, s: x + e / (s - n)),
    "got (B, B)": lambda x, t, u, g, s: loop(right_end)(x, t, u, g, s) @ x.mT,
}


def off(f):
    return f[:, None, None]


def minus(s, f, value=-torch.inf):
    return s.masked_fill(off(f), value)


ALLOWED = {
    "Nothing is forbidden": lambda s, v, f: torch.einsum("bhnt,bhtd->bhnd", s.softmax(-1), v),
    "have changed places": lambda s, v, f: minus(s, ~f).softmax(-1).nan_to_num() @ v,
    "do not sum to 1": lambda s, v, f: (s.softmax(-1) * (~off(f)).float()) @ v,
    "A score of 0 is not forbidden": lambda s, v, f: (s * ~off(f)).softmax(-1) @ v,
    "you get NaN, 0 / 0": lambda s, v, f: minus(s, f).softmax(-1) @ v,
    "you still look at all of them": lambda s, v, f: minus(s, f, -1e9).softmax(-1) @ v,
    "runs over the patches": lambda s, v, f: (minus(s, f).softmax(2).nan_to_num() * ~off(f)) @ v,
    "runs over the heads": lambda s, v, f: minus(s, f).softmax(1).nan_to_num() @ v,
    "words of the first one": lambda s, v, f: minus(s, f[:1].expand(len(f), -1)).softmax(-1).nan_to_num() @ v,
    "A word that any sentence forbids": lambda s, v, f: (
        minus(s, f.any(0).expand(len(f), -1)).softmax(-1).nan_to_num() @ v
    ),
    "The allowed words weigh alike": lambda s, v, f: minus(0 * s, f).softmax(-1).nan_to_num() @ v,
    "best word alone": lambda s, v, f: (
        (torch.nn.functional.one_hot(minus(s, f).argmax(-1), s.shape[-1]).to(v.dtype) * ~off(f)) @ v
    ),
    "got (B, h, N, T)": lambda s, v, f: minus(s, f).softmax(-1).nan_to_num(),
}


def score(q, k):
    return torch.einsum("bnd,btd->bnt", q, k)


def root(q):
    return q.shape[-1] ** 0.5


ASKED = {
    "not divided by the square root": lambda q, k, v: score(q, k).softmax(-1) @ v,
    "You divide by D: by its": lambda q, k, v: (score(q, k) / q.shape[-1]).softmax(-1) @ v,
    "the number of words: of D": lambda q, k, v: (score(q, k) / k.shape[1] ** 0.5).softmax(-1) @ v,
    "No softmax": lambda q, k, v: score(q, k) / root(q) @ v,
    "runs over the patches": lambda q, k, v: (score(q, k) / root(q)).softmax(1) @ v,
    "over the pictures of the batch": lambda q, k, v: (score(q, k) / root(q)).softmax(0) @ v,
    "number of words once more": lambda q, k, v: solved.ask_words(q, k, v) / k.shape[1],
    "All words weigh alike": lambda q, k, v: v.mean(1, keepdim=True) + 0 * q[..., :1] + 0 * k.mean(),
    "best word alone": lambda q, k, v: torch.stack(
        [values[best] for values, best in zip(v, score(q, k).argmax(-1), strict=True)]
    ),
    "A sigmoid asks each word alone": lambda q, k, v: torch.sigmoid(score(q, k) / root(q)) @ v,
    "The sign is turned round": lambda q, k, v: solved.ask_words(q, -k, v),
    "the words of another one": lambda q, k, v: solved.ask_words(q.roll(-1, 0), k, v).roll(1, 0),
    "All patches get the mean": lambda q, k, v: (
        solved.ask_words(q, k, v).mean(1, keepdim=True) + 0 * q[..., :1]
    ),
    "got (B, N, T)": lambda q, k, v: (score(q, k) / root(q)).softmax(-1),
}


WRONG = {
    "check_noisy_point": POINT,
    "check_one_step": STEP,
    "check_guided_way": WAY,
    "check_counterpart_weight": COUNTERPART,
    "check_allowed_words": ALLOWED,
    "check_best_guess": GUESS,
    "check_ask_words": ASKED,
}


@pytest.mark.slow
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


def test_the_guided_way_is_the_modules_sampler():
    generator = torch.Generator().manual_seed(0)
    x, told, untold = (torch.randn(*shape, generator=generator) for shape in ((3, 5), (5, 5), (5, 5)))

    class Plain(torch.nn.Module):
        size = (1, 5)

        def forward(self, x, times, words=None, change=None):
            end = x @ (untold if words is None else told)
            return (end - x) / (1 - times).view(-1, 1, 1, 1)

    velocity = guided(Plain(), torch.zeros(3, 5, dtype=torch.long), scale=2.5)
    made = sample(velocity, x[:, None, None], steps=4)[:, 0, 0]
    torch.testing.assert_close(solved.guided_way(x, told, untold, 2.5, 4), made, atol=1e-4, rtol=1e-4)


def test_asking_is_what_the_module_does():
    torch.manual_seed(0)
    ask = AskWords(12, heads=1)
    x, words = torch.randn(2, 7, 12), torch.randn(2, 5, 12)
    found = solved.ask_words(ask.query(x), ask.key(words), ask.value(words))
    torch.testing.assert_close(ask.proj(found), ask(x, words), atol=1e-5, rtol=1e-4)
