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


def of_method(
    method: maps.Method, plain: marked.MarkedDigits, corner: marked.MarkedDigits, *networks_: nn.Module
) -> dict[str, float]:
    """All numbers of one method: on the trained network, with another head, and with nothing but noise."""
    model, head, noise = networks_
    found = method(model, plain.images, plain.labels)
    on_mark = method(model, corner.images, corner.labels)
    few = plain.images[:CHANGED], plain.labels[:CHANGED]
    values = {
        "digit": trials.points(found, plain.masks),
        "digit, share": trials.share(found, plain.masks),
        "mark": trials.points(on_mark, corner.masks),
        "mark or beside": trials.points(on_mark, trials.beside(corner.masks)),
        "mark, share": trials.share(on_mark, corner.masks),
        "another head": trials.alike(found[:CHANGED], method(head, *few)),
        "noise": trials.alike(found[:CHANGED], method(noise, *few)),
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
    return values


def of_weights(model: networks.SmallTransformer, seed: int) -> dict[str, float]:
    """What other weights do to the answers, and whose weights guide a simple reader best."""
    parts = {}
    for split, count in zip(("train", "test"), GUIDE_PICTURES, strict=True):
        generator = torch.Generator().manual_seed(20_000 + seed)
        parts[split] = marked.batch(count, split=split, generator=generator)
    images, labels, _ = parts["test"]
    values = {f"right, last {b} even": 0.0 for b in (1, 2)}
    for blocks in (1, 2):
        scores = other_weights.even(model, images, blocks=blocks)
        values[f"right, last {blocks} even"] = (scores.argmax(1) == labels).double().mean().item()
    found = {split: other_weights.others(model, drawn.images) for split, drawn in parts.items()}
    values["divergence"] = found["test"][1].mean().item()
    values["moved"] = found["test"][2].mean().item()
    with torch.no_grad():
        own = {s: model.weights(drawn.images)[-1][:, :, 0] for s, drawn in parts.items()}
    for name, rows in (("own", own), ("others", {s: row for s, (row, *_) in found.items()}), ("even", None)):
        sides = []
        for split, drawn in parts.items():
            count = len(drawn.labels)
            weights = other_weights.uniform(count) if rows is None else other_weights.over_cells(rows[split])
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
    found = {
        name: of_method(method, plain, corner, model, head, noise)
        for name, method in (maps.RIVALS | maps.methods(model)).items()
    }
    about = of_network(model, seed) | {"pictures": len(plain.labels), "marked": len(corner.labels)}
    if network == "transformer":
        about |= of_weights(model, seed)
    about |= {"parameters": parameters(model), "seconds": time.process_time() - begun}
    found[ITSELF] = {name: round(float(value), 4) for name, value in about.items()}
    common = {"seed": seed, "network": network, "rule": rule_hash(), "torch": torch.__version__}
    return [common | {"method": name, "values": values} for name, values in found.items()]


def measure_alone(seed: int, *, steps: int = ALONE_STEPS) -> list[dict]:
    """The pointing game on marks for a transformer whose tokens begin as one cell each: where is the news?

    Not part of the rule: it cuts a cause. The stem's convolutions let a token see its neighbours; without
    them a map can point beside the mark only because blocks have moved what the mark said. Such a transformer
    learns digits slowly, so it sees marked pictures only.
    """
    with seeded(seed):
        model = networks.SmallTransformer(stem=False)
    networks.train(model, seed, steps=steps, lr=networks.RATES["transformer"], share=1.0)
    corner = chosen(model, seed, MARKED, share=1.0)
    rows = []
    for name, method in maps.methods(model).items():
        found = method(model, corner.images, corner.labels)
        ends = {"mark": corner.masks, "mark or beside": trials.beside(corner.masks)}
        values = {what: round(trials.points(found, m).mean().item(), 4) for what, m in ends.items()}
        rows.append({"seed": seed, "network": ALONE, "rule": rule_hash(), "method": name, "values": values})
    return rows


def main() -> None:
    """Make the runs that the record lacks, seed by seed; last the one that cuts a cause."""
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
