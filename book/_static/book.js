// Mends what the theme leaves unsaid to a screen reader or out of reach of a keyboard, and lets the search work from a folder.
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const WIDE = 700; // pixels of a figure whose letters get too small on a telephone
  const READABLE = 0.62; // of its pixels: letters are then 11 px high

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

  // What scrolls sideways must take the focus, or the arrow keys can not move it.
  function reach() {
    for (const box of all("main pre, main mjx-container, main div.math, main .output, main .line-block, main .wide-figure, main table, main .pst-scrollable-table-container")) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
      if (scrolls) box.setAttribute("tabindex", "0"); // the theme, too, does so, a third of a second after a resize
    }
  }

  // A browser refuses to fetch excerpts of pages that lie in a folder; the list of hits needs none.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }

  document.addEventListener("DOMContentLoaded", name);
  window.addEventListener("load", () => {
    name();
    unsqueeze();
    reach();
    const typeset = window.MathJax && MathJax.startup && MathJax.startup.promise;
    if (typeset) typeset.then(reach);
  });
  window.addEventListener("resize", reach);
})();
