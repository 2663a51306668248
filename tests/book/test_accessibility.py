"""axe-core finds no violation on any page, light and dark, wide and narrow; a person wrote each alt text."""

import re
from pathlib import Path

import axe_playwright_python
import pytest
from bs4 import BeautifulSoup

from tests.book import contents

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
FILE_NAME = re.compile(r"\.(png|svg|jpe?g|gif|webp)$|^_images|[0-9a-f]{16}", re.IGNORECASE)


@pytest.mark.browser
@pytest.mark.parametrize("name", contents.pages())
def test_axe_finds_no_violation(open_page, name):
    found = []
    for scheme in ("light", "dark"):
        page = open_page(name, scheme=scheme).page
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(200)
            found += [f"{scheme} {width}: {violation}" for violation in violations(page)]
    assert not found, "\n" + "\n".join(found)


def violations(page):
    """One line a violation: the rule, how many places, the first of them."""
    page.evaluate(AXE)
    result = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    return [f"{v['id']} ({len(v['nodes'])}): {v['nodes'][0]['html'][:150]}" for v in result]


@pytest.mark.parametrize("name", contents.pages())
def test_a_person_wrote_each_alt_text(pages, name):
    page = BeautifulSoup((pages / f"{name}.html").read_text(), "html.parser")
    for image in page.select("article img"):
        alt = image.get("alt", "")
        assert len(alt.split()) >= 3 and not FILE_NAME.search(alt), (
            f"alt {alt!r} of {image.get('src', '')[:60]}"
        )
    assert page.html.get("lang") == "en"
    assert page.title and page.title.text.strip()


@pytest.mark.browser
def test_a_missing_label_would_be_seen(open_page):
    page = open_page(contents.pages()[0]).page
    page.evaluate("document.querySelector('main').append(document.createElement('select'))")
    assert any(line.startswith("select-name") for line in violations(page))
