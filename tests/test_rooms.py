"""A chapter is one room: what repeats from room to room stands in each, and nothing is without a word."""

from pathlib import Path

import pytest
import yaml

from visual_attention import rooms

ROOT = Path(__file__).parents[1]
ROOMS = ROOT / "src/visual_attention/chapters"
REPEATED = {
    "__init__.py",
    "claims.py",
    "checks.py",
    "mistakes.py",
    "scores.py",
    "trained.py",
    "training.py",
    "widget.py",
}
NOTEBOOKS = {path.stem: path for path in ROOT.glob("notebooks/*/*.ipynb") if "." not in path.parent.name}
every_room = pytest.mark.parametrize("stem", rooms.stems())


def test_each_chapter_of_the_book_has_a_room_and_each_room_a_chapter():
    assert rooms.stems() == sorted(NOTEBOOKS)
    assert rooms.stems() == sorted(
        path.name for path in ROOMS.iterdir() if path.is_dir() and path.name[0] != "_"
    )


@every_room
def test_each_room_has_its_parts(stem):
    for path in (
        ROOMS / stem / "claims.py",
        ROOMS / stem / "checks.py",
        ROOT / f"tests/chapters/{stem}/test_checks.py",
        ROOT / f"book/solutions/{stem}.py",
        ROOT / f"book/api/chapters/{stem}.md",
    ):
        assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    assert list((ROOMS / stem / "records").glob(f"{stem}*.jsonl"))
    assert (ROOMS / stem / "widget.js").exists() == (ROOMS / stem / "widget.py").exists()


@every_room
def test_the_room_says_what_each_of_its_files_is_for(stem):
    said = (ROOMS / stem / "__init__.py").read_text()
    own = {path.name for path in (ROOMS / stem).glob("*.py")} - REPEATED
    assert {name for name in own if f"`{name}`" not in said} == set()


@every_room
def test_the_reference_lists_the_room(stem):
    contents = yaml.safe_dump(yaml.safe_load((ROOT / "_toc.yml").read_text()))
    assert f"book/api/chapters/{stem}\n" in contents


@every_room
def test_no_stored_network_is_too_large_for_a_repository(stem):
    for path in (ROOMS / stem).glob("*.safetensors"):
        assert path.name.startswith("trained") and path.stat().st_size < 2**21
