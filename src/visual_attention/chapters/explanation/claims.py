"""Which methods pass which tests? The run that makes the chapter's record.

One line for each network, method and seed, with all its numbers; one more for each network and seed with what
is known of the network itself: how often it is right, what is left of that when the digit, the mark or all
the rest is covered, what other weights do, and what a map that knows the digit's place would score. Networks
come in twins, an even seed and the odd one after it. The rule is in `verdicts.py`.

The course's claims compare ways to build a network. Here one network is looked at in several ways, so this
table is the chapter's own and no claim of that kind.

Run: python -m visual_attention.chapters.explanation.claims
"""

import time
from pathlib import Path

import torch

from visual_attention.chapters.explanation import marked, networks, signs
from visual_attention.chapters.explanation.measures import (
    ITSELF,
    decoyed,
    means,
    of_heads,
    of_network,
    of_seed,
    pointing,
    trained,
)
from visual_attention.chapters.explanation.verdicts import (
    MARKED,
    MARKS_STEPS,
    PAIRS,
    rule_hash,
)
from visual_attention.experiments import lines
from visual_attention.training import seeded

CLAIMS = ()
RECORD = Path(__file__).parent / "records" / "explanation.jsonl"
WITH_STEM, WITHOUT_STEM = "marks only, with its stem", "marks only, without a stem"
MARKS_ONLY = {WITH_STEM: True, WITHOUT_STEM: False}  # has it a stem?


def load(file: Path = RECORD) -> list[dict]:
    """The lines that were made under the present rule; a line that an interruption cut off is forgotten."""
    return [row for row in lines.read(file) if row["rule"] == rule_hash()]


def measure(network: str, pair: tuple[int, int], *, steps: int | None = None) -> list[dict]:
    """Train a network and its twin and hold all methods to all tests: a line for each, of both seeds."""
    begun = time.process_time()
    twins = tuple(trained(network, seed, steps=steps) for seed in pair)
    both = decoyed(twins, pair[0], MARKED)
    rows = []
    for seed, model, seen in zip(pair, twins, (both, marked.for_twin(both)), strict=True):
        found = of_seed(network, seed, model, seen)
        found[ITSELF]["seconds"] = round(time.process_time() - begun, 1)
        common = {"seed": seed, "network": network, "rule": rule_hash(), "torch": torch.__version__}
        rows += [common | {"method": name, "values": values} for name, values in found.items()]
    return rows


def measure_marks(control: str, pair: tuple[int, int], *, steps: int = MARKS_STEPS) -> list[dict]:
    """The pointing game on marks for transformers that have seen marked pictures only, and no plain ones.

    Not part of the rule. The stem's convolutions let a token see its neighbours; without them a map can point
    beside the mark only because blocks have moved what the mark said. A transformer without a stem learns
    digits slowly, so it sees marked pictures only; the other control keeps the stem and sees the same
    pictures, so that one thing differs at a time.
    """
    twins = []
    for seed in pair:
        with seeded(seed):
            model = networks.SmallTransformer(stem=MARKS_ONLY[control])
        networks.train(model, seed, steps=steps, lr=networks.RATES["transformer"], share=1.0)
        twins.append(model)
    both = decoyed(tuple(twins), pair[0], MARKED)
    rows = []
    for seed, model, seen in zip(pair, twins, (both, marked.for_twin(both)), strict=True):
        found = {
            name: means(pointing(method(model, seen.images, seen.labels), seen))
            for name, method in signs.every(model).items()
        }
        about = of_network(model, seed) | of_heads(model, seen) | {"marked": len(seen.labels)}
        found[ITSELF] = means({name: torch.as_tensor(value) for name, value in about.items()})
        common = {"seed": seed, "network": control, "rule": rule_hash(), "torch": torch.__version__}
        rows += [common | {"method": name, "values": values} for name, values in found.items()]
    return rows


def main() -> None:
    """Make the runs that the record lacks, pair by pair; last those that have seen marks only."""
    torch.set_num_threads(1)
    done = {(row["network"], row["seed"]) for row in load()}
    runs = [(measure, network, pair) for pair in PAIRS for network in networks.BUILD]
    runs += [(measure_marks, control, pair) for pair in PAIRS for control in MARKS_ONLY]
    for run, network, pair in runs:
        if (network, pair[0]) not in done:
            lines.append(RECORD, run(network, pair))
            print(f"{network}, seeds {pair[0]} and {pair[1]}", flush=True)


if __name__ == "__main__":
    main()
