"""No link between pages is broken, and a page offers the committed notebook, unsolved, for download."""

from urllib.parse import unquote, urldefrag, urlparse

import pytest
from bs4 import BeautifulSoup

from tests.book import contents
from tools import execution


@pytest.fixture(scope="module")
def anchors(pages):
    """{page's file: ids on it}, read once."""
    return {path: ids(path) for path in pages.rglob("*.html")}


def ids(path):
    page = BeautifulSoup(path.read_text(), "html.parser")
    return {tag["id"] for tag in page.select("[id]")} | {tag["name"] for tag in page.select("a[name]")}


@pytest.mark.parametrize("name", ["index", *contents.pages()])
def test_links_lead_somewhere(pages, anchors, name):
    path = pages / f"{name}.html"
    broken = []
    for link in BeautifulSoup(path.read_text(), "html.parser").select(
        "a[href], link[href], img[src], script[src]"
    ):
        address = link.get("href") or link.get("src")
        if urlparse(address).scheme or address.startswith("//"):
            continue
        file, anchor = urldefrag(address)
        target = (path.parent / unquote(file.split("?")[0])).resolve() if file else path
        if not target.exists() or (anchor and target in anchors and unquote(anchor) not in anchors[target]):
            broken.append(address)
    assert broken == []


def test_the_front_page_leads_to_the_book(pages):
    page = BeautifulSoup((pages / "index.html").read_text(), "html.parser")
    assert page.html["lang"] == "en" and page.title.text
    assert (pages / page.select_one("main a")["href"]).exists()


@pytest.mark.parametrize("path", execution.notebooks(), ids=execution.name)
def test_the_download_is_the_committed_notebook(pages, path):
    name = f"notebooks/{execution.name(path)}"
    page = BeautifulSoup((pages / f"{name}.html").read_text(), "html.parser")
    offered = page.select_one("a.btn-download-source-button[href$='.ipynb']")
    assert ((pages / name).parent / offered["href"]).resolve().read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", execution.notebooks(), ids=execution.name)
def test_the_colab_button_opens_this_notebook(pages, path):
    name = f"notebooks/{execution.name(path)}"
    links = BeautifulSoup((pages / f"{name}.html").read_text(), "html.parser").select(
        "a[href*='colab.research']"
    )
    assert [link["href"].split("/github/")[1] for link in links] == [
        f"where-to-look/where-to-look/blob/main/{name}.ipynb"
    ]
