"""What a reader does: search, switch to dark, go by keyboard. From a folder, without a server."""

import pytest

from tests.book import contents

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("over", ["file", "http"])
def test_search_finds_a_chapter(open_page, over):
    visit = open_page(contents.pages()[0], over=over)
    page = visit.page
    page.keyboard.press("Control+k")
    page.keyboard.type("softmax")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=softmax*")
    page.locator("#search-results .search-summary", has_text="found").wait_for()
    if over == "http":  # excerpts of the pages that were found are fetched one by one
        page.wait_for_load_state("networkidle")
        page.locator("#search-results li p.context").first.wait_for()
    assert page.locator("#search-results li").count() >= 1
    assert (visit.outside, visit.failed, visit.errors) == ([], [], [])
    page.locator("#search-results li a").first.click()
    page.wait_for_load_state()
    assert "search.html" not in page.url


def test_dark_and_light_by_keyboard(page_of):
    page = page_of("notebooks/start", over="file")
    seen = {page.evaluate("document.documentElement.dataset.theme")}
    button = page.locator("button.theme-switch-button").first
    for _ in range(3):
        button.focus()
        page.keyboard.press("Enter")
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}


def test_the_first_tab_offers_to_skip_to_the_text(page_of):
    page = page_of("notebooks/start", over="file")
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate("document.activeElement.textContent")


def test_the_contents_open_on_a_telephone(page_of):
    page = page_of("notebooks/start", over="file", width=400)
    page.locator("button.primary-toggle:visible").first.click()
    page.locator("nav.bd-links a").nth(5).wait_for(state="visible")
    assert page.locator("nav.bd-links a:visible").count() > 5


@pytest.mark.parametrize("width", [400, 1280])
def test_the_letters_of_a_wide_figure_can_be_read_on_a_telephone(page_of, width):
    """They are 18 px high in its own pixels; a telephone shows a part of it, and the rest by scrolling."""
    page = page_of("notebooks/applications/detection", over="file", width=width)
    figures = page.evaluate(
        """() => [...document.querySelectorAll('main figure img')].map(image => {
          const box = image.parentElement, share = image.clientWidth / image.naturalWidth;
          return [share, box.scrollWidth > box.clientWidth + 1, box.tabIndex];
        })"""
    )
    assert len(figures) >= 6 and all(18 * share >= 9 for share, *_ in figures)
    assert any(scrolls for _, scrolls, _ in figures) == (width == 400)
    assert all(tab == 0 for _, scrolls, tab in figures if scrolls)


def test_the_next_page_link_goes_through_the_book(page_of):
    page = page_of(contents.pages()[0], over="file")
    page.locator("a.right-next").click()
    page.wait_for_load_state()
    assert contents.pages()[1] in page.url
