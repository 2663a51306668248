"""Each chapter's notebook, checks and solutions belong together, for all chapters that there are."""

import json
import re
from pathlib import Path

import pytest

from tests.exercises.contract import solutions
from visual_attention import rooms
from visual_attention.exercises.report import checks

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {
    path.stem: path for path in sorted(ROOT.glob("notebooks/**/*.ipynb")) if "." not in path.parent.name
}


def modules() -> dict:
    """All modules with checks, by stem."""
    return rooms.parts("checks")


def cells(stem: str, *, grade: bool) -> dict[str, tuple[dict, str]]:
    """The check cells or the exercise cells of a notebook: grade id -> nbgrader's metadata and the source."""
    key = "grade" if grade else "solution"
    found = json.loads(NOTEBOOKS[stem].read_text())["cells"]
    marks = [(cell["metadata"].get("nbgrader", {}), "".join(cell["source"])) for cell in found]
    return {mark["grade_id"]: (mark, source) for mark, source in marks if mark.get(key)}


MARKED = [stem for stem in NOTEBOOKS if cells(stem, grade=True) or cells(stem, grade=False)]


def test_there_is_a_notebook_with_exercises():
    assert MARKED


@pytest.mark.parametrize("stem", sorted(set(modules()) | set(MARKED)))
def test_a_chapter_with_checks_has_all_its_parts(stem):
    room = f"src/visual_attention/chapters/{stem}"
    for path in (
        room,
        f"{room}/claims.py",
        f"{room}/checks.py",
        f"book/solutions/{stem}.py",
        f"tests/chapters/{stem}",
    ):
        assert (ROOT / path).exists(), f"{path} is missing"
    assert (ROOT / f"tests/chapters/{stem}/test_checks.py").exists(), f"the checks of {stem} are not tested"
    if stem not in NOTEBOOKS:
        pytest.skip(f"{stem} has checks, solutions and tests, but no notebook yet")


def test_a_check_belongs_to_one_chapter():
    """A class is graded by the checks' names alone."""
    chapters: dict[str, list[str]] = {}
    for stem, module in modules().items():
        for name in checks(module):
            chapters.setdefault(name, []).append(stem)
    assert {name: stems for name, stems in chapters.items() if len(stems) > 1} == {}


@pytest.mark.parametrize("stem", MARKED)
def test_notebook_and_checks_agree(stem):
    found, asked, stubs = checks(modules()[stem]), cells(stem, grade=True), cells(stem, grade=False)
    assert set(asked) == set(found), "check cells in the notebook, checks in the module"
    assert {name.removeprefix("check_") for name in asked} == set(stubs), "each check has its stub"
    assert len(asked) >= 3
    for name, (mark, source) in asked.items():
        answer = name.removeprefix("check_")
        assert source.strip() == f"{name}({answer})"
        assert mark["points"] == found[name].points, f"{name}: points in the notebook and of the check"
        assert mark["locked"] and mark["schema_version"] == 3 and not mark["solution"]


@pytest.mark.parametrize("stem", MARKED)
def test_stubs_return_none_and_solutions_have_their_signature(stem):
    solved = solutions(stem)
    for name, (mark, source) in cells(stem, grade=False).items():
        assert not mark["grade"] and not mark["locked"]
        assert hasattr(solved, name), f"book/solutions/{stem}.py has no {name}"
        head = re.search(rf"^(def|class) {name}\b[^\n]*", source, re.MULTILINE)
        assert head, f"the stub of {name} does not define it"
        assert head[0] in Path(solved.__file__).read_text(), f"the solution of {name} has another signature"
        report = checks(modules()[stem])[f"check_{name}"](defined(source, name, stem))
        assert repr(report) == "0" and not report.attempted and not report.fault, str(report)


def defined(source: str, name: str, stem: str):
    """What the stub's cell defines, run after the notebook's import cells."""
    namespace: dict = {}
    for cell in json.loads(NOTEBOOKS[stem].read_text())["cells"]:
        text = "".join(cell["source"])
        lines = [line for line in text.splitlines() if line.strip()]
        if cell["cell_type"] == "code" and all(re.match(r"(from|import|\s|\)|#)", line) for line in lines):
            exec(text, namespace)
    exec(source, namespace)
    return namespace[name]
