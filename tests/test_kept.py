"""A verdict is kept while the files of its test stand, and not a moment longer."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import kept

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
FILES = {
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--import-mode=importlib'\n",
    "src/visual_attention/__init__.py": "",
    "src/visual_attention/base.py": "SIZE = 3\n",
    "src/visual_attention/training.py": "from visual_attention.base import SIZE\n",
    "src/visual_attention/chapters/__init__.py": "",
    "src/visual_attention/chapters/one/__init__.py": "",
    "src/visual_attention/chapters/one/claims.py": "from visual_attention.training import SIZE\n",
    "src/visual_attention/chapters/one/record.jsonl": "{}\n",
    "src/visual_attention/chapters/two/__init__.py": "",
    "src/visual_attention/chapters/two/claims.py": "THREE = 3\n",
    "src/visual_attention/experiments/__init__.py": "",
    "src/visual_attention/experiments/registry.py": "LOOKS = 'into the rooms'\n",
    "notebooks/part/one.ipynb": "{}\n",
    "notebooks/part/two.ipynb": "{}\n",
    "tests/helper.py": "WANTED = 3\n",
    "tests/chapters/one/test_claims.py": "from visual_attention.chapters.one.claims import SIZE\n"
    "from tests import helper\n\n\ndef test_size():\n    assert SIZE == helper.WANTED\n",
    "tests/experiments/test_registry.py": "from visual_attention.experiments import registry\n\n\n"
    "def test_looks():\n    assert registry.LOOKS\n",
}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course of two rooms and two tests."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    paths = [tmp_path / "src", tmp_path, ROOT]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, paths)))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a quarter of the time
    return tmp_path


def ran(course, *more):
    """The last line of a run of the small course's tests, and all that was said."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tools.kept", *more]
    said = subprocess.run(command, cwd=course, capture_output=True, text=True, timeout=300)
    return said.stdout.strip().splitlines()[-1].split(" in ")[0], said.stdout + said.stderr


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")])
def test_what_passed_is_not_repeated_and_is_told(course, workers):
    assert ran(course, *workers)[0] == "2 passed"
    last, said = ran(course, *workers)
    assert "passed" not in last and "2 tests were not repeated" in said
    assert ran(course, *workers, "--again")[0] == "2 passed"


def test_what_a_worker_finds_on_a_path_of_its_own_is_not_installed(course):
    """As setuptools' own packages, which the process that keeps the verdicts does not see."""
    (course / "more/extra-1.0.dist-info").mkdir(parents=True)
    (course / "more/extra-1.0.dist-info/METADATA").write_text("Name: extra\nVersion: 1.0\n")
    with (course / LOOKER).open("a") as file:
        file.write(f"\nimport sys\n\nsys.path.append({str(course / 'more')!r})\n")
    assert ran(course, "-p", "xdist", "-n", "2")[0] == "2 passed"
    assert "2 tests were not repeated" in ran(course, "-p", "xdist", "-n", "2")[1]


ROOM, LOOKER = "tests/chapters/one/test_claims.py", "tests/experiments/test_registry.py"


@pytest.mark.parametrize(
    "changed,repeated",
    [
        (ROOM, {ROOM}),
        ("tests/helper.py", {ROOM}),
        ("src/visual_attention/base.py", {ROOM, LOOKER}),  # through training.py, through claims.py
        (
            "src/visual_attention/chapters/one/new.json",
            {ROOM, LOOKER},
        ),  # data in a room; who looks reads it, too
        ("src/visual_attention/chapters/two/claims.py", {LOOKER}),
        ("notebooks/part/one.ipynb", {ROOM}),
        ("notebooks/part/two.ipynb", set()),
        ("pyproject.toml", {ROOM, LOOKER}),
        ("tests/chapters/conftest.py", {ROOM}),  # a new one, above its folder
    ],
)
def test_what_a_change_could_touch_is_repeated(course, changed, repeated):
    before = kept.Inputs(course)
    found = {file: before.key(file) for file in (ROOM, LOOKER)}
    with (course / changed).open("a") as file:
        file.write("\n")
    after = kept.Inputs(course)
    assert {file for file in found if after.key(file) != found[file]} == repeated


@pytest.mark.parametrize(
    "said,read",
    [
        ("from .hand import SIZE", "tests/chapters/one/hand.py"),
        ("from ..one import hand", "tests/chapters/one/hand.py"),
        ("'from visual_attention import training, base'", "src/visual_attention/base.py"),
        ("'visual_attention.base.SIZE.real'", "src/visual_attention/base.py"),
    ],
)
def test_what_it_names_is_read(course, said, read):
    (course / "tests/chapters/one/hand.py").write_text("SIZE = 3\n")
    (course / ROOM).write_text(f"{said}\n")
    assert read in kept.Inputs(course).of(ROOM)


def test_a_page_is_read_with_its_pictures(course, monkeypatch):
    built = course / "_build/html"
    (built / "_images").mkdir(parents=True)
    for name in ("one.png", "two.png"):
        (built / "_images" / name).touch()
    (built / "one.html").write_text('<img src="_images/one.png">')
    found = kept.Inputs(course).of("tests/book/test_pages.py", "one")
    assert "_build/html/_images/one.png" in found and "_build/html/_images/two.png" not in found
    monkeypatch.setenv("BOOK_PAGES", "elsewhere")
    assert kept.Inputs(course).of("tests/book/test_pages.py", "one") is None


def test_another_device_repeats_all(course, monkeypatch):
    before = kept.Inputs(course).key(ROOM)
    monkeypatch.setenv("VISUAL_ATTENTION_DEVICE", "cuda")
    assert kept.Inputs(course).key(ROOM) != before


def test_nothing_is_kept_of_a_package_that_lies_elsewhere(course, monkeypatch):
    shutil.copytree(course / "src", course / "elsewhere")
    monkeypatch.setenv("PYTHONPATH", f"{course / 'elsewhere'}{os.pathsep}{os.environ['PYTHONPATH']}")
    for _ in range(2):
        assert ran(course)[0] == "2 passed"


def test_another_package_or_program_repeats_all(course, monkeypatch):
    before = kept.Inputs(course).key(ROOM)
    assert kept.Inputs(course).key(ROOM) == before
    installed = [SimpleNamespace(name="torch", version="9")]
    monkeypatch.setattr(kept.metadata, "distributions", lambda path: installed)
    another = kept.Inputs(course).key(ROOM)
    monkeypatch.setattr(kept.shutil, "which", lambda name: str(course / "pyproject.toml"))
    assert len({before, another, kept.Inputs(course).key(ROOM)}) == 3


def test_what_failed_is_repeated_and_so_is_what_passed_before_it_failed(course):
    broken = course / ROOM
    assert ran(course)[0] == "2 passed"
    broken.write_text(broken.read_text().replace("==", "!="))
    assert ran(course)[0].startswith("1 failed")
    assert ran(course)[0].startswith("1 failed")
    broken.write_text(broken.read_text().replace("!=", "=="))
    assert ran(course)[0].startswith("1 passed")


def test_what_fails_when_it_is_taken_down_is_repeated_with_all_that_used_it(course):
    file = course / ROOM
    file.write_text(
        "import pytest\n\n\n@pytest.fixture(scope='module')\ndef late():\n    yield\n    assert False\n\n\n"
        "def test_size(late):\n    pass\n\n\ndef test_again(late):\n    pass\n"
    )
    for _ in range(2):
        assert ran(course, "tests/chapters")[0] == "2 passed, 1 error"


def test_what_is_changed_while_it_is_tested_is_not_kept(course):
    base, write = (
        course / "src/visual_attention/base.py",
        "import sys; print('#', file=open(sys.argv[1], 'a'))",
    )
    (course / ROOM).write_text(
        "import subprocess\nimport sys\n\nfrom visual_attention import base\n\n\ndef test_size():\n"
        f"    subprocess.run([sys.executable, '-c', {write!r}, {str(base)!r}], check=True)\n"
    )
    for _ in range(2):
        assert ran(course, "tests/chapters")[0] == "1 passed"


def test_what_is_changed_while_tests_are_collected_is_not_kept(course):
    (course / ROOM).write_text(
        "from visual_attention import base\n\nfile = open(base.__file__, 'r+')\n"
        "'#' in file.read() or file.write('# changed\\n')\nfile.close()\n\n\ndef test_size():\n    pass\n"
    )
    for _ in range(2):
        assert ran(course, "tests/chapters")[0] == "1 passed"
    assert "not repeated" in ran(course, "tests/chapters")[1]


def test_what_opens_more_than_it_is_known_to_read_is_never_kept_and_named(course):
    (course / ROOM).write_text("def test_size():\n    open('notebooks/part/two.ipynb').close()\n")
    for workers in ((), ("-p", "xdist", "-n", "1")):
        last, said = ran(course, "tests/chapters", *workers)
        assert last == "1 passed" and f"{ROOM}::test_size: it opened notebooks/part/two.ipynb" in said


def test_what_hypothesis_reads_for_its_constants_is_not_held_against_a_test(course):
    (course / ROOM).write_text(
        "import visual_attention.chapters.two.claims as two\n"
        "from hypothesis import given, strategies as st\n\n\n"
        "@given(st.integers())\ndef test_size(n):\n    assert two.THREE == 3\n"
    )
    (course / "src/visual_attention/view.py").write_text("SEEN = 1\n")
    (course / "tests/chapters/one/conftest.py").write_text(
        "import sys\nsys.path.insert(0, 'src')\n__import__('visual_attention.' + 'view')\n"
    )
    last, said = ran(course, "tests/chapters")
    assert last == "1 passed" and "it opened" not in said
