"""Read what a student handed in: the cells of a notebook of any format, or in words why there are none."""

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST = 32 * 2**20  # bytes of a notebook with its outputs
MANY = 1000  # cells
KINDS = {
    b"PK\x03\x04": "it is a zip archive, not a notebook",
    b"%PDF": "it is a PDF, not a notebook",
    b"\x1f\x8b": "it is a gzip archive, not a notebook",
    b"\x89PNG": "it is a picture, not a notebook",
    b"Rar!": "it is an archive, not a notebook",
    b"7z\xbc\xaf": "it is an archive, not a notebook",
    b"version https://git-lfs": "it only points to a file that was left elsewhere (Git LFS)",
}


class Unreadable(Exception):
    """A file that cannot be graded; the message says why, to a teacher and to a student."""


@dataclass
class Cell:
    """A cell as it was handed in, without outputs."""

    code: bool
    source: str
    grade_id: str = ""  # the mark that nbgrader knows it by


def data_of(path: Path) -> bytes:
    """The bytes of an ordinary file of reasonable size; links are not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        why = "it is a link, not a file" if path.is_symlink() else f"it cannot be opened ({error.strerror})"
        raise Unreadable(why) from error
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable("it is not an ordinary file")
        if about.st_size > LARGEST:
            raise Unreadable(
                f"it has {about.st_size / 2**20:.0f} MB, more than {LARGEST / 2**20:.0f}: "
                "clear the outputs and hand it in again"
            )
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST)
    finally:
        os.close(descriptor)


def cells_of(data: bytes) -> tuple[list[Cell], list[str]]:
    """The cells of a notebook, and what had to be mended to read it; Unreadable if it is none."""
    text, notes = decoded(data)
    tree = parsed(text)
    if not isinstance(tree, dict):
        raise Unreadable("it is JSON, but not a notebook")
    version = tree.get("nbformat")
    raw = tree.get("cells")
    if raw is None and isinstance(tree.get("worksheets"), list):
        raw = [
            c for sheet in tree["worksheets"] if isinstance(sheet, dict) for c in _list(sheet.get("cells"))
        ]
        notes.append("it has an old format (nbformat 3)")
    if not isinstance(raw, list):
        raise Unreadable("it is JSON, but not a notebook: it has no cells")
    if len(raw) > MANY:
        raise Unreadable(f"it has {len(raw)} cells, more than {MANY}")
    if version is not None and not (isinstance(version, int) and 2 <= version <= 4):
        notes.append("it says that it has a format which is not known here")
    return [as_cell(cell) for cell in raw if isinstance(cell, dict)], notes


def decoded(data: bytes) -> tuple[str, list[str]]:
    """The text of a file, and what was unusual in its bytes."""
    for beginning, why in KINDS.items():
        if data.startswith(beginning):
            raise Unreadable(why)
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Unreadable("it is empty")
    if data.startswith(b"\xef\xbb\xbf"):
        data, notes = data[3:], ["it begins with a byte-order mark"]
    elif (encoding := json.detect_encoding(data[:64])) != "utf-8":
        return data.decode(encoding, errors="replace"), [f"it is encoded as {encoding}"]
    else:
        notes = []
    try:
        return data.decode(), notes
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), [*notes, "it is not UTF-8; read as Windows-1252"]


def parsed(text: str) -> Any:
    """JSON, or Unreadable with what the text seems to be instead."""
    text = text.lstrip("\ufeff \t\r\n")
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]  # what follows the notebook is left alone
    except RecursionError as error:
        raise Unreadable("its parts are nested too deeply for a notebook") from error
    except json.JSONDecodeError as error:
        cut = error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip()) - 1
        raise Unreadable(what_it_is(text, error.lineno, cut=cut)) from error
    except ValueError as error:
        raise Unreadable("it holds a number that is too long to be read") from error


def what_it_is(text: str, line: int, *, cut: bool) -> str:
    """What a text that is no JSON seems to be; JSON's trouble began on that line, or at the end."""
    if re.match(r"<(!doctype|html|head|body|!--|\?xml)", text, re.IGNORECASE):
        return "it is a web page (HTML), not a notebook: was the page saved instead of the file?"
    if re.search(r"^(<{7}|={7}|>{7})( |$)", text, re.MULTILINE):
        return "it holds the marks of a merge conflict"
    if not text.startswith("{"):
        return "it is text of another kind, not a notebook"
    if cut:
        return "it breaks off in the middle: was the upload or download interrupted?"
    return f"it is damaged: from line {line} on it is no valid JSON"


def as_cell(cell: dict) -> Cell:
    """One cell, of format 4 or older; whatever is not as it should be is taken for empty."""
    lines = cell.get("source", cell.get("input", ""))
    if isinstance(lines, list):
        lines = [line for line in lines if isinstance(line, str)]
        cut = len(lines) > 1 and not any(line.endswith("\n") for line in lines[:-1])
        lines = ("\n" if cut else "").join(lines)
    source = clean(lines if isinstance(lines, str) else "")
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
    return Cell(cell.get("cell_type") == "code", source, grade_id if isinstance(grade_id, str) else "")


def clean(source: str) -> str:
    """Without half characters, and without what moves a terminal's cursor."""
    source = source.replace("\r\n", "\n").replace("\r", "\n").encode(errors="replace").decode()
    return re.sub(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]", "", source)


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []
