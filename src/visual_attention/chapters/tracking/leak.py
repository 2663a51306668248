"""What does a careless world give away, and how long must a probe learn until it shows?

Four worlds, each with a network that learns in it until nothing is gained. Three of the networks are blind:
they never see a template, so that what they find the windows alone betray; their features learn along, and
they are tested on new scenes of the photographs and things that they learned from. The first lives in the
fair world of this chapter, the second where none but the target is covered, the third where the target always
lies in the middle of its window. The fourth sees its template, the one-stream tracker, and lives in the third
world; it is tested there and, at the end, where windows lie anywhere around targets.

Paper: Bo Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks", CVPR 2019,
    section 3 (a tracker whose training shows the target in the middle learns the middle).
Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.leak
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from visual_attention.chapters.tracking import finding
from visual_attention.chapters.tracking.encoder import DIM, windows_of
from visual_attention.chapters.tracking.finders import maps, rows
from visual_attention.chapters.tracking.finding import Sought
from visual_attention.chapters.tracking.finding_cuts import hits
from visual_attention.chapters.tracking.fusion import Answer, Change, Finder, Head, OneStream, loss
from visual_attention.convolutions import layer
from visual_attention.experiments import curves, lines
from visual_attention.training import seeded

RECORD = Path(__file__).parent / "records" / "leak.jsonl"
WORLDS = {
    "fair": {"covered": True},
    "only the target covered": {"covered": True, "betrayed": True},
    "always in the middle": {"centred": True},
}
PAIRS, TESTED, SEEDS = 600, 150, 3
STEPS, BATCH, RATE, SCORED = 512, 32, 3e-3, (16, 32, 64, 128, 256, 512)
ANYWHERE = "two ways, tested anywhere"
AT_RANDOM = "at random"  # what choosing one of the things in the window finds


class Blind(Finder):
    """Convolutions on the window alone: they never see what is looked for.

    Args:
        dim: of the convolutions.
        depth: how many.
        frozen: As in `Finder`; a probe that may look for anything has features that learn along.
    """

    def __init__(self, *, dim: int = 32, depth: int = 3, frozen: bool = True):
        super().__init__(frozen=frozen)
        sizes = [DIM, *[dim] * depth]
        self.body = nn.Sequential(*(layer(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)))
        self.head = Head(dim, dim)

    def answer(self, tokens: Tensor, pairs: Tensor, change: Change | None = None) -> Answer:
        return self.head(rows(self.body(maps(tokens)[0])))

    def forward(self, pairs: Tensor, tokens: Tensor | None = None, change: Change | None = None) -> Answer:
        if self.own is None:
            return super().forward(pairs, tokens, change)
        return self.head(rows(self.body(self.own(windows_of(pairs, self.head.read[1].weight.dtype)))))


def examples(world: str, split: str, count: int, seed: int) -> Sought:
    """Targets of a world, or, where no world has that name, of one whose windows lie anywhere around them."""
    generator = torch.Generator().manual_seed(seed)
    return finding.for_training(count, split=split, generator=generator, **WORLDS.get(world, {}))


def probe(model: Finder, learned: Sought, tested: Sought, seed: int, *, steps: int = STEPS):
    """Train in one world; the trained network, and the share of centres that are found, by step."""
    generator = torch.Generator().manual_seed(seed)

    def batch(step: int) -> Sought:
        chosen = torch.randint(len(learned.pairs), (BATCH,), generator=generator)
        return Sought(*(part[chosen] for part in learned))

    trained, scores, _ = curves.train(
        model,
        batch,
        loss,
        lambda model: {"found": share(model, tested)},
        steps=steps,
        rate=RATE,
        warmup=32,
        scored=[step for step in SCORED if step <= steps],
    )
    return trained, [round(by["found"], 2) for by in scores.values()]


@torch.no_grad()
def share(model: nn.Module, seen: Sought) -> float:
    """Centres that are found to within 6 pixels, in percent."""
    return 100 * hits(model(seen.pairs, seen.tokens), seen).mean().item()


def rows_of_record() -> list[dict]:
    """The record: a row for each world, network and seed."""
    return lines.read(RECORD)


def curve(record: list[dict], world: str, network: str) -> np.ndarray:
    """Shares by seed and scored step, (seeds, 6)."""
    found = {
        row["seed"]: row["found"] for row in record if (row["world"], row["network"]) == (world, network)
    }
    return np.array([found[seed] for seed in sorted(found)])


def main(*worlds: str) -> None:
    """Make what the record lacks, of some worlds or of all, and show it."""
    torch.set_num_threads(1)
    done = {(row["world"], row["network"], row["seed"]) for row in rows_of_record()}
    for seed in range(SEEDS):
        for world in worlds or WORLDS:
            learned = tested = None
            for network, build in (("blind", partial(Blind, frozen=False)), ("two ways", OneStream)):
                asked = network == "blind" or world == "always in the middle"
                if (world, network, seed) in done or not asked:
                    continue
                if learned is None:
                    learned = examples(world, "learning", PAIRS, seed)
                    tested = examples(world, "learning", TESTED, 10_000 + seed)
                with seeded(seed):
                    trained, found = probe(build(), learned, tested, seed)
                made = [{"world": world, "network": network, "seed": seed, "found": found}]
                if network == "blind":
                    chance = round(100 * (1 / tested.things.float()).mean().item(), 2)
                    made.append({"world": world, "network": AT_RANDOM, "seed": seed, "found": [chance]})
                if network == "two ways":
                    anywhere = share(trained, examples("anywhere", "learning", TESTED, 10_000 + seed))
                    made.append(
                        {"world": world, "network": ANYWHERE, "seed": seed, "found": [round(anywhere, 2)]}
                    )
                lines.append(RECORD, made)
    for row in rows_of_record():
        print(row)


if __name__ == "__main__":
    main(*sys.argv[1:])
