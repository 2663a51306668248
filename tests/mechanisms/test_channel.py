"""Channel attention: which channels count, blind to where; equal to the papers' formulas."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tests.mechanisms import gates
from tests.mechanisms.gates import B, C, features, seeded, settled, shuffle_channels, shuffle_places
from visual_attention.mechanisms.channel import (
    ChannelAttention,
    EfficientChannelAttention,
    SqueezeExcitation,
    hidden_units,
    kernel_size,
    main,
)

BUILDERS = {
    "SE": lambda c: SqueezeExcitation(c, reduction=4),
    "SE with bias": lambda c: SqueezeExcitation(c, reduction=4, bias=True),
    "ECA": EfficientChannelAttention,
    "CBAM's": lambda c: ChannelAttention(c, reduction=4),
}


@pytest.fixture(params=BUILDERS, ids=str)
def build(request):
    return BUILDERS[request.param]


@pytest.fixture
def gate(build):
    return settled(lambda: build(C))


class TestEveryChannelGate(gates.EveryGate):
    def test_is_applied_as_shown(self, gate):
        gates.gates_broadcast_and_are_applied(gate, (B, C, 1, 1))

    def test_huge_numbers_are_not_refused(self, gate):
        gate.weights(torch.full((1, C, 5, 7), 1e37))

    def test_is_blind_to_where(self, gate):
        x = features()
        torch.testing.assert_close(gate.weights(shuffle_places(x)), gate.weights(x))

    def test_sees_which(self, gate):
        x = features()
        moved = gate.weights(shuffle_channels(x)) - shuffle_channels(gate.weights(x))
        assert moved.abs().max() > 1e-3

    def test_the_map_may_have_any_size(self, gate):
        assert gate(features(h=1, w=2)).shape == (B, C, 1, 2)

    @given(scale=st.floats(0.01, 5.0), seed=st.integers(0, 1000))
    @settings(max_examples=15)
    def test_gates_are_in_the_open_interval(self, scale, seed):
        for make in BUILDERS.values():
            weights = seeded(lambda: make(C)).weights(scale * features(seed))  # noqa: B023
            assert 0 < weights.min() and weights.max() < 1


class TestSqueezeExcitation:
    def test_two_channels_by_hand(self):
        gate = SqueezeExcitation(2, reduction=1)
        with torch.no_grad():
            gate.reduce.weight.copy_(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
            gate.expand.weight.copy_(torch.tensor([[1.0, 0.0], [1.0, 5.0]]))
        x = torch.tensor([[[[1.0, 5.0]], [[0.0, 2.0]]]])  # averages 3 and 1; hidden relu(2) = 2, relu(-2) = 0
        want = 1 / (1 + math.exp(-2))
        torch.testing.assert_close(gate.weights(x), torch.full((1, 2, 1, 1), want))
        torch.testing.assert_close(gate(x), x * want)

    def test_agrees_with_the_form_in_one_by_one_convolutions(self):
        """As libraries write it: adaptive average pool, two 1 x 1 convolutions with biases, ReLU, sigmoid."""
        gate = seeded(lambda: SqueezeExcitation(C, reduction=4, bias=True))
        library = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(C, 9, 1), nn.ReLU(), nn.Conv2d(9, C, 1), nn.Sigmoid()
        )
        with torch.no_grad():
            for layer, conv in ((gate.reduce, library[1]), (gate.expand, library[3])):
                conv.weight.copy_(layer.weight[:, :, None, None])
                conv.bias.copy_(layer.bias)
        x = features()
        torch.testing.assert_close(gate.weights(x), library(x), atol=1e-6, rtol=0)
        torch.testing.assert_close(gate(x), x * library(x), atol=1e-6, rtol=0)

    def test_the_defaults_are_the_papers(self):
        gate = SqueezeExcitation(64)
        assert [tuple(p.shape) for p in gate.parameters()] == [(4, 64), (64, 4)]  # r = 16, no bias: 2 C^2 / r

    def test_one_channel_decides_about_another(self):
        """All channels meet in the hidden layer: far ones too."""
        gate, x = seeded(lambda: SqueezeExcitation(C, reduction=1)), features()
        louder = x.clone()
        louder[:, 0] += 3.0
        change = (gate.weights(louder) - gate.weights(x)).abs()
        assert (change[:, -1] > 1e-4).all()

    @pytest.mark.parametrize("reduction", [0, -1, C + 1])
    def test_a_reduction_that_leaves_no_hidden_unit_is_refused(self, reduction):
        with pytest.raises(ValueError, match=rf"reduction.*got {reduction}"):
            SqueezeExcitation(C, reduction=reduction)


class TestEfficientChannelAttention:
    # |log2(C) / 2 + 1 / 2| to the nearest odd number, halfway up, by hand
    @pytest.mark.parametrize(
        ("channels", "k"),
        [(1, 1), (2, 1), (4, 1), (8, 3), (16, 3), (32, 3), (64, 3), (127, 3), (128, 5), (256, 5), (512, 5),
         (1024, 5), (2048, 7)],
    )  # fmt: skip
    def test_kernel_size_by_hand(self, channels, k):
        assert kernel_size(channels) == k
        assert EfficientChannelAttention(channels).conv.weight.shape == (1, 1, k)

    @given(channels=st.integers(1, 5000), gamma=st.sampled_from([1.0, 1.5, 2.0, 3.0]), b=st.integers(0, 3))
    @settings(max_examples=60)
    def test_kernel_size_as_the_authors_code_finds_it(self, channels, gamma, b):
        t = int(abs((math.log2(channels) + b) / gamma))
        assert kernel_size(channels, gamma=gamma, offset=b) == (t if t % 2 else t + 1)

    def test_three_neighbours_by_hand(self):
        gate = EfficientChannelAttention(8)
        with torch.no_grad():
            gate.conv.weight.copy_(torch.tensor([[[1.0, 10.0, 100.0]]]))
        x = (torch.arange(1.0, 9.0) / 1000).view(1, 8, 1, 1).expand(1, 8, 2, 3)
        padded = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0]
        scores = [padded[c] + 10 * padded[c + 1] + 100 * padded[c + 2] for c in range(8)]
        want = torch.tensor([1 / (1 + math.exp(-score / 1000)) for score in scores])
        torch.testing.assert_close(gate.weights(x)[0, :, 0, 0], want)

    def test_agrees_with_the_form_that_transposes(self):
        """As the authors' code writes it: pool, drop an axis, swap, convolve, swap back."""
        gate = seeded(lambda: EfficientChannelAttention(C))
        conv = nn.Conv1d(1, 1, gate.kernel_size, padding=(gate.kernel_size - 1) // 2, bias=False)
        conv.load_state_dict(gate.conv.state_dict())
        x = features()
        pooled = F.adaptive_avg_pool2d(x, 1)
        want = torch.sigmoid(conv(pooled.squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1))
        torch.testing.assert_close(gate.weights(x), want, atol=1e-6, rtol=0)

    def test_a_far_channel_says_nothing(self):
        gate, x = seeded(lambda: EfficientChannelAttention(C)), features()
        louder = x.clone()
        louder[:, 20] += 3.0
        changed = (gate.weights(louder) != gate.weights(x)).any(dim=0).flatten()
        assert changed.nonzero().flatten().tolist() == [19, 20, 21]

    def test_a_gamma_that_is_not_above_0_is_refused(self):
        with pytest.raises(ValueError, match="gamma above 0, got 0"):
            EfficientChannelAttention(C, gamma=0)


class TestChannelAttention:
    def test_two_channels_by_hand(self):
        gate = ChannelAttention(2, reduction=1)
        with torch.no_grad():
            gate.reduce.weight.copy_(torch.eye(2))
            gate.expand.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        x = torch.tensor([[[[0.0, 2.0]], [[-4.0, 1.0]]]])  # averages 1 and -1.5, maxima 2 and 1
        want = [1 / (1 + math.exp(-(1 + 2))), 1 / (1 + math.exp(-(0 + 1)))]  # relu(-1.5) = 0 before adding
        torch.testing.assert_close(gate.weights(x)[0, :, 0, 0], torch.tensor(want))

    def test_agrees_with_the_formula_on_the_same_weights(self):
        gate, x = seeded(lambda: ChannelAttention(C, reduction=4)), features()

        def network(pooled):
            return gate.expand.weight @ torch.relu(gate.reduce.weight @ pooled.flatten(1).T)

        scores = network(F.adaptive_avg_pool2d(x, 1)) + network(F.adaptive_max_pool2d(x, 1))
        torch.testing.assert_close(gate.weights(x)[:, :, 0, 0], torch.sigmoid(scores).T, atol=1e-6, rtol=0)

    def test_the_maximum_sees_one_bright_pixel_that_the_average_misses(self):
        dim = torch.zeros(1, C, 100, 100)
        bright = dim.clone()
        bright[:, 3, 50, 50] = 9.0
        by_maximum = seeded(lambda: ChannelAttention(C, reduction=1))
        by_average = seeded(lambda: SqueezeExcitation(C, reduction=1))
        by_average.load_state_dict(by_maximum.state_dict())
        moved = [(g.weights(bright) - g.weights(dim)).abs().max() for g in (by_maximum, by_average)]
        assert moved[0] > 100 * moved[1]

    def test_the_default_is_the_papers(self):
        assert [tuple(p.shape) for p in ChannelAttention(64).parameters()] == [(4, 64), (64, 4)]


def test_hidden_units_round_down_and_never_vanish():
    assert [hidden_units(c, 16) for c in (16, 31, 32, 64)] == [1, 1, 2, 4]
    with pytest.raises(ValueError, match="at most channels = 8, got 16"):
        hidden_units(8, 16)


def test_the_module_runs(capsys):
    main()
    assert "SqueezeExcitation" in capsys.readouterr().out
