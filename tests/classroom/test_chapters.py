"""Every chapter's exercises can be graded apart: full marks for the solutions, none for the stubs."""

import pytest

from tests.classroom.conftest import chapter_of, chapters, run_in
from visual_attention.classroom import sandbox
from visual_attention.classroom.cells import Cells
from visual_attention.classroom.made_up import written
from visual_attention.classroom.reading import cells_of
from visual_attention.classroom.regrade import Regrade, is_check
from visual_attention.classroom.remote import Sandbox, find_check
from visual_attention.classroom.restoring import restore


@pytest.fixture(scope="module")
def box():
    """One worker for all chapters: each answer is run in a fork of its own."""
    with Sandbox(sandbox.plain()) as box:
        box.warm()
        yield box


@pytest.mark.slow
@pytest.mark.parametrize("stem", chapters())
def test_the_solutions_get_full_marks_in_another_process(box, stem):
    chapter = chapter_of(stem)
    for exercise, points in zip(chapter.exercises, chapter.points, strict=True):
        box.begin()
        errors = run_in(box, chapter.answers()[exercise.answer])
        report = box.check(f"check_{exercise.answer}", exercise.answer)
        assert report.score == points and not report.fault, f"{errors} {report}"


@pytest.mark.parametrize("stem", chapters())
def test_the_stubs_get_none_and_no_sandbox_is_started(stem):
    chapter = chapter_of(stem)
    made, notes = restore(cells_of(written(chapter.filled({})))[0], chapter.notebook)
    graded, _ = Regrade(command=["false"]).preprocess(made, {})
    outputs = [cell.outputs[0].data["text/plain"] for cell in graded.cells if is_check(cell)]
    assert outputs == ["0"] * len(chapter.exercises) and notes == []
    assert [r["attempted"] for r in graded.metadata.classroom.exercises] == [False] * len(outputs)


@pytest.mark.parametrize("stem", chapters())
def test_the_checks_are_those_of_the_course(stem):
    for exercise in chapter_of(stem).exercises:
        check = find_check(f"check_{exercise.answer}")
        assert check.points == exercise.check.metadata.nbgrader.points


@pytest.mark.parametrize("stem", chapters())
def test_no_answer_needs_a_cell_of_the_chapter_that_trains(stem):
    """What a right answer makes run: its own cell, and imports above it."""
    chapter = chapter_of(stem)
    cells, code = Cells(), [c for c in chapter.filled()["cells"] if c["cell_type"] == "code"]
    for number, cell in enumerate(code):
        cells.read(number, cell["source"])
    for number, cell in enumerate(code):
        if name := chapter.answer_of(cell):
            for place, statement, _ in cells.plan(name, number, number, definitions=False):
                text = cells.text(place, cells.statements[place][statement])
                assert place == number or text.startswith(("import ", "from ")), text
