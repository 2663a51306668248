"""Which features do all trackers of the contest read? Those of a network that learned to tell things apart.

It learned to find each thing of a frame again among the others of a later one, by one vector for a thing, the
mean of what lies there: no order of parts is in what it was asked, and no place. Then it was frozen.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.encoder
"""

import functools
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention import stored
from visual_attention.chapters.tracking import tracks
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.follow import SEARCH
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.chapters.tracking.trackers import TEMPLATE
from visual_attention.convolutions import layer
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("trained_encoder.safetensors")
FINE, STRIDE, DIM = 3, 6, 32  # pixels of a fine place and of a token's; numbers of both
FILMS, STEPS, BATCH, RATE = 768, 1200, 8, 3e-3
EDGE = 2  # pixels cut off around a frame, so that it has whole places
SHARP = 10.0  # multiplies cosines before the softmax over the things of a frame


def packed(windows: Tensor, templates: Tensor) -> Tensor:
    """Windows (B, 3, 48, 48) and templates (B, 3, 24, 24), both in [0, 1], in one picture, (B, 3, 48, 72)."""
    below = F.pad(templates, (0, 0, 0, SEARCH - TEMPLATE))
    return (255 * torch.cat([windows, below], dim=3)).round().clamp(0, 255).to(torch.uint8)


def windows_of(pairs: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The windows of packed pairs, (B, 3, 48, 48) in [0, 1]."""
    return pairs[..., :SEARCH].to(dtype) / 255


def templates_of(pairs: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The templates of packed pairs, (B, 3, 24, 24) in [0, 1]."""
    return pairs[..., :TEMPLATE, SEARCH:].to(dtype) / 255


class Encoder(nn.Module):
    """Convolutions: a fine map, 3 pixels a place, and a coarse one, 6 pixels a place: the tokens.

    Shape:
        (B, 3, H, W) in [0, 1] -> (B, 32, H/6, W/6).
    """

    def __init__(self, *, width: int = 16, dim: int = DIM):
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(3, width, 5, stride=FINE, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.second = layer(width, dim)
        self.third = nn.Sequential(
            nn.Conv2d(dim, dim, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(dim)
        )

    def fine(self, x: Tensor) -> Tensor:
        """The fine map, (B, 32, H/3, W/3)."""
        return self.second(self.first(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.third(self.fine(x))

    def pair(self, pairs: Tensor) -> Tensor:
        """The tokens of packed pairs, (B, 3, 48, 72) -> (B, 64 + 16, 32)."""
        kind = self.third[0].weight.dtype
        maps = (self(windows_of(pairs, kind)), self(templates_of(pairs, kind)))
        return torch.cat([part.flatten(2).mT for part in maps], dim=1)


def named(features: Tensor, boxes: Tensor) -> Tensor:
    """One vector for each thing: the mean of the features around its centre, of length 1.

    Shape:
        (B, D, h, w), (B, O, 4) in shares of the frame -> (B, O, D)
    """
    step = torch.tensor([-4.0, 0.0, 4.0])
    around = torch.cartesian_prod(step, step)  # pixels
    inner = FRAME - 2 * EDGE
    place = (FRAME * boxes[:, :, None, :2] + around - EDGE) / inner  # (B, O, 9, 2)
    found = F.grid_sample(features, 2 * place - 1, align_corners=False, padding_mode="border")
    return F.normalize(found.mean(dim=3).mT, dim=-1)


def loss(model: Encoder, films: Tracks) -> Tensor:
    """How unlikely each thing of the first frame finds itself among the things of the second."""
    frames = films.frames[..., EDGE:-EDGE, EDGE:-EDGE]
    first, second = (named(model(frames[:, t]), films.boxes[:, t]) for t in range(2))
    there = films.present.all(dim=1)  # (B, O)
    scores = (SHARP * first @ second.mT).masked_fill(~films.present[:, 1, None], -1e4)
    return F.cross_entropy(scores[there], torch.arange(there.shape[1]).expand_as(there)[there])


def learn(*, films: int = FILMS, steps: int = STEPS, progress: bool = True) -> Encoder:
    """Train an encoder on frames of things that turn, bend, grow and are covered."""
    generator = torch.Generator().manual_seed(0)
    parts = [tracks.pairs(64, split="learning", generator=generator) for _ in range(films // 64)]
    pool = Tracks(*(torch.cat(column) for column in zip(*parts, strict=True)))
    with seeded(0):
        model = Encoder()

    def draw(step: int) -> Tracks:
        chosen = torch.randint(len(pool.frames), (BATCH,), generator=generator)
        return Tracks(*(part[chosen] for part in pool))

    fit(model, draw, loss, steps=steps, lr=RATE, progress=progress)
    return model.eval()


@functools.cache
def encoder() -> Encoder:
    """The trained encoder, frozen, in evaluation mode. It is shared between callers."""
    return stored.restore(Encoder().requires_grad_(False), FILE)


@torch.no_grad()
def told_apart(model: Encoder, films: Tracks) -> float:
    """The share of things whose nearest vector in the second frame is their own."""
    frames = films.frames[..., EDGE:-EDGE, EDGE:-EDGE]
    first, second = (named(model(frames[:, t]), films.boxes[:, t]) for t in range(2))
    there = films.present.all(dim=1)
    nearest = (first @ second.mT).masked_fill(~films.present[:, 1, None], -2).argmax(dim=2)
    return (nearest == torch.arange(there.shape[1]))[there].float().mean().item()


def main() -> None:
    """Train, save, and say how many things are told apart."""
    model = learn()
    stored.save(model, FILE)
    for split in ("learning", "validation"):
        films = tracks.pairs(96, split=split, generator=torch.Generator().manual_seed(1))
        print(f"{split}: {told_apart(model, films):.1%} of things told apart from the others")
    print(f"{FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
