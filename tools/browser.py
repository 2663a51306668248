"""Where the browser is that opens the book's pages: a Chromium without a window, as far as one can be had.

``chromium-headless-shell`` is Chromium's own engine without the windows, tabs and menus around a page. A
whole Chromium makes these for each new window, though nobody sees them: with it the tests of widgets took 2.4
times the processor's time.
"""

import os
import shutil

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
HOW = (
    "sudo apt-get install chromium-headless-shell (chromium will do, or name one: CHROMIUM=/path/to/chromium)"
)


def find():
    """The path of the browser, or None. The variable CHROMIUM names another."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)
