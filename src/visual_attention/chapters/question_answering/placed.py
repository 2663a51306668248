"""How does a cell know its place, and a word its place in the question?

Row and column are laid beside a cell's features, large enough to be seen beside them.

Chapter: notebooks/applications/question_answering.ipynb
"""

import torch
from torch import Tensor, nn

from visual_attention.chapters.question_answering.reading import require_words
from visual_attention.mechanisms.inputs import require_positive, require_tokens

LOUD = 3.0  # features have variance 1, and there are more of them


class Placed(nn.Module):
    """A linear layer of each cell's features with its row and its column, each as one of `grid`.

    Its buffer bears a name of torch's exported graphs, `code`: alone it cannot be exported, as a part it can.

    Args:
        dim: D, numbers that come out.
        features: F, features of a cell.
        grid: Cells along each side, N = grid * grid.

    Shape:
        (B, N, F) -> (B, N, D).
    """

    code: Tensor

    def __init__(self, dim: int, *, features: int = 32, grid: int = 3):
        super().__init__()
        require_positive(dim=dim, features=features, grid=grid)
        self.features = features
        line = torch.arange(grid)
        row_column = torch.cartesian_prod(line, line)  # (N, 2)
        self.register_buffer("code", LOUD * nn.functional.one_hot(row_column, grid).flatten(1).float())
        self.proj = nn.Linear(features + 2 * grid, dim)

    def forward(self, cells: Tensor) -> Tensor:
        """The cells with their places, (B, N, D)."""
        require_tokens(cells, dim=self.features)
        if cells.shape[1] != len(self.code):
            raise ValueError(f"wanted {len(self.code)} cells on axis 1, got {cells.shape[1]}")
        return self.proj(torch.cat([cells, self.code.to(cells.dtype).expand(len(cells), -1, -1)], dim=2))


class WordsInOrder(nn.Module):
    """A vector for each word plus a vector for its place in the question.

    Args:
        vocabulary: How many words there are; 0 is the padding.
        dim: D.
        longest: Words in the longest question.

    Shape:
        (B, L), int64 -> (B, L, D).
    """

    def __init__(self, vocabulary: int, dim: int, *, longest: int = 3):
        super().__init__()
        require_positive(vocabulary=vocabulary, dim=dim, longest=longest)
        self.embedding = nn.Embedding(vocabulary, dim, padding_idx=0)
        self.order = nn.Parameter(torch.randn(longest, dim) * 0.5)

    def forward(self, words: Tensor) -> Tensor:
        """The words with their places, (B, L, D)."""
        require_words(words)
        if words.shape[1] > len(self.order):
            raise ValueError(f"wanted at most {len(self.order)} words, got {words.shape[1]}")
        return self.embedding(words) + self.order[: words.shape[1]]
