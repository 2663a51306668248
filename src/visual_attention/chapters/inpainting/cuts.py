"""Does the filling hang on where it is copied from? A trained network stays, its weights are changed.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.cuts
"""

from collections.abc import Callable

import torch
from torch import Tensor

from visual_attention.chapters.inpainting.contextual import ContextualInpainter
from visual_attention.chapters.inpainting.masks import known_mean, whole_patches

Weighing = Callable[[ContextualInpainter, Tensor, Tensor], Tensor]  # (model, features, missing) -> (B, N, N)


def own(model: ContextualInpainter, guessed: Tensor, missing: Tensor) -> Tensor:
    """The weights as they are: a cut that changes nothing."""
    return model.attend.weights(guessed, missing)


def uniform(model: ContextualInpainter, guessed: Tensor, missing: Tensor) -> Tensor:
    """All patches that may be copied count alike."""
    whole = _whole(model, missing, guessed.dtype)  # (B, 1, N)
    shares = whole / whole.sum(dim=-1, keepdim=True)
    return shares.expand(-1, shares.shape[2], -1)


def anothers(model: ContextualInpainter, guessed: Tensor, missing: Tensor) -> Tensor:
    """From where the picture before it in the batch would copy into this hole."""
    return model.attend.weights(guessed.roll(1, dims=0), missing)


def without_source(model: ContextualInpainter, guessed: Tensor, missing: Tensor) -> Tensor:
    """Nothing from the patch that each place takes most of, nor from its eight neighbours.

    The others share in its place, each by its own weight.
    """
    shares = model.attend.weights(guessed, missing)
    columns = missing.shape[3]
    place = torch.arange(shares.shape[2], device=shares.device)
    rows = place // columns
    near = ((rows - rows[:, None]).abs() <= 1) & ((place % columns - place[:, None] % columns).abs() <= 1)
    allowed = _whole(model, missing, torch.bool) & ~near[shares.argmax(dim=-1)]
    return shares.clamp_min(1e-38).log().masked_fill(~allowed, -torch.inf).softmax(dim=-1)


def filled_with(model: ContextualInpainter, images: Tensor, masks: Tensor, weigh: Weighing) -> Tensor | None:
    """What a trained network fills in with other weights, (B, 3, H, W); None if it has none.

    Args:
        model: the network, which stays as it is.
        images: (B, 3, H, W).
        masks: (B, 1, H, W), true where something is missing.
        weigh: makes the weights.
    """
    if not hasattr(model.attend, "paste"):
        return None
    guessed, missing, pixels = model.features(images, masks)
    copied = model.attend.paste(weigh(model, guessed, missing), missing, pixels)
    return torch.where(masks, model.painted(guessed, copied) + known_mean(images, masks), images)


def _whole(model: ContextualInpainter, missing: Tensor, dtype: torch.dtype) -> Tensor:
    return whole_patches(missing, patch=model.attend.patch).flatten(2).to(dtype)  # (B, 1, N)


def main() -> None:
    """Cut the trained network in each of the ways."""
    from visual_attention.chapters.inpainting import trained, wallpaper
    from visual_attention.chapters.inpainting.scores import psnr

    model = trained.load("attention")
    for world in wallpaper.WORLDS:
        shown = wallpaper.batch(100, split="test", world=world, generator=torch.Generator().manual_seed(3))
        for weigh in (own, uniform, anothers, without_source):
            with torch.no_grad():
                filled = filled_with(model, shown.images, shown.masks, weigh).clamp(0, 1)
            print(f"{world:12} {weigh.__name__:15} {psnr(filled, shown.images, shown.masks).mean():.1f} dB")


if __name__ == "__main__":
    main()
