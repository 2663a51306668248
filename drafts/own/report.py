"""What does a page say that opens from a folder, without a network and without a kernel?

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

from visual_attention.own import heads
from visual_attention.own.classify import Classified
from visual_attention.own.folder import read
from visual_attention.view.arrays import grey
from visual_attention.view.figures import MAP
from visual_attention.view.portable import picture_url

SHOWN = 200  # pictures in a report, at most
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --page: #ffffff; --line: #6b7280; --soft: #f1f3f5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --page: #14181c; --line: #9aa3ad; --soft: #20262c; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.55 Georgia, serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.wide { overflow-x: auto; } .wide:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
table { border-collapse: collapse; }
caption { text-align: left; padding: .3rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: right; }
th[scope=row], thead th:first-child { text-align: left; }
.pictures { display: grid; gap: 1rem; padding: 0; }
.pictures { grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
.pictures li { list-style: none; } .pictures img { width: 100%; height: auto; display: block; }
figure { margin: 0; } figcaption { font-size: .9rem; overflow-wrap: anywhere; }
"""


def page(title: str, body: str) -> str:
    """A whole HTML page. The title is text; the body is markup whose text was escaped."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column names its rows; all text is escaped here."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = ""
    for first, *rest in rows:
        body += f'<tr><th scope="row">{escape(first)}</th>'
        body += "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
    return (
        f'<div class="wide" role="group" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{100 * share:.0f} %"


def signed(points: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * points:+.0f}".replace("-", "−")


def of_folder(result: Classified, name: str, size: int) -> str:
    """The report on a folder: accuracies, confusions, what to distrust, where attention looked.

    Args:
        result: what `classify` found.
        name: the folder's.
        size: side of the pictures in pixels.
    """
    parts = [summary(result), pools(result), confusions(result), distrust(result), refused(result)]
    parts.append(gallery(result, size))
    return page(f"Where attention looks: {name}", "\n".join(part for part in parts if part))


def summary(result: Classified) -> str:
    """The first paragraph."""
    first = result.scores[0]
    low, high = first.interval()
    return (
        f"<p>{len(result.found.paths)} pictures in {len(result.found.classes)} classes. While it was left out "
        f"of training, a picture was named rightly in {percent(first.accuracy)} of the cases (95 % interval "
        f"{percent(low)} to {percent(high)}); always answering the most frequent class would be right in "
        f"{percent(result.chance())}.</p>"
    )


def pools(result: Classified) -> str:
    """The pools beside each other, and what attention adds to each."""
    rows = []
    for score in result.scores:
        low, high = score.interval()
        gain = "–"
        if score.pool != heads.ATTENTION:
            mean, less, more = heads.difference(result.scores[0], score)
            gain = f"{signed(mean)} ({signed(less)} to {signed(more)})"
        rows.append([score.pool, percent(score.accuracy), f"{percent(low)} to {percent(high)}", gain])
    head = ["pool", "right", "95 % interval", "attention minus it, points (95 %)"]
    told = "The same frozen features, pooled in four ways; pictures left out, five folds."
    return f"<h2>Does attention help here?</h2>{table(told, head, rows)}<p>{verdict(result)}</p>"


def verdict(result: Classified) -> str:
    """What the differences allow to say."""
    better, worse, level = [], [], []
    for score in result.scores[1:]:
        _, low, high = heads.difference(result.scores[0], score)
        (better if low > 0 else worse if high < 0 else level).append(score.pool)
    said = [
        f"{text} {', '.join(names)}"
        for text, names in (("ahead of", better), ("behind", worse), ("not clearly different from", level))
        if names
    ]
    return f"On these pictures attention is {'; it is '.join(said)}. Few pictures give wide intervals."


def confusions(result: Classified) -> str:
    """What was taken for what."""
    names = result.found.classes
    rows = [[name, *map(str, line)] for name, line in zip(names, result.confusions().tolist(), strict=True)]
    told = "True class in each row, what attention answered in each column."
    return f"<h2>What is taken for what?</h2>{table(told, ['true class', *names], rows)}"


def distrust(result: Classified) -> str:
    """The confetti test: what remains when no thing is whole."""
    whole, pieces = result.scores[0].accuracy, result.confetti.accuracy
    low, high = result.confetti.interval()
    said = (
        "Nearly as good without any whole thing: textures, colours or the background may be all that is "
        "needed. Take pictures of the same things in other places before you trust it."
        if pieces >= whole - 0.1
        else "The whole thing is needed for a part of the answers."
        if pieces > result.chance() + 0.1
        else "Without whole things hardly anything is left: the shape matters."
    )
    return (
        "<h2>What to distrust</h2><p>Cut into sixteen pieces that change places, the pictures are named rightly "
        f"in {percent(pieces)} of the cases (95 % interval {percent(low)} to {percent(high)}), whole in "
        f"{percent(whole)}. {said}</p><p>A bright patch shows where weight went, not why the answer was "
        "given.</p>"
    )


def refused(result: Classified) -> str:
    """What was not used, with reasons."""
    if not result.found.refused:
        return ""
    items = "".join(f"<li>{escape(p.name)}: {escape(why)}</li>" for p, why in result.found.refused)
    return f"<h2>What was not used</h2><ul>{items}</ul>"


def gallery(result: Classified, size: int) -> str:
    """Each picture with attention's weights over it, the wrong ones first."""
    first = result.scores[0]
    names = result.found.classes
    order = sorted(
        range(len(result.found.paths)), key=lambda i: (bool(first.right[i]), result.found.labels[i], i)
    )
    items = ""
    for i in order[:SHOWN]:
        path, true, said = result.found.paths[i], names[result.found.labels[i]], names[first.guesses[i]]
        told = f"{true}, taken for {said}" if true != said else f"{true}, named rightly"
        items += pictured(read(path, size), first.weights[i], result.grid, f"{path.name}: {told}")
    more = len(order) - SHOWN
    note = f"<p>The first {SHOWN} of {len(order)} pictures.</p>" if more > 0 else ""
    said = "While each was left out; wrong ones first."
    return f"<h2>Where did attention look?</h2><p>{said}</p>{note}<ul class='pictures'>{items}</ul>"


def pictured(image: Tensor, weights: Tensor, grid: int, told: str) -> str:
    """A picture under its map, as an item of a list."""
    shares = weights.view(grid, grid)
    row, column = divmod(int(shares.argmax()), grid)
    where = f"{percent(float(shares.max()))} of the weight in row {row + 1}, column {column + 1} of {grid}"
    url = picture_url(over(image, shares), side=256)
    alt = escape(f"{told}. Largest share: {where}.")
    return f'<li><figure><img src="{url}" alt="{alt}"><figcaption>{escape(told)}</figcaption></figure></li>'


def over(image: Tensor, shares: Tensor) -> np.ndarray:
    """A picture in grey with a map over it in viridis, (3, H, W): bright where weight went."""
    height, width = image.shape[1:]
    large = torch.nn.functional.interpolate(shares[None, None], (height, width), mode="nearest")[0, 0]
    colours = colormaps[MAP]((large / large.max()).numpy())[..., :3]  # (H, W, 3)
    beneath = np.asarray(grey(image))[..., None]
    return (0.45 * beneath + 0.55 * colours).transpose(2, 0, 1)


def write(text: str, file: Path) -> Path:
    """Write a page, whole or not at all."""
    draft = file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
    return file
