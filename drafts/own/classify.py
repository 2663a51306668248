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

from visual_attention.own import folder, heads
from visual_attention.own.features import Extractor

KIND = "visual_attention.own head 1"


@dataclass(frozen=True)
class Classified:
    """What came out of a folder.

    Args:
        found: the pictures and their classes.
        scores: one for each pool, on pictures left out; attention first.
        confetti: attention's accuracy when every picture is cut into pieces that change places.
        head: the attention head, trained on all pictures.
        grid: rows, and columns, of patches.
    """

    found: folder.Labelled
    scores: list[heads.Scored]
    confetti: heads.Scored
    head: heads.Head
    grid: int

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
    tokens = extractor.tokens(found.paths, progress=progress)
    scores = heads.compare(tokens, found.labels, classes=many, progress=progress)
    pieces = extractor.tokens(found.paths, confetti=True, progress=progress)
    (confetti,) = heads.compare(pieces, found.labels, classes=many, pools=[heads.ATTENTION], progress=False)
    known = torch.tensor(found.labels)
    decay = heads.choose_decay(heads.ATTENTION, tokens, known, classes=many)
    head = heads.fit(heads.ATTENTION, tokens, known, classes=many, decay=decay)
    return Classified(found, scores, confetti, head, extractor.grid)


def save(result: Classified, extractor: Extractor, file: str | Path) -> None:
    """Write the attention head: a small safetensors file that names its classes and its weights."""
    told = {"kind": KIND, "classes": json.dumps(result.found.classes), "size": str(extractor.size)}
    told |= {"weights": extractor.weights_digest}
    save_file(
        {name: tensor.contiguous() for name, tensor in result.head.state_dict().items()}, file, metadata=told
    )


def load(file: str | Path, extractor: Extractor) -> tuple[heads.Head, tuple[str, ...]]:
    """A head that `save` wrote, with the names of its classes.

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
    head = heads.Head(heads.ATTENTION, dim=state["query"].numel(), classes=len(classes))
    head.load_state_dict(state)
    return head.eval(), classes


@torch.inference_mode()
def predict(
    head: heads.Head, extractor: Extractor, paths: Sequence[Path], *, progress: bool = True
) -> tuple[Tensor, Tensor]:
    """The probability of each class, (n, K), and where attention looked, (n, N)."""
    tokens = extractor.tokens(paths, progress=progress)
    return head(tokens).softmax(dim=-1), head.weights(tokens)
