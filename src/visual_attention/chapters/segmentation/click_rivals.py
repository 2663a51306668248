"""What answers a click without asking? A channel more for convolutions, or the colour under the click.

Chapter: notebooks/applications/segmentation.ipynb
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.segmentation.prompt import WIDTHS, Change, Encoded, Encoder, middle, under
from visual_attention.convolutions import layer


class ClickChannel(nn.Module):
    """The rival: clicks are two channels more of the same features, and convolutions do the rest.

    Paper: Ning Xu et al., "Deep Interactive Object Selection", CVPR 2016, section 3, with discs in place of
        maps of distances.

    Args:
        widths: Of the convolutions: at half the size, at a quarter, and at full size.
        radius: Of the disc around a click, in pixels.

    Shape:
        As `Prompted`.
    """

    def __init__(self, *, widths: tuple[int, int, int] = (20, 28, 8), radius: float = 1.5):
        super().__init__()
        half, quarter, fine = widths
        self.radius = radius
        self.encoder = Encoder().requires_grad_(False)
        self.first, self.second = layer(WIDTHS[1] + 2, half), layer(half, quarter)
        self.third, self.up = layer(quarter, quarter), layer(quarter + half, half)
        self.last = nn.Sequential(nn.Conv2d(half + WIDTHS[0] + 2, fine, 1), nn.ReLU())
        self.head = nn.Conv2d(fine, 1, 1)

    def train(self, mode: bool = True) -> "ClickChannel":
        """The convolutions learn; the encoder stays as it is, in evaluation mode."""
        super().train(mode)
        self.encoder.eval()
        return self

    def see(self, images: Tensor, encoded: Encoded) -> Encoded:
        """Nothing more can be made before the click is known."""
        return encoded

    def answer(self, encoded: Encoded, clicks: Tensor, change: Change | None = None) -> Tensor:
        """The scores of each pixel, (B, 1, H, W)."""
        discs = self.discs(encoded.pixels, clicks)
        half = self.first(torch.cat([encoded.places, F.max_pool2d(discs, 2)], dim=1))
        deep = self.third(self.second(F.max_pool2d(half, 2)))
        grown = self.up(torch.cat([F.interpolate(deep, scale_factor=2), half], dim=1))
        fine = F.interpolate(grown, scale_factor=2, mode="bilinear", align_corners=False)
        return self.head(self.last(torch.cat([fine, encoded.pixels, discs], dim=1)))

    def discs(self, x: Tensor, clicks: Tensor) -> Tensor:
        """1 around clicks that say "this", and in a second channel around those that say "not this"."""
        rows = torch.arange(x.shape[2], device=x.device) - clicks[:, :, :1]  # (B, K, H)
        columns = torch.arange(x.shape[3], device=x.device) - clicks[:, :, 1:2]
        near = rows[..., None] ** 2 + columns[:, :, None] ** 2 <= self.radius**2  # (B, K, H, W)
        signs = clicks[:, :, 2, None, None]
        return torch.stack([(near & (signs > 0)).any(1), (near & (signs < 0)).any(1)], dim=1).to(x.dtype)

    def forward(self, images: Tensor, clicks: Tensor | None = None) -> Tensor:
        return self.answer(self.encoder(images), middle(images) if clicks is None else clicks)


class NearColour(nn.Module):
    """The trivial answer: pixels whose colour is near the clicked one's, by one learned threshold.

    A second click that says "not this" takes what is nearer to its colour; one that says "this" adds to it.

    Args:
        connected: Keep what hangs together with a click: a flood fill.

    Shape:
        As `Prompted`.
    """

    def __init__(self, *, connected: bool = False):
        super().__init__()
        self.connected = connected
        self.slope, self.threshold = nn.Parameter(torch.tensor(20.0)), nn.Parameter(torch.tensor(0.2))

    def see(self, images: Tensor, encoded: Encoded) -> Tensor:
        """The pictures themselves."""
        return images

    def answer(self, images: Tensor, clicks: Tensor, change: Change | None = None) -> Tensor:
        """The scores of each pixel, (B, 1, H, W)."""
        found = under(images, clicks)  # (B, K, 3)
        away = (images[:, None] - found[..., None, None]).square().sum(2).add(1e-8).sqrt()  # (B, K, H, W)
        near = self.slope * (self.threshold - away)
        this = clicks[:, :, 2, None, None] > 0
        scores = near.masked_fill(~this, -torch.inf).amax(1)  # (B, H, W)
        scores = torch.minimum(scores, (-near).masked_fill(this, torch.inf).amin(1))[:, None]
        if self.training or not self.connected:
            return scores
        return scores.masked_fill(~self._flood(scores > 0, clicks), -1.0)

    @staticmethod
    def _flood(inside: Tensor, clicks: Tensor) -> Tensor:
        """The part of each mask that hangs together with a click on it that says "this"."""
        reached = torch.zeros_like(inside)
        for place in clicks.unbind(1):
            yes = place[:, 2] > 0
            reached[torch.arange(len(inside))[yes], 0, place[yes, 0].long(), place[yes, 1].long()] = True
        reached &= inside
        while True:
            grown = (F.max_pool2d(reached.float(), 3, stride=1, padding=1) > 0) & inside
            if torch.equal(grown, reached):
                return reached
            reached = grown

    def forward(self, images: Tensor, clicks: Tensor | None = None) -> Tensor:
        return self.answer(images, middle(images) if clicks is None else clicks)
