"""What a mechanism says at its door when the input cannot be right.

Each function returns nothing and raises a ``ValueError`` that names what was wanted and what came. Only
shapes and types are looked at, never numbers: so modules can be compiled, exported, mapped over samples and
run on any device without waiting for it. Where a NaN begins is found by
:func:`visual_attention.training.find_nonfinite`.
"""

import torch


def require_feature_map(x: torch.Tensor, *, channels: int | None = None) -> None:
    """Require a floating-point feature map.

    Args:
        x: The candidate, wanted as (B, C, H, W); B may be 0.
        channels: The wanted C, or None for any.

    Raises:
        ValueError: if ``x`` is no tensor, has another rank or number of channels, has no positions, or holds
            integers.
    """
    require_floats(x, "a feature map (B, C, H, W)", rank=4)
    if channels is not None and x.shape[1] != channels:
        raise ValueError(
            f"wanted {channels} channels on axis 1, got {x.shape[1]}: input of shape {tuple(x.shape)}"
        )
    if 0 in x.shape[1:]:
        raise ValueError(f"wanted at least one channel and one position, got shape {tuple(x.shape)}")


def require_tokens(x: torch.Tensor, *, dim: int | None = None) -> None:
    """Require a floating-point sequence of tokens.

    Args:
        x: The candidate, wanted as (B, N, D); B may be 0.
        dim: The wanted D, or None for any.

    Raises:
        ValueError: as :func:`require_feature_map` does.
    """
    require_floats(x, "tokens (B, N, D)", rank=3)
    if dim is not None and x.shape[2] != dim:
        raise ValueError(f"wanted tokens of width {dim} on axis 2, got {x.shape[2]}: shape {tuple(x.shape)}")
    if 0 in x.shape[1:]:
        raise ValueError(f"wanted at least one token of width 1 or more, got shape {tuple(x.shape)}")


def require_positive(**numbers: float) -> None:
    """Require each named number to be above zero: ``require_positive(heads=heads)``."""
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"wanted {name} above 0, got {number}")


def require_floats(x: torch.Tensor, what: str, *, rank: int) -> None:
    """Require a tensor of floating point with so many axes; ``what`` says in words what is wanted."""
    if not isinstance(x, torch.Tensor):
        raise ValueError(f"wanted {what} as a torch.Tensor, got {type(x).__name__}")
    if x.ndim != rank:
        raise ValueError(f"wanted {what}, that is {rank} axes, got {x.ndim}: shape {tuple(x.shape)}")
    if not x.is_floating_point():
        raise ValueError(f"wanted {what} of floating point, got {x.dtype}: call .float() on it first")
