"""Which rooms does a notebook read?

Its own, for rooms do not import one another (import-linter). But `own` stands above the rooms and imports
some: a notebook reads also those that the modules of `own` import which it imports, to the end.
"""

import re
from pathlib import Path

OWN = re.compile(r"visual_attention\.own(?:\.\w+| import (?:\([^)]*\)|[^\n]*))")
ROOM = re.compile(r"visual_attention\.chapters(?:\.| import )(\w+)")


def rooms_of(notebook: Path, package: Path) -> set[str]:
    """The stems of the rooms."""
    modules = {path.stem: path.read_text(encoding="utf-8") for path in (package / "own").glob("*.py")}
    waiting, found = [notebook.read_text(encoding="utf-8")] if notebook.is_file() else [], {notebook.stem}
    while waiting:
        text = waiting.pop()
        named = {word for said in OWN.findall(text) for word in re.findall(r"\w+", said)}
        read = [modules.pop(name) for name in named & {*modules}]
        found |= {room for one in read for room in ROOM.findall(one)}
        waiting += read
    return found
