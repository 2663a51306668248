"""The decoders that answer in the chapter's page, trained for longer than those whose inventions are counted.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.trained_decoders
"""

import sys
from pathlib import Path

import torch

from visual_attention import stored
from visual_attention.chapters.question_answering import inventing
from visual_attention.chapters.question_answering.decoder import PictureDecoder

FILE = Path(__file__).with_name("trained_decoders.safetensors")
SHOWN = {"never": "what is there", "in all": "absent things too"}  # way of training -> its name in the page
STEPS, POOL, SEED = 5_000, 40_000, 100


def load(regime: str) -> PictureDecoder:
    """A trained decoder, in evaluation mode: "never" or "in all"."""
    return stored.restore(PictureDecoder(), FILE, name(regime))


def shown() -> dict[str, PictureDecoder]:
    """Both, by their names in the page."""
    return {words: load(regime) for regime, words in SHOWN.items()}


def name(regime: str) -> str:
    """What a decoder is called in the file."""
    return regime.replace(" ", "_")


def main() -> None:
    """Train those that are named, or both, save, and say how good they are."""
    torch.set_num_threads(1)
    for regime in sys.argv[1:] or SHOWN:
        model = inventing.learn(regime, SEED, steps=STEPS, count=POOL)
        stored.save({name(regime): model}, FILE, keep=True)
        print(regime, inventing.scores(load(regime)), flush=True)
    print(f"{FILE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
