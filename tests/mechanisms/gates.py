"""What every gate of the two chapters keeps: each chapter's test class inherits `EveryGate`."""

import pytest
import torch

from visual_attention.mechanisms.slots import ConvNet
from visual_attention.mechanisms.spatial import SpatialAttention

B, C, H, W = 3, 37, 7, 11  # distinct primes: a swapped axis cannot go unseen


def features(seed: int = 0, **sizes: int) -> torch.Tensor:
    size = {"b": B, "c": C, "h": H, "w": W} | sizes
    return torch.randn(*size.values(), generator=torch.Generator().manual_seed(seed))


def seeded(build, seed: int = 1):
    """A module from seeded random weights, in evaluation mode."""
    torch.manual_seed(seed)
    return build().eval()


def settled(build):
    """A gate whose batch norms, if it has any, have seen data, so that their averages are not 0 and 1."""

    def built():
        module = build().train()
        for seed in range(3):
            module(2 * features(seed, b=5) + 0.3)
        return module

    return seeded(built)


def shuffle_places(x: torch.Tensor, seed: int = 5) -> torch.Tensor:
    order = torch.randperm(x[0, 0].numel(), generator=torch.Generator().manual_seed(seed))
    return x.flatten(2)[:, :, order].view_as(x)


def shuffle_channels(x: torch.Tensor, seed: int = 5) -> torch.Tensor:
    return x[:, torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(seed))]


def gates_broadcast_and_are_applied(gate, shape: tuple[int, ...]) -> None:
    """Weights lie in (0, 1), have the shape that the docstring names, and forward is input times weights."""
    x = features()
    weights = gate.weights(x)
    assert weights.shape == shape
    assert 0 < weights.min() and weights.max() < 1
    assert weights.std() > 1e-3  # a gate that says the same to all would pass the rest
    torch.testing.assert_close(gate(x), x * weights, atol=1e-6, rtol=1e-6)


class EveryGate:
    """Tests of any gate; a test file that inherits them has fixtures `build`, from C, and `gate`, built."""

    def test_images_do_not_mix_within_a_batch(self, gate):
        x = features()
        torch.testing.assert_close(gate(x), torch.cat([gate(image[None]) for image in x]))
        torch.testing.assert_close(gate.weights(x), torch.cat([gate.weights(image[None]) for image in x]))

    def test_every_parameter_gets_a_gradient(self, gate):
        """Through the weights alone, to the input too; and through forward."""
        x = features().requires_grad_()
        weights = gate.weights(x)
        (weights * features(seed=3)).sum().backward()
        assert x.grad.abs().sum() > 0
        assert not without_gradient(gate)
        gate.zero_grad(set_to_none=True)
        (gate(x) * features(seed=4)).sum().backward()
        assert not without_gradient(gate)

    def test_fits_the_slot_of_a_network(self, build):
        net = seeded(lambda: ConvNet(5, slot=build, widths=(32, 48)))
        assert net(torch.rand(2, 3, 8, 10)).shape == (2, 5)
        assert all(type(slot) is type(build(32)) for slot in net.slots)

    def test_a_wrong_input_is_told_what_was_wanted(self, gate):
        cases = [
            (features()[0], r"\(B, C, H, W\).*got 3"),
            (torch.zeros(B, C, H, W, dtype=torch.long), r"floating point, got torch.int64"),
            (torch.zeros(B, C, 0, W), r"at least one .* position"),
        ]
        if not isinstance(gate, SpatialAttention):  # which takes any number of channels
            cases.append((features(c=C + 4), rf"wanted {C} channels.*got {C + 4}"))
        for wrong, says in cases:
            for call in (gate, gate.weights):
                with pytest.raises(ValueError, match=says):
                    call(wrong)

    def test_an_empty_batch_gives_an_empty_batch(self, gate):
        assert gate(features(b=0)).shape == (0, C, H, W)
        assert len(gate.weights(features(b=0))) == 0


def without_gradient(gate) -> list[str]:
    return [n for n, p in gate.named_parameters() if p.grad is None or not p.grad.abs().max() > 1e-6]
