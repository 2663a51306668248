"""Take README's picture of the book: the first screen of a chapter, wide, light.

Run: python -m tools.picture [page]
"""

import shutil
import sys

from tools import book

PICTURE = book.ROOT / "book" / "_static" / "picture.png"


def main(page="notebooks/start"):
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        return "A picture needs Chromium: sudo apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        window = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
        window.goto((book.PAGES / f"{page}.html").as_uri())
        window.wait_for_timeout(2500)
        window.screenshot(path=PICTURE)
        browser.close()
    print(f"Wrote {PICTURE.relative_to(book.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
