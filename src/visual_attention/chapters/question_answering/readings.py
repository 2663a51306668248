"""What if each look read the question anew?

A hop shares out a budget over the words, makes a query of what it read and of what the hop before found, and
shares out another budget over the cells. So one look can be for the named thing, and the next for the side.

Paper: Drew A. Hudson and Christopher D. Manning, "Compositional Attention Networks for Machine Reasoning",
    ICLR 2018, section 3.2, much simplified.
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.readings
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from visual_attention.chapters.question_answering.placed import Placed, WordsInOrder
from visual_attention.chapters.question_answering.reading import masked_softmax
from visual_attention.mechanisms.inputs import require_positive

Change = Callable[[int, Tensor], Tensor]  # hop, its weights over the cells (B, N) -> other weights


class Looked(NamedTuple):
    """What K hops did: weights of words (B, K, L), weights of cells (B, K, N), and the finds (B, K, D)."""

    words: Tensor
    cells: Tensor
    found: Tensor


class ReadingHops(nn.Module):
    """Answer by hops, each with a reading of its own.

    Hop k: r_k is the sum of the words, weighted by a softmax of their products with a learned vector; the
    query comes from r_k and from m_(k-1), what the hop before found; the weights of the cells are the softmax
    of the query's products with the keys, over the square root of D; m_k is the weighted sum of the values.

    Args:
        vocabulary: How many words there are; 0 is the padding.
        answers: A, how many answers there are.
        dim: D.
        hops: K, how often it looks.
        own: Whether each hop reads for itself; otherwise all share one reading, as in stacked attention.
        even: Whether all cells weigh alike, always: a control.

    Shape:
        cells (B, 9, 32), words (B, L) -> scores (B, A), any real number.

    Differs from the paper: three words without a recurrent network; the control of a hop does not know the
        hop before; nothing is gated, and the answer reads what all hops found.
    """

    def __init__(
        self,
        vocabulary: int,
        answers: int,
        *,
        dim: int = 32,
        hops: int = 2,
        own: bool = True,
        even: bool = False,
    ):
        super().__init__()
        require_positive(vocabulary=vocabulary, answers=answers, dim=dim, hops=hops)
        self.dim, self.hops, self.even = dim, hops, even
        self.words = WordsInOrder(vocabulary, dim)
        self.key, self.value = Placed(dim), Placed(dim)
        self.read = nn.Parameter(torch.randn(hops if own else 1, dim) * 0.3)
        self.norm = nn.LayerNorm(dim)
        self.ask = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))
            for _ in range(hops)
        )
        self.head = nn.Sequential(
            nn.Linear((hops + 1) * dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, answers)
        )

    def weights(self, cells: Tensor, words: Tensor) -> Tensor:
        """How much each hop takes from each cell, (B, K, 9); each row sums to 1."""
        return self.look(cells, words).cells

    def word_weights(self, cells: Tensor, words: Tensor) -> Tensor:
        """How much each hop reads of each word, (B, K, L); rows sum to 1 over the words that are there."""
        return self.look(cells, words).words

    def look(self, cells: Tensor, words: Tensor, change: Change | None = None) -> Looked:
        """All hops; `change` is made to the weights of each."""
        keys, values, said = self.key(cells), self.value(cells), self.words(words)
        memory, looked = torch.zeros_like(keys[:, 0]), []
        for hop in range(self.hops):
            own = self.read[min(hop, len(self.read) - 1)]
            read = masked_softmax(said @ own, words > 0)  # (B, L)
            asked = self.norm((read[:, None] @ said)[:, 0])  # (B, D)
            query = self.ask[hop](torch.cat([asked, memory], dim=1))
            scores = (keys @ query[..., None])[..., 0] / self.dim**0.5  # (B, N)
            weights = torch.softmax(0 * scores if self.even else scores, dim=1)
            weights = change(hop, weights) if change else weights
            memory = (weights[:, None] @ values)[:, 0]  # (B, D)
            looked.append((read, weights, memory))
        return Looked(*(torch.stack(parts, dim=1) for parts in zip(*looked, strict=True)))

    def forward(self, cells: Tensor, words: Tensor, change: Change | None = None) -> Tensor:
        """A score for each answer, (B, A)."""
        looked = self.look(cells, words, change)
        last = self.norm((looked.words[:, -1:] @ self.words(words))[:, 0])
        return self.head(torch.cat([last, looked.found.flatten(1)], dim=1))


def main() -> None:
    """Which words would a network that knows nothing read, and where would it look?"""
    torch.manual_seed(0)
    model, words = ReadingHops(19, 7), torch.tensor([[1, 5, 18]])
    looked = model.look(torch.randn(1, 9, 32), words)
    print("words", looked.words[0].detach().numpy().round(2).tolist())
    print("cells", tuple(looked.cells.shape))


if __name__ == "__main__":
    main()
