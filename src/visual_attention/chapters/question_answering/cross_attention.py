"""What if every word of a question looked at the picture by itself?

Words ask each other, then regions, in several heads; `streams.CrossStream` answers with such blocks.

Paper: Ashish Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.3 (encoder-decoder
    attention); between words and regions as in Hao Tan and Mohit Bansal, "LXMERT: Learning Cross-Modality
    Encoder Representations from Transformers", EMNLP 2019, section 2.2.
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.cross_attention
"""

import torch
from torch import nn

from visual_attention.chapters.question_answering.reading import masked_softmax
from visual_attention.mechanisms.inputs import require_positive, require_tokens


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


def main() -> None:
    """Show what words that know nothing look at."""
    torch.manual_seed(0)
    block = CrossBlock(32, heads=4)
    words, regions = torch.randn(2, 5, 32), torch.randn(2, 16, 32)
    looks = block.weights(words, regions, torch.ones(2, 5, dtype=torch.bool))
    print("words, regions", tuple(looks.shape), f"rows sum to {looks.sum(dim=-1).mean():.3f}")


if __name__ == "__main__":
    main()
