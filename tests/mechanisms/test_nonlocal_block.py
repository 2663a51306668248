"""The non-local block: identity at first, the paper's formula after that."""

import pytest
import torch

from visual_attention.mechanisms.nonlocal_block import NonLocalBlock, main

B, C, H, W = 2, 6, 5, 7


@pytest.fixture
def block():
    torch.manual_seed(0)
    block = NonLocalBlock(C)
    torch.nn.init.normal_(block.out.weight)
    torch.nn.init.normal_(block.out.bias)
    return block


def features(b: int = B, seed: int = 0) -> torch.Tensor:
    return torch.randn(b, C, H, W, generator=torch.Generator().manual_seed(seed))


def test_starts_as_the_identity_and_learns():
    block, x = NonLocalBlock(C), features()
    assert torch.equal(block(x), x)
    (block(x) ** 3).sum().backward()
    assert block.out.weight.grad.abs().max() > 1e-4


def test_equals_the_paper_s_formula(block):
    x = features()
    theta, phi, g = (conv(x).flatten(2) for conv in (block.theta, block.phi, block.g))  # (B, C/2, N)
    raised = torch.einsum("bci,bcj->bij", theta, phi).exp()
    shares = raised / raised.sum(2, keepdim=True)
    mixed = torch.einsum("bij,bcj->bci", shares, g).unflatten(2, (H, W))
    torch.testing.assert_close(block.weights(x), shares, atol=1e-5, rtol=0)
    torch.testing.assert_close(block(x), x + block.out(mixed), atol=1e-5, rtol=0)


def test_works_in_half_the_channels():
    shapes = {name: tuple(p.shape[:2]) for name, p in NonLocalBlock(7).named_parameters() if p.ndim == 4}
    assert shapes == {"theta.weight": (3, 7), "phi.weight": (3, 7), "g.weight": (3, 7), "out.weight": (7, 3)}


def test_every_parameter_but_the_keys_bias_gets_a_gradient(block):
    (block(features()) ** 2).sum().backward()
    lost = [name for name, p in block.named_parameters() if not p.grad.abs().max() > 1e-5]
    assert lost in ([], ["phi.bias"])


def test_images_do_not_mix_and_an_empty_batch_is_fine(block):
    x = features(b=3)
    torch.testing.assert_close(block(x), torch.cat([block(each[None]) for each in x]), atol=1e-5, rtol=0)
    assert block(x[:0]).shape == (0, C, H, W)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: NonLocalBlock(1), "2 channels or more.*got 1"),
        (lambda: NonLocalBlock(0), "channels above 0, got 0"),
        (lambda: NonLocalBlock(C)(torch.zeros(B, C + 1, H, W)), f"wanted {C} channels.*got {C + 1}"),
        (lambda: NonLocalBlock(C).weights(torch.zeros(C, H, W)), "got 3"),
    ],
)
def test_what_cannot_be_right_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_the_module_runs(capsys):
    main()
    assert "at first it adds  0.0" in capsys.readouterr().out
