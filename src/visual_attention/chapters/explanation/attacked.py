"""What did outsiders try on the page's own networks, after the record had been seen?

A rule that was written down first cannot be given a filling or a rival more. So these are in no verdict: a
fourth filling, white, the map of *another* network as a rival, and the row of another picture as a cut. Each
number is of one network; the curves are of pictures that it answers rightly.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.attacked
"""

from functools import cache

import torch
from torch import Tensor

from visual_attention.chapters.explanation import (
    fillings,
    maps,
    marked,
    measures,
    other_weights,
    rivals,
    signs,
    trained,
    trials,
)

PICTURES = 96
TRANSFORMERS = ("transformer", "twin")
METHODS = {
    "contrast": rivals.contrast,
    "raw attention, block 1": signs.first_block,
    "rollout": maps.rollout,
    "raw attention": maps.raw_attention,
    "attention x gradient": maps.attention_times_gradient,
    "occlusion": maps.occlusion,
}
FILLINGS = {**fillings.FILLINGS, "white": torch.ones_like}


@cache
def pictures(network: str) -> tuple[Tensor, Tensor]:
    """Test pictures without marks that a stored network answers rightly, and their answers."""
    drawn = marked.batch(3 * PICTURES, split="test", generator=torch.Generator().manual_seed(70_000))
    kept = trials.right(trained.load(network), drawn.images, drawn.labels, PICTURES)
    return drawn.images[kept], drawn.labels[kept]


def kept(network: str, method: str, filling: str, *, of: str | None = None) -> float:
    """What deletion leaves of a stored network's answers, in the order of a map.

    Args:
        network: the stored network that is asked.
        method: a name of `METHODS`.
        filling: a name of `FILLINGS`.
        of: the stored network whose map gives the order; without it, the network's own.
    """
    images, answers = pictures(network)
    found = METHODS[method](trained.load(of or network), images, answers)
    filled = FILLINGS[filling](images)
    return trials.curve(trained.load(network), images, answers, found, filled).double().mean().item()


def row_of_another(weights: Tensor) -> Tensor:
    """The class token takes what it would take from the next picture; patches stay: (B, h, N, N)."""
    return torch.cat([weights[:, :, :1].roll(-1, dims=0), weights[:, :, 1:]], dim=2)


def with_the_row_of_another() -> float:
    """How many of 400 digits the page's transformer reads by the first block's row of another picture."""
    generator = torch.Generator().manual_seed(50_000 + trained.SEED)
    drawn = marked.batch(400, split="test", code=marked.codebook(trained.SEED), generator=generator)
    change = other_weights.in_block(0, row_of_another)
    with torch.no_grad():
        scores, _ = trained.load("transformer").by_hand(drawn.images, change)
    return (scores.argmax(1) == drawn.labels).double().mean().item()


def main() -> None:
    """Print the attacks."""
    here = measures.of_cuts(trained.load("transformer"), trained.SEED)
    print("first block's row even:", here["right, digit, first row even"], end=", ")
    print("of another picture:", with_the_row_of_another())
    for network in TRANSFORMERS:
        for filling in FILLINGS:
            shares = (f"{method} {kept(network, method, filling):.2f}" for method in METHODS)
            print(f"{network}, {filling}:", ", ".join(shares))
    for of in trained.NAMES:
        print(f"the transformer by the occlusion map of the {of}:", end=" ")
        print(", ".join(f"{kept('transformer', 'occlusion', name, of=of):.2f}" for name in FILLINGS))


if __name__ == "__main__":
    main()
