"""What does a trained detector lose when its weights are not its own?

Interventions on a copy of a trained network: where it looks is changed, or what its queries hear.

Chapter: notebooks/applications/detection.ipynb
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.boxes import to_corners
from visual_attention.chapters.detection.cross_attention import CrossAttention
from visual_attention.chapters.detection.grid import GridAttention
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.transformer import DecoderLayer

Change = Callable[[Tensor], Tensor]  # of weights (B, h, Q, N)


class Changed(nn.Module):
    """Attention whose weights are changed before they are applied."""

    def __init__(self, attention: nn.Module, change: Change):
        super().__init__()
        self.attention, self.change = attention, change

    def weights(self, queries: Tensor, places: Tensor) -> Tensor:
        """The changed weights, (B, h, Q, N)."""
        return self.change(self.attention.weights(queries, places))

    def forward(self, queries: Tensor, places: Tensor) -> Tensor:
        return self.attention.read_with(self.weights(queries, places), places)


def looking(model: nn.Module, change: Change) -> nn.Module | None:
    """A copy that looks elsewhere: the queries' looks or the cells' attention; None if it never looks."""
    model, found = copy.deepcopy(model), False
    for part in model.modules():
        if isinstance(part, DecoderLayer):
            part.look, found = Changed(part.look, change), True
        elif isinstance(part, GridAttention):
            part.attention, found = Changed(part.attention, change), True
    return model if found else None


def silent(model: nn.Module) -> nn.Module | None:
    """A copy whose queries do not hear each other; None if there are none."""
    return _heard(model, _Silence)


def talking(model: nn.Module, change: Change) -> nn.Module | None:
    """A copy whose queries hear each other by other weights, (B, h, Q, Q); None if there are none."""
    return _heard(model, lambda talk: Changed(talk, change))


def deaf(model: nn.Module) -> nn.Module | None:
    """A copy whose queries hear nothing, not even themselves; None if there are none."""
    return _heard(model, lambda talk: _Nothing())


def _heard(model: nn.Module, build: Callable[[nn.Module], nn.Module]) -> nn.Module | None:
    model, found = copy.deepcopy(model), False
    for part in model.modules():
        if isinstance(part, DecoderLayer):
            part.talk, found = build(part.talk), True
    return model if found else None


class _Nothing(nn.Module):
    def forward(self, queries: Tensor, others: Tensor) -> Tensor:
        return torch.zeros_like(queries)


class _Silence(nn.Module):
    """What a query hears when it hears itself alone."""

    def __init__(self, talk: CrossAttention):
        super().__init__()
        self.talk = talk

    def forward(self, queries: Tensor, others: Tensor) -> Tensor:
        alone = torch.eye(queries.shape[1], dtype=queries.dtype, device=queries.device)
        return self.talk.read_with(alone, others)


def uniform(weights: Tensor) -> Tensor:
    """All places alike."""
    return torch.full_like(weights, 1 / weights.shape[-1])


def anothers(weights: Tensor) -> Tensor:
    """Each picture gets the next one's weights."""
    return weights.roll(1, dims=0)


def forbidden(objects: Objects, side: int) -> Change:
    """Places whose middle lies in an object's box get nothing; the others share what is left."""
    middle = (torch.arange(side) + 0.5) / side
    low, high = to_corners(objects.boxes)[..., None].split(2, dim=2)  # (B, O, 2, 1) each
    inside = (low <= middle) & (middle < high)
    cover = inside[:, :, 1, :, None] & inside[:, :, 0, None, :] & objects.present[..., None, None]
    free = (~cover.any(dim=1)).flatten(1).float()[:, None, None]  # (B, 1, 1, N)

    def change(weights: Tensor) -> Tensor:
        left = weights * free
        return left / left.sum(dim=-1, keepdim=True).clamp(min=1e-9)

    return change
