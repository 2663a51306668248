"""What if the template and the window are read together, each token asking all others?

A tracker of one stream: the tokens of the template and those of the window stand in one sequence, and block
by block every token asks every other. So the window learns what is looked for, and the template learns what
it is looked for among. A head reads each of the window's tokens: is the centre here, where exactly, how
large?

Paper: Botao Ye et al., "Joint Feature Learning and Relation Modeling for Tracking: A One-Stream Framework",
    ECCV 2022, section 3.
Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.fusion
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.tracking.encoder import DIM, STRIDE, encoder
from visual_attention.chapters.tracking.follow import SEARCH
from visual_attention.chapters.tracking.paths import SIZE
from visual_attention.chapters.tracking.trackers import TEMPLATE
from visual_attention.mechanisms.self_attention import attention_weights
from visual_attention.training import parameters

SIDE = SEARCH // STRIDE  # places along a side of the window
PLACES, PARTS = SIDE**2, (TEMPLATE // STRIDE) ** 2  # tokens of the window, and of the template after them
LOOKS = ("two ways", "one way", "uniform")

Change = Callable[[Tensor], Tensor]  # of weights (B, h, 80, 80): who asks, and who is asked


class Answer(NamedTuple):
    """For each place of the window: a score (B, 64), where the centre would lie (B, 64, 2) in pixels of the
    window, and how large the target would be (B, 64, 2) in pixels."""

    scores: Tensor
    centres: Tensor
    sizes: Tensor

    def best(self) -> tuple[Tensor, Tensor]:
        """Centre and size (B, 2) at the place with the highest score."""
        rows = torch.arange(len(self.scores), device=self.scores.device)
        place = self.scores.argmax(dim=1)
        return self.centres[rows, place], self.sizes[rows, place]


class Head(nn.Module):
    """What each place says: is the centre here, where exactly, how large?

    Shape:
        (B, 64, in_dim) -> `Answer`
    """

    def __init__(self, in_dim: int, dim: int):
        super().__init__()
        self.read = nn.Sequential(nn.LayerNorm(in_dim), nn.Linear(in_dim, dim), nn.GELU(), nn.Linear(dim, 5))

    def forward(self, x: Tensor) -> Answer:
        said = self.read(x)
        centres = middles(x) + STRIDE * said[..., 1:3]
        return Answer(said[..., 0], centres, SIZE * said[..., 3:].clamp(-3, 3).exp())


def middles(like: Tensor) -> Tensor:
    """The middle of each place in pixels of the window, x then y, row by row: (64, 2), of a tensor's kind."""
    line = STRIDE * torch.arange(SIDE, dtype=like.dtype, device=like.device) + STRIDE / 2
    return torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).flatten(0, 1)


class Finder(nn.Module):
    """What all contenders share: from packed pairs, or from tokens made of them before, to `Answer`.

    Args:
        frozen: Read the shared encoder's tokens; otherwise those of a copy that learns along.

    Shape:
        pairs (B, 3, 48, 72), bytes; tokens (B, 80, 32), or None -> `Answer`.
    """

    def __init__(self, *, frozen: bool = True):
        super().__init__()
        self.own = None if frozen else copy.deepcopy(encoder()).requires_grad_(True)

    def forward(self, pairs: Tensor, tokens: Tensor | None = None, change: Change | None = None) -> Answer:
        if self.own is not None:
            tokens = self.own.pair(pairs)
        elif tokens is None:
            tokens = encoder().pair(pairs)
        return self.answer(tokens, pairs, change)

    def answer(self, tokens: Tensor, pairs: Tensor, change: Change | None) -> Answer:
        """What is found in tokens (B, 80, 32)."""
        raise NotImplementedError


class JointBlock(nn.Module):
    """Every token asks every other, in several heads, and then thinks for itself.

    Args:
        dim: D.
        heads: h, divides D.
        looks: "two ways"; "one way", in which the template does not ask the window; or "uniform", the
            control, in which each token takes alike from all.

    Shape:
        (B, N, D) -> (B, N, D)
    """

    def __init__(self, dim: int, *, heads: int = 2, looks: str = "two ways"):
        super().__init__()
        if looks not in LOOKS:
            raise ValueError(f"looks: wanted one of {', '.join(LOOKS)}; got {looks!r}")
        self.heads, self.looks = heads, looks
        self.norm, self.qkv, self.proj = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.think = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )

    def weights(self, x: Tensor) -> Tensor:
        """What each token takes from each, (B, h, N, N): rows sum to 1 over the last axis."""
        return self._weigh(*self._split(x)[:2])

    def forward(self, x: Tensor, change: Change | None = None) -> Tensor:
        queries, keys, values = self._split(x)
        weights = self._weigh(queries, keys)
        weights = change(weights) if change else weights
        x = x + self.proj((weights @ values).transpose(1, 2).flatten(2))  # (B, h, N, D/h) -> (B, N, D)
        return x + self.think(x)

    def _weigh(self, queries: Tensor, keys: Tensor) -> Tensor:
        if self.looks == "uniform":
            return queries.new_full((*queries.shape[:3], keys.shape[2]), 1 / keys.shape[2])
        weights = attention_weights(queries, keys, scale=queries.shape[-1] ** -0.5)
        return template_deaf(weights) if self.looks == "one way" else weights

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        made = self.qkv(self.norm(x)).unflatten(2, (3, self.heads, -1))  # (B, N, 3, h, D/h)
        return made.permute(2, 0, 3, 1, 4).unbind(0)


class OneStream(Finder):
    """Template and window in one sequence.

    Args:
        dim: D of the tokens.
        depth: Blocks, one after the other.
        looks: As in `JointBlock`.
        frozen: As in `Finder`.

    Shape:
        As `Finder`.

    Differs from the paper: a small frozen encoder makes the tokens, and not one linear layer of the
        pictures, two blocks stand for twelve, no places are dropped on the way, and the head is two layers
        for each place instead of convolutions.
    """

    def __init__(self, *, dim: int = 32, depth: int = 2, looks: str = "two ways", frozen: bool = True):
        super().__init__(frozen=frozen)
        self.embed = nn.Linear(DIM, dim)
        self.position = nn.Parameter(0.02 * torch.randn(PLACES + PARTS, dim))
        self.blocks = nn.ModuleList(JointBlock(dim, looks=looks) for _ in range(depth))
        self.head = Head(dim, dim)

    def answer(self, tokens: Tensor, pairs: Tensor, change: Change | None = None) -> Answer:
        x = self.embed(tokens) + self.position
        for block in self.blocks:
            x = block(x, change)
        return self.head(x[:, :PLACES])

    def weights(self, tokens: Tensor) -> list[Tensor]:
        """What each token takes from each, block by block, (B, h, 80, 80)."""
        x, found = self.embed(tokens) + self.position, []
        for block in self.blocks:
            found.append(block.weights(x))
            x = block(x)
        return found


def template_deaf(weights: Tensor) -> Tensor:
    """The template's tokens take nothing from the window; what they give each other grows to a sum of 1."""
    of_template = torch.arange(weights.shape[-1], device=weights.device) >= PLACES
    weights = weights * ~(of_template[:, None] & ~of_template)
    return weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-12)


def loss(model: nn.Module, batch: NamedTuple) -> Tensor:
    """How unlikely the places next to the true centre are, and how far off centre and size are there."""
    found: Answer = model(batch.pairs, batch.tokens)
    away = (middles(batch.centre) - batch.centre[:, None]).norm(dim=-1)  # (B, 64)
    share = F.softmax(-(away**2) / (2 * (STRIDE / 2) ** 2), dim=1)  # most of it at the nearest place
    named = -(share * found.scores.log_softmax(dim=1)).sum(dim=1)
    off = (found.centres - batch.centre[:, None]).abs().sum(dim=-1) / STRIDE
    off = off + (found.sizes / batch.size[:, None].clamp(min=1)).log().abs().sum(dim=-1)
    return (named + 0.5 * (share * off).sum(dim=1)).mean()


def main() -> None:
    """How large is it, and what does it say of noise?"""
    torch.manual_seed(0)
    model = OneStream().eval()
    centre, size = model(torch.randint(0, 256, (2, 3, SEARCH, SEARCH + TEMPLATE), dtype=torch.uint8)).best()
    print(f"{parameters(model):,} parameters, centres {tuple(centre.shape)}, sizes {tuple(size.shape)}")


if __name__ == "__main__":
    main()
