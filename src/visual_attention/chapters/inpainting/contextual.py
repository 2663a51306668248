"""Can a network fill a hole by copying the patches that its surroundings attend to?

Paper: Jiahui Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018, section 4.1.
Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.contextual
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention import pictures
from visual_attention.chapters.inpainting.masks import known_mean, require_hole, require_odd, whole_patches
from visual_attention.mechanisms.inputs import require_feature_map, require_positive


class ContextualAttention(nn.Module):
    """Paste patches of what is known over what is missing, each as far as it resembles the guess there.

    Each place asks with the patch of features around it; each whole known patch is a key and, unchanged,
    a value. Cosine similarity is the score. Where pasted patches overlap, their mean counts. Nothing in it
    is learned: what is compared is up to the layers before it.

    Args:
        patch: k, side of a patch in places, odd.
        scale: Multiplies the cosines before the softmax. 0 makes all patches count alike.

    Shape:
        (B, C, H, W), mask (B, 1, H, W), true where missing -> (B, C, H, W), in the units of the input;
        known places are passed on as they are.

    Raises:
        ValueError: if ``patch`` is even or ``scale`` below 0; at call, if the input is not a
            (B, C, H, W) with a boolean mask, is smaller than a patch, or has a hole and no patch without a
            missing place.

    Differs from the paper: only missing places are replaced; a patch to copy from lies wholly inside the
        map; neighbouring places do not pass their weights on to each other (the paper's attention
        propagation).

    Looks at numbers: how many patches reach into the holes is another number for each mask, and decides how
        large the matrix of weights is. So it cannot be compiled into one graph, exported, mapped over samples
        or run on the ``meta`` device.
    """

    def __init__(self, *, patch: int = 3, scale: float = 10.0):
        super().__init__()
        require_odd(patch=patch)
        if not scale >= 0:
            raise ValueError(f"wanted a scale of 0 or more, got {scale}")
        self.patch = patch
        self.scale = scale

    def weights(self, x: Tensor, mask: Tensor) -> Tensor:
        """What the patch around each place takes from the patch around each place, (B, N, N), N = H * W.

        Entry [b, i, j] is the share that place i takes from place j: non-negative, sums to 1 over j, the
        last axis, and 0 wherever the patch around j is not wholly known. Without a hole, the identity.
        """
        require_hole(x, mask, patch=self.patch)
        shares = self._shares(self._patches(x), mask)
        identity = torch.eye(shares.shape[1], dtype=shares.dtype, device=shares.device)
        return torch.where(mask.flatten(1).any(dim=1)[:, None, None], shares, identity)

    def forward(self, x: Tensor, mask: Tensor, values: Tensor | None = None) -> Tensor:
        """The map with its hole filled by the weighted patches, (B, C, H, W).

        With ``values`` (B, V, H, W) it is they that are copied and filled, (B, V, H, W); ``x`` only tells
        from where.
        """
        require_hole(x, mask, patch=self.patch)
        values = x if values is None else values
        require_hole(values, mask, patch=self.patch)
        asking = self._asking(mask, values.dtype)  # (B, Q): only patches that reach into the hole are pasted
        return self._pasted(self._shares(self._patches(x), mask, asking), asking, mask, values)

    def paste(self, shares: Tensor, mask: Tensor, values: Tensor) -> Tensor:
        """``values`` (B, V, H, W) with the hole filled by given shares (B, N, N), as ``forward`` does it."""
        require_hole(values, mask, patch=self.patch)
        asking = self._asking(mask, values.dtype)
        return self._pasted(shares.take_along_dim(asking[..., None], dim=1), asking, mask, values)

    def _pasted(self, shares: Tensor, asking: Tensor, mask: Tensor, values: Tensor) -> Tensor:
        """What the asking places take, (B, Q, N), laid down around them; the mean where it overlaps."""
        patches = self._patches(values)
        places = asking[..., None].expand(-1, -1, patches.shape[2])
        mixed = (shares @ patches).to(patches.dtype)  # autocast mixes in half precision
        pasted = torch.zeros_like(patches).scatter(1, places, mixed)
        counts = torch.zeros_like(patches[..., :1]).scatter(1, asking[..., None], 1.0)
        covered = self._laid_out(counts.expand(-1, -1, self.patch**2), values).clamp_min(1)  # (B, 1, H, W)
        return torch.where(mask, self._laid_out(pasted, values) / covered, values)

    def _patches(self, x: Tensor) -> Tensor:
        """The patch around each place, zeros outside: (B, C, H, W) -> (B, N, C * k * k)."""
        return F.unfold(x, self.patch, padding=self.patch // 2).mT

    def _laid_out(self, patches: Tensor, x: Tensor) -> Tensor:
        """Patches laid down around their places and added up: (B, N, C * k * k) -> (B, C, H, W)."""
        return F.fold(patches.mT, x.shape[2:], self.patch, padding=self.patch // 2)

    def _asking(self, mask: Tensor, dtype: torch.dtype) -> Tensor:
        """Places whose patch reaches into the hole, (B, Q); where an image has fewer, some others too."""
        near = F.max_pool2d(mask.to(dtype), self.patch, stride=1, padding=self.patch // 2)
        near = near.flatten(1)  # (B, N)
        most = int((near > 0).sum(dim=1).max()) if len(near) else 0
        return near.topk(most, dim=1).indices

    def _shares(self, patches: Tensor, mask: Tensor, asking: Tensor | None = None) -> Tensor:
        """What the asking places, or all, take from each place: (B, Q, N)."""
        whole = whole_patches(mask, patch=self.patch, dtype=patches.dtype).flatten(2)  # (B, 1, N)
        # in half precision the usual 1e-12 is 0, and a black patch would be divided by it
        least = max(1e-12, torch.finfo(patches.dtype).tiny)
        lengths = patches.norm(dim=-1, keepdim=True).clamp_min(least)  # (B, N, 1)
        queries, asked = patches, lengths
        if asking is not None:
            queries, asked = (each.take_along_dim(asking[..., None], dim=1) for each in (patches, lengths))
        cosines = (queries / asked) @ patches.mT / lengths.mT  # (B, Q, N)
        scores = self.scale * cosines
        return torch.softmax(scores.masked_fill(~whole, -torch.inf), dim=-1)


class ContextualInpainter(nn.Module):
    """A small convolutional network that fills a hole, with a step of attention in its second stage.

    The first stage guesses features everywhere, in the hole too. By these ``attend`` copies known pixels into
    the hole. The second stage sees features and copies, and paints what has to be added to the copies.

    Args:
        attend: Called with features (B, C, H/2, W/2), their mask, and the known pixels as values. None leaves
            the hole empty: a network of convolutions alone, with the same number of parameters, that adds
            what it paints to the mean of the known pixels.
        channels: C, channels of the features.
        reaches: How far the places of each convolution's window lie apart, a convolution each.
        norm: Whether each convolution has a batch norm.
        slot: Builds what stands behind the first stage, from its number of channels; None: nothing.

    Shape:
        (B, 3, H, W) in [0, 1] with H and W even, mask (B, 1, H, W) -> (B, 3, H, W); known pixels are passed
        on as they are.

    Raises:
        ValueError: at call, if H or W is odd, and as :class:`ContextualAttention`.

    Differs from the paper: the stages share one loss, no adversary in it, a width that a CPU can train;
        pixels are copied, not features, and go straight to the output, which is learned faster.

    Looks at numbers: where ``attend`` does, see :class:`ContextualAttention`; without it, at none.
    """

    def __init__(
        self,
        attend: nn.Module | None,
        *,
        channels: int = 24,
        reaches: Sequence[int] = (1, 2, 4, 2),
        norm: bool = True,
        slot: Callable[[int], nn.Module] | None = None,
    ):
        super().__init__()
        require_positive(channels=channels)
        self.attend = attend
        self.stem = _convolution(16, channels, 1, norm)
        self.guess = nn.ModuleList(_convolution(channels, channels, reach, norm) for reach in reaches)
        self.slot = slot(channels) if slot else nn.Identity()
        self.join = _convolution(channels + 12, channels, 1, norm)
        self.paint = _convolution(channels, channels, 1, norm)
        self.out = nn.Conv2d(channels, 12, 3, padding=1)
        nn.init.zeros_(self.out.weight)  # at first the copies, or the mean, are the answer
        nn.init.zeros_(self.out.bias)

    def features(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Guessed features (B, C, H/2, W/2), the mask of places that miss a pixel, and the known pixels.

        Two by two pixels become one place with four times the channels; the known pixels' mean is taken off.
        """
        require_hole(x, mask, patch=2)
        require_feature_map(x, channels=3)
        if x.shape[2] % 2 or x.shape[3] % 2:
            raise ValueError(f"wanted an even height and width, got {x.shape[2]} x {x.shape[3]}")
        seen = torch.where(mask, 0.0, x - known_mean(x, mask))
        pixels = _two_by_two(torch.cat([seen, mask.to(x.dtype)], dim=1))  # (B, 16, H/2, W/2)
        guessed = self.stem(pixels)
        for convolution in self.guess:
            guessed = guessed + convolution(guessed)
        return self.slot(guessed), F.max_pool2d(mask.to(x.dtype), 2) > 0, pixels[:, :12]

    def weights(self, x: Tensor, mask: Tensor) -> Tensor:
        """What ``attend`` takes from where, (B, N, N) with N = H/2 * W/2."""
        if self.attend is None:
            raise ValueError("wanted a network with attention, got one of convolutions alone")
        guessed, missing, _ = self.features(x, mask)
        return self.attend.weights(guessed, missing)

    def painted(self, guessed: Tensor, copied: Tensor) -> Tensor:
        """The second stage: features and copied pixels become pixels less their mean, (B, 3, H, W)."""
        joined = self.join(torch.cat([guessed, copied], dim=1))
        return F.pixel_shuffle(self.out(joined + self.paint(joined)) + copied, 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """The image with its hole filled, (B, 3, H, W)."""
        guessed, missing, pixels = self.features(x, mask)
        copied = pixels if self.attend is None else self.attend(guessed, missing, pixels)
        return torch.where(mask, self.painted(guessed, copied) + known_mean(x, mask), x)

    @torch.no_grad()
    def fill(self, picture: Any, hole: Any) -> Tensor:
        """A picture from outside with its hole filled, (3, H, W) in [0, 1].

        Args:
            picture: A file, an upload or an array, in any form that `pictures.opened` takes; ``forward``
                looks at no number.
            hole: (H, W), bool, true where something is missing.

        Raises:
            ValueError: if it is no picture, a side is odd, or the hole is not of its size.
        """
        like = self.out.weight
        x = torch.from_numpy(pictures.coloured(picture)).to(like).permute(2, 0, 1)[None]
        mask = torch.as_tensor(hole, device=like.device)[None, None]
        return self(x, mask)[0].clamp(0, 1)


def _two_by_two(x: Tensor) -> Tensor:
    """Two by two pixels as one place, as ``F.pixel_unshuffle``, which takes no empty batch, lays them out."""
    parts = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))  # (B, C, H, W) -> (B, C, H/2, 2, W/2, 2)
    return parts.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)  # (B, 4C, H/2, W/2)


def _convolution(in_channels: int, out_channels: int, reach: int, norm: bool) -> nn.Module:
    """A 3 x 3 convolution, normalised over the batch if so wanted, and a ReLU."""
    conv = nn.Conv2d(in_channels, out_channels, 3, padding=reach, dilation=reach, bias=not norm)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels) if norm else nn.Identity(), nn.ReLU())


def main() -> None:
    """Fill a hole in random features, and one in a picture by a network that has not learned yet."""
    torch.manual_seed(0)
    features, mask = torch.randn(1, 8, 12, 12), torch.zeros(1, 1, 12, 12, dtype=torch.bool)
    mask[..., 4:8, 5:9] = True
    attention = ContextualAttention()
    weights = attention.weights(features, mask)
    print("weights            ", tuple(weights.shape))
    print("each row sums to   ", *(f"{total:.3f}" for total in weights.sum(-1).aminmax()))
    print("taken from the hole", f"{weights[0][:, mask.flatten()].sum():.3f}")
    net = ContextualInpainter(attention)
    print("a picture          ", tuple(net(torch.rand(1, 3, 48, 48), torch.rand(1, 1, 48, 48) < 0.02).shape))


if __name__ == "__main__":
    main()
