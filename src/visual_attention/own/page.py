"""What does a page need that opens from a folder, without a network and without a kernel?

One file: its pictures are inside it, its text is escaped, it follows light and dark, and it can be read with
a keyboard and a screen reader.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import torch
from matplotlib import colormaps
from torch import Tensor

from visual_attention.view.arrays import grey
from visual_attention.view.figures import MAP
from visual_attention.view.portable import picture_url

SIDE = 256  # pixels of a picture's side in a report
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --page: #ffffff; --line: #6b7280; --accent: #9a3412; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --page: #14181c; --line: #9aa3ad; --accent: #fdba74; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.55 Georgia, serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
p, li { max-width: 46rem; }
code { font-size: .95em; }
.wide { overflow-x: auto; } .wide:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
table { border-collapse: collapse; }
caption { text-align: left; padding: .3rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: right; overflow-wrap: normal; }
th[scope=row], thead th:first-child { text-align: left; }
td svg { display: block; width: 10rem; height: 1rem; }
.span { stroke: var(--ink); stroke-width: 1.5; } .end { stroke: var(--line); } .dot { fill: var(--accent); }
.pictures { display: grid; gap: 1.2rem; padding: 0; }
.pictures { grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); }
.pictures li { list-style: none; } .pictures img { width: 100%; height: auto; display: block; }
figure { margin: 0; } figcaption { font-size: .9rem; }
"""


def page(title: str, body: str) -> str:
    """A whole HTML page. The title is text; the body is markup whose text was escaped."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>\n'
        f"<body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], drawn: Sequence[str] = ()) -> str:
    """A table whose first column names its rows; all text is escaped here.

    Args:
        caption: what the table says.
        head: the columns' names.
        rows: the cells.
        drawn: markup that stands in a last column, one for each row.
    """
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = ""
    for index, (first, *rest) in enumerate(rows):
        body += f'<tr><th scope="row">{escape(first)}</th>'
        body += "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        body += f"<td>{drawn[index]}</td></tr>" if drawn else "</tr>"
    return (
        f'<div class="wide" role="group" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def span(value: float, low: float, high: float) -> str:
    """A share and its interval on a line from 0 to 1; the numbers stand beside it."""
    x, left, right = (round(2 + 116 * number, 1) for number in (value, low, high))
    return (
        '<svg viewBox="0 0 120 12" aria-hidden="true"><path class="end" d="M2 2v8M118 2v8"/>'
        f'<path class="span" d="M{left} 6H{right}"/><circle class="dot" cx="{x}" cy="6" r="4"/></svg>'
    )


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{100 * share:.0f} %"


def signed(points: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * points:+.0f}".replace("-", "−").replace("−0", "0").replace("+0", "0")


def items(lines: Sequence[str]) -> str:
    """A list of texts, escaped."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def pictured(image: Tensor, shares: Tensor, told: str) -> str:
    """A picture and, beside it, the same in grey under a map of shares (rows, columns): an item of a list."""
    row, column = divmod(int(shares.argmax()), shares.shape[1])
    where = f"{percent(float(shares.max()))} of the weight in row {row + 1} of {shares.shape[0]}"
    both = np.concatenate([image.numpy(), over(image, shares)], axis=2)
    alt = f"{told}. Picture and map of attention; its largest share: {where}, column {column + 1}."
    url = picture_url(both, side=2 * SIDE)
    shown = f'<img src="{url}" alt="{escape(alt)}"><figcaption>{escape(told)}</figcaption>'
    return f"<li><figure>{shown}</figure></li>"


def over(image: Tensor, shares: Tensor) -> np.ndarray:
    """A picture in grey with a map over it in viridis, (3, H, W): bright where weight went."""
    height, width = image.shape[1:]
    large = torch.nn.functional.interpolate(shares[None, None], (height, width), mode="nearest")[0, 0]
    colours = colormaps[MAP]((large / large.max()).numpy())[..., :3]  # (H, W, 3)
    beneath = np.asarray(grey(image))[..., None]
    return (0.35 * beneath + 0.65 * colours).transpose(2, 0, 1)


def write(text: str, file: Path) -> Path:
    """Write a page, whole or not at all."""
    draft = file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
    return file
