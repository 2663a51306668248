"""In a real JupyterLab the same cell is alive, and what the reader does reaches Python."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CELLS = [
    "import numpy as np\n"
    "from visual_attention.view.explorer import AttentionExplorer\n"
    "from visual_attention.view.sweep import sweep\n"
    "rows = np.eye(12)[None] * 0.5 + 0.5 / 12\n"
    "explorer = AttentionExplorer(np.zeros((3, 40, 30)), rows, grid=(4, 3))\n"
    "explorer",
    "sweep(lambda size: f'size is {size}', size=[1, 2, 3])",
    "print('asked:', explorer.query)",
]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab of its own, in a folder with one notebook."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, tmp_path / "widgets.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = ("CONFIG", "DATA", "RUNTIME")
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in names}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={tmp_path}"]
    command += ["--ServerApp.port_retries=0", "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).close()
                break
            except OSError:
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.5)
        yield f"{address}/lab/tree/widgets.ipynb"
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


RUN = """async (number) => {
    const until = async (found) => {
        while (!found()) {
            if (performance.now() > 90_000) throw new Error(`not within 90 seconds: ${found}`);
            await new Promise((soon) => setTimeout(soon, 50));
        }
        return found();
    };
    const app = await until(() => window.jupyterapp);
    const panel = await until(() => app.shell.currentWidget?.sessionContext && app.shell.currentWidget);
    await panel.context.ready;
    await panel.revealed;
    await panel.sessionContext.ready;
    const kernel = await until(() => panel.sessionContext.session?.kernel);
    await until(() => kernel.connectionStatus === "connected");
    await kernel.info;
    panel.content.activeCellIndex = number;
    await app.commands.execute("notebook:run-cell");
}"""


def run(page, number):
    """Run cell `number` by Lab's own command, once Lab itself says that page and kernel have met.

    What is asked by hand before that comes to nothing, and a cell's element is made anew meanwhile.
    """
    page.evaluate(RUN, number)


def test_a_widget_is_alive_and_python_hears_of_it(browser, lab):
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.set_default_timeout(90_000)
    page.goto(lab)
    reading = page.locator(".tk .tk-reading")
    run(page, 0)
    reading.filter(has_text="row 3, column 2").wait_for()
    assert page.locator(".tk-still").count() == 0, "the static form was chosen over the living one"
    patch = page.locator(".tk [role=application]")
    patch.press("ArrowUp")
    patch.press("ArrowRight")
    reading.filter(has_text="row 2, column 3").wait_for()

    run(page, 1)
    page.locator(".jp-OutputArea [role=slider]").first.press("ArrowRight")
    page.locator("pre", has_text="size is 3").wait_for()

    run(page, 2)
    page.locator(".jp-OutputArea-output", has_text="asked: 5").wait_for()
    page.close()
