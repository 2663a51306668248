"""The ``{claims}`` and ``{questions}`` directives: all claims of the course, made from the committed records.

``{questions}`` shows those of the newer kind: a forest plot first, a row for each, what stands behind it
folded away; ``{closing}`` says what all of them answer to the page's title.

The claims are found when the book is built, so a new one needs no entry anywhere. They stand in the order of
their chapters in ``_toc.yml``; those of chapters that the book does not have yet wait for them.
"""

import base64
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from visual_attention.experiments import page, registry, sections, table
from visual_attention.experiments.answer import answer


def setup(app):
    app.add_directive("claims", Claims)
    app.add_directive("questions", Questions)
    app.add_directive("closing", Closing)


class Questions(SphinxDirective):
    """All questions of the newer kind: figure, table, and a section for each, what is long folded away."""

    def run(self):
        answers = asked(self.env)
        shown = [self.section(one) for one in answers]
        return [nodes.raw("", sections.overview(answers), format="html"), *shown]

    def section(self, one):
        question = one.question
        section = named_section(self.env, question)
        document = f"notebooks/{question.chapter}"
        if document in self.env.found_docs:
            text = [f"Chapter: {{doc}}`/{document}`. {question.statement}", "", question.meaning]
            self.state.nested_parse(StringList(text, source="questions"), 0, section)
        section += nodes.raw("", sections.folded(one), format="html")
        return section


class Closing(SphinxDirective):
    """The page's last paragraph: what the records answer to its title."""

    def run(self):
        return [nodes.paragraph("", sections.closing(asked(self.env)), classes=["closing"])]


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
        section = named_section(self.env, claim)
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


def asked(env):
    """The answers to all questions whose chapters the book has, in the order of the chapters."""
    contents = (Path(env.srcdir) / "_toc.yml").read_text(encoding="utf-8")
    listed = [one for one in registry.questions().values() if place(one, contents) >= 0]
    return [answer(one) for one in sorted(listed, key=lambda one: (place(one, contents), one.name))]


def named_section(env, claim):
    """A section with the claim's question as its title; {ref}`claim-soft` in a chapter leads there."""
    name = f"claim-{claim.name}"
    section = nodes.section(ids=[name], names=[name])
    labels = env.get_domain("std")
    labels.labels[name] = env.docname, name, claim.question
    labels.anonlabels[name] = env.docname, name
    section += nodes.title("", claim.question)
    return section


def place(claim, contents):
    """Where the chapter stands in the book, -1 if it does not."""
    return contents.find(f"notebooks/{claim.chapter}\n")
