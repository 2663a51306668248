"""Whatever a student hands in is read, or there are words why not."""

import json
import os

import pytest

from visual_attention.classroom.made_up import written
from visual_attention.classroom.reading import Unreadable, cells_of, clean, data_of


def notebook(*sources: str) -> dict:
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def sources(data: bytes) -> list[str]:
    return [cell.source for cell in cells_of(data)[0]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32-le", "cp1252"])
def test_encodings(encoding):
    text = json.dumps(notebook("größe = 1\n"), ensure_ascii=False)
    assert sources(text.encode(encoding)) == ["größe = 1\n"]
    said = cells_of(text.encode(encoding))[1]
    assert bool(said) == (encoding != "utf-8")


def test_line_ends_half_characters_and_control_characters():
    assert clean("a\r\nb\rc\x1b[2J\x00\x07\ud800\tend") == "a\nb\nc[2J?\tend"
    assert sources(written(notebook("x")).replace(b'"x"', b'"\\ud83d = 1"')) == ["? = 1"]
    raw = written(notebook("x")).replace(b'"x"', b'"two\nlines\x01"')  # JSON forbids both
    assert sources(raw) == ["two\nlines"]


def test_sources_in_lines():
    tree = notebook("")
    for lines, whole in ((["a\n", "b"], "a\nb"), (["a", "b"], "a\nb"), (["a"], "a"), ([1, None, "a"], "a")):
        tree["cells"][0]["source"] = lines
        assert sources(written(tree)) == [whole]


def test_what_is_not_as_it_should_be_is_taken_for_empty():
    rubbish = [{}, {"source": 3}, {"source": {"a": 1}}, {"source": "x", "metadata": 7}, "no cell", None, []]
    rubbish += [{"source": "y", "cell_type": "code", "metadata": {"nbgrader": [1]}}]
    cells, _ = cells_of(json.dumps({"cells": rubbish}).encode())
    assert [(c.code, c.source, c.grade_id) for c in cells] == [
        (False, "", ""),
        (False, "", ""),
        (False, "", ""),
        (False, "x", ""),
        (True, "y", ""),
    ]


def test_an_old_format_has_worksheets_and_input():
    cells = [{"cell_type": "code", "input": ["a = 1\n", "b"]}, {"cell_type": "markdown", "source": "text"}]
    found, notes = cells_of(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode())
    assert [(c.code, c.source) for c in found] == [(True, "a = 1\nb"), (False, "text")]
    assert "nbformat 3" in notes[0]


def test_what_follows_the_notebook_is_left_alone():
    assert sources(written(notebook("x")) + b'\n{"another": 1}') == ["x"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\xef\xbb\xbf", "empty"),
        (b"\xff\xfe", "empty"),
        (b"\n <HTML><body>", "web page"),
        (b"<?xml version='1.0'?>", "web page"),
        (b"PK\x03\x04rest", "zip"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"def answer(): pass", "text of another kind"),
        (b"[1, 2]", "not a notebook"),
        (b"{}", "no cells"),
        (b'{"cells": 7}', "no cells"),
        (b'{"cells": [', "breaks off"),
        (b'{"cells": [{"source": "abc', "breaks off"),
        (b'{"cells": [}, \n\n{}]}', "from line 1 on"),
        (b'{\n<<<<<<< HEAD\n"cells": []}', "merge conflict"),
        (b'{"cells": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"cells": [' + b"9" * 10_000 + b"]}", "number that is too long"),
        (json.dumps({"cells": [{}] * 1001}).encode(), "1001 cells, more than 1000"),
    ],
)
def test_what_cannot_be_read_has_a_reason(data, words):
    with pytest.raises(Unreadable, match=words):
        cells_of(data)


def test_only_ordinary_files_are_opened(tmp_path):
    good = tmp_path / "good"
    good.write_bytes(b"123")
    assert data_of(good) == b"123"
    (tmp_path / "link").symlink_to(good)
    os.mkfifo(tmp_path / "pipe")  # whoever opens it in the ordinary way waits for ever
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(40 * 2**20)
    reasons = {
        "link": "a link",
        "pipe": "not an ordinary file",
        "huge": "40 MB, more than 32",
        "none": "opened",
    }
    reasons[""] = "not an ordinary file"
    for name, words in reasons.items():
        with pytest.raises(Unreadable, match=words):
            data_of(tmp_path / name)
