"""The transformer's forward against timm's for the same model, DINOv2's ViT-S/14 at 224 pixels, batch 4.

timm needs torchvision, which this course does without, so its forward is also written out here as its version
1.0 has it, on the very same weights. Where timm is installed, it is timed itself.
"""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.benchmarks.pairs import median_ratio
from visual_attention.mechanisms.vision_transformer import VisionTransformer

pytestmark = pytest.mark.usefixtures("one_thread", "memory_used_again")
MOST = 1.05  # of timm's time
B, SIDE, HEADS = 4, 224, 6
NO_TIMM = (
    "THE TRANSFORMER WAS NOT TIMED AGAINST TIMM: it is not installed (pip install timm, with torchvision)"
)


def model_and_images(depth: int) -> tuple[VisionTransformer, torch.Tensor]:
    torch.manual_seed(0)
    model = VisionTransformer(SIDE, depth=depth, heads=HEADS).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.05)
    return model, torch.randn(B, 3, SIDE, SIDE)


def written_out(model: VisionTransformer) -> Callable:
    """What timm computes, without modules of its own."""

    def attention(block: nn.Module, x: torch.Tensor) -> torch.Tensor:
        batch, count, dim = x.shape
        qkv = block.qkv(x).reshape(batch, count, 3, HEADS, dim // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*qkv.unbind(0))
        return block.proj(mixed.transpose(1, 2).reshape(batch, count, dim))

    def forward(x: torch.Tensor) -> torch.Tensor:
        patches = model.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([model.cls_token.expand(len(x), -1, -1), patches], dim=1) + model.pos_embed
        for block in model.blocks:
            x = x + attention(block.attn, block.norm1(x)) * block.ls1.gamma
            x = x + block.mlp.fc2(F.gelu(block.mlp.fc1(block.norm2(x)))) * block.ls2.gamma
        return model.norm(x)

    return forward


def timms(model: VisionTransformer) -> Callable:
    """timm's own model with the same weights."""
    timm = pytest.importorskip("timm", reason=NO_TIMM, exc_type=ImportError)
    built = timm.create_model(
        "vit_small_patch14_dinov2", img_size=SIDE, num_classes=0, depth=len(model.blocks)
    )
    built.load_state_dict(model.state_dict())
    return built.eval().forward_features


@pytest.mark.slow
@pytest.mark.parametrize("reference", [written_out, timms])
def test_no_slower_than_timm(reference, benchmark, capsys):
    model, x = model_and_images(depth=1 if benchmark.disabled else 12)
    with torch.no_grad():
        plain = reference(model)
        torch.testing.assert_close(model(x), plain(x), atol=1e-5, rtol=1e-5)
        benchmark.pedantic(model, (x,), rounds=1)
    if benchmark.disabled:
        return
    ratio = median_ratio(model, plain, x, backward=False, limit=MOST)
    benchmark.extra_info["of timm's time"] = round(ratio, 3)
    with capsys.disabled():
        print(
            f"\nthe transformer, {SIDE} pixels, batch {B}: {ratio:.2f} of timm's time ({reference.__name__})"
        )
    assert ratio <= MOST
