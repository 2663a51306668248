"""What does a trained one-stream tracker lose when a part of what it looks at is taken away?

Interventions on a trained network, which stays as it is: who may ask whom is changed, or what it is given.

Chapter: notebooks/applications/tracking.ipynb
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.chapters.tracking.finding import CONDITIONS, DEFORMED, Sought
from visual_attention.chapters.tracking.fusion import PLACES, Answer, Change, OneStream, template_deaf

NEAR = 6.0  # pixels within which a centre counts as found, three eighths of the target
Cut = Callable[[OneStream, Sought], Answer]


def window_deaf(weights: Tensor) -> Tensor:
    """The window's tokens take nothing from the template; what they give each other grows to a sum of 1."""
    weights = weights.clone()
    weights[..., :PLACES, PLACES:] = 0
    return weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-12)


def uniform(weights: Tensor) -> Tensor:
    """Every token takes alike from all."""
    return torch.full_like(weights, 1 / weights.shape[-1])


def deaf(change: Change) -> Cut:
    """A cut that changes the weights of every block."""
    return lambda model, seen: model.answer(seen.tokens, seen.pairs, change)


def without_positions(model: OneStream, seen: Sought) -> Answer:
    """Tokens know whether they are of the window or of the template, and not where they lie."""
    position = model.position
    means = [part.mean(dim=0, keepdim=True).expand_as(part) for part in position.split(PLACES)]
    model.position = nn.Parameter(torch.cat(means))
    try:
        return model.answer(seen.tokens, seen.pairs)
    finally:
        model.position = position


def anothers_template(model: OneStream, seen: Sought) -> Answer:
    """Each window is given the template of another scene: that of half the examples further on."""
    tokens = seen.tokens.clone()
    tokens[:, PLACES:] = tokens[:, PLACES:].roll(len(tokens) // 2, dims=0)
    return model.answer(tokens, seen.pairs)


CUTS: dict[str, Cut] = {
    "the template asks only itself": deaf(template_deaf),
    "the window asks only itself": deaf(window_deaf),
    "uniform weights": deaf(uniform),
    "no positions": without_positions,
    "another scene's template": anothers_template,
}


def hits(answer: Answer, seen: Sought) -> Tensor:
    """Whether each centre is found to within 6 pixels, (B,), 0 or 1."""
    return ((answer.best()[0] - seen.centre).norm(dim=1) <= NEAR).float()


def scores(answer: Answer, seen: Sought) -> dict[str, float]:
    """Targets found in percent: under each condition, and on the mean over deformation and cover."""
    hit = hits(answer, seen)
    found = {name: 100 * hit[seen.condition == index].mean().item() for index, name in enumerate(CONDITIONS)}
    return {"found again": sum(found[name] for name in DEFORMED) / len(DEFORMED)} | found


def cut(change: Cut) -> Callable[[nn.Module, Sought], float | None]:
    """The metric after a cut; None for a network that has nothing to cut."""
    return lambda model, seen: (
        scores(change(model, seen), seen)["found again"] if isinstance(model, OneStream) else None
    )
