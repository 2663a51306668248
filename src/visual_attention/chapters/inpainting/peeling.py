"""Can a hole be filled by attention that has learned nothing?

Paper: Alexei A. Efros and Thomas K. Leung, "Texture Synthesis by Non-parametric Sampling", ICCV 1999,
    section 2, with the softmax of a contextual attention in place of sampling.
Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.peeling
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.inpainting.masks import require_hole, require_odd, whole_patches
from visual_attention.mechanisms.inputs import require_positive


class PeelingAttention(nn.Module):
    """Fill a hole from its rim inwards, each pixel with what stands in places whose surroundings look alike.

    A pixel on the rim asks with its neighbourhood, as far as that is known; each place with a whole
    neighbourhood is a key. The softmax of minus the mean squared difference says how much of each place's
    pixel is taken. Then the rim counts as known, and the next one is filled, as one peels an onion.
    Nothing is learned.

    Args:
        patch: Side of a neighbourhood in pixels, odd, 3 or more.
        temperature: Divides the differences before the softmax, in squares of the pixels' unit. Infinity
            makes all places count alike.

    Shape:
        (B, C, H, W), mask (B, 1, H, W), true where missing -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: if ``patch`` is even or 1, or ``temperature`` not above 0; at call, if the input is not a
            finite (B, C, H, W) with a boolean mask, is smaller than a patch, or has a hole and no patch
            without a missing pixel.

    Differs from the paper: Efros and Leung weigh near pixels more, and draw one of the best matches at
        random.

    Looks at numbers: how often a rim is filled depends on how deep the hole is. So it cannot be compiled into
        one graph, exported, mapped over samples or run on the ``meta`` device.
    """

    def __init__(self, *, patch: int = 9, temperature: float = 0.001):
        super().__init__()
        require_odd(patch=patch, least=3)  # a patch of one pixel sees nothing around it
        require_positive(temperature=temperature)
        self.patch = patch
        self.temperature = temperature

    def weights(self, x: Tensor, mask: Tensor) -> Tensor:
        """What each pixel takes from each pixel, (B, N, N) with N = H * W, row by row of the image.

        Each row sums to 1 over the last axis. A known pixel takes itself; a missing one only known pixels.
        """
        require_hole(x, mask, patch=self.patch)
        identity = torch.eye(x.shape[2] * x.shape[3], dtype=x.dtype, device=x.device)
        maps = []
        sources_of = whole_patches(mask, patch=self.patch, dtype=x.dtype)
        for image, missing, whole in zip(x, mask, sources_of, strict=True):
            rows = identity.clone()  # (N, N)
            sources = whole.flatten().nonzero().squeeze(1)
            for rim, shares, _ in self._peel(image, missing, sources):
                rows[rim] = 0.0
                rows[rim[:, None], sources] = shares
            maps.append(rows)
        return torch.stack(maps) if maps else x.new_zeros(0, len(identity), len(identity))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """The image with its hole filled, (B, C, H, W): ``weights`` times the pixels."""
        require_hole(x, mask, patch=self.patch)
        filled = []
        sources_of = whole_patches(mask, patch=self.patch, dtype=x.dtype)
        for image, missing, whole in zip(x, mask, sources_of, strict=True):
            pixels, sources = image.flatten(1), whole.flatten().nonzero().squeeze(1)
            for rim, _, values in self._peel(image, missing, sources):
                pixels = pixels.index_copy(1, rim, values.T)  # (C, N), (P, C) -> (C, P)
            filled.append(pixels.view_as(image))
        return torch.stack(filled) if filled else x

    def _peel(self, image: Tensor, missing: Tensor, sources: Tensor):
        """From the rim inwards: places (P,), their shares of the sources (P, S), their values (P, C)."""
        known = (~missing).flatten().to(image.dtype)  # (H * W,), 1 or 0
        pixels = image.flatten(1) * known  # (C, H * W): what lies under the hole is gone from here on
        keys = _patches(pixels.view_as(image), self.patch)[sources]  # (S, C * k * k)
        centres = pixels.T[sources]  # (S, C)
        while not known.all():
            near = F.max_pool2d(known.view_as(missing), 3, stride=1, padding=1).flatten()
            rim = ((near > 0) & (known == 0)).nonzero().squeeze(1)
            seen = _patches(known.view_as(missing), self.patch)[rim]  # (P, k * k)
            queries = _patches(pixels.view_as(image), self.patch)[rim]
            shares = torch.softmax(-_difference(queries, seen, keys) / self.temperature, dim=-1)  # (P, S)
            values = shares @ centres
            yield rim, shares, values
            pixels, known = pixels.index_copy(1, rim, values.T), known.index_fill(0, rim, 1.0)


def _difference(queries: Tensor, seen: Tensor, keys: Tensor) -> Tensor:
    """The mean squared difference of each query to each key over what the query sees, (P, S)."""
    channels = queries.shape[1] // seen.shape[1]
    seen = seen.repeat(1, channels)  # (P, k * k) -> (P, C * k * k), for each channel the same
    # sum of seen * (query - key)^2, multiplied out; queries are 0 where nothing is seen
    squares = queries.square().sum(1, keepdim=True) - 2 * queries @ keys.T + seen @ keys.square().T
    return squares.clamp_min(0) / seen.sum(1, keepdim=True)


def _patches(image: Tensor, size: int) -> Tensor:
    """The neighbourhood of each place, zeros outside: (C, H, W) -> (H * W, C * size * size)."""
    return F.unfold(image[None], size, padding=size // 2)[0].T


def main() -> None:
    """Fill a hole in a chessboard."""
    rows = torch.arange(20)
    squares = ((rows[:, None] // 2 + rows // 2) % 2).float().expand(1, 3, 20, 20)
    mask = torch.zeros(1, 1, 20, 20, dtype=torch.bool)
    mask[..., 8:13, 9:14] = True
    attention = PeelingAttention(patch=5)
    weights = attention.weights(squares, mask)
    print("weights            ", tuple(weights.shape))
    print("each row sums to   ", *(f"{total:.3f}" for total in weights.sum(-1).aminmax()))
    print("taken from the hole", f"{weights[0][:, mask.flatten()].sum():.3f}")
    print("largest error      ", f"{(attention(squares, mask) - squares).abs().max():.3f}")


if __name__ == "__main__":
    main()
