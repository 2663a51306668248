"""A chapter's page: outputs of the present code, solutions in closed dropdowns, no remains of a kernel."""

import re

import nbformat

from tests.book import contents
from tools import execution


def cells(opened):
    return nbformat.read(execution.ROOT / f"{opened.name}.ipynb", as_version=4).cells


def graded(opened):
    return [cell for cell in cells(opened) if cell.metadata.get("nbgrader", {}).get("grade")]


def test_each_notebook_has_its_page():
    names = {f"notebooks/{execution.name(path)}" for path in execution.notebooks()}
    assert names == set(contents.chapters())


@contents.every_chapter
def test_each_exercise_has_its_solution_in_a_closed_dropdown(opened):
    dropdowns = opened.document.select("details.solution")
    assert len(dropdowns) == len(graded(opened))
    for dropdown in dropdowns:
        assert not dropdown.has_attr("open")
        name = dropdown.select_one("summary").text.strip().rsplit(" ", 1)[-1]
        assert any(f"{word} {name}" in dropdown.select_one("pre").text for word in ("def", "class"))


@contents.every_chapter
def test_the_notebook_itself_holds_no_solution(opened):
    for cell in cells(opened):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            assert "None" in cell.source or "pass" in cell.source or "..." in cell.source


@contents.every_chapter
def test_no_remains_of_a_kernel(opened):
    assert opened.document.select("script[type='application/vnd.jupyter.widget-state+json']") == []
    assert opened.document.select("script[type='application/vnd.jupyter.widget-view+json']") == []
    for script in opened.document.select("script[src], link[rel=stylesheet]"):
        assert "thebe" not in str(script) and "require" not in script.get("src", "")


@contents.every_chapter
def test_no_traceback_and_no_progress_bar(opened):
    output = " ".join(tag.text for tag in opened.document.select(".cell_output"))
    for remains in ("Traceback (most recent call last)", "it/s]", "HBox(", "IntSlider(", "object at 0x"):
        assert remains not in output


@contents.every_page
def test_a_heading_has_one_number(opened):
    """The book numbers its sections itself: 8.11.1. Can you ..., not 8.11.1. 1. Can you ..."""
    titles = opened.document.select("h1, h2, h3, h4, h5, nav a")
    words = [re.sub(r"\s+", " ", title.text).strip() for title in titles]
    assert [title for title in words if re.match(r"(\d+\.)+ \d+\.", title)] == []
    numbered = [title for title in words if re.match(r"(\d+\.)+\s", title)]
    assert numbered, "no heading has a number: is this test looking at headings?"
