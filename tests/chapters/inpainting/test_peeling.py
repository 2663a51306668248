"""Filling from the rim inwards: what is copied, from where, and never from under the hole."""

import math

import pytest
import torch

from visual_attention.chapters.inpainting.peeling import PeelingAttention, main

B, C, H, W = 2, 3, 13, 17  # distinct primes: a swapped axis cannot go unseen
K = 5


def images(seed=0, b=B, c=C, h=H, w=W):
    return torch.rand(b, c, h, w, generator=torch.Generator().manual_seed(seed))


def mask(top=5, left=8, rows=3, columns=4, b=B, h=H, w=W):
    made = torch.zeros(b, 1, h, w, dtype=torch.bool)
    made[..., top : top + rows, left : left + columns] = True
    return made


@pytest.fixture
def attention():
    return PeelingAttention(patch=K, temperature=0.01)


def by_hand(image, hole, *, patch, temperature):
    """The same with loops over pixels, in float64: (C, H, W), (H, W) -> (C, H, W)."""
    image, known, half = image.double().clone(), ~hole, patch // 2
    height, width = hole.shape
    image[:, hole] = 0.0

    def around(row, column):
        for dr in range(-half, half + 1):
            for dc in range(-half, half + 1):
                yield row + dr, column + dc

    def inside(row, column):
        return 0 <= row < height and 0 <= column < width

    sources = [
        (row, column)
        for row in range(half, height - half)
        for column in range(half, width - half)
        if all(known[place] for place in around(row, column))
    ]
    centres = [image[:, row, column].clone() for row, column in sources]
    keys = [{place: image[:, place[0], place[1]].clone() for place in around(*s)} for s in sources]
    while not known.all():
        rim = [
            (row, column)
            for row in range(height)
            for column in range(width)
            if not known[row, column]
            and any(
                inside(row + dr, column + dc) and known[row + dr, column + dc]
                for dr in (-1, 0, 1)
                for dc in (-1, 0, 1)
            )
        ]
        values = []
        for row, column in rim:
            scores = []
            for (top, left), key in zip(sources, keys, strict=True):
                errors = [
                    (image[:, r, c] - key[r - row + top, c - column + left]).square()
                    for r, c in around(row, column)
                    if inside(r, c) and known[r, c]
                ]
                scores.append(-torch.stack(errors).mean() / temperature)
            shares = torch.stack(scores).softmax(0)
            values.append(sum(share * centre for share, centre in zip(shares, centres, strict=True)))
        for (row, column), value in zip(rim, values, strict=True):
            image[:, row, column], known[row, column] = value, True
    return image


def test_agrees_with_loops_over_pixels(attention):
    x, m = images(b=1), mask(b=1)
    want = by_hand(x[0], m[0, 0], patch=K, temperature=0.01)
    torch.testing.assert_close(attention(x, m)[0].double(), want, atol=2e-4, rtol=0)


def test_agrees_with_loops_where_the_hole_touches_the_border(attention):
    x, m = images(b=1), mask(top=10, left=0, b=1)
    want = by_hand(x[0], m[0, 0], patch=K, temperature=0.01)
    torch.testing.assert_close(attention(x, m)[0].double(), want, atol=2e-4, rtol=0)


def test_forward_applies_exactly_the_weights(attention):
    x, m = images(), mask()
    pixels = (attention.weights(x, m) @ x.flatten(2).mT).mT.view_as(x)  # (B, N, N) @ (B, N, C)
    torch.testing.assert_close(attention(x, m), pixels)


def test_each_row_sums_to_1_and_nothing_is_negative(attention):
    weights = attention.weights(images(), mask())
    assert weights.shape == (B, H * W, H * W) and weights.min() >= 0
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, H * W))


def test_known_pixels_stay_and_take_themselves_only(attention):
    x, m = images(), mask()
    known = (~m).expand_as(x)
    assert torch.equal(attention(x, m)[known], x[known])
    rows = attention.weights(x, m)[0][~m[0].flatten()]
    assert torch.equal(rows, torch.eye(H * W)[~m[0].flatten()])


def test_pixels_under_the_hole_are_never_a_source(attention):
    x, m = images(), mask()
    other = torch.where(m, images(seed=9), x)
    assert torch.equal(attention(other, m), attention(x, m))
    assert torch.equal(attention.weights(other, m), attention.weights(x, m))
    assert attention.weights(x, m)[0][:, m[0].flatten()].count_nonzero() == 0


def test_only_places_with_a_whole_neighbourhood_are_a_source(attention):
    x, m = images(b=1), mask(b=1)
    taken = attention.weights(x, m)[0][m.flatten()].sum(0).view(H, W) > 0
    wanted = torch.zeros(H, W, dtype=torch.bool)
    for row in range(K // 2, H - K // 2):
        for column in range(K // 2, W - K // 2):
            near = m[0, 0, row - K // 2 : row + K // 2 + 1, column - K // 2 : column + K // 2 + 1]
            wanted[row, column] = not near.any()
    assert not taken[~wanted].any()


def test_a_pattern_that_repeats_is_restored():
    rows, columns = torch.arange(29), torch.arange(31)
    pattern = (0.3 * (rows % 3)[:, None] + 0.05 * (columns % 4)).expand(1, 2, 29, 31).clone()
    hole = mask(top=9, left=12, rows=7, columns=9, b=1, h=29, w=31)
    filled = PeelingAttention(patch=5, temperature=1e-5)(pattern, hole)
    torch.testing.assert_close(filled, pattern, atol=1e-4, rtol=0)


def test_it_copies_and_does_not_invent(attention):
    x, m = images(), mask()
    filled = attention(x, m)
    known = x.masked_fill(m, 0.5)
    assert (filled.amax((2, 3)) <= known.amax((2, 3))).all()
    assert (filled.amin((2, 3)) >= known.amin((2, 3))).all()


def test_infinite_temperature_is_the_mean_of_all_sources():
    x, m = images(), mask()
    weights = PeelingAttention(patch=K, temperature=math.inf).weights(x, m)[0][m[0].flatten()]
    used = weights > 0
    assert (used == used[0]).all()
    torch.testing.assert_close(weights[used], torch.full_like(weights[used], 1 / used[0].sum().item()))


def test_sharper_is_never_more_spread(attention):
    x, m = images(), mask(rows=1, columns=1)
    hole = m[0].flatten()
    largest = [
        PeelingAttention(patch=K, temperature=t).weights(x, m)[0][hole].max().item() for t in (1, 0.01, 1e-4)
    ]
    assert largest[0] < largest[1] < largest[2] <= 1


def test_images_do_not_mix_within_a_batch(attention):
    x, m = images(b=3), torch.cat([mask(b=1), mask(b=1, top=2, left=3), mask(b=1, rows=0)])
    alone = torch.cat([attention(x[i : i + 1], m[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(attention(x, m), alone)


def test_without_a_hole_nothing_changes(attention):
    x, nothing = images(), mask(rows=0)
    assert torch.equal(attention(x, nothing), x)
    assert torch.equal(attention.weights(x, nothing), torch.eye(H * W).expand(B, -1, -1))


def test_an_empty_batch_gives_an_empty_batch(attention):
    assert attention(images(b=0), mask(b=0)).shape == (0, C, H, W)
    assert attention.weights(images(b=0), mask(b=0)).shape == (0, H * W, H * W)


def test_gradients_reach_the_known_pixels_only(attention):
    x, m = images().requires_grad_(), mask()
    attention(x, m)[m.expand_as(x)].sum().backward()
    assert x.grad[(~m).expand_as(x)].abs().sum() > 0
    assert x.grad[m.expand_as(x)].count_nonzero() == 0


@pytest.mark.parametrize(
    ("x", "m", "says"),
    [
        (images(), torch.ones(B, 1, H, W, dtype=torch.bool), "5 x 5 patch .* got none: the hole covers 100%"),
        (images(), mask(top=3, left=3, rows=7, columns=11), "without a missing place to copy from, got none"),
        (images(h=4), mask(h=4), "at least 5 x 5 places, .* got 4 x 17"),
        (images(w=3), mask(w=3), "at least 5 x 5 places, .* got 13 x 3"),
        (images(), mask().float(), "mask of torch.bool.*got torch.float32"),
        (images(), [[True]], "mask of torch.bool.*got list"),
        (images(), mask(b=1), r"mask \(B, 1, H, W\) = \(2, 1, 13, 17\), got \(1, 1, 13, 17\)"),
        (images(), mask()[:, 0], r"got \(2, 13, 17\)"),
        (images()[0], mask(), "got 3"),
    ],
    ids=["covered", "nearly covered", "low", "narrow", "float", "list", "batch", "rank", "image rank"],
)
def test_a_wrong_input_is_told_what_was_wanted(attention, x, m, says):
    for call in (attention, attention.weights):
        with pytest.raises(ValueError, match=says):
            call(x, m)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"patch": 4}, "odd patch .*got 4"),
        ({"patch": 1}, "odd patch of 3 or more, got 1"),
        ({"patch": -1}, "odd patch .*got -1"),
        ({"temperature": 0.0}, "temperature above 0, got 0.0"),
        ({"temperature": math.nan}, "temperature above 0, got nan"),
    ],
)
def test_settings_without_sense_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        PeelingAttention(**arguments)


def test_the_module_runs(capsys):
    main()
    assert "largest error       0.000" in capsys.readouterr().out
