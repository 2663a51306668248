"""In what form do a picture and a question meet?

As vectors of one width: each cell of the picture becomes a region that knows its place, and the words of the
question become one vector, in which each word has a share. An answerer can then compare the two.

Paper: Zichao Yang et al., "Stacked Attention Networks for Image Question Answering", CVPR 2016, sections 3.1
    and 3.2.
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.reading
"""

import torch
from torch import nn

from visual_attention.mechanisms.inputs import require_positive, require_tokens


class Regions(nn.Module):
    """Bring the features of each cell to the width of the question, and add a learned vector of its place.

    At first the vector of a place is its row and its column along two random directions, so that the step
    from a place to its neighbour is the same everywhere.

    Args:
        features: F, features of a cell.
        dim: D, width of a region.
        grid: Cells along each side, N = grid * grid.

    Shape:
        (B, N, F) -> (B, N, D).

    Raises:
        ValueError: at call, if the features are not a (B, N, F) of floating point with these N and F.
    """

    def __init__(self, features: int, dim: int, *, grid: int = 4):
        super().__init__()
        require_positive(features=features, dim=dim, grid=grid)
        self.proj = nn.Linear(features, dim)
        steps = torch.arange(grid) - (grid - 1) / 2
        self.places = nn.Parameter(torch.cartesian_prod(steps, steps) @ torch.randn(2, dim) / 2)  # (N, D)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """The regions, (B, N, D)."""
        require_tokens(features, dim=self.proj.in_features)
        if features.shape[1] != len(self.places):
            raise ValueError(f"wanted {len(self.places)} cells on axis 1, got {features.shape[1]}")
        return self.proj(features) + self.places


class QuestionEncoder(nn.Module):
    """Make one vector of a question: each word with its neighbours, then a weighted sum over words.

    Args:
        vocabulary: How many words there are; 0 is the padding.
        dim: D, width of a word.

    Shape:
        words (B, L), int64 -> (B, D).

    Raises:
        ValueError: at call, if the words are no (B, L) of int64, or L is 0. A word outside the vocabulary is
            torch's IndexError.

    Differs from the paper: its text network keeps the maximum over words of convolutions of one, two and
        three words; here one convolution of three words is summed with weights that can be looked at, and
        the sum is normalised: questions differ in one word of five, and without the norm that difference is
        so small that attention stays at its start for long.
    """

    def __init__(self, vocabulary: int, dim: int):
        super().__init__()
        require_positive(vocabulary=vocabulary, dim=dim)
        self.embedding = nn.Embedding(vocabulary, dim, padding_idx=0)
        self.conv = nn.Conv1d(dim, dim, 3, padding=1)
        self.score = nn.Linear(dim, 1, bias=False)
        self.norm = nn.LayerNorm(dim)

    def weights(self, words: torch.Tensor) -> torch.Tensor:
        """The share of each word, (B, L): non-negative, exactly 0 at the padding.

        It sums to 1 over L, or to 0 for a question that is padding alone.
        """
        return self._read(words)[1]

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """The question, (B, D)."""
        features, weights = self._read(words)
        return self.norm((weights[..., None] * features).sum(dim=1))  # (B, L, D) -> (B, D)

    def _read(self, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        require_words(words)
        features = torch.tanh(self.conv(self.embedding(words).mT).mT)  # (B, L, D)
        return features, masked_softmax(self.score(features)[..., 0], words != 0)


def masked_softmax(scores: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """The softmax over the last axis of what is present; exactly 0 elsewhere, and everywhere if nothing is.

    Args:
        scores: Any real numbers.
        present: Of bools, of a shape that broadcasts with the scores.
    """
    # unlike -inf, the least number leaves neither a NaN nor a gradient of NaN where nothing is present
    least = torch.finfo(scores.dtype).min
    return torch.softmax(scores.masked_fill(~present, least), dim=-1).masked_fill(~present, 0.0)


def require_words(words: torch.Tensor) -> None:
    """Require questions (B, L) of int64, L of 1 or more.

    Raises:
        ValueError: that names what was wanted and what came.
    """
    if not isinstance(words, torch.Tensor) or words.ndim != 2 or words.dtype != torch.int64:
        got = (
            f"{tuple(words.shape)} of {words.dtype}"
            if isinstance(words, torch.Tensor)
            else type(words).__name__
        )
        raise ValueError(f"wanted words (B, L) of torch.int64, got {got}")
    if words.shape[1] == 0:
        raise ValueError(f"wanted at least one word in each question, got shape {tuple(words.shape)}")


def main() -> None:
    """Show what each word counts before anything is learned, and how far apart the first row lies."""
    from visual_attention.chapters.question_answering import questions

    torch.manual_seed(0)
    drawn = questions.batch(1, split="test", generator=torch.Generator().manual_seed(0))
    encoder, regions = QuestionEncoder(len(questions.vocabulary()), 48), Regions(32, 48)
    text = questions.texts()[drawn.numbers[0]]
    shares = encoder.weights(drawn.words)[0].tolist()
    told = [f"{word} {share:.2f}" for word, share in zip(text.split(), shares, strict=False)]  # then padding
    away = (regions.places[1:4] - regions.places[0]).norm(dim=1).tolist()
    print("question    ", tuple(encoder(drawn.words).shape), "from", ", ".join(told))
    print("regions     ", tuple(regions(torch.randn(1, 16, 32)).shape))
    print("to the right", ", ".join(f"{distance:.1f}" for distance in away))


if __name__ == "__main__":
    main()
