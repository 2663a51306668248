"""Each notebook alone in an empty folder, with the versions of Colab: the set-up cell fetches the package.

The environment is that of tools.colab. What the set-up cell installs goes to a folder of the test's own
(pip's own variables say so), so that each test starts without the package.
"""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools import colab, execution

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
START = execution.NOTEBOOKS / "start.ipynb"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    return next(built(clone(folder / "source"), folder).glob("*.whl"))


def clone(folder):
    """The files that git knows, as a repository of their own: what a clone of the next commit would be."""
    listed = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
        "src",
        "pyproject.toml",
        "README.md",
    ]
    names = subprocess.run(listed, cwd=execution.ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (execution.ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(execution.ROOT / name, folder / name)
    return folder


def built(source, folder):
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        source,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def in_colab(tmp_path, monkeypatch):
    """A function that runs a notebook alone in an empty folder and returns it, executed."""
    if not colab.is_fresh():
        pytest.fail("the environment with Colab's versions is missing: python -m tools.colab")
    kernel = tmp_path / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    start = [str(colab.PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": start, "display_name": "Colab", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    (tmp_path / "installed").mkdir()
    for name in ("PIP_TARGET", "PYTHONPATH"):
        monkeypatch.setenv(name, str(tmp_path / "installed"))
    monkeypatch.setenv(
        "PIP_NO_BUILD_ISOLATION", "0"
    )  # pip reads this as: no isolation, so nothing is fetched
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")

    def run(path, source):
        monkeypatch.setenv("WHERE_TO_LOOK_SOURCE", str(source))
        empty = tmp_path / "alone"
        empty.mkdir()
        shutil.copyfile(path, empty / path.name)
        notebook = nbformat.read(empty / path.name, as_version=4)
        client = NotebookClient(
            notebook, timeout=300, kernel_name="colab", resources={"metadata": {"path": empty}}
        )
        client.execute()
        return notebook

    return run


@pytest.mark.parametrize("path", execution.notebooks(), ids=execution.name)
def test_each_notebook_runs_alone_from_a_wheel(in_colab, wheel, path):
    in_colab(path, wheel)


def test_from_a_clone(in_colab, tmp_path):
    source = clone(tmp_path / "clone")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        subprocess.run(["git", *identity, *command], cwd=source, check=True)
    in_colab(START, f"git+file://{source}")
    assert (tmp_path / "installed" / "visual_attention").is_dir()


def test_already_installed_it_fetches_nothing(in_colab, wheel, tmp_path):
    install = [colab.PYTHON, "-m", "pip", "install", "-q", "--no-deps", wheel]
    subprocess.run(install, check=True, env=os.environ, capture_output=True)
    notebook = in_colab(START, "git+file:///nowhere")
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert setup.outputs == []


@pytest.mark.parametrize(
    "address", ["git+file:///nowhere/to/be/found", "/nowhere/visual_attention-0.1.0-py3-none-any.whl"]
)
def test_a_bad_address_gives_one_clear_message(in_colab, address):
    with pytest.raises(CellExecutionError) as caught:
        in_colab(START, address)
    assert caught.value.ename == "SystemExit"
    message = caught.value.evalue
    assert address in message and "Check the address and the network, then run this cell again." in message
    assert len(message.splitlines()) <= 4


def test_the_versions_are_colab_s():
    code = "import importlib.metadata as m, sys; print(*(f'{n}=={m.version(n)}' for n in sys.argv[1:]))"
    names = [pin.split("==")[0] for pin in colab.PINS]
    found = subprocess.run(
        [colab.PYTHON, "-c", code, *names], check=True, capture_output=True, text=True
    ).stdout
    assert tuple(found.split()) == colab.PINS


def test_the_set_up_cell_replaces_nothing_that_colab_has(in_colab, wheel, tmp_path):
    in_colab(START, wheel)
    installed = {path.name.split("-")[0] for path in (tmp_path / "installed").iterdir()}
    assert installed <= {"visual_attention", "bin", "__pycache__"}
