"""How can all places be mixed without writing down how much each takes from each?

In blocks: some of the rows of the matrix of weights are made, used and thrown away, and made again when the
gradient needs them. A fused kernel does so within the processor's cache.

Paper: Tri Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness",
    NeurIPS 2022, section 3.1.
Chapter: notebooks/mechanisms/self_attention.ipynb
Run: python -m visual_attention.mechanisms.blockwise
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

ROWS = 256  # of a block; half of all, where there are fewer than twice as many
# Queries and keys are narrower than values, and PyTorch's kernel wants one width for all three. Widening them
# costs multiplications, which pay for themselves only in maps of more than 32 x 32 places.
MOST_IN_BLOCKS = 32 * 32


def mix(queries: Tensor, keys: Tensor, values: Tensor, *, scale: float) -> Tensor:
    """For each query, the mean of all values, weighted by the softmax of its scores.

    The same as ``values @ attention_weights(queries, keys, scale=scale).mT``, forward and backward, but no
    tensor of N x N numbers ever exists.

    Args:
        queries: One row for each of N places that ask, (B, N, d).
        keys: One row for each of N places that are looked at, (B, N, d) with d of at most C.
        values: What these places offer, one column each, (B, C, N).
        scale: Multiplies the scores before the softmax.

    Shape:
        (B, N, d), (B, N, d), (B, C, N) -> (B, C, N), in the units of the values. Second derivatives are a
        RuntimeError.
    """
    if queries.shape[1] <= MOST_IN_BLOCKS:
        teaching = torch.is_grad_enabled() and any(x.requires_grad for x in (queries, keys, values))
        blocks = Blocks.apply if teaching else Blocks.forward  # to be ready for backward takes time
        return blocks(scale * queries, keys, values)
    return kernel(queries, keys, values, scale=scale)


def kernel(queries: Tensor, keys: Tensor, values: Tensor, *, scale: float) -> Tensor:
    """``mix`` by PyTorch's fused kernel; queries and keys are widened by zeros, which change no score."""
    missing = values.shape[1] - keys.shape[2]
    queries, keys = F.pad(queries, (0, missing)), F.pad(keys, (0, missing))  # (B, N, d) -> (B, N, C)
    # On a transposed view it takes thrice the time, so the numbers are laid out anew: three of (B, 1, N, C).
    heads = (tokens[:, None].contiguous() for tokens in (queries, keys, values.mT))
    return F.scaled_dot_product_attention(*heads, scale=scale)[:, 0].mT  # (B, 1, N, C) -> (B, C, N)


class Blocks(torch.autograd.Function):
    """``mix`` with a scale of 1, a block of queries after the other.

    All blocks write their weights to the same place in memory: asking the system for more of it costs a
    small map as much as the arithmetic.
    """

    @staticmethod
    def forward(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Each block's weights are dropped as soon as they are used: (B, N, d), (B, N, d), (B, C, N)."""
        rows = rows_of_a_block(queries)
        room, mixed = _room(rows, keys), torch.empty_like(values.mT, memory_format=torch.contiguous_format)
        for block, place in zip(queries.split(rows, dim=1), mixed.split(rows, dim=1), strict=True):
            torch.bmm(_weights(block, keys, room), values.mT, out=place)  # (B, rows, N) @ (B, N, C)
        return mixed.mT  # (B, N, C) -> (B, C, N)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        """Queries, keys and values are kept, the weights are not."""
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The weights of each block are made again, and the chain rule is walked by hand."""
        queries, keys, values = ctx.saved_tensors
        rows = rows_of_a_block(queries)
        room, second_room = _room(rows, keys), _room(rows, keys)
        of_queries, of_keys, of_values = (torch.zeros_like(each) for each in (queries, keys.mT, values))
        parts = (queries.split(rows, dim=1), gradient.split(rows, dim=2), of_queries.split(rows, dim=1))
        for block, arriving, place in zip(*parts, strict=True):
            weights = _weights(block, keys, room)  # (B, rows, N)
            of_values.baddbmm_(arriving, weights)  # (B, C, rows) @ (B, rows, N)
            of_weights = torch.bmm(arriving.mT, values, out=second_room[:, : block.shape[1]])
            # weights * (of_weights - their mean by these weights), in one pass: autograd's own function
            of_scores = torch.ops.aten._softmax_backward_data(of_weights, weights, -1, weights.dtype)
            torch.bmm(of_scores, keys, out=place)
            of_keys.baddbmm_(block.mT, of_scores)  # (B, d, rows) @ (B, rows, N)
        return of_queries, of_keys.mT, of_values


def _room(rows: int, keys: Tensor) -> Tensor:
    return keys.new_empty(len(keys), rows, keys.shape[1])


def _weights(block: Tensor, keys: Tensor, room: Tensor) -> Tensor:
    scores = torch.bmm(block, keys.mT, out=room[:, : block.shape[1]])  # the last block may be shorter
    return torch.softmax(scores, dim=-1, out=scores)


def rows_of_a_block(queries: Tensor) -> int:
    """How many queries of (B, N, d) are mixed at once: fewer than N, unless there is one."""
    return max(1, min(ROWS, (queries.shape[1] + 1) // 2))


def main() -> None:
    """Show that the blocks give what the whole matrix gives."""
    torch.manual_seed(0)
    queries, keys, values = torch.randn(2, 576, 8), torch.randn(2, 576, 8), torch.randn(2, 64, 576)
    whole = values @ torch.softmax(queries @ keys.mT, dim=-1).mT
    ways = {"in blocks": Blocks.apply, "fused": lambda *each: kernel(*each, scale=1.0)}
    for name, way in ways.items():
        apart = (way(queries, keys, values) - whole).abs().max()
        print(f"{name:10} differs from the whole matrix by {apart:.0e}")


if __name__ == "__main__":
    main()
