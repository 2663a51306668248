"""The settings that a course's nbgrader_config.py takes from here."""

import os

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbgrader import preprocessors
from traitlets.config import Config

from visual_attention.classroom import sandbox

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
        "visual_attention.classroom.regrade.Regrade",  # by name: it needs torch, most commands do not
        preprocessors.IgnorePattern,
        ClearMetadataPreprocessor,
        preprocessors.SaveAutoGrades,
        preprocessors.AssignLatePenalties,
        preprocessors.CheckCellMetadata,
    ]
    c.ExportApp.plugin_class = "visual_attention.classroom.export.Table"
    c.GenerateFeedback.preprocessors = [
        preprocessors.GetGrades,
        SanitizeHTML,
        CSSHTMLHeaderPreprocessor,
    ]
    c.SanitizeHTML.enabled = True
    c.SanitizeHTML.tags = TAGS
    c.SanitizeHTML.attributes = {"*": ["style", "role", "aria-label", "aria-hidden"], "a": ["href", "title"]}
    c.SanitizeHTML.styles = STYLES
    reason = sandbox.available()
    unsafe = os.environ.get(sandbox.UNSAFE) == "1"
    c.Regrade.command = sandbox.confined() if not reason else sandbox.plain()
    c.Regrade.refusal = "" if unsafe else reason
