"""What a teacher types, with a real nbgrader: answers to mistakes, and courses that are not as expected."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.classroom.conftest import ROOT, chapters, run
from visual_attention.classroom.__main__ import main
from visual_attention.classroom.made_up import written
from visual_attention.classroom.roll import write

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("course")]
NO_TEMPERATURE = (
    "def spatial_softmax(scores, temperature=1.0):\n    return scores.flatten(1).softmax(1).view_as(scores)"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with the soft chapter handed out."""
    folder = tmp_path_factory.mktemp("course")
    said = run("generate", chapters()["soft"], course=folder)
    assert str(folder / "release/soft/soft.ipynb") in said
    return folder


def test_what_is_handed_out_is_the_public_notebook(course, soft):
    notebook = nbformat.read(course / "release/soft/soft.ipynb", 4)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in soft.notebook.cells]


def test_names_that_do_not_exist_get_an_answer(course, tmp_path, soft, capsys, monkeypatch):
    """No traceback, status 1, and the name that was perhaps meant."""
    monkeypatch.chdir(ROOT)
    (tmp_path / "Downloads").mkdir()
    (tmp_path / "file.ipynb").write_bytes(b"x")
    mark = {"schema_version": 3, "grade_id": "mine", "grade": True, "solution": False, "locked": True}
    test = new_code_cell("assert True", metadata={"nbgrader": {**mark, "task": False, "points": 1}})
    write(tmp_path / "tested.ipynb", written({**soft.filled({}), "cells": [*soft.filled({})["cells"], test]}))
    asked = {
        ("generate", "nothere.ipynb"): "nothere.ipynb does not exist",
        ("generate", "notebooks/mechanisms/sotf.ipynb"): "Did you mean notebooks/mechanisms/soft.ipynb?",
        ("generate", "notebooks/mechanisms"): "is a folder: name a notebook in it",
        ("generate", str(tmp_path / "file.ipynb")): "it is text of another kind",
        ("generate", "notebooks/start.ipynb"): "holds no exercises",
        ("generate", str(tmp_path / "tested.ipynb")): "no checks of the course, and cannot be graded: mine",
        ("collect", "sotf", str(tmp_path)): "there is no assignment sotf. Did you mean soft?",
        ("collect", "hard", str(tmp_path)): "Handed out so far: soft.",
        ("collect", "soft", str(tmp_path / "Downlaods")): "Did you mean Downloads?",
        ("collect", "soft", str(tmp_path / "file.ipynb")): "is a file, not a folder",
        ("collect", "soft", str(tmp_path / "Downloads")): "no <student>.ipynb",
        ("grade", "Soft"): "Did you mean soft?",
        ("grade", "soft"): "nothing was handed in for soft yet",
        ("feedback", "sof"): "Did you mean soft?",
        ("summary", "../soft"): "there is no assignment ../soft",
        ("export", str(tmp_path / "none/grades.csv")): "there is no folder",
        ("export", str(tmp_path)): "is a folder: name a file",
    }
    for words, answer in asked.items():
        assert main(["--course", str(course), *words]) == 1
        said = "".join(capsys.readouterr())
        assert answer in said and "Traceback" not in said, (words, said)
    said = run("grade", "soft", course=course.parent / (course.name + "x"), status=1)
    assert "is no course folder yet" in said and f"Did you mean {course.name}?" in said
    assert "Traceback" not in said
    assert "invalid choice: 'grde'" in run("grde", "soft", course=course, status=2)


def test_a_mistake_in_the_settings_stops_everything(course, tmp_path):
    write(tmp_path / "nbgrader_config.py", b"1 / 0")
    assert "ZeroDivisionError" in run("export", tmp_path / "t.csv", course=tmp_path, status=1)


def test_without_a_sandbox_grading_is_refused(tmp_path, soft):
    other, downloads = tmp_path / "other", tmp_path / "downloads"
    run("generate", chapters()["soft"], course=other)
    answers = {"spatial_softmax": NO_TEMPERATURE}
    write(downloads / "someone.ipynb", written(soft.filled(answers)))
    write(downloads / "broken.ipynb", b"")
    run("collect", "soft", downloads, course=other)
    python = str(Path(sys.executable).parent)
    said = run("grade", "soft", course=other, status=1, PATH=python)
    assert "bubblewrap is not installed" in said and "--unsafe" in said
    assert not (other / "autograded").exists()
    run("export", other / "t.csv", course=other)
    with open(other / "t.csv", newline="") as file:
        scores = {row["student_id"]: (row["score"], row["reason"]) for row in csv.DictReader(file)}
    assert scores == {"someone": ("", "not graded yet"), "broken": ("", "it is empty")}
    # nbgrader itself, called in the folder without the sandbox, runs nothing either
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", "soft", "--force"],
        cwd=other,
        env={**os.environ, "PATH": python},
        capture_output=True,
        text=True,
    )
    assert "bubblewrap is not installed" in done.stderr and "not graded" in done.stderr
    assert not (other / "autograded/someone/soft").exists()
    said = run("grade", "soft", "--unsafe", course=other, PATH=python)
    row = r"\bsomeone 3\.5 0 0 0 0 3\.5 spatial_softmax: [^:]*[Tt]emperature"  # narrow windows part it
    assert re.search(row, " ".join(said.split())), said
    # a gradebook that is gone is made again, and what was graded before it is graded anew
    (other / "gradebook.db").unlink()
    run("generate", chapters()["soft"], course=other)
    assert "soft: 1 of 2 graded" in run("grade", "soft", "--unsafe", course=other, PATH=python)


SHORT = """
c = get_config()
names = ["LockCells", "ClearOutput", "CheckCellMetadata", "ComputeChecksums", "SaveCells"]
c.GenerateAssignment.preprocessors = ["nbgrader.preprocessors." + name for name in names]
c.Execute.timeout = 120
"""


def test_the_notebook_is_gradable_by_a_plain_nbgrader(tmp_path, soft):
    """Without our settings, in an ordinary kernel: for teachers who have their own set-up."""
    soft.notebook.cells, kept = [cell for cell in soft.notebook.cells if needed(cell)], soft.notebook.cells
    try:
        noisy = "import sys\nprint('x', file=sys.stderr)\n" + NO_TEMPERATURE.replace(
            "    return", "    import warnings; warnings.warn('w'); print('y', file=sys.stderr)\n    return"
        )
        write(tmp_path / "source/soft/soft.ipynb", written(soft.filled({})))
        for student, filled in {
            "perfect": None,
            "partial": {**soft.answers(), "spatial_softmax": noisy},
        }.items():
            write(tmp_path / f"submitted/{student}/soft/soft.ipynb", written(soft.filled(filled)))
    finally:
        soft.notebook.cells = kept
    write(tmp_path / "nbgrader_config.py", SHORT.encode())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for words in (["generate_assignment", "soft"], ["autograde", "soft"], ["export", "--to=t.csv"]):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    with open(tmp_path / "t.csv", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {"perfect": 19, "partial": 18.5}


def needed(cell) -> bool:
    """Import cells and exercises, without the chapter's experiments."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    imports = all(re.match(r"(from|import|\s|\)|#)", line) for line in lines)
    return cell.cell_type == "code" and ("nbgrader" in cell.metadata or imports)


def test_a_rehearsal_says_what_it_lacks(tmp_path):
    write(tmp_path / "a.ipynb", nbformat.writes(new_notebook()).encode())
    assert "is not empty" in run("rehearse", "--students", "1", course=tmp_path, status=1)
    said = run("rehearse", ROOT / "notebooks/mechanisms/nosuch.ipynb", course=tmp_path / "c", status=1)
    assert "does not exist" in said
    said = run("rehearse", "--solutions", "nosuch.py", course=tmp_path / "c", status=1)
    assert "nosuch.py does not exist" in said
