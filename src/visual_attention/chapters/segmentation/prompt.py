"""What if a click asks, and a mask answers?

An encoder looks at the picture once. Then each click becomes a query: it looks over the picture's features by
cross-attention, and what it has gathered is compared with every pixel. The decoder is so small that a page
can run it while the reader clicks.

Paper: Alexander Kirillov et al., "Segment Anything", ICCV 2023, section 3 and appendix A; the product of a
    query with every pixel's features as in Bowen Cheng et al., "Masked-attention Mask Transformer for
    Universal Image Segmentation", CVPR 2022, section 3.1.
Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.prompt
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.convolutions import layer
from visual_attention.mechanisms.self_attention import attention_weights
from visual_attention.training import parameters

WAVES = (8.0, 16.0, 32.0, 64.0)  # wavelengths of the code of a place, in pixels
WIDTHS = (8, 16, 24)  # channels of the encoder: of the pixels, of the places, and at a quarter of the size
CODE = 4 * len(WAVES)  # sine and cosine, of row and column
MOST = 2  # clicks
KINDS = 3  # of a click's token: "this", "not this", no click

Change = Callable[[Tensor], Tensor]  # of the weights of a look, (B, h, T, N)


class Encoded(NamedTuple):
    """What the encoder makes of pictures: `places` (B, P, H/2, W/2) and `pixels` (B, C, H, W)."""

    places: Tensor
    pixels: Tensor


class Seen(NamedTuple):
    """What a decoder makes of encoded pictures once, whatever is clicked: `keys` (B, N, D) of the places,
    which are values too, `vectors` (B, H * W, D + 16), with which an answer is multiplied, and `pixels`."""

    keys: Tensor
    vectors: Tensor
    pixels: Tensor


class Encoder(nn.Module):
    """A small U-Net without its last layer: fine features that know what lies around them.

    Args:
        in_channels: of the picture.
        widths: C, P and the channels at a quarter of the size.

    Shape:
        (B, in_channels, H, W) -> `Encoded`; H and W are multiples of 4.
    """

    def __init__(self, in_channels: int = 3, *, widths: tuple[int, int, int] = WIDTHS):
        super().__init__()
        fine, middle, coarse = widths
        self.first, self.second = layer(in_channels, fine), layer(fine, middle)
        self.third = layer(middle, coarse)
        self.up_middle, self.up_fine = layer(coarse + middle, middle), layer(middle + fine, fine)

    def forward(self, x: Tensor) -> Encoded:
        fine = self.first(x)
        middle = self.second(F.max_pool2d(fine, 2))
        coarse = self.third(F.max_pool2d(middle, 2))
        places = self.up_middle(torch.cat([F.interpolate(coarse, scale_factor=2), middle], dim=1))
        pixels = self.up_fine(torch.cat([F.interpolate(places, scale_factor=2), fine], dim=1))
        return Encoded(places, pixels)


def code(rows: Tensor, columns: Tensor) -> Tensor:
    """Sine and cosine of a row and a column in pixels, at four wavelengths: (...) twice -> (..., 16)."""
    angle = 2 * torch.pi / torch.tensor(WAVES, dtype=rows.dtype, device=rows.device)
    both = torch.stack([rows, columns], dim=-1)[..., None] * angle  # (..., 2, 4)
    return torch.cat([both.sin(), both.cos()], dim=-1).flatten(-2)


def grid_code(x: Tensor, step: int) -> Tensor:
    """The code of each place of a map (B, C, h, w) whose places are `step` pixels apart: (h * w, 16)."""
    middle = (step - 1) / 2  # pixels are whole numbers; a place of 2 x 2 pixels lies between them
    rows, columns = (torch.arange(side, device=x.device).to(x.dtype) * step + middle for side in x.shape[2:])
    rows, columns = torch.broadcast_tensors(rows[:, None], columns)
    return code(rows, columns).flatten(0, 1)


class CrossAttention(nn.Module):
    """Let tokens ask all places of a picture, in several heads.

    Args:
        dim: D, of tokens and places.
        heads: h, must divide D.
        uniform: The control: each query takes alike from all places.

    Shape:
        tokens (B, T, D), keys and values (B, N, D) -> (B, T, D).
    """

    def __init__(self, dim: int, *, heads: int = 2, uniform: bool = False):
        super().__init__()
        self.heads, self.uniform = heads, uniform
        self.query, self.key = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.value, self.proj = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.key.load_state_dict(self.query.state_dict())  # like asks like, to begin with

    def weights(self, tokens: Tensor, keys: Tensor) -> Tensor:
        """What each token takes from each place, (B, h, T, N): rows sum to 1 over the last axis."""
        queries, keys = self._split(self.query(tokens)), self._split(self.key(keys))
        weights = attention_weights(queries, keys, scale=queries.shape[-1] ** -0.5)
        return torch.full_like(weights, 1 / weights.shape[-1]) if self.uniform else weights

    def forward(self, tokens: Tensor, keys: Tensor, values: Tensor, change: Change | None = None) -> Tensor:
        """The heads' weighted means of the values, joined; `change` gets the weights first."""
        weights = self.weights(tokens, keys)
        weights = change(weights) if change else weights
        mixed = weights @ self._split(self.value(values))  # (B, h, T, D/h)
        return self.proj(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, N, D) -> (B, h, N, D/h)


class ClickDecoder(nn.Module):
    """From clicks and an encoded picture to a mask.

    A click's query knows where it was clicked and whether it says "this" or "not this"; what lies there it
    has to find out by looking. What the queries found becomes one vector, whose product with a pixel's is its
    score.

    Args:
        widths: C and P of the encoder.
        dim: D.
        depth: Looks, one after the other.
        looks: "weights"; "uniform", the control; or "at the click": no look, but each query keeps its place
            and is given the features of the pixel under its click.

    Shape:
        The two parts of an `Encoded`, and clicks (B, K, 3) with K of 1 or 2 -> (B, 1, H, W), scores before a
        sigmoid.

    Differs from the paper: queries do not look at each other, places do not look back, one mask is answered
        instead of three, the first answer is not shown to the second click, and a query's own place is not
        added to what it finds. Queries and keys start with
        the same matrix, so that a click looks at its own place first.
    """

    def __init__(self, widths: tuple[int, int], *, dim: int = 32, depth: int = 1, looks: str = "weights"):
        super().__init__()
        fine, middle = widths
        self.where, self.what = nn.Linear(CODE, dim, bias=False), nn.Linear(middle, dim)
        self.kind = nn.Embedding(KINDS, dim)
        self.given = nn.Linear(fine, dim) if looks == "at the click" else None
        self.looks = nn.ModuleList(CrossAttention(dim, uniform=looks == "uniform") for _ in range(depth))
        self.think = nn.Sequential(nn.Linear(MOST * dim, 2 * dim), nn.ReLU())
        self.pixel = nn.Sequential(nn.Linear(fine + CODE, dim), nn.ReLU())
        self.read = nn.Linear(2 * dim, dim + CODE + 1)

    def see(self, encoded: Encoded) -> Seen:
        """What can be made of pictures before anything is clicked."""
        places, pixels = encoded
        keys = self.what(_rows(places)) + self.where(grid_code(places, 2))  # (B, N, D)
        codes = grid_code(pixels, 1).expand(len(pixels), -1, -1)  # (B, H * W, 16)
        vectors = torch.cat([self.pixel(torch.cat([_rows(pixels), codes], dim=-1)), codes], dim=-1)
        return Seen(keys, vectors, pixels)

    def ask(self, clicks: Tensor) -> Tensor:
        """A query for each click, (B, K, D): where, and of which kind."""
        return self.where(code(clicks[:, :, 0], clicks[:, :, 1])) + self.kinds(clicks)

    def kinds(self, clicks: Tensor) -> Tensor:
        """Whether each click says "this" or "not this", (B, K, D)."""
        return self.kind((clicks[:, :, 2] < 0).long())

    def find(self, seen: Seen, clicks: Tensor, change: Change | None = None) -> Tensor:
        """What each click's query finds, (B, K, D): its own place does not pass by the look."""
        queries = self.ask(clicks)
        if self.given is not None:
            return queries + self.given(under(seen.pixels, clicks))
        first, *more = self.looks
        found = first(queries, seen.keys, seen.keys, change)
        for look in more:
            found = found + look(queries + found, seen.keys, seen.keys, change)
        return found + self.kinds(clicks)

    def answer(self, seen: Seen, clicks: Tensor, change: Change | None = None) -> Tensor:
        """The scores of each pixel after clicks; `change` is made to the weights of every look."""
        found = self.find(seen, clicks, change)
        none = self.kind.weight[2].expand(len(clicks), MOST - clicks.shape[1], -1)
        both = torch.cat([found, none], dim=1).flatten(1)  # (B, 2 D)
        answer = self.read(self.think(both))[:, :, None]  # (B, D + 16 + 1, 1)
        scores = seen.vectors @ answer[:, :-1] + answer[:, -1:]  # (B, H * W, 1)
        return scores.view(-1, 1, *seen.pixels.shape[2:])

    def forward(self, places: Tensor, pixels: Tensor, clicks: Tensor) -> Tensor:
        return self.answer(self.see(Encoded(places, pixels)), clicks)


class Prompted(nn.Module):
    """A frozen encoder, which looks at the picture once, and a decoder, which is asked with each click.

    Args:
        dim: D of the decoder.
        depth: Looks of the decoder.
        looks: As in `ClickDecoder`.

    Shape:
        (B, 3, H, W) and clicks (B, K, 3), or None for one click in the middle -> (B, 1, H, W), scores.
    """

    def __init__(self, *, dim: int = 32, depth: int = 1, looks: str = "weights"):
        super().__init__()
        self.encoder = Encoder().requires_grad_(False)
        self.decoder = ClickDecoder(WIDTHS[:2], dim=dim, depth=depth, looks=looks)

    def train(self, mode: bool = True) -> "Prompted":
        """The decoder learns; the encoder stays as it is, in evaluation mode."""
        super().train(mode)
        self.encoder.eval()
        return self

    def see(self, images: Tensor, encoded: Encoded) -> Seen:
        """What is made of pictures once."""
        return self.decoder.see(encoded)

    def answer(self, seen: Seen, clicks: Tensor, change: Change | None = None) -> Tensor:
        """The scores of each pixel after clicks, (B, 1, H, W)."""
        return self.decoder.answer(seen, clicks, change)

    def forward(self, images: Tensor, clicks: Tensor | None = None) -> Tensor:
        return self.decoder(*self.encoder(images), middle(images) if clicks is None else clicks)


def middle(images: Tensor) -> Tensor:
    """A click in the middle of each picture, (B, 1, 3)."""
    place = images.new_tensor([images.shape[2] // 2, images.shape[3] // 2, 1])
    return place.expand(len(images), 1, 3)


def under(x: Tensor, clicks: Tensor) -> Tensor:
    """What lies under each click, or nearest to it: (B, C, H, W), (B, K, 3) -> (B, K, C)."""
    last = clicks.new_tensor([x.shape[2] - 1, x.shape[3] - 1])
    row, column = clicks[:, :, :2].nan_to_num().clamp(min=torch.zeros_like(last), max=last).long().unbind(-1)
    place = row * x.shape[3] + column  # (B, K)
    return x.flatten(2).gather(2, place[:, None].expand(-1, x.shape[1], -1)).mT


def _rows(x: Tensor) -> Tensor:
    return x.flatten(2).mT  # (B, C, H, W) -> (B, N, C)


def main() -> None:
    """How large is the network, and what does it answer?"""
    images = torch.rand(2, 3, 32, 32)
    model = Prompted()
    print(f"{parameters(model):,} parameters, scores {tuple(model(images).shape)}")


if __name__ == "__main__":
    main()
