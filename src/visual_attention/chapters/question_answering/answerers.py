"""Can a network look where a question sends it, and look again from there?

The picture becomes sixteen regions, a vector each, and the question one vector. Stacked attention compares
the question with each region, adds what it found to the question, and looks again with that.

Paper: Zichao Yang, Xiaodong He, Jianfeng Gao, Li Deng and Alex Smola, "Stacked Attention Networks for Image
    Question Answering", CVPR 2016, section 3.3.
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.answerers
"""

from collections.abc import Callable

import torch
from torch import nn

from visual_attention.chapters.question_answering.reading import QuestionEncoder, Regions
from visual_attention.mechanisms.inputs import require_positive, require_tokens


class StackedAttention(nn.Module):
    """Look at the regions several times, each time with a question that knows what was seen before.

    Hop k: scores s = w . tanh(W_I v_i + W_Q u + b) for all regions v_i, weights p = softmax(s), and the next
    question u' = u + W_V sum_i p_i v_i. Each hop has parameters of its own.

    Args:
        dim: D, width of a region and of the question.
        hops: K, how often it looks.
        hidden: Width of the comparison.
        own_values: Whether each hop has a W_V; without, what was found is added as it is.

    Shape:
        question (B, D), regions (B, N, D) -> (B, D), the question with all that was found added.

    Raises:
        ValueError: if a size is not above 0; at call, if the regions are not a (B, N, D) of floating
            point, or the question does not fit them.

    Differs from the paper: W_V. The paper adds what was found as it is (``own_values=False``). Then the finds
        of two hops lie on top of each other in the same numbers, and the answer cannot tell whose is whose.
    """

    def __init__(self, dim: int, *, hops: int = 2, hidden: int = 64, own_values: bool = True):
        super().__init__()
        require_positive(dim=dim, hops=hops, hidden=hidden)
        self.dim = dim
        self.of_regions = nn.ModuleList(nn.Linear(dim, hidden, bias=False) for _ in range(hops))
        self.of_question = nn.ModuleList(nn.Linear(dim, hidden) for _ in range(hops))
        self.score = nn.ModuleList(nn.Linear(hidden, 1, bias=False) for _ in range(hops))
        self.value = nn.ModuleList(
            nn.Linear(dim, dim, bias=False) if own_values else nn.Identity() for _ in range(hops)
        )

    def weights(self, question: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        """How much each hop takes from each region, (B, K, N): non-negative, sums to 1 over the last axis."""
        return self._look(question, regions)[1]

    def forward(self, question: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        """The question after the last hop, (B, D)."""
        return self._look(question, regions)[0]

    def hop_weights(self, hop: int, question: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        """The weights of one hop for the question as it is at that hop, (B, N)."""
        asked = self.of_question[hop](question)[:, None]  # (B, 1, hidden)
        compared = torch.tanh(self.of_regions[hop](regions) + asked)  # (B, N, hidden)
        return torch.softmax(self.score[hop](compared)[..., 0], dim=1)

    def _look(self, question: torch.Tensor, regions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        require_tokens(regions, dim=self.dim)
        if question.shape != (len(regions), self.dim):
            raise ValueError(f"wanted questions {(len(regions), self.dim)}, got {tuple(question.shape)}")
        maps = []
        for hop in range(len(self.score)):
            weights = self.hop_weights(hop, question, regions)
            found = (weights[..., None] * regions).sum(dim=1)  # (B, N, D) -> (B, D)
            question = question + self.value[hop](found)
            maps.append(weights)
        return question, torch.stack(maps, dim=1)


class StackedAnswerer(nn.Module):
    """Answer a question about a picture by stacked attention.

    Args:
        vocabulary: How many words there are, with the padding.
        answers: A, how many answers there are.
        features: F, features of a cell.
        dim: D, width of regions and question.
        hidden: Width of the comparison and of the layer before the answers.
        attention: Builds what looks, from dim and hidden; None: stacked attention with two hops.

    Shape:
        cells (B, 16, F), words (B, L) -> scores (B, A), any real number.

    Differs from the paper: one more layer before the answers, for whether two colours are the same cannot be
        read off their sum by a linear layer.
    """

    def __init__(
        self,
        vocabulary: int,
        answers: int,
        *,
        features: int = 32,
        dim: int = 48,
        hidden: int = 64,
        attention: Callable[[int, int], nn.Module] | None = None,
    ):
        super().__init__()
        self.regions = Regions(features, dim)
        self.question = QuestionEncoder(vocabulary, dim)
        self.attention = (attention or two_hops)(dim, hidden)
        self.head = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, answers))

    def weights(self, cells: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """How much each hop takes from each cell, (B, K, 16); each row sums to 1."""
        return self.attention.weights(self.question(words), self.regions(cells))

    def place_maps(self, cells: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """One map for each look: the weights themselves, (B, K, 16)."""
        return self.weights(cells, words)

    def word_weights(self, words: torch.Tensor) -> torch.Tensor:
        """How much each word counts in the question, (B, L); each row sums to 1."""
        return self.question.weights(words)

    def forward(self, cells: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """A score for each answer, (B, A)."""
        return self.head(self.attention(self.question(words), self.regions(cells)))


def two_hops(dim: int, hidden: int) -> StackedAttention:
    """Look, and look again."""
    return StackedAttention(dim, hops=2, hidden=hidden)


class ConcatenatingAnswerer(nn.Module):
    """Answer without attention: all regions and the question in one long vector, and three linear layers.

    Nothing is averaged away: each region is brought to fewer numbers, then all are laid side by side.

    Args:
        vocabulary: How many words there are, with the padding.
        answers: A, how many answers there are.
        features: F, features of a cell.
        dim: D, width of regions and question.
        narrow: Numbers for each region in the long vector.
        hidden: Width of the two layers before the answers.

    Shape:
        cells (B, 16, F), words (B, L) -> scores (B, A), any real number.
    """

    def __init__(
        self,
        vocabulary: int,
        answers: int,
        *,
        features: int = 32,
        dim: int = 48,
        narrow: int = 8,
        hidden: int = 77,
    ):
        super().__init__()
        self.regions = Regions(features, dim)
        self.question = QuestionEncoder(vocabulary, dim)
        self.narrow = nn.Linear(dim, narrow)
        self.head = nn.Sequential(
            nn.Linear(len(self.regions.places) * narrow + dim, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, answers),
        )

    def forward(self, cells: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """A score for each answer, (B, A)."""
        seen = torch.relu(self.narrow(self.regions(cells))).flatten(1)  # (B, N, narrow) -> (B, N * narrow)
        return self.head(torch.cat([seen, self.question(words)], dim=1))


def main() -> None:
    """Show what a network that knows nothing looks at."""
    from visual_attention.chapters.question_answering import questions

    torch.manual_seed(0)
    drawn = questions.batch(2, split="test", generator=torch.Generator().manual_seed(0))
    model = StackedAnswerer(len(questions.vocabulary()), len(questions.ANSWERS))
    cells = torch.randn(2, 16, 32)
    print("question    ", questions.texts()[drawn.numbers[0]])
    print("scores      ", tuple(model(cells, drawn.words).shape))
    print("hop by hop  ", tuple(model.weights(cells, drawn.words).shape))
    print("words sum to", f"{model.word_weights(drawn.words).sum(dim=1)[0]:.3f}")


if __name__ == "__main__":
    main()
