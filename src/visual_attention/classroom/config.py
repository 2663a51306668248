"""The settings that a course's nbgrader_config.py takes from here."""

import os
import sys

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbgrader import preprocessors
from traitlets.config import Config

from visual_attention.classroom import sandbox
from visual_attention.classroom.regrade import Regrade

UNSAFE = "VISUAL_ATTENTION_UNSAFE"  # environment: "1" grades without a sandbox

TAGS = ["a", "b", "blockquote", "code", "div", "em", "i", "li", "ol", "p", "span", "strong", "ul"]
STYLES = ["border", "border-left", "border-radius", "display", "list-style", "margin", "overflow-wrap"]
STYLES += ["padding", "text-align", "width"]


def configure(c: Config) -> None:
    """Grade apart, in a sandbox, and keep raw HTML out of the feedback."""
    # The public notebook is the source: its stubs stay, so ClearSolutions is left out.
    c.GenerateAssignment.preprocessors = [
        preprocessors.IncludeHeaderFooter,
        preprocessors.LockCells,
        preprocessors.ClearOutput,
        preprocessors.CheckCellMetadata,
        preprocessors.ComputeChecksums,
        preprocessors.SaveCells,
        preprocessors.CheckCellMetadata,
    ]
    c.OverwriteCells.add_missing_cells = True
    c.Autograde.autograde_preprocessors = [
        Regrade,
        preprocessors.IgnorePattern,
        ClearMetadataPreprocessor,
        preprocessors.SaveAutoGrades,
        preprocessors.AssignLatePenalties,
        preprocessors.CheckCellMetadata,
    ]
    c.GenerateFeedback.preprocessors = [
        preprocessors.GetGrades,
        SanitizeHTML,
        CSSHTMLHeaderPreprocessor,
    ]
    c.SanitizeHTML.tags = TAGS
    c.SanitizeHTML.attributes = {"*": ["style", "role", "aria-label", "aria-hidden"], "a": ["href", "title"]}
    c.SanitizeHTML.styles = STYLES
    c.Regrade.command = worker_command()


def worker_command() -> list[str]:
    """In the sandbox where there is one; without it only if the teacher says so."""
    reason = sandbox.available()
    if not reason:
        return sandbox.confined()
    if os.environ.get(UNSAFE) == "1":
        return sandbox.plain()
    # Most commands need no worker. The one that does gets a command that explains itself.
    return [sys.executable, "-c", f"raise SystemExit({reason!r})"]
