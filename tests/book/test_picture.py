"""README's picture shows the present book: the chapters in its list are those of _toc.yml, in its order."""

import re

import pytest

from tests.book import contents
from tools import book, picture


def test_the_picture_shows_the_books_chapters():
    assert picture.shown() == picture.titles(), "make picture"


def test_its_chapters_are_all_of_the_book():
    assert len(picture.titles()) == len(contents.chapters()) > 10


def test_readme_shows_it():
    shown = re.search(r"!\[(.+)\]\((.+)\)", (book.ROOT / "README.md").read_text())
    assert book.ROOT / shown[2] == picture.PICTURE and len(shown[1].split()) > 5


@pytest.mark.browser
def test_the_titles_are_those_that_a_page_lists(page_of):
    page = page_of("notebooks/start")
    picture.show_all_chapters(page)
    assert page.locator(picture.LINKS).evaluate_all(picture.SEEN) == picture.titles()
