"""Must patches ask the words, or is it enough that the words are handed to them?

The page's rival without asking gets its sentence as 32 numbers, added to the time. Here controls get it in
each layer where the asking patches ask, with about as many parameters as these (one, wider, with two thirds
more). Nobody compares a patch with a word, and what comes does not depend on what is drawn in a patch so far.
The layer that thinks comes after and may still combine the two, as after asking.

Asked by an outsider, after the record of `steering.py` had been seen; pictures, steps, batches, noise and
seeds are that record's, and so is the rate, which won against its double in a search on another seed.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.words_attacked
"""

import time
from pathlib import Path

import torch
from torch import Tensor, nn

from visual_attention.chapters.generation import judge as judges
from visual_attention.chapters.generation import sentences, steering, worded
from visual_attention.chapters.generation.word_transformer import (
    WORDS,
    Change,
    WordTransformer,
    word_loss,
)
from visual_attention.experiments import curves, lines
from visual_attention.experiments.verdict import Interval, over_seeds, paired
from visual_attention.training import parameters, seeded

RECORD = Path(__file__).parent / "records" / "words.jsonl"
RATES, RATE_STEPS, RATE_SEED = (4e-3, 8e-3), 1024, 200  # of the search, on a seed that nothing else has
SEEDS = {  # trained to the end, in this order
    "handed to each place": range(3),
    "handed alike": range(1),
    "handed to each place, wider": range(1),
    "weights by place": range(1),
}
SCORED = (512, 1024, 2048, 3072)

Row = dict[str, float | str | int | dict]


class _Handed(nn.Module):
    """All five words, side by side, go through a small network; what it says is added to every patch.

    With positions, the small network gets the place of the patch beside the words, and may tell each place
    something else; without, all patches get the same vector. The patches themselves are not looked at.
    """

    def __init__(self, dim: int, *, middle: int, positions: Tensor | None = None):
        super().__init__()
        self.word, self.out = nn.Linear(WORDS * dim, middle), nn.Linear(middle, dim)
        self.place = None if positions is None else nn.Linear(dim, middle, bias=False)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, x: Tensor, words: Tensor, change: Change | None = None) -> Tensor:
        """(B, N, D) and (B, T, D) -> (B, N, D); there are no weights that a change could reach."""
        heard = self.word(words.flatten(1))[:, None]  # (B, 1, middle)
        if self.place is not None:
            heard = heard + self.place(self.positions)
        return self.out(nn.functional.gelu(heard)).expand_as(x)


class _ByPlace(nn.Module):
    """Heads whose weights on the five words are learned for each place: no word or patch can change them.

    What a word gives is its own affair, from what it says and which of the five it is.
    """

    def __init__(self, dim: int, *, heads: int, places: int, middle: int):
        super().__init__()
        self.scores = nn.Parameter(torch.randn(heads, places, WORDS))
        self.value = nn.Sequential(nn.Linear(dim, middle), nn.GELU(), nn.Linear(middle, dim))
        self.proj = nn.Linear(dim, dim)

    def weights(self, x: Tensor, words: Tensor) -> Tensor:
        """The same for every picture and sentence, (B, h, N, T); sums to 1 over T, the last axis."""
        return self.scores.softmax(dim=-1).expand(len(words), -1, -1, -1)

    def forward(self, x: Tensor, words: Tensor, change: Change | None = None) -> Tensor:
        """(B, N, D) and (B, T, D) -> (B, N, D); `change` as in `AskWords`."""
        values = self.value(words).unflatten(2, (len(self.scores), -1)).transpose(1, 2)  # (B, h, T, D/h)
        weights = self.weights(x, words)
        return self.proj(((change(weights) if change else weights) @ values).transpose(1, 2).flatten(2))


WIDER = "handed to each place, wider"  # with more parameters than the patches that ask
CONTROLS = {
    "handed alike": lambda positions: _Handed(64, middle=43),
    "handed to each place": lambda positions: _Handed(64, middle=37, positions=positions),
    "weights by place": lambda positions: _ByPlace(64, heads=4, places=len(positions), middle=94),
    WIDER: lambda positions: _Handed(64, middle=128, positions=positions),
}


def network(control: str) -> WordTransformer:
    """A fresh network of the page, but what asks the words in each layer is a control."""
    if control not in CONTROLS:
        raise ValueError(f"control: wanted one of {', '.join(CONTROLS)}; got {control!r}")
    model = WordTransformer()
    for layer in model.layers:
        layer.ask = CONTROLS[control](model.positions)
    return model


def train(
    control: str, rate: float, seed: int, *, steps: int = steering.STEPS
) -> tuple[WordTransformer, dict[int, dict[str, float]]]:
    """Train a control as :func:`steering.train` does its networks; what it obeys after some steps, too."""
    generator = torch.Generator().manual_seed(seed)
    told = sentences.draw(steering.COUNT, generator=torch.Generator().manual_seed(20_000 + seed))
    judge = judges.load()
    with seeded(seed):
        model = network(control)
    with seeded(seed):
        averaged, scores, _ = curves.train(
            model,
            lambda step: worded.batch(steering.BATCH, split="train", generator=generator),
            lambda model, drawn: word_loss(model, drawn.images, drawn.words),
            lambda model: steering.parts(judge, model, told, seed=seed),
            steps=steps,
            rate=rate,
            warmup=steering.WARMUP,
            scored=SCORED,
        )
    return averaged, scores


def rows() -> list[Row]:
    """The record: a row for each training, of the search ("rates") and of the seeds ("seeds")."""
    return lines.read(RECORD)


def found(control: str) -> list[Row]:
    """The trainings of a control to the end, by seed."""
    kept = [row for row in rows() if (row["part"], row["arm"]) == ("seeds", control)]
    return sorted(kept, key=lambda row: row["seed"])


def rate(control: str) -> float:
    """The rate of the search with more obedient pictures after 1,024 steps; nan if one was not tried.

    The wider control was not searched, and takes the rate of the one that it widens.
    """
    control = control.removesuffix(", wider")
    tried = {
        row["rate"]: row["curve"][str(RATE_STEPS)]["all"]
        for row in rows()
        if (row["part"], row["arm"]) == ("rates", control)
    }
    return max(tried, key=tried.get) if set(tried) == set(RATES) else float("nan")


def share(control: str, which: str, part: str) -> Interval:
    """How many percent obey, over seeds; arguments as in :func:`steering.share`."""
    values = [row[which][part] for row in found(control)]
    return over_seeds(values)


def ahead(control: str, *, other: str = steering.ARMS[0], part: str = "all", which: str = "told") -> Interval:
    """How many points a control lies ahead of an arm of `steering.py`, seed by seed."""
    theirs = {row["seed"]: row[which][part] for row in steering.rows(other)}
    own = {row["seed"]: row[which][part] for row in found(control)}
    return paired(list(own.values()), [theirs[seed] for seed in own])


def learning(control: str, part: str = "all") -> list[list[float]]:
    """How many percent obey after each of `SCORED` steps, seed by seed."""
    return [[row["curve"][str(step)][part] for step in SCORED] for row in found(control)]


def made(part: str, control: str, rate: float, seed: int) -> Row:
    """A row: a training of the search, or one to the end with all that is measured of it."""
    start = time.perf_counter()
    steps = RATE_STEPS if part == "rates" else steering.STEPS
    model, curve = train(control, rate, seed, steps=steps)
    row = {"part": part, "arm": control, "rate": rate, "seed": seed, "parameters": parameters(model)}
    row |= steering.measured(control, model, seed) if part == "seeds" else {}
    row |= {"curve": {str(step): each for step, each in curve.items()}}
    return row | {"seconds": time.perf_counter() - start}


def lacking() -> list[tuple[str, str, float, int]]:
    """What the record lacks, rates first; a control's seeds want its rate."""
    wanted = [
        ("rates", control, each, RATE_SEED) for each in RATES for control in CONTROLS if control != WIDER
    ]
    wanted += [("seeds", control, rate(control), seed) for control in SEEDS for seed in SEEDS[control]]
    done = {(row["part"], row["arm"], row["rate"], row["seed"]) for row in rows()}
    return [each for each in wanted if each not in done]


def main() -> None:
    """Make what the record lacks, and print it."""
    torch.set_num_threads(1)
    while todo := lacking():
        row = steering.rounded(made(*todo[0]), digits=4)
        lines.append(RECORD, [row])
        curve = {step: each["all"] for step, each in row["curve"].items()}
        print(*todo[0], curve, row.get("told"), row.get("new"), round(row["seconds"]), flush=True)


if __name__ == "__main__":
    main()
