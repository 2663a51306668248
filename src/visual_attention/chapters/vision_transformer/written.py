"""What if the block is the reader's own? Weights of DINOv2's names go into it, and it learns to read.

To learn in seconds it reads digits of 8 x 8 pixels.

Run: python -m visual_attention.chapters.vision_transformer.written
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.data import digits
from visual_attention.mechanisms.vision_transformer import TransformerBlock, VisionTransformer
from visual_attention.training import evaluate, fit, seeded

WIDTH, HEADS, DEPTH = 32, 4, 2
RATE, BATCH = 5e-3, 32

Block = Callable[[Tensor, dict[str, Tensor], int], Tensor]


class Written(nn.Module):
    """A vision transformer whose blocks are computed by a given function, and a reader of digits.

    Args:
        function: (tokens (B, N, D), the weights of a block by DINOv2's names, heads) to (B, N, D).

    Shape:
        (B, 1, 8, 8) -> (B, 10).
    """

    def __init__(self, function: Block):
        super().__init__()
        self.function = function
        self.transformer = VisionTransformer(8, patch_size=2, dim=WIDTH, depth=DEPTH, heads=HEADS, channels=1)
        self.head = nn.Linear(WIDTH, 10)

    def tokens(self, images: Tensor) -> Tensor:
        """The tokens after the last block, (B, 17, D)."""
        x = self.transformer.tokens(images)
        for block in self.transformer.blocks:
            x = self.function(x, dict(block.named_parameters()), HEADS)
        return self.transformer.norm(x)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.tokens(images)[:, 0])


def difference(function: Block, *, seed: int = 0) -> float:
    """How far, at most, tokens of a function's blocks lie from the package's own with the same weights."""
    with seeded(seed):
        model = Written(function)
        for parameter in model.parameters():
            parameter.data.add_(0.1 * torch.randn_like(parameter))
    images = digits.small("test")[0][:20]
    with torch.no_grad():
        return (model.tokens(images) - model.transformer(images)).abs().max().item()


def learn(function: Block, *, steps: int = 300, seed: int = 0) -> Written:
    """Train a reader around a function for two or three seconds."""
    with seeded(seed):
        model = Written(function)
    images, labels = digits.small("train")
    generator = torch.Generator().manual_seed(seed)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(images), (BATCH,), generator=generator)
        return images[chosen], labels[chosen]

    fit(model, batch, lambda m, b: F.cross_entropy(m(b[0]), b[1]), steps=steps, lr=RATE, progress=False)
    return model


def accuracy(model: Written) -> float:
    """The share of unseen digits that are named."""
    return evaluate(model, [digits.small("test")], lambda m, b: m(b[0]).argmax(1) == b[1])


def main() -> None:
    """With the package's own block, and with blocks that do nothing."""

    def package(tokens: Tensor, state: dict[str, Tensor], heads: int) -> Tensor:
        block = TransformerBlock(tokens.shape[-1], heads=heads)
        return torch.func.functional_call(block, state, tokens)

    for name, function in (("package's block", package), ("no block", lambda x, state, heads: x)):
        print(f"{name:16} names {accuracy(learn(function)):.0%} of the digits, guessing 10 %")


if __name__ == "__main__":
    main()
