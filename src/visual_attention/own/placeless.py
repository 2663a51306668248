"""Can frozen features be pooled without learning where to look, and as well as by attention?

Three pools that an outsider thought of; the linear reader behind them is trained as all heads are.

Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.own.placeless
"""

import torch
from torch import Tensor

from visual_attention.own import few_labels, heads


def placeless(tokens: Tensor) -> dict[str, Tensor]:
    """Pools of frozen tokens (B, 1 + N, D) that learn no place, each (B, some numbers)."""
    first, patches = tokens[:, 0], tokens[:, 1:]
    mean = patches.mean(dim=1)
    away = (patches - mean[:, None]).square().sum(dim=2) / patches.var(dim=(0, 1)).sum()  # (B, N)
    unlike = (torch.softmax(3 * away, dim=1)[:, :, None] * patches).sum(dim=1)
    return {
        "mean and spread": torch.cat([mean, patches.std(dim=1)], dim=1),
        "unlike the mean": unlike,
        "class token, largest, smallest": torch.cat([first, patches.amax(1), patches.amin(1)], dim=1),
    }


def named(pooled: Tensor, labels: Tensor, *, each: int = 20) -> float:
    """How many garments a linear reader of pooled tokens names, trained as all heads of the page."""
    as_class_token = pooled[:, None].expand(-1, 2, -1)
    return few_labels.judged(heads.CLASS, as_class_token, labels, classes=10, each=each).accuracy


def main() -> None:
    """Each pool on the garments in scenes, with twenty labels a kind."""
    from visual_attention.chapters.classification import garments

    stored = garments.stored("scene")
    for name, pooled in placeless(stored.tokens).items():
        print(f"{name}: {named(pooled, stored.labels):.1%}")


if __name__ == "__main__":
    main()
