"""Which class is a picture of, and where does attention look? From a folder with a few pictures a class.

Chapter: notebooks/applications/classification.ipynb
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from visual_attention.own import fitting, folder, heads
from visual_attention.own.features import Extractor, border, confetti
from visual_attention.own.fitting import Scored

KIND = "visual_attention.own head 1"
TWINS = 0.95  # a cosine of class tokens from which on two pictures count as nearly the same


@dataclass(frozen=True)
class Classified:
    """What came out of a folder.

    Args:
        found: the pictures and their classes.
        scores: one for each pool, on pictures left out; attention first.
        confetti: attention's score where every picture is cut into pieces that change places.
        border: attention's score where the middle of every picture is covered.
        twins: pairs of pictures that are nearly the same, indices into `found.paths`.
        grid: rows, and columns, of patches.
    """

    found: folder.Labelled
    scores: list[Scored]
    confetti: Scored
    border: Scored
    twins: list[tuple[int, int]]
    grid: int

    @property
    def head(self) -> heads.Head:
        """The attention pool, trained on all pictures."""
        return self.scores[0].head

    def confusions(self) -> Tensor:
        """How many pictures of each class (rows) were taken for each (columns) by attention, (K, K)."""
        many = len(self.found.classes)
        pairs = torch.tensor(self.found.labels) * many + self.scores[0].guesses
        return torch.bincount(pairs, minlength=many * many).view(many, many)

    def chance(self) -> float:
        """The accuracy of always answering the most frequent class."""
        return max(self.found.counts()) / len(self.found.labels)


def classify(path: str | Path, extractor: Extractor, *, progress: bool = True) -> Classified:
    """Compare attention with other pools on a folder of pictures, by cross-validation, and train the final
    head.

    Args:
        path: a folder with one sub-folder a class, at least five pictures each.
        extractor: the frozen transformer.
        progress: whether to show bars.

    Raises:
        ValueError: if the folder cannot be used; the message names what is wrong.
    """
    found = folder.labelled(path)
    many = len(found.classes)

    def tokens(name: str, **view) -> Tensor:
        return extractor.tokens(found.paths, progress=progress, name=name, **view)

    whole = tokens("features")
    scores = fitting.compare(whole, found.labels, classes=many, progress=progress)
    changed = {"confetti": confetti, "border only": border}
    tests = [
        fitting.compare(
            tokens(f"features, {name}", view=view),
            found.labels,
            classes=many,
            pools=[heads.ATTENTION],
            progress=progress,
            name=f"heads, {name}",
        )[0]
        for name, view in changed.items()
    ]
    return Classified(found, scores, *tests, near_twins(whole), extractor.grid)


def near_twins(tokens: Tensor) -> list[tuple[int, int]]:
    """Pairs of pictures whose class tokens point the same way."""
    directions = F.normalize(tokens[:, 0] - tokens[:, 0].mean(dim=0), dim=-1)
    alike = (directions @ directions.T).triu(diagonal=1) > TWINS
    return [(int(one), int(other)) for one, other in alike.nonzero()]


def save(result: Classified, extractor: Extractor, file: str | Path) -> None:
    """Write the attention pool: a small safetensors file that names its classes and its weights."""
    told = {"kind": KIND, "classes": json.dumps(result.found.classes), "size": str(extractor.size)}
    told |= {"weights": extractor.weights_digest}
    state = {name: tensor.contiguous() for name, tensor in result.head.state_dict().items()}
    save_file(state, file, metadata=told)


def load(file: str | Path, extractor: Extractor) -> tuple[heads.Head, tuple[str, ...]]:
    """An attention pool that `save` wrote, with the names of its classes.

    Raises:
        ValueError: if the file is another, or was trained on other weights or another size of pictures.
    """
    try:
        with safe_open(file, framework="pt") as stored:
            told = stored.metadata() or {}
            state = {name: stored.get_tensor(name) for name in stored.keys()}
    except Exception as error:  # safetensors has an error type of its own for files that are none
        raise ValueError(f"{file}: wanted a head made by `classify`, got {error}") from error
    if told.get("kind") != KIND:
        raise ValueError(f"{file}: wanted a head made by `classify`, got another safetensors file")
    if told["weights"] != extractor.weights_digest:
        raise ValueError(f"{file}: wanted the weights it was trained on, got others (--weights names a file)")
    if int(told["size"]) != extractor.size:
        raise ValueError(f"{file}: wanted pictures of {told['size']} pixels, got {extractor.size} (--size)")
    classes = tuple(json.loads(told["classes"]))
    head = heads.Head(dim=state["query"].numel(), classes=len(classes))
    head.load_state_dict(state)
    return head.eval(), classes


@torch.inference_mode()
def predict(
    head: heads.Head, extractor: Extractor, paths: Sequence[Path], *, progress: bool = True
) -> tuple[Tensor, Tensor]:
    """The probability of each class, (n, K), and where attention looked, (n, N)."""
    tokens = extractor.tokens(paths, progress=progress)
    return head(tokens).softmax(dim=-1), head.weights(tokens)
