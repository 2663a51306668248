"""Which methods pass which tests? The run that makes the chapter's record.

One line for each network, method and seed, with all its numbers; one more for each network and seed with what
is known of the network itself: how often it is right, what is left of that when the digit, the mark or all
the rest is covered, and what other weights do. The rule is in `verdicts.py`.

The course's claims compare ways to build a network. Here one network is looked at in several ways, so this
table is the chapter's own and no claim of that kind.

Run: python -m visual_attention.chapters.explanation.claims
"""

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from visual_attention.chapters.explanation import fillings, maps, marked, networks, other_weights, trials
from visual_attention.chapters.explanation.verdicts import CHANGED, MARKED, PLAIN, SEEDS, rule_hash
from visual_attention.training import parameters, seeded

CLAIMS = ()
RECORD = Path(__file__).parent / "records" / "explanation.jsonl"
ITSELF = "the network itself"
ALONE, ALONE_STEPS, ALONE_SEEDS = "transformer without a stem", 250, 5
GUIDE_PICTURES = (600, 400)  # for training and testing a guided reader


def load(file: Path = RECORD) -> list[dict]:
    """The lines that were made under the present rule; a line that an interruption cut off is forgotten."""
    if not file.exists():
        return []
    whole, _, _cut_off = file.read_text(encoding="utf-8").rpartition("\n")
    rows = [json.loads(line) for line in whole.splitlines()]
    return [row for row in rows if row["rule"] == rule_hash()]


def append(rows: list[dict], file: Path = RECORD) -> None:
    """Add the lines of one run in one write, after the last whole line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a+b") as stored:
        stored.seek(0)
        stored.truncate(stored.read().rfind(b"\n") + 1)
        stored.write("".join(json.dumps(row) + "\n" for row in rows).encode())
        stored.flush()
        os.fsync(stored.fileno())


def trained(network: str, seed: int, *, steps: int | None = None) -> nn.Module:
    """A network of that kind, trained on pictures of its seed."""
    with seeded(seed):
        model = networks.BUILD[network]()
    networks.train(model, seed, steps=steps or networks.STEPS[network], lr=networks.RATES[network])
    return model


def chosen(model: nn.Module, seed: int, count: int, *, share: float) -> marked.MarkedDigits:
    """Test pictures that the network answers rightly, up to `count`."""
    generator = torch.Generator().manual_seed(10_000 + seed)
    drawn = marked.batch(5 * count, split="test", share=share, generator=generator)
    kept = trials.right(model, drawn.images, drawn.labels, count)
    return marked.MarkedDigits(*(part[kept] for part in drawn))


class Decoyed(NamedTuple):
    """Marked pictures, each with a decoy: the mark that decides in `masks`, the decoy in `decoys`."""

    images: Tensor
    labels: Tensor
    masks: Tensor
    decoys: Tensor


def decoyed(model: nn.Module, seed: int, count: int) -> Decoyed:
    """Test pictures with a mark and a decoy that the network answers rightly, up to `count`."""
    generator = torch.Generator().manual_seed(40_000 + seed)
    drawn = marked.batch(5 * count, split="test", share=1.0, generator=generator)
    images, decoys = marked.with_decoys(drawn, generator)
    kept = trials.right(model, images, drawn.labels, count)
    return Decoyed(images[kept], drawn.labels[kept], drawn.masks[kept], decoys[kept])


def pointing(method: maps.Method, model: nn.Module, both: Decoyed) -> dict[str, Tensor]:
    """Where a mark decides and a decoy lies in another corner: where is the highest cell?"""
    found = method(model, both.images, both.labels)
    return {
        "mark": trials.points(found, both.masks),
        "mark or beside": trials.points(found, trials.beside(both.masks)),
        "decoy": trials.points(found, both.decoys),
        "mark, share": trials.share(found, both.masks),
    }


def of_method(
    method: maps.Method,
    plain: marked.MarkedDigits,
    corner: marked.MarkedDigits,
    both: Decoyed,
    *networks_: nn.Module,
) -> dict[str, float]:
    """All numbers of one method: on the trained network, with another head, and with nothing but noise."""
    model, head, noise = networks_
    found = method(model, plain.images, plain.labels)
    few = plain.images[:CHANGED], plain.labels[:CHANGED]
    noisy = method(noise, *few)
    values = pointing(method, model, both) | {
        "digit": trials.points(found, plain.masks),
        "digit, share": trials.share(found, plain.masks),
        "mark, no decoy": trials.points(method(model, corner.images, corner.labels), corner.masks),
        "another head": trials.alike(found[:CHANGED], method(head, *few)),
        "noise": trials.alike(found[:CHANGED], noisy),
        "noise, another picture": trials.alike(found[:CHANGED], noisy.roll(1, 0)),
    }
    for name, filling in fillings.FILLINGS.items():
        filled = filling(plain.images)
        for what, insert in (("deletion", False), ("insertion", True)):
            values[f"{what}, {name}"] = trials.curve(
                model, plain.images, plain.labels, found, filled, insert=insert
            )
    return {name: round(value.double().mean().item(), 4) for name, value in values.items()}


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of right answers."""
    return (model(images).argmax(1) == labels).double().mean().item()


def of_network(model: nn.Module, seed: int) -> dict[str, float]:
    """What is known of the network itself: what its answers need, by covering it."""
    generator = torch.Generator().manual_seed(10_000 + seed)
    values = {}
    for name, share in (("digit", 0.0), ("mark", 1.0)):
        images, labels, masks = marked.batch(400, split="test", share=share, generator=generator)
        filled = fillings.grey(images)
        values[f"right, {name}"] = accuracy(model, images, labels)
        values[f"right, {name} covered"] = accuracy(model, torch.where(masks, filled, images), labels)
        values[f"right, all but the {name} covered"] = accuracy(
            model, torch.where(masks, images, filled), labels
        )
        if name == "mark":
            images, decoys = marked.with_decoys(marked.MarkedDigits(images, labels, masks), generator)
            filled = fillings.grey(images)
            values["right, mark and decoy"] = accuracy(model, images, labels)
            values["right, of both the decoy covered"] = accuracy(
                model, torch.where(decoys, filled, images), labels
            )
            values["right, of both the mark covered"] = accuracy(
                model, torch.where(masks, filled, images), labels
            )
    return values


def of_heads(model: networks.SmallTransformer, both: Decoyed) -> dict[str, float]:
    """The pointing game for each head of each block by itself; the best of them, chosen by its own score."""
    with torch.no_grad():
        heads = [seen[:, head] for seen in model.weights(both.images) for head in range(seen.shape[1])]
    found = [maps.seen_by_class_token(head) for head in heads]
    ends = {"mark": both.masks, "mark or beside": trials.beside(both.masks)}
    return {
        f"{what}, best head": max(trials.points(each, masks).mean().item() for each in found)
        for what, masks in ends.items()
    }


def of_weights(model: networks.SmallTransformer, seed: int) -> dict[str, float]:
    """What other weights do to the answers, and whose weights guide a simple reader best."""
    parts = {}
    for split, count in zip(("train", "test"), GUIDE_PICTURES, strict=True):
        generator = torch.Generator().manual_seed(20_000 + seed)
        parts[split] = marked.batch(count, split=split, generator=generator)
    values = {}
    generator = torch.Generator().manual_seed(50_000 + seed)
    corner = marked.batch(GUIDE_PICTURES[1], split="test", share=1.0, generator=generator)
    for what, drawn in (("digit", parts["test"]), ("mark", corner)):
        for which, blocks in (("first", (0,)), ("last", (1,)), ("both", (0, 1))):
            scores = other_weights.even(model, drawn.images, blocks)
            values[f"right, {what}, {which} even"] = (scores.argmax(1) == drawn.labels).double().mean().item()
    rows = {"even": None}
    with torch.no_grad():
        rows["own"] = {s: model.weights(drawn.images)[-1][:, :, 0] for s, drawn in parts.items()}
    for name, afar in (("others", False), ("from afar", True)):
        found = {s: other_weights.others(model, drawn.images, afar=afar) for s, drawn in parts.items()}
        values[f"divergence, {name}"] = found["test"][1].mean().item()
        values[f"moved, {name}"] = found["test"][2].mean().item()
        rows[name] = {split: row for split, (row, *_) in found.items()}
    for name, of_split in rows.items():
        sides = []
        for split, drawn in parts.items():
            count = len(drawn.labels)
            weights = other_weights.uniform(count)
            if of_split is not None:
                weights = other_weights.over_cells(of_split[split])
            sides.append((drawn.images, weights, drawn.labels))
        values[f"guided, {name}"] = other_weights.guided_accuracy(*sides)
    return values


def measure(network: str, seed: int, *, steps: int | None = None) -> list[dict]:
    """Train one network and hold all methods to all tests: a line for each."""
    begun = time.process_time()
    model = trained(network, seed, steps=steps)
    build = networks.BUILD[network]
    head = trials.randomised(model, build, 1, seed=30_000 + seed)
    noise = trials.randomised(model, build, len(model.cascade()), seed=30_000 + seed)
    plain, corner = chosen(model, seed, PLAIN, share=0.0), chosen(model, seed, MARKED, share=1.0)
    both = decoyed(model, seed, MARKED)
    found = {
        name: of_method(method, plain, corner, both, model, head, noise)
        for name, method in (maps.RIVALS | maps.methods(model)).items()
    }
    about = of_network(model, seed) | {"pictures": len(plain.labels), "marked": len(both.labels)}
    if network == "transformer":
        about |= of_weights(model, seed) | of_heads(model, both)
    about |= {"parameters": parameters(model), "seconds": time.process_time() - begun}
    found[ITSELF] = {name: round(float(value), 4) for name, value in about.items()}
    common = {"seed": seed, "network": network, "rule": rule_hash(), "torch": torch.__version__}
    return [common | {"method": name, "values": values} for name, values in found.items()]


def measure_alone(seed: int, *, steps: int = ALONE_STEPS) -> list[dict]:
    """The pointing game on marks for a transformer whose tokens begin as one cell each: where is the news?

    Not part of the rule. The stem's convolutions let a token see its neighbours; without them a map can point
    beside the mark only because blocks have moved what the mark said. Such a transformer learns digits
    slowly, so it sees marked pictures only: it differs from the record's in two things, and what changes
    with it may come from either.
    """
    with seeded(seed):
        model = networks.SmallTransformer(stem=False)
    networks.train(model, seed, steps=steps, lr=networks.RATES["transformer"], share=1.0)
    both = decoyed(model, seed, MARKED)
    found = {
        name: {what: value.double().mean().item() for what, value in pointing(method, model, both).items()}
        for name, method in maps.methods(model).items()
    }
    found[ITSELF] = of_network(model, seed) | of_heads(model, both)
    common = {"seed": seed, "network": ALONE, "rule": rule_hash()}
    return [
        common | {"method": name, "values": {what: round(value, 4) for what, value in values.items()}}
        for name, values in found.items()
    ]


def main() -> None:
    """Make the runs that the record lacks, seed by seed; last those without a stem."""
    torch.set_num_threads(1)
    done = {(row["network"], row["seed"]) for row in load()}
    for seed in SEEDS:
        for network in networks.BUILD:
            if (network, seed) not in done:
                rows = measure(network, seed)
                append(rows)
                print(f"{network}, seed {seed}: {rows[-1]['values']['seconds']:.0f} CPU seconds", flush=True)
    for seed in SEEDS[:ALONE_SEEDS]:
        if (ALONE, seed) not in done:
            append(measure_alone(seed))
            print(f"{ALONE}, seed {seed}", flush=True)


if __name__ == "__main__":
    main()
