"""What if every word of a question looked at the picture by itself?

Words ask regions in several heads, then words ask each other, and one more token collects the answer.

Paper: Ashish Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.3 (encoder-decoder
    attention); between words and regions as in Hao Tan and Mohit Bansal, "LXMERT: Learning Cross-Modality
    Encoder Representations from Transformers", EMNLP 2019, section 2.2.
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.cross_attention
"""

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.chapters.question_answering.reading import Regions, masked_softmax, require_words
from visual_attention.mechanisms.inputs import require_positive, require_tokens

LONGEST = 9  # words of a question


class CrossAttention(nn.Module):
    """Let each token of one sequence take from the tokens of another, in several heads.

    Queries come from `x`, keys and values from `context`. With `context` = `x` it is self-attention.

    Args:
        dim: D, width of all tokens.
        heads: h, must divide D.

    Shape:
        x (B, N, D), context (B, M, D) -> (B, N, D).

    Raises:
        ValueError: if ``heads`` does not divide ``dim``; at call, if an input is not a sequence of
            tokens of width D, or `present` does not fit the context.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        require_positive(dim=dim, heads=heads)
        if dim % heads:
            raise ValueError(f"wanted heads that divide dim = {dim}, got {heads}: {dim % heads} left over")
        self.dim, self.heads = dim, heads
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.proj = nn.Linear(dim, dim)

    def weights(
        self, x: torch.Tensor, context: torch.Tensor, present: torch.Tensor | None = None
    ) -> torch.Tensor:
        """What each token of x takes from each token of the context in each head, (B, h, N, M).

        Args:
            x: Who asks.
            context: Who is asked.
            present: (B, M), false for padding in the context, which gets exactly 0; None: all are there.

        Returns:
            Non-negative, each row sums to 1 over M, the last axis, or to 0 where nothing is present.
        """
        require_tokens(x, dim=self.dim)
        require_tokens(context, dim=self.dim)
        queries, keys = self._heads(self.query(x)), self._heads(self.key(context))
        scores = queries @ keys.mT / (self.dim // self.heads) ** 0.5  # (B, h, N, M)
        if present is None:
            return torch.softmax(scores, dim=-1)
        if present.shape != context.shape[:2]:
            raise ValueError(f"wanted present {tuple(context.shape[:2])}, got {tuple(present.shape)}")
        return masked_softmax(scores, present[:, None, None])

    def forward(
        self, x: torch.Tensor, context: torch.Tensor, present: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Each token's weighted means of the values, joined by ``proj``, (B, N, D)."""
        mixed = self.weights(x, context, present) @ self._heads(self.value(context))  # (B, h, N, d)
        return self.proj(mixed.transpose(1, 2).flatten(2))  # (B, h, N, d) -> (B, N, D)

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, N, D) -> (B, h, N, d)


class CrossBlock(nn.Module):
    """Words look at each other, then at the regions, then each thinks alone; all three are added.

    Args:
        dim: D, width of all tokens.
        heads: h, must divide D.
        hidden: Width of the layer in which each word thinks.

    Shape:
        words (B, L, D), regions (B, N, D), present (B, L) -> (B, L, D).
    """

    def __init__(self, dim: int, *, heads: int, hidden: int = 84):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))
        self.among_words = CrossAttention(dim, heads=heads)
        self.to_regions = CrossAttention(dim, heads=heads)
        self.think = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def weights(self, words: torch.Tensor, regions: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """How much each word takes from each region in each head, (B, h, L, N); rows sum to 1."""
        return self.to_regions.weights(self.norms[1](self._spoken(words, present)), regions)

    def forward(
        self,
        words: torch.Tensor,
        regions: torch.Tensor,
        present: torch.Tensor,
        allowed: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The words with what they heard, saw and thought, (B, L, D); only `allowed` regions are seen."""
        words = self._spoken(words, present)
        words = words + self.to_regions(self.norms[1](words), regions, allowed)
        return words + self.think(self.norms[2](words))

    def _spoken(self, words: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        said = self.norms[0](words)
        return words + self.among_words(said, said, present)


class CrossAnswerer(nn.Module):
    """Answer a question about a picture by words that look at regions.

    Args:
        vocabulary: How many words there are, with the padding.
        answers: A, how many answers there are.
        features: F, features of a cell.
        dim: D, width of all tokens.
        depth: K, number of blocks.
        heads: h, heads of each attention.

    Shape:
        cells (B, 16, F), words (B, L) with L <= 9 -> scores (B, A), any real number.
    """

    def __init__(
        self,
        vocabulary: int,
        answers: int,
        *,
        features: int = 32,
        dim: int = 32,
        depth: int = 2,
        heads: int = 4,
    ):
        super().__init__()
        require_positive(vocabulary=vocabulary, answers=answers, depth=depth)
        self.regions = Regions(features, dim)
        self.seen = nn.LayerNorm(dim)
        self.embedding = nn.Embedding(vocabulary, dim, padding_idx=0)
        self.order = nn.Parameter(torch.randn(1 + LONGEST, dim) * 0.5)  # the answer's place is the first
        self.blocks = nn.ModuleList(CrossBlock(dim, heads=heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, answers)

    def weights(self, cells: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """How much each token takes from each region, (B, K, h, 1 + L', 16); the answer's token is first."""
        tokens, present, regions = self._start(cells, words)
        maps = []
        for block in self.blocks:
            maps.append(block.weights(tokens, regions, present))
            tokens = block(tokens, regions, present)
        return torch.stack(maps, dim=1)

    def place_maps(self, cells: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """For each block one map, the mean over heads and over all tokens that are there: (B, K, 16)."""
        maps = self.weights(cells, words).mean(dim=2)  # (B, K, 1 + L', 16)
        there = self._present(words).to(maps.dtype)  # (B, 1 + L')
        return (maps * there[:, None, :, None]).sum(dim=2) / there.sum(dim=1)[:, None, None]

    def forward(self, cells: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """A score for each answer, (B, A)."""
        tokens, present, regions = self._start(cells, words)
        for block in self.blocks:
            tokens = block(tokens, regions, present)
        return self.head(self.norm(tokens[:, 0]))

    def _start(self, cells: torch.Tensor, words: torch.Tensor) -> tuple[torch.Tensor, ...]:
        require_words(words)
        if words.shape[1] >= len(self.order):
            raise ValueError(f"wanted at most {len(self.order) - 1} words, got {words.shape[1]}")
        tokens = F.pad(self.embedding(words), (0, 0, 1, 0)) + self.order[: 1 + words.shape[1]]
        return tokens, self._present(words), self.seen(self.regions(cells))

    def _present(self, words: torch.Tensor) -> torch.Tensor:
        return F.pad(words > 0, (1, 0), value=True)  # (B, 1 + L')


def main() -> None:
    """Show what words that know nothing look at."""
    torch.manual_seed(0)
    model = CrossAnswerer(31, 10).eval()
    cells, words = torch.randn(2, 16, 32), torch.tensor([[3, 5, 7, 0], [1, 2, 3, 4]])
    looks = model.weights(cells, words)
    print("scores        ", tuple(model(cells, words).shape))
    print("words, regions", tuple(looks.shape), f"rows sum to {looks.sum(dim=-1).mean():.3f}")


if __name__ == "__main__":
    main()
