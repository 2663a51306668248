"""The network with a slot: what is put in is used, in its place, and the controls control."""

import pytest
import torch
from torch import nn

from tests.mechanisms.gates import B, C, features, seeded
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.mechanisms.slots import AveragePool, ConvNet, FixedGate, Shuffled, main


class Zero(nn.Module):
    """Lets nothing pass."""

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, x):
        return 0 * x


def pictures(seed: int = 0, **sizes: int) -> torch.Tensor:
    size = {"b": 2, "c": 3, "h": 20, "w": 28} | sizes
    return torch.rand(*size.values(), generator=torch.Generator().manual_seed(seed))


class TestConvNet:
    def test_by_hand_without_a_slot(self):
        net, x = seeded(lambda: ConvNet(7, widths=(5, 11))), pictures()
        first = torch.relu(net.convs[0](x))
        second = torch.relu(net.convs[1](nn.functional.max_pool2d(first, 2)))
        torch.testing.assert_close(net(x), net.head(second.mean(dim=(2, 3))))

    def test_the_slot_follows_each_convolution(self):
        net, x = seeded(lambda: ConvNet(7, slot=Zero, widths=(5, 11))), pictures()
        maps = net.maps(x)
        assert maps[0].shape == (2, 5, 20, 28) and maps[0].max() > 0  # what enters a slot
        torch.testing.assert_close(
            maps[1], torch.relu(net.convs[1].bias).view(1, -1, 1, 1).expand_as(maps[1])
        )
        assert not net.features(x).any()
        torch.testing.assert_close(net(x), net.head.bias.expand(2, -1))

    def test_the_pool_may_be_replaced(self):
        class Corner(AveragePool):
            def forward(self, x):
                return x[:, :, 0, 0]

        net, x = seeded(lambda: ConvNet(7, pool=Corner)), pictures()
        torch.testing.assert_close(net(x), net.head(net.features(x)[:, :, 0, 0]))

    def test_every_parameter_gets_a_gradient(self):
        net = seeded(lambda: ConvNet(7, slot=lambda c: SqueezeExcitation(c, reduction=1)))
        (net(pictures()) ** 2).sum().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())

    def test_images_do_not_mix_within_a_batch(self):
        net, x = seeded(lambda: ConvNet(7, slot=SqueezeExcitation)), pictures(b=3)
        torch.testing.assert_close(net(x), torch.cat([net(image[None]) for image in x]))

    @pytest.mark.parametrize("widths", [(), (0,), (4, -1)])
    def test_widths_that_cannot_be_are_refused(self, widths):
        with pytest.raises(ValueError, match="wanted"):
            ConvNet(7, widths=widths)

    def test_a_wrong_picture_is_told_what_was_wanted(self):
        with pytest.raises(ValueError, match="wanted 3 channels on axis 1, got 1"):
            ConvNet(7)(pictures(c=1))


def test_a_fixed_gate_says_the_same_to_every_image():
    gate, x = FixedGate(C), features()
    with torch.no_grad():
        gate.scores.copy_(torch.linspace(-2, 2, C).view(1, C, 1, 1))
    torch.testing.assert_close(gate.weights(x), gate.weights(features(seed=9)))
    torch.testing.assert_close(gate(x), x * gate.weights(x))
    assert gate.weights(x).shape == (B, C, 1, 1)
    assert gate.weights(x).std() > 0.1


def test_shuffled_gates_come_from_another_image():
    inner, x = seeded(lambda: SqueezeExcitation(C, reduction=1)), features()
    gate = Shuffled(inner)
    torch.testing.assert_close(gate(x), x * inner.weights(x)[[2, 0, 1]])
    assert (gate.weights(x) - inner.weights(x)).abs().max() > 1e-3


def test_the_module_runs(capsys):
    main()
    assert "CBAM" in capsys.readouterr().out
