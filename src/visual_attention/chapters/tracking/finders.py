"""Who else finds the template's thing in the window? Rivals of the one-stream tracker.

All but the trivial ones read the same frozen features, and all have the same head.

Papers: Bo Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks", CVPR 2019,
    section 3 (correlation channel by channel); Luca Bertinetto et al., "Fully-Convolutional Siamese
    Networks for Object Tracking", ECCV 2016 Workshops, section 2 (correlation).
Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.finders
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.tracking.encoder import DIM, STRIDE, encoder, templates_of, windows_of
from visual_attention.chapters.tracking.fusion import (
    PARTS,
    PLACES,
    SIDE,
    Answer,
    Change,
    Finder,
    Head,
    middles,
)
from visual_attention.chapters.tracking.paths import SIZE
from visual_attention.convolutions import layer
from visual_attention.training import parameters

SIDE_PARTS = int(PARTS**0.5)


def maps(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens (B, 80, D) as the window's map (B, D, 8, 8) and the template's (B, D, 4, 4)."""
    window, template = tokens.mT[..., :PLACES], tokens.mT[..., PLACES:]
    return window.unflatten(2, (SIDE, SIDE)), template.unflatten(2, (SIDE_PARTS, SIDE_PARTS))


def rows(x: Tensor) -> Tensor:
    """A map (B, D, 8, 8) as tokens (B, 64, D)."""
    return x.flatten(2).mT


def slide(window: Tensor, template: Tensor) -> Tensor:
    """The template slides over the window, channel by channel: (B, D, H, W), (B, D, h, w) -> (B, D, H, W)."""
    height, width = template.shape[2:]
    above, left = height // 2, width // 2
    padded = F.pad(window, (left, width - 1 - left, above, height - 1 - above))
    return slide_wholly(padded, template) / (height * width) ** 0.5


def slide_wholly(x: Tensor, template: Tensor) -> Tensor:
    """The same where the template lies wholly inside, without a divisor: (B, D, H - h + 1, W - w + 1)."""
    height, width = template.shape[2:]
    rows_left, columns_left = x.shape[2] - height + 1, x.shape[3] - width + 1
    made = x.new_zeros(())
    for row in range(height):
        for column in range(width):  # each part of the template with what lies under it
            beneath = x[:, :, row : row + rows_left, column : column + columns_left]
            made = made + beneath * template[:, :, row, column, None, None]
    return made


class Correlation(Finder):
    """The template as a rigid kernel, channel by channel, over the window's tokens.

    Args:
        dim: D of what is correlated.
    """

    def __init__(self, *, dim: int = 32, frozen: bool = True):
        super().__init__(frozen=frozen)
        self.window, self.template = nn.Linear(DIM, dim), nn.Linear(DIM, dim)
        self.head = Head(2 * dim, 2 * dim)

    def answer(self, tokens: Tensor, pairs: Tensor, change: Change | None = None) -> Answer:
        window, template = maps(
            torch.cat([self.window(tokens[:, :PLACES]), self.template(tokens[:, PLACES:])], dim=1)
        )
        return self.head(torch.cat([rows(slide(window, template)), rows(window)], dim=2))


class FineCorrelation(Finder):
    """The rigid template at 3 pixels a place: cosines in several groups of channels, 8 x 8 parts.

    Args:
        dim: D of what is correlated.
        groups: each gives a map of its own.
    """

    def __init__(self, *, dim: int = 32, groups: int = 4, frozen: bool = True):
        super().__init__(frozen=frozen)
        self.groups = groups
        self.window, self.template = nn.Conv2d(DIM, dim, 1), nn.Conv2d(DIM, dim, 1)
        self.head = Head(4 * groups + DIM, 2 * dim)

    def answer(self, tokens: Tensor, pairs: Tensor, change: Change | None = None) -> Answer:
        reader = encoder() if self.own is None else self.own
        fine = [reader.fine(part(pairs, tokens.dtype)) for part in (windows_of, templates_of)]
        window, template = (
            F.normalize(to(x).unflatten(1, (self.groups, -1)), dim=2)
            for to, x in zip((self.window, self.template), fine, strict=True)
        )  # (B, g, D/g, h, w)
        cosines = window.flatten(3).mT @ template.flatten(3)  # (B, g, 256, 64)
        parts, side = template.shape[-1], window.shape[-1]
        laid = cosines.flatten(0, 1).flip(2).mT  # a part's cosine counts for the centre that it implies
        summed = F.fold(laid, side + parts - 1, parts) / parts
        edge = parts // 2 - 1
        fits = summed[:, :, edge : edge + side, edge : edge + side].reshape(
            len(tokens), self.groups, SIDE, 2, SIDE, 2
        )
        fits = fits.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # 2 x 2 fine places in each of 64
        return self.head(torch.cat([fits, tokens[:, :PLACES]], dim=2))


class OneVector(Finder):
    """The template's mean, multiplied with each token of the window: no parts, no order, no choice."""

    def __init__(self, *, dim: int = 32, frozen: bool = True):
        super().__init__(frozen=frozen)
        self.window, self.template = nn.Linear(DIM, dim), nn.Linear(DIM, dim)
        self.head = Head(2 * dim, 2 * dim)

    def answer(self, tokens: Tensor, pairs: Tensor, change: Change | None = None) -> Answer:
        window = self.window(tokens[:, :PLACES])
        inner = maps(tokens)[1][..., 1:-1, 1:-1].flatten(2).mean(dim=2)  # (B, D)
        return self.head(torch.cat([window * self.template(inner)[:, None], window], dim=2))


class Convolutions(Finder):
    """The template's map and its mean are channels more for the window's; convolutions do the rest."""

    def __init__(self, *, dim: int = 32, depth: int = 3, frozen: bool = True):
        super().__init__(frozen=frozen)
        sizes = [3 * DIM, *[dim] * depth]
        self.body = nn.Sequential(*(layer(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)))
        self.head = Head(dim, dim)

    def answer(self, tokens: Tensor, pairs: Tensor, change: Change | None = None) -> Answer:
        window, template = maps(tokens)
        mean = template[..., 1:-1, 1:-1].mean(dim=(2, 3), keepdim=True).expand_as(window)
        return self.head(rows(self.body(torch.cat([window, F.interpolate(template, SIDE), mean], dim=1))))


class Mixer(Finder):
    """Tokens of both in one sequence, mixed by learned weights that are the same for every pair.

    Paper: Ilya Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", NeurIPS 2021, section 2.
    """

    def __init__(self, *, dim: int = 32, depth: int = 2, frozen: bool = True):
        super().__init__(frozen=frozen)
        many = PLACES + PARTS
        self.embed = nn.Linear(DIM, dim)
        self.across = nn.ModuleList(_mlp(many, many) for _ in range(depth))
        self.along = nn.ModuleList(_mlp(dim, 2 * dim) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2 * depth))
        self.head = Head(dim, dim)

    def answer(self, tokens: Tensor, pairs: Tensor, change: Change | None = None) -> Answer:
        x = self.embed(tokens)
        for index, (across, along) in enumerate(zip(self.across, self.along, strict=True)):
            x = x + across(self.norms[2 * index](x).mT).mT
            x = x + along(self.norms[2 * index + 1](x))
        return self.head(x[:, :PLACES])


class Pixels(Finder):
    """The trivial answer that looks: the normalised correlation of the raw pixels of the target's disc."""

    def __init__(self):
        super().__init__()
        self.sharp = nn.Parameter(torch.tensor(10.0))

    def forward(self, pairs: Tensor, tokens: Tensor | None = None, change: Change | None = None) -> Answer:
        kind = self.sharp.dtype
        window = F.avg_pool2d(windows_of(pairs, kind), 2)  # (B, 3, 24, 24)
        template = F.avg_pool2d(templates_of(pairs, kind)[..., 4:-4, 4:-4], 2)  # the target's box, 8 x 8
        template = template - template.mean(dim=(2, 3), keepdim=True)
        padded = F.pad(window, (4, 3, 4, 3), mode="replicate")
        product = slide_wholly(padded, template).sum(dim=1)  # (B, 24, 24)
        spread = F.avg_pool2d(padded.square(), 8, 1) - F.avg_pool2d(padded, 8, 1).square()
        lengths = (64 * spread.sum(dim=1)).clamp(min=1e-4).sqrt()
        fits = product / lengths / template.flatten(1).norm(dim=1).clamp(min=1e-4)[:, None, None]
        cells = fits.unflatten(2, (SIDE, 3)).unflatten(1, (SIDE, 3)).transpose(2, 3).flatten(3)
        best, where = cells.flatten(1, 2).max(dim=2)  # of 3 x 3 in each place of 6 pixels
        inside = torch.stack([where % 3, where // 3], dim=-1).to(kind)
        centres = middles(best) - STRIDE / 2 + 2 * inside
        return Answer(self.sharp * best, centres, torch.full_like(centres, SIZE))


class LastPlace(Finder):
    """The trivial answer that does not look: the middle of the window, where the target was last seen."""

    def __init__(self):
        super().__init__()
        self.sharp = nn.Parameter(torch.tensor(0.1))

    def forward(self, pairs: Tensor, tokens: Tensor | None = None, change: Change | None = None) -> Answer:
        places = middles(self.sharp)
        away = (places - STRIDE * SIDE / 2).norm(dim=1)
        centres = torch.full_like(places, STRIDE * SIDE / 2).expand(len(pairs), -1, -1)
        return Answer((-self.sharp * away).expand(len(pairs), -1), centres, torch.full_like(centres, SIZE))


def _mlp(dim: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))


def main() -> None:
    """How large are they?"""
    for kind in (Correlation, FineCorrelation, OneVector, Convolutions, Mixer, Pixels, LastPlace):
        print(f"{kind.__name__:16} {parameters(kind()):,} parameters")


if __name__ == "__main__":
    main()
