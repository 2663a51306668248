"""axe-core, asked of a page as it stands: every rule that axe asks by itself, of every element.

``axe.min.js`` is the newest axe-core, as its authors publish it (npm: axe-core; Mozilla Public License 2.0,
in ``LICENSE.txt`` beside it). To renew both: ``npm pack axe-core``, and copy them out of the archive.
"""

from pathlib import Path

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")

# A script may not fetch what lies in a folder, so there axe is told not to try. It would only look for sounds
# that play by themselves, and does so where the same page is served.
RUN = """async () => {
  const preload = location.protocol !== 'file:';
  return (await axe.run(document, {resultTypes: ['violations'], preload})).violations;
}"""


def violations(page):
    """One line a violation: the rule, how many places, the first of them."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return [f"{v['id']} ({len(v['nodes'])}): {v['nodes'][0]['html'][:150]}" for v in page.evaluate(RUN)]
