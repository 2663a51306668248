// Mends what the theme leaves unsaid to a screen reader or out of reach of a keyboard, and lets the search work from a folder.
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const WIDE = 700; // pixels of a figure whose letters get too small on a telephone
  const READABLE = 0.62; // of its pixels: letters are then 11 px high
  const DESK = 1200; // pixels of a window with room for three columns
  const SMALLEST = 11.2; // pixels of a letter that is still read with ease
  const MODES = { light: "light", dark: "dark", auto: "as the system" };
  const SCROLLED = "main pre, main mjx-container, main div.math, main .output, main .line-block, main .wide-figure, main table, main .pst-scrollable-table-container";

  function name() {
    const sidebar = document.getElementById("pst-primary-sidebar");
    if (sidebar) {
      sidebar.setAttribute("role", "complementary");
      sidebar.setAttribute("aria-label", "Contents of the book");
    }
    for (const box of all("input.task-list-item-checkbox")) box.setAttribute("aria-label", box.parentElement.textContent.trim());
    for (const summary of all("summary:has(.toctree-toggle)")) {
      const page = summary.closest("li").querySelector("a").textContent.trim();
      summary.setAttribute("aria-label", `Pages below ${page}`);
    }
    // The visible words of a button or a dropdown are its name: who speaks to a computer says what is to be seen.
    for (const named of all(".search-button-field, div.cell details > summary")) named.removeAttribute("aria-label");
    for (const icon of all(".theme-switch-button [data-mode]")) {
      icon.setAttribute("aria-hidden", "true");
      icon.removeAttribute("title");
      for (const title of icon.querySelectorAll("title")) title.remove();
    }
    for (const button of all(".theme-switch-button")) button.setAttribute("aria-label", `Colour mode: ${MODES[document.documentElement.dataset.mode]}`);
    for (const entry of all("[role='doc-biblioentry'], .citation-list[role='list']")) entry.removeAttribute("role");
  }

  // Squeezed to a telephone, the letters of a wide figure cannot be read: there it keeps a width and scrolls.
  function unsqueeze() {
    for (const image of all("main figure > img")) {
      if (image.naturalWidth < WIDE) continue;
      const box = document.createElement("div");
      box.className = "wide-figure";
      box.style.setProperty("--readable", `${Math.round(READABLE * image.naturalWidth)}px`);
      image.replaceWith(box);
      box.append(image);
    }
  }

  // On a desk nothing that is read line by line scrolls sideways: where lines are wider than the column, the letters are
  // made as small as that asks, within reason. A listing of the package has up to 110 of them in a line.
  function fit() {
    const boxes = [...all("main pre, main .line-block:not(.line-block *), main table")];
    for (const box of boxes) box.style.fontSize = "";
    if (innerWidth < DESK) return;
    const wide = boxes.map((box) => [box, box.matches("table") ? box.parentElement : box]).filter(([, frame]) => frame.scrollWidth > frame.clientWidth);
    for (const [box, frame] of wide) {
      let size = parseFloat(getComputedStyle(box).fontSize);
      while (frame.scrollWidth > frame.clientWidth && (size -= 0.2) >= SMALLEST) box.style.fontSize = `${size}px`;
    }
  }

  // What scrolls sideways must take the focus, or the arrow keys can not move it.
  function reach() {
    for (const box of all(SCROLLED)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
      if (scrolls) box.setAttribute("tabindex", "0"); // the theme, too, does so, a third of a second after a resize
    }
  }

  function settle() {
    fit();
    reach();
  }

  // A browser refuses to fetch excerpts of pages that lie in a folder; the list of hits needs none.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }

  document.addEventListener("DOMContentLoaded", name);
  window.addEventListener("load", () => {
    name();
    unsqueeze();
    settle();
    const typeset = window.MathJax && MathJax.startup && MathJax.startup.promise;
    if (typeset) typeset.then(reach);
  });
  window.addEventListener("resize", settle);
  document.addEventListener("toggle", settle, true); // what a dropdown hid has no width until it opens
  new MutationObserver(name).observe(document.documentElement, { attributeFilter: ["data-mode"] });
})();
