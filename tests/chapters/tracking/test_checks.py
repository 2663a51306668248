"""The checks on tracking against plausible wrong answers."""

import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.tracking import checks as tracking

solved = solutions("tracking")
curve, correlate, attend = solved.success_curve, solved.correlate, solved.cross_attend


def everything(overlaps):
    return torch.ones_like(overlaps, dtype=torch.bool)


SUCCESS = {
    "as if it were there": lambda o, p, t: curve(o, everything(o), t),
    "count as failures": lambda o, p, t: ((o[:, None] > t) & p[:, None]).float().mean(0),
    "Exactly at the threshold": lambda o, p, t: (o[p][:, None] >= t).float().mean(0),
    "*below* the threshold": lambda o, p, t: (o[p][:, None] <= t).float().mean(0),
    "how many frames": lambda o, p, t: (o[p][:, None] > t).float().sum(0),
    "in percent": lambda o, p, t: 100 * curve(o, p, t),
    "wrong order": lambda o, p, t: curve(o, p, t).flip(0),
    "number of thresholds": lambda o, p, t: (o[p][:, None] > t).float().sum(0) / len(t),
    "mean overlap of the frames": lambda o, p, t: torch.stack([o[p & (o > x)].mean() for x in t]),
    "the first one": lambda o, p, t: curve(o, p, t[:1]).expand(len(t)),
    "got ()": lambda o, p, t: o[p].mean(),
    "a table of frames": lambda o, p, t: (o[:, None] > t).float(),
    "`keepdim`": lambda o, p, t: (o[p][:, None] > t).float().mean(0, keepdim=True),
}


def looped(function):
    """A function of one image's features (d, H, W) and template (d, h, w), for a batch."""
    return lambda s, t: torch.stack([function(a, b) for a, b in zip(s, t, strict=True)])


def middle_only(search, template):
    kept = torch.zeros_like(template)
    row, column = (side // 2 for side in template.shape[2:])
    kept[:, :, row, column] = template[:, :, row, column]
    return correlate(search, kept)


def cosine(search, template):
    ones = torch.ones_like(template)
    return correlate(search, template) / (
        correlate(search**2, ones).sqrt() * template.flatten(1).norm(dim=1)[:, None, None]
    )


def distance(search, template):
    squares = correlate(search**2, torch.ones_like(template))
    return 2 * correlate(search, template) - squares - (template**2).sum((1, 2, 3))[:, None, None]


def transposes(search, template):
    return correlate(search, template.mT if template.shape[2] == template.shape[3] else template)


MAP = {
    "the template of the first one": lambda s, t: F.conv2d(s, t[:1])[:, 0],
    "the mean template": lambda s, t: F.conv2d(s, t.mean(0, keepdim=True))[:, 0],
    "All templates are summed": lambda s, t: F.conv2d(s, t).sum(1),
    "template of its neighbour": lambda s, t: correlate(s, t.roll(1, 0)),
    "You flip the template": lambda s, t: correlate(s, t.flip(2, 3)),
    "axes 2 and 3 of `template`": transposes,
    "the mean of the products": lambda s, t: correlate(s, t) / t[0].numel(),
    "by the number of channels": lambda s, t: correlate(s, t) / t.shape[1],
    "That is the cosine": cosine,
    "squared distance": distance,
    "Only the middle": middle_only,
    "by a softmax": lambda s, t: correlate(s, t).flatten(1).softmax(1).view_as(correlate(s, t)),
    "got (B, B, r+1, c+1)": lambda s, t: F.conv2d(s, t),
    "got (B, d, r+1, c+1)": looped(
        lambda a, b: F.conv2d(a[:, None], b[:, None], groups=1).diagonal().permute(2, 0, 1)
    ),
    "got (B, 1, r+1, c+1)": lambda s, t: correlate(s, t)[:, None],
    "got (B, h+r, w+c)": lambda s, t: F.pad(correlate(s, t), (0, t.shape[3] - 1, 0, t.shape[2] - 1)),
    "No gradient": lambda s, t: correlate(s.detach(), t.detach()),
}


def shares(q, k, mask, heat):
    similar = F.normalize(q, dim=2) @ F.normalize(k, dim=2).mT
    return similar, (similar / heat).masked_fill(~mask[:, None], -torch.inf).softmax(2)


def mask_late(q, k, mask, heat):
    similar, _ = shares(q, k, mask, heat)
    return ((similar / heat).softmax(2) * mask[:, None] * similar).sum(2)


def mask_zero(q, k, mask, heat):
    similar, _ = shares(q, k, mask, heat)
    return ((similar / heat * mask[:, None]).softmax(2) * similar).sum(2)


def dots(q, k, mask, heat):
    products = q @ k.mT
    weights = (products / heat).masked_fill(~mask[:, None], -torch.inf).softmax(2)
    return (weights * products).sum(2)


def half_dots(q, k, mask, heat):
    weights = (q @ k.mT / heat).masked_fill(~mask[:, None], -torch.inf).softmax(2)
    return (weights * shares(q, k, mask, heat)[0]).sum(2)


def over_places(q, k, mask, heat):
    similar, _ = shares(q, k, mask, heat)
    return ((similar / heat).softmax(1) * similar * mask[:, None]).sum(2)


def mixed_key(q, k, mask, heat):
    _, weights = shares(q, k, mask, heat)
    return F.cosine_similarity(q, weights @ F.normalize(k, dim=2), dim=2)


def best(q, k, mask, heat):
    return shares(q, k, mask, heat)[0].masked_fill(~mask[:, None], -torch.inf).amax(2)


def scaled_sum(q, k, mask, heat):
    similar, weights = shares(q, k, mask, heat)
    return (weights * similar / heat).sum(2)


def overflowing(q, k, mask, heat):
    similar, _ = shares(q, k, mask, heat)
    raised = (similar / heat).exp() * mask[:, None]
    return (raised * similar).sum(2) / raised.sum(2)


FIT = {
    "The mask is not used": lambda q, k, m, t: attend(q, k, torch.ones_like(m), t),
    "You mask after the softmax": mask_late,
    "with a score of 0": mask_zero,
    "long vectors win": dots,
    "The weights come from dot products": half_dots,
    "runs over the places": over_places,
    "The temperature is not used": lambda q, k, m, t: attend(q, k, m, 1.0),
    "You multiply by the temperature": lambda q, k, m, t: attend(q, k, m, 1 / t),
    "already divided by the temperature": scaled_sum,
    "the hard choice": best,
    "uniform attention": lambda q, k, m, t: (
        (shares(q, k, m, t)[0] * m[:, None]).sum(2) / m.sum(1, keepdim=True)
    ),
    "plain sum of the cosines": lambda q, k, m, t: (shares(q, k, m, t)[0] * m[:, None]).sum(2),
    "with the mixed key": mixed_key,
    "1 everywhere": lambda q, k, m, t: shares(q, k, m, t)[1].sum(2),
    "got (B, M)": lambda q, k, m, t: attend(k, q, torch.ones(len(q), q.shape[1], dtype=torch.bool), t),
    "a table of places and parts": lambda q, k, m, t: shares(q, k, m, t)[1],
    "a mixture of keys": lambda q, k, m, t: shares(q, k, m, t)[1] @ k,
    "`exp` overflows at a low temperature": overflowing,
    "No gradient": lambda q, k, m, t: attend(q.detach(), k.detach(), m, t),
}


def similarities(f, k):
    return F.normalize(f, dim=2) @ F.normalize(k, dim=2).mT


def mixed(scores, kept, labels, heat):
    return (scores / heat).masked_fill(~kept, -torch.inf).softmax(2) @ labels


def top(scores, most, *, largest=True):
    kept = torch.zeros_like(scores, dtype=torch.bool)
    return kept.scatter(2, scores.topk(most, dim=2, largest=largest).indices, True)


def keeps_least(f, k, labels, most, heat):
    return mixed(similarities(f, k), top(similarities(f, k), most, largest=False), labels, heat)


def keeps_by_products(f, k, labels, most, heat):
    return mixed(f @ k.mT, top(f @ k.mT, most), labels, heat)


def weighs_by_products(f, k, labels, most, heat):
    return mixed(f @ k.mT, top(similarities(f, k), most), labels, heat)


def leaves_out_late(f, k, labels, most, heat):
    return ((similarities(f, k) / heat).softmax(2) * top(similarities(f, k), most)) @ labels


def leaves_out_by_zero(f, k, labels, most, heat):
    return (similarities(f, k) * top(similarities(f, k), most) / heat).softmax(2) @ labels


def overflows(f, k, labels, most, heat):
    e = (similarities(f, k) / heat).exp() * top(similarities(f, k), most)
    return (e @ labels) / e.sum(2, keepdim=True)


def chosen_by_the_known(f, k, labels, most, heat):
    kept = top(similarities(k, f), min(most, f.shape[1])).mT
    return (similarities(f, k) / heat).masked_fill(~kept, -torch.inf).softmax(2).nan_to_num() @ labels


def weights_of(f, k, most, heat):
    return mixed(similarities(f, k), top(similarities(f, k), most), torch.eye(k.shape[1]).to(f), heat)


CARRIED = {
    "have a say": lambda f, k, y, m, t: solved.carry_labels(f, k, y, k.shape[1], t),
    "*least* similar": keeps_least,
    "long vectors win": keeps_by_products,
    "The weights come from dot products": weighs_by_products,
    "The temperature is not used": lambda f, k, y, m, t: solved.carry_labels(f, k, y, m, 1.0),
    "You multiply by the temperature": lambda f, k, y, m, t: solved.carry_labels(f, k, y, m, 1 / t),
    "with a score of 0": leaves_out_by_zero,
    "no longer sums to 1": leaves_out_late,
    "over the patches of the new frame": lambda f, k, y, m, t: (similarities(f, k) / t).softmax(1) @ y,
    "keeps its best new ones": chosen_by_the_known,
    "the hard choice": lambda f, k, y, m, t: solved.carry_labels(f, k, y, 1, t),
    "all weigh the same": lambda f, k, y, m, t: top(similarities(f, k), m).to(y) @ y / m,
    "a softmax is missing": lambda f, k, y, m, t: (similarities(f, k) * top(similarities(f, k), m)) @ y,
    "neighbour in the batch": lambda f, k, y, m, t: solved.carry_labels(f, k, y.roll(1, 0), m, t),
    "`exp` overflows": overflows,
    "a table of weights": lambda f, k, y, m, t: weights_of(f, k, m, t),
    "a mixture of features": lambda f, k, y, m, t: weights_of(f, k, m, t) @ k,
    "No gradient": lambda f, k, y, m, t: solved.carry_labels(f.detach(), k.detach(), y, m, t),
}


def joined(w, t):
    return torch.cat([w, t], dim=1)


def looking(x, q, k, v, *, scale=None, over=2, mask=None):
    """Attention in one sequence by torch's einsum, with one thing otherwise."""
    scores = torch.einsum("bnd,bmd->bnm", x @ q, x @ k) * (x.shape[2] ** -0.5 if scale is None else scale)
    scores = scores if mask is None else scores.masked_fill(mask, -torch.inf)
    return torch.einsum("bnm,bmd->bnd", scores.softmax(over), x @ v)


def sides(w, t):
    """Which of all tokens are the template's, as a column and as a row."""
    late = torch.arange(w.shape[1] + t.shape[1]) >= w.shape[1]
    return late[:, None], late[None]


def template_is_deaf(w, t, q, k, v):
    asks, asked = sides(w, t)
    return looking(joined(w, t), q, k, v, mask=asks & ~asked)


def window_is_deaf(w, t, q, k, v):
    asks, asked = sides(w, t)
    return looking(joined(w, t), q, k, v, mask=~asks & asked)


def only_the_other_side(w, t, q, k, v):
    asks, asked = sides(w, t)
    return looking(joined(w, t), q, k, v, mask=asks == asked)


def two_softmaxes(w, t, q, k, v):
    x = joined(w, t)
    scores = (x @ q) @ (x @ k).mT / x.shape[2] ** 0.5
    parts = scores.split([w.shape[1], t.shape[1]], dim=2)
    return torch.cat([part.softmax(2) for part in parts], dim=2) @ (x @ v)


def template_first(w, t, q, k, v):
    made = solved.ask_each_other(w, t, q, k, v)
    return torch.cat([made[:, w.shape[1] :], made[:, : w.shape[1]]], dim=1)


def without_softmax(w, t, q, k, v):
    x = joined(w, t)
    return (x @ q) @ (x @ k).mT / x.shape[2] ** 0.5 @ (x @ v)


ASKING = {
    "that is one way, wanted are both": template_is_deaf,
    "it cannot learn what is looked for": window_is_deaf,
    "Each side asks the other side alone": only_the_other_side,
    "Two softmaxes": two_softmaxes,
    "template's tokens come first": template_first,
    "as they came: multiply them": lambda w, t, q, k, v: looking(joined(w, t), q, k, torch.eye(len(v)).to(v)),
    "The keys are passed on": lambda w, t, q, k, v: looking(joined(w, t), q, k, k),
    "Query and key have changed places": lambda w, t, q, k, v: looking(joined(w, t), k, q, v),
    "a token is a row": lambda w, t, q, k, v: looking(joined(w, t), q.T, k.T, v.T),
    "not divided by the square root": lambda w, t, q, k, v: looking(joined(w, t), q, k, v, scale=1.0),
    "You divide by D": lambda w, t, q, k, v: looking(joined(w, t), q, k, v, scale=1 / w.shape[2]),
    "over the tokens that ask": lambda w, t, q, k, v: looking(joined(w, t), q, k, v, over=1),
    "No softmax": without_softmax,
    "nobody is asked": lambda w, t, q, k, v: looking(joined(w, t), q, k, v, scale=0.0),
    "the sum is made elsewhere": lambda w, t, q, k, v: joined(w, t) + looking(joined(w, t), q, k, v),
    "are mixed: each window": lambda w, t, q, k, v: looking(joined(w, t.roll(1, 0)), q, k, v),
    "No gradient": lambda w, t, q, k, v: looking(joined(w, t), q, k, v).detach(),
}


WRONG = {
    "check_ask_each_other": ASKING,
    "check_carry_labels": CARRIED,
    "check_success_curve": SUCCESS,
    "check_correlate": MAP,
    "check_cross_attend": FIT,
}


@pytest.mark.slow
def test_checks():
    contract(tracking, solved, WRONG)
