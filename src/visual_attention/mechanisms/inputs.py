"""What a mechanism says at its door when the input cannot be right.

Each function returns nothing and raises a ``ValueError`` that names what was wanted and what came.
"""

import math

import torch


def require_feature_map(x: torch.Tensor, *, channels: int | None = None, finite: bool = True) -> None:
    """Require a finite floating-point feature map.

    Args:
        x: The candidate, wanted as (B, C, H, W); B may be 0.
        channels: The wanted C, or None for any.
        finite: Whether to look at every number. A gate that pools anyway leaves it out and asks
            :func:`require_finite` about what it pooled, which costs next to nothing.

    Raises:
        ValueError: if ``x`` is no tensor, has another rank or number of channels, has no positions, holds
            integers, or carries NaN or infinity (one NaN would poison every weight of a softmax).
    """
    _require_floats(x, "a feature map (B, C, H, W)", rank=4)
    if channels is not None and x.shape[1] != channels:
        raise ValueError(
            f"wanted {channels} channels on axis 1, got {x.shape[1]}: input of shape {tuple(x.shape)}"
        )
    if 0 in x.shape[1:]:
        raise ValueError(f"wanted at least one channel and one position, got shape {tuple(x.shape)}")
    if finite:
        _require_finite(x)


def require_finite(x: torch.Tensor, *, pooled: torch.Tensor) -> None:
    """Require all of ``x`` to be finite, where ``pooled`` is a mean of ``x`` that NaN and infinity survive.

    A sum that is not finite may also have overflowed, so that only then every number is looked at.
    """
    if not math.isfinite(pooled.sum().item()):
        _require_finite(x)


def require_tokens(x: torch.Tensor, *, dim: int | None = None) -> None:
    """Require a finite floating-point sequence of tokens.

    Args:
        x: The candidate, wanted as (B, N, D); B may be 0.
        dim: The wanted D, or None for any.

    Raises:
        ValueError: as :func:`require_feature_map` does.
    """
    _require_floats(x, "tokens (B, N, D)", rank=3)
    if dim is not None and x.shape[2] != dim:
        raise ValueError(f"wanted tokens of width {dim} on axis 2, got {x.shape[2]}: shape {tuple(x.shape)}")
    if 0 in x.shape[1:]:
        raise ValueError(f"wanted at least one token of width 1 or more, got shape {tuple(x.shape)}")
    _require_finite(x)


def require_positive(**numbers: float) -> None:
    """Require each named number to be above zero: ``require_positive(heads=heads)``."""
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"wanted {name} above 0, got {number}")


def _require_floats(x: torch.Tensor, what: str, *, rank: int) -> None:
    if not isinstance(x, torch.Tensor):
        raise ValueError(f"wanted {what} as a torch.Tensor, got {type(x).__name__}")
    if x.ndim != rank:
        raise ValueError(f"wanted {what}, that is {rank} axes, got {x.ndim}: shape {tuple(x.shape)}")
    if not x.is_floating_point():
        raise ValueError(f"wanted {what} of floating point, got {x.dtype}: call .float() on it first")


def _require_finite(x: torch.Tensor) -> None:
    if torch.isfinite(x.detach().sum()):  # a finite sum has finite parts, and costs one pass only
        return
    finite = torch.isfinite(x)
    if not finite.all():
        raise ValueError(f"wanted finite numbers, got {int((~finite).sum())} NaN or infinite of {x.numel()}")
