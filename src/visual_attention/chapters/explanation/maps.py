"""Which cells of the picture made the network answer so? Seven methods that each give a map.

Each takes a model, pictures (B, 1, H, W) and the answers (B,) that are to be explained, and gives a real
number for each cell, (B, 1, 6, 6): higher means more important. Where a method gives signs, a negative cell
spoke against the answer. The score that is explained is the answer's own, before the softmax.

Papers: raw attention needs none. Rollout: Samira Abnar and Willem Zuidema, "Quantifying Attention Flow in
    Transformers", ACL 2020. Attention times gradient: Hila Chefer, Shir Gur and Lior Wolf, "Generic
    Attention-Model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers", ICCV 2021.
    Gradient: Karen Simonyan, Andrea Vedaldi and Andrew Zisserman, "Deep Inside Convolutional Networks", ICLR
    workshop 2014. Grad-CAM: Ramprasaath R. Selvaraju et al., "Grad-CAM", ICCV 2017. Integrated gradients:
    Mukund Sundararajan, Ankur Taly and Qiqi Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
    Occlusion: Matthew D. Zeiler and Rob Fergus, "Visualizing and Understanding Convolutional Networks", ECCV
    2014.
Chapter: notebooks/deeper/explanation.ipynb
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.explanation.fillings import grey, replace
from visual_attention.chapters.explanation.marked import CELL, GRID

STEPS = 16  # at which integrated gradients looks on its way
Method = Callable[[nn.Module, Tensor, Tensor], Tensor]


def score(scores: Tensor, answers: Tensor) -> Tensor:
    """Each picture's score of its own answer: (B, K), (B,) -> (B,)."""
    return scores.gather(1, answers[:, None])[:, 0]


def cells(values: Tensor) -> Tensor:
    """The sum over the pixels of each cell: (B, 1, H, W) -> (B, 1, H / 4, W / 4)."""
    return F.avg_pool2d(values, CELL) * CELL**2


def seen_by_class_token(matrix: Tensor) -> Tensor:
    """What the class token, which comes first, takes from each patch: (B, T, T) -> (B, 1, 6, 6)."""
    return matrix[:, 0, 1:].unflatten(1, (1, GRID, GRID))


@torch.no_grad()
def raw_attention(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The last block's weights from the class token to each patch, the mean of the heads.

    It asks neither for the answer nor for what comes after the weights.
    """
    return seen_by_class_token(model.weights(images)[-1].mean(1))


@torch.no_grad()
def rollout(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Weights followed through all blocks: the product of (A + 1) / 2, for the tokens also stay as they were.

    R = prod_l (mean_h A_l + I) / 2, the last block leftmost: rows of R sum to 1, as those of each factor do.
    """
    return seen_by_class_token(rolled([weights.mean(1) for weights in model.weights(images)]))


def rolled(layers: list[Tensor]) -> Tensor:
    """The product of (A + I) / 2 over the blocks, the last leftmost: L times (..., T, T) -> (..., T, T)."""
    result = torch.eye(layers[0].shape[-1])
    for weights in layers:
        result = (weights + torch.eye(weights.shape[-1])) / 2 @ result
    return result


def attention_times_gradient(
    model: nn.Module,
    images: Tensor,
    answers: Tensor,
    *,
    kept: Callable[[Tensor], Tensor] = torch.relu,
) -> Tensor:
    """Weights that count only where the score would rise with them, followed through all blocks.

    R starts as I and becomes R + mean_h max(A * dscore/dA, 0) R in each block, from the first to the last.

    Args:
        model: what is explained; it has weights.
        images: the pictures.
        answers: the answers.
        kept: what of the product counts; by default what is positive, as in the paper.
    """
    with torch.enable_grad():
        scores, weights = model.by_hand(images)
        slopes = torch.autograd.grad(score(scores, answers).sum(), weights)
    result = torch.eye(weights[0].shape[-1])
    for looks, slope in zip(weights, slopes, strict=True):
        result = result + kept(looks.detach() * slope).mean(1) @ result
    return seen_by_class_token(result)


def slope(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The derivative of the answer's score with respect to each pixel, (B, 1, H, W)."""
    leaf = images.detach().clone().requires_grad_()
    with torch.enable_grad():
        total = score(model(leaf), answers).sum()
    return torch.autograd.grad(total, leaf)[0]


def gradient(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """How much the score would change with a small change of a cell: the sum of |dscore/dpixel| over it."""
    return cells(slope(model, images, answers).abs())


def grad_cam(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The last map of features, each channel weighted by its mean gradient; what is negative becomes 0.

    In the transformer the last map is what its last block gets.
    """
    return weighed_channels(model, images, answers).clamp(min=0)


def weighed_channels(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The last map of features, each channel weighted by its mean gradient, with its signs."""
    with torch.enable_grad():
        features = model.features(images).detach().requires_grad_()
        slopes = torch.autograd.grad(score(model.read(features), answers).sum(), features)[0]
    gains = model.as_map(slopes).mean((2, 3), keepdim=True)  # (B, C, 1, 1)
    return (gains * model.as_map(features.detach())).sum(1, keepdim=True)


def integrated_gradients(
    model: nn.Module, images: Tensor, answers: Tensor, *, steps: int = STEPS, start: Tensor | None = None
) -> Tensor:
    """The mean gradient on the straight way from a grey picture to this one, times the way.

    The mean gradient is taken at the middle of each of `steps` equal pieces. The sum over all cells is
    score(picture) - score(start) up to the error of that sum: completeness.

    Args:
        model: what is explained.
        images: the pictures.
        answers: the answers.
        steps: pieces of the way.
        start: where the way begins; each picture's mean brightness by default.
    """
    return cells(shares_of_pixels(model, images, answers, steps=steps, start=start))


def shares_of_pixels(
    model: nn.Module, images: Tensor, answers: Tensor, *, steps: int = STEPS, start: Tensor | None = None
) -> Tensor:
    """Integrated gradients before they are summed up over cells: (B, 1, H, W)."""
    start = grey(images) if start is None else start
    total = torch.zeros_like(images)
    for step in range(steps):
        total += slope(model, start + (step + 0.5) / steps * (images - start), answers)
    return (images - start) * total / steps


@torch.no_grad()
def occlusion(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """How far the score falls when a cell is replaced by the picture's mean brightness."""
    filling, whole = grey(images), score(model(images), answers)
    found = []
    for index in range(GRID**2):
        hidden = F.one_hot(torch.tensor(index), GRID**2).view(1, 1, GRID, GRID)
        found.append(whole - score(model(replace(images, filling, hidden)), answers))
    return torch.stack(found, 1).unflatten(1, (1, GRID, GRID))


ANY_NETWORK: dict[str, Method] = {
    "gradient": gradient,
    "Grad-CAM": grad_cam,
    "integrated gradients": integrated_gradients,
    "occlusion": occlusion,
}
WITH_WEIGHTS: dict[str, Method] = {
    "raw attention": raw_attention,
    "rollout": rollout,
    "attention x gradient": attention_times_gradient,
}


def methods(model: nn.Module) -> dict[str, Method]:
    """The methods that can explain a network: those that need weights only where there are weights."""
    return (WITH_WEIGHTS if hasattr(model, "weights") else {}) | ANY_NETWORK
