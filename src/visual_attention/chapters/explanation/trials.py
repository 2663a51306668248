"""Which tests must a map pass before it may be called an explanation?

Each test is a number for each picture, so that methods can be compared on the same pictures: does the map
point at what decides, does the answer fall when its cells go first and rise when they come first, does the
map change when the network is turned to noise, does it show a planted shortcut?

Papers: the pointing game: Jianming Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV
    2016. Deletion and insertion: Vitali Petsiuk, Abir Das and Kate Saenko, "RISE: Randomized Input Sampling
    for Explanation of Black-box Models", BMVC 2018. Randomised weights: Julius Adebayo et al., "Sanity Checks
    for Saliency Maps", NeurIPS 2018.
Chapter: notebooks/deeper/explanation.ipynb
"""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.explanation.fillings import replace
from visual_attention.chapters.explanation.marked import CELL
from visual_attention.experiments import pointing
from visual_attention.training import seeded

COUNTS = (1, 2, 4, 6, 9, 13, 18)  # cells that are taken away or put in, of 36: up to a half


def points(found: Tensor, masks: Tensor) -> Tensor:
    """Whether the highest cell lies on what decides: (B, 1, h, w), (B, 1, H, W) -> (B,), 0 or 1."""
    return pointing.hits(found - found.amin((1, 2, 3), keepdim=True), masks).float()


def beside(masks: Tensor) -> Tensor:
    """What decides and the cells around it, for a token may have seen its neighbours: (B, 1, H, W), bool."""
    return F.max_pool2d(masks.float(), 2 * CELL + 1, stride=1, padding=CELL) > 0.5


def share(found: Tensor, masks: Tensor) -> Tensor:
    """Which part of the map's positive mass lies on what decides: (B, 1, h, w), (B, 1, H, W) -> (B,)."""
    return pointing.share(found.clamp(min=0), masks)


def highest(found: Tensor, count: int) -> Tensor:
    """The `count` highest cells of each map, of equals the first: (B, 1, h, w) -> the same shape, bool."""
    order = found.flatten(1).sort(dim=1, descending=True, stable=True).indices
    chosen = torch.zeros_like(found.flatten(1), dtype=torch.bool)
    return chosen.scatter_(1, order[:, :count], True).view_as(found)


@torch.no_grad()
def curve(
    model: nn.Module,
    images: Tensor,
    answers: Tensor,
    found: Tensor,
    filling: Tensor,
    *,
    insert: bool = False,
    counts: Sequence[int] = COUNTS,
) -> Tensor:
    """The answer's probability as the map's highest cells are taken away, or put into the filling.

    Args:
        model: what is asked.
        images: the pictures.
        answers: the answers whose probability is followed.
        found: the map that says which cells go first.
        filling: what removed cells are taken from.
        insert: begin with the filling and put the highest cells of the picture in.
        counts: how many cells.

    Shape:
        (B, 1, H, H), (B,), (B, 1, h, w), (B, 1, H, H) -> (B, len(counts)).
    """
    first, second = (filling, images) if insert else (images, filling)
    made = [replace(first, second, highest(found, count)) for count in counts]
    scores = model(torch.cat(made)).softmax(1).unflatten(0, (len(counts), len(images)))
    return scores.gather(2, answers.expand(len(counts), -1)[..., None])[..., 0].T


def alike(one: Tensor, other: Tensor) -> Tensor:
    """Spearman's rank correlation between two maps of each picture, 0 if one of them is flat.

    Shape:
        (B, 1, h, w), (B, 1, h, w) -> (B,), from -1 to 1.
    """
    ranks = [stats.rankdata(maps.detach().flatten(1).double().numpy(), axis=1) for maps in (one, other)]
    first, second = (each - each.mean(1, keepdims=True) for each in ranks)
    size = np.sqrt((first**2).sum(1) * (second**2).sum(1))
    both = (first * second).sum(1)
    return torch.from_numpy(np.divide(both, size, out=np.zeros_like(both), where=size > 0))


def randomised(model: nn.Module, build: Callable[[], nn.Module], parts: int, *, seed: int) -> nn.Module:
    """A copy whose `parts` parts nearest to the output have the weights of a network that never learned.

    Args:
        model: a trained network with a `cascade`.
        build: makes an untrained one of the same kind.
        parts: how many parts are randomised; with all of them nothing that was learned is left.
        seed: of the untrained network.
    """
    copied = copy.deepcopy(model)
    with seeded(seed):
        fresh = build().state_dict()
    starts = tuple(start for _, names in model.cascade()[:parts] for start in names)
    copied.load_state_dict(
        {name: fresh[name] if name.startswith(starts) else old for name, old in model.state_dict().items()}
    )
    return copied.eval()


@torch.no_grad()
def right(model: nn.Module, images: Tensor, labels: Tensor, count: int) -> Tensor:
    """The first `count` pictures that the network answers rightly: their indices."""
    return (model(images).argmax(1) == labels).nonzero()[:count, 0]
