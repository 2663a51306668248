// What a reader can not see of a page: each function gives a list of lines that name the elements.

const LINES = "main pre, main table, main .line-block, main .output, main .comparison, main .highlight";
const SMALLEST = 11; // pixels of a letter
const SCROLLS = ["auto", "scroll"];
const all = (selector) => [...document.querySelectorAll(selector)];
const right = (element) => element.getBoundingClientRect().right;
const named = (element, text) => `${element.tagName}.${element.className.baseVal ?? element.className} ${text}`;
const longest = (element) => element.textContent.split("\n").reduce((a, b) => (b.length > a.length ? b : a)).slice(0, 120);

// Has room for less than it holds. What is there for a screen reader only is a pixel wide.
const cut = () => all(LINES)
  .filter((e) => e.clientWidth > 1 && e.scrollWidth > e.clientWidth)
  .map((e) => named(e, `${e.scrollWidth} > ${e.clientWidth}: ${longest(e)}`));

// Is whole, but reaches beyond the column that prose stands in.
const beyond = () => all(LINES)
  .filter((e) => right(e) > right(document.querySelector(".bd-article")) + 1)
  .map((e) => named(e, Math.round(right(e))));

const small = () => all(LINES)
  .filter((e) => e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < SMALLEST)
  .map((e) => named(e, `${getComputedStyle(e).fontSize}: ${longest(e)}`));

// Reaches beyond the window, and no frame around it scrolls.
function escaped() {
  const framed = (e) => e && ((SCROLLS.includes(getComputedStyle(e).overflowX) && right(e) <= innerWidth + 1) || framed(e.parentElement));
  return all("article :is(pre, table, img, svg, canvas, .line-block):not(mjx-container *)")
    .filter((e) => e.getClientRects().length && right(e) > innerWidth + 1 && !framed(e))
    .map((e) => named(e, Math.round(right(e))));
}

// Scrolls, but not by keyboard.
const unreachable = () => all("main :is(pre, mjx-container, div.math, table, .comparison, .output, .wide-figure, .line-block)")
  .filter((e) => e.scrollWidth > e.clientWidth + 1 && SCROLLS.includes(getComputedStyle(e).overflowX) && e.tabIndex < 0)
  .map((e) => named(e, longest(e)));

// Captions some of whose words are not in the window, and figures that do not begin in it. A caption's box says
// nothing: that of a wide table is as wide as the table.
function outOfSight() {
  const words = (caption) => {
    const range = document.createRange();
    range.selectNodeContents(caption);
    return [...range.getClientRects()];
  };
  const hidden = (box) => box.width && (box.left < 0 || box.right > innerWidth + 1);
  return [
    ...all("main :is(figcaption, caption)").filter((e) => words(e).some(hidden)),
    ...all("main figure img").filter((e) => e.getBoundingClientRect().left < 0 || e.getBoundingClientRect().left > innerWidth / 2 || !e.clientWidth),
  ].map((e) => named(e, e.alt || e.textContent.trim().slice(0, 80)));
}
