"""What is left of an answer after each cell? All that the widget shows, computed beforehand.

Paper: Vitali Petsiuk, Abir Das and Kate Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box
    Models", BMVC 2018 (deletion).
Chapter: notebooks/deeper/explanation.ipynb
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from visual_attention.chapters.explanation import fillings, maps, rivals, trials
from visual_attention.chapters.explanation.marked import GRID, SIDE

CELLS = GRID**2


class Deletions(NamedTuple):
    """P pictures whose cells go in the order of M maps, replaced by each of F fillings.

    `pictures` (1 + F, P, 24, 24): each picture, and what its cells become; `orders` (M, P, 36): the cells of
    each map, the highest first; `scores` (F, M, P, 37): the answer's probability after 0, 1, ... 36 cells;
    `answers` (P,). The last of the `methods` is a random order.
    """

    pictures: Tensor
    orders: Tensor
    scores: Tensor
    answers: Tensor
    methods: tuple[str, ...]
    fillings: tuple[str, ...]


def prepare(
    model: nn.Module, images: Tensor, answers: Tensor, methods: dict[str, maps.Method] | None = None
) -> Deletions:
    """Delete the cells of each picture in the order of each map, and ask the network after each.

    Args:
        model: what is asked.
        images: (P, 1, 24, 24) in [0, 1], two or more, for another picture is one of the fillings.
        answers: (P,), the answers whose probability is followed.
        methods: the maps; by default all that the network has.

    Raises:
        ValueError: for pictures of another form.
    """
    if images.ndim != 4 or images.shape[1:] != (1, SIDE, SIDE) or len(images) < 2:
        raise ValueError(
            f"wanted two or more pictures (P, 1, {SIDE}, {SIDE}), got shape {tuple(images.shape)}"
        )
    chosen = (methods or maps.methods(model)) | {"at random": rivals.at_random}
    found = [method(model, images, answers) for method in chosen.values()]
    filled = [make(images) for make in fillings.FILLINGS.values()]
    return Deletions(
        torch.stack([images, *filled])[:, :, 0],
        torch.stack([order(each) for each in found]),
        torch.stack([torch.stack([falls(model, images, answers, f, to) for f in found]) for to in filled]),
        answers,
        tuple(chosen),
        tuple(fillings.FILLINGS),
    )


def order(found: Tensor) -> Tensor:
    """The cells of each map, the highest first, of equals the first: (P, 1, 6, 6) -> (P, 36)."""
    return found.flatten(1).sort(dim=1, descending=True, stable=True).indices


def falls(model: nn.Module, images: Tensor, answers: Tensor, found: Tensor, filling: Tensor) -> Tensor:
    """The answer's probability with 0, 1, ... 36 cells gone, the highest first: (P, 37)."""
    return trials.curve(model, images, answers, found, filling, counts=range(CELLS + 1))
