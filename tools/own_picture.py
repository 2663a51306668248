"""Take the picture of a report that README and the book show: real weights, the course's photographs.

Run: python -m tools.own_picture

The folder is cut from photographs: six pieces of each, none of which shares a pixel with another. Needs the
pretrained weights (python -m visual_attention.own weights --fetch) and Chromium.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tools import browser
from tools.book import ROOT
from visual_attention.data import photographs
from visual_attention.own.__main__ import main as own

PICTURE = ROOT / "book" / "_static" / "own.png"
NAMES = ("brick", "cat", "coffee", "flower", "grass", "gravel", "pagoda", "rocket")
ROWS, COLUMNS = 2, 3
WIDTH, HEIGHT = 1000, 700


def cut(folder):
    """Write the pieces: a sub-folder for each photograph."""
    for name in NAMES:
        whole = (photographs.load(name).permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        height, width = whole.shape[0] // ROWS, whole.shape[1] // COLUMNS
        (folder / name).mkdir(parents=True)
        for piece in range(ROWS * COLUMNS):
            top, left = height * (piece // COLUMNS), width * (piece % COLUMNS)
            part = Image.fromarray(whole[top : top + height, left : left + width])
            part.save(folder / name / f"{name}-{piece + 1}.png")


def main():
    from playwright.sync_api import sync_playwright

    found = browser.find()
    if not found:
        return f"A picture needs Chromium: {browser.HOW}"
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "holiday", Path(place) / "out"
        cut(folder)
        if own(["classify", str(folder), "--out", str(out)]):
            return 1
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=found, args=["--no-sandbox", "--disable-gpu"]
            )
            window = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            window.goto((out / "report.html").as_uri())
            heading = window.locator("main > h2", has_text="Where did attention look?")
            window.screenshot(path=PICTURE, full_page=True, clip=around(window, heading))
            chromium.close()
    with Image.open(PICTURE) as taken:
        taken.convert("P", palette=Image.Palette.ADAPTIVE).save(PICTURE, optimize=True)
    print(f"Wrote {PICTURE.relative_to(ROOT)}")
    return 0


def around(window, heading):
    """The part of a page from a heading on."""
    top = heading.evaluate("e => e.getBoundingClientRect().top + scrollY") - 10
    return {"x": 0, "y": top, "width": WIDTH, "height": HEIGHT}


if __name__ == "__main__":
    sys.exit(main())
