"""Reference solutions of the exercises in notebooks/applications/question_answering.ipynb."""

import torch


def look(question, regions):
    """How much a question (B, D) takes from each of the regions (B, N, D): (B, N)."""
    scores = (regions * question[:, None]).sum(dim=2) / question.shape[1] ** 0.5  # (B, N, D) -> (B, N)
    return torch.softmax(scores, dim=1)


def two_looks(question, regions):
    """The weights of the first look and of the second, (B, 2, N)."""

    def weights(asked):
        return torch.softmax(torch.einsum("bd,bnd->bn", asked, regions) / asked.shape[1] ** 0.5, dim=1)

    first = weights(question)
    found = (first[..., None] * regions).sum(dim=1)  # (B, N, D) -> (B, D)
    return torch.stack([first, weights(question + found)], dim=1)


def word_shares(scores, words):
    """The softmax of scores (B, L) over the words that are there, 0 at the padding: (B, L)."""
    present = words > 0
    scores = scores.masked_fill(~present, -torch.inf)
    empty = ~present.any(dim=1, keepdim=True)  # a softmax of -inf alone would be NaN
    return torch.softmax(scores.masked_fill(empty, 0.0), dim=1) * present


def blind_guess(numbers, answers, new_numbers, new_answers):
    """How often the commonest old answer to a question is right for new scenes: a share."""
    default = answers.bincount().argmax()
    right = 0
    for number, answer in zip(new_numbers, new_answers, strict=True):
        known = answers[numbers == number]
        guess = known.bincount().argmax() if len(known) else default
        right += int(guess == answer)
    return torch.tensor(right / len(new_answers))


def stream_weights(scores, picture):
    """What each token of a picture and words takes from each: (B, N, N)."""
    count = len(picture)
    before = torch.ones(count, count, dtype=torch.bool).tril()  # itself, and what stands before it
    both = picture[:, None] & picture[None, :]
    return scores.masked_fill(~(before | both), -torch.inf).softmax(dim=-1)


def invented_share(said, there, denial):
    """The share of questions about what is not there that get an invention."""
    answers = said[~there]
    if not len(answers):
        return torch.tensor(0.0)
    return (answers != denial).double().mean()


def second_look(found, side, keys, hidden, out):
    """Where a second look goes that starts from what the first found: (B, N)."""
    joined = torch.cat([found, side], dim=1)  # (B, D + S)
    query = torch.relu(joined @ hidden.T) @ out.T  # (B, K)
    scores = torch.einsum("bnk,bk->bn", keys, query) / keys.shape[2] ** 0.5
    return torch.softmax(scores, dim=1)
