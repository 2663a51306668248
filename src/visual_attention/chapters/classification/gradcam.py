"""Where would a small change of the features change the score of a class? Grad-CAM, for any network.

Paper: Ramprasaath R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization", ICCV 2017, section 3.
Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.gradcam
"""

from collections.abc import Callable

import torch
from torch import Tensor


def grad_cam(
    features: Tensor, read: Callable[[Tensor], Tensor], classes: Tensor, *, averaged: bool = True
) -> Tensor:
    """A map of one class for each image.

    The gradient of the class's score says how much each channel counts; averaged over places it weighs the
    channels, and of their weighted sum only what speaks for the class is kept.

    Args:
        features: F, the map of features that is looked at, (B, C, h, w).
        read: what the network makes of it, (B, C, h, w) -> (B, K); images must not mix.
        classes: of which score, (B,).
        averaged: as in the paper; otherwise each place keeps its own gradient, as in HiResCAM (Draelos and
            Carin, 2020).

    Shape:
        -> (B, 1, h, w), not below 0; no fixed sum, and all 0 where nothing speaks for the class.
    """
    features = features.detach().requires_grad_()
    with torch.enable_grad():
        score = read(features).gather(1, classes[:, None]).sum()
        (gradient,) = torch.autograd.grad(score, features)  # (B, C, h, w)
    if averaged:
        gradient = gradient.mean(dim=(2, 3), keepdim=True)  # (B, C, 1, 1): a weight for each channel
    return torch.relu((gradient * features.detach()).sum(dim=1, keepdim=True))


def main() -> None:
    """The map of a network with soft pooling and Grad-CAM's, for the class that it names."""
    from visual_attention.chapters.classification import sizes, trained
    from visual_attention.experiments import pointing

    model = trained.load()
    shown = sizes.cell(200, split="test", side=14, pieces=4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features, named = model.features(shown.images), model(shown.images).argmax(1)
    cam = grad_cam(features, lambda x: model.read(model.pool(x)), named)
    for name, maps in (("soft pooling", model.place_map(shown.images).detach()), ("Grad-CAM", cam)):
        print(f"{name:12} peak on the digit in {pointing.hits(maps, shown.masks).float().mean():.0%}")


if __name__ == "__main__":
    main()
