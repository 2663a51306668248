"""Can a classifier tell made pictures from real ones?

If it cannot, the two sets are alike in everything that it looks at. So a two-sample test says as much as its
features: here a coarse look at whole pictures, and a close look at one part alone.

Another score asks how far apart two clouds of features lie. It is a number, easy to compare, and says less.

Paper: David Lopez-Paz and Maxime Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017; for the
    distance, Martin Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
    Equilibrium", NeurIPS 2017, section 2.
Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.realism
"""

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.generation import mirrored

GRAIN = 0.1  # noise on all pictures, so that nothing is told by the last digit of a number
FOLDS = 4


def whole_picture(images: Tensor) -> Tensor:
    """A coarse look at all parts: the mean colour of each quarter of each part, (B, 3, 16, 24) -> (B, 48)."""
    parts = torch.cat(mirrored.parts(images), dim=1)  # (B, 4, 3, 8, 8)
    return F.avg_pool2d(parts.flatten(0, 1), mirrored.CELL // 2).reshape(len(images), -1)


def one_part(images: Tensor) -> Tensor:
    """A close look at the upper left part alone: its pixels, (B, 3, 16, 24) -> (B, 192)."""
    return mirrored.parts(images)[0][:, 0].flatten(1)


def told_apart(
    real: Tensor, made: Tensor, *, look=whole_picture, seed: int = 0, squares: bool = True
) -> float:
    """How often a classifier is right about pictures that it was not fitted on, in percent; 50 is guessing.

    A logistic regression on the 20 directions in which the features vary most, their squares and products.

    Args:
        real: Pictures in [0, 1].
        made: As many others.
        look: Makes features of pictures.
        seed: Seeds the grain and the folds.
        squares: Whether products of features count. Without them no relation between parts can be seen.

    Raises:
        ValueError: if the two sets differ in size, or hold fewer than 8 pictures.
    """
    if len(real) != len(made) or len(real) < 2 * FOLDS:
        raise ValueError(
            f"wanted as many real pictures as made ones, {2 * FOLDS} or more, got {len(real)} and {len(made)}"
        )
    generator = torch.Generator().manual_seed(seed)
    both = torch.cat([real, made])
    features = look(both + GRAIN * torch.randn(both.shape, generator=generator)).numpy()
    labels = np.repeat([0, 1], len(real))
    order = torch.randperm(len(both), generator=generator).numpy()
    steps = [PCA(min(20, len(real) // 2)), StandardScaler()]
    if squares:
        steps += [PolynomialFeatures(2, include_bias=False), StandardScaler()]
    classifier = make_pipeline(*steps, LogisticRegression(C=0.03, max_iter=500))
    return 100 * cross_val_score(classifier, features[order], labels[order], cv=FOLDS).mean().item()


def frechet(real: Tensor, made: Tensor) -> float:
    """The Fréchet distance of two clouds of features, each taken for a normal distribution; 0 if both agree.

    The squared distance of the means, plus what the covariances differ in. Of few examples it is too large:
    compare numbers only at one count.

    Args:
        real: (M, F), more examples than features.
        made: (K, F).

    Raises:
        ValueError: if the features differ in number, or there are no more examples than features.
    """
    if real.ndim != 2 or made.ndim != 2 or real.shape[1] != made.shape[1]:
        raise ValueError(
            f"wanted features (M, F) and (K, F), got {tuple(real.shape)} and {tuple(made.shape)}"
        )
    if min(len(real), len(made)) <= real.shape[1]:
        raise ValueError(f"wanted more than {real.shape[1]} examples, got {len(real)} and {len(made)}")
    one, two = real.double(), made.double()
    spread, other = (torch.atleast_2d(each.T.cov()) for each in (one, two))
    values, vectors = torch.linalg.eigh(spread)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    common = torch.linalg.eigvalsh(root @ other @ root).clamp_min(0).sqrt().sum()
    apart = (one.mean(0) - two.mean(0)).square().sum()
    return max((apart + spread.trace() + other.trace() - 2 * common).item(), 0.0)


def main() -> None:
    real, other = (
        mirrored.batch(500, split="test", generator=torch.Generator().manual_seed(seed)).images
        for seed in (0, 1)
    )
    for name, made in (("other real pictures", other), ("right sides exchanged", mirrored.strangers(other))):
        told = (
            f"{look.__name__} {told_apart(real, made, look=look):.0f} %" for look in (whole_picture, one_part)
        )
        print(f"{name:22}", ", ".join(told))


if __name__ == "__main__":
    main()
