"""Can a handful of pictures with masks teach a head on frozen features to cut things out?

Chapter: notebooks/applications/segmentation.ipynb
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.segmentation.scores import dice
from visual_attention.data import photographs
from visual_attention.own import folder
from visual_attention.own.features import Extractor

FOLDS, FEWEST = 5, 3


@dataclass(frozen=True)
class Segmented:
    """Masks of pictures that were left out of training.

    Args:
        paths: the pictures.
        images: (n, 3, S, S), as they were seen.
        true: (n, S, S), bool.
        shares: (n, S, S), how sure the head is of each pixel.
    """

    paths: tuple[Path, ...]
    images: Tensor
    true: Tensor
    shares: Tensor

    def dice(self) -> Tensor:
        """Dice of each picture, (n,)."""
        return dice((self.shares > 0.5)[:, None], self.true[:, None]).flatten()

    def interval(self) -> tuple[float, float, float]:
        """The mean of Dice over pictures, with its 95 % interval by Student's t."""
        each = self.dice().double().numpy()
        half = t.ppf(0.975, len(each) - 1) * each.std(ddof=1) / len(each) ** 0.5
        return float(each.mean()), float(each.mean() - half), float(each.mean() + half)


def segment(place: str | Path, extractor: Extractor, *, progress: bool = True) -> Segmented:
    """Train a linear head on the patches of some pictures and ask it for the masks of the others, in turn.

    Args:
        place: a folder with `pictures` and `masks`, of which two belong together by their name.
        extractor: the frozen transformer.
        progress: whether to show a bar.

    Raises:
        ValueError: if there are fewer than three pairs, or a mask is of another size than its picture.
    """
    found = paired(Path(place))
    images = torch.stack([folder.read(picture, extractor.size) for picture, _ in found])
    true = torch.stack([mask_of(*pair, extractor.size) for pair in found])
    tokens = extractor.tokens([p for p, _ in found], progress=progress)[:, 1:].numpy()  # (n, N, D)
    covered = F.interpolate(true[:, None].float(), (extractor.grid,) * 2, mode="area").flatten(1) > 0.5
    shares = np.zeros(covered.shape, dtype=np.float32)
    cut = KFold(min(FOLDS, len(found)), shuffle=True, random_state=0)
    for train, test in cut.split(tokens):
        head = LogisticRegression(C=0.1, max_iter=500, class_weight="balanced")
        middle, wide = tokens[train].mean((0, 1)), tokens[train].std((0, 1)) + 1e-6
        head.fit(((tokens[train] - middle) / wide).reshape(-1, tokens.shape[2]), covered[train].flatten())
        asked = ((tokens[test] - middle) / wide).reshape(-1, tokens.shape[2])
        shares[test] = head.predict_proba(asked)[:, 1].reshape(len(test), -1)
    small = torch.from_numpy(shares).view(len(found), 1, extractor.grid, extractor.grid)
    large = F.interpolate(small, (extractor.size,) * 2, mode="bilinear", align_corners=False)[:, 0]
    return Segmented(tuple(picture for picture, _ in found), images, true, large)


def paired(place: Path) -> list[tuple[Path, Path]]:
    """Each picture with the mask of its name.

    Raises:
        ValueError: if there are fewer than three; what has no partner is named.
    """
    for part in ("pictures", "masks"):
        if not (place / part).is_dir():
            raise ValueError(f"{place}: wanted the folders pictures and masks, got no {part}")
    names = [{p.stem: p for p in folder.named([place / part])[0]} for part in ("pictures", "masks")]
    alone = sorted(names[0].keys() ^ names[1].keys())
    both = sorted(names[0].keys() & names[1].keys())
    if len(both) < FEWEST:
        said = f"; without a partner: {', '.join(alone)}" if alone else ""
        raise ValueError(f"{place}: wanted at least {FEWEST} pictures with masks, got {len(both)}{said}")
    return [(names[0][name], names[1][name]) for name in both]


def mask_of(picture: Path, mask: Path, size: int) -> Tensor:
    """A mask, cut and resized as its picture is: (size, size), bool."""
    whole = folder.read(mask)
    wanted = folder.read(picture).shape[1:]
    if whole.shape[1:] != wanted:
        got = f"{whole.shape[2]} x {whole.shape[1]}"
        raise ValueError(f"{mask}: wanted {wanted[1]} x {wanted[0]} pixels, as its picture has, got {got}")
    return photographs.fitted(whole, size).mean(dim=0) > 0.5
