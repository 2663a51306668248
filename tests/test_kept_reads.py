"""What tests of this course read beyond their imports, as it was found, is known to tools.kept."""

from pathlib import Path

import pytest

from tests.contract import modules
from tools import kept

PACKAGE, ROOMS = "src/visual_attention", "src/visual_attention/chapters"
ENTRIES = "tests/chapters/tracking/modules.py"
READ = [
    (
        "tests/chapters/question_answering/test_decoder.py",
        "",
        "tests/chapters/question_answering/test_small_world.py",
    ),
    ("tests/classroom/test_remote.py", "", f"{PACKAGE}/classroom/worker.py"),  # a process started by its name
    ("tests/classroom/test_term.py", "", f"{PACKAGE}/classroom/grader.py"),
    ("tests/classroom/test_term.py", "", f"{ROOMS}/soft/widget.py"),  # imported by a cell of the notebook
    ("tests/contract/test_list.py", "", f"{ROOMS}/cost/widget.py"),  # it walks the whole package
    ("tests/contract/test_list.py", "", "tests/chapters/hard/modules.py"),
    ("tests/contract/test_modules.py", ENTRIES, ENTRIES),
    ("tests/contract/test_modules.py", ENTRIES, f"{ROOMS}/tracking/finders.py"),
    ("tests/notebooks/test_colab.py", "", "notebooks/start.ipynb"),
    ("tests/notebooks/test_colab.py", "applications/detection", "notebooks/start.ipynb"),
    ("tests/notebooks/test_colab.py", "applications/detection", f"{ROOMS}/detection/claims.py"),
    ("tests/notebooks/test_colab.py", "applications/detection", f"{ROOMS}/segmentation/coin_masks.py"),
    ("tests/own/test_field.py", "", "book/own.md"),
]
UNREAD = [
    ("tests/notebooks/test_colab.py", "applications/detection", f"{ROOMS}/inpainting/claims.py"),
    ("tests/notebooks/test_colab.py", "mechanisms/soft", f"{ROOMS}/segmentation/coin_masks.py"),
    ("tests/contract/test_modules.py", ENTRIES, f"{ROOMS}/hard/choosers.py"),
    ("tests/classroom/test_term.py", "", f"{ROOMS}/cost/widget.py"),
    ("tests/classroom/test_term.py", "", f"{ROOMS}/hard/checks.py"),
    ("tests/classroom/test_term.py", "", "notebooks/mechanisms/hard.ipynb"),
    ("tests/chapters/soft/test_widget.py", "", f"{ROOMS}/hard/widget.py"),
]


@pytest.fixture(scope="module")
def inputs():
    return kept.Inputs(Path(__file__).parents[1])


@pytest.mark.slow
@pytest.mark.parametrize("file,subject,read", READ)
def test_what_is_read_is_known(inputs, file, subject, read):
    assert read in inputs.files and read in inputs.of(file, subject)


@pytest.mark.parametrize("file,subject,unread", UNREAD)
def test_what_is_not_read_repeats_nothing(inputs, file, subject, unread):
    assert unread in inputs.files and unread not in inputs.of(file, subject)


def test_each_entry_of_the_contract_stands_where_its_verdict_looks_for_it():
    files = {room.__name__.replace(".", "/"): room.CASES for room in modules.rooms()}
    files["tests/contract/modules"] = modules.SHARED
    assert all(kept.entries(case.kind) == f"{file}.py" for file, cases in files.items() for case in cases)


def test_every_stored_network_is_read(inputs):
    stored = {name for name in inputs.files if name.startswith("src/") and name.endswith(".safetensors")}
    assert stored and stored <= inputs.of("tests/test_stored.py")
