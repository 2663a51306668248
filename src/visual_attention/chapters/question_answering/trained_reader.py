"""The eyes that all networks of the chapter share: a reader of cells, trained once and frozen.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.trained
"""

import functools
from pathlib import Path

from visual_attention import stored
from visual_attention.chapters.question_answering.cell_reader import CellReader

FILE = Path(__file__).with_name("trained.safetensors")
NAME = "reader"


@functools.cache
def load() -> CellReader:
    """The trained reader, in evaluation mode."""
    return stored.restore(CellReader(), FILE, NAME).requires_grad_(False)
