"""Which numbers of the network does each method read? The chapter's drawing.

Chapter: notebooks/deeper/explanation.ipynb
"""

from html import escape

STAGES = (
    ("picture", "1 × 24 × 24", False),
    ("stem", "36 × 48", False),
    ("weights 1", "3 × 37 × 37", True),
    ("tokens", "37 × 48", False),
    ("weights 2", "3 × 37 × 37", True),
    ("score", "1 of 10", False),
)
# method: the stages it reads, from where to where its gradient runs, whether it runs the network again
READS = {
    "raw attention": ((4,), None, False),
    "rollout": ((2, 4), None, False),
    "attention × gradient": ((2, 4), (5, 2), False),
    "Grad-CAM": ((3,), (5, 3), False),
    "gradient": ((0,), (5, 0), False),
    "integrated gradients": ((0,), (5, 0), True),
    "occlusion": ((0,), None, True),
}
LEFT, STEP, TOP, ROW, WIDE = 190, 116, 116, 34, 92
ACCENT = "var(--accent, #b5380c)"
ALT = (
    "Six boxes in a row: picture, stem, the weights of block 1, tokens, the weights of block 2, the score of "
    "the answer. Below, a line for each method. Raw attention reads the weights of block 2 only, and rollout "
    "those of both blocks: neither line reaches the score. Attention times gradient has an arrow back from "
    "the score to the weights of block 1, Grad-CAM one to the tokens, gradient one to the picture. "
    "Integrated gradients runs forward and back many times between the two, occlusion only forward, from a "
    "changed picture to the score."
)


class Drawing:
    """An inline SVG with its description: it takes the page's ink, light or dark."""

    def __init__(self, svg: str, *, title: str, alt: str) -> None:
        self.svg, self.title, self.alt = svg, title, alt

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        """On a narrow page it keeps its size and is scrolled, by keyboard too."""
        return (
            f'<div role="group" tabindex="0" aria-label="{escape(self.title)}" style="overflow-x: auto">'
            f'<div role="img" aria-label="{escape(self.alt)}">{self.svg}</div></div>'
        )


def what_each_reads() -> Drawing:
    """The path from picture to score, and below it what each method takes from it."""
    bottom = TOP + ROW * len(READS)
    shapes = [_stage(index, *stage) for index, stage in enumerate(STAGES)]
    shapes += [_line(index, name, *reads) for index, (name, reads) in enumerate(READS.items())]
    head = (
        f'<svg viewBox="0 0 {LEFT + STEP * len(STAGES)} {bottom + 8}" aria-hidden="true" '
        'style="width:100%;min-width:38rem;max-width:56rem;font:15px system-ui,sans-serif" '
        'fill="currentColor">'
        '<defs><marker id="ex-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    return Drawing(head + "".join(shapes) + "</svg>", title="What each method reads", alt=ALT)


def _middle(stage: int) -> float:
    return LEFT + STEP * stage + WIDE / 2


def _stage(index: int, name: str, size: str, attention: bool) -> str:
    """A box with its name and its size; the attention in the accent's colour."""
    stroke = ACCENT if attention else "currentColor"
    x, middle = LEFT + STEP * index, _middle(index)
    arrow = "" if index == 0 else _arrow(x - STEP + WIDE, x, 40, "currentColor")
    return (
        f'<rect x="{x}" y="14" width="{WIDE}" height="52" rx="6" fill="none" stroke="{stroke}" '
        f'stroke-width="{3 if attention else 1.5}"/>'
        f'<text x="{middle}" y="36" text-anchor="middle">{name}</text>'
        f'<text x="{middle}" y="56" text-anchor="middle" font-size="13">{size}</text>'
        f'<path d="M{middle} 66V{TOP + ROW * len(READS)}" stroke="currentColor" opacity="0.2"/>{arrow}'
    )


def _line(index: int, name: str, stages: tuple, back: tuple | None, forward: bool) -> str:
    """What one method reads: a dot for each stage, an arrow back for a gradient, one forward for a run."""
    y = TOP + ROW * index
    drawn = f'<text x="{LEFT - 14}" y="{y + 5}" text-anchor="end">{name}</text>'
    if back:
        drawn += _arrow(
            _middle(back[0]), _middle(back[1]), y + (5 if forward else 0), "currentColor", dash="6 4"
        )
    if forward:
        drawn += _arrow(_middle(0), _middle(5), y - (5 if back else 0), "currentColor")
    for stage in stages:
        colour = ACCENT if STAGES[stage][2] else "currentColor"
        drawn += f'<circle cx="{_middle(stage)}" cy="{y}" r="7" fill="{colour}"/>'
    return drawn


def _arrow(start: float, end: float, y: float, colour: str, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    gap = 9 if end > start else -9
    return (
        f'<path d="M{start} {y}H{end - (gap if dash or abs(end - start) > STEP else 2)}" stroke="{colour}" '
        f'stroke-width="1.8"{dashed} marker-end="url(#ex-tip)"/>'
    )
