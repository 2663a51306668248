"""An executed copy is shown only while the notebook, the package and the requirements are what they were."""

import nbformat
import pytest

from tools import book, execution


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course of one notebook that imports one module."""
    for folder in ("src/visual_attention", "notebooks/part", "book"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "src/visual_attention/one.py").write_text("answer = 1\n")
    (tmp_path / "requirements.txt").write_text("numpy==2\n")
    (tmp_path / "_config.yml").write_text("title: t\n")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "notebooks/part/one.ipynb")
    monkeypatch.setattr(execution, "ROOT", tmp_path)
    monkeypatch.setattr(execution, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(execution, "EXECUTED", tmp_path / ".executed")
    monkeypatch.setattr(book, "ROOT", tmp_path)
    return tmp_path


def executed_copy(course):
    path = course / "notebooks/part/one.ipynb"
    execution.copy_of(path).parent.mkdir(parents=True)
    execution.copy_of(path).write_bytes(path.read_bytes())
    execution.copy_of(path).with_suffix(".json").write_text(
        f'{{"key": "{execution.key(path)}", "seconds": 1.0, "passed": true}}'
    )
    assert execution.fresh_copy(path) == execution.copy_of(path)
    return path


@pytest.mark.parametrize(
    "changed", ["src/visual_attention/one.py", "requirements.txt", "notebooks/part/one.ipynb"]
)
def test_a_change_makes_a_copy_stale(course, changed):
    path, before = executed_copy(course), book.key()
    with (course / changed).open("a") as file:
        file.write("\n")
    assert execution.fresh_copy(path) is None
    assert book.key() != before


def test_a_new_file_of_the_package_makes_a_copy_stale(course):
    path = executed_copy(course)
    (course / "src/visual_attention/record.jsonl").write_text("{}\n")
    assert execution.fresh_copy(path) is None


@pytest.mark.parametrize("room,fresh", [("one", False), ("two", True)])
def test_of_the_rooms_a_notebook_reads_its_own_alone(course, room, fresh):
    for stem in ("one", "two"):
        (course / f"src/visual_attention/chapters/{stem}").mkdir(parents=True)
    path, before = executed_copy(course), book.key()
    (course / f"src/visual_attention/chapters/{room}/claims.py").write_text("\n")
    assert (execution.fresh_copy(path) is not None) == fresh
    assert book.key() != before


@pytest.mark.parametrize(
    "said", ["from visual_attention.own import (\\n    sample,\\n)", "import visual_attention.own.sample"]
)
@pytest.mark.parametrize("room,fresh", [("two", False), ("three", True)])
def test_it_reads_also_the_rooms_of_which_it_has_own_modules(course, said, room, fresh):
    package = course / "src/visual_attention"
    for folder in ("own", "chapters/one", "chapters/two", "chapters/three"):
        (package / folder).mkdir(parents=True)
    (package / "own/sample.py").write_text("from visual_attention.own import fill\n")
    (package / "own/fill.py").write_text("from visual_attention.chapters.two import claims\n")
    (package / "own/other.py").write_text("from visual_attention.chapters.three import claims\n")
    path = course / "notebooks/part/one.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = said
    nbformat.write(notebook, path)
    executed_copy(course)
    (package / f"chapters/{room}/claims.py").write_text("\n")
    assert (execution.fresh_copy(path) is not None) == fresh


def test_what_all_rooms_share_makes_every_copy_stale(course):
    (course / "src/visual_attention/chapters/one").mkdir(parents=True)
    path = executed_copy(course)
    (course / "src/visual_attention/chapters/__init__.py").write_text("")
    assert execution.fresh_copy(path) is None


def test_a_failed_execution_is_never_shown(course):
    path = executed_copy(course)
    sidecar = execution.copy_of(path).with_suffix(".json")
    sidecar.write_text(sidecar.read_text().replace("true", "false"))
    assert execution.fresh_copy(path) is None


@pytest.mark.slow
def test_nbmake_keeps_the_outputs_and_the_committed_file_stays_without(course):
    path = course / "notebooks/part/one.ipynb"
    committed = path.read_bytes()
    assert execution.execute([path]) == []
    [cell] = nbformat.read(execution.fresh_copy(path), as_version=4).cells
    assert cell.outputs[0].text.strip() == "42"
    assert path.read_bytes() == committed
    assert execution.record(path)["seconds"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("workers,threads", [(2, "1"), (1, "2")])
def test_two_notebooks_share_two_cores_and_one_alone_has_both(course, workers, threads):
    path = course / "notebooks/part/one.ipynb"
    asked = "import os, torch; print(os.environ['MKL_NUM_THREADS'], torch.get_num_threads())"
    path.write_text(path.read_text().replace("print(6 * 7)", asked))
    assert execution.execute([path], workers=workers) == []
    [cell] = nbformat.read(execution.fresh_copy(path), as_version=4).cells
    assert cell.outputs[0].text.split() == [threads, threads]


@pytest.mark.slow
def test_a_notebook_that_raises_is_named(course, capfd):
    path = course / "notebooks/part/one.ipynb"
    path.write_text(path.read_text().replace("print(6 * 7)", "1 / 0"))
    assert execution.execute([path]) == ["part/one"]
    assert execution.fresh_copy(path) is None
    assert "ZeroDivisionError" in capfd.readouterr().err
