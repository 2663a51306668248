"""Spatial attention: which places count, blind to which channel; equal to the papers' formulas."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.mechanisms import gates
from tests.mechanisms.gates import B, C, H, W, features, seeded, settled, shuffle_channels, shuffle_places
from visual_attention.mechanisms import cbam
from visual_attention.mechanisms.cbam import CBAM, BottleneckAttention
from visual_attention.mechanisms.spatial import CoordinateAttention, SpatialAttention, main

BUILDERS = {
    "spatial": lambda c: SpatialAttention(),
    "coordinate": CoordinateAttention,
    "CBAM": lambda c: CBAM(c, reduction=4),
    "BAM": lambda c: BottleneckAttention(c, reduction=4, dilation=2),
}


@pytest.fixture(params=BUILDERS, ids=str)
def build(request):
    return BUILDERS[request.param]


@pytest.fixture
def gate(build):
    return settled(lambda: build(C))


class TestEveryGate(gates.EveryGate):
    def test_sees_where(self, gate):
        x = features()
        moved = gate.weights(shuffle_places(x)).expand_as(x) - shuffle_places(gate.weights(x).expand_as(x))
        assert moved.abs().max() > 1e-3


class TestSpatialAttention:
    def test_is_applied_as_shown(self):
        gates.gates_broadcast_and_are_applied(seeded(SpatialAttention), (B, 1, H, W))

    def test_is_blind_to_which(self):
        gate, x = seeded(SpatialAttention), features()
        torch.testing.assert_close(gate.weights(shuffle_channels(x)), gate.weights(x))

    def test_takes_any_number_of_channels(self):
        gate = seeded(SpatialAttention)
        assert gate(features(c=1)).shape == (B, 1, H, W)

    def test_one_place_by_hand(self):
        gate = SpatialAttention(1)
        with torch.no_grad():
            gate.conv.weight.copy_(torch.tensor([2.0, 1.0]).view(1, 2, 1, 1))
        x = torch.tensor([1.0, -2.0, 4.0]).view(1, 3, 1, 1)  # average 1, maximum 4
        torch.testing.assert_close(gate.weights(x).item(), 1 / (1 + math.exp(-(2 * 1 + 4))))

    def test_a_norm_stands_between_scores_and_sigmoid_only_where_it_is_asked_for(self):
        bare, normed = (seeded(lambda norm=norm: SpatialAttention(3, norm=norm)) for norm in (False, True))
        normed.load_state_dict(bare.state_dict(), strict=False)
        x = features()
        scores = torch.logit(bare.weights(x))
        assert not list(bare.buffers()) and isinstance(normed.norm, nn.BatchNorm2d)
        want = torch.sigmoid((scores - scores.mean()) / (scores.var(unbiased=False) + 1e-5).sqrt())
        torch.testing.assert_close(normed.train().weights(x), want, atol=1e-4, rtol=1e-3)
        assert CBAM(C, reduction=4, norm=True).spatial.norm.num_features == 1
        assert isinstance(CBAM(C, reduction=4).spatial.norm, nn.Identity)

    def test_agrees_with_the_formula_on_the_same_weights(self):
        gate, x = seeded(SpatialAttention), features()
        average, maximum = x.sum(dim=1) / C, x.sort(dim=1).values[:, -1]
        padded = F.pad(torch.stack([average, maximum], dim=1), (3, 3, 3, 3))
        scores = torch.zeros(B, H, W)
        for row in range(7):
            for column in range(7):
                for half in range(2):
                    window = padded[:, half, row : row + H, column : column + W]
                    scores += gate.conv.weight[0, half, row, column] * window
        torch.testing.assert_close(gate.weights(x)[:, 0], 1 / (1 + torch.exp(-scores)), atol=1e-6, rtol=0)

    def test_moving_the_picture_moves_the_weights(self):
        gate, x = seeded(SpatialAttention), torch.zeros(1, C, 23, 29)
        x[:, :, 8:10, 9:12] = 2.0
        moved = torch.roll(x, shifts=(3, 5), dims=(2, 3))
        torch.testing.assert_close(
            torch.roll(gate.weights(x), (3, 5), (2, 3))[..., 3:-3, 3:-3], gate.weights(moved)[..., 3:-3, 3:-3]
        )

    def test_the_defaults_are_the_papers(self):
        assert [tuple(p.shape) for p in SpatialAttention().parameters()] == [(1, 2, 7, 7)]

    @pytest.mark.parametrize("kernel_size", [0, -3, 2, 6])
    def test_a_window_without_a_middle_is_refused(self, kernel_size):
        with pytest.raises(ValueError, match=rf"odd kernel_size.*got {kernel_size}"):
            SpatialAttention(kernel_size)


class TestCoordinateAttention:
    def test_is_applied_as_shown(self):
        gates.gates_broadcast_and_are_applied(settled(lambda: CoordinateAttention(C)), (B, C, H, W))

    def test_weights_are_a_row_gate_times_a_column_gate(self):
        gate, x = settled(lambda: CoordinateAttention(C)), features()
        rows, columns = gate.row_and_column_weights(x)
        assert rows.shape == (B, C, H, 1) and columns.shape == (B, C, 1, W)
        torch.testing.assert_close(gate.weights(x), rows * columns)

    def test_agrees_with_the_formula_on_the_same_weights(self):
        gate, x = settled(lambda: CoordinateAttention(C)), features()
        strip = torch.cat(
            [F.adaptive_avg_pool2d(x, (None, 1)), F.adaptive_avg_pool2d(x, (1, None)).mT], dim=2
        )
        hidden = gate.norm(gate.shared(strip))
        hidden = hidden * F.relu6(hidden + 3) / 6
        rows = 1 / (1 + torch.exp(-gate.rows(hidden[:, :, :H])))
        columns = 1 / (1 + torch.exp(-gate.columns(hidden[:, :, H:]).mT))
        torch.testing.assert_close(gate(x), x * rows * columns, atol=1e-6, rtol=1e-5)

    def test_height_and_width_are_not_mistaken_for_each_other(self):
        """One bright row changes all columns alike, and the row gates only at that row."""
        gate, x = settled(lambda: CoordinateAttention(C)), features()
        brighter = x.clone()
        brighter[:, :, 2] += 1.0
        (rows, columns), (new_rows, new_columns) = map(gate.row_and_column_weights, (x, brighter))
        changed = ((new_rows - rows).abs().amax(dim=(0, 1, 3)) > 1e-4).tolist()
        assert changed == [row == 2 for row in range(H)]
        assert ((new_columns - columns).abs().amax(dim=(0, 1, 2)) > 1e-4).all()

    def test_cannot_tell_which_row_goes_with_which_column(self):
        gate = settled(lambda: CoordinateAttention(C))
        x, crossed = torch.zeros(1, C, H, W), torch.zeros(1, C, H, W)
        x[..., 1, 2] = x[..., 5, 8] = 3.0
        crossed[..., 1, 8] = crossed[..., 5, 2] = 3.0
        torch.testing.assert_close(gate.weights(x), gate.weights(crossed))

    def test_the_defaults_are_the_papers(self):
        assert CoordinateAttention(64).shared.weight.shape == (8, 64, 1, 1)  # 64 / 32 = 2, but 8 at the least
        assert CoordinateAttention(512).shared.weight.shape == (16, 512, 1, 1)

    def test_a_reduction_that_is_not_above_0_is_refused(self):
        with pytest.raises(ValueError, match="reduction above 0, got 0"):
            CoordinateAttention(C, reduction=0)


class TestCBAM:
    def test_is_applied_as_shown(self):
        gates.gates_broadcast_and_are_applied(seeded(lambda: CBAM(C, reduction=4)), (B, C, H, W))

    def test_places_are_weighed_after_channels(self):
        gate, x = seeded(lambda: CBAM(C, reduction=4)), features()
        first = x * gate.channel.weights(x)
        want = first * gate.spatial.weights(first)
        torch.testing.assert_close(gate(x), want)
        other = x * gate.spatial.weights(x)
        assert (want - other * gate.channel.weights(other)).abs().max() > 1e-3

    def test_has_no_residual_of_its_own(self):
        gate, x = seeded(lambda: CBAM(C, reduction=4)), features()
        assert (gate(x).abs() <= x.abs()).all()

    def test_agrees_with_both_formulas_on_the_same_weights(self):
        gate, x = seeded(lambda: CBAM(C, reduction=4)), features()
        first, second = gate.channel.reduce.weight, gate.channel.expand.weight
        scores = [F.relu(pool @ first.T) @ second.T for pool in (x.mean((2, 3)), x.flatten(2).max(2).values)]
        refined = x * torch.sigmoid(sum(scores))[:, :, None, None]
        pooled = torch.cat([refined.mean(1, keepdim=True), refined.max(1, keepdim=True).values], dim=1)
        want = refined * torch.sigmoid(F.conv2d(pooled, gate.spatial.conv.weight, padding=3))
        torch.testing.assert_close(gate(x), want, atol=1e-6, rtol=1e-5)

    def test_the_defaults_are_the_papers(self):
        shapes = [tuple(p.shape) for p in CBAM(64).parameters()]
        assert shapes == [(4, 64), (64, 4), (1, 2, 7, 7)]


class TestBottleneckAttention:
    @pytest.fixture
    def gate(self):
        return settled(lambda: BottleneckAttention(C, reduction=4, dilation=2))

    def test_weights_are_gates_of_every_place_and_channel(self, gate):
        weights = gate.weights(features())
        assert weights.shape == (B, C, H, W)
        assert 0 < weights.min() and weights.max() < 1 and weights.std() > 1e-3

    def test_a_shut_gate_leaves_the_input_and_an_open_one_doubles_it(self, gate):
        x = features()
        torch.testing.assert_close(gate(x), x * (1 + gate.weights(x)))
        with torch.no_grad():
            gate.channel[-1].bias.fill_(-100.0)
        torch.testing.assert_close(gate(x), x)

    def test_agrees_with_the_formula_on_the_same_weights(self, gate):
        x = features()
        squeezed = x.flatten(2).mean(2)
        which = gate.channel[3](gate.channel[2](F.relu(gate.channel[0](squeezed))))
        where, (first, *middle, last, norm) = x, [m for m in gate.spatial if not isinstance(m, nn.ReLU)]
        where = F.relu(F.conv2d(where, first.weight, first.bias))
        for conv in middle:
            where = F.relu(F.conv2d(where, conv.weight, conv.bias, padding=2, dilation=2))
        where = norm(F.conv2d(where, last.weight, last.bias))
        want = 1 / (1 + torch.exp(-(which.view(B, C, 1, 1) + where.view(B, 1, H, W))))
        torch.testing.assert_close(gate.weights(x), want, atol=1e-6, rtol=0)

    def test_the_defaults_are_the_papers(self):
        gate = BottleneckAttention(64)
        assert gate.channel[0].weight.shape == (4, 64)
        dilated = [m for m in gate.spatial if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
        assert [m.dilation for m in dilated] == [(4, 4), (4, 4)]

    def test_a_dilation_that_is_not_above_0_is_refused(self):
        with pytest.raises(ValueError, match="dilation above 0, got 0"):
            BottleneckAttention(C, dilation=0)


@pytest.mark.parametrize("run", [main, cbam.main], ids=["spatial", "cbam"])
def test_the_module_runs(run, capsys):
    run()
    assert "gates from" in capsys.readouterr().out
