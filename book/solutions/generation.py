"""Reference solutions of the exercises in notebooks/applications/generation.ipynb."""

import torch


def noisy_point(noise, pictures, times):
    """The point at each picture's time on the line from noise (0) to picture (1): (B, C, H, W)."""
    share = times[:, None, None, None]  # (B, 1, 1, 1): one for each picture
    return (1 - share) * noise + share * pictures


def one_step(x, foreseen, step, steps):
    """Where a half-made picture is after step number `step`, counted from 0: (B, C, H, W)."""
    left = 1 - step / steps  # time from the start of this step to the end
    velocity = (foreseen - x) / left
    return x + velocity / steps  # a step lasts 1 / steps


def guided_way(x, told, untold, scale, steps):
    """Where a guided sampler ends that takes so many steps from the noise x: (B, D)."""
    for step in range(steps):
        with_words, without = x @ told, x @ untold  # two looks of the network
        foreseen = without + scale * (with_words - without)
        x = x + (foreseen - x) / (steps - step)
    return x


def counterpart_weight(weights, rows, columns):
    """The mean weight that a patch gives to the patch that mirrors it in its row: (B, h)."""
    patches = torch.arange(rows * columns)
    mirrored = patches.view(rows, columns).flip(1).flatten()
    return weights[:, :, patches, mirrored].mean(dim=2)  # (B, h, N) -> (B, h)


def allowed_words(scores, values, forbidden):
    """What each patch gets from the words that it may look at, 0 where none is left: (B, h, N, d)."""
    scores = scores.masked_fill(forbidden[:, None, None], -torch.inf)  # (B, T) -> (B, 1, 1, T)
    weights = torch.softmax(scores, dim=-1).nan_to_num()  # 0 / 0 where nothing is left
    return weights @ values


def best_guess(x, times, pictures):
    """The mean of all pictures, each weighted by how likely it is behind x: (B, C, H, W)."""
    present = times[:, None, None, None, None] * pictures  # (B, M, C, H, W)
    distance = (x[:, None] - present).square().sum(dim=(2, 3, 4))  # (B, M)
    weights = torch.softmax(-distance / (2 * (1 - times[:, None]) ** 2), dim=1)
    return torch.einsum("bm,mchw->bchw", weights, pictures)


def ask_words(queries, keys, values):
    """What each patch gets from the words: (B, N, E)."""
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5  # (B, N, D) @ (B, D, T) -> (B, N, T)
    return torch.softmax(scores, dim=-1) @ values
