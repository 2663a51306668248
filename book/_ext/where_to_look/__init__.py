"""The course's own Sphinx extension: fresh outputs, solutions, an offline page, the package's reference.

Each part is a file of its own with a ``setup(app)``:

- ``chapters``: a notebook's page shows the outputs of its last execution, and each check its solution.
- ``claims``: the ``{claims}`` directive makes the page of claims from the committed records.
- ``offline``: the scripts that a page loads are all local, and none is loaded for nothing.
- ``reference``: the ``{api}`` directive documents every module of a package, new ones too.
"""

from where_to_look import chapters, claims, offline, reference

# Two of Jupyter Book's extensions do not say whether pages may be read side by side. They may: what they do
# there is for LaTeX alone, or is done once all pages have been read.
SILENT = ("sphinx_jupyterbook_latex", "sphinx_multitoc_numbering")


def setup(app):
    for part in (chapters, claims, offline, reference):
        part.setup(app)
    app.parallel = max(app.parallel, 2)  # processes, which `jupyter-book build` has no word for
    app.connect("builder-inited", side_by_side)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def side_by_side(app):
    for name in SILENT:
        app.extensions[name].parallel_read_safe = True
