"""A submission is rebuilt from the text of its cells, and from nothing else."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.classroom.conftest import SAME
from visual_attention.classroom.assignment import asked, exercises
from visual_attention.classroom.collecting import gather
from visual_attention.classroom.made_up import written
from visual_attention.classroom.reading import Cell, Unreadable, cells_of
from visual_attention.classroom.rehearsal import KINDS
from visual_attention.classroom.restoring import defines, restore


def restored(tree: dict, chapter):
    return restore(cells_of(written(tree))[0], chapter.notebook)


def asks(notebook) -> list[str]:
    """The marks of the cells of exercises, in their order."""
    return [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]


def test_a_perfect_notebook_stays_as_it_is(soft):
    made, notes = restored(soft.filled(), soft)
    assert notes == [] and [c.source for c in made.cells] == [c["source"] for c in soft.filled()["cells"]]
    assert asks(made) == asks(soft.notebook)
    assert made.metadata.classroom.absent == made.metadata.classroom.blank == []
    nbformat.validate(made)


@pytest.mark.parametrize("kind", sorted(SAME))
def test_encodings_formats_and_names_of_files_make_no_difference(soft, tmp_path, kind):
    """So the term in test_term.py need not grade them: what is graded is the same, to the letter."""
    wanted = restored(soft.filled(), soft)[0]
    handed = KINDS[kind](soft)
    handed.write(tmp_path, "someone")
    found = gather(tmp_path, "soft").students["someone"]
    made, _ = restore(found.cells, soft.notebook)
    assert [c.source for c in made.cells] == [c.source for c in wanted.cells] and not found.reason
    assert asks(made) == asks(wanted) and handed.marks == soft.points


def test_nothing_of_the_students_metadata_or_outputs_is_kept(soft):
    tree = soft.filled()
    tree["metadata"] = {"kernelspec": {"name": "bash"}, "classroom": {"key": "1", "exercises": []}, "x": 1}
    for cell in tree["cells"]:
        cell["metadata"] |= {"tags": ["hide"], "collapsed": True}
        cell["attachments"] = {"a.png": {"image/png": "x"}}
        if soft.is_check(cell):
            cell["metadata"]["nbgrader"]["points"] = 1000
            cell["source"] = "1000"
            output = {"output_type": "execute_result", "data": {"text/plain": "1000"}, "metadata": {}}
            cell["outputs"] = [{**output, "execution_count": 1}]
    made, _ = restored(tree, soft)
    wanted, _ = restored(soft.filled(), soft)
    assert made == wanted


@pytest.mark.parametrize(
    "mark",
    [
        {"grade_id": ["a"], "grade": {}, "points": "nan"},
        {"grade_id": None, "schema_version": 99, "solution": True},
        {"grade_id": 7, "grade": True, "points": -1e308, "locked": "no", "task": []},
        {"grade_id": "spatial_softmax", "grade": True, "solution": True, "points": 1e9},
    ],
)
def test_marks_of_any_shape_do_no_harm(soft, mark):
    tree = soft.filled()
    tree["cells"].insert(5, json.loads(json.dumps(new_code_cell("1", metadata={"nbgrader": mark}))))
    made, _ = restored(tree, soft)
    assert asks(made) == asks(soft.notebook)


def test_the_last_answer_counts_and_an_empty_copy_below_it_does_not(soft):
    tree = soft.filled({"spatial_softmax": "def spatial_softmax(a): first"})
    place = next(n for n, c in enumerate(tree["cells"]) if soft.answer_of(c))
    second = {**tree["cells"][place], "source": "def spatial_softmax(a): second"}
    blank = {**tree["cells"][place], "source": soft.exercises[0].solution.source + "\n\n"}
    tree["cells"][place + 1 : place + 1] = [second, blank]
    made, notes = restored(tree, soft)
    source = {c.metadata.nbgrader.grade_id: c.source for c in made.cells if "nbgrader" in c.metadata}
    assert "second" in source["spatial_softmax"] and "2 cells, the last one counts" in notes[0]
    assert sum("def spatial_softmax" in cell.source for cell in made.cells) == 2, "the blank one is gone"


def test_a_check_stands_below_its_answer(soft):
    for order in (1, -1):
        tree = soft.filled()
        tree["cells"] = tree["cells"][::order]
        made, _ = restored(tree, soft)
        found = asks(made)
        for exercise in soft.exercises:
            answer, check = (c.metadata.nbgrader.grade_id for c in (exercise.solution, exercise.check))
            assert found.index(answer) < found.index(check)


def test_blank_and_absent_answers_are_told_apart(soft):
    tree = soft.filled({"attention_pool": "def attention_pool(f, w): return 1"})
    tree["cells"] = [c for c in tree["cells"] if soft.answer_of(c) != "effective_places"]
    ours = restored(tree, soft)[0].metadata.classroom
    assert ours.blank == ["spatial_softmax", "masked_spatial_softmax", "query_pool"] and ours.absent == [
        "effective_places"
    ]


def test_names_are_known_where_they_are_bound():
    for source in (
        "def f(x):",
        "class f:",
        "async def f():",
        "f = 1",
        "f: int = 2",
        "a\nf=lambda: 1",
        "%%time\ndef f(",
    ):
        assert defines(source, "f"), source
    for source in ("def ff():", "f == 1", "x.f = 1", "  def f():", "# def f", "f(1)", "def g(f=1):"):
        assert not defines(source, "f"), source


def test_a_cell_of_the_chapter_that_binds_the_name_is_no_answer(soft):
    """Some chapters use an exercise's name for a value of their own."""
    source = nbformat.from_dict(soft.filled({}))
    source.cells.insert(3, new_code_cell("spatial_softmax = 1"))
    made, _ = restore(cells_of(written(source))[0], source)
    assert "spatial_softmax" in made.metadata.classroom.blank


def test_another_notebook_is_none_of_the_assignments(soft):
    with pytest.raises(Unreadable, match="none of this assignment's exercises"):
        restore([Cell(True, "def other(): pass")], soft.notebook)


def test_cells_that_people_grade_keep_the_students_words(soft):
    source = nbformat.from_dict(soft.filled({}))
    mark = {
        "schema_version": 3,
        "grade_id": "open",
        "grade": True,
        "solution": True,
        "locked": False,
        "task": False,
    }
    source.cells.append(new_markdown_cell("Your answer", metadata={"nbgrader": {**mark, "points": 5}}))
    locked = {**mark, "grade_id": "rules", "grade": False, "solution": False, "locked": True}
    source.cells.append(new_markdown_cell("The rules", metadata={"nbgrader": locked}))
    tree = json.loads(json.dumps(source))
    tree["cells"][-2]["source"], tree["cells"][-1]["source"] = "I think so", "No rules"
    tree["cells"] = tree["cells"][::-1]
    made, _ = restore(cells_of(written(tree))[0], source)
    words = {c.metadata.nbgrader.grade_id: c for c in made.cells if "nbgrader" in c.metadata}
    assert words["open"].source == "I think so" and words["open"].metadata.nbgrader.points == 5
    assert words["rules"].source == "The rules"
    made, _ = restore(cells_of(written(soft.filled()))[0], source)
    assert asks(made)[-2:] == ["open", "rules"], "they come back where they were deleted"


def test_cells_of_any_length_are_shortened(soft):
    tree = soft.filled()
    tree["cells"][0]["source"] = "![](data:image/png;base64," + "A" * 200_000 + ") text"
    tree["cells"].insert(1, json.loads(json.dumps(new_code_cell("x = '" + "y" * 200_000 + "'"))))
    tree["cells"].insert(1, json.loads(json.dumps(new_markdown_cell("z" * 30_000))))
    made, _ = restored(tree, soft)
    assert made.cells[0].source == "![]() text" and max(len(c.source) for c in made.cells) < 20_000
    with pytest.raises(Unreadable, match="more than 2,000,000 letters"):
        restore([Cell(True, "x" * 2_000_001)], soft.notebook)


def test_the_key_changes_with_the_answers_and_the_checks_only(soft):
    key = restored(soft.filled(), soft)[0].metadata.classroom.key
    tree = soft.filled()
    tree["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "done"}]
    assert restored(tree, soft)[0].metadata.classroom.key == key
    assert restored(soft.filled({}), soft)[0].metadata.classroom.key != key
    source = nbformat.from_dict(json.loads(json.dumps(soft.notebook)))
    exercises(source)[0].check.metadata.nbgrader.points = 5
    assert restore(cells_of(written(soft.filled()))[0], source)[0].metadata.classroom.key != key


def test_only_a_check_of_one_name_is_taken():
    assert asked("check_x(x)") == ("check_x", "x")
    assert asked("# see above\ncheck_x(x)\n") == ("check_x", "x")
    for other in ("", "x = (", "assert x", "check_x(lambda: 1)", "check_x(x, y)", "m.check_x(x)", "print(x)"):
        assert asked(other) is None
