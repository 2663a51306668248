"""What if the tokens that are asked are summed up first, or fewer?

Papers: linear attention: Angelos Katharopoulos et al., "Transformers are RNNs: Fast Autoregressive
    Transformers with Linear Attention", ICML 2020, section 3.2; merging: Daniel Bolya et al., "Token Merging:
    Your ViT But Faster", ICLR 2023, section 3; dropping: Youwei Liang et al., "Not All Patches are What You
    Need: Expediting Vision Transformers via Token Reorganizations", ICLR 2022.
Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.compressed
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.cost.exact import Explicit, scores


class Linear(Explicit):
    """A product of positive features in place of the exponential, so that the keys can be summed up first.

    (phi(Q) phi(K)^T) V is phi(Q) (phi(K)^T V): the second way never makes a matrix of N x N. The weights are
    still shares of 1, but they are no softmax: a row is a mixture of only d patterns.
    """

    def weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        products = positive(queries) @ positive(keys).mT
        return products / products.sum(dim=-1, keepdim=True)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        asked, offered = positive(queries), positive(keys)
        summed_up = offered.mT @ values  # (B, d, N) @ (B, N, d): as large as a token, not as the picture
        total = asked @ offered.sum(dim=1).unsqueeze(-1)  # (B, N, d) @ (B, d, 1)
        return asked @ summed_up / total


def positive(x: Tensor) -> Tensor:
    """The paper's features: elu(x) + 1, above 0 everywhere."""
    return F.elu(x) + 1


class Merged(Explicit):
    """Tokens with like keys are asked as one, whose key and value are the means of theirs.

    Every second token seeks the one of the rest that is most like it; the likeliest pairs are merged. A
    merged token counts as many times as it has members.

    Args:
        keep: M, how many tokens are left to ask, from N / 2 to N.

    Raises:
        ValueError: at call, if ``keep`` is not in that range.

    Differs from the paper: the queries stay as many as they were, so that each token keeps its own output;
        the paper merges whole tokens, and so saves in all that follows as well.
    """

    def __init__(self, keep: int):
        super().__init__()
        self.keep = keep

    def home(self, keys: Tensor) -> Tensor:
        """The token that each token is merged into, (B, N); its own number where it is not."""
        count = keys.shape[1]
        least = (count + 1) // 2
        if not least <= self.keep <= count:
            raise ValueError(f"wanted to keep {least} to {count} of {count} tokens, got {self.keep}")
        unit = F.normalize(keys.detach(), dim=-1, eps=max(1e-12, torch.finfo(keys.dtype).tiny))
        alike, partner = (unit[:, 1::2] @ unit[:, 0::2].mT).max(dim=-1)  # odd tokens seek even ones
        leave = alike.argsort(dim=-1, descending=True, stable=True)[:, : count - self.keep]
        home = torch.arange(count, device=keys.device).repeat(len(keys), 1)
        return home.scatter(1, 2 * leave + 1, 2 * partner.gather(1, leave))

    def weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        """A merged token's weight is shared equally among its members: (B, N, N)."""
        home = self.home(keys)
        merged, size = pool(keys, home, self.keep)
        shares = (scores(queries, merged) + size.log().mT).softmax(dim=-1) / size.mT
        return shares.gather(2, _rank(home).unsqueeze(1).expand(-1, queries.shape[1], -1))

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        home = self.home(keys)
        (merged, size), (value, _) = pool(keys, home, self.keep), pool(values, home, self.keep)
        return (scores(queries, merged) + size.log().mT).softmax(dim=-1) @ value


def pool(x: Tensor, home: Tensor, keep: int) -> tuple[Tensor, Tensor]:
    """The mean of the members of each merged token, (B, M, d), and how many they are, (B, M, 1)."""
    place = _rank(home).unsqueeze(-1)  # (B, N, 1)
    empty = x.new_zeros(len(x), keep, x.shape[-1])
    size = empty[..., :1].scatter_add(1, place, torch.ones_like(x[..., :1]))
    return empty.scatter_add(1, place.expand_as(x), x) / size, size


def _rank(home: Tensor) -> Tensor:
    """The number of each token's home among the homes that are left, (B, N)."""
    stays = home == torch.arange(home.shape[1], device=home.device)
    return (stays.cumsum(dim=1) - 1).gather(1, home)


class Dropped(Explicit):
    """Only the tokens with the most promising keys are asked.

    Args:
        keep: M, how many tokens are left to ask, from 1 to N.

    Raises:
        ValueError: at call, if ``keep`` is not in that range.

    Differs from the paper: Liang et al. keep what the class token attends to; there is none here, so the mean
        query stands in for it, and all queries keep their output.
    """

    def __init__(self, keep: int):
        super().__init__()
        self.keep = keep

    def kept(self, queries: Tensor, keys: Tensor) -> Tensor:
        """The numbers of the tokens that are asked, (B, M)."""
        if not 1 <= self.keep <= keys.shape[1]:
            raise ValueError(f"wanted to keep 1 to {keys.shape[1]} tokens, got {self.keep}")
        promise = (keys @ queries.mean(dim=1).unsqueeze(-1)).squeeze(-1)  # (B, N)
        return promise.argsort(dim=1, descending=True, stable=True)[:, : self.keep]

    def weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        every = scores(queries, keys)
        dropped = torch.ones_like(keys[..., 0], dtype=torch.bool).scatter(1, self.kept(queries, keys), False)
        return every.masked_fill(dropped.unsqueeze(1), -torch.inf).softmax(dim=-1)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        kept = self.kept(queries, keys).unsqueeze(-1)
        few = (x.gather(1, kept.expand(-1, -1, x.shape[-1])) for x in (keys, values))
        return Explicit()(queries, *few)


def main() -> None:
    """Show how far each is from the whole softmax on random tokens."""
    queries, keys, values = torch.randn(3, 2, 64, 16, generator=torch.Generator().manual_seed(0))
    whole = Explicit().weights(queries, keys)
    for way in (Linear(), Merged(32), Dropped(32)):
        moved = (way.weights(queries, keys) - whole).abs().sum(dim=-1).mean() / 2
        print(f"{type(way).__name__:8} {moved:.0%} of the weight goes elsewhere")


if __name__ == "__main__":
    main()
