"""What if the module is the reader's own? A small finder of twins, trained around a function for its heads.

To learn in seconds it is spared the eye: each token already says which digit it is and in which colour.

Run: python -m visual_attention.chapters.self_attention.written
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.data import twins
from visual_attention.training import evaluate, fit, seeded

WIDTH, HEADS = 48, 4


class Tokens(NamedTuple):
    """`digits` and `colours` of sixteen cells, and `labels`, the twin's colour: (B, 16) each."""

    digits: Tensor
    colours: Tensor
    labels: Tensor


def batch(count: int, generator: torch.Generator) -> Tokens:
    """Sixteen cells, eight digits twice, each in a random colour."""
    places = torch.arange(16)
    classes = torch.rand(count, 10, generator=generator).argsort(1)[:, :8].repeat(1, 2)
    colours = torch.randint(len(twins.COLOURS), (count, 16), generator=generator)
    order = torch.rand(count, 16, generator=generator).argsort(1)
    partner = ((places + 8) % 16).expand(count, -1)
    listed = (classes, colours, colours.gather(1, partner))
    return Tokens(*(values.gather(1, order) for values in listed))


Heads = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, int], Tensor]


class Written(nn.Module):
    """The numbers of two linear layers, a function that makes attention of them, and a reader of colours.

    Args:
        function: (tokens (B, N, D), in_weight (3D, D), in_bias (3D,), out_weight (D, D), out_bias (D,),
            heads) to (B, N, D).

    Shape:
        digits (B, 16) and colours (B, 16), integers -> scores of the twin's colour, (B, K, 16).
    """

    def __init__(self, function: Heads):
        super().__init__()
        self.function = function
        self.digit, self.colour = nn.Embedding(10, WIDTH), nn.Embedding(len(twins.COLOURS), WIDTH)
        into, out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.in_weight, self.in_bias = into.weight, into.bias
        self.out_weight, self.out_bias = out.weight, out.bias
        self.answer = nn.Sequential(
            nn.LayerNorm(2 * WIDTH),
            nn.Linear(2 * WIDTH, WIDTH),
            nn.GELU(),
            nn.Linear(WIDTH, len(twins.COLOURS)),
        )

    def forward(self, digits: Tensor, colours: Tensor) -> Tensor:
        x = self.digit(digits) + self.colour(colours)
        mixed = self.function(x, self.in_weight, self.in_bias, self.out_weight, self.out_bias, HEADS)
        return self.answer(torch.cat([x, mixed], dim=-1)).mT


def learn(function: Heads, *, steps: int = 200, seed: int = 0) -> Written:
    """Train one layer around a function for about a second."""
    with seeded(seed):
        model = Written(function)
    generator = torch.Generator().manual_seed(seed)
    fit(
        model,
        lambda step: batch(32, generator),
        lambda model, b: F.cross_entropy(model(b.digits, b.colours), b.labels),
        steps=steps,
        lr=1e-2,
        progress=False,
    )
    return model


def accuracy(model: Written, *, count: int = 200, seed: int = 1) -> float:
    """The share of cells whose twin's colour is named."""
    shown = batch(count, torch.Generator().manual_seed(seed))
    return evaluate(
        model, [shown], lambda model, b: (model(b.digits, b.colours).argmax(1) == b.labels).flatten()
    )


def main() -> None:
    """With torch's own function, and with heads that all take the same from all."""

    def torchs(
        x: Tensor, in_weight: Tensor, in_bias: Tensor, out_weight: Tensor, out_bias: Tensor, heads: int
    ):
        whole = nn.MultiheadAttention(x.shape[-1], heads, batch_first=True)
        values = {"in_proj_weight": in_weight, "in_proj_bias": in_bias}
        values |= {"out_proj.weight": out_weight, "out_proj.bias": out_bias}
        return torch.func.functional_call(whole, values, (x, x, x), {"need_weights": False})[0]

    def even(x: Tensor, in_weight: Tensor, in_bias: Tensor, out_weight: Tensor, out_bias: Tensor, heads: int):
        values = F.linear(x, in_weight, in_bias)[..., 2 * x.shape[-1] :]
        return F.linear(values.mean(dim=1, keepdim=True).expand_as(x), out_weight, out_bias)

    for name, function in (("torch's attention", torchs), ("even weights", even)):
        print(f"{name:18} names {accuracy(learn(function)):.0%} of the twins, guessing 17 %")


if __name__ == "__main__":
    main()
