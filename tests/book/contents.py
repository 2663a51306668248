"""The book's pages, by name, from its table of contents: known before the book is built."""

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
