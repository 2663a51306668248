"""The transformer of the reader's own blocks is the package's, and learns where the blocks let it."""

import torch

from visual_attention.chapters.vision_transformer import block_mistakes, written
from visual_attention.data import digits
from visual_attention.mechanisms.vision_transformer import TransformerBlock, VisionTransformer
from visual_attention.training import seeded


def test_the_reference_is_the_package_s_block():
    with seeded(0):
        block = TransformerBlock(12, heads=3)
        for parameter in block.parameters():
            parameter.data.add_(0.3 * torch.randn_like(parameter))
        tokens = torch.randn(2, 7, 12)
    state = dict(block.named_parameters())
    torch.testing.assert_close(block_mistakes.block(tokens, state, 3), block(tokens), atol=1e-5, rtol=1e-4)


def test_with_the_package_s_blocks_it_is_the_package_s_transformer():
    model = written.Written(written.package)
    whole = VisionTransformer(8, patch_size=2, dim=32, depth=2, heads=4, channels=1)
    for block, weights in zip(whole.blocks, model.blocks, strict=True):
        block.load_state_dict(dict(zip(model.names, weights, strict=True)))
    left = {name: x for name, x in model.state_dict().items() if not name.startswith(("blocks", "head"))}
    assert not whole.load_state_dict(left, strict=False).unexpected_keys
    images = digits.small("test")[0][:5]
    with torch.no_grad():
        torch.testing.assert_close(model.tokens(images), whole(images))


def test_a_transformer_of_right_blocks_is_the_package_s_and_of_wrong_ones_is_not():
    assert written.difference(block_mistakes.block) < 3e-5
    for wrong in block_mistakes.BLOCK.values():
        if wrong is not block_mistakes.BLOCK["All images have the tokens of the first."]:
            assert written.difference(wrong) > 3e-4


def test_function_gets_the_names_of_dinov2():
    seen = []

    def looks(tokens, state, heads):
        seen.append((set(state), heads, tokens.shape))
        return tokens

    written.Written(looks)(digits.small("test")[0][:3])
    assert len(seen) == 2 and seen[0][1:] == (4, (3, 17, 32))
    assert seen[0][0] == set(TransformerBlock(32, heads=4).state_dict())


def test_accuracy_is_of_unseen_digits():
    images, labels = digits.small("test")
    model = written.Written(block_mistakes.block)
    with torch.no_grad():
        share = (model(images).argmax(1) == labels).float().mean().item()
    assert abs(written.accuracy(model) - share) < 1e-6


def test_the_digit_is_named_from_the_class_token():
    model, images = written.Written(block_mistakes.block), digits.small("test")[0][:4]
    with torch.no_grad():
        tokens = model.tokens(images)
        torch.testing.assert_close(model(images), tokens[:, 0] @ model.head.weight.T + model.head.bias)
