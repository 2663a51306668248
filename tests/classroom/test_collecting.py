"""Every file of a folder is taken for a student, or named with the reason."""

import json
import os
import re

import pytest

from visual_attention.classroom.collecting import gather
from visual_attention.classroom.intake import Intake
from visual_attention.classroom.made_up import written
from visual_attention.classroom.names import LONGEST, copy_number, identity, shown, suggestion, without_copies
from visual_attention.classroom.roll import Roll, write


def notebook(text: str = "x") -> bytes:
    return written({"cells": [{"cell_type": "code", "source": text}]})


def laid(folder, files: dict[str, bytes | None]) -> None:
    """Write files, each newer than the one before."""
    for time, (name, content) in enumerate(files.items()):
        path = folder / name
        if content is None:
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1000 + time, 1000 + time))


def taken(folder) -> dict[str, str]:
    """Which file is taken for which student."""
    found = gather(folder, "soft").students
    return {student: str(f.path.relative_to(folder)) for student, f in found.items() if not f.reason}


@pytest.mark.parametrize(
    ("file", "student"),
    [
        ("alice.ipynb", "alice"),
        ("alice (1).ipynb", "alice"),
        ("alice.IPYNB", "alice"),
        ("alice.ipynb.txt", "alice"),
        ("alice.ipynb (3)", "alice"),
        ("alice.json", "alice"),
        ("bob/soft.ipynb", "bob"),
        ("bob/soft (1).ipynb", "bob"),
        ("bob/Soft.ipynb", "bob"),
        ("bob/Copy of soft.ipynb", "bob"),
        ("bob/homework.ipynb", "bob"),
        ("bob/soft.ipynb.txt", "bob"),
        ("bob/soft/answers/soft.ipynb", "bob"),
        ("bob (2)/soft.ipynb", "bob"),
        ("Zoë Ó Ń_12_assignsubmission_file_/soft.ipynb", "Zoë_Ó_Ń_12_assignsubmission_file_"),
    ],
)
def test_files_of_many_names_are_taken(tmp_path, file, student):
    laid(tmp_path, {file: notebook()})
    assert taken(tmp_path) == {student: file} and gather(tmp_path, "soft").passed_over == {}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (".DS_Store", "hidden"),
        (".ipynb_checkpoints/alice-checkpoint.ipynb", "hidden"),
        ("__MACOSX/alice/._soft.ipynb", "operating system"),
        ("Thumbs.db", "operating system"),
        ("readme.txt", r"no notebook \(.txt\)"),
        ("grades", r"no notebook \(no ending\)"),
        ("soft.ipynb", "whose is it"),
        ("Soft (1).ipynb", "whose is it"),
        ("soft/alice.ipynb", "collect soft .*soft"),
    ],
)
def test_files_that_are_no_submissions_are_named_with_the_reason(tmp_path, file, words):
    laid(tmp_path, {"someone.ipynb": notebook(), file: notebook() if file.endswith("nb") else b"x"})
    found = gather(tmp_path, "soft")
    assert list(found.students) == ["someone"]
    (path, reason) = found.passed_over.popitem()
    assert file.startswith(path.rstrip("/")) and re.search(words, reason)


def test_folders_of_students_without_a_notebook_have_a_reason(tmp_path):
    laid(
        tmp_path,
        {"empty": None, "wrong/notes.pdf": b"%PDF", "hidden/.ipynb_checkpoints/soft.ipynb": notebook()},
    )
    found = gather(tmp_path, "soft")
    reasons = {student: f.reason for student, f in found.students.items()}
    assert (
        reasons["empty"] == reasons["hidden"] == "the folder is empty"
        and "only notes.pdf" in reasons["wrong"]
    )
    assert list(found.passed_over) == ["hidden/.ipynb_checkpoints"]


def test_of_several_files_of_a_student_the_newest_with_the_name_that_can_be_read_is_taken(tmp_path):
    files = {"a/soft.ipynb": notebook("1"), "a/soft (1).ipynb": notebook("2"), "a/soft (2).ipynb": b"<html>"}
    laid(
        tmp_path,
        files | {"a/more.pdf": b"%PDF", "b/soft.ipynb": notebook("4"), "b/other.ipynb": notebook("3")},
    )
    laid(tmp_path, {"b.ipynb": notebook("0")})  # older
    found = gather(tmp_path, "soft")
    assert {s: f.cells[0].source for s, f in found.students.items()} == {"a": "2", "b": "4"}
    assert set(found.passed_over) == {
        "a/soft.ipynb",
        "a/soft (2).ipynb",
        "a/more.pdf",
        "b/other.ipynb",
        "b.ipynb",
    }
    assert found.passed_over["a/soft.ipynb"].startswith("an older file")
    assert found.passed_over["a/soft (2).ipynb"].startswith("it is a web page")


def test_a_class_in_folders_below_is_not_taken_for_a_student(tmp_path):
    laid(
        tmp_path,
        {"group/alice/soft.ipynb": notebook(), "group/bob/soft.ipynb": notebook(), "x.ipynb": notebook()},
    )
    found = gather(tmp_path, "soft")
    assert list(found.students) == ["x"] and "notebooks of several" in found.passed_over["group/"]


def test_students_whose_names_would_become_the_same_are_not_mixed(tmp_path):
    laid(tmp_path, {"a_b.ipynb": notebook("1"), "a b.ipynb": notebook("2"), "a?b/soft.ipynb": notebook("3")})
    found = gather(tmp_path, "soft")
    assert {s: f.cells[0].source for s, f in found.students.items()} == {"a_b": "1"}
    assert all("too much like a_b" in reason for reason in found.passed_over.values())
    assert set(found.passed_over) == {"a b.ipynb", "a?b/soft.ipynb"}


def test_links_are_not_followed(tmp_path):
    outside = tmp_path / "outside"
    laid(tmp_path, {"outside/soft.ipynb": notebook(), "class/a/x.txt": b""})
    (tmp_path / "class/b").symlink_to(outside)
    (tmp_path / "class/a/soft.ipynb").symlink_to(outside / "soft.ipynb")
    (tmp_path / "class/c.ipynb").symlink_to(outside / "soft.ipynb")
    found = gather(tmp_path / "class", "soft")
    assert set(found.students) == {"a", "c"} and "a link" in found.passed_over["b"]
    assert all("a link" in f.reason for f in found.students.values())


def test_names_are_safe_and_stay_apart():
    wanted = {"bob": "bob", "a b": "a_b", "../x": "_x", "-rf": "_rf", "=1+2": "1_2", "@SUM(A1)": "_SUM_A1"}
    for name, safe in wanted.items():
        assert identity(name) == safe, name
    long = identity("a" * 300), identity("a" * 299 + "b")
    assert len(set(long)) == 2 and max(map(len, long)) == LONGEST
    for name in (
        "",
        " ",
        "...",
        "\x1b[2J",
        "\u202ex",
        "a/b\\c",
        "x'; DROP TABLE student;--",
        "李雷",
        "e\u0301",
    ):
        safe = identity(name)
        assert safe[0].isalnum() or safe[0] == "_"
        assert all(c.isalnum() or c in "._@-" for c in safe) and identity(safe) in (safe, "_" + safe)
    assert identity("e\u0301") == identity("\u00e9")


def test_what_is_shown_moves_no_cursor():
    assert shown("a\x1b[2Jb\nc\u202e") == r"a\x1b[2Jb c\x202e" and len(shown("x" * 999)) == 300
    assert (
        without_copies("soft (1) (2)") == "soft"
        and copy_number("soft (12)") == 12
        and copy_number("soft") == 0
    )
    assert suggestion("sotf", ["hard", "soft"]) == " Did you mean soft?" and suggestion("x", ["hard"]) == ""
    assert suggestion("a/Sotf.ipynb", ["b/soft.ipynb"]) == " Did you mean b/soft.ipynb?"


@pytest.fixture
def intake(tmp_path, soft):
    """The roll of an assignment that was handed out."""
    write(tmp_path / "source/soft/soft.ipynb", written(soft.filled({})))
    return Intake(tmp_path, "soft")


def test_what_was_collected_is_kept_as_it_came_and_as_it_is_graded(intake, soft, tmp_path):
    files = {"in/a.ipynb": b"\xef\xbb\xbf" + written(soft.filled()), "in/b.ipynb": b"<html>"}
    laid(tmp_path, files)
    intake.take_all(gather(tmp_path / "in", "soft"))
    assert (tmp_path / "collected/soft/a.ipynb").read_bytes() == files["in/a.ipynb"]
    assert (tmp_path / "collected/soft/b.ipynb").read_bytes() == files["in/b.ipynb"]
    again = Roll(tmp_path / "collected/soft")
    assert again.students == intake.roll.students and again.students["b"].reason.startswith(
        "it is a web page"
    )
    assert intake.file("submitted", "a").exists() and not intake.file("submitted", "b").exists()


def test_collecting_again_touches_only_what_changed(intake, soft, tmp_path):
    laid(tmp_path, {"in/a.ipynb": written(soft.filled()), "in/b.ipynb": written(soft.filled())})
    intake.take_all(gather(tmp_path / "in", "soft"))
    before = {s: intake.file("submitted", s).stat().st_mtime_ns for s in "ab"}
    laid(
        tmp_path,
        {"in/a.ipynb": written(soft.filled({})), "in/b.ipynb": b"\xef\xbb\xbf" + written(soft.filled())},
    )
    intake.take_all(gather(tmp_path / "in", "soft"))
    after = {s: intake.file("submitted", s).stat().st_mtime_ns for s in "ab"}
    assert after["a"] != before["a"] and after["b"] == before["b"]


def test_a_file_that_cannot_be_read_does_not_hide_behind_an_earlier_one(intake, soft, tmp_path):
    laid(tmp_path, {"in/a.ipynb": written(soft.filled())})
    intake.take_all(gather(tmp_path / "in", "soft"))
    laid(tmp_path, {"in/a.ipynb": b""})
    intake.take_all(gather(tmp_path / "in", "soft"))
    reason = intake.roll.students["a"].reason
    assert "it is empty" in reason and "an earlier file" in reason


def test_another_notebook_that_is_handed_out_changes_what_is_graded(intake, soft, tmp_path):
    laid(tmp_path, {"in/a.ipynb": written(soft.filled()), "in/b.ipynb": b""})
    intake.take_all(gather(tmp_path / "in", "soft"))
    key = intake.roll.students["a"].key
    intake.adopt()
    assert intake.roll.students["a"].key == key
    tree = soft.filled({})
    check = next(cell for cell in tree["cells"] if soft.is_check(cell))
    check["metadata"]["nbgrader"]["points"] = 40
    write(tmp_path / "source/soft/soft.ipynb", written(tree))
    again = Intake(tmp_path, "soft")
    again.adopt()
    assert again.roll.students["a"].key != key and again.roll.students["b"].reason == "it is empty"


def test_what_came_another_way_is_taken_up(intake, soft, tmp_path):
    """nbgrader's own exchange puts files into submitted/ by itself."""
    for student, content in {
        "a": written(soft.filled()),
        "b": b"\xef\xbb\xbf" + written(soft.filled({})),
    }.items():
        write(intake.file("submitted", student), content)
    laid(tmp_path, {"submitted/c/soft/notes.txt": b"x"})
    intake.adopt()
    students = intake.roll.students
    assert students["a"].reason == students["b"].reason == "" and "only notes.txt" in students["c"].reason
    keys = {s: e.key for s, e in students.items()}
    intake.adopt()
    assert {s: e.key for s, e in intake.roll.students.items()} == keys
    forged = soft.filled()
    forged["metadata"]["classroom"] = {"key": "0" * 64, "exercises": []}
    write(intake.file("submitted", "a"), written(forged))
    intake.adopt()
    assert students["a"].key == keys["a"] and not intake.is_graded("a")
    there = json.loads(intake.file("submitted", "a").read_bytes())["metadata"]["classroom"]
    assert there["key"] == keys["a"], "a key of the student's own is not believed"
