"""Vision transformer: agreement with PyTorch's own encoder, and what a swapped axis would break."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.mechanisms.position_grid import resize_positions
from visual_attention.mechanisms.vision_transformer import (
    PatchEmbedding,
    TransformerBlock,
    VisionTransformer,
    VisionTransformerClassifier,
    main,
)

B, C, P, D, DEPTH, HEADS, M = 2, 2, 3, 20, 3, 5, 4  # an image of 12 x 12 is 4 x 4 patches
ROWS, COLUMNS = 5, 7  # a grid that the positions must be stretched to


def images(seed: int = 0, **sizes: int) -> torch.Tensor:
    size = {"b": B, "c": C, "h": M * P, "w": M * P} | sizes
    return torch.randn(*size.values(), generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def model():
    torch.manual_seed(1)
    built = VisionTransformer(M * P, patch_size=P, dim=D, depth=DEPTH, heads=HEADS, channels=C)
    for name, parameter in built.named_parameters():  # nothing may hide behind a gain of 1 or a bias of 0
        gain = name.endswith("gamma") or ("norm" in name and name.endswith("weight"))
        nn.init.normal_(parameter, mean=float(gain), std=0.4)
    return built.eval()


def torchs_block(block: TransformerBlock) -> nn.TransformerEncoderLayer:
    """PyTorch's own pre-norm layer with the same numbers; the gains go into the matrices that they follow."""
    layer = nn.TransformerEncoderLayer(
        D, HEADS, 4 * D, dropout=0, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    )
    first, second = block.ls1.gamma[:, None], block.ls2.gamma[:, None]
    layer.load_state_dict(
        {
            "self_attn.in_proj_weight": block.attn.qkv.weight,
            "self_attn.in_proj_bias": block.attn.qkv.bias,
            "self_attn.out_proj.weight": first * block.attn.proj.weight,
            "self_attn.out_proj.bias": first[:, 0] * block.attn.proj.bias,
            "linear1.weight": block.mlp.fc1.weight,
            "linear1.bias": block.mlp.fc1.bias,
            "linear2.weight": second * block.mlp.fc2.weight,
            "linear2.bias": second[:, 0] * block.mlp.fc2.bias,
            **{f"norm1.{name}": value for name, value in block.norm1.state_dict().items()},
            **{f"norm2.{name}": value for name, value in block.norm2.state_dict().items()},
        }
    )
    return layer.eval()


class TestPatchEmbedding:
    def test_patches_come_row_by_row(self):
        embed = PatchEmbedding(P, dim=1, channels=1)
        with torch.no_grad():
            embed.proj.weight.fill_(1 / P**2)
            embed.proj.bias.zero_()
        numbers = torch.arange(6.0).view(1, 1, 2, 3)  # 2 rows, 3 columns
        image = numbers.repeat_interleave(P, dim=2).repeat_interleave(P, dim=3)
        torch.testing.assert_close(embed(image), torch.arange(6.0).view(1, 6, 1))
        assert embed.grid(image) == (2, 3)

    def test_is_a_linear_layer_on_each_patch(self):
        torch.manual_seed(0)
        embed, x = PatchEmbedding(P, dim=D, channels=C), images(h=2 * P, w=5 * P)
        patch = x[:, :, P : 2 * P, 3 * P : 4 * P].flatten(1)  # second row, fourth column
        want = patch @ embed.proj.weight.flatten(1).T + embed.proj.bias
        torch.testing.assert_close(embed(x)[:, 1 * 5 + 3], want)

    @pytest.mark.parametrize(("height", "width"), [(P + 1, P), (P, 2 * P - 1)])
    def test_a_rest_of_a_patch_is_refused(self, height, width):
        with pytest.raises(ValueError, match=rf"multiples of the patch size {P}, got {height} x {width}"):
            PatchEmbedding(P, dim=D, channels=C)(images(h=height, w=width))


class TestTransformerBlock:
    def test_agrees_with_pytorchs_own_layer(self, model):
        tokens = torch.randn(B, 11, D)
        for block in model.blocks:
            torch.testing.assert_close(block(tokens), torchs_block(block)(tokens), atol=1e-4, rtol=1e-4)

    def test_weights_agree_with_pytorchs_own_attention(self, model):
        tokens, block = torch.randn(B, 11, D), model.blocks[0]
        normed = F.layer_norm(tokens, (D,), block.norm1.weight, block.norm1.bias, eps=1e-6)
        layer = torchs_block(block).self_attn
        _, want = layer(normed, normed, normed, need_weights=True, average_attn_weights=False)
        torch.testing.assert_close(block.weights(tokens), want)

    def test_forward_applies_exactly_its_weights(self, model):
        tokens, block = torch.randn(B, 11, D), model.blocks[1]
        normed = block.norm1(tokens)
        values = block.attn.qkv(normed)[..., 2 * D :].unflatten(-1, (HEADS, -1)).transpose(1, 2)
        mixed = (block.weights(tokens) @ values).transpose(1, 2).flatten(2)
        looked = tokens + block.ls1.gamma * block.attn.proj(mixed)
        want = looked + block.ls2.gamma * block.mlp(block.norm2(looked))
        torch.testing.assert_close(block(tokens), want, atol=1e-4, rtol=1e-4)

    def test_with_gains_of_0_it_does_nothing(self, model):
        tokens, block = torch.randn(B, 11, D), model.blocks[0]
        nn.init.zeros_(block.ls1.gamma)
        nn.init.zeros_(block.ls2.gamma)
        torch.testing.assert_close(block(tokens), tokens)

    def test_knows_no_order(self, model):
        tokens, order = torch.randn(B, 11, D), torch.randperm(11)
        block = model.blocks[0]
        torch.testing.assert_close(block(tokens[:, order]), block(tokens)[:, order], atol=1e-4, rtol=1e-4)

    def test_heads_that_do_not_divide_are_refused(self):
        with pytest.raises(ValueError, match=f"heads that divide dim = {D}, got 3"):
            TransformerBlock(D, heads=3)


class TestVisionTransformer:
    def test_agrees_with_the_whole_put_together_from_pytorchs_parts(self, model):
        x = images()
        patches = F.unfold(x, P, stride=P).transpose(1, 2)  # (B, N, C * P * P)
        embed = model.patch_embed.proj
        tokens = patches @ embed.weight.flatten(1).T + embed.bias
        tokens = torch.cat([model.cls_token.repeat(B, 1, 1), tokens], dim=1) + model.pos_embed
        for block in model.blocks:
            tokens = torchs_block(block)(tokens)
        want = F.layer_norm(tokens, (D,), model.norm.weight, model.norm.bias, eps=1e-6)
        torch.testing.assert_close(model(x), want, atol=1e-4, rtol=1e-4)

    def test_has_the_parameters_of_dinov2_by_name_and_shape(self):
        with torch.device("meta"):
            state = VisionTransformer().state_dict()
        shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
        want = {
            "cls_token": (1, 1, 384),
            "pos_embed": (1, 1370, 384),
            "patch_embed.proj.weight": (384, 3, 14, 14),
            "patch_embed.proj.bias": (384,),
            "norm.weight": (384,),
            "norm.bias": (384,),
        }
        for n in range(12):
            want |= {f"blocks.{n}.norm{i}.{kind}": (384,) for i in (1, 2) for kind in ("weight", "bias")}
            want |= {f"blocks.{n}.ls{i}.gamma": (384,) for i in (1, 2)}
            for part, out, into in [("attn.qkv", 1152, 384), ("attn.proj", 384, 384), ("mlp.fc1", 1536, 384),
                                    ("mlp.fc2", 384, 1536)]:  # fmt: skip
                want |= {f"blocks.{n}.{part}.weight": (out, into), f"blocks.{n}.{part}.bias": (out,)}
        assert shapes == want

    def test_all_norms_have_the_papers_epsilon(self, model):
        assert {part.eps for part in model.modules() if isinstance(part, nn.LayerNorm)} == {1e-6}

    def test_weights_are_a_budget_of_1_for_each_token_in_each_head_and_layer(self, model):
        looks = model.weights(images())
        assert [tuple(look.shape) for look in looks] == DEPTH * [(B, HEADS, 1 + M * M, 1 + M * M)]
        for look in looks:
            assert look.min() >= 0
            torch.testing.assert_close(look.sum(dim=-1), torch.ones(B, HEADS, 1 + M * M))

    def test_weights_are_those_of_each_block_on_what_it_gets(self, model):
        x = images()
        for look, block, state in zip(model.weights(x), model.blocks, model.states(x)[:-1], strict=True):
            torch.testing.assert_close(look, block.weights(state))
        torch.testing.assert_close(model(x), model.norm(model.states(x)[-1]))

    def test_the_class_token_comes_first_and_gets_the_first_position(self, model):
        nn.init.zeros_(model.pos_embed)
        with torch.no_grad():
            model.pos_embed[0, 0] = 7.0
        tokens = model.tokens(images())
        torch.testing.assert_close(tokens[:, 0], (model.cls_token[0] + 7.0).expand(B, D))
        torch.testing.assert_close(tokens[:, 1:], model.patch_embed(images()))

    def test_each_patch_gets_its_own_position(self, model):
        x = images()
        for row, column in [(0, 1), (1, 0), (3, 2)]:
            place = 1 + row * M + column
            patch = x[:, :, row * P : (row + 1) * P, column * P : (column + 1) * P]
            want = model.patch_embed(patch)[:, 0] + model.pos_embed[0, place]
            torch.testing.assert_close(model.tokens(x)[:, place], want, atol=1e-4, rtol=1e-4)

    def test_without_positions_the_class_token_cannot_tell_the_patches_order(self, model):
        x = images()
        columns = x.unflatten(3, (M, P))  # (B, C, H, M, P)
        shuffled = columns[:, :, :, torch.tensor([2, 0, 3, 1])].flatten(3)
        assert (model(x)[:, 0] - model(shuffled)[:, 0]).abs().max() > 1e-2
        nn.init.zeros_(model.pos_embed)
        torch.testing.assert_close(model(x)[:, 0], model(shuffled)[:, 0], atol=1e-4, rtol=1e-4)

    def test_images_do_not_mix_within_a_batch(self, model):
        x = images(b=3)
        alone = torch.cat([model(image[None]) for image in x])
        torch.testing.assert_close(model(x), alone, atol=1e-4, rtol=1e-4)

    def test_every_parameter_gets_a_gradient(self, model):
        (model(images()) ** 3).sum().backward()
        lost = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
        assert lost == []

    def test_an_image_of_another_size_gives_more_tokens(self, model):
        x = images(h=ROWS * P, w=COLUMNS * P)
        assert model(x).shape == (B, 1 + ROWS * COLUMNS, D)
        assert model.weights(x)[-1].shape == (B, HEADS, 1 + ROWS * COLUMNS, 1 + ROWS * COLUMNS)

    def test_an_empty_batch_gives_an_empty_batch(self, model):
        assert model(images(b=0)).shape == (0, 1 + M * M, D)

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.zeros(C, 12, 12), r"\(B, C, H, W\).*got 3"),
            (torch.zeros(B, C + 1, 12, 12), f"wanted {C} channels.*got {C + 1}"),
            (torch.zeros(B, C, 12, 12, dtype=torch.uint8), "floating point, got torch.uint8"),
            (torch.zeros(B, C, 13, 12), "multiples of the patch size 3, got 13 x 12"),
        ],
        ids=["rank", "channels", "integers", "rest of a patch"],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, model, wrong, says):
        for call in (model, model.weights):
            with pytest.raises(ValueError, match=says):
                call(wrong)

    def test_sizes_that_do_not_fit_are_refused(self):
        with pytest.raises(ValueError, match="patch_size that divides image_size 30, got 4"):
            VisionTransformer(30, patch_size=4)
        with pytest.raises(ValueError, match="depth above 0, got 0"):
            VisionTransformer(30, patch_size=5, depth=0)


class TestRegisters:
    def build(self, **other):
        torch.manual_seed(0)
        sizes = dict(patch_size=P, dim=D, depth=2, heads=HEADS, channels=C)
        return VisionTransformer((2 * P, 3 * P), **sizes, **other)

    def test_stand_between_the_class_token_and_the_patches_and_have_no_place(self):
        without, model = self.build(), self.build(registers=2)
        model.load_state_dict(without.state_dict(), strict=False)
        x = images(h=2 * P, w=3 * P)
        tokens, plain = model.tokens(x), without.tokens(x)
        assert tokens.shape == (B, 1 + 2 + 6, D)
        torch.testing.assert_close(tokens[:, [0, *range(3, 9)]], plain)
        torch.testing.assert_close(tokens[:, 1:3], model.register_tokens.expand(B, -1, -1))
        assert model(x).shape == (B, 9, D) and model.weights(x)[1].shape == (B, HEADS, 9, 9)

    def test_are_written_on_and_read(self):
        model, x = self.build(registers=2), images(h=2 * P, w=3 * P)
        before = model(x)[:, 0]
        model(x)[:, 0].pow(3).sum().backward()
        assert model.register_tokens.grad.abs().min() > 0
        with torch.no_grad():
            model.register_tokens += torch.randn_like(model.register_tokens)
        assert (model(x)[:, 0] - before).abs().max() > 1e-3

    def test_none_leave_no_parameter(self):
        assert "register_tokens" not in dict(self.build().named_parameters())
        with pytest.raises(ValueError, match="registers of 0 or more, got -1"):
            self.build(registers=-1)

    def test_a_table_that_is_no_square_is_untouched_on_its_own_grid(self):
        model, x = self.build(), images(h=2 * P, w=3 * P)
        want = model.patch_embed(x) + model.pos_embed[:, 1:]
        torch.testing.assert_close(model.tokens(x)[:, 1:], want)
        assert model.tokens(images(h=3 * P, w=2 * P)).shape == (B, 7, D)  # turned, it is stretched
        turned = model.patch_embed(images(h=3 * P, w=2 * P)) + model.pos_embed[:, 1:]
        assert not torch.allclose(model.tokens(images(h=3 * P, w=2 * P))[:, 1:], turned)


class TestPositions:
    def test_on_their_own_grid_they_are_untouched(self):
        positions = torch.randn(1, 1 + M * M, D)
        assert resize_positions(positions, (M, M)) is positions

    @pytest.mark.parametrize("offset", [0.0, 0.1])
    def test_the_class_tokens_is_never_stretched(self, offset):
        positions = torch.randn(1, 1 + M * M, D)
        stretched = resize_positions(positions, (ROWS, COLUMNS), offset=offset)
        assert stretched.shape == (1, 1 + ROWS * COLUMNS, D)
        torch.testing.assert_close(stretched[:, 0], positions[:, 0])

    @pytest.mark.parametrize("offset", [0.0, 0.1])
    def test_rows_stay_rows_and_columns_columns(self, offset):
        positions = torch.randn(1, 1 + 36, D)
        square = positions[:, 1:].view(1, 6, 6, D).permute(0, 3, 1, 2)
        # another way to the same: for each place of the new grid, look up where it lies in the old
        y = (torch.arange(ROWS) + 0.5) / (ROWS + offset) * 2 - 1
        x = (torch.arange(COLUMNS) + 0.5) / (COLUMNS + offset) * 2 - 1
        places = torch.stack([x.expand(ROWS, -1), y[:, None].expand(-1, COLUMNS)], dim=-1)[None]
        want = F.grid_sample(square, places, mode="bicubic", padding_mode="border", align_corners=False)
        stretched = resize_positions(positions, (ROWS, COLUMNS), offset=offset)[:, 1:]
        torch.testing.assert_close(stretched, want.flatten(2).transpose(1, 2), atol=1e-4, rtol=0)

    def test_a_grid_that_is_no_square_has_rows_and_columns_of_its_own(self):
        positions = torch.randn(1, 1 + 2 * 5, D)
        assert resize_positions(positions, (2, 5), learned=(2, 5)) is positions
        picture = positions[0, 1:].T.view(1, D, 2, 5)
        want = F.interpolate(picture, size=(4, 5), mode="bicubic").flatten(2).mT
        stretched = resize_positions(positions, (4, 5), learned=(2, 5), offset=0)
        torch.testing.assert_close(stretched[:, 1:], want)
        with pytest.raises(ValueError, match="rows and columns, got 10 positions"):
            resize_positions(positions, (4, 5))

    @pytest.mark.parametrize("offset", [0.0, 0.1])
    def test_antialias_averages_what_a_coarser_grid_leaves_out(self, offset):
        stripes = torch.tensor([1.0, -1.0]).repeat(5)[:9].expand(9, 9)  # one place wide
        positions = F.pad(stripes.reshape(1, 81, 1), (0, 0, 1, 0))
        kept, smooth = (
            resize_positions(positions, (3, 3), offset=offset, antialias=antialias)[:, 1:].abs().max()
            for antialias in (False, True)
        )
        assert smooth < 0.4 < 0.8 < kept

    def test_half_precision_is_stretched_in_single_and_rounded(self):
        positions = torch.randn(1, 1 + M * M, D)
        for antialias in (False, True):
            half = resize_positions(positions.half(), (ROWS, COLUMNS), antialias=antialias)
            want = resize_positions(positions.half().float(), (ROWS, COLUMNS), antialias=antialias).half()
            torch.testing.assert_close(half, want, atol=0, rtol=0)

    def test_every_side_from_1_to_60_comes_out_as_asked(self):
        positions = torch.randn(1, 1 + 37 * 37, 1)
        for side in range(1, 61):
            assert resize_positions(positions, (side, 16)).shape[1] == 1 + side * 16


class TestClassifier:
    def test_reads_the_class_token_and_nothing_else(self, model):
        classifier = VisionTransformerClassifier(model, classes=7)
        x = images()
        want = model(x)[:, 0] @ classifier.head.weight.T + classifier.head.bias
        torch.testing.assert_close(classifier(x), want)
        torch.testing.assert_close(classifier.weights(x)[-1], model.weights(x)[-1])
        with pytest.raises(ValueError, match="classes above 0"):
            VisionTransformerClassifier(model, classes=0)


def test_the_module_runs(capsys):
    main()
    assert "rows sum to   1.00 1.00" in capsys.readouterr().out
