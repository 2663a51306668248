"""What if the set loss is the reader's own? A set transformer learns five scenes by heart with it.

Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.written
"""

from collections.abc import Callable

import torch
from torch import Tensor

from visual_attention.chapters.detection import seen
from visual_attention.chapters.detection.answers import suppressed, sure
from visual_attention.chapters.detection.claims import KINDS, finds
from visual_attention.chapters.detection.seen import Seen
from visual_attention.chapters.detection.training import drawn
from visual_attention.chapters.detection.transformer import SetTransformer
from visual_attention.training import fit, seeded

SCENES, STEPS, RATE = 5, 150, 5e-3

Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # scores, boxes, labels, true boxes of one picture


def five() -> Seen:
    """Five scenes, as the frozen backbone sees them."""
    return seen.look(drawn(SCENES, split="learning", seed=11))


def learn(function: Loss, *, steps: int = STEPS, seed: int = 0) -> SetTransformer:
    """Train a set transformer on the five scenes with a loss for one picture."""
    scenes = five()
    with seeded(seed):
        model = SetTransformer(KINDS)

    def loss(model: SetTransformer, scenes: Seen) -> Tensor:
        scores, boxes = model.each_layer(scenes.features)
        losses = [
            function(scores[layer, k], boxes[layer, k], scenes.labels[k][there], scenes.boxes[k][there])
            for layer in range(len(scores))
            for k, there in enumerate(scenes.present)
        ]
        return torch.stack(losses).mean()

    fit(model, lambda step: scenes, loss, steps=steps, lr=RATE, progress=False, schedule="constant")
    return model


@torch.no_grad()
def judged(model: SetTransformer) -> tuple[int, int, int]:
    """How many objects there are, how many a sure answer finds, and how many sure answers are surplus."""
    scenes = five()
    answers = model.answers(scenes.features)
    meant = answers.without(~sure(answers))
    found = finds(meant, scenes) & scenes.present
    given = int(sure(answers).sum())
    return int(scenes.present.sum()), int(found.sum()), given - int(sure(suppressed(answers)).sum())


def main() -> None:
    """With the right loss, and with one that pairs answers and objects in the order in which they come."""
    from visual_attention.chapters.detection import set_mistakes

    in_order = set_mistakes.SET["You pair object 0 with answer 0 and so on: the costs are not used."]
    for name, function in (("set loss", set_mistakes.set_loss), ("in order", in_order)):
        there, found, surplus = judged(learn(function))
        print(f"{name:10} finds {found} of {there}, {surplus} answers are surplus")


if __name__ == "__main__":
    main()
