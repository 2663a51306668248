"""A term from the command line, with forty disturbed submissions: nobody is lost, none pays for another."""

import csv
import html.parser
import json
import re

import pytest

from tests.axe.check import violations
from tests.classroom.conftest import SAME
from visual_attention.classroom.course import Course
from visual_attention.classroom.rehearsal import KINDS, Rehearsal
from visual_attention.classroom.roll import metadata
from visual_attention.classroom.summary import as_text

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("term")]
UNGRADED = ("empty_file", "web_page", "cut_short", "archive", "other_json", "merge_conflict", "nested")
UNGRADED += ("too_large", "many_cells", "another_notebook", "empty_folder", "other_files", "link")


@pytest.fixture(scope="module")
def rows(term):
    """The table's rows by kind."""
    return {row.student.partition("_")[2]: row for row in Course(term.folder).summary("soft")}


def test_every_student_has_the_marks_that_are_deserved(term):
    """The rehearsal compares marks, reasons, pages and the table of each student with what is due."""
    assert term.status == 0 and term.printed.endswith("as deserved\n"), term.printed


def test_forty_students_are_on_the_roll(term, rows):
    assert len(json.loads((term.folder / "collected/soft/roll.json").read_text())["students"]) == 40
    assert set(rows) == set(KINDS) - SAME
    assert {kind for kind, row in rows.items() if not row.graded} == set(UNGRADED)


def test_progress_is_shown(term):
    """On a terminal a bar counts the students, also of the round that goes on after the kill."""
    counts = [tuple(map(int, found)) for found in re.findall(r"grade:.*?\| (\d+)/(\d+)", term.screen)]
    assert (0, 27) in counts
    rest = [count for count in counts if count[1] < 27 and count[0] == count[1]]
    assert rest and rest[0][1] >= 5, counts


def test_a_round_that_is_killed_goes_on_where_it_was(term, monkeypatch):
    """The rehearsal saw to it; here, that it would have noticed if not."""
    rehearsal = Rehearsal(term.folder, None, None)
    rehearsal.expect(False, "graded twice: nobody")
    assert rehearsal.wrong
    times = dict(re.findall(r"^(grade.*?)  +([\d.]+) minutes", term.printed, re.MULTILINE))
    assert set(times) == {"grade, until it was killed", "grade, to the end", "grade again"}
    assert "most memory at a time" in term.printed


def test_a_second_collection_regrades_only_what_changed(term):
    log = (term.folder / "autograde-soft.log").read_text()
    graded = re.findall(r"^--- (\S+)", log, re.MULTILINE)
    assert 1 <= len(graded) <= 3, "the log is that of the last round"
    for student in graded:
        exercises = metadata(term.folder / f"autograded/{student}/soft/soft.ipynb")["exercises"]
        assert [exercise["score"] for exercise in exercises] == [4, 0, 0, 0, 0], student


def test_an_answer_that_hangs_leaves_or_crashes_costs_its_own_marks(rows):
    lost = {"endless_cell": 0, "endless_function": 1, "leaves": 0, "leaves_when_called": 1, "crashes": 0}
    for kind, number in lost.items():
        scores = [mark.score for mark in rows[kind].marks]
        assert scores == [0 if n == number else mark.points for n, mark in enumerate(rows[kind].marks)], kind


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("endless_cell", "`while True: pass` was stopped after 3 seconds"),
        ("endless_function", "Your code was stopped after 3 seconds"),
        ("leaves", "left the process with status 0"),
        ("crashes", "crashed Python itself (SIGSEGV)"),
        ("no_python", "SyntaxError"),
        ("exercise_deleted", "no cell of your notebook defines"),
        ("misspelt_word", "retrun"),
        ("unmarked", "Mended before grading"),
        ("web_page", "it is a web page (HTML)"),
        ("empty_folder", "the folder is empty"),
    ],
)
def test_the_students_page_says_what_happened(term, kind, words):
    page = re.sub(r"<[^>]*>", "", term.page(kind)).replace("`", "")
    assert words.replace("`", "") in page


def test_the_table_has_a_number_only_for_who_was_graded(term):
    with open(term.folder / "grades.csv", newline="") as file:
        table = {row["student_id"].partition("_")[2]: row for row in csv.DictReader(file)}
    assert len(table) == 40 - 1, "two students are perfect"
    for kind in UNGRADED:
        assert table[kind]["score"] == table[kind]["raw_score"] == "" and len(table[kind]["reason"]) > 8
    assert table["endless_cell"]["score"] == "15.0" and table["endless_cell"]["reason"] == ""
    assert table["endless_cell"]["exercises"].startswith("spatial_softmax 0/4; attention_pool 3/3;")


def test_the_table_on_the_terminal_can_be_read(term, rows):
    text = term.said("grade again")
    assert "soft: 27 of 40 graded" in text and "1 spatial_softmax (4 points)" in text
    line = next(line for line in text.splitlines() if "_endless_cell" in line)
    assert re.search(r"_endless_cell +0 +3 +3 +4 +5 +15 +spatial_softmax: In a cell,", line)
    assert re.search(r"_web_page +- +- +- +- +- +- +not graded: it is a web page", text)
    assert max(map(len, text.splitlines())) <= 160
    assert all(row.student in as_text("soft", list(rows.values())) for row in rows.values())


def test_collect_names_every_file(term):
    text = term.said("collect")
    assert "Collected 27 submissions of soft" in text
    for kind in UNGRADED:
        assert re.search(rf"^  s\d+_{kind}: \w", text, re.MULTILINE), kind
    assert re.search(r"other_files/\.DS_Store: hidden", text)
    assert "the check was gone (spatial_softmax, attention_pool," in text


class Outline(html.parser.HTMLParser):
    """The tags of a page, and its cells by row."""

    def __init__(self, page: str):
        super().__init__()
        self.tags, self.rows = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data):
        if self.rows and data.strip():
            self.rows[-1].append(data.strip())


def test_the_table_as_a_page(term):
    page = (term.folder / "summary-soft.html").read_text()
    outline = Outline(page)
    assert len(outline.rows) == 41 and outline.rows[0][:2] == ["student", "spatial_softmax (4)"]
    line = next(row for row in outline.rows if row[0].endswith("_endless_cell"))
    assert line[1:7] == ["0", "3", "3", "4", "5", "15"]
    assert line[7].startswith("spatial_softmax: In a cell, `while True: pass` was stopped")
    links = [attributes["href"] for tag, attributes in outline.tags if tag == "a"]
    assert len(links) == 40 and all((term.folder / link).is_file() for link in links)
    assert not [tag for tag, _ in outline.tags if tag in ("script", "img", "link", "iframe")]
    assert "default-src 'none'" in page


@pytest.mark.browser
def test_the_pages_are_accessible_and_ask_nothing_of_the_network(term, browser):
    pages = [term.folder / "summary-soft.html", *term.folder.glob("feedback/*_web_page/soft/soft.html")]
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # axe is a script
        for path in pages:
            asked, page = [], context.new_page()
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(path.as_uri())
            assert violations(page) == [] and asked == [path.as_uri()]
        context.close()
