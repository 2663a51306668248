"""A chapter's page: outputs of the present code, solutions in closed dropdowns, no remains of a kernel."""

import nbformat
import pytest
from bs4 import BeautifulSoup

from tools import execution

every_chapter = pytest.mark.parametrize("path", execution.notebooks(), ids=execution.name)


@pytest.fixture
def chapter(pages, path):
    return BeautifulSoup((pages / f"notebooks/{execution.name(path)}.html").read_text(), "html.parser")


def graded(path):
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]


@every_chapter
def test_each_exercise_has_its_solution_in_a_closed_dropdown(chapter, path):
    dropdowns = chapter.select("details.solution")
    assert len(dropdowns) == len(graded(path))
    for dropdown in dropdowns:
        assert not dropdown.has_attr("open")
        name = dropdown.select_one("summary").text.strip().rsplit(" ", 1)[-1]
        assert any(f"{word} {name}" in dropdown.select_one("pre").text for word in ("def", "class"))


@every_chapter
def test_the_notebook_itself_holds_no_solution(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            assert "None" in cell.source or "pass" in cell.source or "..." in cell.source


@every_chapter
def test_no_remains_of_a_kernel(chapter):
    assert chapter.select("script[type='application/vnd.jupyter.widget-state+json']") == []
    assert chapter.select("script[type='application/vnd.jupyter.widget-view+json']") == []
    for script in chapter.select("script[src], link[rel=stylesheet]"):
        assert "thebe" not in str(script) and "require" not in script.get("src", "")


@every_chapter
def test_no_traceback_and_no_progress_bar(chapter):
    output = " ".join(tag.text for tag in chapter.select(".cell_output"))
    for remains in ("Traceback (most recent call last)", "it/s]", "HBox(", "IntSlider(", "object at 0x"):
        assert remains not in output
