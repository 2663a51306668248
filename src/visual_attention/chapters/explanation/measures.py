"""Which numbers does the record hold of a method, and which of the network itself?

A method is asked where it points, what is left when its cells go, and what it shows of a network turned to
noise; of a network it is measured what its answers need. `claims.py` makes the runs.

Chapter: notebooks/deeper/explanation.ipynb
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from visual_attention.chapters.explanation import (
    fillings,
    maps,
    marked,
    networks,
    other_weights,
    rivals,
    signs,
    trials,
)
from visual_attention.chapters.explanation.verdicts import CHANGED, GUIDE_PICTURES, MARKED, PLAIN
from visual_attention.training import seeded

ITSELF = "the network itself"


def trained(
    network: str, seed: int, *, steps: int | None = None, share: float = networks.MARKED
) -> nn.Module:
    """A network of that kind, trained on pictures of its seed, marked with the code of its seed."""
    with seeded(seed):
        model = networks.BUILD[network]()
    steps, rate = steps or networks.STEPS[network], networks.RATES[network]
    networks.train(model, seed, steps=steps, lr=rate, share=share)
    return model


def chosen(model: nn.Module, seed: int, count: int, *, share: float) -> marked.MarkedDigits:
    """Test pictures without decoys that the network answers rightly, up to `count`."""
    generator = torch.Generator().manual_seed(10_000 + seed)
    code = marked.codebook(seed)
    drawn = marked.batch(5 * count, split="test", share=share, code=code, generator=generator)
    kept = trials.right(model, drawn.images, drawn.labels, count)
    return marked.MarkedDigits(*(part[kept] for part in drawn))


def decoyed(twins: tuple[nn.Module, nn.Module], seed: int, count: int) -> marked.MarkedDigits:
    """Test pictures of a block of each twin that both answer rightly, as the first of them sees them.

    So both are asked about the same pictures, and a map that does not ask the network gives the same map to
    both: for one of them it misses the mark.
    """
    generator = torch.Generator().manual_seed(40_000 + seed)
    code = marked.codebook(seed)
    drawn = marked.batch(3 * count, split="test", share=1.0, decoys=1.0, code=code, generator=generator)
    with torch.no_grad():
        said = [model(drawn.images).argmax(1) for model in twins]
    kept = ((said[0] == drawn.labels) & (said[1] == drawn.idle)).nonzero()[:count, 0]
    return marked.MarkedDigits(*(part[kept] for part in drawn))


def pointing(found: Tensor, both: marked.MarkedDigits) -> dict[str, Tensor]:
    """Where a mark decides and a decoy lies in another corner: where is the highest cell?"""
    return {
        "mark": trials.points(found, both.masks),
        "mark or beside": trials.points(found, trials.beside(both.masks)),
        "decoy": trials.points(found, both.decoys),
        "mark, share": trials.share(found, both.masks),
    }


class Worlds(NamedTuple):
    """Pictures that a network answers rightly: plain ones, marked ones, and marked ones with a decoy."""

    plain: marked.MarkedDigits
    corner: marked.MarkedDigits
    both: marked.MarkedDigits


def curves(model: nn.Module, plain: marked.MarkedDigits, found: Tensor) -> dict[str, Tensor]:
    """What deletion and insertion in the order of a map leave of the answer, with each filling."""
    return {
        f"{what}, {name}": trials.curve(
            model, plain.images, plain.labels, found, filling(plain.images), insert=insert
        )
        for name, filling in fillings.FILLINGS.items()
        for what, insert in (("deletion", False), ("insertion", True))
    }


def of_method(
    method: maps.Method, worlds: Worlds, model: nn.Module, head: nn.Module, noise: nn.Module
) -> dict[str, float]:
    """All numbers of one method: on the trained network, with another head, and with nothing but noise."""
    plain, corner, both = worlds
    found = method(model, plain.images, plain.labels)
    few = plain.images[:CHANGED], plain.labels[:CHANGED]
    noisy = method(noise, *few)
    headless, turned = (trials.alike(found[:CHANGED], other) for other in (method(head, *few), noisy))
    values = pointing(method(model, both.images, both.labels), both) | {
        "digit": trials.points(found, plain.masks),
        "digit, share": trials.share(found, plain.masks),
        "mark, no decoy": trials.points(method(model, corner.images, corner.labels), corner.masks),
        "another head": headless.abs(),
        "another head, with sign": headless,
        "noise": turned.abs(),
        "noise, with sign": turned,
        "noise, another picture": trials.alike(found[:CHANGED], noisy.roll(1, 0)).abs(),
    }
    return means(values | curves(model, plain, found))


def means(values: dict[str, Tensor]) -> dict[str, float]:
    """The mean of each over pictures, in four digits."""
    return {name: round(value.double().mean().item(), 4) for name, value in values.items()}


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of right answers."""
    return (model(images).argmax(1) == labels).double().mean().item()


def of_network(model: nn.Module, seed: int) -> dict[str, float]:
    """What is known of the network itself: what its answers need, by covering it.

    The code is that of `seed`, and so are the pictures: 400 plain ones, 400 marked ones, and 400 with both a
    mark and a decoy.
    """
    generator, code = torch.Generator().manual_seed(10_000 + seed), marked.codebook(seed)
    values = {}
    for name, share in (("digit", 0.0), ("mark", 1.0)):
        images, labels, masks, *_ = marked.batch(
            400, split="test", share=share, code=code, generator=generator
        )
        filled = fillings.grey(images)
        values[f"right, {name}"] = accuracy(model, images, labels)
        values[f"right, {name} covered"] = accuracy(model, torch.where(masks, filled, images), labels)
        values[f"right, all but the {name} covered"] = accuracy(
            model, torch.where(masks, images, filled), labels
        )
    both = marked.batch(400, split="test", share=1.0, decoys=1.0, code=code, generator=generator)
    filled = fillings.grey(both.images)
    values["right, mark and decoy"] = accuracy(model, both.images, both.labels)
    for name, masks in (("decoy", both.decoys), ("mark", both.masks)):
        covered = torch.where(masks, filled, both.images)
        values[f"right, of both the {name} covered"] = accuracy(model, covered, both.labels)
    return values


def of_heads(model: networks.SmallTransformer, both: marked.MarkedDigits) -> dict[str, float]:
    """The pointing game for each head of each block by itself; the best of them, chosen by its own score."""
    with torch.no_grad():
        heads = [seen[:, head] for seen in model.weights(both.images) for head in range(seen.shape[1])]
    found = [maps.seen_by_class_token(head) for head in heads]
    ends = {"mark": both.masks, "mark or beside": trials.beside(both.masks)}
    return {
        f"{what}, best head": max(trials.points(each, masks).mean().item() for each in found)
        for what, masks in ends.items()
    }


def of_cuts(model: networks.SmallTransformer, seed: int) -> dict[str, float]:
    """What is left of the answers when a part of the choice is taken from one block or both."""
    generator, code = torch.Generator().manual_seed(50_000 + seed), marked.codebook(seed)
    values = {}
    for what, share in (("digit", 0.0), ("mark", 1.0)):
        drawn = marked.batch(400, split="test", share=share, code=code, generator=generator)
        for name, change in other_weights.CUTS.items():
            with torch.no_grad():
                scores, _ = model.by_hand(drawn.images, change)
            values[f"right, {what}, {name}"] = (scores.argmax(1) == drawn.labels).double().mean().item()
    return values


def of_weights(model: networks.SmallTransformer, seed: int) -> dict[str, float]:
    """Whose weights guide a simple reader best: the network's own, or others that give its answers?"""
    parts, values = {}, {}
    for split, count in zip(("train", "test"), GUIDE_PICTURES, strict=True):
        generator = torch.Generator().manual_seed(20_000 + seed)
        parts[split] = marked.batch(count, split=split, generator=generator)
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


def of_seed(
    network: str, seed: int, model: nn.Module, both: marked.MarkedDigits
) -> dict[str, dict[str, float]]:
    """All numbers of one trained network: method -> values, and what is known of the network itself."""
    build = networks.BUILD[network]
    head = trials.randomised(model, build, 1, seed=30_000 + seed)
    noise = trials.randomised(model, build, len(model.cascade()), seed=30_000 + seed)
    plain, corner = chosen(model, seed, PLAIN, share=0.0), chosen(model, seed, MARKED, share=1.0)
    worlds = Worlds(plain, corner, both)
    found = {
        name: of_method(method, worlds, model, head, noise)
        for name, method in (rivals.RIVALS | signs.every(model)).items()
    }
    about = of_network(model, seed) | {"pictures": len(plain.labels), "marked": len(both.labels)}
    if network == "transformer":
        about |= of_cuts(model, seed) | of_weights(model, seed) | of_heads(model, both)
    truth = curves(model, plain, maps.cells(plain.masks.float()))
    found[ITSELF] = means({name: torch.as_tensor(value) for name, value in (about | truth).items()})
    return found
