"""What if words and cells were tokens of one stream?

Every token looks at every other, words at cells, cells at words, cells at cells; a last token collects the
answer. Or, in cross-attention, only words look, at each other and then at the cells.

Paper: Liunian Harold Li et al., "VisualBERT: A Simple and Performant Baseline for Vision and Language", 2019,
    section 3; Hao Tan and Mohit Bansal, "LXMERT", EMNLP 2019, section 2.2 (`CrossStream`).
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.streams
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.question_answering.cross_attention import CrossAttention, CrossBlock
from visual_attention.chapters.question_answering.placed import Placed, WordsInOrder
from visual_attention.mechanisms.inputs import require_positive


class StreamBlock(nn.Module):
    """Tokens look at each other, then each thinks alone; both are added.

    Args:
        dim: D, width of all tokens.
        heads: h, must divide D.

    Shape:
        tokens (B, N, D), present (B, N) -> (B, N, D).
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.attention = CrossAttention(dim, heads=heads)
        self.think = nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))

    def weights(self, tokens: Tensor, present: Tensor) -> Tensor:
        """What each token takes from each in each head, (B, h, N, N); rows sum to 1."""
        said = self.norms[0](tokens)
        return self.attention.weights(said, said, present)

    def forward(self, tokens: Tensor, present: Tensor, first: int | None = None) -> Tensor:
        """The tokens with what they saw and thought added; only the `first` ones, if no other is needed."""
        said = self.norms[0](tokens)
        tokens = tokens[:, :first] + self.attention(said[:, :first], said, present)
        return tokens + self.think(self.norms[1](tokens))


class JointStream(nn.Module):
    """Answer by one stream of an answer's token, words and cells.

    Args:
        vocabulary: How many words there are; 0 is the padding.
        answers: A, how many answers there are.
        dim: D, width of all tokens.
        depth: K, number of blocks.
        heads: h, heads of each attention.

    Shape:
        cells (B, 9, 32), words (B, L) -> scores (B, A), any real number.
    """

    def __init__(self, vocabulary: int, answers: int, *, dim: int = 24, depth: int = 2, heads: int = 2):
        super().__init__()
        require_positive(answers=answers, depth=depth)
        self.start = nn.Parameter(torch.randn(dim) * 0.5)
        self.words, self.cells = WordsInOrder(vocabulary, dim), Placed(dim)
        self.blocks = nn.ModuleList(StreamBlock(dim, heads=heads) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, answers)

    def weights(self, cells: Tensor, words: Tensor) -> Tensor:
        """What each token takes from each, (B, K, h, N, N) with N = 1 + L + 9: answer, words, cells."""
        tokens, present = self._start(cells, words, None)
        maps = []
        for block in self.blocks:
            maps.append(block.weights(tokens, present))
            tokens = block(tokens, present)
        return torch.stack(maps, dim=1)

    def forward(self, cells: Tensor, words: Tensor, forbidden: Tensor | None = None) -> Tensor:
        """A score for each answer, (B, A); nobody looks at `forbidden` cells (B, 9)."""
        tokens, present = self._start(cells, words, forbidden)
        for block in self.blocks[:-1]:
            tokens = block(tokens, present)
        return self.head(self.norm(self.blocks[-1](tokens, present, 1)[:, 0]))

    def _start(self, cells: Tensor, words: Tensor, forbidden: Tensor | None) -> tuple[Tensor, Tensor]:
        start = self.start.expand(len(words), 1, -1)
        tokens = torch.cat([start, self.words(words), self.cells(cells)], dim=1)
        everywhere = torch.ones(cells.shape[:2], dtype=torch.bool, device=cells.device)
        allowed = everywhere if forbidden is None else ~forbidden
        return tokens, torch.cat([F.pad(words > 0, (1, 0), value=True), allowed], dim=1)


class CrossStream(nn.Module):
    """Answer by words that look at each other and at the cells, and an answer's token among them.

    Args:
        vocabulary: How many words there are; 0 is the padding.
        answers: A, how many answers there are.
        dim: D, width of all tokens.
        depth: K, number of blocks.
        heads: h, heads of each attention.

    Shape:
        cells (B, 9, 32), words (B, L) -> scores (B, A), any real number.
    """

    def __init__(self, vocabulary: int, answers: int, *, dim: int = 32, depth: int = 2, heads: int = 2):
        super().__init__()
        require_positive(answers=answers, depth=depth)
        self.start = nn.Parameter(torch.randn(dim) * 0.5)
        self.words, self.cells, self.seen = WordsInOrder(vocabulary, dim), Placed(dim), nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(CrossBlock(dim, heads=heads, hidden=2 * dim) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, answers)

    def weights(self, cells: Tensor, words: Tensor) -> Tensor:
        """What the answer's token and each word take from each cell, (B, K, h, 1 + L, 9); rows sum to 1."""
        tokens, present, regions = self._start(cells, words)
        maps = []
        for block in self.blocks:
            maps.append(block.weights(tokens, regions, present))
            tokens = block(tokens, regions, present)
        return torch.stack(maps, dim=1)

    def forward(self, cells: Tensor, words: Tensor, forbidden: Tensor | None = None) -> Tensor:
        """A score for each answer, (B, A); nobody looks at `forbidden` cells (B, 9)."""
        tokens, present, regions = self._start(cells, words)
        allowed = None if forbidden is None else ~forbidden
        for block in self.blocks:
            tokens = block(tokens, regions, present, allowed)
        return self.head(self.norm(tokens[:, 0]))

    def _start(self, cells: Tensor, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        tokens = torch.cat([self.start.expand(len(words), 1, -1), self.words(words)], dim=1)
        return tokens, F.pad(words > 0, (1, 0), value=True), self.seen(self.cells(cells))


def main() -> None:
    """What is the shape of a stream's weights?"""
    torch.manual_seed(0)
    cells, words = torch.randn(2, 9, 32), torch.tensor([[1, 5, 18], [2, 4, 9]])
    for build in (JointStream, CrossStream):
        print(f"{build.__name__:12}", tuple(build(19, 7).weights(cells, words).shape))


if __name__ == "__main__":
    main()
