"""Right answers and plausible mistakes about streams of pictures and words: feedback -> the function."""

import torch
from torch import Tensor


def stream(scores: Tensor, picture: Tensor) -> Tensor:
    """Weights of a stream in which the picture's tokens see each other, and words what was before."""
    return masked(scores, allowed(picture))


def allowed(picture: Tensor) -> Tensor:
    """Whether a token (rows) may look at a token (columns), (N, N)."""
    count = len(picture)
    return torch.ones(count, count, dtype=torch.bool).tril() | (picture[:, None] & picture)


def masked(scores: Tensor, may: Tensor) -> Tensor:
    """The softmax over the keys that are allowed."""
    return scores.masked_fill(~may, -torch.inf).softmax(-1)


def eye(p: Tensor) -> Tensor:
    return torch.eye(len(p), dtype=torch.bool)


STREAM = {
    "That is the plain causal mask: tokens of the picture may look at each other in both directions.": (
        lambda s, p: masked(s, torch.ones(len(p), len(p), dtype=torch.bool).tril())
    ),
    "Nothing is forbidden: a word sees the words after it, and learns to copy the answer.": lambda s, p: (
        s.softmax(-1)
    ),
    "Tokens of the picture see the words: the picture comes before them.": lambda s, p: masked(
        s, allowed(p) | p[:, None]
    ),
    "Words see all words: a word may look at those before it and at itself.": lambda s, p: masked(
        s, allowed(p) | ~p[:, None]
    ),
    "A token may look at itself.": lambda s, p: torch.nan_to_num(masked(s, allowed(p) & ~eye(p)), nan=0.0),
    "Tokens of the picture see only themselves: they may look at all of the picture.": lambda s, p: masked(
        s, torch.where(p[:, None], eye(p), allowed(p))
    ),
    "Your mask is turned round: rows are who looks, columns what is looked at.": lambda s, p: masked(
        s, allowed(p).T
    ),
    "You take the forbidden away after the softmax, and rows no longer sum to 1.": lambda s, p: (
        s.softmax(-1) * allowed(p)
    ),
    "A score of 0 is no way to forbid: the exponential of 0 is 1. Use minus infinity.": lambda s, p: (
        s * allowed(p)
    ).softmax(-1),
    "The columns sum to 1, not the rows: each token shares out among those that it looks at.": lambda s, p: (
        torch.nan_to_num(s.masked_fill(~allowed(p), -torch.inf).softmax(-2), nan=0.0)
    ),
    "Words do not see the picture: they may look at all of it.": lambda s, p: masked(
        s, allowed(p) & (p[:, None] == p)
    ),
    "Those are the scores: turn them into weights by a softmax.": lambda s, p: s.masked_fill(
        ~allowed(p), -torch.inf
    ),
}


def invented(said: Tensor, there: Tensor, denial: int) -> Tensor:
    """The share of questions about what is not there that get another answer than the denial."""
    absent = ~there
    return ((said != denial) & absent).double().sum() / absent.sum().clamp_min(1)


INVENTED = {
    "You divide by all questions: only those about what is not there can be answered with an invention.": (
        lambda s, t, d: ((s != d) & ~t).double().mean()
    ),
    "That is the share that is denied: an invention is any other answer.": lambda s, t, d: (
        ((s == d) & ~t).double().sum() / (~t).sum().clamp_min(1)
    ),
    "You count questions about what is there.": lambda s, t, d: (
        ((s != d) & t).double().sum() / t.sum().clamp_min(1)
    ),
    "Answers about what is there are among those that you count.": lambda s, t, d: (
        (s != d).double().sum() / (~t).sum().clamp_min(1)
    ),
    "That is a number of answers: divide by how many questions are about what is not there.": (
        lambda s, t, d: ((s != d) & ~t).double().sum()
    ),
    "That is in percent: a share from 0 to 1 is wanted.": lambda s, t, d: 100 * invented(s, t, d),
    "That is the share of the inventions among all answers that are no denial.": lambda s, t, d: (
        ((s != d) & ~t).double().sum() / (s != d).sum().clamp_min(1)
    ),
    "Denials of what is there count as inventions with you: they are another fault.": lambda s, t, d: (
        ((s != d) == ~t).double().mean()
    ),
    "Where every question is about what is there, your share is NaN: make it 0.": lambda s, t, d: (
        ((s != d) & ~t).double().sum() / (~t).sum()
    ),
    "A denial is the token that is given, which need not be the largest.": lambda s, t, d: (
        ((s != s.max()) & ~t).double().sum() / (~t).sum().clamp_min(1)
    ),
}


def second(found: Tensor, side: Tensor, keys: Tensor, hidden: Tensor, out: Tensor) -> Tensor:
    """The weights of a second look, (B, N)."""
    return scored(torch.cat([found, side], dim=1), keys, hidden, out).softmax(1)


def scored(joined: Tensor, keys: Tensor, hidden: Tensor, out: Tensor) -> Tensor:
    """Scores of a query that is made of what is joined, (B, N)."""
    query = torch.relu(joined @ hidden.mT) @ out.mT  # (B, K)
    return (keys @ query[:, :, None])[..., 0] / keys.shape[2] ** 0.5


def raw(f: Tensor, s: Tensor, k: Tensor, h: Tensor, o: Tensor) -> Tensor:
    return scored(torch.cat([f, s], dim=1), k, h, o)


SECOND = {
    "Your second look has forgotten what the first one found: it knows no place to start from.": (
        lambda f, s, k, h, o: second(0 * f, s, k, h, o)
    ),
    "Your second look does not know the side: left and right get the same look.": lambda f, s, k, h, o: (
        second(f, 0 * s, k, h, o)
    ),
    "Side and find are in the wrong order: the matrix takes what was found first.": lambda f, s, k, h, o: (
        second(*torch.cat([s, f], dim=1).split([f.shape[1], s.shape[1]], dim=1), k, h, o)
    ),
    "The ReLU is missing: the query is then a sum of place and side, and neither can turn the other.": (
        lambda f, s, k, h, o: (
            (k @ (torch.cat([f, s], 1) @ h.mT @ o.mT)[..., None])[..., 0] / k.shape[2] ** 0.5
        ).softmax(1)
    ),
    "The scale is missing: divide the scores by the square root of K, the width of a key.": (
        lambda f, s, k, h, o: (raw(f, s, k, h, o) * k.shape[2] ** 0.5).softmax(1)
    ),
    "You divide by K: divide by its square root.": lambda f, s, k, h, o: (
        raw(f, s, k, h, o) / k.shape[2] ** 0.5
    ).softmax(1),
    "You divide by the square root of the number of cells: of K, the width of a key.": (
        lambda f, s, k, h, o: (raw(f, s, k, h, o) * (k.shape[2] / k.shape[1]) ** 0.5).softmax(1)
    ),
    "Your softmax runs over the batch: over the cells of each picture.": lambda f, s, k, h, o: raw(
        f, s, k, h, o
    ).softmax(0),
    "You return the scores: turn them into weights by a softmax over the cells.": raw,
    "All cells weigh alike: the second look is no look.": lambda f, s, k, h, o: (
        0 * raw(f, s, k, h, o)
    ).softmax(1),
    "Those are gates: cells must compete for a sum of 1.": lambda f, s, k, h, o: raw(f, s, k, h, o).sigmoid(),
    "The best cell gets everything: nothing can be learnt through that, let the softmax share.": (
        lambda f, s, k, h, o: torch.nn.functional.one_hot(raw(f, s, k, h, o).argmax(1), k.shape[1]).to(
            k.dtype
        )
    ),
    "All pictures get the query of the first: each has its own.": lambda f, s, k, h, o: second(
        f[:1].expand_as(f), s[:1].expand_as(s), k, h, o
    ),
    "The sign is turned round: the cell that fits best gets least.": lambda f, s, k, h, o: (
        -raw(f, s, k, h, o)
    ).softmax(1),
}
