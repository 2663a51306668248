"""Pick the words, and watch what each patch takes from them; the network runs in the page.

Paper: Amir Hertz et al., "Prompt-to-Prompt Image Editing with Cross Attention Control", ICLR 2023, section 3,
    who look at the maps of words, and change them.
Chapter: notebooks/applications/generation.ipynb
"""

import copy
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from traitlets import Bytes, Float, Int, List, Unicode

from visual_attention.chapters.generation import sentences
from visual_attention.chapters.generation.steering import forbid
from visual_attention.chapters.generation.transformer import MEAN, SPREAD, as_pictures
from visual_attention.chapters.generation.word_transformer import WordTransformer
from visual_attention.view import figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget, pack

MEAN_OF_ALL = -1  # instead of a layer


class WordedPicture(PortableWidget):
    """A sentence that the reader puts together, the picture that forms, and the map of each word.

    The reader may go through the steps, change guidance and noise, and forbid a word to all patches.

    Args:
        model: The trained network, on square pictures; its numbers travel in half precision.
        noise: Where to start, (3, H, H).
        sentence: The first one.
        guidance: How far the words push, from 0 to 8.
        step: The first step in sight, 0 for nothing but noise; ``steps`` for the finished picture.
        steps: Of the sampler.
        label: The widget's title.

    Raises:
        ValueError: for a network that does not ask words, or noise, guidance or a step that do not fit it.
    """

    script = "words_widget.js"
    numbers = Bytes().tag(sync=True)  # the network, float16
    shapes = List().tag(sync=True)  # name and shape of each part, in order
    vocabulary = List(Unicode()).tag(sync=True)
    starts = List(Int()).tag(sync=True)  # where colours, digits and relations begin, and the end
    range = List(Float()).tag(sync=True)  # mean and spread of the network's pictures
    noise = Bytes().tag(sync=True)
    size = Int().tag(sync=True)
    patch = Int().tag(sync=True)
    heads = Int().tag(sync=True)
    depth = Int().tag(sync=True)
    steps = Int().tag(sync=True)
    words = List(Int()).tag(sync=True)  # five indices into the vocabulary
    guidance = Float().tag(sync=True)
    step = Int().tag(sync=True)
    layer = Int(MEAN_OF_ALL).tag(sync=True)
    forbidden = Int(-1).tag(sync=True)  # a word that no patch may look at
    seed = Int(0).tag(sync=True)  # 0: the noise that came with it; others are made in the page

    def __init__(
        self,
        model: WordTransformer,
        noise: Any,
        *,
        sentence: sentences.Sentence,
        guidance: float = 3.0,
        step: int = 6,
        steps: int = 16,
        label: str = "Which patch asks which word?",
    ) -> None:
        if model.joined is not None:
            raise ValueError("wanted a network whose patches ask words, got one that joins them to a vector")
        start = as_array(noise)
        if model.size[0] != model.size[1] or start.shape != (3, *model.size):
            raise ValueError(f"wanted noise (3, H, H) for pictures of {model.size}, got {start.shape}")
        if not 0 <= guidance <= 8 or steps < 1 or not 0 <= step <= steps:
            raise ValueError(f"wanted guidance from 0 to 8 and a step of {steps}, got {guidance} and {step}")
        self._parts = {name: part.half() for name, part in plain(model).items()}
        self._model = _rounded(model)
        self._noise = start.astype(np.float32)
        flat = np.concatenate([part.numpy().ravel() for part in self._parts.values()])
        super().__init__(
            numbers=flat.tobytes(),
            shapes=[[name, list(part.shape)] for name, part in self._parts.items()],
            vocabulary=list(sentences.VOCABULARY),
            starts=[*sentences.STARTS, len(sentences.VOCABULARY)],
            range=[MEAN, SPREAD],
            noise=pack(self._noise),
            size=model.size[0],
            patch=model.patch,
            heads=model.layers[0].ask.heads,
            depth=len(model.layers),
            steps=steps,
            words=sentences.encode([sentence])[0].tolist(),
            guidance=float(guidance),
            step=step,
            label=label,
            alt="placeholder",
        )
        self.alt = self._told()

    @torch.no_grad()
    def formation(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the widget shows, from the noise that came with it: half-made and foreseen pictures in the
        network's range, (T + 1, 3, H, H) each, and what patches take from words, (T + 1, L, N, 5)."""
        x, words = torch.from_numpy(self._noise)[None], torch.tensor([self.words])
        halves, ends, maps = [], [], []
        for step in range(self.steps):
            times, kept = torch.tensor([step / self.steps]), []

            def keep(weights: Tensor, kept: list = kept) -> Tensor:
                kept.append(forbid(self.forbidden)(weights) if self.forbidden >= 0 else weights)
                return kept[-1]

            told, untold = self._model.foresee(x, times, words, keep), self._model.foresee(x, times)
            end = untold + self.guidance * (told - untold)
            halves.append(x[0])
            ends.append(end[0])
            maps.append(torch.stack([each[0].mean(0) for each in kept]))  # (L, N, 5)
            x = x + (end - x) / (1 - times).view(-1, 1, 1, 1) / self.steps
        return tuple(
            torch.stack([*each, last]).numpy()
            for each, last in ((halves, x[0]), (ends, x[0]), (maps, maps[-1]))
        )

    def still(self) -> Figure:
        _, ends, maps = self.formation()
        image = as_pictures(torch.from_numpy(ends[self.step]))
        chosen = maps[self.step].mean(0) if self.layer == MEAN_OF_ALL else maps[self.step][self.layer]
        side = self.size // self.patch
        figure, axes = figures.sheet(1, 6, size=(9.0, 2.0))
        figures.show_image(axes[0], image, title="foreseen")
        for k, ax in enumerate(axes[1:]):
            figures.show_map(
                ax,
                chosen[:, k].reshape(side, side),
                image=image,
                title=self.vocabulary[self.words[k]],
                vmax=float(chosen.max()),
                bar=False,
            )
        return figure

    def _told(self) -> str:
        sentence = sentences.decode(torch.tensor([self.words]))[0]
        when = "finished" if self.step == self.steps else f"before step {self.step + 1} of {self.steps}"
        return (
            f'The picture that forms of "{sentence}", {when}, as it is foreseen, and beside it five maps of '
            "four by four patches: how much each patch takes from each word."
        )


def plain(model: WordTransformer) -> dict[str, Tensor]:
    """A trained network as plain tensors by name, with the codes of its places."""
    return {name: part.detach() for name, part in model.state_dict().items()} | {"positions": model.positions}


def _rounded(model: WordTransformer) -> WordTransformer:
    """The network with its numbers as they travel."""
    other = copy.deepcopy(model).eval()
    with torch.no_grad():
        for part in other.parameters():
            part.copy_(part.half().float())
        other.positions.copy_(other.positions.half().float())
    return other
