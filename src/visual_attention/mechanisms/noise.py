"""How is noise drawn that is the same on every device and in every precision?

Where the generator lives, in single precision, and only then moved to where it is wanted: so a seeded
generator of the processor gives a network on a GPU, or one in half or double precision, the numbers that it
gives any other.

Run: python -m visual_attention.mechanisms.noise
"""

from collections.abc import Sequence

import torch


def normal(
    size: Sequence[int], *, like: torch.Tensor, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Numbers from the standard normal distribution, in the type and on the device of ``like``."""
    return torch.randn(size, generator=generator, device=_source(like, generator)).to(like)


def uniform(
    size: Sequence[int], *, like: torch.Tensor, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Numbers from 0 to below 1, each as likely, on the device of ``like``.

    In its type only if that is single precision or better: half precision has no room between 0 and 1 for
    what a logarithm of them needs.
    """
    drawn = torch.rand(size, generator=generator, device=_source(like, generator))
    return drawn.to(like.device, torch.promote_types(like.dtype, torch.float32))


def _source(like: torch.Tensor, generator: torch.Generator | None) -> torch.device:
    return like.device if generator is None else generator.device


def main() -> None:
    """Show that half precision gets the numbers of single precision, rounded."""
    for dtype in (torch.float32, torch.bfloat16):
        like, generator = torch.zeros((), dtype=dtype), torch.Generator().manual_seed(0)
        drawn = normal((4,), like=like, generator=generator)
        print(f"{str(dtype):15}", *(f"{number:+.3f}" for number in drawn.tolist()))


if __name__ == "__main__":
    main()
