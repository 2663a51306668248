"""Each notebook alone in an empty folder, with the versions of Colab: the set-up cell fetches the package.

The environment is that of tools.colab. What the set-up cell installs goes to a folder of the test's own
(pip's own variables say so), so that the environment itself stays without the package.

The first notebook is run whole and fetches the package from a wheel; the other notebooks find it there, since
their set-up cells are the same (test_committed.py). Each runs to its end, every cell, figure and widget, but
what `training.fit`, `experiments.curves.train` and `own.fitting.fit` train, they train for a few steps: the
later ones repeat them. What differs here, the versions of numpy, matplotlib, ipywidgets and IPython, has by
then been asked all that it is going to be asked; torch is the same, and that it trains to its end within the
time, and all that a notebook asserts of what came out, is held by the book's own execution (test_run.py).

The book executes notebooks as they are, with empty exercises. Here they are solved, so that the cells that
put the reader's function to work are seen to do so.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from unittest import mock

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools import colab, execution

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
START = execution.NOTEBOOKS / "start.ipynb"
NOWHERE = "git+file:///nowhere/to/be/found"
STEPS = 3
CUT = "a training was cut short"  # name of an empty file in the notebook's folder
SHORT = f"""

_whole = tqdm


def tqdm(steps, **how):
    open({CUT!r}, "w").close()
    return _whole(steps[:{STEPS}], **how)
"""
SHORT_CURVE = f"""

_entire = train


def train(*given, steps, scored, **how):
    open({CUT!r}, "w").close()
    averaged, found, losses = _entire(*given, steps={STEPS}, scored=[{STEPS}], **how)
    return averaged, dict.fromkeys(scored, found[{STEPS}]), losses[-1:] * steps
"""
SHORT_HEADS = f"""

STEPS = {STEPS}
_every = fit


def fit(*given, **how):
    open({CUT!r}, "w").close()
    return _every(*given, **how)
"""
SHORTER = {"training.py": SHORT, "experiments/curves.py": SHORT_CURVE, "own/fitting.py": SHORT_HEADS}


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


def solved(notebook, stem, folder):
    """The notebook with the book's solutions where a reader is to write; they lie beside it."""
    answers = execution.ROOT / "book" / "solutions" / f"{stem}.py"
    if answers.exists():
        shutil.copyfile(answers, folder / "answers.py")
        written = {node.name for node in ast.parse(answers.read_text()).body if hasattr(node, "name")}
        for cell in notebook.cells:
            stub = re.match(r"def (\w+)\(", cell.source) if cell.cell_type == "code" else None
            if stub and stub[1] in written and cell.source.rstrip().endswith("return None"):
                cell.source = f"from answers import {stub[1]}"
    return notebook


def run(path, folder, *, installed, source, cells=None):
    """Execute a notebook, or its first cells of code, alone in an empty folder by a kernel of Colab's.

    Args:
        path: the notebook.
        folder: the folder in which the empty one is made.
        installed: where the kernel's packages are looked for, and where pip installs.
        source: what the set-up cell is told to fetch.
        cells: how many cells of code to execute, None for all.
    """
    if not colab.is_fresh():
        pytest.fail("the environment with Colab's versions is missing: python -m tools.colab")
    kernel = folder / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    start = [str(colab.PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": start, "display_name": "Colab", "language": "python"})
    )
    settings = {
        "JUPYTER_PATH": folder / "jupyter",
        "PIP_TARGET": installed,
        "PYTHONPATH": installed,
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as: no isolation, so nothing is fetched
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "WHERE_TO_LOOK_SOURCE": source,
    }
    empty = folder / "alone"
    empty.mkdir()
    shutil.copyfile(path, empty / path.name)
    notebook = solved(nbformat.read(empty / path.name, as_version=4), path.stem, empty)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = code[:cells]

    def stop(cell, cell_index, execute_reply):
        """An assertion about what was trained says nothing where the training was cut short."""
        said = execute_reply["content"]
        excused = said.get("ename") == "AssertionError" and (empty / CUT).exists()
        if said["status"] == "error" and not excused:
            raise CellExecutionError.from_cell_and_msg(cell, said)

    place = {"metadata": {"path": empty}}
    how = {"timeout": 300, "kernel_name": "colab", "allow_errors": True, "on_cell_executed": stop}
    with mock.patch.dict(os.environ, {name: str(value) for name, value in settings.items()}):
        NotebookClient(notebook, resources=place, **how).execute()
    return notebook


@pytest.fixture(scope="session")
def fetched(wheel, tmp_path_factory):
    """Where the first notebook, run whole, has put the package; its trainings are now short."""
    folder = tmp_path_factory.mktemp("start")
    (folder / "installed").mkdir()
    run(START, folder, installed=folder / "installed", source=wheel)
    for name, more in SHORTER.items():
        with (folder / "installed" / "visual_attention" / name).open("a") as module:
            module.write(more)
    return folder / "installed"


def test_the_first_notebook_fetches_the_package_and_replaces_nothing_that_colab_has(fetched):
    assert {path.name.split("-")[0] for path in fetched.iterdir()} <= {
        "visual_attention",
        "bin",
        "__pycache__",
    }


@pytest.mark.parametrize("path", [p for p in execution.notebooks() if p != START], ids=execution.name)
def test_each_notebook_runs_alone_and_fetches_nothing_that_is_there(fetched, path, tmp_path):
    notebook = run(path, tmp_path, installed=fetched, source=NOWHERE)
    assert notebook.cells[0].outputs == []
    said = [output.text for cell in notebook.cells for output in cell.outputs if "text" in output]
    assert [text for text in said if re.search(r"Write \w+ first", text)] == []
    asked = [cell for cell in notebook.cells if cell.source.startswith("from answers import ")]
    stubs = [cell for cell in notebook.cells if cell.source.rstrip().endswith("    return None")]
    assert len(asked) >= 4 and stubs == []


FIT = """
import torch
from visual_attention.experiments.curves import train
from visual_attention.own import fitting, heads
from visual_attention.training import fit

def batches(step):
    drawn.append(step)
    return torch.ones(4, 2)

how = batches, lambda model, x: model(x).square().mean()
drawn = []
fit(torch.nn.Linear(2, 1), *how, steps=50)
print(len(drawn))
drawn = []
settings = {"rate": 0.01, "warmup": 5, "scored": [10, 50]}
_, scores, losses = train(torch.nn.Linear(2, 1), *how, lambda model: {"one": 1.0}, steps=50, **settings)
print(len(drawn), sorted(scores), len(losses))

labels, groups = torch.tensor([0, 1, 0, 1]), torch.eye(4).bool()
settings = {"classes": 2, "training": groups, "decays": [0.1] * 4}
with fitting.tqdm() as bar:
    fitting.fit(heads.MEAN, torch.randn(4, 3, 5), labels, bar=bar, **settings)
print(bar.n)
"""


def test_trainings_are_cut_short_here(fetched, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(fetched)}
    done = subprocess.run(
        [colab.PYTHON, "-c", FIT], env=environment, cwd=tmp_path, text=True, capture_output=True
    )
    assert done.stdout.splitlines() == [f"{STEPS}", f"{STEPS} [10, 50] 50", f"{STEPS}"], done.stderr
    assert (tmp_path / CUT).exists()


@pytest.mark.parametrize(
    "cell,fine",
    [
        ("assert 1 == 2", False),
        (f"open({CUT!r}, 'w').close()\nassert 1 == 2", True),
        (f"open({CUT!r}, 'w').close()\n1 / 0", False),
    ],
)
def test_only_an_assertion_may_fail_and_only_after_a_training_that_was_cut(fetched, tmp_path, cell, fine):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    nbformat.write(notebook, tmp_path / "one.ipynb")
    try:
        run(tmp_path / "one.ipynb", tmp_path, installed=fetched, source=NOWHERE)
    except CellExecutionError:
        assert not fine
    else:
        assert fine


def test_from_a_clone(tmp_path):
    source = clone(tmp_path / "clone")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        subprocess.run(["git", *identity, *command], cwd=source, check=True)
    (tmp_path / "installed").mkdir()
    run(START, tmp_path, installed=tmp_path / "installed", source=f"git+file://{source}", cells=2)
    assert (tmp_path / "installed" / "visual_attention").is_dir()


@pytest.mark.parametrize("address", [NOWHERE, "/nowhere/visual_attention-0.1.0-py3-none-any.whl"])
def test_a_bad_address_gives_one_clear_message(tmp_path, address):
    with pytest.raises(CellExecutionError) as caught:
        run(START, tmp_path, installed=tmp_path / "installed", source=address, cells=1)
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
