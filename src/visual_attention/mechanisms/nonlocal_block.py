"""Can a block that looks everywhere be put into any convolutional network without disturbing it?

Paper: Xiaolong Wang et al., "Non-local Neural Networks", CVPR 2018, sections 3.2 (embedded Gaussian) and 3.3.
Chapter: notebooks/mechanisms/self_attention.ipynb
Run: python -m visual_attention.mechanisms.nonlocal_block
"""

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.mechanisms.self_attention import attention_weights


class NonLocalBlock(nn.Module):
    """Add to each place a weighted mean over all places, made in half the channels.

    The form is that of self-attention. A last convolution that starts at 0 makes the block the identity at
    first, so that it can be put into a network that is trained already.

    Args:
        channels: C, channels of the input, 2 or more; the block works in C // 2.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: if ``channels`` is below 2; at call, if the input is not a (B, C, H, W) of
            floating point.

    Differs from the paper: the last convolution itself starts at 0, where the paper adds a normalisation
        whose gain does; frames are left out (an image is a video of one frame). As in the paper, the scores
        are not divided by sqrt(d).

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, channels: int):
        super().__init__()
        require_positive(channels=channels)
        if channels < 2:
            raise ValueError(
                f"wanted 2 channels or more, for the block works in half of them, got {channels}"
            )
        self.channels = channels
        self.theta = nn.Conv2d(channels, channels // 2, kernel_size=1)  # queries, in the paper's letters
        self.phi = nn.Conv2d(channels, channels // 2, kernel_size=1)  # keys
        self.g = nn.Conv2d(channels, channels // 2, kernel_size=1)  # values
        self.out = nn.Conv2d(channels // 2, channels, kernel_size=1)  # W_z
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """What each place takes from each place, (B, N, N): non-negative, sums to 1 over the last axis."""
        queries, keys = self._tokens(x, self.theta), self._tokens(x, self.phi)
        return attention_weights(queries, keys)[:, 0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input plus what each place took from all places, (B, C, H, W)."""
        tokens = (self._tokens(x, conv) for conv in (self.theta, self.phi, self.g))  # three of (B, 1, N, C/2)
        mixed = F.scaled_dot_product_attention(*tokens, scale=1.0)
        mixed = mixed[:, 0].mT.unflatten(2, x.shape[2:])  # (B, 1, N, C/2) -> (B, C/2, H, W)
        return x + self.out(mixed)

    def _tokens(self, x: torch.Tensor, conv: nn.Conv2d) -> torch.Tensor:
        require_feature_map(x, channels=self.channels)
        return conv(x).flatten(start_dim=2).mT[:, None].contiguous()  # (B, C/2, H, W) -> (B, 1, N, C/2)


def main() -> None:
    """Show that the block starts as the identity and looks everywhere."""
    torch.manual_seed(0)
    features, block = torch.randn(2, 6, 5, 7), NonLocalBlock(6)
    print("at first it adds ", f"{(block(features) - features).abs().max():.1f}")
    print("weights          ", tuple(block.weights(features).shape))
    print("each row sums to ", *(f"{total:.3f}" for total in block.weights(features).sum(-1).aminmax()))


if __name__ == "__main__":
    main()
