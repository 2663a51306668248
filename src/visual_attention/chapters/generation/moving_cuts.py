"""What are the weights between moving twins good for? Change them in a trained network, and make pictures.

The network foresees the picture at each step, so it is known which patches will be twins before they are
drawn: these may be kept from looking at each other, or others may, or the weights of another picture are put
in the place of a picture's own.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.moving_cuts
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from visual_attention.chapters.generation import moving
from visual_attention.chapters.generation.flow_matching import Velocity, foreseen
from visual_attention.chapters.generation.transformer import VelocityTransformer, as_pictures
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention

# weights (B, h, N, N) and which pairs are foreseen to be twins (B, N, N) -> weights
Change = Callable[[Tensor, Tensor], Tensor]


def own(weights: Tensor, twins: Tensor) -> Tensor:
    """The weights as they are: a cut that changes nothing."""
    return weights


def uniform(weights: Tensor, twins: Tensor) -> Tensor:
    """Equal weights."""
    return torch.full_like(weights, 1 / weights.shape[-1])


def anothers(weights: Tensor, twins: Tensor) -> Tensor:
    """The weights of the picture before."""
    return weights.roll(1, dims=0)


def without_twins(weights: Tensor, twins: Tensor) -> Tensor:
    """Patches of one foreseen shape do not look at each other; what is left sums to 1 again."""
    return _kept(weights, ~twins)


def without_as_many(weights: Tensor, twins: Tensor) -> Tensor:
    """The control: as many pairs of the next patches, which are no twins, do not look at each other."""
    itself = torch.eye(twins.shape[-1], dtype=torch.bool, device=twins.device)
    return _kept(weights, ~(twins.roll(1, dims=2) & ~twins & ~itself))


def without_itself(weights: Tensor, twins: Tensor) -> Tensor:
    """No patch looks at itself."""
    return _kept(weights, ~torch.eye(twins.shape[-1], dtype=torch.bool, device=twins.device).expand_as(twins))


def without_other_things(weights: Tensor, twins: Tensor) -> Tensor:
    """A stricter control: things that have a twin do not look at things of the other shape."""
    things = twins.any(-1)
    itself = torch.eye(twins.shape[-1], dtype=torch.bool, device=twins.device)
    return _kept(weights, ~(things[:, :, None] & things[:, None] & ~twins & ~itself))


def _kept(weights: Tensor, allowed: Tensor) -> Tensor:
    left = weights * allowed[:, None]
    return left / left.sum(-1, keepdim=True).clamp_min(1e-12)


class ChangedAttention(MultiHeadSelfAttention):
    """A trained attention whose weights are changed before they are applied.

    Args:
        trained: The attention; its parameters are shared, not copied.
        change: What is done to the weights, (B, h, N, N) -> the same.

    Shape:
        (B, N, D) -> (B, N, D).
    """

    def __init__(self, trained: MultiHeadSelfAttention, change: Callable[[Tensor], Tensor]):
        super().__init__(trained.dim, heads=trained.heads)
        self.qkv, self.proj = trained.qkv, trained.proj
        self.change = change

    def weights(self, x: Tensor) -> Tensor:
        """The weights after the change, (B, h, N, N)."""
        return self.change(super().weights(x))

    def forward(self, x: Tensor) -> Tensor:
        values = self._split(x)[2]
        mixed = self.weights(x) @ values  # (B, h, N, D/h)
        return self.proj(mixed.transpose(1, 2).reshape(x.shape))


def cut(model: VelocityTransformer, change: Change) -> Velocity:
    """The velocity of a trained network whose weights are changed in every layer; the network stays."""
    twins = []

    def changed(weights: Tensor) -> Tensor:
        return change(weights, twins[-1])

    other = copy.deepcopy(model)
    for layer in other.layers:
        layer.mixer = ChangedAttention(layer.mixer, changed)

    def velocity(x: Tensor, times: Tensor) -> Tensor:
        shapes, _ = moving.read(as_pictures(foreseen(model, x, times)))
        twins[:] = [moving.alike(shapes)]
        return other(x, times)

    return velocity


def main() -> None:
    """Show how much of the weights each change moves."""
    torch.manual_seed(0)
    drawn = moving.batch(4)
    weights = torch.rand(4, 2, 9, 9).softmax(-1)
    twins = moving.alike(drawn.shapes)
    for change in (
        own,
        uniform,
        anothers,
        without_twins,
        without_as_many,
        without_itself,
        without_other_things,
    ):
        moved = (change(weights, twins) - weights).abs().sum(-1).mean() / 2
        print(f"{change.__name__:20} moves {moved:.0%} of the weights")


if __name__ == "__main__":
    main()
