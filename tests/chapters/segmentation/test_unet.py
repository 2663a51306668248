"""Gates and dual attention: the papers' formulas, the weights that are shown, and the U-Net around them."""

import math

import pytest
import torch
from torch.nn import functional as F

from visual_attention.chapters.segmentation.unet import (
    AttentionGate,
    ChannelSelfAttention,
    DualAttention,
    UNet,
    gate,
    main,
)

B, C, D, H, W = 2, 16, 5, 6, 10


def features(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def maps(b: int = B) -> tuple[torch.Tensor, torch.Tensor]:
    """A fine map and a coarse one."""
    return features(b, C, H, W), features(b, D, H // 2, W // 2, seed=1)


def small_gate() -> AttentionGate:
    torch.manual_seed(0)
    return AttentionGate(C, D, mid_channels=3)


@pytest.fixture
def bridge():
    return small_gate()


@pytest.fixture
def dual():
    torch.manual_seed(0)
    dual = DualAttention(C)
    with torch.no_grad():
        dual.position.gain.fill_(0.7)
        dual.channel.gain.fill_(-0.4)
    return dual


class TestAttentionGate:
    def test_equals_the_paper_s_formula(self, bridge):
        """Written out place by place: W_x over 2 x 2 fine places, W_g on the coarse one, psi of the ReLU."""
        x, coarse = maps()
        gates = torch.zeros(B, 1, H // 2, W // 2)
        w_x, w_g, psi = bridge.of_fine.weight, bridge.of_coarse.weight[:, :, 0, 0], bridge.score.weight
        for i in range(H // 2):
            for j in range(W // 2):
                patch = x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                added = torch.einsum("bcuv,mcuv->bm", patch, w_x) + coarse[:, :, i, j] @ w_g.T
                added = (added + bridge.of_coarse.bias).relu()
                gates[:, 0, i, j] = (added @ psi[0, :, 0, 0] + bridge.score.bias).sigmoid()
        wanted = F.interpolate(gates, size=(H, W), mode="bilinear", align_corners=False)
        torch.testing.assert_close(bridge.weights(x, coarse), wanted)

    def test_one_place_by_hand(self):
        bridge = AttentionGate(1, 1, mid_channels=1)
        with torch.no_grad():
            bridge.of_fine.weight.fill_(0.5)
            bridge.of_coarse.weight.fill_(2.0)
            bridge.of_coarse.bias.fill_(1.0)
            bridge.score.weight.fill_(-1.0)
            bridge.score.bias.fill_(3.0)
        x, coarse = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([[[[-2.0]]]])
        # 0.5 * 10 + 2 * -2 + 1 = 2; -2 + 3 = 1
        torch.testing.assert_close(
            bridge.weights(x, coarse), torch.full((1, 1, 2, 2), 1 / (1 + math.exp(-1)))
        )

    def test_is_applied_as_shown_and_lies_between_0_and_1(self, bridge):
        x, coarse = maps()
        gates = bridge.weights(x, coarse)
        assert gates.shape == (B, 1, H, W) and (gates > 0).all() and (gates < 1).all()
        assert torch.equal(bridge(x, coarse), x * gates)

    def test_asks_both_maps(self, bridge):
        x, coarse = maps()
        gates = bridge.weights(x, coarse)
        assert (bridge.weights(x, coarse.flip(3)) - gates).abs().max() > 1e-3
        assert (bridge.weights(x.flip(3), coarse) - gates).abs().max() > 1e-3

    def test_gradients_reach_every_parameter_and_images_do_not_mix(self, bridge):
        x, coarse = maps(3)
        (bridge(x, coarse) ** 2).sum().backward()
        assert all(p.grad.abs().max() > 1e-5 for p in bridge.parameters())
        alone = [bridge(one[None], other[None]) for one, other in zip(x, coarse, strict=True)]
        torch.testing.assert_close(bridge(x, coarse), torch.cat(alone))
        assert bridge(x[:0], coarse[:0]).shape == (0, C, H, W)


class TestChannelSelfAttention:
    def test_equals_the_paper_s_formula(self):
        x = features(B, C, H, W)
        scores = torch.einsum("bihw,bjhw->bij", x, x)
        for block, scale in (
            (ChannelSelfAttention(), (H * W) ** -0.5),
            (ChannelSelfAttention(scaled=False), 1),
        ):
            with torch.no_grad():
                block.gain.fill_(0.5)
            raised = (scale * (scores - scores.amax(2, keepdim=True))).exp()
            shares = raised / raised.sum(2, keepdim=True)
            torch.testing.assert_close(block.weights(x), shares)
            mixed = torch.einsum("bij,bjhw->bihw", shares, x)
            torch.testing.assert_close(block(x), x + 0.5 * mixed)

    def test_without_the_scale_each_channel_looks_at_itself(self):
        weights = ChannelSelfAttention(scaled=False).weights(features(1, C, 24, 24))[0]
        assert weights.diagonal().min() > 0.99
        assert ChannelSelfAttention().weights(features(1, C, 3, 3))[0].diagonal().max() < 0.99

    def test_two_channels_by_hand(self):
        x = torch.tensor([[[[1.0, 0.0]], [[1.0, 2.0]]]])  # products 1, 1 and 1, 5
        rows = ChannelSelfAttention(scaled=False).weights(x)[0]
        assert rows[0].tolist() == pytest.approx([0.5, 0.5])
        assert rows[1, 0].item() == pytest.approx(1 / (1 + math.exp(4)))

    def test_places_may_be_shuffled(self):
        x = features(B, C, H, W)
        torch.testing.assert_close(
            ChannelSelfAttention().weights(x.flip(2)), ChannelSelfAttention().weights(x)
        )


class TestDualAttention:
    def test_starts_as_the_identity(self):
        x = features(B, C, H, W)
        torch.testing.assert_close(DualAttention(C)(x), x)

    def test_is_applied_as_shown(self, dual):
        x = features(B, C, H, W)
        weights = dual.weights(x)
        assert weights.position.shape == (B, H * W, H * W) and weights.channel.shape == (B, C, C)
        for rows in weights:
            assert (rows >= 0).all()
            torch.testing.assert_close(rows.sum(2), torch.ones_like(rows[:, :, 0]))
        values = dual.position.value_conv(x).flatten(2)  # (B, C, N)
        places = (values @ weights.position.mT).view_as(x)
        channels = (weights.channel @ x.flatten(2)).view_as(x)
        torch.testing.assert_close(dual(x), x + 0.7 * places - 0.4 * channels, atol=1e-5, rtol=1e-4)

    def test_gradients_reach_every_parameter_but_the_keys_bias(self, dual):
        (dual(features(B, C, H, W)) ** 2).sum().backward()
        lost = [name for name, p in dual.named_parameters() if not p.grad.abs().max() > 1e-4]
        assert lost in ([], ["position.key_conv.bias"])  # it adds the same to each score of a row

    def test_images_do_not_mix(self, dual):
        x = features(3, C, H, W)
        torch.testing.assert_close(dual(x), torch.cat([dual(one[None]) for one in x]), atol=1e-5, rtol=1e-4)


PARTS = {"plain": {}, "gates": {"gate": gate}, "dual": {"bottom": DualAttention}}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
class TestUNet:
    def test_scores_each_pixel_of_each_image_alone(self, parts):
        torch.manual_seed(0)
        model = UNet(**parts).eval()
        images = torch.rand(3, 3, 12, 20)
        scores = model(images)
        assert scores.shape == (3, 1, 12, 20)
        torch.testing.assert_close(
            scores, torch.cat([model(one[None]) for one in images]), atol=1e-5, rtol=1e-4
        )
        assert model(images[:0]).shape == (0, 1, 12, 20)

    def test_gradients_reach_every_parameter(self, parts):
        torch.manual_seed(0)
        model = UNet(**parts)
        for name, parameter in model.named_parameters():
            if name.endswith("gain"):
                torch.nn.init.constant_(parameter, 0.5)
        (model(torch.rand(3, 3, 12, 20)) ** 2).sum().backward()
        lost = [name for name, p in model.named_parameters() if not p.grad.abs().max() > 0]
        assert [name for name in lost if "key_conv.bias" not in name] == []


def test_the_gates_of_the_network_are_those_that_it_applies():
    torch.manual_seed(0)
    model, images = UNet(gate=gate).eval(), torch.rand(2, 3, 12, 20)
    coarse, fine = model.gate_maps(images)
    assert coarse.shape == (2, 1, 6, 10) and fine.shape == (2, 1, 12, 20)
    scores = model(images)
    for bridge, gates in zip(model.gates, (coarse, fine), strict=True):
        bridge.weights = lambda x, coarse, gates=gates: gates
    torch.testing.assert_close(model(images), scores)
    assert UNet().gate_maps(images) == []


def test_a_shut_bridge_keeps_the_fine_map_from_the_way_up():
    """With gates of 0 the scores hang on the bottom alone; with gates of 1 they are those of open bridges."""
    torch.manual_seed(0)
    model, images = UNet(gate=gate).eval(), torch.rand(1, 3, 12, 20)
    torch.manual_seed(0)
    for bridge in model.gates:
        bridge.weights = lambda x, coarse: torch.ones_like(x[:, :1])
    ones = model(images)
    plain = UNet().eval()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("gates")})
    torch.testing.assert_close(ones, plain(images))


def test_what_stands_at_the_bottom_gets_what_deepest_shows():
    seen = []

    class Spy(torch.nn.Module):
        def __init__(self, channels):
            super().__init__()

        def forward(self, x):
            seen.append(x)
            return x

    model, images = UNet(bottom=Spy).eval(), torch.rand(1, 3, 12, 20)
    model(images)
    assert seen[0].shape == (1, 32, 3, 5) and torch.equal(seen[0], model.deepest(images))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: AttentionGate(0, D, mid_channels=2), "channels above 0"),
        (lambda: small_gate()(features(B, C, 4, 4), features(B, D, 4, 4)), "twice as high"),
        (lambda: small_gate()(features(B, C, 4, 4), features(1, D, 2, 2)), "twice as high"),
        (lambda: small_gate()(features(B, C + 1, 4, 4), features(B, D, 2, 2)), f"{C} channels"),
        (lambda: DualAttention(7), "8 or more"),
        (lambda: UNet(widths=(8,)), "two widths"),
        (lambda: UNet(widths=(8, 0)), "above 0"),
        (lambda: UNet()(torch.rand(1, 3, 10, 12)), "halved 2 times, got 10 x 12"),
        (lambda: UNet()(torch.rand(1, 1, 12, 12)), "3 channels"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_the_module_runs(capsys):
    main()
    assert "weights of places (2, 144, 144)" in capsys.readouterr().out
