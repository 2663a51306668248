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

    A block is its weights alone, without layers: what is done with them is the function's.

    Args:
        function: (tokens (B, N, D), the weights of a block by DINOv2's names, heads) to (B, N, D).

    Shape:
        (B, 1, 8, 8) -> (B, 10).
    """

    def __init__(self, function: Block):
        super().__init__()
        self.function = function
        whole = VisionTransformer(8, patch_size=2, dim=WIDTH, depth=DEPTH, heads=HEADS, channels=1)
        states = [dict(block.named_parameters()) for block in whole.blocks]
        self.names = list(states[0])
        self.blocks = nn.ModuleList(nn.ParameterList(state.values()) for state in states)
        self.patch_embed, self.norm = whole.patch_embed, whole.norm
        self.cls_token, self.pos_embed = whole.cls_token, whole.pos_embed
        self.head = nn.Linear(WIDTH, 10)

    def tokens(self, images: Tensor) -> Tensor:
        """The tokens after the last block, (B, 17, D)."""
        x = torch.cat([self.cls_token.expand(len(images), -1, -1), self.patch_embed(images)], dim=1)
        x = x + self.pos_embed
        for weights in self.blocks:
            x = self.function(x, dict(zip(self.names, weights, strict=True)), HEADS)
        return self.norm(x)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.tokens(images)[:, 0])


def package(tokens: Tensor, state: dict[str, Tensor], heads: int) -> Tensor:
    """The package's own block with given weights."""
    block = TransformerBlock(tokens.shape[-1], heads=heads)
    return torch.func.functional_call(block, state, tokens)


def difference(function: Block, *, seed: int = 0) -> float:
    """How far, at most, tokens of a function's blocks lie from the package's own with the same weights."""
    with seeded(seed):
        model, right = Written(function), Written(package)
        for parameter in model.parameters():
            parameter.data.add_(0.1 * torch.randn_like(parameter))
        right.load_state_dict(model.state_dict())
        images = digits.small("test")[0][:20]
        with torch.no_grad():
            return (model.tokens(images) - right.tokens(images)).abs().max().item()


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
    for name, function in (("package's block", package), ("no block", lambda x, state, heads: x)):
        print(f"{name:16} names {accuracy(learn(function)):.0%} of the digits, guessing 10 %")


if __name__ == "__main__":
    main()
