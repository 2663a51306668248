"""The ``{api}`` directive: ``{api} visual_attention.mechanisms`` documents every module below that package.

With the option ``:introduced:`` the package's own docstring stands first.

The modules are found when the book is built, so a new one needs no entry anywhere.
"""

import importlib
import pkgutil
import re

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser, directives
from docutils.statemachine import StringList
from docutils.utils import Reporter, new_document
from sphinx.util.docutils import SphinxDirective

NAMES = "Paper|Papers|Chapter|Run|Shape|Differs from the paper|Derivatives|Looks at numbers|Note|Example"
FIELDS = re.compile(rf"^(\s*)({NAMES}):\s*(.*)$")
TROUBLES = ("ndent", "without a blank line", "start-string without end-string", "Unknown target name")
LITERAL = re.compile(r"(``.+?``|:\w+:`.+?`|`.+?`)")


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.add_directive("api", Api)
    app.connect("autodoc-process-docstring", plain_to_rst, priority=100)


class Api(SphinxDirective):
    """Sections, one a module, each with the module's docstring and its public classes and functions."""

    required_arguments = 1
    option_spec = {"introduced": directives.flag}

    def run(self):
        package = importlib.import_module(self.arguments[0])
        names = [package.__name__] if not hasattr(package, "__path__") else list(modules(package))
        introduction = nodes.container()
        if "introduced" in self.options:
            parse_rst(
                self, StringList(package.__doc__.splitlines(), source=f"api:{package.__name__}"), introduction
            )
        return [*introduction.children, *(self.section(name, package.__name__) for name in names)]

    def section(self, name, package):
        title = name.removeprefix(package + ".") if name != package else name.rsplit(".", 1)[-1]
        section = nodes.section(ids=[name.replace(".", "-").replace("_", "-")], names=[name])
        section += nodes.title("", "", nodes.literal("", title))
        text = [f".. automodule:: {name}", "   :members:", "   :member-order: bysource", ""]
        rst = nodes.container()
        self.state.document.settings.record_dependencies.add(importlib.util.find_spec(name).origin)
        parse_rst(self, StringList(text, source=f"api:{name}"), rst)
        section += rst.children
        return section


def parse_rst(directive, lines, node):
    """Parse reStructuredText inside a MyST page, which has a directive for that."""
    fence = ["```{eval-rst}", *lines, "```"]
    directive.state.nested_parse(StringList(fence, source=lines.source(0)), 0, node)


def modules(package):
    """Names of the public modules below a package, in alphabetical order."""
    for info in sorted(pkgutil.walk_packages(package.__path__, package.__name__ + "."), key=lambda i: i.name):
        if not info.name.rsplit(".", 1)[-1].startswith("_"):
            yield info.name


def plain_to_rst(app, what, name, obj, options, lines):
    """Docstrings are plain text in Google's style: name their sections, and keep ``*`` and ``|`` as written.

    A docstring whose layout reStructuredText can not follow, such as a hanging list, is shown as it stands.
    """
    fields = [FIELDS.sub(r"\1:\2: \3", line) for line in lines]
    named, escaped = [bars(line) for line in fields], [escape(line) for line in fields]
    lines[:] = next((text for text in (named, escaped) if well_laid_out(text)), as_it_stands(lines))


def bars(line):
    """Keep |x| as written: reStructuredText would put another text in its place."""
    parts = LITERAL.split(line)
    return "".join(p if i % 2 else re.sub(r"\|(\S[^|]*)\|", r"\|\1\|", p) for i, p in enumerate(parts))


def escape(line):
    parts = LITERAL.split(line)
    return "".join(
        p if i % 2 else re.sub(r"([*|])|(?<=\w)_(?=\W|$)", r"\\\g<0>", p) for i, p in enumerate(parts)
    )


def well_laid_out(lines):
    """Whether the blocks of the text parse; what its roles refer to is Sphinx' business."""
    found = []
    settings = get_default_settings(Parser)
    settings.report_level, settings.halt_level = Reporter.SEVERE_LEVEL, Reporter.SEVERE_LEVEL + 1
    document = new_document("docstring", settings)
    document.reporter.attach_observer(lambda message: found.append(message.astext()))
    Parser().parse("\n".join(lines).replace("`", ""), document)
    return not any(trouble in message for trouble in TROUBLES for message in found)


def as_it_stands(lines):
    """The first paragraph as text, the rest as lines."""
    end = lines.index("") if "" in lines else len(lines)
    head = [escape(line) for line in lines[:end]]
    return [*head, "", *("| " + escape(line) if line.strip() else "|" for line in lines[end + 1 :]), ""]
