"""A notebook of which nbconvert made a page: without a network the widget works, or shows its still."""

import json
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from traitlets.config import Config

from visual_attention.view import portable
from visual_attention.view.explorer import AttentionExplorer
from visual_attention.view.portable import VIEW, attended
from visual_attention.view.sweep import sweep

STATE = "application/vnd.jupyter.widget-state+json"
ROWS = np.eye(12)[None] * 0.5 + 0.5 / 12


def explorer():
    return AttentionExplorer(np.zeros((3, 40, 30)), ROWS, grid=(4, 3))


def sizes():
    return sweep(lambda size: f"size is {size}", size=[1, 2, 3])


def asked_by(monkeypatch, **content):
    """As in a kernel that was asked to run a cell."""
    shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda channel: {"content": content}))
    monkeypatch.setattr(portable, "get_ipython", lambda: shell)


def notebook_of(*shown, saved=False):
    """A notebook after its run, with the widgets' state if that was saved, as nbclient saves it."""
    cells, states = [], {}
    for one in shown:
        data = one._repr_mimebundle_()[0]
        output = nbformat.v4.new_output("execute_result", data, execution_count=1)
        cells.append(nbformat.v4.new_code_cell("shown", outputs=[output], execution_count=1))
        widget = getattr(one, "box", one)
        states[widget.model_id] = {"model_name": "AnyModel", "model_module": "anywidget", "state": {}}
    notebook = nbformat.v4.new_notebook(cells=cells)
    if saved:
        notebook.metadata["widgets"] = {STATE: {"state": states, "version_major": 2, "version_minor": 0}}
    return notebook


def exported(notebook, tmp_path, **config):
    page, _ = HTMLExporter(config=Config(config)).from_notebook_node(notebook)
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    return (tmp_path / "page.html").as_uri()


def open_alone(browser, address, **options):
    """A page that fetched nothing from anywhere: what it asks a network for is refused."""
    page = browser.new_context(viewport={"width": 1200, "height": 1400}, **options).new_page()
    page.goto(address, wait_until="commit")
    return page


def is_alive(page):
    reading = page.locator(".tk .tk-reading").first
    reading.filter(has_text="row 3, column 2").wait_for(timeout=20_000)
    page.locator(".tk [role=application]").press("ArrowUp")
    reading.filter(has_text="row 2, column 2").wait_for(timeout=20_000)
    slider = page.locator(".tk input[type=range]").last
    slider.press("ArrowRight")
    page.locator(".tk", has_text="size is 3").wait_for(timeout=20_000)
    assert page.locator(".tk-still > img").count() == 0
    page.context.close()


class TestWhoIsThere:
    def test_outside_of_a_notebook_nobody_says_otherwise(self):
        assert attended()

    def test_a_frontend_can_be_asked_and_who_runs_it_all_cannot(self, monkeypatch):
        for content, there in (({"allow_stdin": True}, True), ({"allow_stdin": False}, False), ({}, True)):
            asked_by(monkeypatch, **content)
            assert attended() is there

    @pytest.mark.parametrize("kernel", [None, SimpleNamespace(), SimpleNamespace(get_parent=lambda _: None)])
    def test_kernels_of_another_kind(self, monkeypatch, kernel):
        monkeypatch.setattr(portable, "get_ipython", lambda: SimpleNamespace(kernel=kernel))
        assert attended()

    @pytest.mark.slow
    @pytest.mark.parametrize("make", [explorer, sizes])
    def test_the_live_view_is_there_for_those_who_can_use_it(self, monkeypatch, make):
        for there in (True, False):
            asked_by(monkeypatch, allow_stdin=there)
            shown = make()
            data, _ = shown._repr_mimebundle_()
            assert {"text/html", "image/png", "text/plain"} <= set(data)
            assert (VIEW in data) is there
            if there:
                assert data[VIEW]["model_id"] == getattr(shown, "box", shown).model_id


@pytest.mark.browser
class TestExported:
    def test_a_notebook_that_ran_by_itself_is_alive(self, monkeypatch, browser, tmp_path):
        """As after nbconvert --execute: the widgets' state is saved."""
        asked_by(monkeypatch, allow_stdin=False)
        is_alive(open_alone(browser, exported(notebook_of(explorer(), sizes(), saved=True), tmp_path)))

    def test_a_notebook_saved_by_a_reader_is_alive(self, monkeypatch, browser, tmp_path):
        asked_by(monkeypatch, allow_stdin=True)
        is_alive(open_alone(browser, exported(notebook_of(explorer(), sizes()), tmp_path)))

    def test_a_notebook_saved_with_the_state_is_alive_if_nbconvert_is_told(
        self, monkeypatch, browser, tmp_path
    ):
        """With the very option that the module's text names; without it, the place stays empty."""
        asked_by(monkeypatch, allow_stdin=True)
        notebook = notebook_of(explorer(), sizes(), saved=True)
        told = json.loads(portable.__doc__.partition("display_data_priority='")[2].partition("'")[0])
        address = exported(notebook, tmp_path, NbConvertBase={"display_data_priority": told})
        is_alive(open_alone(browser, address))
        page = open_alone(browser, exported(notebook, tmp_path))
        assert page.locator(".tk-still, .tk, .jp-RenderedImage img").count() == 0
        page.context.close()

    def test_without_scripts_the_stills_are_shown(self, monkeypatch, browser, tmp_path):
        asked_by(monkeypatch, allow_stdin=False)
        address = exported(notebook_of(explorer(), sizes(), saved=True), tmp_path)
        page = open_alone(browser, address, java_script_enabled=False)
        stills = page.locator(".tk-still > img")
        assert stills.count() == 2
        for still in stills.all():
            assert still.is_visible() and still.evaluate("i => i.naturalWidth") > 100
            assert len(still.get_attribute("alt")) > 5
        page.context.close()

    @pytest.mark.slow
    def test_the_whole_way(self, browser, tmp_path):
        """A notebook without outputs, run and exported as `jupyter nbconvert --execute --to html` does it."""
        cells = [
            "import numpy as np\n"
            "from visual_attention.view.explorer import AttentionExplorer\n"
            "AttentionExplorer(np.zeros((3, 40, 30)), np.eye(12)[None] * 0.5 + 0.5 / 12, grid=(4, 3))",
            "from visual_attention.view.sweep import sweep\n"
            "sweep(lambda size: f'size is {size}', size=[1, 2, 3])",
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        execute = {"ExecutePreprocessor": {"enabled": True}}
        is_alive(open_alone(browser, exported(notebook, tmp_path, **execute)))
