"""Pages that nbgrader does not write: the table of a class for teachers, and why a student was not graded.

They run nothing, load nothing, and show names and answers as text.
"""

import html
from pathlib import Path

from visual_attention.classroom.names import shown
from visual_attention.classroom.roll import write
from visual_attention.classroom.summary import Row, number

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STYLE = """
:root { color-scheme: light dark; }
a { color: inherit; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; padding-bottom: 0.5rem; }
th, td { border: 1px solid #767676; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
ul { margin: 0; padding-left: 1.2rem; }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def write_summary(path: Path, name: str, found: list[Row], passed_over: dict[str, str]) -> None:
    """The table of a class: who, points by exercise, what failed."""
    graded = [row for row in found if row.graded]
    heads = [f"{text(m.name)} ({m.points:g})" for m in (graded[0].marks if graded else [])]
    columns = ["student", *heads, f"all ({graded[0].points:g})" if graded else "all", "what failed", "mended"]
    body = [f"<p>{len(graded)} of {len(found)} graded.</p>"]
    body += ['<div class="wide" tabindex="0" role="region" aria-label="Marks">', "<table>"]
    body += ["<caption>Points by exercise; in brackets the most that there are.</caption>", "<thead><tr>"]
    body += [f'<th scope="col">{column}</th>' for column in columns] + ["</tr></thead>", "<tbody>"]
    body += [line(row, name, len(heads)) for row in found] + ["</tbody>", "</table>", "</div>"]
    if passed_over:
        body += [
            "<h2>Files that were passed over</h2>",
            listed(f"{f}: {why}" for f, why in passed_over.items()),
        ]
    save(path, f"Marks of {name}", body)


def line(row: Row, name: str, count: int) -> str:
    """One student's row of the table."""
    page = f"feedback/{row.student}/{name}/{name}.html"
    who = f'<a href="{text(page)}">{text(row.student)}</a>'
    if row.name != row.student:
        who += f" ({text(row.name)})"
    numbers = [number(mark.score) for mark in row.marks] + [number(row.score)]
    if not row.graded:
        numbers = ["<abbr title='not graded'>-</abbr>"] * (count + 1)
    words = listed(row.failed) if row.graded else f"Not graded: {text(row.reason)}"
    cells = [
        *(f'<td class="number">{n}</td>' for n in numbers),
        f"<td>{words}</td><td>{listed(row.notes)}</td>",
    ]
    return f'<tr><th scope="row">{who}</th>{"".join(cells)}</tr>'


def write_refusal(path: Path, name: str, row: Row, reason: str) -> None:
    """The page of feedback for a student whose file could not be graded."""
    body = [
        f"<p>This submission of {text(row.name)} was <strong>not graded</strong>, and has no mark.</p>",
        f"<p>The reason: {text(reason)}{'' if reason.endswith('?') else '.'}</p>",
        "<p>Please hand in the notebook again: in Jupyter, save it and take the file that ends in "
        "<code>.ipynb</code>; in Colab, choose File, Download, Download .ipynb.</p>",
    ]
    save(path, f"Feedback on {name}", body)


def save(path: Path, title: str, body: list[str]) -> None:
    page = PAGE.format(policy=POLICY, title=text(title), style=STYLE, body="\n".join(body))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    write(path, page.encode())


def listed(lines) -> str:
    items = "".join(f"<li>{text(item)}</li>" for item in lines)
    return f"<ul>{items}</ul>" if items else ""


def text(words: str) -> str:
    return html.escape(shown(words, longest=600))
