"""Which numbers of the network does each method read? The chapter's drawing.

Chapter: notebooks/deeper/explanation.ipynb
"""

from visual_attention.view.drawing import ACCENT, INK, Drawing, arrow, box, text

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
WORDS = (
    "Six boxes in a row: picture, stem, the weights of block 1, tokens, the weights of block 2, the score of "
    "the answer. Below, a line for each method. Raw attention reads the weights of block 2 only, and rollout "
    "those of both blocks: neither line reaches the score. Attention times gradient has an arrow back from "
    "the score to the weights of block 1, Grad-CAM one to the tokens, gradient one to the picture. "
    "Integrated gradients runs forward and back many times between the two, occlusion only forward, from a "
    "changed picture to the score."
)


def what_each_reads() -> Drawing:
    """The path from picture to score, and below it what each method takes from it."""
    shapes = [_stage(index, *stage) for index, stage in enumerate(STAGES)]
    shapes += [_line(index, name, *reads) for index, (name, reads) in enumerate(READS.items())]
    return Drawing(
        shapes,
        width=LEFT + STEP * len(STAGES),
        height=TOP + ROW * len(READS) + 8,
        title="What each method reads",
        words=WORDS,
    )


def _middle(stage: int) -> float:
    return LEFT + STEP * stage + WIDE / 2


def _stage(index: int, name: str, size: str, attention: bool) -> str:
    """A box with its name and its size, and a line down through all methods."""
    x, middle = LEFT + STEP * index, _middle(index)
    before = arrow(f"M{x - STEP + WIDE} 40H{x - 2}") if index else ""
    down = f'<path d="M{middle:g} 66V{TOP + ROW * len(READS)}" stroke="{INK}" opacity="0.2"/>'
    return box(x, 14, WIDE, 52, name, size, attention=attention) + down + before


def _line(index: int, name: str, stages: tuple, back: tuple | None, forward: bool) -> str:
    """What one method reads: a dot for each stage, an arrow back for a gradient, one forward for a run."""
    y = TOP + ROW * index
    drawn = text(LEFT - 14, y + 5, name, anchor="end")
    if back:
        begin, end = map(_middle, back)
        drawn += arrow(f"M{begin:g} {y + (5 if forward else 0)}H{end + 9:g}", dash="6 4")
    if forward:
        drawn += arrow(f"M{_middle(0):g} {y - (5 if back else 0)}H{_middle(5) - 9:g}")
    for stage in stages:
        colour = ACCENT if STAGES[stage][2] else INK
        drawn += f'<circle cx="{_middle(stage):g}" cy="{y}" r="7" fill="{colour}"/>'
    return drawn
