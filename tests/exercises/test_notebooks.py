"""Each chapter's notebook, checks and solutions belong together, for all chapters that there are."""

import json
import re
from pathlib import Path

import pytest

from tests.exercises.contract import solutions
from visual_attention import rooms
from visual_attention.exercises.means import ATTENTION, AUTOGRAD, LOOP
from visual_attention.exercises.report import checks

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {
    path.stem: path for path in sorted(ROOT.glob("notebooks/**/*.ipynb")) if "." not in path.parent.name
}


HOLDS = (
    "Some points are for an answer that holds whatever comes: sizes of 1, equal sizes, numbers that repeat "
    "or that differ wildly within one batch, `float64`, transposed tensors. Leave the tensors that come in "
    "as they are."
)
FORBIDDEN = {LOOP: " loop", ATTENTION: "torch's own attention", AUTOGRAD: "no autograd"}


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


def texts(stem: str) -> dict[str, str]:
    """What stands above each exercise cell, from its heading on: grade id -> text."""
    found, heading = {}, ""
    for cell in json.loads(NOTEBOOKS[stem].read_text())["cells"]:
        source, mark = "".join(cell["source"]), cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "markdown":
            heading = source[source.rindex("### ") :] if "### " in source else heading + source
        elif mark.get("solution"):
            found[mark["grade_id"]] = heading
    return found


@pytest.mark.parametrize("stem", MARKED)
def test_headings_say_what_the_list_says_in_the_same_order(stem):
    found = checks(modules()[stem])
    told = texts(stem)
    assert [f"check_{name}" for name in told] == list(found), "the order in the notebook and in the module"
    for name, text in told.items():
        check = found[f"check_{name}"]
        level = f"{check.about.level}, " if check.about.level else ""
        heading = re.sub(r"^### (\d+\. )?", "", text.splitlines()[0])
        assert heading == f"{check.about.title} ({level}{check.points:g} points)"


@pytest.mark.parametrize("stem", MARKED)
def test_what_is_tested_is_stated(stem):
    """What every check tries stands above the first exercise; gradients and forbidden means in the text."""
    cells = json.loads(NOTEBOOKS[stem].read_text())["cells"]
    before = [s for s in map("".join, (cell["source"] for cell in cells)) if "## Exercises" in s]
    assert len(before) == 1 and HOLDS in before[0], f"it should say: {HOLDS}"
    for name, text in texts(stem).items():
        asked = getattr(checks(modules()[stem])[f"check_{name}"], "asked", None)
        if asked is None:
            continue
        if asked.gradients:
            assert "radient" in text, f"{name} counts gradients: say so"
        for means, said in FORBIDDEN.items():
            assert (means in asked.without) == (said in text), f"{name} and {means}"


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
