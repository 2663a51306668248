"""What did an outsider try on the record's own transformers, after the record had been seen?

The rule was written before the run, so nothing here is in a verdict. The networks are trained again from the
record's seeds, the first six of ten so far, and asked what the rule did not ask: with white as the filling of
deletion; with guides that know no network, for the reader of `other_weights.py`, and a reader that is trained
for longer; with other ways to take the choice away from a block than even weights; and with sizes that are
taken of a cell's sum.

A guide is an order of the cells and a list of numbers. `dealt` keeps the network's numbers and takes the
order from elsewhere, so that no guide wins by being sharper.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.afterwards
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from visual_attention.chapters.explanation import (
    claims,
    maps,
    marked,
    measures,
    networks,
    other_weights,
    rivals,
    signs,
    trials,
)
from visual_attention.chapters.explanation.verdicts import CHANGED, GUIDE_PICTURES, PAIRS, PLAIN, rule_hash
from visual_attention.experiments import lines

RECORD = claims.RECORD.with_name("explanation-afterwards.jsonl")
LONGER = 1000  # steps of a reader, at the rule's rate: on validation pictures three times as much was worse
AS_REGISTERED = ("block 1", "contrast", "digit", "own by contrast", "own by digit", "own by lot")
LONG = ("own", "even", "own by contrast")


def shares(found: Tensor) -> Tensor:
    """A map's positive cells as shares that sum to 1: (B, 1, h, w) -> (B, N)."""
    positive = found.flatten(1).clamp(min=0)
    return positive / positive.sum(1, keepdim=True).clamp(min=1e-12)


def dealt(numbers: Tensor, order: Tensor) -> Tensor:
    """The same numbers in another order: the largest goes to the cell where `order` is highest, and so on.

    Shape:
        (B, N), (B, N) -> (B, N).
    """
    to = order.sort(dim=1, descending=True, stable=True).indices
    return torch.empty_like(numbers).scatter_(1, to, numbers.sort(dim=1, descending=True).values)


@torch.no_grad()
def guides(model: networks.SmallTransformer, drawn: marked.MarkedDigits) -> dict[str, Tensor]:
    """What may tell a reader which cells to count, a row of shares for each picture: name -> (B, N)."""
    weights = model.weights(drawn.images)
    own, first = (other_weights.over_cells(each[:, :, 0]) for each in (weights[-1], weights[0]))
    contrast = shares(rivals.contrast(model, drawn.images, drawn.labels))
    digit = maps.cells(drawn.masks.float()).flatten(1)  # how many of a cell's pixels are the digit's square's
    lot = torch.rand(own.shape, generator=torch.Generator().manual_seed(len(own)))
    return {
        "own": own,
        "block 1": first,
        "even": other_weights.uniform(len(own)),
        "contrast": contrast,
        "digit": shares(digit[:, None, None]),
        "own by contrast": dealt(own, contrast),
        "own by digit": dealt(own, digit),
        "own by lot": dealt(own, lot),
    }


def of_guides(model: networks.SmallTransformer, seed: int) -> dict[str, float]:
    """How well a reader does by each guide, as the rule trains it and for longer; on its pictures."""
    sides = []
    for split, count in zip(("train", "test"), GUIDE_PICTURES, strict=True):
        drawn = marked.batch(count, split=split, generator=torch.Generator().manual_seed(20_000 + seed))
        sides.append((drawn, guides(model, drawn)))
    values = {}
    for names, steps, words in (
        (AS_REGISTERED, other_weights.GUIDED_STEPS, "guided"),
        (LONG, LONGER, "guided for longer"),
    ):
        for name in names:
            parts = [(drawn.images, found[name], drawn.labels) for drawn, found in sides]
            values[f"{words}, {name}"] = other_weights.guided_accuracy(*parts, steps=steps)
    return values


def of_white(model: nn.Module, seed: int) -> dict[str, float]:
    """What deletion by white leaves of the answers, in the order of each map of weights and of each rival."""
    plain = measures.chosen(model, seed, PLAIN, share=0.0)
    asked = rivals.RIVALS | maps.WITH_WEIGHTS | {"raw attention, block 1": signs.first_block}
    filled, values = torch.ones_like(plain.images), {}
    for name, method in asked.items():
        found = method(model, plain.images, plain.labels)
        left = trials.curve(model, plain.images, plain.labels, found, filled)
        values[f"deletion, white, {name}"] = left.double().mean().item()
    return values


def row_of_the_mean(weights: Tensor) -> Tensor:
    """The class token takes what it takes on average over the pictures; patches stay: (B, h, N, N)."""
    row = weights[:, :, :1].mean(0, keepdim=True).expand_as(weights[:, :, :1])
    return torch.cat([row, weights[:, :, 1:]], dim=2)


def row_of_another(weights: Tensor) -> Tensor:
    """The class token takes what it would take from the next picture; patches stay: (B, h, N, N)."""
    return torch.cat([weights[:, :, :1].roll(-1, dims=0), weights[:, :, 1:]], dim=2)


ROWS = {"of the mean": row_of_the_mean, "of another picture": row_of_another}


@torch.no_grad()
def of_rows(model: networks.SmallTransformer, seed: int) -> dict[str, float]:
    """The record's cuts with rows of the network's own kind in place of even ones; on its pictures."""
    generator, code = torch.Generator().manual_seed(50_000 + seed), marked.codebook(seed)
    values = {}
    for what, share in (("digit", 0.0), ("mark", 1.0)):
        drawn = marked.batch(400, split="test", share=share, code=code, generator=generator)
        for block, place in enumerate(("first", "last")):
            for name, change in ROWS.items():
                scores, _ = model.by_hand(drawn.images, other_weights.in_block(block, change))
                right = (scores.argmax(1) == drawn.labels).double().mean().item()
                values[f"right, {what}, {place} row {name}"] = right
    return values


SIZES_OF_SUMS = {
    "gradient": lambda *asked: signs.signed_gradient(*asked).abs(),
    "integrated gradients": lambda *asked: maps.integrated_gradients(*asked).abs(),
}


def of_sizes(model: networks.SmallTransformer, seed: int) -> dict[str, float]:
    """The tests by noise and by another head, for sizes of a cell's sum (the record's are sums of sizes)."""
    plain = measures.chosen(model, seed, PLAIN, share=0.0)
    few, build = (plain.images[:CHANGED], plain.labels[:CHANGED]), networks.BUILD["transformer"]
    values = {}
    for test, parts in (("noise", len(model.cascade())), ("another head", 1)):
        other = trials.randomised(model, build, parts, seed=30_000 + seed)
        for name, method in SIZES_OF_SUMS.items():
            like = trials.alike(method(model, *few), method(other, *few)).abs()
            values[f"{test}, {name}, size of the sum"] = like.mean().item()
    return values


def measure(model: networks.SmallTransformer, seed: int) -> dict:
    """All of it for one transformer: a line of the record."""
    values = {}
    for asked in (of_white, of_rows, of_sizes, of_guides):
        values |= asked(model, seed)
    rounded = {name: round(value, 4) for name, value in values.items()}
    return {"seed": seed, "rule": rule_hash(), "torch": torch.__version__, "values": rounded}


def load(file: Path = RECORD) -> dict[str, list[float]]:
    """Name -> a value for each seed, in the order of the seeds."""
    rows = sorted(claims.load(file), key=lambda row: row["seed"])
    return {name: [row["values"][name] for row in rows] for name in (rows[0]["values"] if rows else ())}


def main() -> None:
    """Train the record's transformers again, one by one, and add the lines that are lacking."""
    torch.set_num_threads(1)
    done = {row["seed"] for row in claims.load(RECORD)}
    for seed in (seed for pair in PAIRS for seed in pair if seed not in done):
        lines.append(RECORD, [measure(measures.trained("transformer", seed), seed)])
        print(f"seed {seed}", flush=True)


if __name__ == "__main__":
    main()
