"""Self-attention: what a wrong axis, a lost scale, mixed heads or a swapped query and key would break."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

from visual_attention.mechanisms.self_attention import (
    MultiHeadSelfAttention,
    SelfAttention,
    attention_weights,
    main,
)

B, C, H, W = 2, 17, 3, 5  # C // 8 = 2 channels for queries and keys, C and N = 15 distinct
N, D, HEADS = 7, 12, 3
CLOSE = {"atol": 1e-5, "rtol": 0}


def random(*sizes: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(seed))


def seeded(build):
    torch.manual_seed(1)
    module = build()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))  # scores that differ, a gain that is not 0
    return module


BLOCKS = {
    "places": (lambda: SelfAttention(C), lambda b=B, seed=0: random(b, C, H, W, seed=seed)),
    "heads": (lambda: MultiHeadSelfAttention(D, heads=HEADS), lambda b=B, seed=0: random(b, N, D, seed=seed)),
}


@pytest.fixture(params=BLOCKS)
def block_and_input(request):
    build, draw = BLOCKS[request.param]
    return seeded(build), draw


class Largest(TorchDispatchMode):
    """The most numbers that lie in one piece of memory."""

    size = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for each in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(each, torch.Tensor):
                self.size = max(self.size, each.untyped_storage().nbytes() // each.element_size())
        return made


def article(block: SelfAttention, x: torch.Tensor) -> torch.Tensor:
    """The article's computation, written out with its own shapes."""
    batch, channels, rows, columns = x.shape
    query = block.query_conv(x).view(batch, -1, rows * columns).permute(0, 2, 1)
    key = block.key_conv(x).view(batch, -1, rows * columns)
    shares = torch.softmax(torch.bmm(query, key), dim=-1)
    value = block.value_conv(x).view(batch, -1, rows * columns)
    return torch.bmm(value, shares.permute(0, 2, 1)).view(batch, channels, rows, columns)


class TestAttentionWeights:
    def test_three_tokens_by_hand(self):
        queries = torch.log(torch.tensor([[2.0], [3.0], [1.0]]))
        keys = torch.tensor([[0.0], [1.0], [2.0]])
        # exp of the scores: each query's number to the powers 0, 1, 2
        want = torch.tensor([[1, 2, 4], [1, 3, 9], [1, 1, 1]]) / torch.tensor([[7.0], [13.0], [3.0]])
        torch.testing.assert_close(attention_weights(queries, keys), want)

    def test_rows_belong_to_queries_and_columns_to_keys(self):
        weights = attention_weights(random(B, N, D), random(B, 11, D, seed=1), scale=0.5)
        assert weights.shape == (B, N, 11)
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones(B, N))

    @given(scale=st.floats(0.1, 3.0), seed=st.integers(0, 100))
    @settings(max_examples=25)
    def test_the_scale_multiplies_the_scores(self, scale, seed):
        queries, keys = random(N, D, seed=seed), random(11, D, seed=seed + 1)
        torch.testing.assert_close(
            attention_weights(queries, keys, scale=scale), attention_weights(scale * queries, keys), **CLOSE
        )

    def test_a_query_attends_to_the_key_that_it_resembles(self):
        keys = torch.eye(N)
        torch.testing.assert_close(attention_weights(50 * keys.roll(2, 0), keys), keys.roll(2, 0), **CLOSE)

    def test_huge_scores_stay_finite(self):
        assert torch.isfinite(attention_weights(1e4 * random(N, D), 1e4 * random(N, D, seed=1))).all()


class TestBothBlocks:
    def test_weights_are_shares(self, block_and_input):
        block, draw = block_and_input
        weights = block.weights(draw())
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
        assert (weights.sum(-2) - 1).abs().max() > 0.01  # but columns do not sum to 1
        assert (weights - weights.mT).abs().max() > 0.01  # nor is a look returned

    def test_every_parameter_gets_a_gradient(self, block_and_input):
        block, draw = block_and_input
        (block(draw()) ** 2).sum().backward()
        for name, parameter in block.named_parameters():
            gradient = parameter.grad
            if (
                name == "qkv.bias"
            ):  # a bias of the keys shifts a query's scores alike, which no softmax notices
                gradient = torch.cat([gradient[:D], gradient[2 * D :]])
            assert name == "key_conv.bias" or gradient.abs().max() > 1e-5, name

    def test_weights_carry_a_gradient(self, block_and_input):
        block, draw = block_and_input
        x = draw().requires_grad_()
        (block.weights(x) * random(*block.weights(x).shape, seed=3)).sum().backward()
        assert x.grad.abs().sum() > 0

    def test_images_do_not_mix_within_a_batch(self, block_and_input):
        block, draw = block_and_input
        x = draw(b=3)
        torch.testing.assert_close(block(x), torch.cat([block(each[None]) for each in x]), **CLOSE)
        torch.testing.assert_close(block.weights(x), torch.cat([block.weights(e[None]) for e in x]), **CLOSE)

    def test_an_empty_batch_gives_an_empty_batch(self, block_and_input):
        block, draw = block_and_input
        assert block(draw()[:0]).shape == draw()[:0].shape
        assert len(block.weights(draw()[:0])) == 0

    def test_double_precision_stays_double(self, block_and_input):
        block, draw = block_and_input
        single = block(draw())
        double = block.double()(draw().double())
        assert double.dtype == torch.float64
        torch.testing.assert_close(double.float(), single, **CLOSE)

    @given(seed=st.integers(0, 1000))
    @settings(max_examples=20)
    def test_shuffled_tokens_give_the_same_answers_shuffled(self, seed):
        order = torch.randperm(N, generator=torch.Generator().manual_seed(seed))
        heads, tokens = seeded(BLOCKS["heads"][0]), random(B, N, D, seed=seed)
        torch.testing.assert_close(heads(tokens[:, order]), heads(tokens)[:, order], **CLOSE)
        torch.testing.assert_close(
            heads.weights(tokens[:, order]), heads.weights(tokens)[:, :, order][..., order], **CLOSE
        )


class TestSelfAttention:
    @pytest.mark.parametrize("in_dim", [8, C, 64])
    def test_equals_the_article_without_scale_and_residual(self, in_dim):
        block = seeded(lambda: SelfAttention(in_dim, scaled=False, residual=False))
        x = random(B, in_dim, 7, 11)
        torch.testing.assert_close(block(x), article(block, x), **CLOSE)

    def test_has_the_article_s_parameter_names_and_sizes(self):
        shapes = {name: tuple(p.shape) for name, p in SelfAttention(C, residual=False).named_parameters()}
        assert shapes == {
            "query_conv.weight": (2, C, 1, 1), "query_conv.bias": (2,),
            "key_conv.weight": (2, C, 1, 1), "key_conv.bias": (2,),
            "value_conv.weight": (C, C, 1, 1), "value_conv.bias": (C,),
        }  # fmt: skip

    def test_the_scale_divides_scores_by_the_root_of_the_query_s_width(self):
        scaled = seeded(lambda: SelfAttention(C, residual=False))
        plain = SelfAttention(C, scaled=False, residual=False)
        plain.load_state_dict(scaled.state_dict())
        with torch.no_grad():  # let the queries carry the scale: sqrt(C // 8) = sqrt(2)
            plain.query_conv.weight.div_(2**0.5)
            plain.query_conv.bias.div_(2**0.5)
        x = random(B, C, H, W)
        torch.testing.assert_close(scaled.weights(x), plain.weights(x), **CLOSE)
        torch.testing.assert_close(scaled(x), plain(x), **CLOSE)

    def test_forward_applies_exactly_the_weights(self):
        block, x = seeded(lambda: SelfAttention(C, residual=False)), random(B, C, H, W)
        values = block.value_conv(x).flatten(2).mT  # (B, N, C)
        want = (block.weights(x) @ values).mT.reshape(x.shape)
        torch.testing.assert_close(block(x), want, **CLOSE)

    def test_the_gradients_are_those_of_the_explicit_matrix(self):
        gradients = []
        for run in (lambda block, x: block(x), lambda block, x: x + block.gain * article(block, x)):
            block, x = seeded(lambda: SelfAttention(C, scaled=False)), random(B, C, H, W).requires_grad_()
            (run(block, x) ** 2).sum().backward()
            gradients.append([x.grad, *(p.grad for p in block.parameters())])
        for got, want in zip(*gradients, strict=True):
            torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-3)

    def test_with_the_gain_at_its_start_the_block_is_the_identity(self):
        x = random(B, C, H, W)
        assert torch.equal(SelfAttention(C)(x), x)
        assert not torch.allclose(SelfAttention(C, residual=False)(x), x)

    def test_the_gain_scales_what_is_added(self):
        block, x = seeded(lambda: SelfAttention(C)), random(B, C, H, W)
        with torch.no_grad():
            block.gain.fill_(1.0)
            once = block(x) - x
            block.gain.fill_(-2.5)
        torch.testing.assert_close(block(x), x - 2.5 * once, **CLOSE)

    def test_the_gain_learns_from_its_start(self):
        block = SelfAttention(C)
        (block(random(B, C, H, W)) ** 3).sum().backward()
        assert block.gain.grad.abs().item() > 1e-3

    def test_places_are_numbered_row_by_row(self):
        block, x = seeded(lambda: SelfAttention(C)), random(1, C, H, W)
        changed = x.clone()
        changed[0, :, 1, 2] += 1.0  # place 1 * W + 2
        apart = (block.weights(changed) - block.weights(x))[0].abs()
        assert apart.amax(1).argmax() == 1 * W + 2  # the row that changed most is the place's own

    def test_shuffled_pixels_give_the_same_output_shuffled(self):
        block, x = seeded(lambda: SelfAttention(C)), random(B, C, H, W)
        order = torch.randperm(H * W, generator=torch.Generator().manual_seed(3))
        shuffle = lambda image: image.flatten(2)[..., order].unflatten(2, (H, W))  # noqa: E731
        torch.testing.assert_close(block(shuffle(x)), shuffle(block(x)), **CLOSE)

    def test_a_far_place_is_heard_as_well_as_a_near_one(self):
        block, x = seeded(lambda: SelfAttention(C)), random(1, C, 2, 29).requires_grad_()
        block(x)[0, :, 0, 0].sum().backward()
        assert (x.grad[0].abs().sum(0) > 1e-6).all()

    @pytest.mark.parametrize("side", [8, 33])
    def test_no_matrix_of_all_weights_is_ever_built(self, side):
        block, x = SelfAttention(8), random(1, 8, side, side)
        with Largest() as largest:
            block(x.requires_grad_()).sum().backward()
        assert largest.size < side**4

    @pytest.mark.parametrize("side", [5, 16, 33])
    def test_the_graph_keeps_no_weights_for_the_gradient(self, side):
        block, x = SelfAttention(8), random(1, 8, side, side)
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
            block(x)
        assert sum(kept) < 8 * 12 * side**2  # a few maps, where the weights would be side ** 4

    def test_second_derivatives_are_those_of_the_explicit_matrix_with_the_plain_kernel(self):
        seconds = []
        for run in (lambda block, x: block(x), lambda block, x: x + block.gain * article(block, x)):
            block = seeded(lambda: SelfAttention(C, scaled=False)).double()
            x = random(1, C, H, W).double().requires_grad_()
            with sdpa_kernel(SDPBackend.MATH):
                (first,) = torch.autograd.grad(run(block, x).pow(2).sum(), x, create_graph=True)
                first.pow(2).sum().backward()
            seconds.append([x.grad, *(parameter.grad for parameter in block.parameters())])
        assert seconds[1][0].abs().max() > 1
        for got, want in zip(*seconds, strict=True):
            torch.testing.assert_close(got, want, atol=1e-8, rtol=1e-8)

    def test_without_it_they_are_refused_and_not_wrong(self):
        block, x = seeded(lambda: SelfAttention(C)), random(1, C, H, W).requires_grad_()
        (first,) = torch.autograd.grad(block(x).pow(2).sum(), x, create_graph=True)
        with pytest.raises(RuntimeError, match="derivative for .*attention.* is not implemented"):
            first.sum().backward()

    def test_its_convolutions_may_be_replaced(self):
        block, x = seeded(lambda: SelfAttention(C)), random(B, C, H, W)
        block.key_conv = nn.Conv2d(C, 2, kernel_size=1, bias=False)  # a bias of the keys changes nothing
        block.value_conv = nn.Sequential(nn.Conv2d(C, 3, 1, bias=False), nn.Conv2d(3, C, 1))  # of low rank
        mixed = block.value_conv(x).flatten(2) @ block.weights(x).mT  # (B, C, N) @ (B, N, N)
        torch.testing.assert_close(block(x), x + block.gain * mixed.view_as(x), **CLOSE)

    @pytest.mark.parametrize("in_dim", [1, 7])
    def test_too_few_channels_for_queries_are_refused(self, in_dim):
        with pytest.raises(ValueError, match=rf"in_dim of 8 or more, got {in_dim}: in_dim // 8 = 0 channels"):
            SelfAttention(in_dim)

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.zeros(C, H, W), r"\(B, C, H, W\).*got 3"),
            (torch.zeros(B, C + 2, H, W), rf"wanted {C} channels.*got {C + 2}"),
            (torch.zeros(B, C, H, W, dtype=torch.long), r"floating point, got torch.int64"),
            (torch.zeros(B, C, 0, W), r"at least one .* position"),
            ([[1.0]], r"torch.Tensor, got list"),
        ],
        ids=["rank", "channels", "integers", "no place", "no tensor"],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, wrong, says):
        block = SelfAttention(C)
        for call in (block, block.weights):
            with pytest.raises(ValueError, match=says):
                call(wrong)


class TestMultiHeadSelfAttention:
    @pytest.mark.parametrize(("dim", "heads"), [(12, 3), (12, 1), (10, 5), (6, 6)])
    def test_equals_torch_on_copied_weights(self, dim, heads):
        ours = seeded(lambda: MultiHeadSelfAttention(dim, heads=heads))
        theirs = nn.MultiheadAttention(dim, heads, batch_first=True)
        names = {"in_proj_weight": ours.qkv.weight, "in_proj_bias": ours.qkv.bias}
        names |= {"out_proj.weight": ours.proj.weight, "out_proj.bias": ours.proj.bias}
        theirs.load_state_dict(names)
        x = random(B, N, dim)
        mixed, weights = theirs(x, x, x, average_attn_weights=False)
        torch.testing.assert_close(ours(x), mixed, **CLOSE)
        torch.testing.assert_close(ours.weights(x), weights, **CLOSE)

    def test_each_head_sees_only_its_own_numbers(self):
        block, x = seeded(BLOCKS["heads"][0]), random(B, N, D)
        before = block.weights(x)
        with torch.no_grad():
            block.qkv.weight[4:8] += 1.0  # the queries of the second head of three, d = 4
        changed = (block.weights(x) - before).abs().amax(dim=(0, 2, 3))
        assert (changed > 1e-3).tolist() == [False, True, False]

    def test_forward_applies_exactly_the_weights_of_each_head(self):
        block, x = seeded(BLOCKS["heads"][0]), random(B, N, D)
        values = block.qkv(x)[..., 2 * D :].unflatten(2, (HEADS, D // HEADS))  # (B, N, h, d)
        mixed = torch.einsum("bhij,bjhd->bihd", block.weights(x), values).flatten(2)
        torch.testing.assert_close(block(x), block.proj(mixed), **CLOSE)

    def test_equal_queries_average_all_values(self):
        block, x = seeded(BLOCKS["heads"][0]), random(B, N, D)
        with torch.no_grad():
            block.qkv.weight[:D] = 0
            block.qkv.bias[:D] = 0
        torch.testing.assert_close(block.weights(x), torch.full((B, HEADS, N, N), 1 / N))
        mean = block.qkv(x)[..., 2 * D :].mean(1, keepdim=True)
        torch.testing.assert_close(block(x), block.proj(mean).expand(B, N, D), **CLOSE)

    @pytest.mark.parametrize(("heads", "says"), [(5, "divide dim = 12, got 5: 2 left"), (0, "heads above 0")])
    def test_heads_that_do_not_divide_the_width_are_refused(self, heads, says):
        with pytest.raises(ValueError, match=says):
            MultiHeadSelfAttention(D, heads=heads)

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.zeros(N, D), r"tokens \(B, N, D\), that is 3 axes, got 2"),
            (torch.zeros(B, N, D + 1), rf"width {D} on axis 2, got {D + 1}"),
            (torch.zeros(B, N, D, dtype=torch.int32), "floating point, got torch.int32"),
            (torch.zeros(B, 0, D), "at least one token"),
        ],
        ids=["rank", "width", "integers", "no token"],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, wrong, says):
        block = MultiHeadSelfAttention(D, heads=HEADS)
        for call in (block, block.weights):
            with pytest.raises(ValueError, match=says):
                call(wrong)


def test_the_module_runs(capsys):
    main()
    said = capsys.readouterr().out
    assert "each row sums to   1.000 1.000" in said
    assert "at first it adds   0.0" in said


@pytest.mark.parametrize("residual", [True, False])
def test_the_result_lies_in_memory_as_the_docstring_says(residual):
    out = SelfAttention(16, residual=residual)(torch.randn(2, 16, 5, 7))
    assert out.is_contiguous(memory_format=torch.channels_last)
