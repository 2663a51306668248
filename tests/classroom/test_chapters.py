"""Every chapter's exercises can be graded apart: full marks for the solutions, none for the stubs."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.classroom.submissions import chapters, points, solved, submission
from visual_attention.classroom import sandbox
from visual_attention.classroom.regrade import Regrade, asked


def scores(notebook) -> list[float]:
    graded, _ = Regrade(command=sandbox.plain(), seconds=120.0).preprocess(notebook, {})
    outputs = [cell.outputs[0] for cell in graded.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return [float(output.data["text/plain"]) for output in outputs]


@pytest.mark.slow
@pytest.mark.parametrize("stem", chapters())
def test_solutions_and_stubs(stem):
    notebook = nbformat.read(chapters()[stem], 4)
    assert sum(scores(submission(notebook, {}))) == 0
    assert sum(scores(submission(notebook, solved(stem)))) == points(notebook)


def cell(source: str, name: str | None = None, *, worth: float | None = None):
    mark = {"schema_version": 3, "grade_id": name, "task": False, "grade": worth is not None}
    mark |= {"solution": worth is None, "locked": worth is not None}
    mark |= {"points": worth} if worth is not None else {}
    return new_code_cell(source, metadata={"nbgrader": mark} if name else {})


@pytest.mark.slow
def test_cells_that_an_answer_needs_are_run_only_then():
    answer = "def effective_places(w):\n    return (sign * torch.xlogy(w, w).sum((1, 2, 3))).exp()"
    check = cell("check_effective_places(effective_places)", "check_effective_places", worth=3)
    begin = [cell("import torch"), cell("raise SystemExit"), cell("sign = float('-1')")]
    notebook = new_notebook(cells=[*begin, cell(answer, "effective_places"), check])
    assert scores(notebook) == [3]
    spoiled = new_notebook(
        cells=[begin[0], cell("while True: pass"), cell(answer, "effective_places"), check]
    )
    graded, _ = Regrade(command=sandbox.plain(), seconds=6.0).preprocess(spoiled, {})
    page = graded.cells[-1].outputs[0].data
    assert page["text/plain"] == "0" and "NameError" in page["text/html"]


@pytest.mark.slow
def test_an_answer_that_never_ends_or_leaves_gets_feedback():
    check = cell("check_effective_places(effective_places)", "check_effective_places", worth=3)
    for source, fragment in (("while True: pass", "out of time"), ("import os; os._exit(0)", "has ended")):
        notebook = new_notebook(cells=[cell(source, "effective_places"), check])
        graded, _ = Regrade(command=sandbox.plain(), seconds=6.0).preprocess(notebook, {})
        page = graded.cells[-1].outputs[0].data
        assert page["text/plain"] == "0" and fragment in page["text/html"]


def test_only_a_check_of_one_name_is_taken():
    assert asked("check_x(x)") == ("check_x", "x")
    assert asked("# see above\ncheck_x(x)\n") == ("check_x", "x")
    for other in ("", "x = (", "assert x", "check_x(lambda: 1)", "check_x(x, y)", "m.check_x(x)", "print(x)"):
        assert asked(other) is None
    graded, _ = Regrade(command=sandbox.plain()).preprocess(
        new_notebook(cells=[cell("assert 1", "a", worth=1)]), {}
    )
    assert graded.cells[0].outputs[0].data["text/plain"] == "0"
