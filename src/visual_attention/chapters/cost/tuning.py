"""Which learning rate does each way of attention get? The best of one grid, on pictures that no test shows.

All ways are tuned alike: four rates a factor of three apart, one seed that the record does not use, pictures
of the training digits that are drawn anew. The higher score after the last step wins; of equal ones, the
lower rate. The grid grows where the best lies at its edge.

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.tuning
"""

from pathlib import Path

import torch

from visual_attention.chapters.cost.network import WAYS, TwinFinder, curve
from visual_attention.data import twins
from visual_attention.experiments import lines
from visual_attention.training import seeded

GRID = (1e-3, 3e-3, 1e-2, 3e-2)
SEED, STEPS, BATCH, PICTURES = 900, 240, 32, 300
RECORD = Path(__file__).parent / "records" / "tuning.jsonl"


def tried() -> list[dict]:
    """All rows of the record: way, rate, accuracy in percent."""
    return lines.read(RECORD)


def rates(rows: list[dict]) -> dict[str, float]:
    """The chosen rate of each way in the rows."""
    names = dict.fromkeys(row["way"] for row in rows)
    mine = {name: [row for row in rows if row["way"] == name] for name in names}
    return {name: max(mine[name], key=lambda row: (row["accuracy"], -row["rate"]))["rate"] for name in names}


def missing(rows: list[dict]) -> list[tuple[str, float]]:
    """What is still to be tried: the grid, and the next rate beyond its edge where the best lies there."""
    done = {(row["way"], row["rate"]) for row in rows}
    wanted = [(name, rate) for rate in GRID for name in WAYS if (name, rate) not in done]
    if wanted:
        return wanted
    edges = {name: sorted(rate for way, rate in done if way == name) for name in WAYS}
    beyond = []
    for name, best in rates(rows).items():
        if best == edges[name][-1]:
            beyond.append((name, float(f"{best * 10 / 3:.0e}")))
        elif best == edges[name][0]:
            beyond.append((name, float(f"{best * 0.3:.0e}")))
    return beyond


def main() -> None:
    torch.set_num_threads(1)
    drawn = twins.batch(PICTURES, split="train", generator=torch.Generator().manual_seed(SEED))
    while wanted := missing(tried()):
        for name, rate in wanted:
            with seeded(SEED):
                model = TwinFinder(WAYS[name]())
            points = curve(model, SEED, drawn, steps=STEPS, batch=BATCH, lr=rate)
            row = {"way": name, "rate": rate, "accuracy": round(points[-1].accuracy, 3)}
            lines.append(RECORD, [row])
            print(row)
    print(rates(tried()))


if __name__ == "__main__":
    main()
