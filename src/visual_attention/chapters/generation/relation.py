"""What is drawn where nobody may look at the relation, and what if it says the opposite?

Asked by an outsider of the stored network. That colours and digits fall by half without the relation
might mean that each patch guesses to which thing it belongs; a look at which thing is drawn tells.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.relation
"""

import torch
from torch import Tensor

from visual_attention.chapters.generation import judge as judges
from visual_attention.chapters.generation import sentences, steering, worded

RELATION = sentences.PARTS.index("relation")
WITHOUT = steering.CUTS["without the relation"]


def turned(words: Tensor) -> Tensor:
    """The same sentences with the opposite relation: left and right, above and below change places."""
    start = sentences.STARTS[RELATION]
    opposite = start + (words[:, RELATION] - start) // 2 * 2 + 1 - (words[:, RELATION] - start) % 2
    return torch.cat([words[:, :RELATION], opposite[:, None], words[:, RELATION + 1 :]], dim=1)


def whose(judge: judges.Judge, images: Tensor, words: Tensor) -> tuple[float, float]:
    """How many percent of the two brightest cells have the colour of the first thing, and of the second."""
    reading = worded.read(judge, images)
    colours = reading.colours.gather(1, reading.light.topk(2, dim=1).indices)  # (B, 2)
    return tuple(100 * (colours == words[:, [told]]).float().mean().item() for told in (0, 3))


def main() -> None:
    """Print whose colours the stored network draws, and whom it obeys if the relation is turned."""
    model, judge = steering.load(), judges.load()
    words = sentences.draw(100, generator=torch.Generator().manual_seed(11))
    for name, change in (("as it is", None), ("without the relation", WITHOUT)):
        first, second = whose(judge, steering.made(model, words, seed=1, change=change), words)
        print(f"{name}: the first thing's colour {first:.0f} %, the second's {second:.0f} %")
    other = turned(words)
    print("the relation turned:", steering.parts(judge, model, other, seed=1))
    images = steering.made(model, other, seed=1)
    print(
        "  held to the sentence as it was:",
        steering.percent(worded.obeyed(worded.read(judge, images), words)),
    )


if __name__ == "__main__":
    main()
