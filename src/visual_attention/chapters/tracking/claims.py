"""Does attention help a tracker, above all under occlusion and deformation?

All arms are one network; they differ in which part of the template each place is compared with.

Run: python -m visual_attention.experiments run tracking tracking-leak --seeds 5 --jobs 2
"""

import functools
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from visual_attention.chapters.tracking import follow as following
from visual_attention.chapters.tracking import tracks
from visual_attention.chapters.tracking.controls import BlindTracker, ProductTracker, UniformTracker
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.follow import TARGETS, Pairs, follow, training_pairs
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.chapters.tracking.scores import area, precision, presence_area, success
from visual_attention.chapters.tracking.trackers import AttentionTracker, CorrelationTracker
from visual_attention.chapters.tracking.tracks import Disturbance
from visual_attention.experiments import record
from visual_attention.experiments.claim import Arm, Budget, Claim

LEARNING_RATE = 5e-3  # one for all arms
WIDTH = 16
PAIRS = 480  # drawn once for a seed and seen several times; a short run has 4 for each of its steps
FRAMES = 8
NEAR = torch.tensor([6.0])  # pixels within which a centre is precise, three eighths of the target

# what is made stronger, and the strengths; "clean" is the weakest of each
STRENGTHS = {
    "rotation": (45, 90, 180),
    "bend": (0.2, 0.4),
    "occlusion": (0.25, 0.5, 0.7),
    "scale": (0.25, 0.5),
    "alike": (1, 7),
}
UNITS = {
    "rotation": "turned by (degrees)",
    "bend": "stretched and bent by",
    "occlusion": "share covered",
    "scale": "grown or shrunk by (octaves)",
    "alike": "others that look alike",
}
DISTURBED = ("rotation", "bend", "occlusion")  # the claim's "occlusion and deformation"
GONE = Disturbance(gone=(3, 6))


def conditions() -> dict[str, Disturbance]:
    """Every condition of the test by name: "clean", "rotation 45", ..."""
    named = {
        f"{kind} {strength:g}": Disturbance(**{kind: strength})
        for kind, strengths in STRENGTHS.items()
        for strength in strengths
    }
    return {"clean": Disturbance()} | named


@functools.lru_cache(maxsize=1)
def pool(count: int, seed: int) -> Pairs:
    """The training pairs of a seed, the same for all arms."""
    return training_pairs(count, seed=seed)


@functools.lru_cache(maxsize=1)
def test_films(count: int, seed: int) -> dict[str, Tracks]:
    """Films of a seed for each condition, and those in which the target is gone for a while."""
    generator = torch.Generator().manual_seed(10_000 + seed)
    draw = partial(tracks.sequences, count, split="test", frames=FRAMES, generator=generator)
    return {name: draw(disturbance=d) for name, d in (conditions() | {"gone": GONE}).items()}


def measure(model: nn.Module, arm: Arm, seed: int, budget: Budget) -> dict[str, float]:
    """Train on pairs, follow films; areas under success curves in percent for each condition."""
    pairs = pool(min(PAIRS, 4 * budget.steps), seed)
    following.train(model, pairs, seed=seed, steps=budget.steps, batch=budget.batch, lr=LEARNING_RATE)
    return tested(model, test_films(budget.test, seed))


def tested(model: nn.Module, films: dict[str, Tracks]) -> dict[str, float]:
    """The metrics of a trained tracker."""
    metrics = {}
    for name in conditions():
        boxes, true, present = after_the_first(model, films[name])
        metrics[f"success, {name}"] = 100 * area(success(boxes, true, present))
        metrics[f"precision, {name}"] = 100 * precision(boxes, true, present, NEAR).item()
    chances = [follow(model, films["gone"], target=k).presence[:, 1:] for k in range(TARGETS)]
    present = films["gone"].present[:, 1:, :TARGETS].unbind(2)
    metrics["presence"] = 100 * presence_area(torch.cat(chances), torch.cat(present))
    for kind in STRENGTHS:
        metrics[f"success, {kind}"] = mean([metrics[f"success, {kind} {s:g}"] for s in STRENGTHS[kind]])
    return metrics | {"success": mean([metrics[f"success, {kind}"] for kind in DISTURBED])}


def after_the_first(model: nn.Module, films: Tracks) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes that were found and true ones (B, T - 1, 4), and where the target is there (B, T - 1)."""
    targets = range(min(TARGETS, films.boxes.shape[2]))
    found = torch.cat([follow(model, films, target=k).boxes[:, 1:] for k in targets])
    return found, *(torch.cat([part[:, 1:, k] for k in targets]) for part in (films.boxes, films.present))


def measure_leak(model: nn.Module, arm: Arm, seed: int, budget: Budget) -> dict[str, float]:
    """Train a network that never sees the template; how often it finds a covered target all the same."""
    betrayed = arm.name == "only the target covered"
    pairs = training_pairs(min(PAIRS, 4 * budget.steps), seed=seed, targets=1, betrayed=betrayed)
    following.train(model, pairs, seed=seed, steps=budget.steps, batch=budget.batch, lr=LEARNING_RATE)
    generator = torch.Generator().manual_seed(10_000 + seed)
    films = tracks.pairs(budget.test, split="test", betrayed=betrayed, generator=generator)
    return found_blindly(model, films)


@torch.no_grad()
def found_blindly(model: nn.Module, films: Tracks) -> dict[str, float]:
    """In percent: hits on covered targets in whole frames, and what choosing a sprite at random would hit."""
    frames = films.frames[:, 1]
    centres = model(torch.zeros(len(frames), 3, 24, 24), frames).boxes[:, :2] / FRAME
    away = (centres[:, None] - films.boxes[:, 1, :, :2]).norm(dim=-1) * FRAME  # (B, O)
    asked = films.present[:, 1, 0] & (films.visible[:, 1, 0] < 0.8)
    there = films.present[:, 1]
    nearest = away.masked_fill(~there, torch.inf).argmin(dim=1)
    return {
        "chance": 100 * (1 / there.sum(dim=1).float())[asked].mean().item(),
        "hits": 100 * (nearest == 0)[asked].float().mean().item(),
    }


def curve(rows: Sequence[record.Row], arm: str, kind: str) -> np.ndarray:
    """Areas under success of an arm from clean to the strongest, (seeds, 1 + strengths)."""
    names = ["success, clean", *(f"success, {kind} {strength:g}" for strength in STRENGTHS[kind])]
    table = {(row["seed"], row["metric"]): row["value"] for row in rows if row["arm"] == arm}
    return np.array([[table[seed, name] for name in names] for seed in sorted({seed for seed, _ in table})])


def mean(values: list[float]) -> float:
    """The mean of some numbers."""
    return sum(values) / len(values)


ARMS = (
    Arm(
        "cross-attention",
        "attention",
        partial(AttentionTracker, width=WIDTH, dim=WIDTH),
        "Each place looks for the part of the template that is most like it.",
    ),
    Arm(
        "cross-correlation",
        "without",
        partial(CorrelationTracker, width=WIDTH, dim=WIDTH),
        "The template slides over the search region as a rigid kernel.",
    ),
    Arm(
        "uniform attention",
        "control",
        partial(UniformTracker, width=WIDTH, dim=WIDTH),
        "Each place looks at all parts of the template alike.",
    ),
    Arm(
        "correlation of products",
        "rival",
        partial(ProductTracker, width=WIDTH, dim=WIDTH),
        "The rigid kernel with dot products in place of cosines.",
    ),
)
BLIND = partial(BlindTracker, width=WIDTH, dim=WIDTH)
SETTINGS = {"chapter": "applications/tracking"}

CLAIMS = [
    Claim(
        name="tracking",
        statement="With attention, a tracker follows its target more reliably under occlusion and "
        "deformation.",
        question="Does cross-attention follow a covered, turned or bent target better than "
        "cross-correlation?",
        arms=ARMS,
        measure=measure,
        metric="success",
        treatment="cross-attention",
        baseline="cross-correlation",
        margin=5.0,
        matched=tuple(arm.name for arm in ARMS),
        columns=("success, clean", "success, rotation", "success, bend", "success, occlusion", "presence"),
        design=(
            "Six round sprites of one family (discs of a photograph, ancient coins, or counters with digits) "
            "move over a photograph of 64 x 64 pixels for 8 frames; one is the target, and its box in the "
            "first frame is given; four of the six play the target in turn. Over three frames all sprites "
            "turn, or bend, or get covered by boards, all by the same law, and some boards lie on nothing. "
            "Sprites and photographs of the test do not occur in training. A tracker searches 48 x 48 pixels "
            "around its last answer. Training pairs have all disturbances at once. Success is the mean over "
            "21 thresholds of the share of frames with a larger overlap, averaged over three strengths of "
            "rotation, two of bending and three of occlusion, each kind counting a third. All arms have the "
            "same parameters, see the same pairs in the same order, and share one learning rate."
        ),
        meaning=(
            "Correlation follows better, clean, bent, covered and grown, and attention is as good as "
            "its own control, in which all parts weigh alike: choosing a part buys nothing here, and "
            "giving up the order of the parts costs much. Turned by 90 degrees or more, correlation has "
            "lost its lead, for a turn takes the order away; but then nobody follows well. One layer of "
            "attention without positions, 5,566 parameters and 300 steps say nothing about large "
            "trackers that are made of many such layers and trained on real films."
        ),
        budgets={"live": Budget(steps=30, batch=8, test=2), "full": Budget(steps=300, batch=8, test=6)},
        **SETTINGS,
    ),
    Claim(
        name="tracking-leak",
        statement="A test of occlusion can be solved without looking for the target.",
        question="Does a board betray the target if nothing else is covered?",
        arms=(
            Arm("only the target covered", "rival", BLIND, "A careless world: no other sprite has a board."),
            Arm("all covered alike", "control", BLIND, "The world of this chapter."),
        ),
        measure=measure_leak,
        metric="hits",
        treatment="only the target covered",
        baseline="all covered alike",
        margin=20.0,
        matched=("only the target covered", "all covered alike"),
        design=(
            "A network that never sees the template is trained to say where the target is, in two worlds. In "
            "both, half of the targets are covered by up to three quarters. In the careless one nothing else "
            "is covered; in the other all sprites are, by the same law, and boards lie on nothing, too. It "
            "hits if the target is the sprite nearest to its answer, in whole frames of 64 x 64 pixels with "
            "3 to 7 sprites, a fifth of the target or more being covered."
        ),
        meaning=(
            "A guesser that knows where boards lie finds the target nearly always in the careless world. "
            "This network does not: after 100 steps it finds covered targets less often than chance in "
            "both worlds, because it points at what is in sight. So it is too weak a probe, and its "
            "silence does not show that a world has no leak. The count over board pixels in the chapter "
            "does, for boards alone."
        ),
        budgets={"live": Budget(steps=20, batch=16, test=50), "full": Budget(steps=100, batch=16, test=160)},
        **SETTINGS,
    ),
]
