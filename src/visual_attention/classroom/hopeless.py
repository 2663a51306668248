"""Made-up submissions that cannot be graded: they have no mark, and the reason in words.

made_up.py says what a kind of submission is.
"""

from pathlib import Path

from visual_attention.classroom.made_up import Chapter, Handed, kind, written


def hopeless(content: bytes, says: str) -> Handed:
    """A file that cannot be graded, and what the teacher reads about it."""
    return Handed({"NAME.ipynb": content}, None, says)


@kind
def empty_file(chapter: Chapter) -> Handed:
    return hopeless(b"", "it is empty")


@kind
def web_page(chapter: Chapter) -> Handed:
    return hopeless(b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "it is a web page (HTML)")


@kind
def cut_short(chapter: Chapter) -> Handed:
    return hopeless(written(chapter.filled())[:9000], "it breaks off in the middle")


@kind
def archive(chapter: Chapter) -> Handed:
    return hopeless(b"PK\x03\x04" + bytes(100), "it is a zip archive")


@kind
def other_json(chapter: Chapter) -> Handed:
    return hopeless(b'{"name": "no notebook"}', "it has no cells")


@kind
def merge_conflict(chapter: Chapter) -> Handed:
    text = written(chapter.filled()).decode()
    first, rest = text.split("\n", 1)
    return hopeless(f"{first}\n<<<<<<< HEAD\n{rest}".encode(), "a merge conflict")


@kind
def nested(chapter: Chapter) -> Handed:
    return hopeless(b'{"cells": ' + b"[" * 200_000, "nested too deeply")


@kind
def too_large(chapter: Chapter) -> Handed:
    return hopeless(b'{"cells": [], "x": "' + b"x" * (33 * 2**20) + b'"}', "clear the outputs")


@kind
def many_cells(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    return hopeless(written({**tree, "cells": tree["cells"] * 40}), "more than 1000")


@kind
def another_notebook(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    cells = [cell for cell in tree["cells"] if cell["cell_type"] == "markdown"]
    return hopeless(written({**tree, "cells": cells}), "none of this assignment's exercises")


@kind
def empty_folder(chapter: Chapter) -> Handed:
    return Handed({"NAME": None}, None, "the folder is empty")


@kind
def other_files(chapter: Chapter) -> Handed:
    files = {"NAME/notes.pdf": b"%PDF-1.4", "NAME/answers.py": b"def f(): pass", "NAME/.DS_Store": b"x"}
    return Handed(files, None, "there is no notebook in the folder, only answers.py, notes.pdf")


@kind
def link(chapter: Chapter) -> Handed:
    return Handed({f"NAME/{chapter.name}.ipynb": Path("/etc/passwd")}, None, "it is a link, not a file")
