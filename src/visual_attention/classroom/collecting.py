"""Find the submissions in a folder: one file for each student, for every other file the reason why not."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from visual_attention.classroom.names import copy_number, identity, without_copies
from visual_attention.classroom.reading import Cell, Unreadable, cells_of, data_of

SYSTEM = ("__macosx", "thumbs.db", "desktop.ini", "~$")  # what Windows and macOS leave in folders
MANY = 500  # files of one student


@dataclass
class Found:
    """What one student handed in: cells, or the reason why there are none."""

    name: str
    path: Path
    data: bytes = b""
    cells: list[Cell] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reason: str = ""


@dataclass
class Gathered:
    """All that lies in a folder."""

    students: dict[str, Found] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)  # file -> reason


def gather(folder: Path, assignment: str) -> Gathered:
    """Look through a folder with `<student>.ipynb` or `<student>/<any>.ipynb`."""
    gathered = Gathered()
    theirs: dict[str, list[Path]] = {}  # student's name as it is written -> files
    for path in sorted(folder.iterdir()):
        name = path.name
        if is_hidden(name):
            gathered.passed_over[name] = "hidden, or of the operating system"
        elif path.is_symlink() and not is_notebook(path):
            gathered.passed_over[name] = "a link, not a file or folder"
        elif path.is_dir():
            if reason := not_a_student(path, assignment):
                gathered.passed_over[name + "/"] = reason
            else:
                files = files_below(path, folder, gathered.passed_over)
                theirs.setdefault(without_copies(name), []).extend(files or [path])
        elif not is_notebook(path):
            gathered.passed_over[name] = f"no notebook ({path.suffix or 'no ending'})"
        elif without_copies(stem_of(name)).lower() == assignment.lower():
            gathered.passed_over[name] = f"whose is it? Name it <student>.ipynb, or <student>/{name}"
        else:
            theirs.setdefault(without_copies(stem_of(name)), []).append(path)
    for name in sorted(theirs, key=lambda name: (identity(name) != name, name)):
        student = identity(name)
        if other := gathered.students.get(student):
            for path in theirs[name]:
                where = str(path.relative_to(folder))
                gathered.passed_over[where] = f"its student's name is too much like {other.name}: rename one"
            continue
        gathered.students[student] = chosen(name, theirs[name], assignment, folder, gathered.passed_over)
    return gathered


def chosen(name: str, paths: list[Path], assignment: str, folder: Path, passed_over: dict[str, str]) -> Found:
    """The file to be graded among those of one student, the others being noted."""
    notebooks = [path for path in paths if is_notebook(path)]
    if not notebooks:
        return Found(name, paths[0], reason=no_notebook(paths))
    every = [read(name, path) for path in notebooks]
    best = max(every, key=lambda found: rank(found, assignment))
    for found in every:
        if found is not best:
            why = found.reason or ("the same" if found.data == best.data else "an older file, or another one")
            passed_over[str(found.path.relative_to(folder))] = f"{why}; {best.path.name} of {name} is taken"
    for path in paths:
        if path not in notebooks:
            passed_over[str(path.relative_to(folder))] = f"no notebook ({path.suffix or 'no ending'})"
    stem = stem_of(best.path.name)
    if best.path.parent != folder and without_copies(stem).lower() != assignment.lower():
        best.notes.append(f"the file is called {best.path.name}")
    return best


def rank(found: Found, assignment: str) -> tuple:
    """What makes one of a student's files the one to grade: it can be read, has the name, is the newest."""
    stem = stem_of(found.path.name)
    named = without_copies(stem).lower() in (assignment.lower(), found.name.lower())
    checkpoint = stem.lower().endswith("-checkpoint")
    time = found.path.lstat().st_mtime
    return not found.reason, not checkpoint, named, time, copy_number(stem), found.path.name


def read(name: str, path: Path) -> Found:
    """A student's file, with its cells or the reason why it has none."""
    found = Found(name, path)
    try:
        found.data = data_of(path)
        found.cells, found.notes = cells_of(found.data)
    except Unreadable as reason:
        found.reason = str(reason)
    return found


def no_notebook(paths: list[Path]) -> str:
    """Why a student's folder holds nothing to grade."""
    files = [path for path in paths if not path.is_dir() or path.is_symlink()]
    if not files:
        return "the folder is empty"
    return f"there is no notebook in the folder, only {', '.join(path.name for path in files[:5])}"


def not_a_student(path: Path, assignment: str) -> str:
    """Why a folder is not one student's; empty if it may be."""
    if not os.access(path, os.R_OK | os.X_OK):
        return "it may not be opened"
    if without_copies(path.name).lower() == assignment.lower():
        return f"it has the assignment's name, not a student's; to collect it: collect {assignment} {path}"
    inside = [p for p in path.iterdir() if not is_hidden(p.name) and not p.is_symlink()]
    folders = [p for p in inside if p.is_dir() and any(is_notebook(q) for q in p.iterdir())]
    if len(folders) > 1 and not any(p.is_file() and is_notebook(p) for p in inside):
        return f"it holds the notebooks of several; to collect it: collect {assignment} {path}"
    return ""


def files_below(folder: Path, top: Path, passed_over: dict[str, str]) -> list[Path]:
    """The files of a student's folder; hidden ones are noted, links are not followed."""
    files: list[Path] = []
    for where, folders, names in os.walk(folder):
        here = Path(where)
        for name in sorted([*names, *folders]):
            path = here / name
            if is_hidden(name):
                passed_over[str(path.relative_to(top))] = "hidden, or of the operating system"
            elif name in names or path.is_symlink():
                files.append(path)
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        if len(files) > MANY:
            passed_over[str(folder.relative_to(top)) + "/..."] = f"more than {MANY} files"
            break
    return files[:MANY]


def is_hidden(name: str) -> bool:
    return name.startswith((".", *SYSTEM)) or name.lower().startswith(SYSTEM)


def is_notebook(path: Path) -> bool:
    """Whether a file is meant to be a notebook: by its name, or, for .json and .txt, by what is in it."""
    name = path.name.lower()
    if re.search(r"\.ipynb(\s*\(\d+\))?(\.json|\.txt)?$", name):
        return path.is_symlink() or not path.is_dir()
    return name.endswith((".json", ".txt")) and not read("", path).reason


def stem_of(name: str) -> str:
    return re.sub(r"(\.ipynb)?(\s*\(\d+\))?(\.json|\.txt|\.ipynb)?$", r"\2", name, flags=re.IGNORECASE)
