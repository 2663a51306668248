"""Reference solutions of the exercises in notebooks/mechanisms/hard.ipynb."""

import torch


def cut_glimpse(image, location, size):
    """The size x size pixels around location (x, y), with zeros where the image ends."""
    height, width = image.shape
    left = round((location[0].item() + 1) * width / 2 - size / 2)
    top = round((location[1].item() + 1) * height / 2 - size / 2)
    patch = torch.zeros(size, size)
    rows = slice(max(top, 0), min(max(top + size, 0), height))
    columns = slice(max(left, 0), min(max(left + size, 0), width))
    seen = image[rows, columns]
    if seen.numel():
        down, right = rows.start - top, columns.start - left
        patch[down : down + seen.shape[0], right : right + seen.shape[1]] = seen
    return patch


def reinforce(log_probabilities, rewards, baselines):
    """A number whose gradient makes choices likelier that paid more than expected."""
    surprise = (rewards - baselines).detach()
    return -(log_probabilities * surprise).mean()


def exact_gradient(scores, losses):
    """The gradient of the expected loss with regard to the scores, (B, N), without sampling."""
    chances = scores.softmax(dim=1)
    expected = (chances * losses).sum(dim=1, keepdim=True)
    return chances * (losses - expected)


def straight_through(scores, noise, temperature=1.0):
    """1 for the winner of scores + noise, 0 for the rest, with the gradient of a softmax."""
    noisy = scores + noise
    blend = torch.softmax(noisy / temperature, dim=1)
    winner = torch.nn.functional.one_hot(noisy.argmax(dim=1), scores.shape[1]).to(blend.dtype)
    return winner + blend - blend.detach()


def choice_loss(scores, drawn, losses, expected, bonus):
    """A number whose gradient trains the reader, the choice, the baseline and keeps the choice curious."""
    log_chances = scores.log_softmax(dim=1)  # (B, N)
    chosen = log_chances.gather(1, drawn[:, None])[:, 0]  # (B,)
    rewards = -losses.detach()
    surprise = rewards - expected.detach()
    entropy = -(log_chances.exp() * log_chances).sum(dim=1)
    return (losses - chosen * surprise + (expected - rewards) ** 2 - bonus * entropy).mean()
