"""Contextual attention: whose patches are pasted, how they overlap, and what never becomes a source."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.chapters.inpainting.contextual import ContextualAttention, ContextualInpainter, main
from visual_attention.chapters.inpainting.masks import known_mean

B, C, H, W = 2, 5, 11, 13  # distinct primes: a swapped axis cannot go unseen


def features(seed=0, b=B, c=C, h=H, w=W):
    return torch.randn(b, c, h, w, generator=torch.Generator().manual_seed(seed))


def hole(top=4, left=6, rows=3, columns=2, b=B, h=H, w=W):
    made = torch.zeros(b, 1, h, w, dtype=torch.bool)
    made[..., top : top + rows, left : left + columns] = True
    return made


@pytest.fixture
def attention():
    return ContextualAttention()


def neighbourhood(x, row, column, half):
    """One patch, zeros outside: (C, k, k)."""
    return F.pad(x, [half] * 4)[:, row : row + 2 * half + 1, column : column + 2 * half + 1]


def by_hand(x, mask, *, patch, scale):
    """Weights (N, N) and the filled map (C, H, W), with loops over places."""
    (_, height, width), half = x.shape, patch // 2
    broken = F.pad(mask[None].float(), [half] * 4, value=1.0)[0]
    places = [(row, column) for row in range(height) for column in range(width)]
    weights = torch.zeros(len(places), len(places))
    for i, place in enumerate(places):
        scores = torch.full((len(places),), -math.inf)
        for j, (row, column) in enumerate(places):
            if not broken[row : row + patch, column : column + patch].any():
                pair = (neighbourhood(x, *place, half), neighbourhood(x, row, column, half))
                scores[j] = scale * F.cosine_similarity(*(p.flatten() for p in pair), dim=0)
        weights[i] = scores.softmax(0)
    total, count = torch.zeros_like(x), torch.zeros(height, width)
    for i, (row, column) in enumerate(places):
        for dr in range(-half, half + 1):
            for dc in range(-half, half + 1):
                if 0 <= row + dr < height and 0 <= column + dc < width:
                    for j, (r, c) in enumerate(places):
                        if weights[i, j] > 0:
                            total[:, row + dr, column + dc] += weights[i, j] * x[:, r + dr, c + dc]
                    count[row + dr, column + dc] += 1
    return weights, torch.where(mask, total / count, x)


@pytest.mark.slow
@pytest.mark.parametrize(("patch", "top", "left"), [(3, 2, 3), (3, 0, 5), (1, 2, 3)])
def test_agrees_with_loops_over_places(patch, top, left):
    x, mask = features(b=1, h=7, w=8), hole(top=top, left=left, rows=2, b=1, h=7, w=8)
    attention = ContextualAttention(patch=patch, scale=4.0)
    weights, filled = by_hand(x[0], mask[0, 0], patch=patch, scale=4.0)
    torch.testing.assert_close(attention.weights(x, mask)[0], weights)
    torch.testing.assert_close(attention(x, mask)[0], filled)


def test_forward_pastes_exactly_the_weights(attention):
    x, mask = features(), hole()
    patches = F.unfold(x, 3, padding=1).mT  # (B, N, C * 9)
    pasted = F.fold((attention.weights(x, mask) @ patches).mT, (H, W), 3, padding=1)
    inner = pasted[..., 1:-1, 1:-1] / 9  # away from the border, nine patches overlap
    missing = mask[..., 1:-1, 1:-1].expand_as(inner)
    torch.testing.assert_close(attention(x, mask)[..., 1:-1, 1:-1][missing], inner[missing])


def test_each_row_shares_a_budget_of_1(attention):
    weights = attention.weights(features(), hole())
    assert weights.shape == (B, H * W, H * W) and weights.min() >= 0
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, H * W))


def test_known_places_stay_as_they_are(attention):
    x, mask = features(), hole()
    known = (~mask).expand_as(x)
    assert torch.equal(attention(x, mask)[known], x[known])
    assert not torch.equal(attention(x, mask), x)


def test_only_whole_known_patches_inside_the_map_are_a_source(attention):
    mask = hole()
    taken = attention.weights(features(), mask)[0].sum(0).view(H, W) > 0
    wanted = torch.zeros(H, W, dtype=torch.bool)
    for row in range(1, H - 1):
        for column in range(1, W - 1):
            wanted[row, column] = not mask[0, 0, row - 1 : row + 2, column - 1 : column + 2].any()
    assert torch.equal(taken, wanted)


def test_what_is_guessed_under_the_hole_asks_but_is_never_copied(attention):
    x, mask = features(), hole()
    louder = torch.where(mask, 7 * x, x)  # the same guess for a patch that is all hole, seven times as strong
    one = ContextualAttention(patch=1)
    torch.testing.assert_close(one(louder, mask), one(x, mask))
    other = torch.where(mask, features(seed=9), x)
    assert not torch.allclose(attention(other, mask), attention(x, mask))  # another question
    sources = attention.weights(other, mask)[0].sum(0) > 0
    assert torch.equal(sources, attention.weights(x, mask)[0].sum(0) > 0)
    highest = x.masked_fill(mask, 0).amax((2, 3))
    assert (attention(100 * mask + x, mask).amax((2, 3)) <= highest + 1e-5).all()


def test_values_of_their_own_are_copied_by_the_same_weights(attention):
    x, mask, values = features(), hole(), features(3, c=2)
    both = attention(x, mask, torch.cat([values, x], dim=1))
    torch.testing.assert_close(both[:, :2], attention(x, mask, values))
    torch.testing.assert_close(both[:, 2:], attention(x, mask))
    under = torch.where(mask, features(4, c=2), values)
    torch.testing.assert_close(attention(x, mask, under), attention(x, mask, values))
    with pytest.raises(ValueError, match="wanted a mask"):
        attention(x, mask, values[..., 1:])


def test_a_guess_that_is_right_copies_its_twin():
    x = features(b=1).repeat(1, 1, 2, 2)  # each patch stands in four places
    mask = hole(b=1, h=2 * H, w=2 * W)
    filled = ContextualAttention(scale=200.0)(x, mask)
    torch.testing.assert_close(filled, x, atol=1e-3, rtol=0)


def test_strength_does_not_count_only_direction(attention):
    x, mask = features(), hole()
    torch.testing.assert_close(attention.weights(3 * x, mask), attention.weights(x, mask))
    torch.testing.assert_close(attention(3 * x, mask), 3 * attention(x, mask))


def test_scale_goes_from_all_alike_to_the_best():
    x, mask = features(), hole()
    even = ContextualAttention(scale=0.0).weights(x, mask)
    used = even > 0
    torch.testing.assert_close(even[used], torch.full_like(even[used], 1 / used[0, 0].sum().item()))
    sharp = ContextualAttention(scale=1e4).weights(x, mask)
    assert torch.equal(sharp.argmax(-1), ContextualAttention().weights(x, mask).argmax(-1))
    assert sharp.amax(-1).mean() > 0.95


def test_images_do_not_mix_within_a_batch(attention):
    x, mask = features(b=3), torch.cat([hole(b=1), hole(0, 2, 4, 5, b=1), hole(b=1, rows=0)])
    alone = torch.cat([attention(x[i : i + 1], mask[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(attention(x, mask), alone)
    alone = torch.cat([attention.weights(x[i : i + 1], mask[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(attention.weights(x, mask), alone)


def test_without_a_hole_nothing_changes(attention):
    x, nothing = features(), hole(rows=0)
    assert torch.equal(attention(x, nothing), x)
    assert torch.equal(attention.weights(x, nothing), torch.eye(H * W).expand(B, -1, -1))


def test_an_empty_batch_gives_an_empty_batch(attention):
    assert attention(features(b=0), hole(b=0)).shape == (0, C, H, W)
    assert attention.weights(features(b=0), hole(b=0)).shape == (0, H * W, H * W)


def test_gradients_reach_the_guess_and_what_is_copied(attention):
    x, mask = features().requires_grad_(), hole()
    attention(x, mask)[mask.expand_as(x)].square().sum().backward()
    missing = mask.expand_as(x)
    assert x.grad[missing].abs().sum() > 0 and x.grad[~missing].abs().sum() > 0
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize(
    ("x", "mask", "says"),
    [
        (
            features(),
            torch.ones(B, 1, H, W, dtype=torch.bool),
            "3 x 3 patch .* got none: the hole covers 100%",
        ),
        (features(h=2), hole(h=2), "at least 3 x 3 places, .*got 2 x 13"),
        (features(), hole().long(), "mask of torch.bool.*got torch.int64"),
        (features(), None, "mask of torch.bool.*got NoneType"),
        (features(), hole(b=1), r"wanted a mask .* \(2, 1, 11, 13\), got \(1, 1, 11, 13\)"),
        (features()[0], hole(), "got 3"),
    ],
    ids=["covered", "small", "integers", "none", "batch", "rank"],
)
def test_a_wrong_input_is_told_what_was_wanted(attention, x, mask, says):
    for call in (attention, attention.weights):
        with pytest.raises(ValueError, match=says):
            call(x, mask)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"patch": 2}, "odd patch .*got 2"),
        ({"scale": -1.0}, "0 or more, got -1"),
        ({"scale": math.nan}, "nan"),
    ],
)
def test_settings_without_sense_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        ContextualAttention(**arguments)


class TestInpainter:
    @pytest.fixture(params=["attention", "convolution"])
    def net(self, request):
        torch.manual_seed(0)
        attend = ContextualAttention() if request.param == "attention" else None
        made = ContextualInpainter(attend, channels=8).eval()
        torch.nn.init.normal_(made.out.weight, std=0.1)  # it starts at 0, which tells nothing
        return made

    def test_fills_the_hole_and_keeps_the_rest(self, net):
        x, mask = torch.rand(B, 3, 16, 20), hole(h=16, w=20)
        filled = net(x, mask)
        assert filled.shape == x.shape
        assert torch.equal(filled[(~mask).expand_as(x)], x[(~mask).expand_as(x)])

    def test_pixels_under_the_hole_change_nothing(self, net):
        x, mask = torch.rand(B, 3, 16, 20), hole(h=16, w=20)
        assert torch.equal(net(torch.where(mask, torch.rand_like(x), x), mask), net(x, mask))

    def test_every_parameter_gets_a_gradient(self, net):
        x, mask = torch.rand(B, 3, 16, 20), hole(h=16, w=20)
        net.train()(x, mask).square().sum().backward()
        assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())

    def test_images_do_not_mix_within_a_batch(self, net):
        x, mask = torch.rand(3, 3, 16, 20), hole(b=3, h=16, w=20)
        alone = torch.cat([net(x[i : i + 1], mask[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(net(x, mask), alone)

    def test_a_place_half_under_the_hole_is_missing(self, net):
        """A place stands for two by two pixels; one that lacks a pixel must not be copied from."""
        mask = hole(top=5, left=7, rows=2, columns=2, b=1, h=16, w=20)  # halves the places on all sides
        missing = net.features(torch.rand(1, 3, 16, 20), mask)[1]
        assert missing.nonzero()[:, 2:].tolist() == [[2, 3], [2, 4], [3, 3], [3, 4]]

    def test_an_odd_side_is_refused(self, net):
        with pytest.raises(ValueError, match="even height and width, got 15 x 20"):
            net(torch.rand(1, 3, 15, 20), hole(b=1, h=15, w=20))

    def test_both_have_the_same_parameters(self):
        nets = [ContextualInpainter(attend) for attend in (ContextualAttention(), None)]
        counts = [sum(p.numel() for p in net.parameters()) for net in nets]
        assert counts[0] == counts[1]

    def test_at_first_the_copies_or_the_mean_are_the_answer(self):
        torch.manual_seed(0)
        x, mask = torch.rand(B, 3, 16, 20), hole(h=16, w=20)
        plain = ContextualInpainter(None, channels=8).eval()
        wanted = torch.where(mask, known_mean(x, mask), x)
        torch.testing.assert_close(plain(x, mask), wanted)
        net = ContextualInpainter(ContextualAttention(), channels=8).eval()
        guessed, missing, pixels = net.features(x, mask)
        copied = F.pixel_shuffle(net.attend(guessed, missing, pixels), 2) + known_mean(x, mask)
        torch.testing.assert_close(net(x, mask), torch.where(mask, copied, x))

    def test_a_slot_a_norm_and_reaches_are_where_they_should_be(self):
        net = ContextualInpainter(
            None, channels=4, reaches=(1, 3), norm=False, slot=lambda c: nn.Conv2d(c, c, 1)
        )
        assert isinstance(net.slot, nn.Conv2d) and not any(
            isinstance(part, nn.BatchNorm2d) for part in net.modules()
        )
        assert [layer[0].dilation for layer in net.guess] == [(1, 1), (3, 3)]
        x, mask = torch.rand(B, 3, 16, 20), hole(h=16, w=20)
        before = net.features(x, mask)[0]
        nn.init.zeros_(net.slot.weight)
        assert not torch.equal(before, net.features(x, mask)[0])

    def test_weights_are_those_of_the_attention(self):
        torch.manual_seed(0)
        net = ContextualInpainter(ContextualAttention(), channels=8).eval()
        x, mask = torch.rand(1, 3, 16, 20), hole(b=1, h=16, w=20)
        weights = net.weights(x, mask)
        assert weights.shape == (1, 80, 80)
        assert torch.equal(weights, net.attend.weights(*net.features(x, mask)[:2]))
        with pytest.raises(ValueError, match="with attention"):
            ContextualInpainter(None).weights(x, mask)


def test_paste_lays_down_given_weights_as_forward_does(attention):
    x, mask, values = features(), hole(), features(3, c=2)
    torch.testing.assert_close(
        attention.paste(attention.weights(x, mask), mask, values), attention(x, mask, values)
    )
    even = torch.full((B, H * W, H * W), 1 / (H * W))
    pasted = ContextualAttention(patch=1).paste(even, mask, values)
    wanted = torch.where(mask, values.mean(dim=(2, 3), keepdim=True), values)
    torch.testing.assert_close(pasted, wanted)


def test_the_module_runs(capsys):
    main()
    assert "taken from the hole 0.000" in capsys.readouterr().out
