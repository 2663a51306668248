"""The checks on question answering against plausible wrong answers."""

import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.question_answering import checks as question_answering

solved = solutions("question_answering")


def dots(q, r):
    return (q[:, None] * r).sum(2)


def one(q, r):
    return (dots(q, r) / q.shape[1] ** 0.5).softmax(1)


def sight(w, r):
    return (w[..., None] * r).sum(1)


LOOK = {
    "You return the scores": lambda q, r: dots(q, r) / q.shape[1] ** 0.5,
    "The scale is missing": lambda q, r: dots(q, r).softmax(1),
    "You divide by D: divide": lambda q, r: (dots(q, r) / q.shape[1]).softmax(1),
    "square root of N": lambda q, r: (dots(q, r) / r.shape[1] ** 0.5).softmax(1),
    "You multiply by the square root": lambda q, r: (dots(q, r) * q.shape[1] ** 0.5).softmax(1),
    "You divide after the softmax": lambda q, r: dots(q, r).softmax(1) / q.shape[1] ** 0.5,
    "softmax runs over the batch": lambda q, r: (dots(q, r) / q.shape[1] ** 0.5).softmax(0),
    "Those are gates": lambda q, r: (dots(q, r) / q.shape[1] ** 0.5).sigmoid(),
    "directions only": lambda q, r: (
        (F.normalize(q, dim=1)[:, None] * F.normalize(r, dim=2)).sum(2).softmax(1)
    ),
    "All pictures get the first question": lambda q, r: one(q[:1].expand(len(r), -1), r),
    "best region gets everything": lambda q, r: (dots(q, r) == dots(q, r).amax(1, keepdim=True)).float(),
    "sign is turned round": lambda q, r: (-dots(q, r) / q.shape[1] ** 0.5).softmax(1),
    "That is what was found": lambda q, r: sight(one(q, r), r),
    "got (B, N, D)": lambda q, r: q[:, None] * r,
    "got (B, 1, N)": lambda q, r: one(q, r)[:, None],
    "got (B, B, N)": lambda q, r: torch.einsum("bd,cnd->bcn", q, r),
    "No gradient reaches question": lambda q, r: one(q.detach(), r.detach()),
}


def looks(second):
    def answer(q, r):
        w = one(q, r)
        return torch.stack([w, second(q, r, w)], 1)

    return answer


def best(w, r):
    return r[range(len(r)), w.argmax(1)]


def unscaled(q, r):
    w = dots(q, r).softmax(1)
    return torch.stack([w, dots(q + sight(w, r), r).softmax(1)], 1)


TWO_LOOKS = {
    "asks the first question again": looks(lambda q, r, w: one(q, r)),
    "has forgotten the question": looks(lambda q, r, w: one(sight(w, r), r)),
    "take what was found off": looks(lambda q, r, w: one(q - sight(w, r), r)),
    "add the mean of all regions": looks(lambda q, r, w: one(q + r.mean(1), r)),
    "add the best region alone": looks(lambda q, r, w: one(q + best(w, r), r)),
    "add the plain sum": looks(lambda q, r, w: one(q + r.sum(1), r)),
    "the first one has dimmed": looks(lambda q, r, w: one(q + sight(w, r), r * w[..., None])),
    "add what was found twice": looks(lambda q, r, w: one(q + sight(w, r) + sight(w, r), r)),
    "average the question and what": looks(lambda q, r, w: one((q + sight(w, r)) / 2, r)),
    "multiply the question by what": looks(lambda q, r, w: one(q * sight(w, r), r)),
    "mean of both looks": looks(lambda q, r, w: (one(q, r) + one(q + sight(w, r), r)) / 2),
    "looks are in the wrong order": lambda q, r: solved.two_looks(q, r).flip(1),
    "in both looks": unscaled,
    "got (B, N)": lambda q, r: one(q, r),
    "got (2, B, N)": lambda q, r: solved.two_looks(q, r).transpose(0, 1),
    "got (B, N, 2)": lambda q, r: solved.two_looks(q, r).transpose(1, 2),
    "makes a new axis": lambda q, r: solved.two_looks(q, r).flatten(1),
    "the question after the looks": lambda q, r: q + sight(one(q, r), r),
    "but the gradient that reaches question is not": looks(lambda q, r, w: one(q + sight(w, r).detach(), r)),
    "No gradient reaches question or regions": lambda q, r: solved.two_looks(q, r).detach(),
}


def forbid(s, w, value=-torch.inf):
    return s.masked_fill(w == 0, value)


def unguarded(s, w):
    return forbid(s, w).softmax(1)


def all_but_last(s, w):
    return torch.cat([s[:, :-1].softmax(1), torch.zeros(len(s), 1)], 1)


def by_number(s, w):
    raised = s.softmax(1) * w
    return raised / raised.sum(1, keepdim=True)


def uniform_where_empty(s, w):
    return torch.where((w > 0).any(1, keepdim=True), unguarded(s, w), torch.full_like(s, 1 / s.shape[1]))


WORD_SHARES = {
    "The padding gets a share": lambda s, w: s.softmax(1),
    "after the softmax, and the rest": lambda s, w: s.softmax(1) * (w != 0),
    "Your mask is turned round": lambda s, w: s.masked_fill(w > 0, -1e8).softmax(1),
    "no way to forbid": lambda s, w: forbid(s, w, 0.0).softmax(1),
    "runs over the batch": lambda s, w: forbid(s, w).softmax(0).nan_to_num(),
    "Those are logarithms": lambda s, w: forbid(s, w, -1e9).log_softmax(1),
    "Word 1 is a word": lambda s, w: s.masked_fill(w < 2, -torch.inf).softmax(1),
    "the last column only": all_but_last,
    "All words get the same share": lambda s, w: (w > 0).float() / (w > 0).float().sum(1, keepdim=True),
    "The best word gets everything": lambda s, w: (
        forbid(s, w) == forbid(s, w).amax(1, keepdim=True)
    ).float(),
    "names, not sizes": by_number,
    "Those are gates": lambda s, w: s.sigmoid() * (w > 0),
    "the padding wins": lambda s, w: forbid(s, w, -100.0).softmax(1) * (w > 0).any(1, keepdim=True),
    "your shares are NaN": unguarded,
    "still sum to 1": uniform_where_empty,
    "got (B,)": lambda s, w: unguarded(s, w).sum(1),
}


def table(n, a):
    return {int(k): int(a[n == k].bincount().argmax()) for k in n.unique()}


def scored(known, n, a, default):
    said = torch.tensor([known.get(int(k), default) for k in n])
    return (said == a).float().mean()


def usual(a):
    return int(a.bincount().argmax())


def rarest(n, a):
    found = {}
    for k in n.unique().tolist():
        counts = a[n == k].bincount()
        found[k] = int(torch.where(counts > 0, counts, 999).argmin())
    return found


BLIND = {
    "a guess may know the old ones only": lambda n, a, m, b: scored(table(m, b), m, b, 0),
    "You score the old questions": lambda n, a, m, b: scored(table(n, a), n, a, 0),
    "One answer for all questions": lambda n, a, m, b: (b == usual(a)).float().mean(),
    "is left out": lambda n, a, m, b: scored(table(n, a), m[m < 5], b[m < 5], 0),
    "counts as wrong": lambda n, a, m, b: scored(table(n, a), m, b, -1),
    "gets answer 0": lambda n, a, m, b: scored(table(n, a), m, b, 0),
    "number of questions: divide": lambda n, a, m, b: len(m) * solved.blind_guess(n, a, m, b),
    "in percent": lambda n, a, m, b: 100 * solved.blind_guess(n, a, m, b),
    "share of wrong guesses": lambda n, a, m, b: 1 - solved.blind_guess(n, a, m, b),
    "the rarest answer": lambda n, a, m, b: scored(rarest(n, a), m, b, usual(a)),
    "came first": lambda n, a, m, b: scored(
        dict(zip(n.flip(0).tolist(), a.flip(0).tolist(), strict=True)), m, b, usual(a)
    ),
    "came last": lambda n, a, m, b: scored(dict(zip(n.tolist(), a.tolist(), strict=True)), m, b, usual(a)),
    "divide by the number of old": lambda n, a, m, b: solved.blind_guess(n, a, m, b) * len(m) / len(n),
    "Old and new are exchanged": lambda n, a, m, b: solved.blind_guess(m, b, n, a),
    "got (K,)": lambda n, a, m, b: (b == usual(a)).float(),
}


def may(p):
    n = len(p)
    return (torch.arange(n)[:, None] >= torch.arange(n)) | (p[:, None] & p[None])


def over(s, m):
    return torch.where(m, s, -torch.inf).softmax(2)


STREAM = {
    "plain causal mask": lambda s, p: over(s, torch.ones(len(p), len(p), dtype=torch.bool).tril()),
    "Nothing is forbidden": lambda s, p: s.softmax(2),
    "Tokens of the picture see the words": lambda s, p: over(s, may(p) | p[:, None].expand(-1, len(p))),
    "Words see all words": lambda s, p: over(s, may(p) | ~p[:, None].expand(-1, len(p))),
    "A token may look at itself": lambda s, p: over(
        s, may(p) & ~torch.eye(len(p), dtype=torch.bool)
    ).nan_to_num(0),
    "see only themselves": lambda s, p: over(
        s, torch.where(p[:, None], torch.eye(len(p), dtype=torch.bool), may(p))
    ),
    "Your mask is turned round": lambda s, p: over(s, may(p).T),
    "forbidden away after the softmax": lambda s, p: s.softmax(2) * may(p),
    "A score of 0 is no way": lambda s, p: torch.where(may(p), s, 0.0).softmax(2),
    "The columns sum to 1": lambda s, p: torch.where(may(p), s, -torch.inf).softmax(1).nan_to_num(0),
    "Words do not see the picture": lambda s, p: over(s, may(p) & (p[:, None] == p[None])),
    "Those are the scores": lambda s, p: torch.where(may(p), s, -torch.inf),
    "No gradient reaches": lambda s, p: over(s.detach(), may(p)),
}
INVENTED = {
    "divide by all questions": lambda s, t, d: ((s != d) & ~t).float().mean(),
    "the share that is denied": lambda s, t, d: (
        (s[~t] == d).float().mean() if (~t).any() else s.new_zeros(())
    ),
    "questions about what is there": lambda s, t, d: (s[t] != d).float().mean(),
    "are among those that you count": lambda s, t, d: (s != d).sum() / (~t).sum().clamp(min=1),
    "a number of answers": lambda s, t, d: (s[~t] != d).sum().float(),
    "in percent": lambda s, t, d: 100 * solved.invented_share(s, t, d),
    "among all answers that are no denial": lambda s, t, d: (~t[s != d]).float().mean(),
    "Denials of what is there": lambda s, t, d: ((s != d) != t).float().mean(),
    "your share is NaN": lambda s, t, d: (s[~t] != d).float().mean(),
    "need not be the largest": lambda s, t, d: solved.invented_share(s, t, s.max()),
}


def asked_by(f, s, h, o):
    return (torch.cat([f, s], 1) @ h.T).clamp(min=0) @ o.T


def fits(q, k):
    return (k * q[:, None]).sum(2)


SECOND = {
    "has forgotten what the first one found": lambda f, s, k, h, o: solved.second_look(0 * f, s, k, h, o),
    "does not know the side": lambda f, s, k, h, o: solved.second_look(f, 0 * s, k, h, o),
    "in the wrong order": lambda f, s, k, h, o: (
        fits((torch.cat([s, f], 1) @ h.T).clamp(min=0) @ o.T, k) / k.shape[2] ** 0.5
    ).softmax(1),
    "The ReLU is missing": lambda f, s, k, h, o: (
        fits(torch.cat([f, s], 1) @ (o @ h).T, k) / k.shape[2] ** 0.5
    ).softmax(1),
    "The scale is missing": lambda f, s, k, h, o: fits(asked_by(f, s, h, o), k).softmax(1),
    "You divide by K: divide": lambda f, s, k, h, o: (fits(asked_by(f, s, h, o), k) / k.shape[2]).softmax(1),
    "number of cells: of K": lambda f, s, k, h, o: (
        fits(asked_by(f, s, h, o), k) / k.shape[1] ** 0.5
    ).softmax(1),
    "runs over the batch": lambda f, s, k, h, o: (fits(asked_by(f, s, h, o), k) / k.shape[2] ** 0.5).softmax(
        0
    ),
    "You return the scores": lambda f, s, k, h, o: fits(asked_by(f, s, h, o), k) / k.shape[2] ** 0.5,
    "All cells weigh alike": lambda f, s, k, h, o: (
        torch.full_like(k[..., 0], 1 / k.shape[1]) + 0 * (f.sum() + s.sum() + k.sum())
    ),
    "Those are gates": lambda f, s, k, h, o: (fits(asked_by(f, s, h, o), k) / k.shape[2] ** 0.5).sigmoid(),
    "The best cell gets everything": lambda f, s, k, h, o: F.one_hot(
        fits(asked_by(f, s, h, o), k).argmax(1), k.shape[1]
    ).float(),
    "the query of the first": lambda f, s, k, h, o: (
        fits(asked_by(f, s, h, o)[:1], k) / k.shape[2] ** 0.5
    ).softmax(1),
    "The sign is turned round": lambda f, s, k, h, o: solved.second_look(f, s, -k, h, o),
    "No gradient reaches": lambda f, s, k, h, o: solved.second_look(f.detach(), s, k, h, o),
}


WRONG = {
    "check_look": LOOK,
    "check_two_looks": TWO_LOOKS,
    "check_word_shares": WORD_SHARES,
    "check_blind_guess": BLIND,
    "check_stream_weights": STREAM,
    "check_invented_share": INVENTED,
    "check_second_look": SECOND,
}


@pytest.mark.slow
def test_checks():
    contract(question_answering, solved, WRONG)


def test_look_by_hand():
    question = torch.tensor([[2.0, 0.0, 0.0, 0.0]])  # D = 4: scores are halved
    regions = torch.tensor([[[0.0, 9, 9, 9], [torch.tensor(3.0).log(), 0, 0, 0]]])
    torch.testing.assert_close(solved.look(question, regions), torch.tensor([[0.25, 0.75]]))


def test_a_blind_guess_by_hand():
    numbers, answers = torch.tensor([1, 1, 1, 2]), torch.tensor([5, 5, 3, 3])
    got = solved.blind_guess(numbers, answers, torch.tensor([1, 1, 2, 7]), torch.tensor([5, 3, 3, 3]))
    assert got.item() == 0.75 - 0.0  # 7 is new: 3 and 5 are as common, and the smaller is guessed
