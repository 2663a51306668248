"""How far does one get without looking, or without one half of what is asked?

Chapter: notebooks/applications/question_answering.ipynb
"""

import torch
from torch import Tensor, nn

from visual_attention.chapters.question_answering.modulated import WholeQuestion
from visual_attention.chapters.question_answering.placed import Placed


def head(width: int, hidden: int, answers: int) -> nn.Sequential:
    """Three linear layers."""
    return nn.Sequential(
        nn.Linear(width, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, answers),
    )


class LongVector(nn.Module):
    """The question and all cells in one long vector, and three linear layers.

    Args:
        vocabulary: How many words there are; 0 is the padding.
        answers: A, how many answers there are.
        dim: D of the question.
        hidden: Width of the layers.

    Shape:
        cells (B, 9, 32), words (B, 3) -> scores (B, A), any real number.
    """

    def __init__(self, vocabulary: int, answers: int, *, dim: int = 32, hidden: int = 64):
        super().__init__()
        self.question = WholeQuestion(vocabulary, dim)
        self.head = head(9 * 32 + dim, hidden, answers)

    def forward(self, cells: Tensor, words: Tensor) -> Tensor:
        """A score for each answer, (B, A)."""
        return self.head(torch.cat([cells.flatten(1), self.question(words)], dim=1))


class QuestionAlone(nn.Module):
    """The trivial answer that never sees the picture: how far does habit go?

    Args:
        vocabulary: How many words there are; 0 is the padding.
        answers: A, how many answers there are.
        dim: D of the question.

    Shape:
        cells (B, 9, 32), words (B, 3) -> scores (B, A), any real number.
    """

    def __init__(self, vocabulary: int, answers: int, *, dim: int = 32):
        super().__init__()
        self.question, self.head = WholeQuestion(vocabulary, dim), nn.Linear(dim, answers)

    def forward(self, cells: Tensor, words: Tensor) -> Tensor:
        """A score for each answer, (B, A)."""
        return self.head(self.question(words))


class PictureAlone(nn.Module):
    """The trivial answer that never hears the question.

    Args:
        answers: A, how many answers there are.
        dim: D of a cell.

    Shape:
        cells (B, 9, 32), words (B, 3) -> scores (B, A), any real number.
    """

    def __init__(self, answers: int, *, dim: int = 32):
        super().__init__()
        self.cells, self.head = Placed(dim), head(2 * dim, 2 * dim, answers)

    def forward(self, cells: Tensor, words: Tensor) -> Tensor:
        """A score for each answer, (B, A)."""
        x = torch.relu(self.cells(cells))
        return self.head(torch.cat([x.mean(1), x.amax(1)], dim=1))


class WithoutName(nn.Module):
    """A network that never hears the last word: how far do the side and the picture go?

    Args:
        model: cells (B, 9, 32) and words (B, 3) -> scores (B, A).

    Shape:
        As the network's.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, cells: Tensor, words: Tensor) -> Tensor:
        """A score for each answer, (B, A)."""
        return self.model(cells, torch.cat([words[:, :-1], torch.zeros_like(words[:, -1:])], dim=1))
