"""How are features of many pictures computed once, and never again?

The pretrained transformer stays as it is. Its tokens for a picture depend on the file, on the weights, on
the size and on how the picture was cut up, and on nothing else; so they are kept under a hash of these
four, in half precision.
"""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm.auto import tqdm

from visual_attention.mechanisms import pretrained
from visual_attention.mechanisms.vision_transformer import VisionTransformer
from visual_attention.own import folder

SIZE = 224  # pixels a side: 16 x 16 patches of 14
TILES = 4  # rows and columns of pieces when a picture is cut up
FETCH = "python -m visual_attention.own fetch"


def weights_file(path: str | Path | None = None) -> Path:
    """The file with the pretrained weights: the one that is given, or one that was fetched before.

    Raises:
        FileNotFoundError: if there is none; the message says how to get it.
    """
    if path is not None:
        if not Path(path).is_file():
            raise FileNotFoundError(f"wanted a file with weights, got {path}, where there is none")
        return Path(path)
    found = pretrained.fetched()
    if found is None:
        raise FileNotFoundError(f"No pretrained weights here yet. Fetch them once (90 MB): {FETCH}")
    return found


def digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


class Extractor:
    """A frozen transformer that gives the tokens of pictures, computed once and kept.

    Args:
        weights: a file with DINOv2-like weights; None: the one that was fetched.
        size: side in pixels to which each picture's centred square is brought, a multiple of the patch's.
        device: where to compute, such as "cpu" or "cuda".
        cache: folder in which tokens are kept; None: beside the fetched weights.

    Raises:
        ValueError: if the size is no multiple of the patch's.
        FileNotFoundError: if there are no weights.
    """

    def __init__(
        self,
        weights: str | Path | None = None,
        *,
        size: int = SIZE,
        device: str = "cpu",
        cache: str | Path | None = None,
    ):
        path = weights_file(weights)
        self.model: VisionTransformer = pretrained.load(path).to(device)
        patch = self.model.patch_embed.proj.kernel_size[0]
        if size < patch or size % patch:
            raise ValueError(f"size: wanted a multiple of {patch} pixels, got {size}")
        self.size, self.device, self.patch = size, torch.device(device), patch
        self.weights_digest = digest(path)
        self.cache = Path(cache) if cache else pretrained.cache() / "features"

    @property
    def grid(self) -> int:
        """Rows, and columns, of patches."""
        return self.size // self.patch

    def place(self, path: Path, *, confetti: bool = False) -> Path:
        """Where a picture's tokens are kept."""
        parts = (digest(path), self.weights_digest, str(self.size), "confetti" if confetti else "whole")
        return self.cache / f"{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:32]}.safetensors"

    def tokens(self, paths: Sequence[Path], *, confetti: bool = False, progress: bool = True) -> Tensor:
        """The last layer's tokens of each picture, the class token first.

        Args:
            paths: files of pictures.
            confetti: whether each picture is cut into 4 x 4 pieces that change places, the same for all.
            progress: whether to show a bar, and to say beforehand how long it will take.

        Shape:
            (n, 1 + N, D), float32 on the CPU.
        """
        places = [self.place(path, confetti=confetti) for path in paths]
        missing = [index for index, place in enumerate(places) if not place.exists()]
        self.cache.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        bar = tqdm(missing, desc="features", unit="picture", disable=not progress or not missing)
        for done, index in enumerate(bar):
            self._keep(self.compute(folder.read(paths[index], self.size), confetti=confetti), places[index])
            if progress and done == 0 and len(missing) > 1:
                seconds = (time.perf_counter() - started) * (len(missing) - 1)
                bar.write(
                    f"{len(missing)} pictures to look at: about {told(seconds)}. Ask again to go on later."
                )
        return torch.stack([load_file(place)["tokens"].float() for place in places])

    @torch.inference_mode()
    def compute(self, image: Tensor, *, confetti: bool = False) -> Tensor:
        """The tokens of one picture (3, S, S) in [0, 1]: (1 + N, D)."""
        image = scattered(image, TILES) if confetti else image
        return self.model(pretrained.prepare(image).to(self.device))[0].cpu()

    @staticmethod
    def _keep(tokens: Tensor, place: Path) -> None:
        """Write to a draft first, so that an interruption leaves no half of a file."""
        draft = place.with_suffix(".draft")
        save_file({"tokens": tokens.half().contiguous()}, draft)
        draft.replace(place)


def scattered(image: Tensor, tiles: int) -> Tensor:
    """A picture cut into tiles x tiles pieces that change places, always in the same way: (3, H, W) -> alike.

    What does not divide evenly is cut off at the right and below, and comes back as it was.
    """
    rows, columns = image.shape[-2] // tiles, image.shape[-1] // tiles
    inner = image[:, : rows * tiles, : columns * tiles]
    pieces = inner.unfold(1, rows, rows).unfold(2, columns, columns).flatten(1, 2)  # (3, tiles ** 2, r, c)
    order = torch.randperm(tiles * tiles, generator=torch.Generator().manual_seed(0))
    mixed = pieces[:, order].unflatten(1, (tiles, tiles)).transpose(2, 3)  # (3, tiles, r, tiles, c)
    result = image.clone()
    result[:, : rows * tiles, : columns * tiles] = mixed.reshape(inner.shape)
    return result


def told(seconds: float) -> str:
    """A duration in words: "40 s", "3 min"."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
