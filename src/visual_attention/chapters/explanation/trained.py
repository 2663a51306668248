"""Where do the two networks of the page come from?

The weights beside this file were made by the command below, in about a minute of one processor core, exactly
as those of the record are, with a seed that the record does not have.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.trained
"""

from pathlib import Path

from torch import nn

from visual_attention import stored
from visual_attention.chapters.explanation import marked, networks
from visual_attention.chapters.explanation.claims import accuracy, trained

FILE = Path(__file__).with_name("trained.safetensors")
SEED = 0


def load(network: str) -> nn.Module:
    """The stored network of that name ("transformer" or "convolutional"), in evaluation mode.

    Raises:
        ValueError: if there is no network of that name.
    """
    if network not in networks.BUILD:
        raise ValueError(f"network: wanted one of {', '.join(networks.BUILD)}; got {network!r}")
    return stored.restore(networks.BUILD[network](), FILE, network)


def main() -> None:
    """Train both, save them, and say how good they are."""
    stored.save({name: trained(name, SEED) for name in networks.BUILD}, FILE)
    for name in networks.BUILD:
        for what, share in (("digit", 0.0), ("mark", 1.0)):
            images, labels, _ = marked.batch(500, split="test", share=share)
            print(f"{name}: {accuracy(load(name), images, labels):.1%} where the {what} decides")


if __name__ == "__main__":
    main()
