"""How do time and memory grow with the number of tokens? A record of one machine, and a short run.

Times are processor seconds of one thread: the median of many calls, with quartiles. Run it on a machine that
does nothing else; where something else ran, say so with --provisional, and the record and the page say it.

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.measure [--provisional]
"""

import argparse
import json
import platform
from collections.abc import Sequence
from pathlib import Path

import torch
from tqdm.auto import tqdm

from visual_attention.chapters.cost.compressed import Dropped, Linear, Merged
from visual_attention.chapters.cost.counting import bill
from visual_attention.chapters.cost.exact import Blocks, Explicit, Fused
from visual_attention.chapters.cost.local import CrissCross, Rows, Windows
from visual_attention.chapters.cost.roofline import Exponent, ceilings, exponent, timed

WIDTH = 64
SIDES = (8, 16, 24, 32, 40, 48, 56, 64)  # of grids of 64 to 4096 tokens
FITTED = 500  # exponents are fitted to sizes of at least so many tokens
SECONDS = 3.0
RECORD = Path(__file__).parent / "records" / "machine.json"

Row = dict  # way, tokens, seconds, low, high (quartiles), operations, moved, held


def ways(side: int) -> dict[str, Explicit]:
    """Each way for a grid of that side."""
    count = side**2
    return {
        "explicit": Explicit(),
        "fused": Fused(),
        "blocks": Blocks(64),
        "windows of 8 x 8": Windows(side, window=8),
        "rows": Rows(side),
        "criss-cross": CrissCross(side),
        "linear": Linear(),
        "merged to 1/2": Merged(count // 2),
        "dropped to 1/4": Dropped(count // 4),
    }


@torch.no_grad()
def run(
    sides: Sequence[int] = SIDES, *, seconds: float = SECONDS, names: Sequence[str] | None = None
) -> list[Row]:
    """Count and time each way on random tokens of one picture and one head of 64 numbers.

    Args:
        sides: Sides of the grids, multiples of 8.
        seconds: How long each call is repeated.
        names: Which ways; all if left out.
    """
    rows = []
    for side in tqdm(sides, desc="sizes", leave=False):
        generator = torch.Generator().manual_seed(side)
        inputs = torch.randn(3, 1, side**2, WIDTH, generator=generator).unbind()
        for name, way in ways(side).items():
            if names is None or name in names:
                middle, low, high = timed(lambda way=way, inputs=inputs: way(*inputs), seconds)
                counted = bill(way, *inputs)._asdict()
                row = {"way": name, "tokens": side**2, "seconds": middle, "low": low, "high": high}
                rows.append(row | counted)
    return rows


def exponents(rows: Sequence[Row], quantity: str = "seconds", least: int = FITTED) -> dict[str, Exponent]:
    """How each way's seconds (or operations, or bytes) grow with the number of tokens, from `least` on."""
    fits = {}
    for name in dict.fromkeys(row["way"] for row in rows):
        mine = [row for row in rows if row["way"] == name and row["tokens"] >= least]
        fits[name] = exponent([row["tokens"] for row in mine], [row[quantity] for row in mine])
    return fits


def load() -> dict:
    """The committed record: machine, provisional or not, ceilings, rows."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def machine() -> dict[str, str]:
    """What the times were taken on."""
    cpu = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        lines = listed.read_text().splitlines()
        cpu = next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), cpu)
    return {"processor": cpu, "torch": torch.__version__, "threads": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--provisional", action="store_true", help="the machine was busy with other things")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="repeat each call for so long")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    roof = ceilings(chosen.seconds)
    kept = {"provisional": chosen.provisional, "machine": machine(), "width": WIDTH}
    kept |= {"ceilings": roof._asdict(), "rows": run(seconds=chosen.seconds)}
    RECORD.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for name, fit in exponents(kept["rows"]).items():
        print(f"{name:18} time ~ N ** {fit.value:.2f} ({fit.low:.2f} to {fit.high:.2f})")


if __name__ == "__main__":
    main()
