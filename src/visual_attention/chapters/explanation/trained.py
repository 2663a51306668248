"""Where do the three networks of the page come from?

The weights beside this file were made by the command below, in a few minutes of one processor core, exactly
as those of the record are, with seeds that the record does not have. The transformer and the convolutional
network have the code of seed 0, the twin is a transformer with that of seed 1: the same blocks, exchanged.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.trained
"""

from pathlib import Path

from torch import nn

from visual_attention import stored
from visual_attention.chapters.explanation import marked, networks
from visual_attention.chapters.explanation.measures import accuracy, trained

FILE = Path(__file__).with_name("trained.safetensors")
SEED = 0
MADE = {"transformer": ("transformer", SEED), "convolutional": ("convolutional", SEED)}  # kind and seed
MADE["twin"] = ("transformer", SEED + 1)
NAMES = tuple(MADE)


def load(name: str) -> nn.Module:
    """The stored network of that name ("transformer", "convolutional" or "twin"), in evaluation mode.

    Raises:
        ValueError: if there is no network of that name.
    """
    if name not in MADE:
        raise ValueError(f"network: wanted one of {', '.join(MADE)}; got {name!r}")
    return stored.restore(networks.BUILD[MADE[name][0]](), FILE, name)


def main() -> None:
    """Train all, save them, and say how good they are."""
    stored.save({name: trained(*made) for name, made in MADE.items()}, FILE)
    for name, (_, seed) in MADE.items():
        for what, share in (("digit", 0.0), ("mark", 1.0)):
            drawn = marked.batch(500, split="test", share=share, decoys=share, code=marked.codebook(seed))
            right = accuracy(load(name), drawn.images, drawn.labels)
            print(f"{name}: {right:.1%} where the {what} decides")


if __name__ == "__main__":
    main()
