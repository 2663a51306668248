"""Ask a small decoder in words, move things, and see where each word looked; it runs in the page.

Chapter: notebooks/applications/question_answering.ipynb
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from traitlets import Bytes, Dict, Int, List, Unicode

from visual_attention.chapters.question_answering import sentences, small_world
from visual_attention.chapters.question_answering.decoder import PictureDecoder
from visual_attention.chapters.question_answering.sentences import TOKENS, token
from visual_attention.chapters.question_answering.small_world import GRID, NAMES, PLACES, SIDES, Scenes
from visual_attention.chapters.question_answering.trained_reader import load
from visual_attention.view import figures
from visual_attention.view.portable import PortableWidget, pack


class Tiles(NamedTuple):
    """Pictures that can be rearranged: of each its nine cells, and one more that is empty.

    `pixels` (S, 10, 3, 12, 12) in [0, 1], `features` (S, 10, 32), and the `scenes` with ten cells.
    """

    pixels: Tensor
    features: Tensor
    scenes: Scenes


def tiles(
    count: int, *, seed: int = 0, names: int = sentences.NAMED, things: int = sentences.THINGS
) -> Tiles:
    """Test pictures, cut into cells; where all names are there, with a relation that needs its name."""
    generator = torch.Generator().manual_seed(seed)
    drawn = small_world.arrange(count, "test", generator, names=names, things=things, clear=names == things)
    spare = torch.full((count, 1), -1)
    scenes = Scenes(*(torch.cat([part, spare], dim=1) for part in drawn))
    pixels = small_world.paint(scenes, "test", generator)
    pixels = (255 * pixels).round() / 255  # as they travel
    with torch.no_grad():
        made = load().cells(pixels.flatten(0, 1)).unflatten(0, (count, PLACES + 1))
    return Tiles(pixels, made, scenes)


class AskInWords(PortableWidget):
    """A picture whose things the reader moves, a question that the reader composes, and an answer in words.

    Args:
        decoders: what training asked about -> a trained decoder; all of one shape.
        shown: pictures as tiles.
        question: three words.
        label: the widget's title.

    Raises:
        ValueError: for no decoder, decoders of unlike shapes, or words that the small world lacks.
    """

    script = "decoder_widget.js"
    scenes = List(Unicode()).tag(sync=True)
    contents = List().tag(sync=True)  # (S, 10) of [name, colour]
    tiles = Bytes().tag(sync=True)  # (S, 10, 3, 12, 12) uint8
    features = Bytes().tag(sync=True)  # (S, 10, 32) float32
    numbers = Bytes().tag(sync=True)  # the decoders one after the other, float32
    shapes = List().tag(sync=True)  # name and shape of each part of one, in order
    trainings = List(Unicode()).tag(sync=True)
    words = List(Unicode()).tag(sync=True)
    colours = List(Unicode()).tag(sync=True)
    names = List(Unicode()).tag(sync=True)
    sides = Dict().tag(sync=True)
    depth = Int().tag(sync=True)
    heads = Int().tag(sync=True)
    pixels = Int(small_world.CELL).tag(sync=True)
    scene = Int(0).tag(sync=True)
    order = List(list(range(PLACES))).tag(sync=True)  # which tile lies where; 9 is the spare empty one
    question = List(Unicode()).tag(sync=True)
    training = Int(0).tag(sync=True)
    step = Int(3).tag(sync=True)  # whose weights are shown: the three words asked, then four said
    block = Int(0).tag(sync=True)

    def __init__(
        self,
        decoders: Mapping[str, PictureDecoder],
        shown: Tiles,
        *,
        question: Sequence[str] = ("colour", "left", "7"),
        label: str = "Ask about the picture, in words",
    ) -> None:
        forms = [
            [(k, list(part.shape)) for k, part in model.state_dict().items()] for model in decoders.values()
        ]
        if not forms or any(form != forms[0] for form in forms):
            raise ValueError("wanted one decoder or several of one shape")
        if len(question) != 3 or any(word not in small_world.WORDS[1:] for word in question):
            raise ValueError(f"wanted three words of the small world, got {list(question)}")
        self._decoders = {name: model.eval() for name, model in decoders.items()}
        self._shown = shown
        first = next(iter(self._decoders.values()))
        numbers = [
            part.numpy().ravel() for model in decoders.values() for part in model.state_dict().values()
        ]
        super().__init__(
            scenes=[f"picture {number + 1}" for number in range(len(shown.pixels))],
            contents=[
                list(map(list, zip(*map(Tensor.tolist, scene), strict=True)))
                for scene in zip(*shown.scenes, strict=True)
            ],
            tiles=pack((255 * shown.pixels).round().numpy(), "uint8"),
            features=pack(shown.features.numpy()),
            numbers=pack(np.concatenate(numbers)),
            shapes=[[name, shape] for name, shape in forms[0]],
            trainings=list(decoders),
            words=list(TOKENS),
            colours=list(small_world.COLOURS),
            names=list(NAMES),
            sides={side: list(step) for side, step in SIDES.items()},
            depth=len(first.blocks),
            heads=first.blocks[0].heads,
            question=list(question),
            block=len(first.blocks) - 1,
            label=label,
            alt="placeholder",
        )
        self.alt = self._told()

    @torch.no_grad()
    def answer(self) -> tuple[str, Tensor, Tensor]:
        """What the decoder says of the picture as it is, the share of each word (4,), and the weights of the
        chosen block, the mean over heads, (16, 16)."""
        model = list(self._decoders.values())[self.training]
        cells = self._shown.features[self.scene, self.order][None]
        asked = torch.tensor([[token(word) for word in (*self.question, "?")]])
        said = model.say(cells, asked)
        tokens = torch.cat([asked, said], dim=1)[:, :-1]
        shares = model(cells, tokens).softmax(-1)[0, len(asked[0]) - 1 :]
        weights = model.weights(cells, tokens)[0, self.block].mean(0)
        return sentences.text(said[0]), shares.gather(1, said.T)[:, 0], weights

    def truth(self) -> str:
        """The true answer."""
        names, colours = (part[self.scene, self.order] for part in self._shown.scenes)
        asked = torch.tensor([token(word) for word in self.question])
        return sentences.text(torch.tensor(sentences.answer(names, colours, asked)))

    def still(self) -> Figure:
        said, _, weights = self.answer()
        cells = self._shown.pixels[self.scene, self.order]  # (9, 3, 12, 12)
        rows = cells.unflatten(0, (GRID, GRID)).permute(2, 0, 3, 1, 4)
        image = rows.flatten(3, 4).flatten(1, 2)
        figure, axes = figures.sheet(1, 2, size=(6.4, 3.4))
        figures.show_image(axes[0], image, title=f"{' '.join(self.question)}? {said}")
        look = weights[PLACES + self.step, :PLACES].view(GRID, GRID)
        figures.show_map(axes[1], look, image=image, title="where the first word looked", label="share")
        return figure

    def _told(self) -> str:
        asked = " ".join(self.question)
        return (
            f"Four coloured things on a grid of three by three, the question {asked}, what a small decoder "
            f"says, {self.answer()[0]} and a map of where the first word of the answer looked."
        )
