"""axe-core, asked of a page as it stands: every rule that axe asks by itself, of every element.

``axe.min.js`` is the newest axe-core, as its authors publish it (npm: axe-core; Mozilla Public License 2.0,
in ``LICENSE.txt`` beside it). To renew both: ``npm pack axe-core``, and copy them out of the archive.
"""

from pathlib import Path

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")

# A script may not fetch what lies in a folder, so there axe is told not to try. It would only look for sounds
# that play by themselves, and does so where the same page is served.
#
# Code has thousands of words in a dozen kinds of letters. Of those that look alike in one block of code the
# first is asked, and the others stand there meanwhile as bare text.
RUN = """async rules => {
  const preload = location.protocol !== 'file:', only = rules.length ? {runOnly: rules} : {};
  const LOOK = ['color', 'backgroundColor', 'opacity', 'fontSize', 'fontWeight', 'textShadow'];
  const blocks = [...document.querySelectorAll('pre')].map(pre => [pre, [...pre.childNodes], new Set()]);
  const again = blocks.flatMap(([pre, , seen]) => [...pre.children].filter(word => {
    if (word.tagName !== 'SPAN' || word.attributes.length > 1 || word.childElementCount) return false;
    const style = getComputedStyle(word), look = LOOK.map(name => style[name]).join();
    return seen.has(look) || !seen.add(look);
  }));
  for (const word of again) word.replaceWith(word.textContent);
  try {
    return (await axe.run(document, {resultTypes: ['violations'], preload, ...only})).violations;
  } finally {
    for (const [pre, children] of blocks) pre.replaceChildren(...children);
  }
}"""
COLOURS = ("color-contrast", "link-in-text-block")  # what another light may break, and nothing else


def violations(page, rules=()):
    """One line a violation of all rules, or of those named: the rule, how many places, the first of them."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(RUN, list(rules))
    return [f"{v['id']} ({len(v['nodes'])}): {v['nodes'][0]['html'][:150]}" for v in found]
