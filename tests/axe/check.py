"""axe-core, asked of a page as it stands: every rule that axe asks by itself, of every element.

``axe.min.js`` is the newest axe-core, as its authors publish it (npm: axe-core; Mozilla Public License 2.0,
in ``LICENSE.txt`` beside it). To renew both: ``npm pack axe-core``, and copy them out of the archive.
"""

from pathlib import Path

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")

# A script may not fetch what lies in a folder, so there axe is told not to try. It would only look for sounds
# that play by themselves, and does so where the same page is served.
#
# Code and signatures have thousands of words in a dozen kinds of letters. Of those in sight that look alike
# twenty are asked: lighter copies, in which the others are bare text, stand in their blocks' place meanwhile.
# (No block is taken apart: axe leaves thousands of ranges behind, which slow down whatever is removed later.)
RUN = """async rules => {
  const preload = location.protocol !== 'file:', only = rules.length ? {runOnly: rules} : {};
  const LOOK = ['color', 'fontSize', 'fontWeight', 'textShadow'], NOTHING = ['rgba(0, 0, 0, 0)', 'none', '1'];
  const below = new Map();  // what an element lies on and shines through: its own, and that of all around it
  const ground = one => {
    if (!below.has(one)) {
      const {backgroundColor, backgroundImage, opacity, filter} = getComputedStyle(one);
      const own = [backgroundColor, backgroundImage, opacity, filter].filter(part => !NOTHING.includes(part));
      below.set(one, own.join() + (one.parentElement ? ground(one.parentElement) : ''));
    }
    return below.get(one);
  };
  const blocks = [...document.querySelectorAll('pre, dt.sig')], bare = new Set(), asked = new Map();
  const words = blocks.flatMap(block => [...block.querySelectorAll('span, em')]).filter(
    word => word.getAttributeNames().join() === 'class' && word.checkVisibility());
  for (const within of [true, false])  // the words within words first
    for (const word of words) {
      if (!word.childElementCount !== within || [...word.children].some(one => !bare.has(one))) continue;
      const style = getComputedStyle(word), look = [ground(word), ...LOOK.map(name => style[name])].join();
      asked.set(look, 1 + (asked.get(look) ?? 0));
      if (asked.get(look) > 20) bare.add(word);
    }
  const light = node => {
    if (bare.has(node)) return document.createTextNode(node.textContent);
    const copy = node.cloneNode(false);
    if (node.hasChildNodes()) copy.append(...[...node.childNodes].map(light));
    return copy;
  };
  const copies = blocks.map(light);
  blocks.forEach((block, at) => block.replaceWith(copies[at]));
  try {
    return (await axe.run(document, {resultTypes: ['violations'], preload, ...only})).violations;
  } finally {
    blocks.forEach((block, at) => copies[at].replaceWith(block));
  }
}"""
COLOURS = ("color-contrast", "link-in-text-block")  # what another light may break, and nothing else


def violations(page, rules=()):
    """One line a violation of all rules, or of those named: the rule, how many places, the first of them."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(RUN, list(rules))
    return [f"{v['id']} ({len(v['nodes'])}): {v['nodes'][0]['html'][:150]}" for v in found]
