"""Where does a network look when you ask it about a scene?

Paper: Zichao Yang et al., "Stacked Attention Networks for Image Question Answering", CVPR 2016.
Chapter: notebooks/applications/question_answering.ipynb
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bytes, Dict, Int, List, Unicode

from visual_attention.view import figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget, pack, picture_url

SHARES = 1e-3  # how far a sum of shares may be from 1


@dataclass(frozen=True)
class AnsweredScene:
    """A scene with what a network makes of each question about it.

    Args:
        image: (3, H, W), values in [0, 1].
        contents: what lies in each of the N cells, row by row: "blue 7", or "" for nothing.
        shares: (Q, A), the share of each answer to each question.
        maps: (Q, K, N), where each of K looks goes.
        truth: (Q,), the index of the true answer, -1 where the question has none.
    """

    image: Any
    contents: Sequence[str]
    shares: Any
    maps: Any
    truth: Sequence[int]


class QuestionExplorer(PortableWidget):
    """Pick or type a question about a scene; see words, looks and the answer.

    Args:
        scenes: one or more, each with answers to all questions.
        questions: Q texts, without a question mark.
        kinds: the kind of each question.
        answers: A names.
        words: (Q, L), the share of each word of each question; 0 after the last.
        same_word: other words that a reader may type -> the word that is meant.
        start: the number of the first question shown.
        label: the widget's title.

    Raises:
        ValueError: for shapes that do not fit, or shares that do not sum to 1.
    """

    script = "widget.js"
    pictures = List(Unicode()).tag(sync=True)
    contents = List().tag(sync=True)
    questions = List(Unicode()).tag(sync=True)
    kinds = List(Unicode()).tag(sync=True)
    answers = List(Unicode()).tag(sync=True)
    same = Dict().tag(sync=True)
    shares = Bytes().tag(sync=True)  # (S, Q, A) float32
    maps = Bytes().tag(sync=True)  # (S, Q, K, N) float32
    words = Bytes().tag(sync=True)  # (Q, L) float32
    truth = List().tag(sync=True)  # (S, Q)
    size = List().tag(sync=True)  # K, N, L
    scene = Int(0).tag(sync=True)
    question = Int(0).tag(sync=True)

    def __init__(
        self,
        scenes: Sequence[AnsweredScene],
        questions: Sequence[str],
        kinds: Sequence[str],
        answers: Sequence[str],
        words: Any,
        *,
        same_word: Mapping[str, str] | None = None,
        start: int = 0,
        label: str = "Ask about the scene",
    ) -> None:
        if not scenes or not questions or not 0 <= start < len(questions):
            raise ValueError(f"wanted scenes, and questions with number {start}, got {len(questions)}")
        self._scenes = list(scenes)
        self._shares = np.stack([as_array(scene.shares).astype(float) for scene in scenes])
        self._maps = np.stack([as_array(scene.maps).astype(float) for scene in scenes])
        self._words = as_array(words).astype(float)
        many, asked, named = len(scenes), len(questions), len(answers)
        _shaped("shares", self._shares, (many, asked, named))
        _shaped("maps", self._maps, (many, asked, None, len(scenes[0].contents)))
        _shaped("words", self._words, (asked, None))
        truth = [[int(index) for index in scene.truth] for scene in scenes]
        if len(kinds) != asked or any(len(row) != asked for row in truth):
            raise ValueError(f"wanted a kind and a truth for each of {asked} questions")
        super().__init__(
            pictures=[picture_url(scene.image) for scene in scenes],
            contents=[[str(cell) for cell in scene.contents] for scene in scenes],
            questions=[str(text) for text in questions],
            kinds=[str(kind) for kind in kinds],
            answers=[str(answer) for answer in answers],
            same=dict(same_word or {}),
            shares=pack(self._shares),
            maps=pack(self._maps),
            words=pack(self._words),
            truth=truth,
            size=[self._maps.shape[2], self._maps.shape[3], self._words.shape[1]],
            question=start,
            label=label,
            alt="placeholder",
        )
        self.alt = self._told()

    def still(self) -> Figure:
        maps = self._maps[self.scene, self.question]  # (K, N)
        image, side = self._scenes[self.scene].image, round(maps.shape[1] ** 0.5)
        figure, axes = figures.sheet(1, 1 + len(maps), size=(2.7 * (1 + len(maps)), 3.0))
        figures.show_image(axes[0], image, title=f"{self.questions[self.question]}?")
        for look, weights in enumerate(maps):
            figures.show_map(
                axes[1 + look],
                weights.reshape(side, side),
                image=image,
                vmax=maps.max(),
                title=f"look {look + 1}",
                bar=False,
            )
        return figure

    def _told(self) -> str:
        shares = self._shares[self.scene, self.question]
        best = int(shares.argmax())
        return (
            f"A scene of coloured things on a grid and the question: {self.questions[self.question]}? "
            f"A map for each look of the network, and its answer: {self.answers[best]}, "
            f"{100 * shares[best]:.0f} %."
        )


def _shaped(name: str, values: np.ndarray, shape: tuple[int | None, ...]) -> None:
    """Require a shape (None: any size), and non-negative shares that sum to 1 over the last axis."""
    fits = values.ndim == len(shape) and all(
        want in (None, got) for want, got in zip(shape, values.shape, strict=False)
    )
    if not fits:
        raise ValueError(f"wanted {name} {shape}, got {values.shape}")
    if not np.isfinite(values).all() or values.min() < 0 or abs(values.sum(axis=-1) - 1).max() > SHARES:
        raise ValueError(f"wanted {name} of 0 or more that sum to 1 over the last axis")
