"""The roll of an assignment: who handed in what, and for whoever cannot be graded the reason.

It is a file, `collected/<assignment>/roll.json`, beside the files as they were handed in.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Entry:
    """One student."""

    name: str  # as it was written on the file or folder
    file: str  # the file as it was handed in
    key: str = ""  # of what was made of it (restoring.py); empty where nothing could be
    reason: str = ""  # why it cannot be graded
    notes: list[str] = field(default_factory=list)  # what had to be mended
    fault: str = ""  # why the grader failed with it


class Roll:
    """All who handed something in for one assignment.

    Args:
        folder: `collected/<assignment>` in the course folder.
    """

    def __init__(self, folder: Path):
        self.folder, self.path = folder, folder / "roll.json"
        self.students: dict[str, Entry] = {}
        self.passed_over: dict[str, str] = {}  # file -> reason, of the last collection
        self.handed_out = ""  # a digest of the notebook that the submissions were made for
        if self.path.exists():
            stored = json.loads(self.path.read_text())
            self.students = {student: Entry(**entry) for student, entry in stored["students"].items()}
            self.passed_over, self.handed_out = stored["passed over"], stored["handed out"]

    def save(self) -> None:
        """Write it as a whole or not at all."""
        entries = {student: asdict(entry) for student, entry in sorted(self.students.items())}
        lists = {"students": entries, "passed over": self.passed_over}
        write(self.path, {"handed out": self.handed_out, **lists})


def write(path: Path, content: Any) -> None:
    """Write JSON, or a notebook, or bytes to a file that is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    data = (
        content if isinstance(content, bytes) else json.dumps(content, indent=1, ensure_ascii=False).encode()
    )
    with open(part, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def metadata(path: Path) -> dict[str, Any]:
    """Our part of a notebook's metadata; empty where there is no such file, or it is not whole."""
    try:
        return json.loads(path.read_text())["metadata"].get("classroom", {})
    except (OSError, ValueError, KeyError, AttributeError):
        return {}
