"""Rows that are kept in a file of lines: appended, whole, and named where they are damaged."""

import math

import pytest

from visual_attention.experiments import lines

ROWS = [{"seed": 0, "share": 0.5}, {"seed": 1, "share": 0.25}, {"seed": 2, "name": "größer"}]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "records" / "toy.jsonl"


def test_what_was_written_is_read_in_order(file):
    assert lines.read(file) == []
    lines.append(file, ROWS[:1])
    lines.append(file, ROWS[1:])
    assert lines.read(file) == ROWS and len(file.read_bytes().splitlines()) == 3
    lines.append(file, [])
    assert lines.read(file) == ROWS


@pytest.mark.parametrize("cut", [1, 2, 20])
def test_what_an_interruption_left_of_a_line_is_forgotten(file, cut):
    lines.append(file, ROWS)
    file.write_bytes(file.read_bytes()[:-cut])
    assert lines.read(file) == ROWS[:2], "a line has its end, or it is none"
    lines.append(file, [ROWS[0]])
    assert lines.read(file) == [*ROWS[:2], ROWS[0]]


def test_a_first_line_that_was_cut_off_leaves_nothing(file):
    lines.append(file, ROWS[:1])
    file.write_bytes(file.read_bytes()[:5])
    assert lines.read(file) == []
    lines.append(file, ROWS)
    assert lines.read(file) == ROWS


@pytest.mark.parametrize("damaged", ["{broken", "[1, 2]", "", "3"])
def test_a_damaged_line_is_named(file, damaged):
    lines.append(file, ROWS)
    whole = file.read_text().splitlines()
    file.write_text("\n".join([whole[0], damaged, whole[2]]) + "\n")
    with pytest.raises(ValueError, match="toy.jsonl, line 2: wanted a row of a record, got '") as raised:
        lines.read(file)
    assert damaged in str(raised.value)


def test_what_is_no_number_is_refused_before_anything_is_written(file):
    lines.append(file, ROWS)
    for write in (lines.append, lines.replace):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write(file, [{"seed": 3}, {"share": math.nan}])
    assert lines.read(file) == ROWS


def test_rows_are_replaced_as_a_whole(file):
    lines.append(file, ROWS)
    lines.replace(file, ROWS[1:])
    assert lines.read(file) == ROWS[1:] and [path.name for path in file.parent.iterdir()] == [file.name]
