"""What plausible wrong answers to the exercises on hard attention give: feedback -> result."""

import torch
from torch.nn import functional as F


def glimpse(image: torch.Tensor, x: float, y: float, size: int, *, around: float = 0.0) -> torch.Tensor:
    """The pixels around (x, y), which falls between pixels; `around` is what lies outside."""
    height, width = image.shape
    return at(image, (y + 1) * height / 2 - size / 2, (x + 1) * width / 2 - size / 2, size, around=around)


def at(image: torch.Tensor, top: float, left: float, size: int, *, around: float = 0.0) -> torch.Tensor:
    """The pixels right of and below a corner."""
    rows, columns = round(top) + torch.arange(size), round(left) + torch.arange(size)
    inside = ((rows >= 0) & (rows < image.shape[0]))[:, None] & (columns >= 0) & (columns < image.shape[1])
    near = image[rows.clamp(0, image.shape[0] - 1)][:, columns.clamp(0, image.shape[1] - 1)]
    return torch.where(inside, near, torch.tensor(around, dtype=image.dtype))


def in_glimpse(cases: list[tuple[torch.Tensor, float, float, int]]) -> dict:
    """Wrong patches for each case (image, x, y, size)."""

    def each(function):
        return [function(*case) for case in cases]

    def scaled(image, x, y, size):
        height, width = image.shape
        return at(image, (y + 1) * (height - 1) / 2 - size / 2, (x + 1) * (width - 1) / 2 - size / 2, size)

    def as_share(image, x, y, size):
        return at(image, y * image.shape[0] - size / 2, x * image.shape[1] - size / 2, size)

    def corner(image, x, y, size):
        return at(image, (y + 1) * image.shape[0] / 2, (x + 1) * image.shape[1] / 2, size)

    def one_side(image, x, y, size):
        height = image.shape[0]
        return at(image, (y + 1) * height / 2 - size / 2, (x + 1) * height / 2 - size / 2, size)

    return {
        "x and y are swapped: x counts columns, to the right; y counts rows, down.": each(
            lambda image, x, y, size: glimpse(image, y, x, size)
        ),
        "y points up in your code: here it points down, as rows are counted.": each(
            lambda image, x, y, size: glimpse(image, x, -y, size)
        ),
        "The patch lies the right way round but transposed: rows are axis 0.": each(
            lambda *case: glimpse(*case).T
        ),
        "The location is the corner of your patch: it should be the middle, half a patch further.": each(
            corner
        ),
        "You read the location as a share from 0 to 1: it goes from -1 to 1, with 0 in the middle.": each(
            as_share
        ),
        "You scale by the side minus 1: 1 is the right edge of the last pixel, not its middle.": each(scaled),
        "You scale x by the height: x goes along the width.": each(one_side),
        "You always cut at the centre: the location is not used.": each(
            lambda image, x, y, size: glimpse(image, 0.0, 0.0, size)
        ),
        "The patch is shifted by a pixel: the rows and columns begin half a patch before the middle.": each(
            lambda image, x, y, size: glimpse(image, x + 2 / image.shape[1], y + 2 / image.shape[0], size)
        ),
    }


def pushed(image: torch.Tensor, x: float, y: float, size: int) -> torch.Tensor:
    """The patch nearest to the location that lies inside of the image."""
    height, width = image.shape
    top, left = round((y + 1) * height / 2 - size / 2), round((x + 1) * width / 2 - size / 2)
    return at(image, min(max(top, 0), height - size), min(max(left, 0), width - size), size)


def in_border(cases: list[tuple[torch.Tensor, float, float, int]]) -> dict:
    """Wrong patches where the image ends."""

    def corners(image, x, y, size):
        height, width = image.shape
        return round((y + 1) * height / 2 - size / 2), round((x + 1) * width / 2 - size / 2)

    def wrapped(image, x, y, size):
        top, left = corners(image, x, y, size)
        rows, columns = torch.arange(size) + top, torch.arange(size) + left
        return image[rows % image.shape[0]][:, columns % image.shape[1]]

    def repeated(image, x, y, size):
        top, left = corners(image, x, y, size)
        rows, columns = torch.arange(size) + top, torch.arange(size) + left
        return image[rows.clamp(0, image.shape[0] - 1)][:, columns.clamp(0, image.shape[1] - 1)]

    return {
        "Beyond the edge you repeat the last pixel: there should be zeros.": [repeated(*c) for c in cases],
        "Beyond the edge you go on at the other side: a negative index counts from the end. Use zeros.": [
            wrapped(*c) for c in cases
        ],
        "You push the patch back into the image: keep it where it is and fill up with zeros.": [
            pushed(*c) for c in cases
        ],
        "Beyond the edge you fill in ones: there should be zeros.": [glimpse(*c, around=1.0) for c in cases],
        "At the edge all of your patch is 0: the part inside the image is still seen.": [
            torch.zeros(c[3], c[3]) for c in cases
        ],
    }


def in_reinforce(log_probabilities: torch.Tensor, rewards: torch.Tensor, baselines: torch.Tensor) -> dict:
    """Wrong gradients with regard to the log-probabilities."""
    count, surprise = len(rewards), rewards - baselines
    chances, shifted = log_probabilities.exp(), rewards - rewards.mean()
    pushes = {
        "The sign is flipped: training lowers your number, and with it the chance of what paid.": -surprise,
        "You sum over the batch: take the mean, or the step grows with the batch.": count * surprise,
        "The baselines are not used: take them off the rewards.": rewards,
        "You add the baselines: take them off the rewards.": rewards + baselines,
        "Only the baselines count: where are the rewards?": -baselines,
        "You weigh the chances, not their logarithms: REINFORCE needs the logarithm.": surprise * chances,
        "You square the surprise: whether it was better or worse than expected is lost.": surprise.square(),
        "You take the surprise's size: whether it was better or worse is lost.": surprise.abs(),
        "All choices are pushed alike: multiply each with its own surprise, not the means.": surprise.mean()
        + 0 * surprise,
        "You shift the rewards to mean 0 instead of taking off the baselines.": shifted,
        "You divide by the spread of the surprise: a good trick, but not asked for.": surprise
        / surprise.std(),
    }
    return {text: -push / count for text, push in pushes.items()}


def exact(scores: torch.Tensor, losses: torch.Tensor) -> torch.Tensor:
    """The gradient of the expected loss with regard to the scores."""
    chances = scores.softmax(dim=1)
    return chances * (losses - (chances * losses).sum(dim=1, keepdim=True))


def in_exact(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> dict:
    """Wrong exact gradients for each pair of scores and losses."""

    def each(function):
        return [function(s, losses) for s, losses in pairs]

    return {
        "The expected loss is missing: take it off the losses before you weigh them.": each(
            lambda s, losses: s.softmax(1) * losses
        ),
        "The sign is flipped: that is the gradient of the reward.": each(lambda s, losses: -exact(s, losses)),
        "You take off the plain mean of the losses: weigh them with the chances.": each(
            lambda s, losses: s.softmax(1) * (losses - losses.mean(1, keepdim=True))
        ),
        "You forget to multiply with the chance of each choice.": each(
            lambda s, losses: losses - (s.softmax(1) * losses).sum(1, keepdim=True)
        ),
        "The softmax runs over the batch: the choices of one image share its chances.": each(
            lambda s, losses: s.softmax(0) * (losses - (s.softmax(0) * losses).sum(1, keepdim=True))
        ),
        "You take the softmax of the losses: they come as they are, the scores need it.": each(
            lambda s, losses: exact(losses, s)
        ),
        "You divide by the number of images: here each image keeps its own gradient.": each(
            lambda s, losses: exact(s, losses) / len(s)
        ),
        "You divide by the number of choices: the chances already share out the whole.": each(
            lambda s, losses: exact(s, losses) / s.shape[1]
        ),
        "The expected loss is taken over the whole batch: each image has its own.": each(
            lambda s, losses: s.softmax(1) * (losses - (s.softmax(1) * losses).sum(1).mean())
        ),
        "That is the gradient for sigmoids: chances p (1 - p) times the loss, without competition.": each(
            lambda s, losses: s.sigmoid() * (1 - s.sigmoid()) * losses
        ),
    }


def in_draw(scores: torch.Tensor, noise: torch.Tensor) -> dict:
    """Wrong forward values of a draw."""
    noisy = scores + noise
    return {
        "That is the soft blend: forward, the winner gets all.": noisy.softmax(1),
        "The noise is not used: the best score wins each time, nothing is drawn.": one_hot(scores),
        "Only the noise decides: add it to the scores.": one_hot(noise),
        "You take the noise off: add it, or the draws do not follow the softmax.": one_hot(scores - noise),
        "You multiply scores and noise: add the noise.": one_hot(scores * noise),
        "The smallest wins in your code: take the largest of scores plus noise.": one_hot(-noisy),
        "The winner is sought over the batch: each image draws one of its own choices.": one_hot(noisy.T).T,
        "The winner keeps its share of the blend: it should be 1.": one_hot(noisy) * noisy.softmax(1),
        "The noise is added to the softmax of the scores: add it to the scores themselves.": one_hot(
            scores.softmax(1) + noise
        ),
    }


def one_hot(values: torch.Tensor) -> torch.Tensor:
    """1 at the largest of each row, 0 elsewhere."""
    return F.one_hot(values.argmax(dim=1), values.shape[1]).to(values.dtype)
