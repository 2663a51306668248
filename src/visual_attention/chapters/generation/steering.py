"""How far do words steer, which words are needed, and what does guidance do?

The networks are trained from several seeds and measured part by part; the rows beside this file were made by
the command below. The first seed's network is stored for the chapter and its widget.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.steering
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from visual_attention import stored
from visual_attention.chapters.generation import judge as judges
from visual_attention.chapters.generation import sentences, worded
from visual_attention.chapters.generation.realism import frechet
from visual_attention.chapters.generation.word_transformer import (
    Change,
    WordTransformer,
    picture,
    word_loss,
)
from visual_attention.experiments import curves
from visual_attention.experiments.verdict import Interval, over_seeds, paired
from visual_attention.training import seeded

ROWS = Path(__file__).with_name("steering.json")
FILE = Path(__file__).with_name("trained_words.safetensors")
RATE = 4e-3
ARMS = ("words are asked", "words as one vector")
SEEDS = 5
STEPS, BATCH, WARMUP = 3072, 64, 64
STORED_SEED = 100
SCORED = (256, 512, 1024, 2048, 3072)
GUIDANCE = 3.0  # the scale at which parts and cuts are measured
SCALES = (0.0, 1.0, 2.0, 3.0, 5.0, 8.0)
COUNT = 150  # pictures for each measure
MEASURES = worded.Obeyed._fields

Row = dict[str, float | str | int | dict]


def network(arm: str) -> WordTransformer:
    """A fresh network, whose patches ask the words or whose words are one vector."""
    if arm not in ARMS:
        raise ValueError(f"arm: wanted one of {', '.join(ARMS)}; got {arm!r}")
    return WordTransformer(asks=arm == ARMS[0])


def load() -> WordTransformer:
    """The stored network whose patches ask words, in evaluation mode."""
    return stored.restore(network(ARMS[0]), FILE)


def train(
    arm: str, seed: int, *, steps: int = STEPS, split: str = "train", scored: Iterable[int] = SCORED
) -> tuple[WordTransformer, dict[int, dict[str, float]]]:
    """Train a network on pictures without end; what it obeys after some steps, too."""
    generator = torch.Generator().manual_seed(seed)
    with seeded(seed):
        model = network(arm)
    told = sentences.draw(COUNT, generator=torch.Generator().manual_seed(20_000 + seed))
    judge = judges.load()
    with seeded(seed):
        averaged, scores, _ = curves.train(
            model,
            lambda step: worded.batch(BATCH, split=split, generator=generator),
            lambda model, drawn: word_loss(model, drawn.images, drawn.words),
            lambda model: parts(judge, model, told, seed=seed),
            steps=steps,
            rate=RATE,
            warmup=WARMUP,
            scored=tuple(scored),
        )
    return averaged, scores


def made(
    model: WordTransformer, words: Tensor, *, seed: int, scale: float = GUIDANCE, change: Change | None = None
) -> Tensor:
    """Pictures of sentences, from noise that the seed fixes."""
    return picture(
        model, words, scale=scale, change=change, generator=torch.Generator().manual_seed(30_000 + seed)
    )


def parts(
    judge: judges.Judge, model: WordTransformer, words: Tensor, *, seed: int, **how
) -> dict[str, float]:
    """How many percent of made pictures obey, by part of the sentence."""
    return percent(worded.obeyed(worded.read(judge, made(model, words, seed=seed, **how)), words))


def percent(right: worded.Obeyed) -> dict[str, float]:
    """How many percent are right, by part."""
    return {name: 100 * each.mean().item() for name, each in zip(MEASURES, right, strict=True)}


def forbid(word: int) -> Change:
    """A change of weights: nobody may look at one of the five words; what is left sums to 1 again."""

    def change(weights: Tensor) -> Tensor:
        allowed = torch.ones(weights.shape[-1], dtype=weights.dtype, device=weights.device)
        allowed[word] = 0
        left = weights * allowed
        return left / left.sum(-1, keepdim=True).clamp_min(1e-12)

    return change


def uniform(weights: Tensor) -> Tensor:
    """A change of weights: each patch takes alike from all words."""
    return torch.full_like(weights, 1 / weights.shape[-1])


def anothers(weights: Tensor) -> Tensor:
    """A change of weights: the maps of the sentence before, on this sentence's words."""
    return weights.roll(1, dims=0)


CUTS: dict[str, Change] = {
    **{f"without the {name}": forbid(k) for k, name in enumerate(sentences.PARTS)},
    "another sentence's maps": anothers,
    "uniform weights": uniform,
}


def measured(arm: str, model: WordTransformer, seed: int) -> Row:
    """Everything that is measured of a trained network, in percent."""
    judge = judges.load()
    told, new = (
        sentences.draw(COUNT, new=new, generator=torch.Generator().manual_seed(20_000 + seed))
        for new in (False, True)
    )
    row: Row = {
        "arm": arm,
        "seed": seed,
        "new": parts(judge, model, new, seed=seed),
        "guidance": {},
        "cuts": {},
    }
    for scale in SCALES if arm == ARMS[0] else (1.0, GUIDANCE):
        images = made(model, told, seed=seed, scale=scale)
        right = worded.obeyed(worded.read(judge, images), told)
        row["guidance"][str(scale)] = percent(right) | {"distance": distance(judge, images, told, seed=seed)}
    row["told"] = {name: row["guidance"][str(GUIDANCE)][name] for name in MEASURES}
    if arm == ARMS[0]:
        row["cuts"] = {
            name: parts(judge, model, told, seed=seed, change=change) for name, change in CUTS.items()
        }
    return row


def distance(judge: judges.Judge, images: Tensor, words: Tensor, *, seed: int) -> float:
    """The Fréchet distance of made cells to real ones of the same sentences, on the judge's features."""
    real = worded.batch(
        len(images), split="test", words=words, generator=torch.Generator().manual_seed(40_000 + seed)
    )
    return frechet(*(judges.seen(judge, each) for each in (real.images, images)))


def rows(arm: str = ARMS[0]) -> list[Row]:
    """The stored rows of an arm, by seed."""
    if not ROWS.exists():
        return []
    found = [row for row in json.loads(ROWS.read_text(encoding="utf-8")) if row["arm"] == arm]
    return sorted(found, key=lambda row: row["seed"])


def share(which: str, part: str, arm: str = ARMS[0]) -> Interval:
    """How many percent obey, over seeds, with Student's t interval of 95 %.

    Args:
        which: "told" for pairs of things that training shows, "new" for others.
        part: one of `MEASURES`.
        arm: one of `ARMS`; it needs a row.
    """
    values = [row[which][part] for row in rows(arm)]
    return over_seeds(values)


def curve(name: str) -> list[float]:
    """One of `MEASURES`, or "distance", for each of `SCALES`: the mean over seeds; nan without a row."""
    found = [[row["guidance"][str(scale)][name] for row in rows()] for scale in SCALES]
    return [float(np.mean(values)) if values else float("nan") for values in found]


def learning(part: str = "all", arm: str = ARMS[0]) -> np.ndarray:
    """How many percent obey after each of `SCORED` steps, (seeds, steps)."""
    found = [[row["curve"][str(step)][part] for step in SCORED] for row in rows(arm)]
    return np.array(found).reshape(-1, len(SCORED))


def drop(cut: str, part: str) -> Interval:
    """What a cut takes from a part of the sentence, in points, seed by seed."""
    whole, after = ([row["told"][part] for row in rows()], [row["cuts"][cut][part] for row in rows()])
    return paired(whole, after)


def store() -> None:
    """Train the network that the chapter shows, and write it beside this file."""
    model, curve = train(ARMS[0], STORED_SEED, scored=(STEPS,))
    stored.save(model, FILE)
    print(f"stored after {STEPS} steps:", curve[STEPS], flush=True)


def main() -> None:
    """Train and measure what is lacking; store the rows, and the chapter's network."""
    torch.set_num_threads(1)
    if not FILE.exists():
        store()
    done = [row for arm in ARMS for row in rows(arm)]
    for arm in ARMS:
        for seed in range(SEEDS):
            if any((row["arm"], row["seed"]) == (arm, seed) for row in done):
                continue
            model, curve = train(arm, seed)
            row = measured(arm, model, seed) | {"curve": {str(step): each for step, each in curve.items()}}
            done.append(rounded(row))
            ROWS.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
            print(arm, seed, done[-1]["told"], done[-1]["new"], flush=True)


def rounded(value, digits: int = 2):
    """A row whose numbers have so many digits after the point."""
    if isinstance(value, dict):
        return {name: rounded(each, digits) for name, each in value.items()}
    return round(value, digits) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
