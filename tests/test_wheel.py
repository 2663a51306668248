"""What `pip install .` brings: the package with all its files, and neither tests nor notebooks."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/visual_attention"
LEFT_OUT = {"__pycache__"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> list[str]:
    """The names of the files in a wheel, made in a copy so that nothing is left in the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in ("tests", "notebooks"):  # what must not slip in has to lie there
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q"]
    subprocess.run([*command, "-w", str(folder / "made"), str(folder)], check=True, capture_output=True)
    (made,) = (folder / "made").glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        return archive.namelist()


def test_every_file_of_the_package_is_in_it(wheel):
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and not LEFT_OUT & set(path.parts)]
    wanted = {f"visual_attention/{path.relative_to(PACKAGE).as_posix()}" for path in files}
    assert len(wanted) > 200
    assert wanted - set(wheel) == set()


def test_nothing_else_is_in_it(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"visual_attention"}
    assert not [name for name in wheel if name.endswith(".ipynb") or "/test_" in name]


@pytest.mark.slow
def test_it_asks_for_all_that_it_imports():
    """What a module imports is installed with it: else the first command of a new user is a traceback."""
    named = {"sklearn": "scikit-learn", "skimage": "scikit-image", "PIL": "pillow"}
    named |= {"distributed": "", "pycocotools": ""}  # the extra for clusters; scores of the detection chapter
    named |= {"av": ""}  # reads the film, once, from which the tracking chapter's file was made
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    given = {re.split(r"[><=]", one)[0] for one in wanted}
    missing = {}
    for path in PACKAGE.rglob("*.py"):
        if "classroom" in path.parts:
            continue  # has its own extra
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {name.split(".")[0] for name in names} - set(sys.stdlib_module_names):
                package = named.get(top, top)
                if package and package not in given | {"visual_attention", "IPython", "traitlets"}:
                    missing.setdefault(package, []).append(path.relative_to(PACKAGE).as_posix())
    assert not missing
