"""Each page, over http and from a folder: nothing from outside, nothing missing, all mathematics set."""

import pytest

from tests.book import contents

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("window", ["desk", "telephone"])
@contents.every_page
def test_a_page_is_whole_and_asks_nothing_of_the_network(opened, window):
    visit = getattr(opened, window)
    assert visit.outside == [], "requests to the outside"
    assert visit.failed == [], "failed requests"
    assert visit.errors == [], "errors in the console"
    assert visit.page.locator("mjx-merror, [data-mjx-error]").count() == 0, "mathematics that MathJax refused"
    raw = visit.page.evaluate(RAW_MATHEMATICS)
    assert raw == [], "mathematics left as source text"


RAW_MATHEMATICS = r"""() => {
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  const found = [];
  for (let n; (n = walker.nextNode()); )
    if (!n.parentElement.closest('pre, code, script, style, mjx-container, textarea')
        && /\\\(|\\\[|\$\$|\\begin\{|\\frac|\\mathrm/.test(n.data)) found.push(n.data.trim().slice(0, 80));
  return found;
}"""


@pytest.mark.parametrize("width", [400, 768])
@contents.every_page
def test_a_page_fits_a_narrow_window(opened, width):
    page = opened.telephone.look(width=width, scheme="dark")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{wide} px wide, because of {page.evaluate(WIDEST, width)}"


WIDEST = r"""(width) => [...document.querySelectorAll('main *, header *')]
  .filter(e => e.getBoundingClientRect().right > width + 1).slice(0, 4)
  .map(e => e.tagName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right))"""


def test_a_request_to_the_outside_would_be_seen(open_page):
    visit = open_page(contents.pages()[0])
    with visit.page.expect_event("requestfailed"):
        visit.page.evaluate("fetch('https://example.org/x.js').catch(() => {})")
    visit.page.evaluate("() => new Promise(done => setTimeout(done, 50))")
    assert visit.outside == ["https://example.org/x.js"]
    assert visit.failed and visit.errors
