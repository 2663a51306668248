"""Is it neighbours that the transformer lacks? Four controls, made after the record by an attacker.

Two take neighbours away: the pixels of all pictures lie in one and the same random order. Two change how a
picture is cut: patches that overlap for the transformer, and the transformer's own cut for a convolution.
The pictures, the recipe, the scores and the grid of rates are the record's; no rule decides here.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.chapters.vision_transformer.controls
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from visual_attention.chapters.vision_transformer import claims, networks
from visual_attention.chapters.vision_transformer.anywhere import SIDE
from visual_attention.experiments import ledger, trial
from visual_attention.experiments.question import Contender
from visual_attention.mechanisms.vision_transformer import PatchEmbedding

RECORD = Path(__file__).parent / "records" / "controls.jsonl"
SEEDS, TUNING_SEED = 5, 1000


class Shuffled(nn.Module):
    """A network that gets all pixels in one and the same random order, so that no neighbours are left.

    Args:
        network: reads pictures (B, 1, 16, 16).

    Shape:
        (B, 1, 16, 16) -> what the network gives.

    Derivatives: as the network's.
    """

    moves = False

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        order = torch.randperm(SIDE * SIDE, generator=torch.Generator().manual_seed(0))
        self.register_buffer("order", order, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images.flatten(2)[:, :, self.order].unflatten(2, images.shape[2:]))


class OverlappingPatches(PatchEmbedding):
    """Tokens of patches that are twice as wide as the way from one to the next; still one layer, and linear.

    Args:
        dim: D, numbers of a token.

    Shape:
        (B, 1, H, W) -> (B, N, D) with N = (H / 4) * (W / 4).
    """

    def __init__(self, dim: int):
        super().__init__(networks.PATCH, dim=dim, channels=1)
        self.proj = nn.Conv2d(1, dim, 2 * networks.PATCH, stride=networks.PATCH, padding=networks.PATCH // 2)


class CoarseConvolution(nn.Module):
    """Three 3 x 3 convolutions on the transformer's own cut of 4 x 4 pixels, then the mean over places.

    Args:
        width: channels.

    Shape:
        (B, 1, 16, 16) -> (B, 10).
    """

    moves = False

    def __init__(self, width: int):
        super().__init__()
        cut = nn.Conv2d(1, width, networks.PATCH, stride=networks.PATCH)
        rest = [nn.Conv2d(width, width, 3, padding=1) for _ in range(3)]
        self.see = nn.Sequential(
            *(part for layer in (cut, *rest) for part in (layer, nn.BatchNorm2d(width), nn.ReLU()))
        )
        self.head = nn.Linear(width, networks.CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.see(images).mean((2, 3)))


def overlapping(setting: dict) -> networks.Reader:
    """The transformer with patches that overlap."""
    reader = claims.reader()(setting)
    reader.transformer.patch_embed = OverlappingPatches(setting["width"])
    return reader


CONTROLS = (
    Contender(
        "transformer, pixels shuffled",
        "control",
        lambda setting: Shuffled(claims.reader()(setting)),
        "The transformer; all pictures have their pixels in one random order.",
        "no neighbours",
    ),
    Contender(
        "convolution, pixels shuffled",
        "control",
        lambda setting: Shuffled(claims.convolution()(setting)),
        "The convolution; all pictures have their pixels in one random order.",
        "no neighbours",
    ),
    Contender(
        "transformer, overlapping patches",
        "rival",
        overlapping,
        "Patches of 8 x 8 pixels, 4 apart; otherwise the transformer.",
        "patches that overlap",
    ),
    Contender(
        "convolution on the same cut",
        "rival",
        lambda setting: CoarseConvolution(setting["width"] - 1),
        "Patches of 4 x 4 pixels become tokens, then three 3 x 3 convolutions.",
        "the transformer's cut",
    ),
)
_RECORDED = claims.QUESTIONS[0]
QUESTION = replace(_RECORDED, contenders=(*_RECORDED.contenders, *CONTROLS))
_MIDDLE = next(condition for condition in QUESTION.conditions if condition.name == QUESTION.middle)


def load() -> list[ledger.Row]:
    """All rows of the record, as those of the question's own record."""
    return ledger.read(RECORD).rows


def rate(name: str, rows: list[ledger.Row]) -> float | None:
    """The rate with the best score on validation pictures; None while one is not tried."""
    tried = {
        row["rate"]: row["scores"][QUESTION.metric][-1]
        for row in rows
        if row["part"] == "tuning" and row["arm"] == name
    }
    return max(tried, key=tried.get) if set(tried) == set(QUESTION.rates) else None


def missing(rows: list[ledger.Row]) -> list[trial.Trial]:
    """The trainings to make next: rates first, then seeds."""
    done = {(row["part"], row["arm"], row["rate"], row["seed"]) for row in rows}
    wanted = [
        trial.Trial("tuning", _MIDDLE, each.name, one, TUNING_SEED)
        for each in CONTROLS
        for one in QUESTION.rates
    ]
    for seed in range(SEEDS):
        chosen = ((each.name, rate(each.name, rows)) for each in CONTROLS)
        wanted += [trial.Trial("headline", _MIDDLE, name, best, seed) for name, best in chosen if best]
    return [one for one in wanted if (one.part, one.arm, one.rate, one.seed) not in done]


def scores(name: str, rows: list[ledger.Row]) -> np.ndarray:
    """The accuracy of a control on test pictures in percent, one number a seed."""
    found = {
        row["seed"]: row["scores"][QUESTION.metric][-1]
        for row in rows
        if row["part"] == "headline" and row["arm"] == name
    }
    return np.array([found[seed] for seed in sorted(found)])


def main() -> None:
    while todo := missing(load()):
        row = trial.make(QUESTION, todo[0])
        ledger.append(RECORD, row)
        print(
            row["part"], row["arm"], row["rate"], row["seed"], row["scores"][QUESTION.metric][-1], flush=True
        )


if __name__ == "__main__":
    main()
