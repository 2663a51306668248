"""A class from the command line, with a real nbgrader: hand out, collect, grade, export, feedback."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell

from tests.classroom.submissions import chapters, points, solved, submission
from visual_attention.classroom import sandbox

pytestmark = pytest.mark.slow
confined = pytest.mark.skipif(bool(sandbox.available()), reason=sandbox.available() or "-")
NO_TEMPERATURE = (
    "def spatial_softmax(scores, temperature=1.0):\n    return scores.flatten(1).softmax(1).view_as(scores)"
)
FORGER = """
def spatial_softmax(scores, temperature=1.0):
    return scores.sigmoid()
import torch
torch.allclose = torch.equal = lambda *a, **k: True
import visual_attention.chapters.soft.checks as s, visual_attention.exercises.report as r
r.Check.equal = r.Check.that = lambda *a, **k: True
s.check_spatial_softmax = check_spatial_softmax = check_attention_pool = check_effective_places = lambda f: 3
check_masked_spatial_softmax = lambda f: 4
get_ipython = lambda: None
"""
DESTROYER = """
import os, shutil, sqlite3, subprocess
def spatial_softmax(scores, temperature=1.0):
    for path in ({course!r}, {home!r}):
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["rm", "-rf", path])
    try:
        sqlite3.connect({course!r} + "/gradebook.db").execute("update grade set auto_score = 99")
    except Exception: pass
    return None or scores
spatial_softmax(None)
"""


def run(*words: str, course: Path, status: int = 0, **environment: str) -> str:
    command = [sys.executable, "-m", "visual_attention.classroom", "--course", str(course), *words]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def table(path: Path) -> dict[str, tuple[float, float]]:
    rows = csv.DictReader(path.read_text().splitlines())
    return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in rows}


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """A course with the soft chapter handed out: its folder and the notebook that students get."""
    course = tmp_path_factory.mktemp("course")
    said = run("generate", str(chapters()["soft"]), course=course)
    path = course / "release/soft/soft.ipynb"
    assert str(path) in said
    return course, nbformat.read(path, 4)


def test_what_is_handed_out_is_the_public_notebook(handed_out):
    _, notebook = handed_out
    public = nbformat.read(chapters()["soft"], 4)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in public.cells]


@pytest.fixture(scope="module")
def graded(handed_out, tmp_path_factory):
    """A class of honest and dishonest students, graded: the course and the table of scores."""
    course, notebook = handed_out
    downloads = tmp_path_factory.mktemp("downloads")
    answers = solved("soft")
    destroyer = DESTROYER.format(course=str(course), home=str(Path(sandbox.__file__).parents[1]))
    made = {
        "perfect": submission(notebook, answers),
        "empty": submission(notebook, {}),
        "partial": submission(notebook, {**answers, "spatial_softmax": NO_TEMPERATURE}),
        "forger": submission(notebook, {"spatial_softmax": FORGER}),
        "destroyer": submission(notebook, {**answers, "spatial_softmax": destroyer}),
        "cutter": submission(notebook, answers),
        "scripter": submission(notebook, {"attention_pool": answers["attention_pool"]}),
    }
    cutter = made["cutter"]
    for cell in cutter.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata.nbgrader["points"] = 50
            cell.source = "40"
    cutter.cells = [
        c for c in cutter.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "check_attention_pool"
    ]
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))"
    made["scripter"].cells.insert(1, new_markdown_cell(evil))
    for student, submitted in made.items():
        folder = downloads if student == "perfect" else downloads / student
        folder.mkdir(exist_ok=True)
        nbformat.write(submitted, folder / ("perfect.ipynb" if student == "perfect" else "soft.ipynb"))
    run("collect", "soft", str(downloads), course=course)
    run("grade", "soft", "--jobs", "2", course=course)
    run("export", str(course / "grades.csv"), course=course)
    return course, table(course / "grades.csv")


@confined
def test_full_none_and_partial_marks(handed_out, graded):
    most = points(handed_out[1])
    assert most == 14
    scores = graded[1]
    assert scores["perfect"] == (most, most)
    assert scores["empty"] == (0, most)
    assert scores["partial"] == (most - 1, most)


@confined
def test_dishonest_students_gain_nothing_and_break_nothing(graded):
    course, scores = graded
    assert scores["forger"][0] == 0
    assert scores["destroyer"][0] == 10  # the other three answers are right
    assert scores["cutter"] == (14, 14)  # check cells come back as they were handed out
    assert (course / "gradebook.db").exists() and len(scores) == 7


@confined
def test_feedback_says_what_is_wrong_and_runs_nothing(graded):
    course, _ = graded
    assert "7 pages" in run("feedback", "soft", course=course)
    page = (course / "feedback/partial/soft/soft.html").read_text()
    assert "The temperature changes nothing" in page and "3 of 4 points" in page
    assert "border-left" in page, "the report keeps its frame"
    page = (course / "feedback/scripter/soft/soft.html").read_text()
    assert "<script>alert" not in page and "<img src=x" not in page
    assert page.index("Content-Security-Policy") < page.index("<script")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy and "script-src" not in policy


def test_without_a_sandbox_grading_is_refused(handed_out, tmp_path):
    course, notebook = handed_out
    nbformat.write(notebook, tmp_path / "someone.ipynb")
    other = tmp_path / "other"
    run("generate", str(chapters()["soft"]), course=other)
    run("collect", "soft", str(tmp_path), course=other)
    python = str(Path(sys.executable).parent)
    said = run("grade", "soft", course=other, status=1, PATH=python)
    assert "bubblewrap is not installed" in said and "--unsafe" in said
    assert not (other / "autograded").exists()
    run("grade", "soft", "--unsafe", course=other, PATH=python)
    run("export", str(tmp_path / "t.csv"), course=other)
    assert table(tmp_path / "t.csv") == {"someone": (0, 14)}
    # nbgrader itself, called in the folder without the sandbox, runs nothing either
    run("collect", "soft", str(tmp_path), course=other)
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", "soft", "--force"],
        cwd=other,
        env={**os.environ, "PATH": python},
        capture_output=True,
        text=True,
    )
    assert "bubblewrap is not installed" in done.stderr and "not graded" in done.stderr
    assert not (other / "autograded/someone/soft").exists()


def test_mistakes_of_the_teacher_are_told(tmp_path):
    empty = tmp_path / "plain.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), empty)
    assert "holds no exercises" in run("generate", str(empty), course=tmp_path, status=1)
    assert "is no course folder yet" in run("export", course=tmp_path, status=1)
    assert "no <student>.ipynb" in run("collect", "soft", str(tmp_path / "none"), course=tmp_path, status=1)
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "a b.ipynb")
    assert "got 'a b'" in run("collect", "soft", str(tmp_path), course=tmp_path, status=1)
    (tmp_path / "nbgrader_config.py").write_text("1 / 0")
    assert "ZeroDivisionError" in run("export", course=tmp_path, status=1)


SHORT = """
c = get_config()
names = ["LockCells", "ClearOutput", "CheckCellMetadata", "ComputeChecksums", "SaveCells"]
c.GenerateAssignment.preprocessors = ["nbgrader.preprocessors." + name for name in names]
c.Execute.timeout = 120
"""


def test_the_notebook_is_gradable_by_a_plain_nbgrader(tmp_path):
    """Without our settings, in an ordinary kernel: for teachers who have their own set-up."""
    notebook = nbformat.read(chapters()["soft"], 4)
    notebook.cells = [cell for cell in notebook.cells if needed(cell)]
    (tmp_path / "source/soft").mkdir(parents=True)
    nbformat.write(notebook, tmp_path / "source/soft/soft.ipynb")
    (tmp_path / "nbgrader_config.py").write_text(SHORT)
    noisy = "import sys\nprint('x', file=sys.stderr)\n" + NO_TEMPERATURE.replace(
        "    return", "    import warnings; warnings.warn('w'); print('y', file=sys.stderr)\n    return"
    )
    answers = solved("soft")
    made = {"perfect": answers, "empty": {}, "partial": {**answers, "spatial_softmax": noisy}}
    for student, filled in made.items():
        folder = tmp_path / "submitted" / student / "soft"
        folder.mkdir(parents=True)
        nbformat.write(submission(notebook, filled), folder / "soft.ipynb")
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
    assert table(tmp_path / "t.csv") == {"perfect": (14, 14), "empty": (0, 14), "partial": (13, 14)}


def needed(cell) -> bool:
    """Import cells and exercises, without the chapter's experiments."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    imports = all(re.match(r"(from|import|\s|\)|#)", line) for line in lines)
    return cell.cell_type == "code" and ("nbgrader" in cell.metadata or imports)
