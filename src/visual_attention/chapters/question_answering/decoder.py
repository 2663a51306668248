"""What if the picture were the first words of a sentence?

Cells become tokens, the question's words follow, then the answer's, one by one: a causal transformer, in
which each token looks at those before it. This is the form of most vision-language models of today, in
small: frozen eyes, a linear layer that makes tokens of what they see, one stream, and the next word.

Paper: Haotian Liu et al., "Visual Instruction Tuning", NeurIPS 2023, section 4.1, for the form.
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.decoder
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.question_answering.placed import Placed, WordsInOrder
from visual_attention.chapters.question_answering.sentences import TOKENS, WORDS, Said, token
from visual_attention.chapters.question_answering.small_world import LENGTH
from visual_attention.mechanisms.inputs import require_positive

ASKED = LENGTH + 1  # tokens of a question, with its mark


class CausalBlock(nn.Module):
    """Each token looks at itself and at those before it, then thinks alone; both are added.

    Args:
        dim: D, width of all tokens.
        heads: h, must divide D.

    Shape:
        tokens (B, N, D) -> (B, N, D).

    Raises:
        ValueError: if ``heads`` does not divide ``dim``.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        require_positive(dim=dim, heads=heads)
        if dim % heads:
            raise ValueError(f"wanted heads that divide dim = {dim}, got {heads}")
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.think = nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))

    def weights(self, tokens: Tensor, forbidden: Tensor | None = None) -> Tensor:
        """What each token takes from each, (B, h, N, N): 0 after itself and at `forbidden` (B, N); rows sum
        to 1."""
        query, key, _ = self._parts(tokens)
        return self._shares(query, key, forbidden)

    def forward(self, tokens: Tensor, forbidden: Tensor | None = None) -> Tensor:
        """The tokens with what they saw and thought added, (B, N, D)."""
        query, key, value = self._parts(tokens)
        mixed = self._shares(query, key, forbidden) @ value  # (B, h, N, d)
        tokens = tokens + self.proj(mixed.transpose(1, 2).flatten(2))
        return tokens + self.think(self.norms[1](tokens))

    def _parts(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts = self.qkv(self.norms[0](tokens)).unflatten(2, (3, self.heads, -1))
        return parts.permute(2, 0, 3, 1, 4).unbind(0)  # (B, h, N, d) each

    def _shares(self, query: Tensor, key: Tensor, forbidden: Tensor | None) -> Tensor:
        scores = query @ key.mT / query.shape[-1] ** 0.5  # (B, h, N, N)
        after = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        if forbidden is not None:
            itself = torch.eye(len(after), dtype=torch.bool, device=scores.device)
            after = after | (forbidden[:, None, None] & ~itself)
        return scores.masked_fill(after, -torch.inf).softmax(-1)


class PictureDecoder(nn.Module):
    """Say the next word after a picture and the words so far.

    Args:
        dim: D, width of all tokens.
        depth: K, number of blocks.
        heads: h, heads of each attention.

    Shape:
        cells (B, 9, 32), tokens (B, T) -> scores of the next word after each token, (B, T, V).
    """

    def __init__(self, *, dim: int = 32, depth: int = 3, heads: int = 2):
        super().__init__()
        require_positive(dim=dim, depth=depth)
        self.cells = Placed(dim)
        self.words = WordsInOrder(len(TOKENS), dim, longest=ASKED + WORDS)
        self.blocks = nn.ModuleList(CausalBlock(dim, heads=heads) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, len(TOKENS))

    def weights(self, cells: Tensor, tokens: Tensor, forbidden: Tensor | None = None) -> Tensor:
        """What each token takes from each in each block and head, (B, K, h, N, N), N = 9 + T."""
        stream, maps = self._stream(cells, tokens), []
        for block in self.blocks:
            maps.append(block.weights(stream, forbidden))
            stream = block(stream, forbidden)
        return torch.stack(maps, dim=1)

    def forward(self, cells: Tensor, tokens: Tensor, forbidden: Tensor | None = None) -> Tensor:
        """Scores of the next word after each token, (B, T, V); nobody looks at `forbidden` tokens (B, N)."""
        stream = self._stream(cells, tokens)
        for block in self.blocks:
            stream = block(stream, forbidden)
        return self.head(self.norm(stream[:, cells.shape[1] :]))

    @torch.no_grad()
    def say(self, cells: Tensor, question: Tensor, forbidden: Tensor | None = None) -> Tensor:
        """The likeliest words after questions (B, 4), one after the other: (B, 4)."""
        tokens = question
        for _ in range(WORDS):
            hidden = None if forbidden is None else F.pad(forbidden, (0, tokens.shape[1] - ASKED))
            following = self(cells, tokens, hidden)[:, -1].argmax(1)
            tokens = torch.cat([tokens, following[:, None]], dim=1)
        return tokens[:, ASKED:]

    def _stream(self, cells: Tensor, tokens: Tensor) -> Tensor:
        return torch.cat([self.cells(cells), self.words(tokens)], dim=1)  # (B, 9 + T, D)


def loss(model: nn.Module, said: Said) -> Tensor:
    """Cross-entropy of each word of the answers, given the true words before it."""
    scores = model(said.cells, said.tokens[:, :-1])[:, ASKED - 1 :]  # (B, 4, V)
    return F.cross_entropy(scores.flatten(0, 1), said.tokens[:, ASKED:].flatten())


def main() -> None:
    """What does a decoder that knows nothing say?"""
    from visual_attention.chapters.question_answering.sentences import text

    torch.manual_seed(0)
    question = torch.tensor([[token(word) for word in ("colour", "left", "7", "?")]])
    print(text(PictureDecoder().say(torch.randn(1, 9, 32), question)[0]))


if __name__ == "__main__":
    main()
