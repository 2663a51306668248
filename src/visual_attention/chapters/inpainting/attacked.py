"""Does the verdict turn when somebody tries? Two cheap attacks on the contest on wallpaper.

Copying that learned nothing gets what it lacks: the light is taken out of the picture before, and put back
afterwards. And the network of convolutions gets four times the steps.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.attacked
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from visual_attention.chapters.inpainting import claims, contest
from visual_attention.chapters.inpainting.peeling import PeelingAttention
from visual_attention.experiments import trial

LEAST = 0.1  # of the mean light: below it, a shade is no longer divided by


class _EvenedFill(nn.Module):
    """Fill a picture whose light was evened out, and put the light back.

    The light is a plane, fitted to the brightness of the known pixels by least squares.

    Args:
        fill: (B, C, H, W), mask (B, 1, H, W) -> (B, C, H, W).

    Shape:
        as that of ``fill``.
    """

    def __init__(self, fill: nn.Module):
        super().__init__()
        self.fill = fill

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        light = fitted_plane(x, mask)  # (B, 1, H, W)
        return torch.where(mask, self.fill(x / light, mask) * light, x)


def fitted_plane(x: Tensor, mask: Tensor) -> Tensor:
    """A plane through the known pixels' brightness, 1 on average and nowhere below a tenth: (B, 1, H, W)."""
    height, width = x.shape[2:]
    down, across = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    terms = torch.stack([torch.ones(height, width), down, across], dim=-1).flatten(0, 1).to(x)  # (N, 3)
    known = (~mask).flatten(1)[..., None].to(x.dtype)  # (B, N, 1)
    brightness = x.mean(dim=1).flatten(1)[..., None]
    found = torch.linalg.lstsq(terms * known, brightness * known).solution  # (B, 3, 1)
    plane = (terms @ found).mT.view(len(x), 1, height, width)
    return (plane / plane.mean(dim=(2, 3), keepdim=True)).clamp_min(LEAST)


def peeled(seeds: range) -> list[float]:
    """PSNR of peeling with its light evened, on the test pictures of each seed."""
    question = claims.QUESTIONS[0]
    evened = contest.unlearned(lambda: _EvenedFill(PeelingAttention(patch=5, temperature=1e-4)))({})
    condition = next(one for one in question.conditions if one.name == question.middle)
    return [
        contest.score(evened, trial.examples(question.task, "test", seed, condition))["PSNR"]
        for seed in seeds
    ]


def longer(name: str, times: int, seeds: range, rate: float) -> list[float]:
    """PSNR of a contender on the middle set after `times` as many steps."""
    question = claims.QUESTIONS[0]
    middle = next(one for one in question.conditions if one.name == question.middle)
    condition = replace(middle, recipe=replace(middle.recipe, steps=times * middle.recipe.steps, points=1))
    rows = [trial.make(question, trial.Trial("specification", condition, name, rate, seed)) for seed in seeds]
    return [row["scores"]["PSNR"][-1] for row in rows]


def main() -> None:
    """Both attacks."""
    for seed, found in zip(range(10), peeled(range(10)), strict=True):
        print(f"peeling, light evened, seed {seed}: {found:.2f} dB", flush=True)
    for seed, found in zip(range(3), longer("more convolution", 4, range(3), 3e-3), strict=True):
        print(f"more convolution, four times the steps, seed {seed}: {found:.2f} dB", flush=True)


if __name__ == "__main__":
    main()
