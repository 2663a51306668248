"""How are features of many pictures computed once, and never again?

The pretrained transformer stays as it is. Its tokens depend on what it sees, on its weights, and on nothing
else; so they are kept under a hash of these two, in half precision. Who interrupts loses one picture.
"""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from visual_attention.mechanisms import pretrained
from visual_attention.own import folder, weights
from visual_attention.own.weights import bytes_of

SIZE = 224  # pixels a side: 16 x 16 patches of 14
TILES = 4  # rows and columns of pieces when a picture is cut up
MARGIN = 0.2  # of a side that stays, left and right, above and below, when the middle is covered


class Extractor:
    """A frozen transformer that gives the tokens of pictures, computed once and kept.

    Args:
        source: a file with weights, "stand-in", or None for the ones that were fetched.
        size: side in pixels to which each picture's centred square is brought, a multiple of the patch's.
        device: where to compute, such as "cpu" or "cuda".
        cache: folder in which tokens are kept; None: beside the fetched weights. Of the stand-in none are.

    Raises:
        ValueError: if the size is no multiple of the patch's.
        FileNotFoundError: if there are no weights.
    """

    def __init__(
        self,
        source: str | Path | None = None,
        *,
        size: int = SIZE,
        device: str = "cpu",
        cache: str | Path | None = None,
    ):
        model, self.weights_digest = weights.model(source)
        self.model = model.to(device)
        self.patch = model.patch_embed.patch_size
        if size < self.patch or size % self.patch:
            raise ValueError(f"size: wanted a multiple of {self.patch} pixels, got {size}")
        self.size, self.device = size, torch.device(device)
        self.stand_in = str(source) == weights.STAND_IN
        self.cache = Path(cache) if cache else None if self.stand_in else pretrained.cache() / "features"

    @property
    def grid(self) -> int:
        """Rows, and columns, of patches of a square."""
        return self.size // self.patch

    def tokens(
        self,
        pictures: Sequence[Any],
        *,
        view: Callable[[Tensor], Tensor] = lambda image: image,
        progress: bool = True,
        name: str = "features",
    ) -> Tensor:
        """The last layer's tokens of the centred square of each picture, the class token first.

        Args:
            pictures: paths, or anything else that `pictures.opened` takes.
            view: changes a picture (3, size, size) before it is looked at.
            progress: whether to show a bar, and to say how long it will take.
            name: what the bar is called.

        Shape:
            (n, 1 + N, D), float32 on the CPU.
        """
        found, started, slowest = [], time.perf_counter(), 0.0
        with tqdm(pictures, desc=name, unit="picture", disable=not progress) as bar:
            for index, picture in enumerate(bar):
                image = view(folder.read(picture, self.size))
                computed = not self.kept(image)
                found.append(self.look(image))
                if progress and computed and not slowest:
                    slowest = (time.perf_counter() - started) / (index + 1) * (len(pictures) - index - 1)
                    again = "; kept for the next time" if self.cache else ""
                    bar.write(f"{name}: at most {in_words(slowest)} to go, about{again}")
        return torch.stack(found)

    def look(self, image: Tensor) -> Tensor:
        """The tokens of one picture (3, H, W) in [0, 1] of whole patches, (1 + N, D), class token first."""
        place = self.place(image)
        if self.kept(image):
            try:
                return load_file(place)["tokens"].float()
            except SafetensorError:  # a damaged file is none
                place.unlink()
        with torch.inference_mode():
            tokens = self.model(pretrained.prepare(image).to(self.device))[0].cpu().half()
        tokens = torch.cat([tokens[:1], tokens[1 + self.model.registers :]])
        if place:
            self.keep(tokens, place)
        return tokens.float().clone()

    def kept(self, image: Tensor) -> bool:
        """Whether a picture was looked at before."""
        place = self.place(image)
        return place is not None and place.exists()

    def place(self, image: Tensor) -> Path | None:
        """Where the tokens of a picture are kept."""
        if self.cache is None:
            return None
        shown = hashlib.sha256(f"{self.weights_digest} {tuple(image.shape)}".encode() + bytes_of(image))
        return self.cache / f"{shown.hexdigest()[:32]}.safetensors"

    def keep(self, tokens: Tensor, place: Path) -> None:
        """Write to a draft first, so that an interruption leaves no half of a file."""
        draft = place.with_suffix(f".{os.getpid()}.draft")
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            save_file({"tokens": tokens.contiguous()}, draft)
            draft.replace(place)
        except (OSError, SafetensorError) as error:
            raise ValueError(
                f"cannot keep features in {self.cache} ({error}): name another folder with --cache"
            ) from error


def fitted(image: Tensor, patch: int, longer: int) -> Tensor:
    """A picture, whole, brought to about `longer` pixels on its longer side; both sides are whole patches."""
    height, width = image.shape[1:]
    scale = longer / max(height, width)
    rows, columns = (max(1, round(side * scale / patch)) for side in (height, width))
    size = (rows * patch, columns * patch)
    resized = F.interpolate(image[None], size, mode="bilinear", antialias=True, align_corners=False)
    return resized[0].clamp(0, 1)


def confetti(image: Tensor, tiles: int = TILES) -> Tensor:
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


def border(image: Tensor, margin: float = MARGIN) -> Tensor:
    """A picture of which a margin stays and the middle is the picture's mean colour: (3, H, W) -> alike."""
    height, width = image.shape[-2:]
    above, before = round(margin * height), round(margin * width)
    result = image.clone()
    result[:, above : height - above, before : width - before] = image.mean(dim=(1, 2), keepdim=True)
    return result


def in_words(seconds: float) -> str:
    """A duration: "40 s", "3 min"."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
