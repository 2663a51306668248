"""The ``{claims}`` directive: a section for each claim of the course, made from the committed records.

The claims are found when the book is built, so a new one needs no entry anywhere. They stand in the order of
their chapters in ``_toc.yml``; those of chapters that the book does not have yet wait for them.
"""

import base64
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from visual_attention.experiments import page, table


def setup(app):
    app.add_directive("claims", Claims)


class Claims(SphinxDirective):
    """The summary of all claims, then a section for each that has a record."""

    def run(self):
        contents = (Path(self.env.srcdir) / "_toc.yml").read_text(encoding="utf-8")
        listed = [entry for entry in page.entries() if place(entry.claim, contents) >= 0]
        listed.sort(key=lambda entry: (place(entry.claim, contents), entry.claim.name))
        sections = [self.section(entry) for entry in listed if entry.result]
        return [nodes.raw("", page.summary(listed), format="html"), *sections]

    def section(self, entry):
        claim, result = entry.claim, entry.result
        name = f"claim-{claim.name}"
        section = nodes.section(ids=[name], names=[name])
        # {ref}`claim-soft` in a chapter leads here
        labels = self.env.get_domain("std")
        labels.labels[name] = self.env.docname, name, claim.question
        labels.anonlabels[name] = self.env.docname, name
        section += nodes.title("", claim.question)
        self.parse(self.chapter(claim) + page.before(entry), section)
        section += nodes.raw("", table.as_html(result), format="html")
        data = base64.b64encode(page.draw(result)).decode()
        section += nodes.image(
            uri=f"data:image/png;base64,{data}", alt=page.alternative(result), width="100%"
        )
        self.parse(page.after(entry), section)
        return section

    def chapter(self, claim):
        """A link to the chapter, once the book has it."""
        document = f"notebooks/{claim.chapter}"
        return f"Chapter: {{doc}}`/{document}`.\n\n" if document in self.env.found_docs else ""

    def parse(self, text, node):
        self.state.nested_parse(StringList(text.splitlines(), source="claims"), 0, node)


def place(claim, contents):
    """Where the chapter stands in the book, -1 if it does not."""
    return contents.find(f"notebooks/{claim.chapter}\n")
