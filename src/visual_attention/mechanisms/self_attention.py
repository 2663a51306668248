"""What if each place of an image could ask every other place a question?

Paper: Ashish Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2; for feature maps,
    Han Zhang et al., "Self-Attention Generative Adversarial Networks", ICML 2019, section 3.
Chapter: notebooks/mechanisms/self_attention.ipynb
Run: python -m visual_attention.mechanisms.self_attention
"""

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.mechanisms.inputs import require_feature_map, require_positive, require_tokens


def attention_weights(queries: torch.Tensor, keys: torch.Tensor, *, scale: float = 1.0) -> torch.Tensor:
    """How much each query takes from each key: the softmax of all scores.

    Args:
        queries: One row for each token that asks.
        keys: One row for each token that may be looked at.
        scale: Multiplies the scores, which are dot products, before the softmax; 1 / sqrt(d) in the paper.

    Shape:
        (..., N, d), (..., M, d) -> (..., N, M): non-negative, each row sums to 1 over M, the last axis.
    """
    scores = scale * queries @ keys.transpose(-2, -1)  # (..., N, d) @ (..., d, M) -> (..., N, M)
    return torch.softmax(scores, dim=-1)


class SelfAttention(nn.Module):
    """Let each place of a feature map take a weighted mean of what all places offer.

    Three 1 x 1 convolutions turn each place into a query, a key and a value. A place compares its query
    with all keys, and the softmax of these scores says how much of each value it takes.

    Args:
        in_dim: C, channels of the input, 8 or more. Queries and keys have d = C // 8 channels.
        scaled: Divide the scores by sqrt(d).
        residual: Return x + gain * attention, with one learned gain that starts at 0.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: if ``in_dim`` is below 8, for queries of no channels would make every score 0 and every
            output the same mean; at call, if the input is not a (B, C, H, W) of floating point.

    Differs from the paper: Zhang et al. have the residual gain but no scale, and a convolution after the
        mixing. With ``scaled=False, residual=False`` this is the block that much code on the web calls
        self-attention.

    Derivatives: ``forward`` uses torch's fused attention, which never writes the matrix of all weights down
        and has first derivatives only. Second ones, ``jacrev`` and a ``vmap`` without a warning need torch's
        plain kernel: ``with torch.nn.attention.sdpa_kernel(SDPBackend.MATH)``.
    """

    def __init__(self, in_dim: int, *, scaled: bool = True, residual: bool = True):
        super().__init__()
        require_positive(in_dim=in_dim)
        width = in_dim // 8
        if width == 0:
            raise ValueError(
                f"wanted in_dim of 8 or more, got {in_dim}: in_dim // 8 = 0 channels for queries and keys "
                "would make all scores equal, and the block an average over the image"
            )
        self.in_dim = in_dim
        self.scale = width**-0.5 if scaled else 1.0
        self.query_conv = nn.Conv2d(in_dim, width, kernel_size=1)
        self.key_conv = nn.Conv2d(in_dim, width, kernel_size=1)
        self.value_conv = nn.Conv2d(in_dim, in_dim, kernel_size=1)
        self.gain = nn.Parameter(torch.zeros(1)) if residual else None

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """What each place takes from each place, (B, N, N) with N = H * W, row by row of the image.

        Entry [b, i, j] is the share that place i takes from place j: non-negative, sums to 1 over j, the
        last axis.
        """
        require_feature_map(x, channels=self.in_dim)
        queries, keys = self.query_conv(x), self.key_conv(x)  # (B, d, H, W) each
        return attention_weights(_tokens(queries), _tokens(keys), scale=self.scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Each place's weighted mean of all values, (B, C, H, W), added to the input if ``residual``.

        In memory it is `torch.channels_last`.
        """
        require_feature_map(x, channels=self.in_dim)
        # torch's kernel wants the channels of a place side by side, and one width; zeros change no score
        places = x.permute(0, 2, 3, 1).contiguous()  # (B, H, W, C)
        image = places.permute(0, 3, 1, 2)
        values = _tokens(self.value_conv(image))  # (B, N, C)
        queries, keys = _tokens(self.query_conv(image)), _tokens(self.key_conv(image))  # (B, N, d) each
        missing = values.shape[2] - keys.shape[2]
        queries, keys = F.pad(queries, (0, missing)), F.pad(keys, (0, missing))
        heads = (queries[:, None], keys[:, None], values[:, None])  # (B, 1, N, C) each
        mixed = F.scaled_dot_product_attention(*heads, scale=self.scale).reshape(places.shape)
        result = mixed if self.gain is None else torch.addcmul(places, self.gain, mixed)
        return result.permute(0, 3, 1, 2)  # (B, C, H, W)


class MultiHeadSelfAttention(nn.Module):
    """Let each token take from all tokens in several ways at once, one for each head.

    One linear layer makes queries, keys and values; each head sees its own d = D / h of their numbers and
    has weights of its own; a second linear layer joins the heads.

    Args:
        dim: D, width of a token.
        heads: h, must divide D.

    Shape:
        (B, N, D) -> (B, N, D), in the units of the input.

    Raises:
        ValueError: if ``heads`` does not divide ``dim``; at call, if the input is not a (B, N, D) of
            floating point.

    Differs from the paper: the linear layers have biases, as in most vision transformers.

    Derivatives: as :class:`SelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        require_positive(dim=dim, heads=heads)
        if dim % heads:
            raise ValueError(f"wanted heads that divide dim = {dim}, got {heads}: {dim % heads} left over")
        self.dim = dim
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """What each token takes from each token in each head, (B, h, N, N).

        Entry [b, h, i, j] is the share that token i takes from token j: non-negative, sums to 1 over j, the
        last axis.
        """
        queries, keys, _ = self._split(x)
        return attention_weights(queries, keys, scale=self.scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The heads' weighted means of the values, joined by ``proj``, (B, N, D)."""
        mixed = F.scaled_dot_product_attention(*self._split(x), scale=self.scale)  # (B, h, N, D/h)
        return self.proj(mixed.transpose(1, 2).reshape(x.shape))  # (B, h, N, D/h) -> (B, N, D)

    def _split(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        require_tokens(x, dim=self.dim)
        qkv = self.qkv(x).unflatten(2, (3, self.heads, -1))  # (B, N, 3D) -> (B, N, 3, h, d)
        queries, keys, values = qkv.permute(2, 0, 3, 1, 4)  # three of (B, h, N, d)
        return queries, keys, values


def _tokens(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(start_dim=2).mT  # (B, C, H, W) -> (B, N, C)


def main() -> None:
    """Show both forms on random input."""
    torch.manual_seed(0)
    features, tokens = torch.randn(2, 16, 5, 7), torch.randn(2, 11, 12)
    block, heads = SelfAttention(16), MultiHeadSelfAttention(12, heads=3)
    print("weights of places ", tuple(block.weights(features).shape))
    print("each row sums to  ", *(f"{total:.3f}" for total in block.weights(features).sum(-1).aminmax()))
    print("at first it adds  ", f"{(block(features) - features).abs().max():.1f}")
    print("weights of heads  ", tuple(heads.weights(tokens).shape))
    print("mixed tokens      ", tuple(heads(tokens).shape))


if __name__ == "__main__":
    main()
