"""Can a convolution be told by the question what to look for?

In FiLM the question scales and shifts every feature map, alike at all places. The plainer way lays the
question beside each cell. Neither shares out weights: neighbours meet in the kernels, and a maximum over the
cells picks what answers.

Paper: Ethan Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", AAAI 2018, section 3.
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.modulated
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.question_answering.placed import Placed, WordsInOrder
from visual_attention.mechanisms.inputs import require_positive


class WholeQuestion(nn.Module):
    """All words of a question in one vector: two linear layers of the words side by side.

    Args:
        vocabulary: How many words there are; 0 is the padding.
        dim: D.

    Shape:
        (B, 3), int64 -> (B, D).
    """

    def __init__(self, vocabulary: int, dim: int):
        super().__init__()
        self.words = WordsInOrder(vocabulary, dim)
        self.join = nn.Sequential(
            nn.Linear(len(self.words.order) * dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, words: Tensor) -> Tensor:
        """The question, (B, D)."""
        return self.norm(self.join(self.words(words).flatten(1)))


class FiLM(nn.Module):
    """Answer by convolutions whose feature maps the question scales and shifts.

    Args:
        vocabulary: How many words there are; 0 is the padding.
        answers: A, how many answers there are.
        dim: D, channels.
        depth: K, convolutions.
        scaled: Whether the question scales and shifts; otherwise it is appended to each cell, and the
            norms have a scale and a shift of their own.

    Shape:
        cells (B, 9, 32), words (B, 3) -> scores (B, A), any real number.

    Differs from the paper: no recurrent network for three words, no 1 x 1 convolutions; the last layer sees
        the mean beside the maximum, since counts need it.
    """

    def __init__(self, vocabulary: int, answers: int, *, dim: int = 32, depth: int = 2, scaled: bool = True):
        super().__init__()
        require_positive(answers=answers, dim=dim, depth=depth)
        self.cells, self.question, self.scaled = Placed(dim), WholeQuestion(vocabulary, dim), scaled
        widths = [dim if scaled else 2 * dim, *[dim] * (depth - 1)]
        self.convs = nn.ModuleList(nn.Conv2d(width, dim, 3, padding=1) for width in widths)
        self.norms = nn.ModuleList(nn.BatchNorm2d(dim, affine=not scaled) for _ in range(depth))
        self.films = nn.ModuleList(nn.Linear(dim, 2 * dim) for _ in range(depth if scaled else 0))
        self.head = nn.Sequential(nn.Linear(2 * dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, answers))

    def forward(self, cells: Tensor, words: Tensor) -> Tensor:
        """A score for each answer, (B, A)."""
        asked, x = self.question(words), self.cells(cells).mT  # (B, D), (B, D, 9)
        x = x.unflatten(2, (round(x.shape[2] ** 0.5), -1))  # (B, D, 3, 3)
        if not self.scaled:
            x = torch.cat([x, asked[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)
        for k, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            made = norm(conv(x))
            if self.scaled:
                scale, shift = self.films[k](asked)[:, :, None, None].chunk(2, dim=1)
                made = made * (1 + scale) + shift
            x = F.relu(made) + (x if made.shape == x.shape else 0)
        x = x.flatten(2)
        return self.head(torch.cat([x.mean(2), x.amax(2)], dim=1))


def main() -> None:
    """How many numbers do they learn?"""
    from visual_attention.training import parameters

    for scaled in (True, False):
        print(f"scaled {scaled}: {parameters(FiLM(19, 7, scaled=scaled)):,} parameters")


if __name__ == "__main__":
    main()
