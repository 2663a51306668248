"""How does what a large model looks at fit into a small file?

Runs a pretrained vision transformer on the course's photographs and keeps its attention, the lengths of its
tokens and three colours of its features for `visual_attention.data.packs`.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.chapters.vision_transformer.packing
"""

from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from visual_attention.data import packs, photographs
from visual_attention.mechanisms.pretrained import fetch, load, prepare
from visual_attention.mechanisms.vision_transformer import VisionTransformer

PHOTOGRAPHS = "astronaut camera cat clock coffee coins flower horse pagoda rocket".split()
WITH_PATCHES = "astronaut cat coffee coins flower pagoda".split()
WITH_LAYERS = "astronaut cat".split()


@torch.no_grad()
def contents(model: VisionTransformer, name: str) -> dict[str, Tensor]:
    """What the pack of a photograph holds, by the names of :func:`visual_attention.data.packs.save`."""
    image = prepare(photographs.load(name, packs.SIZE))
    rows, columns = model.patch_embed.grid(image)
    weights = torch.cat(model.weights(image))  # (L, h, 1 + N, 1 + N)
    kept = {
        "class_attention": weights[:, :, 0, 1:].unflatten(-1, (rows, columns)),
        "norms": torch.cat(model.states(image)).norm(dim=-1),  # (L + 1, 1 + N)
        "features_pca": colours(model, photographs.load(name, 2 * packs.SIZE)),
    }
    if name in WITH_PATCHES:
        kept["patch_attention"] = weights[-1, :, 1:, 1:]
    if name in WITH_LAYERS:
        small = prepare(photographs.load(name, packs.LAYERS_SIZE))
        kept["layers"] = torch.cat(model.weights(small))[:, :, 1:, 1:]
    return kept


@torch.no_grad()
def colours(model: VisionTransformer, image: Tensor) -> Tensor:
    """The three directions in which an image's patch features vary most, as red, green and blue.

    Args:
        model: A pretrained transformer with patches of 14 pixels.
        image: (3, H, W) in [0, 1].

    Shape:
        (H // 14, W // 14, 3) in [0, 1]: the lowest and the highest hundredth of each component are clipped.
    """
    prepared = prepare(image)
    features = model(prepared)[0, 1:]  # (N, D)
    features = features - features.mean(dim=0)
    _, _, directions = torch.linalg.svd(features, full_matrices=False)
    components = features @ directions[:3].T  # (N, 3)
    components = components * components.pow(3).sum(dim=0).sign()  # a direction's sign is arbitrary: fix it
    low, high = components.quantile(torch.tensor([0.01, 0.99]), dim=0)
    return ((components - low) / (high - low)).clamp(0, 1).unflatten(0, model.patch_embed.grid(prepared))


@torch.no_grad()
def main_positions(model: VisionTransformer) -> Tensor:
    """The learned positions in their first three principal components, (1, 1 + M * M, 3)."""
    centred = model.pos_embed - model.pos_embed[:, 1:].mean(dim=1, keepdim=True)
    _, _, directions = torch.linalg.svd(centred[0, 1:], full_matrices=False)
    return centred @ directions[:3].T  # (1, 1 + M * M, D) -> (1, 1 + M * M, 3)


def write_all(model: VisionTransformer, folder: Path | None = None) -> None:
    """Write the packs of all photographs, into the package if no folder is given."""
    folder = folder or Path(str(files("visual_attention.data") / packs.FOLDER))
    folder.mkdir(parents=True, exist_ok=True)
    for name in PHOTOGRAPHS:
        packs.save(folder / f"{name}.npz", **contents(model, name))
        print(f"{name}.npz {(folder / f'{name}.npz').stat().st_size / 1024:.0f} KB")
    np.savez_compressed(folder / packs.POSITIONS, positions=main_positions(model).numpy().astype(np.float16))


def main() -> None:
    """Fetch the weights and make all packs again, into the package."""
    write_all(load(fetch("index")))


if __name__ == "__main__":
    main()
