"""No link between pages is broken, and a page offers the committed notebook, unsolved, for download."""

import re
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from bs4 import BeautifulSoup

from tests.book import contents
from tools import execution

ANCHOR = re.compile(r'\s(?:id|name)="([^"]*)"')  # parsing every page whole takes a minute


@pytest.fixture(scope="session")
def anchors(pages):
    """{page's file: ids on it}, read once."""
    return {path: ids(path.read_text(encoding="utf-8")) for path in pages.rglob("*.html")}


def ids(text):
    return set(ANCHOR.findall(text))


def broken(path, document, anchors):
    found = []
    for link in document.select("a[href], link[href], img[src], script[src]"):
        address = link.get("href") or link.get("src")
        if urlparse(address).scheme or address.startswith("//"):
            continue
        file, anchor = urldefrag(address)
        target = (path.parent / unquote(file.split("?")[0])).resolve() if file else path
        if not target.exists() or (anchor and target in anchors and unquote(anchor) not in anchors[target]):
            found.append(address)
    return found


@contents.every_page
def test_links_lead_somewhere(opened, anchors):
    assert broken(opened.file, opened.document, anchors) == []


def test_the_front_page_leads_to_the_book(pages, anchors):
    path = pages / "index.html"
    page = BeautifulSoup(path.read_text(), "html.parser")
    assert page.html["lang"] == "en" and page.title.text
    assert (pages / page.select_one("main a")["href"]).exists()
    assert broken(path, page, anchors) == []


def test_a_broken_link_would_be_seen(tmp_path):
    text = '<a href="#here"></a><a href="#gone"></a><a href="gone.html"></a><p class="x" id="here"></p>'
    path = tmp_path / "page.html"
    path.write_text(text)
    found = broken(path, BeautifulSoup(text, "html.parser"), {path: ids(text)})
    assert found == ["#gone", "gone.html"]


@contents.every_chapter
def test_the_download_is_the_committed_notebook(opened):
    offered = opened.document.select_one("a.btn-download-source-button[href$='.ipynb']")
    committed = execution.ROOT / f"{opened.name}.ipynb"
    assert (opened.file.parent / offered["href"]).resolve().read_bytes() == committed.read_bytes()


@contents.every_chapter
def test_the_colab_button_opens_this_notebook(opened):
    links = opened.document.select("a[href*='colab.research']")
    assert [link["href"].split("/github/")[1] for link in links] == [
        f"where-to-look/where-to-look/blob/main/{opened.name}.ipynb"
    ]
