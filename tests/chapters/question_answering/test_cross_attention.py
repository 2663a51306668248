"""Cross-attention against torch's own, and the block whose words look at regions."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.chapters.question_answering.cross_attention import (
    CrossAttention,
    CrossBlock,
    main,
)

B, N, M, D, HEADS = 2, 5, 7, 6, 3


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def attention():
    torch.manual_seed(1)
    return CrossAttention(D, heads=HEADS)


def torchs(module):
    """torch's attention with the same parameters."""
    other = nn.MultiheadAttention(D, HEADS, batch_first=True)
    parts = (module.query, module.key, module.value)
    with torch.no_grad():
        other.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        other.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        other.out_proj.weight.copy_(module.proj.weight)
        other.out_proj.bias.copy_(module.proj.bias)
    return other


class TestCrossAttention:
    def test_agrees_with_torch_with_and_without_padding(self):
        module, x, context = attention(), randn(B, N, D), randn(B, M, D, seed=1)
        present = torch.ones(B, M, dtype=torch.bool)
        present[0, 4:] = False
        for given in (None, present):
            want, weights = torchs(module)(
                x, context, context, average_attn_weights=False,
                key_padding_mask=None if given is None else ~given,
            )  # fmt: skip
            torch.testing.assert_close(module(x, context, given), want)
            torch.testing.assert_close(module.weights(x, context, given), weights)

    def test_by_hand_one_head_of_width_one(self):
        module = CrossAttention(1, heads=1)
        with torch.no_grad():
            for part, factor in ((module.query, 1), (module.key, 2), (module.value, 10), (module.proj, 1)):
                part.weight.fill_(factor)
                part.bias.zero_()
        x, context = torch.tensor([[[1.0]]]), torch.tensor([[[0.0], [1.0]]])
        share = torch.tensor([1.0, torch.e**2]) / (1 + torch.e**2)  # scores 0 and 1 * 2
        torch.testing.assert_close(module.weights(x, context)[0, 0, 0], share)
        torch.testing.assert_close(module(x, context)[0, 0, 0], 10 * share[1])

    def test_padding_gets_exactly_nothing(self):
        module, x, context = attention(), randn(B, N, D), randn(B, M, D, seed=1)
        present = torch.arange(M).expand(B, M) < torch.tensor([[3], [6]])
        weights = module.weights(x, context, present)
        assert (weights.movedim(3, 1)[~present] == 0).all()
        torch.testing.assert_close(weights.sum(dim=3), torch.ones(B, HEADS, N))
        other = torch.where(present[..., None], context, 99.0)
        torch.testing.assert_close(module(x, other, present), module(x, context, present))

    def test_who_finds_nobody_gets_nothing(self):
        module, x = attention(), randn(B, N, D)
        context = randn(B, M, D, seed=1).requires_grad_()
        present = torch.ones(B, M, dtype=torch.bool)
        present[1] = False
        assert (module.weights(x, context, present)[1] == 0).all()
        got = module(x, context, present)
        torch.testing.assert_close(got[1], module.proj.bias.expand(N, D))
        torch.testing.assert_close(got[0], module(x, context)[0])
        got.square().sum().backward()
        assert context.grad.isfinite().all() and (context.grad[1] == 0).all()

    def test_each_who_asks_is_served_alone(self):
        module, x, context = attention(), randn(B, N, D), randn(B, M, D, seed=1)
        order = torch.tensor([3, 0, 4, 1, 2])
        torch.testing.assert_close(module(x[:, order], context), module(x, context)[:, order])
        torch.testing.assert_close(module(x, context.flip(1)), module(x, context))
        torch.testing.assert_close(module(x[1:], context[1:]), module(x, context)[1:])

    @pytest.mark.parametrize(
        ("context", "present", "says"),
        [
            (randn(B, M, D + 1), None, f"width {D} on axis 2, got {D + 1}"),
            (randn(B, M, D), torch.ones(B, M + 1, dtype=torch.bool), rf"wanted present \({B}, {M}\)"),
        ],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, context, present, says):
        with pytest.raises(ValueError, match=says):
            attention()(randn(B, N, D), context, present)

    def test_heads_must_divide(self):
        with pytest.raises(ValueError, match="divide dim = 6, got 4: 2 left over"):
            CrossAttention(6, heads=4)


def test_the_block_adds_what_it_finds():
    torch.manual_seed(4)
    block = CrossBlock(8, heads=2)
    words, regions, present = randn(B, 3, 8), randn(B, 16, 8, seed=1), torch.ones(B, 3, dtype=torch.bool)
    said = F.layer_norm(words, (8,))
    first = words + block.among_words(said, said, present)
    second = first + block.to_regions(F.layer_norm(first, (8,)), regions)
    torch.testing.assert_close(
        block(words, regions, present), second + block.think(F.layer_norm(second, (8,)))
    )
    torch.testing.assert_close(
        block.weights(words, regions, present),
        block.to_regions.weights(F.layer_norm(first, (8,)), regions),
    )


def test_a_region_that_is_not_allowed_does_not_matter():
    torch.manual_seed(4)
    block = CrossBlock(8, heads=2)
    words, regions, present = randn(B, 3, 8), randn(B, M, 8, seed=1), torch.ones(B, 3, dtype=torch.bool)
    allowed = torch.ones(B, M, dtype=torch.bool)
    allowed[:, 2] = False
    other = regions.clone()
    other[:, 2] = 9.0
    got = block(words, regions, present, allowed)
    torch.testing.assert_close(block(words, other, present, allowed), got)
    assert not torch.allclose(block(words, regions, present), got, atol=1e-4)


def test_the_module_runs(capsys):
    main()
    assert "(2, 4, 5, 16) rows sum to 1.000" in capsys.readouterr().out
