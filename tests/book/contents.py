"""The book's pages, by name, from its table of contents: known before the book is built."""

import pytest
import yaml

from tools import book

MADE_BY_SPHINX = ["search"]


def pages():
    """Names of all pages: notebooks/start, book/index, ... and those that Sphinx adds."""
    toc = yaml.safe_load((book.ROOT / "_toc.yml").read_text())
    return [toc["root"], *below(toc), *MADE_BY_SPHINX]


def below(node):
    found = []
    for part in ("parts", "chapters", "sections"):
        for child in node.get(part, []):
            found += [child["file"]] if "file" in child else []
            found += below(child)
    return found


def chapters():
    """Names of the pages that are notebooks."""
    return [name for name in pages() if name.startswith("notebooks/")]


def each(names):
    """A test of each page. All tests of one page run in one worker in a row, so that it is opened once."""
    marked = [pytest.param(name, id=name, marks=pytest.mark.xdist_group(name)) for name in names]
    return pytest.mark.parametrize("opened", marked, indirect=True)


every_page = each(pages())
every_chapter = each(chapters())
