"""What a check tells the student: the parts of a report, as a number, as text and as HTML."""

import html
import re
from dataclasses import dataclass, field


@dataclass
class Part:
    """One line of feedback: passed, failed, or (None) a note that costs nothing."""

    text: str
    passed: bool | None
    points: float = 0


@dataclass
class Report:
    """The feedback on one exercise: `repr` is the score, `str` the text; a notebook shows the HTML."""

    name: str
    points: float
    parts: list[Part] = field(default_factory=list)
    attempted: bool = True
    fault: str = ""  # the check itself went wrong; tests require that it is empty

    @property
    def score(self) -> float:
        earned = sum(part.points for part in self.parts if part.passed)
        return 0 if not self.attempted else max(0, min(earned, self.points))

    @property
    def messages(self) -> list[str]:
        """What the student has yet to mend or should know, without what passed."""
        return [part.text for part in self.parts if not part.passed]

    def __repr__(self) -> str:
        return f"{self.score:g}"

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.score:g} of {self.points:g} points"]
        return "\n".join(lines + [f"  {_word(p)}: {p.text}{_points(p)}" for p in self.parts])

    def _repr_html_(self) -> str:
        head = f"{self.name}: {self.score:g} of {self.points:g} points"
        done = self.score >= self.points
        edge = "var(--pst-color-success, #28a745)" if done else "var(--pst-color-warning, #d9822b)"
        rows = "".join(
            '<li style="margin:0.35em 0"><span aria-hidden="true" style="display:inline-block;width:1.4em">'
            f"{_sign(p)}</span><strong>{_word(p)}.</strong> {_rich(p.text)}{html.escape(_points(p))}</li>"
            for p in self.parts
        )
        return (
            f'<div role="group" aria-label="{html.escape("Feedback on " + head, quote=True)}" '
            f'style="border:1px solid currentColor;border-left:0.4em solid {edge};border-radius:0.3em;'
            'padding:0.5em 0.9em;margin:0.4em 0;overflow-wrap:anywhere;text-align:left">'
            f'<p style="margin:0.2em 0"><strong><code>{html.escape(self.name)}</code></strong> '
            f"{self.score:g} of {self.points:g} points</p>"
            f'<ul style="list-style:none;padding:0;margin:0">{rows}</ul></div>'
        )


def _word(part: Part) -> str:
    return {True: "Passed", False: "Not yet", None: "Note"}[part.passed]


def _sign(part: Part) -> str:
    return {True: "✓", False: "✗", None: "i"}[part.passed]


def _points(part: Part) -> str:
    if not part.points:
        return ""
    return f" (+{part.points:g})" if part.passed else f" (0 of {part.points:g})"


def _rich(text: str) -> str:
    """Escape, then turn `code` into markup."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
