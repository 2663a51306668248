"""Which networks are explained? A small transformer and a small convolutional network, for the same pictures.

Both see 24 x 24 pixels, make 6 x 6 places of them and name one of ten digits. Both can be stopped half way:
`features` gives what the last step reads, `read` takes it from there, and `read(features(x))` is the answer.
`cascade` names the parts from the output to the input, in the order in which weights are randomised.

Paper: Tete Xiao et al., "Early Convolutions Help Transformers See Better", NeurIPS 2021 (the transformer's
    convolutional stem, without which so small a transformer learns little in a minute).
Chapter: notebooks/deeper/explanation.ipynb
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.explanation import marked
from visual_attention.mechanisms.vision_transformer import VisionTransformer
from visual_attention.training import fit

WIDTH, DEPTH, HEADS = 48, 2, 3
STEPS = {"transformer": 800, "convolutional": 800}
BATCH = 64
MARKED, DECOYED = 0.5, 0.5  # of the training pictures, drawn without regard to one another
RATES = {"transformer": 3e-3, "convolutional": 5e-3}

Change = Callable[[int, Tensor], Tensor]
Part = tuple[str, tuple[str, ...]]


def layer(in_channels: int, out_channels: int, *, stride: int) -> nn.Sequential:
    """A convolution, normalised over the batch: (B, C, H, W) -> (B, C', H / stride, W / stride)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class ConvolutionalStem(nn.Module):
    """Three convolutions in place of the cut into patches: (B, 1, H, W) -> (B, H / 4 * W / 4, D)."""

    def __init__(self, dim: int):
        super().__init__()
        self.layers = nn.Sequential(
            layer(1, 24, stride=2), layer(24, dim, stride=2), layer(dim, dim, stride=1)
        )
        self.proj = nn.Linear(dim, dim)

    def grid(self, x: Tensor) -> tuple[int, int]:
        """Rows and columns of places of an image."""
        return x.shape[2] // marked.CELL, x.shape[3] // marked.CELL

    def forward(self, x: Tensor) -> Tensor:
        """The tokens of the places, row by row."""
        return self.proj(self.layers(x).flatten(2).mT)  # (B, D, h, w) -> (B, N, D)


class SmallTransformer(nn.Module):
    """Two blocks of self-attention over 6 x 6 places and a class token that names the digit.

    Args:
        stem: convolutions before the first block; without them each token begins as its own cell, alone.

    Shape:
        (B, 1, 24, 24) -> scores (B, 10). The transformer is called in parts, so that one may stop half way.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, *, stem: bool = True):
        super().__init__()
        self.transformer = VisionTransformer(
            marked.SIDE, patch_size=marked.CELL, dim=WIDTH, depth=DEPTH, heads=HEADS, channels=1
        )
        if stem:
            self.transformer.patch_embed = ConvolutionalStem(WIDTH)
        self.head = nn.Linear(WIDTH, marked.CLASSES)

    def weights(self, x: Tensor) -> list[Tensor]:
        """How much each token looks at each, for each block: (B, h, 1 + N, 1 + N), rows sum to 1."""
        return self.transformer.weights(x)

    def features(self, x: Tensor) -> Tensor:
        """The tokens that the last block gets, (B, 1 + N, D)."""
        tokens = self.transformer.tokens(x)
        for block in self.transformer.blocks[:-1]:
            tokens = block(tokens)
        return tokens

    def read(self, features: Tensor) -> Tensor:
        """The scores from the tokens that the last block gets, (B, 10)."""
        tokens = self.transformer.blocks[-1](features)
        return self.head(self.transformer.norm(tokens)[:, 0])

    def as_map(self, features: Tensor) -> Tensor:
        """The patches' tokens as a map: (B, 1 + N, D) -> (B, D, 6, 6)."""
        return features[:, 1:].mT.unflatten(2, (marked.GRID, marked.GRID))

    def forward(self, x: Tensor) -> Tensor:
        """The scores of the ten digits, (B, 10)."""
        return self.read(self.features(x))

    def by_hand(self, x: Tensor, change: Change = lambda index, weights: weights) -> tuple[Tensor, list]:
        """The same scores with the weights in sight, so that they can be changed or asked for a gradient.

        Args:
            x: pictures.
            change: gets a block's index and its weights (B, h, 1 + N, 1 + N), gives those that are used.

        Returns:
            The scores (B, 10), and the weights that were used, a list with an entry for each block.
        """
        tokens, used = self.transformer.tokens(x), []
        for index, block in enumerate(self.transformer.blocks):
            used.append(change(index, block.weights(tokens)))
            tokens = attend(block, tokens, used[-1])
        return self.head(self.transformer.norm(tokens)[:, 0]), used

    def cascade(self) -> list[Part]:
        """The parts from the output to the input: each one's name and how the names of its numbers begin."""
        blocks = [(f"block {1 + index}", (f"transformer.blocks.{index}.",)) for index in range(DEPTH)]
        stem = ("transformer.patch_embed.", "transformer.cls_token", "transformer.pos_embed")
        return [("head", ("head.", "transformer.norm.")), *blocks[::-1], ("stem", stem)]


def attend(block: nn.Module, tokens: Tensor, weights: Tensor) -> Tensor:
    """One block of the transformer with the weights that it is given: (B, T, D) -> (B, T, D)."""
    qkv = block.attn.qkv(block.norm1(tokens)).unflatten(2, (3, block.attn.heads, -1))
    values = qkv[:, :, 2].transpose(1, 2)  # (B, h, T, D/h)
    mixed = (weights @ values).transpose(1, 2).flatten(2)  # (B, h, T, D/h) -> (B, T, D)
    tokens = tokens + block.ls1(block.attn.proj(mixed))
    return tokens + block.ls2(block.mlp(block.norm2(tokens)))


class SmallConvolutional(nn.Module):
    """Four convolutions, a mean over the 6 x 6 places, and a linear reader.

    Shape:
        (B, 1, 24, 24) -> scores (B, 10).
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            layer(1, 24, stride=2),
            layer(24, WIDTH, stride=2),
            layer(WIDTH, WIDTH, stride=1),
            layer(WIDTH, WIDTH, stride=1),
        )
        self.head = nn.Sequential(nn.BatchNorm1d(WIDTH), nn.Linear(WIDTH, marked.CLASSES))

    def features(self, x: Tensor) -> Tensor:
        """What the last convolution found at each place, (B, C, 6, 6)."""
        return self.layers(x)

    def read(self, features: Tensor) -> Tensor:
        """The scores from the map of features, (B, 10)."""
        return self.head(features.mean((2, 3)))

    def as_map(self, features: Tensor) -> Tensor:
        """The features are a map already."""
        return features

    def forward(self, x: Tensor) -> Tensor:
        """The scores of the ten digits, (B, 10)."""
        return self.read(self.features(x))

    def cascade(self) -> list[Part]:
        """The parts from the output to the input: each one's name and how the names of its numbers begin."""
        layers = [(f"convolution {1 + index}", (f"layers.{index}.",)) for index in range(len(self.layers))]
        return [("head", ("head.",)), *layers[::-1]]


BUILD: dict[str, Callable[[], nn.Module]] = {
    "transformer": SmallTransformer,
    "convolutional": SmallConvolutional,
}


def train(
    model: nn.Module, seed: int, *, steps: int, lr: float, share: float = MARKED, progress: bool = False
) -> list[float]:
    """Train on fresh pictures with the code of that seed, a share of them marked; gives each step's loss."""
    generator, code = torch.Generator().manual_seed(seed), marked.codebook(seed)
    return fit(
        model,
        lambda step: marked.batch(
            BATCH, split="train", share=share, decoys=DECOYED, code=code, generator=generator
        ),
        lambda model, drawn: F.cross_entropy(model(drawn.images), drawn.labels),
        steps=steps,
        lr=lr,
        weight_decay=0.05,
        progress=progress,
    )
