"""Take README's picture of the book: the first screen of a chapter, wide, light.

Run: python -m tools.picture [page]

The titles of the chapters that are to be seen in it are written into the file, so that a test can say whether
they are still the book's.
"""

import json
import sys

import nbformat
import yaml
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tools import book, browser

PICTURE = book.ROOT / "book" / "_static" / "picture.png"
WIDTH = 1280
LINKS = "nav.bd-links a"
SEEN = """links => links
  .filter(link => link.href.includes('/notebooks/') && link.getBoundingClientRect().bottom <= innerHeight)
  .map(link => link.textContent.trim().replace(/\\s+/g, ' '))"""


def titles():
    """The titles of the book's chapters, numbered as its contents number them, in the order of _toc.yml."""
    numbered, found = 0, []
    for part in yaml.safe_load((book.ROOT / "_toc.yml").read_text())["parts"]:
        for chapter in part["chapters"]:
            path = book.ROOT / f"{chapter['file']}.ipynb"
            if path.exists():
                numbered += bool(part.get("numbered"))
                title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0].removeprefix("# ")
                found.append(f"{numbered}. {title}" if part.get("numbered") else title)
    return found


def shown():
    """The titles that the picture shows."""
    with Image.open(PICTURE) as picture:
        return json.loads(picture.text["Chapters"])


LOWEST = """links => Math.max(...links.filter(link => link.href.includes('/notebooks/'))
  .map(link => Math.ceil(link.getBoundingClientRect().bottom)))"""


def show_all_chapters(window):
    """Make a window so high that its list of chapters is to be seen to the end."""
    window.set_viewport_size({"width": WIDTH, "height": 900})
    height = window.locator(LINKS).evaluate_all(LOWEST) + 40
    window.set_viewport_size({"width": WIDTH, "height": height})


def main(page="notebooks/start"):
    from playwright.sync_api import sync_playwright

    found = browser.find()
    if not found:
        return f"A picture needs Chromium: {browser.HOW}"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        window = chromium.new_page(color_scheme="light")
        window.goto((book.PAGES / f"{page}.html").as_uri(), timeout=120_000)
        show_all_chapters(window)
        window.wait_for_timeout(2500)
        window.screenshot(path=PICTURE)
        chapters = PngInfo()
        chapters.add_text("Chapters", json.dumps(window.locator(LINKS).evaluate_all(SEEN)))
        chromium.close()
    with Image.open(PICTURE) as taken:
        taken.convert("RGB").save(PICTURE, pnginfo=chapters, optimize=True)
    print(f"Wrote {PICTURE.relative_to(book.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
