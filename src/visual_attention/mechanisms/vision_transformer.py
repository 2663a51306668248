"""Can a transformer read an image as a sentence of patches?

Paper: Alexey Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at
    Scale", ICLR 2021, section 3.1; the names of the parameters, layer scale and the interpolation of the
    positions follow Maxime Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", TMLR
    2024.
Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.mechanisms.vision_transformer
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.mechanisms.inputs import require_feature_map, require_positive, require_tokens
from visual_attention.mechanisms.position_grid import resize_positions
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention


class PatchEmbedding(nn.Module):
    """Cut an image into square patches and turn each into a token.

    A convolution whose stride is its kernel's size sees each pixel once: it is a linear layer on each patch.

    Args:
        patch_size: P, side of a patch in pixels.
        dim: D, width of a token.
        channels: C, channels of the image.

    Shape:
        (B, C, H, W) -> (B, N, D) with N = (H / P) * (W / P), row by row, left to right, as one reads.

    Raises:
        ValueError: at call, if the image is not a (B, C, H, W) of floating point, or H or W is not a
            multiple of P.
    """

    def __init__(self, patch_size: int, *, dim: int, channels: int = 3):
        super().__init__()
        require_positive(patch_size=patch_size, dim=dim, channels=channels)
        self.patch_size = patch_size
        self.channels = channels
        self.proj = nn.Conv2d(channels, dim, kernel_size=patch_size, stride=patch_size)

    def grid(self, x: torch.Tensor) -> tuple[int, int]:
        """Rows and columns of patches of an image."""
        require_feature_map(x, channels=self.channels)
        height, width = x.shape[2:]
        if height % self.patch_size or width % self.patch_size:
            raise ValueError(
                f"wanted height and width to be multiples of the patch size {self.patch_size}, "
                f"got {height} x {width}"
            )
        return height // self.patch_size, width // self.patch_size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The tokens of the patches, (B, N, D)."""
        self.grid(x)
        return self.proj(x).flatten(start_dim=2).transpose(1, 2)  # (B, D, H/P, W/P) -> (B, N, D)


class LayerScale(nn.Module):
    """Multiply each feature by a learned number of its own, at first 1: (B, N, D) -> (B, N, D)."""

    def __init__(self, dim: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scaled tokens, (B, N, D)."""
        return x * self.gamma


class MLP(nn.Module):
    """Two linear layers with a GELU between, applied to each token alone.

    Args:
        dim: D, width of a token; the hidden layer is four times as wide.

    Shape:
        (B, N, D) -> (B, N, D).
    """

    def __init__(self, dim: int):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The tokens, each changed without a look at the others, (B, N, D)."""
        return self.fc2(F.gelu(self.fc1(x)))


class TransformerBlock(nn.Module):
    """Let tokens look at each other, then let each think alone; add both to what was there.

    The norm comes before each step ("pre-norm"), so that the sum runs through the whole network untouched.

    Args:
        dim: D, width of a token.
        heads: h, how many attentions run side by side; divides D.

    Shape:
        (B, N, D) -> (B, N, D).

    Raises:
        ValueError: if ``heads`` does not divide ``dim``; at call, if the input is not a (B, N, D).

    Differs from the paper: each step is multiplied by a learned gain for each feature (layer scale), as in
        DINOv2; there is no dropout.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        require_positive(dim=dim, heads=heads)
        self.dim = dim
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = MultiHeadSelfAttention(dim, heads=heads)
        self.ls1 = LayerScale(dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLP(dim)
        self.ls2 = LayerScale(dim)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """How much each token (row) looks at each (column), (B, h, N, N): non-negative, rows sum to 1."""
        require_tokens(x, dim=self.dim)
        return self.attn.weights(self.norm1(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The tokens with what they saw and thought added, (B, N, D)."""
        require_tokens(x, dim=self.dim)
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class VisionTransformer(nn.Module):
    """Turn an image into one token for the whole and one for each patch.

    Patches become tokens, a learned class token goes first, learned positions are added, and a stack of
    blocks lets all of them look at each other. The parameters have the names of DINOv2's checkpoints, and the
    defaults are the sizes of its ViT-S/14.

    Args:
        image_size: Side in pixels of the square image that the learned positions belong to; or its height and
            width.
        patch_size: P, side of a patch in pixels; divides ``image_size``.
        dim: D, width of a token.
        depth: L, number of blocks.
        heads: h, heads of each block; divides D.
        channels: C, channels of the image.
        offset: Added to the sides of the grid before the positions are stretched to it, see
            :func:`visual_attention.mechanisms.position_grid.resize_positions`.
        antialias: How they are stretched, see the same.
        registers: R, learned tokens without a place, which stand between the class token and the patches:
            something to write on (Darcet et al. 2024).

    Shape:
        (B, C, H, W) -> (B, 1 + R + N, D) with N = (H / P) * (W / P): the class token first, then the
        registers, then the patches row by row. H and W may differ from ``image_size``: the positions are
        interpolated.

    Raises:
        ValueError: if ``patch_size`` does not divide ``image_size`` or ``heads`` does not divide ``dim``; at
            call, if the image is not a (B, C, H, W) with sides that are multiples of P.

    Differs from the paper: layer scale; the class token's output is given as it is, without a classifier (see
        :class:`VisionTransformerClassifier`); no dropout.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(
        self,
        image_size: int | tuple[int, int] = 518,
        *,
        patch_size: int = 14,
        dim: int = 384,
        depth: int = 12,
        heads: int = 6,
        channels: int = 3,
        offset: float = 0.1,
        antialias: bool = False,
        registers: int = 0,
    ):
        super().__init__()
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        require_positive(height=height, width=width, patch_size=patch_size, depth=depth)
        if height % patch_size or width % patch_size:
            raise ValueError(f"wanted a patch_size that divides image_size {image_size}, got {patch_size}")
        if registers < 0:
            raise ValueError(f"wanted registers of 0 or more, got {registers}")
        self.offset, self.antialias, self.registers = offset, antialias, registers
        self.learned_grid = (height // patch_size, width // patch_size)
        self.patch_embed = PatchEmbedding(patch_size, dim=dim, channels=channels)
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim).normal_(std=0.02))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + math.prod(self.learned_grid), dim).normal_(std=0.02))
        if registers:
            self.register_tokens = nn.Parameter(torch.empty(1, registers, dim).normal_(std=0.02))
        self.blocks = nn.ModuleList(TransformerBlock(dim, heads=heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def tokens(self, x: torch.Tensor) -> torch.Tensor:
        """What the first block gets: class token and patches, each with its position, (B, 1 + R + N, D)."""
        positions = resize_positions(
            self.pos_embed,
            self.patch_embed.grid(x),
            learned=self.learned_grid,
            offset=self.offset,
            antialias=self.antialias,
        )
        first = self.cls_token.expand(len(x), -1, -1)
        tokens = torch.cat([first, self.patch_embed(x)], dim=1) + positions
        if not self.registers:
            return tokens
        return torch.cat([tokens[:, :1], self.register_tokens.expand(len(x), -1, -1), tokens[:, 1:]], dim=1)

    def states(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The tokens on their way: before the first block and after each, L + 1 times (B, 1 + R + N, D)."""
        states = [self.tokens(x)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states

    def weights(self, x: torch.Tensor) -> list[torch.Tensor]:
        """How much each token looks at each: L times (B, h, 1 + R + N, 1 + R + N), rows sum to 1."""
        return [block.weights(state) for block, state in zip(self.blocks, self.states(x)[:-1], strict=True)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The normalised tokens after the last block, (B, 1 + R + N, D)."""
        x = self.tokens(x)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class VisionTransformerClassifier(nn.Module):
    """Name the class of an image from what the class token has gathered.

    Args:
        transformer: The network that gives the tokens.
        classes: K, number of classes.

    Shape:
        (B, C, H, W) -> (B, K), scores before a softmax.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, transformer: VisionTransformer, *, classes: int):
        super().__init__()
        require_positive(classes=classes)
        self.transformer = transformer
        self.head = nn.Linear(transformer.cls_token.shape[-1], classes)

    def weights(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The transformer's, L times (B, h, 1 + R + N, 1 + R + N)."""
        return self.transformer.weights(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scores of the classes, (B, K)."""
        return self.head(self.transformer(x)[:, 0])  # (B, 1 + R + N, D) -> (B, D) -> (B, K)


def main() -> None:
    """Read one random image as 6 x 6 patches."""
    torch.manual_seed(0)
    model = VisionTransformer(30, patch_size=5, dim=24, depth=2, heads=3)
    image = torch.randn(1, 3, 30, 30)
    looks = model.weights(image)
    print("tokens       ", tuple(model(image).shape), "one for the image, 36 for its patches")
    print("weights      ", len(looks), "layers of", tuple(looks[0].shape))
    print("rows sum to  ", *(f"{total:.2f}" for total in looks[0].sum(dim=-1).aminmax()))


if __name__ == "__main__":
    main()
