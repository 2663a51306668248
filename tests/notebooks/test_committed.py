"""Each notebook as it is committed: no outputs, one set-up cell, short cells, and words for each picture."""

import ast
import re
import symtable

import nbformat
import pytest
import yaml

from tools import execution
from visual_attention import rooms

SETUP = (execution.ROOT / "book" / "_ext" / "setup_cell.txt").read_text().strip()
FILE_NAME = re.compile(r"\.(png|svg|jpe?g|gif|webp)$", re.IGNORECASE)
LONGEST_CELL = 20
LONGEST_IN_SIGHT = 15  # of a cell that is not folded away
LONGEST_LINE = 84  # what a page shows in one line of a cell

every_notebook = pytest.mark.parametrize("path", execution.notebooks(), ids=execution.name)


def cells(path, kind="code"):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def pictures(path):
    """The executed cells that made a picture, which is the sure way to know them; needs a fresh execution."""
    executed = nbformat.read(execution.copy_of(path), as_version=4)
    data = [(cell, [output.get("data", {}) for output in cell.get("outputs", [])]) for cell in executed.cells]
    return [cell for cell, found in data if any("image/png" in d and "text/html" not in d for d in found)]


@every_notebook
def test_no_outputs(path):
    assert [cell.id for cell in cells(path) if cell.outputs or cell.execution_count] == []


@every_notebook
def test_first_code_cell_is_the_set_up_cell(path):
    first = cells(path)[0]
    assert first.source.strip() == SETUP
    assert [cell.id for cell in cells(path)[1:] if cell.source.strip() == SETUP] == []


@every_notebook
def test_of_the_rooms_a_notebook_reads_its_own_alone(path):
    """Its executed copy stays fresh when another room changes."""
    source = "\n".join(cell.source for cell in cells(path)[1:])
    read = set(re.findall(r"visual_attention\.chapters\.(\w+)", source))
    read |= {
        name.split(" as ")[0].strip(" ()\n")
        for names in re.findall(r"from visual_attention\.chapters import ([^\n(]+|\([^)]+\))", source)
        for name in names.split(",")
        if name.strip(" ()\n")
    }
    asked = re.findall(r"registry\.(?:question|claim)\(\s*\"([\w-]+)\"", source)
    read |= {stem for stem, room in rooms.parts("claims").items() for name in asked if name in listed(room)}
    assert read <= {path.stem}
    assert "rooms" not in source and "registry.names" not in source and "registry.everything" not in source


def listed(claims):
    """The names of what a room claims."""
    return {one.name for kind in ("CLAIMS", "QUESTIONS") for one in getattr(claims, kind, ())}


def test_set_up_cell_names_the_book_s_repository():
    settings = yaml.safe_load((execution.ROOT / "_config.yml").read_text())
    assert re.findall(r'"git\+(https://[^"]+)"', SETUP) == [settings["repository"]["url"]]
    assert "WHERE_TO_LOOK_SOURCE" in SETUP


@every_notebook
def test_cells_are_short_and_plain(path):
    for cell in cells(path):
        longest = LONGEST_CELL if "hide-input" in cell.metadata.get("tags", []) else LONGEST_IN_SIGHT
        assert height(cell.source) <= longest, f"{height(cell.source)} lines:\n{cell.source}"
        wide = [line for line in cell.source.splitlines() if len(line) > LONGEST_LINE]
        assert wide == [], f"wider than {LONGEST_LINE}"
        assert "sys.path" not in cell.source
        if not cell.metadata.get("nbgrader", {}).get("solution"):
            no_class_and_no_star(cell.source)


def tree(source):
    return ast.parse(plain(source))


def plain(source):
    """A cell without the lines that are no Python."""
    return "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))


def height(source):
    """Lines that say something; an import counts as one, however many names it takes."""
    imports = [node for node in ast.walk(tree(source)) if isinstance(node, ast.ImportFrom)]
    names = sum(node.end_lineno - node.lineno for node in imports)
    return len([line for line in source.splitlines() if line.strip()]) - names


def no_class_and_no_star(source):
    for node in ast.walk(tree(source)):
        assert not isinstance(node, ast.ClassDef), f"a class in a cell: {node.name}"
        starred = isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        assert not starred, "an import of *"


@every_notebook
def test_no_name_is_imported_and_bound_as_well(path):
    """Else a cell that ran, such as that for own pictures, breaks what a later one takes from before."""
    tables = [symtable.symtable(plain(cell.source), path.name, "exec") for cell in cells(path)]
    symbols = [symbol for table in tables for symbol in table.get_symbols()]
    imported = {symbol.get_name() for symbol in symbols if symbol.is_imported()}
    bound = {symbol.get_name() for symbol in symbols if symbol.is_assigned() and not symbol.is_imported()}
    assert sorted(imported & bound) == []


@every_notebook
def test_ids_are_unique_and_the_notebook_is_valid(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))


@every_notebook
def test_every_picture_has_words(executed, path):
    for cell in pictures(path):
        words = cell.metadata.get("mystnb", {})
        alt = words.get("image", {}).get("alt", "")
        assert len(alt.split()) >= 5 and not FILE_NAME.search(alt), f"alt {alt!r} of\n{cell.source}"
        caption = words.get("figure", {}).get("caption", "")
        assert len(caption.split()) >= 3, f"caption {caption!r} of\n{cell.source}"


@every_notebook
def test_a_chapter_ends_with_exercises(path):
    if path.stem == "start":
        pytest.skip("the first chapter has none")
    graded = [cell for cell in cells(path) if cell.metadata.get("nbgrader", {}).get("grade")]
    stubs = [cell for cell in cells(path) if cell.metadata.get("nbgrader", {}).get("solution")]
    assert len(graded) >= 3 and len(stubs) >= 3
    last = len(cells(path)) - 1
    assert cells(path).index(graded[-1]) >= last - 2, "code after the last exercise"


@every_notebook
def test_headings_go_down_one_step_at_a_time(path):
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    levels = [len(found) for found in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
