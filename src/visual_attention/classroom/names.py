"""Names of students, files and assignments: made safe, shown safely, and suggested where one was misspelt."""

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

LONGEST = 60  # letters of a student's name in file names


def identity(name: str) -> str:
    """A student's name for folders and tables, from the name of a file or folder.

    Letters of any alphabet, digits and `._@-` stay; whatever else stands between them becomes one `_`, and so
    does a beginning that a shell, a spreadsheet or a file manager would take for something else.
    """
    plain = unicodedata.normalize("NFC", name)
    plain = "".join(c if c.isalnum() or c in "._@-" else " " for c in plain)
    plain = "_".join(plain.split())
    if not plain[:1].isalnum():
        plain = "_" + plain.lstrip("._@-")
    if len(plain) > LONGEST:
        plain = f"{plain[: LONGEST - 9]}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:8]}"
    return plain


def shown(text: str, *, longest: int = 300) -> str:
    """Text from outside for a terminal or a log: on one line, without anything that a terminal obeys."""
    line = " ".join(str(text).split())
    safe = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)
    return safe if len(safe) <= longest else safe[: longest - 3] + "..."


def without_copies(stem: str) -> str:
    """What a file was called before it was copied: `soft (1)`, `Copy of soft`, `soft - Copy`."""
    stem = re.sub(r"\.ipynb$", "", stem, flags=re.IGNORECASE)
    stem = re.sub(r"^(copy|kopie|copie) (of|von|de) ", "", stem.strip(), flags=re.IGNORECASE)
    return re.sub(
        r"(\s*\(\d+\)|\s+-\s+(copy|kopie|copie)|[-_ ]+copy\d*)+$", "", stem, flags=re.IGNORECASE
    ).strip()


def copy_number(stem: str) -> int:
    """The number in `soft (3)`; 0 where there is none."""
    found = re.search(r"\((\d{1,6})\)$", stem.strip())
    return int(found[1]) if found else 0


def suggestion(wrong: str, right: Iterable[str]) -> str:
    """` Did you mean ...?`, with the name or path that is most like the wrong one; empty when none is."""
    stems = {Path(name).stem.lower(): name for name in reversed(list(right))}
    near = difflib.get_close_matches(Path(wrong).stem.lower(), stems, 1, cutoff=0.6)
    return f" Did you mean {shown(stems[near[0]])}?" if near else ""
