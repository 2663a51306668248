"""What does a real pretrained vision transformer look at?

Its attention on a few photographs, kept in small files. The model has 22 million parameters and does not fit
into the course; what it looked at does. Origin, licence and the command that made the files:
packs/PROVENANCE.md beside this file.

Run: python -m visual_attention.data.packs
"""

import functools
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from visual_attention.data import photographs

FOLDER = "packs"
POSITIONS = "positions.npz"
SIZE = 224  # pixels a side, 16 x 16 patches of 14
LAYERS_SIZE = 168  # 12 x 12 patches


@dataclass(frozen=True)
class Pack:
    """What a pretrained ViT-S/14 made of one photograph: L = 12 layers, h = 6 heads, 16 x 16 patches.

    Attributes:
        name: As in `data.photographs`.
        image: (3, 224, 224) in [0, 1], the photograph as the model saw it (before its normalisation).
        grid: Rows and columns of patches, (16, 16).
        class_attention: (L, h, 16, 16), what the class token takes from each patch.
        patch_attention: (h, 256, 256), last layer: what each patch (row) takes from each patch; or None.
        layers: (L, h, 144, 144), the same for all layers with the photograph at 168 pixels, 12 x 12 patches;
            or None.
        norms: (L + 1, 257), length of each token before the first block and after each; the class token
            first.
        features_pca: (32, 32, 3) in [0, 1], the first three principal components of the patches' final
            features with the photograph at 448 pixels, as red, green and blue.

    The shares over the patches sum to a little less than 1: the rest went to the class token.
    """

    name: str
    image: Tensor
    grid: tuple[int, int]
    class_attention: Tensor
    patch_attention: Tensor | None
    layers: Tensor | None
    norms: Tensor
    features_pca: Tensor

    @property
    def token_attention(self) -> Tensor:
        """The last layer with the class token put back in front: (h, 257, 257), each row sums to 1.

        Raises:
            ValueError: if the pack has no `patch_attention`.
        """
        if self.patch_attention is None:
            raise ValueError(
                f"wanted a pack with patch_attention ({', '.join(names(having='patch_attention'))})"
            )
        of_class = self.class_attention[-1].flatten(start_dim=1).unsqueeze(1)  # (h, 1, 256)
        over_patches = torch.cat([of_class, self.patch_attention], dim=1)  # (h, 257, 256)
        rest = (1 - over_patches.sum(dim=-1, keepdim=True)).clamp(min=0)
        rows = torch.cat([rest, over_patches], dim=2)
        return rows / rows.sum(dim=-1, keepdim=True)


def names(*, having: str | None = None) -> list[str]:
    """The photographs that have a pack, in alphabetical order.

    Args:
        having: "patch_attention" or "layers" for those that have it; None for all.
    """
    files_here = (entry.name for entry in _folder().iterdir())
    found = sorted(n.removesuffix(".npz") for n in files_here if n.endswith(".npz") and n != POSITIONS)
    if having is None:
        return found
    if having not in ("patch_attention", "layers"):
        raise ValueError(f'having: wanted "patch_attention" or "layers", got {having!r}')
    return [name for name in found if getattr(load(name), having) is not None]


@functools.cache
def load(name: str) -> Pack:
    """The pack of a photograph. Its tensors are shared between callers: copy before you write into them."""
    if name not in names():
        raise ValueError(f"name: wanted one of {', '.join(names())}; got {name!r}")
    with (_folder() / f"{name}.npz").open("rb") as stored, np.load(stored, allow_pickle=False) as arrays:
        kept = {key: _unpack(arrays, key) for key in ("class_attention", "patch_attention", "layers")}
        return Pack(
            name=name,
            image=photographs.load(name, SIZE),
            grid=tuple(kept["class_attention"].shape[-2:]),
            **kept,
            norms=torch.from_numpy(arrays["norms"].astype(np.float32)),
            features_pca=torch.from_numpy(arrays["features_pca"].astype(np.float32) / 255),
        )


@functools.cache
def positions() -> Tensor:
    """The model's learned positions in their first three principal components: (1, 1 + 37 * 37, 3).

    The class token's comes first, then those of a 37 x 37 grid (518 pixels) row by row, as in the model. A
    stretch to another grid treats each number for itself, so it does to these what it does to all 384.
    """
    with (_folder() / POSITIONS).open("rb") as stored, np.load(stored, allow_pickle=False) as arrays:
        return torch.from_numpy(arrays["positions"].astype(np.float32))


def save(
    path: Path,
    *,
    class_attention: Tensor,
    norms: Tensor,
    features_pca: Tensor,
    patch_attention: Tensor | None = None,
    layers: Tensor | None = None,
) -> None:
    """Write one pack, in the shapes of :class:`Pack`; weights in 255 steps (class token) or 63 (patches)."""
    height, width = class_attention.shape[-2:]
    arrays = _packed("class_attention", class_attention.flatten(start_dim=-2), steps=255)
    arrays["class_attention"] = arrays["class_attention"].reshape(*class_attention.shape[:-2], height, width)
    for key, weights in (("patch_attention", patch_attention), ("layers", layers)):
        if weights is not None:
            arrays |= _packed(key, weights, steps=63)
    arrays["norms"] = norms.numpy().astype(np.float16)
    arrays["features_pca"] = (features_pca * 255).round().byte().numpy()
    np.savez_compressed(path, **arrays)


def _packed(key: str, weights: Tensor, *, steps: int) -> dict[str, np.ndarray]:
    """Whole numbers from 0 to `steps` and what one step is worth in each row."""
    step = weights.amax(dim=-1, keepdim=True) / steps
    return {key: (weights / step).round().byte().numpy(), f"{key}_step": step.numpy()}


def _unpack(arrays, key: str) -> Tensor | None:
    if key not in arrays:
        return None
    counts = arrays[key].astype(np.float32)
    step = arrays[f"{key}_step"]
    return torch.from_numpy(counts * step.reshape(step.shape + (1,) * (counts.ndim - step.ndim)))


def _folder():
    return files("visual_attention.data") / FOLDER


def main() -> None:
    for name in names():
        pack = load(name)
        extra = [key for key in ("patch_attention", "layers") if getattr(pack, key) is not None]
        print(f"{name:10} class token: {tuple(pack.class_attention.shape)} {' '.join(extra)}")


if __name__ == "__main__":
    main()
