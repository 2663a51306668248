"""What if patches could ask words?

The chapter's transformer with one part more in each layer: after patches have asked patches, they ask the
words of a sentence, by cross-attention. A sentence may also be left out, which is what guidance needs.

Paper: Robin Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", CVPR 2022,
    section 3.3, for words that steer by cross-attention; Jonathan Ho and Tim Salimans, "Classifier-Free
    Diffusion Guidance", arXiv 2022, section 3, for the sentence left out.
Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.word_transformer
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.chapters.generation import sentences
from visual_attention.chapters.generation.flow_matching import flow_loss, sample
from visual_attention.chapters.generation.transformer import (
    MEAN,
    SHORTEST,
    SPREAD,
    TimedLayer,
    VelocityTransformer,
    as_pictures,
)
from visual_attention.mechanisms.inputs import require_positive, require_tokens
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention, attention_weights
from visual_attention.training import parameters

DROPPED = 0.1  # of all sentences in training
WORDS = len(sentences.PARTS)

Change = Callable[[Tensor], Tensor]  # of the weights of patches on words, (B, h, N, T)


class AskWords(nn.Module):
    """Let each patch take from the words of a sentence, in several heads.

    Args:
        dim: D, of patches and words.
        heads: h, must divide D.

    Shape:
        patches (B, N, D), words (B, T, D) -> (B, N, D).

    Raises:
        ValueError: if ``heads`` does not divide ``dim``; at call, for tokens of another width.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        require_positive(dim=dim, heads=heads)
        if dim % heads:
            raise ValueError(f"wanted heads that divide dim = {dim}, got {heads}")
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.query, self.key = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.value, self.proj = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def weights(self, x: Tensor, words: Tensor) -> Tensor:
        """What each patch takes from each word, (B, h, N, T): sums to 1 over T, the last axis."""
        return attention_weights(self._split(self.query(x)), self._split(self.key(words)), scale=self.scale)

    def forward(self, x: Tensor, words: Tensor, change: Change | None = None) -> Tensor:
        """The heads' weighted means of the words; `change` is made to the weights first."""
        require_tokens(x, dim=self.query.in_features)
        require_tokens(words, dim=self.query.in_features)
        weights = self.weights(x, words)
        mixed = (change(weights) if change else weights) @ self._split(self.value(words))  # (B, h, N, D/h)
        return self.proj(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, N, D) -> (B, h, N, D/h)


class WordedLayer(TimedLayer):
    """Hear of other patches, ask the words, then think about each patch alone; the time steers all three.

    Args:
        dim: D, width of a token.
        heads: h, of both attentions.
        told: Numbers that tell the time.
        asks: Whether patches ask the words; if not, the middle part is missing.

    Shape:
        patches (B, N, D), times (B, told), words (B, T, D) -> (B, N, D).

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int, told: int, asks: bool = True):
        super().__init__(dim, mixer=MultiHeadSelfAttention(dim, heads=heads), told=told)
        self.ask = AskWords(dim, heads=heads) if asks else None
        self.asking = nn.LayerNorm(dim)

    def forward(self, x: Tensor, time: Tensor, words: Tensor, change: Change | None = None) -> Tensor:
        scale, shift = self.steer(time)[:, None].chunk(4, dim=2)[2:]
        x = x + self.mixer(self.heard(x, time))
        if self.ask is not None:
            x = x + self.ask(self.asking(x), words, change)
        return x + self.think(self.norms[1](x) * (1 + scale) + shift)


class WordTransformer(VelocityTransformer):
    """Tell for each pixel of a half-made picture how it should change now, so that it will show a sentence.

    Args:
        size: (H, W) of the pictures, multiples of ``patch``.
        patch: P, side of a patch in pixels.
        dim: D, width of a token, a multiple of 4.
        depth: L, layers.
        heads: h, of each attention.
        asks: Whether patches ask the words. The rival's do not: its words, joined to one vector, are added to
            the time.

    Shape:
        half-made pictures (B, 3, H, W), times (B,), words (B, 5) or None for no sentence -> (B, 3, H, W).

    Raises:
        ValueError: as :class:`VelocityTransformer`; at call, for words that are no (B, 5) of whole numbers.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(
        self,
        size: tuple[int, int] = (16, 16),
        *,
        patch: int = 4,
        dim: int = 64,
        depth: int = 3,
        heads: int = 4,
        asks: bool = True,
    ):
        super().__init__(size, patch=patch, dim=dim, depth=depth, heads=heads)
        self.words = nn.Embedding(sentences.NOTHING + 1, dim)
        self.order = nn.Parameter(torch.randn(WORDS, dim))
        self.joined = (
            None if asks else nn.Sequential(nn.Linear(WORDS * dim, 64), nn.SiLU(), nn.Linear(64, 32))
        )
        self.layers = nn.ModuleList(WordedLayer(dim, heads=heads, told=32, asks=asks) for _ in range(depth))

    def read(self, words: Tensor | None, count: int) -> Tensor:
        """The words as tokens, what each says and which of the five it is: (B, T) -> (B, T, D)."""
        if words is None:
            words = torch.full((count, WORDS), sentences.NOTHING, device=self.order.device)
        if words.shape != (count, WORDS) or words.is_floating_point():
            raise ValueError(f"wanted words ({count}, {WORDS}) of whole numbers, got {tuple(words.shape)}")
        return self.words(words) + self.order

    def foresee(
        self, x: Tensor, times: Tensor, words: Tensor | None = None, change: Change | None = None
    ) -> Tensor:
        """The finished picture as the network expects it, (B, 3, H, W); `change` as in :class:`AskWords`."""
        tokens, time = self._start(x, times)
        read = self.read(words, len(x))
        if self.joined is not None:
            time = time + self.joined(read.flatten(1))
        for layer in self.layers:
            tokens = layer(tokens, time, read, change)
        return self.pixels(tokens)

    def forward(
        self, x: Tensor, times: Tensor, words: Tensor | None = None, change: Change | None = None
    ) -> Tensor:
        """The velocity of each pixel, (B, 3, H, W)."""
        left = (1 - times).clamp_min(SHORTEST).view(-1, 1, 1, 1)
        return (self.foresee(x, times, words, change) - x) / left

    def weights(self, x: Tensor, times: Tensor, words: Tensor | None = None) -> list[Tensor]:
        """What each patch takes from each word: one (B, h, N, T) for each layer, sums to 1 over T."""
        maps: list[Tensor] = []

        def keep(weights: Tensor) -> Tensor:
            maps.append(weights)
            return weights

        self.foresee(x, times, words, keep)
        return maps


def word_loss(
    model: nn.Module, images: Tensor, words: Tensor, *, generator: torch.Generator | None = None
) -> Tensor:
    """The flow matching loss, with one sentence in ten left out; a scalar."""
    dropped = torch.rand(len(words), 1, generator=generator) < DROPPED
    words = words.masked_fill(dropped.to(words.device), sentences.NOTHING)
    return flow_loss(lambda x, times: model(x, times, words), (images - MEAN) / SPREAD, generator=generator)


def guided(
    model: WordTransformer, words: Tensor, *, scale: float = 1.0, change: Change | None = None
) -> Callable[[Tensor, Tensor], Tensor]:
    """The velocity with words, pushed away from that without: v(no words) + scale (v(words) - v(no words)).

    At scale 0 the words are not heard, at 1 they are as in training; above, more than in training.
    """

    def velocity(x: Tensor, times: Tensor) -> Tensor:
        told = model(x, times, words, change)
        if scale == 1:
            return told
        untold = model(x, times)
        return untold + scale * (told - untold)

    return velocity


@torch.no_grad()
def picture(
    model: WordTransformer,
    words: Tensor,
    *,
    scale: float = 1.0,
    steps: int = 16,
    change: Change | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Make a picture of each sentence from fresh noise: (B, 5) -> (B, 3, H, W), in [0, 1]."""
    noise = torch.randn(len(words), 3, *model.size, generator=generator)
    return as_pictures(sample(guided(model, words, scale=scale, change=change), noise, steps=steps))


def main() -> None:
    torch.manual_seed(0)
    words = sentences.encode([sentences.parse("a red 7 left of a blue 3")] * 2)
    x, times = torch.randn(2, 3, 16, 16), torch.tensor([0.0, 0.7])
    for asks in (True, False):
        model = WordTransformer(asks=asks)
        maps = [tuple(each.shape) for each in model.weights(x, times, words)]
        print(
            f"{parameters(model):,} parameters, velocity {tuple(model(x, times, words).shape)}, maps {maps}"
        )


if __name__ == "__main__":
    main()
