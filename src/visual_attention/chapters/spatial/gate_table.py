"""What does each gate pool, what does it cost, and what can it not see?

Parameters and multiply-adds are counted, and blindness is tried out on a feature map whose places or channels
are shuffled.

Chapter: notebooks/mechanisms/spatial.ipynb
Run: python -m visual_attention.chapters.spatial.gate_table
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from visual_attention.mechanisms.cbam import CBAM, BottleneckAttention
from visual_attention.mechanisms.channel import ChannelAttention, EfficientChannelAttention, SqueezeExcitation
from visual_attention.mechanisms.spatial import CoordinateAttention, SpatialAttention
from visual_attention.training import parameters, seeded

UNCHANGED = 1e-5  # largest change of a weight that counts as none


@dataclass(frozen=True)
class Gate:
    """A mechanism, how to build it for C channels, and what its pooling keeps and loses, in words."""

    name: str
    build: Callable[[int], nn.Module]
    pools: str
    cannot_see: str


GATES = (
    Gate("squeeze and excitation", SqueezeExcitation, "places: average", "where anything is"),
    Gate("efficient channel attention", EfficientChannelAttention, "places: average", "where; far channels"),
    Gate("CBAM's channel half", ChannelAttention, "places: average, maximum", "where anything is"),
    Gate(
        "CBAM's spatial half",
        lambda c: SpatialAttention(),
        "channels: average, maximum",
        "which channel fired",
    ),
    Gate("CBAM", CBAM, "places, then channels", "far places, when it weighs places"),
    Gate(
        "bottleneck attention", BottleneckAttention, "places in one half, nothing in the other", "far places"
    ),
    Gate("coordinate attention", CoordinateAttention, "rows; columns", "which row goes with which column"),
)


@dataclass(frozen=True)
class Row:
    """One line: counted and tried out for C channels of H x W places."""

    gate: Gate
    parameters: int
    multiply_adds: int
    weights: tuple[int, ...]
    blind_to_places: bool
    blind_to_channels: bool


class GateTable(tuple):
    """Rows that show themselves as text, and in a notebook as a table."""

    HEADER = (
        "mechanism",
        "pools",
        "weights an image",
        "parameters",
        "multiply-adds",
        "same when shuffled",
        "cannot see",
    )

    def cells(self) -> list[tuple[str, ...]]:
        """The rows as text."""
        return [
            (
                row.gate.name,
                row.gate.pools,
                " x ".join(map(str, row.weights)),
                f"{row.parameters:,}",
                f"{row.multiply_adds:,}",
                "places" if row.blind_to_places else "channels" if row.blind_to_channels else "neither",
                row.gate.cannot_see,
            )
            for row in self
        ]

    def __repr__(self) -> str:
        lines = [self.HEADER, *self.cells()]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.HEADER))]
        return "\n".join(
            "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.HEADER)
        body = "".join(
            f'<tr><th scope="row">{escape(first)}</th>'
            + "".join(f"<td>{escape(c)}</td>" for c in rest)
            + "</tr>"
            for first, *rest in self.cells()
        )
        return (
            '<div role="group" tabindex="0" aria-label="What each gate pools, costs and cannot see" '
            f'style="overflow-x:auto"><table class="table"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )


def table(channels: int = 64, height: int = 56, width: int = 56) -> GateTable:
    """Count and try out every gate on a feature map (1, C, H, W).

    Multiply-adds are those of linear layers and convolutions. Pooling and the gate's own multiplication come
    on top: each touches every number of the map once or twice.
    """
    with seeded(0):
        x = torch.randn(1, channels, height, width)
        places, order = torch.randperm(height * width), torch.randperm(channels)
        shuffled = x.flatten(2)[:, :, places].view_as(x)
        return GateTable(_row(gate, x, shuffled, x[:, order]) for gate in GATES)


@torch.no_grad()
def _row(gate: Gate, x: torch.Tensor, shuffled: torch.Tensor, permuted: torch.Tensor) -> Row:
    module = gate.build(x.shape[1]).eval()
    with FlopCounterMode(display=False) as counter:
        weights = module.weights(x)

    def unchanged(other: torch.Tensor) -> bool:
        return bool((module.weights(other) - weights).abs().max() < UNCHANGED)

    return Row(
        gate,
        parameters(module),
        counter.get_total_flops() // 2,
        tuple(weights.shape[1:]),
        unchanged(shuffled),
        unchanged(permuted),
    )


def main() -> None:
    """Print the table."""
    print(table())


if __name__ == "__main__":
    main()
