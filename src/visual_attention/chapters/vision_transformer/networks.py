"""Which networks read a digit that may lie anywhere? A transformer, what may stand in for its parts, and
convolutions of its size.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.chapters.vision_transformer.networks
"""

from collections.abc import Callable

from torch import Tensor, nn

from visual_attention.chapters.vision_transformer.anywhere import SIDE
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention
from visual_attention.mechanisms.uniform_attention import UniformAttention
from visual_attention.mechanisms.vision_transformer import (
    MLP,
    PatchEmbedding,
    VisionTransformer,
)
from visual_attention.training import parameters

PATCH = 4  # pixels: 16 patches
PATCHES = (SIDE // PATCH) ** 2
CLASSES = 10


class ConvolutionalStem(nn.Module):
    """Patches that overlap: two convolutions of stride 2 where a transformer has one cut.

    Paper: Tete Xiao, Mannat Singh, Eric Mintun, Trevor Darrell, Piotr Dollár and Ross Girshick, "Early
        Convolutions Help Transformers See Better", NeurIPS 2021.

    Args:
        width: D, numbers of a token.

    Shape:
        (B, 1, H, W) -> (B, N, D) with N = (H / 4) * (W / 4).
    """

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width // 2, 3, stride=2, padding=1),
            nn.BatchNorm2d(width // 2),
            nn.ReLU(),
            nn.Conv2d(width // 2, width, 3, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 1),
        )

    def grid(self, x: Tensor) -> tuple[int, int]:
        """Rows and columns of tokens."""
        return x.shape[2] // PATCH, x.shape[3] // PATCH

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten(2).mT  # (B, D, H/4, W/4) -> (B, N, D)


class Reader(nn.Module):
    """The chapter's vision transformer, and a layer that names the digit.

    Args:
        width: D, numbers of a token.
        depth: blocks.
        heads: of each block.
        mean: whether the digit is named from the mean of the patches, not from the class token.
        stem: whether convolutions make the tokens.
        uniform: whether each token takes the same from all.
        moves: whether training shows it each picture in a new place each time.

    Shape:
        (B, 1, 16, 16) -> (B, 10).

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(
        self,
        width: int,
        depth: int,
        heads: int,
        *,
        mean: bool = False,
        stem: bool = False,
        uniform: bool = False,
        moves: bool = False,
    ):
        super().__init__()
        self.mean, self.moves = mean, moves
        self.transformer = VisionTransformer(
            SIDE, patch_size=PATCH, dim=width, depth=depth, heads=heads, channels=1
        )
        if stem:
            self.transformer.patch_embed = ConvolutionalStem(width)
        if uniform:
            for block in self.transformer.blocks:
                block.attn = UniformAttention(width, heads=heads)
        self.head = nn.Linear(width, CLASSES)

    def name(self, tokens: Tensor) -> Tensor:
        """From the tokens after the last block to the scores of the classes."""
        return self.head(tokens[:, 1:].mean(1) if self.mean else tokens[:, 0])

    def forward(self, images: Tensor) -> Tensor:
        return self.name(self.transformer(images))

    def read_with(self, images: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """The scores after the weights of all blocks were changed; `change` gets each (B, h, 17, 17)."""
        x = self.transformer.tokens(images)
        for block in self.transformer.blocks:
            seen = block.norm1(x)
            x = x + block.ls1(take(block.attn, seen, change(block.attn.weights(seen))))
            x = x + block.ls2(block.mlp(block.norm2(x)))
        return self.name(self.transformer.norm(x))


def take(attention: MultiHeadSelfAttention, x: Tensor, weights: Tensor) -> Tensor:
    """What tokens (B, N, D) take from each other by given weights (B, h, N, N)."""
    values = attention.qkv(x)[..., 2 * attention.dim :].unflatten(2, (attention.heads, -1)).transpose(1, 2)
    return attention.proj((weights @ values).transpose(1, 2).reshape(x.shape))


def exchanged(images: Tensor, order: Tensor) -> Tensor:
    """The patches of pictures (B, 1, 16, 16) in another order, (16,)."""
    patches = images.unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH)  # (B, 1, 4, 4, P, P)
    grid = patches.shape[2:4]
    ordered = patches.flatten(2, 3)[:, :, order].unflatten(2, grid)
    return ordered.transpose(3, 4).flatten(2, 3).flatten(3)


class Convolution(nn.Module):
    """Four 3 x 3 convolutions, then the mean over places, or all places side by side.

    Args:
        width: channels of the last two layers are 1.5 times as many.
        mean: whether the last map is averaged over its 16 places; if not, a layer reads it place by place.
        moves: whether training shows it each picture in a new place each time.

    Shape:
        (B, 1, 16, 16) -> (B, 10).
    """

    def __init__(self, width: int, *, mean: bool = True, moves: bool = False):
        super().__init__()
        self.moves = moves
        widths = (1, width // 2, width, 3 * width // 2, 3 * width // 2)
        layers: list[nn.Module] = []
        for number, (into, out) in enumerate(zip(widths, widths[1:], strict=False)):
            layers += [nn.Conv2d(into, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
            if number < 2:
                layers.append(nn.MaxPool2d(2))
        self.see = nn.Sequential(*layers)  # (B, 1, 16, 16) -> (B, 1.5 D, 4, 4)
        self.gather = nn.AdaptiveAvgPool2d(1) if mean else nn.Identity()
        self.head = nn.Linear(widths[-1] * (1 if mean else PATCHES), CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.gather(self.see(images)).flatten(1))


class MixerBlock(nn.Module):
    """Layers over the places, the same for all channels, then layers over the channels of each place.

    Args:
        width: D, numbers of a token.
        middle: numbers between the two layers over places.

    Shape:
        (B, 16, D) -> (B, 16, D).
    """

    def __init__(self, width: int, middle: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.over_places = nn.Sequential(nn.Linear(PATCHES, middle), nn.GELU(), nn.Linear(middle, PATCHES))
        self.mlp = MLP(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.over_places(self.norm1(x).mT).mT
        return x + self.mlp(self.norm2(x))


class Mixer(nn.Module):
    """A stack of such blocks over the patches, then the mean of the tokens.

    Paper: MLP-Mixer, Ilya Tolstikhin, Neil Houlsby, Alexander Kolesnikov, Lucas Beyer et al., NeurIPS 2021.

    Args:
        width: D, numbers of a token.
        depth: blocks.

    Shape:
        (B, 1, 16, 16) -> (B, 10).
    """

    moves = False

    def __init__(self, width: int, depth: int):
        super().__init__()
        self.patches = PatchEmbedding(PATCH, dim=width, channels=1)
        self.blocks = nn.Sequential(*(MixerBlock(width, 8 * PATCHES) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.patches(images))).mean(1))


class Pixels(nn.Module):
    """One layer from the pixels to the classes, (B, 1, 16, 16) -> (B, 10)."""

    moves = False

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(SIDE * SIDE, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(images.flatten(1))


def main() -> None:
    """How large is each?"""
    networks = {
        "transformer": Reader(32, 2, 4),
        "convolutional stem": Reader(32, 2, 4, stem=True),
        "uniform attention": Reader(32, 2, 4, uniform=True),
        "mixer": Mixer(32, 2),
        "convolution, mean": Convolution(26),
        "convolution, places kept": Convolution(26, mean=False),
        "pixels": Pixels(),
    }
    for name, network in networks.items():
        print(f"{name:25} {parameters(network):7,} parameters")


if __name__ == "__main__":
    main()
