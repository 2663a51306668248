"""Checks for the exercises on inpainting.

Chapter: notebooks/applications/inpainting.ipynb
"""

import torch

from visual_attention.chapters.inpainting import mistakes
from visual_attention.exercises.report import Check, exercise


@exercise(points=3)
def check_hole_psnr(student, check: Check):
    """The peak signal-to-noise ratio of each image in decibels, over its missing pixels: (B,)."""
    right = []
    for seed, (batch, channels, height, width) in enumerate(((2, 3, 7, 11), (3, 2, 5, 13))):
        truth = check.random(batch, channels, height, width, seed=seed).sigmoid()
        noise = check.random(batch, channels, height, width, seed=seed + 5)
        sizes = torch.arange(1, batch + 1).view(-1, 1, 1, 1)  # each image has an error and a hole of its own
        mask = (torch.arange(height)[:, None] + 2 * torch.arange(width)) % 5 < sizes  # (B, 1, H, W)
        given = (truth + 0.1 * sizes * noise * (1 + 0.5 * mask), truth, mask)
        got = check.call(student, *given)
        name = "your ratio" if seed == 0 else "your ratio on pictures of another size"
        shapes = mistakes.in_psnr_shape(batch, channels, height, width)
        check.tensor(got, shape=(batch,), shapes=shapes, name=name)
        wrong = mistakes.in_psnr(*given)
        right.append(check.equal(got, mistakes.psnr(*given), points=1, name=name, atol=1e-3, mistakes=wrong))
        if not right[-1]:
            return
    # the first image's known pixels now differ wildly, its missing ones are as they were
    spoilt = torch.where(given[2], given[0], given[0] + 3)
    got = check.call(student, spoilt, truth, mask)
    bad = "Known pixels that change move your ratio: count missing pixels only."
    check.that(_close(got, mistakes.psnr(*given)), points=1, good="Known pixels do not count.", bad=bad)


@exercise(points=3)
def check_sources(student, check: Check):
    """True at the centre of each patch that lies inside the picture and has nothing missing: (B, 1, H, W)."""
    right = True
    for batch, height, width, size in ((2, 9, 13, 3), (3, 13, 17, 5)):
        mask = torch.zeros(batch, 1, height, width, dtype=torch.bool)
        for i in range(batch):
            mask[i, :, 4 : 6 + i, 7 + i : 9 + i] = True
        got = check.call(student, mask, size)
        name = f"your map for patches of {size} x {size}"
        shapes = mistakes.in_sources_shape(batch, height, width, size)
        check.tensor(got, shape=mask.shape, dtype=torch.bool, shapes=shapes, name=name)
        wrong = mistakes.in_sources(mask, size)
        right &= check.equal(got, mistakes.sources(mask, size), points=1, name=name, mistakes=wrong)
    if not right:
        return
    covered = torch.ones(1, 1, 5, 7, dtype=torch.bool)
    nothing = check.call(student, covered, 3)
    everything = check.call(student, ~covered, 3)
    fine = not nothing.any() and everything.sum() == 3 * 5
    bad = "A hole over everything leaves no patch, no hole leaves all that lie inside: one of them is wrong."
    check.that(fine, points=1, good="No hole, and nothing but a hole, are right too.", bad=bad)


@exercise(points=4)
def check_patch_weights(student, check: Check):
    """Cosines of queries and keys, times a scale, become weights over the allowed keys: (B, P, N)."""
    cases = []
    for seed, (batch, asking, keys, width) in enumerate(((2, 3, 7, 5), (3, 5, 11, 2))):
        lengths = torch.arange(1, keys + 1)[:, None] / 3  # so that a forgotten length shows
        query, key = (
            check.random(batch, asking, width, seed=seed),
            check.random(batch, keys, width, seed=seed + 3),
        )
        whole = (torch.arange(keys) + torch.arange(batch)[:, None]) % 3 > 0  # (B, N)
        cases.append((2 * query, lengths * key, whole, (4.0, 1.5)[seed]))
    got = [check.call(student, *case) for case in cases]
    for result, (query, key, *_) in zip(got, cases, strict=True):
        shapes = mistakes.in_weights_shape(*query.shape[:2], *key.shape[1:])
        check.tensor(result, shape=(*query.shape[:2], key.shape[1]), shapes=shapes, name="your weights")
    want = [mistakes.weights(*case) for case in cases]
    wrong = mistakes.in_weights(cases)
    if not check.equal(got, want, points=2, name="your weights", mistakes=wrong):
        return
    query, key, whole, _ = cases[0]
    got = check.call(student, query, key, whole, 1000.0)
    bad = "With a scale of 1000 the weights come out wrong: forbid by -inf, then let `softmax` do the rest."
    fine = _close(got, mistakes.weights(query, key, whole, 1000.0))
    check.that(fine, points=1, good="A scale of 1000 does no harm.", bad=bad)
    query, key = query.clone().requires_grad_(), key.clone().requires_grad_()
    check.gradients(check.call(student, query, key, whole, 4.0), points=1, queries=query, keys=key)


@exercise(points=3)
def check_paste(student, check: Check):
    """One patch around each place becomes a map, the mean where patches overlap: (B, C, H, W)."""
    cases = []
    for seed, (batch, channels, height, width, size) in enumerate(((2, 3, 5, 7, 3), (1, 2, 7, 11, 5))):
        patches = check.random(batch, height * width, channels * size**2, seed=seed)
        cases.append((patches, height, width, size))
    got = []
    for patches, height, width, size in cases:
        got.append(check.call(student, patches, height, width, size))
        channels = patches.shape[2] // size**2
        shapes = mistakes.in_paste_shape(len(patches), channels, height, width, size)
        wanted = (len(patches), channels, height, width)
        check.tensor(got[-1], shape=wanted, shapes=shapes, finite=False, name="your map")
    want = [mistakes.paste(*case) for case in cases]
    if not check.equal(got, want, points=2, name="your map", mistakes=mistakes.in_paste(cases)):
        return
    patches, height, width, size = cases[0]
    ones = check.call(student, torch.ones_like(patches), height, width, size)
    bad = "Patches of ones do not give a map of ones, at the border for instance."
    check.that(
        _close(ones, torch.ones_like(ones)), points=1, good="Ones stay ones, at the border too.", bad=bad
    )


def _close(got: torch.Tensor, want: torch.Tensor) -> bool:
    return got.shape == want.shape and torch.allclose(got.detach().to(want.dtype), want, atol=1e-3)
