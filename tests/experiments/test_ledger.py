import json

import pytest

from tests.experiments import known
from visual_attention.experiments import ledger


@pytest.fixture
def file(tmp_path):
    """Three rows."""
    path = ledger.path("toy", tmp_path)
    for seed in range(3):
        ledger.append(path, known.row("max", condition="16 pictures", seed=seed, scores=[1, 2, 3 + seed]))
    return path


def last(file):
    return [row["scores"]["accuracy"][-1] for row in ledger.read(file).rows]


def test_what_was_written_is_read(file):
    assert last(file) == [3, 4, 5] and ledger.read(file).faults == []
    assert ledger.read(file.with_name("none.jsonl")).rows == []


def test_a_training_that_stands_there_twice_counts_once(file):
    file.write_bytes(file.read_bytes() + file.read_bytes())
    assert last(file) == [3, 4, 5]


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_a_half_written_line_is_named_and_skipped_and_the_next_stands_on_its_own(file, cut):
    file.write_bytes(file.read_bytes()[:-cut])
    whole = cut == 1  # only the end of the line is missing
    assert last(file) == ([3, 4, 5] if whole else [3, 4])
    ledger.append(file, known.row("max", condition="16 pictures", seed=7, scores=[1, 2, 9]))
    found = ledger.read(file)
    assert last(file)[-1] == 9 and len(found.rows) == (4 if whole else 3)
    if not whole:
        assert found.faults[0].startswith("toy.jsonl, line 3: half a row or none")


def test_a_changed_number_is_noticed(file):
    lines = file.read_text().splitlines()
    lines[1] = lines[1].replace("[1, 2, 4]", "[1, 2, 99]")
    file.write_text("\n".join(lines) + "\n")
    assert last(file) == [3, 5]
    assert ledger.read(file).faults == [
        "toy.jsonl, line 2: the checksum does not fit: a number was changed or lost; skipped"
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1, 2]", "not a row of a record"),
        (json.dumps({"seed": 1}), "without arm, condition"),
        ("\x00", "half"),
    ],
)
def test_what_is_no_row(file, line, reason):
    file.write_text(file.read_text() + line + "\n")
    assert last(file) == [3, 4, 5] and reason in ledger.read(file).faults[0]
    assert "line 4" in ledger.read(file).faults[0]


def test_bytes_that_are_no_text_are_skipped(file):
    file.write_bytes(b"\xff\xfe\n" + file.read_bytes())
    assert last(file) == [3, 4, 5] and "line 1" in ledger.read(file).faults[0]
