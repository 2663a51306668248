"""Which picture is like which, and what in other pictures is like a part of one? Attention between pictures.

Chapter: notebooks/applications/detection.ipynb, and those on generation and question answering
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.own import folder
from visual_attention.own.features import Extractor
from visual_attention.own.frames import mask_of_box

TEMPERATURE = 0.07  # divides cosines before a softmax


def relatives(tokens: Tensor) -> Tensor:
    """How alike pictures are: cosines of their class tokens, the mean of all taken out.

    Args:
        tokens: (n, 1 + N, D), as `Extractor.tokens` gives them.

    Shape:
        (n, n), from -1 to 1; -inf on the diagonal, for a picture is no relative of itself.
    """
    directions = F.normalize(tokens[:, 0] - tokens[:, 0].mean(dim=0), dim=-1)
    return (directions @ directions.T).fill_diagonal_(-torch.inf)


def by_example(tokens: Tensor, answers: Sequence[int], *, temperature: float = TEMPERATURE) -> Tensor:
    """The answer that attention to all other pictures gives for each: their answers, weighted by likeness.

    Args:
        tokens: (n, 1 + N, D).
        answers: n of them, as numbers from 0 to K - 1.
        temperature: divides the cosines before the softmax.

    Shape:
        (n, K): shares that sum to 1.
    """
    values = F.one_hot(torch.as_tensor(answers)).float()  # (n, K)
    return torch.softmax(relatives(tokens) / temperature, dim=-1) @ values


def resembling(
    example: Any,
    box: Sequence[float],
    others: Sequence[Any],
    extractor: Extractor,
    *,
    temperature: float = TEMPERATURE,
) -> Tensor:
    """Where in other pictures is what resembles a box? One query, the mean of the box, asks them all.

    The patches of all other pictures compete in one softmax: a picture without anything alike gets little.

    Args:
        example: a picture of any kind; its centred square is looked at.
        box: left, top, width and height in the square, as shares from 0 to 1.
        others: n pictures of any kind.
        extractor: the frozen transformer.
        temperature: divides the cosines before the softmax.

    Shape:
        (n, rows, columns): weights that sum to 1 over all.

    Raises:
        ValueError: if the box lies outside of the picture.
    """
    grid = extractor.grid
    inside = mask_of_box([number * grid for number in box], grid, grid).flatten().bool()
    known = extractor.look(folder.read(example, extractor.size))[1:]  # (N, D)
    seen = extractor.tokens(others, progress=False)[:, 1:]  # (n, N, D)
    middle = torch.cat([known, seen.flatten(0, 1)]).mean(dim=0)
    query = F.normalize((known - middle)[inside].mean(dim=0), dim=-1)
    cosines = F.normalize(seen - middle, dim=-1) @ query  # (n, N)
    return torch.softmax(cosines.flatten() / temperature, dim=0).view(len(others), grid, grid)
