"""A student's cells in the sandbox: read without magics, taken apart into statements, run one by one.

Only what an exercise needs is run: the whole cell of the answer, and of the other cells what binds a name
that the answer uses, directly or by way of others; where a name is missing then, all imports, definitions
and constants as well. So the chapter's own cells, which train networks, are left alone, and a statement that
fails takes nothing with it.
"""

import __future__

import ast
import builtins
import linecache
import symtable
import traceback
from collections.abc import Iterator
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from visual_attention.exercises.calling import OutOfTime, at_most, quiet

DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)
# What an expression may consist of to count as a definition: whoever evaluates it changes nothing.
PURE = (ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.Lambda, ast.IfExp)
PURE += (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare)
PURE += (ast.JoinedStr, ast.FormattedValue, ast.ListComp, ast.SetComp, ast.DictComp, ast.comprehension)
PURE += (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


class Silent:
    """Stands in for IPython, whose magics have no meaning here."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


class Cells:
    """The code cells of a notebook, by number, and the namespace that they run in."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
        self.namespace |= {"get_ipython": lambda: Silent(), "display": lambda *args, **kwargs: None}
        self.statements: dict[int, list[ast.stmt]] = {}
        self.lines: dict[int, list[str]] = {}
        self.flags = 0  # of `from __future__ import ...`, which hold for all cells after it

    def read(self, cell: int, source: str) -> list[str]:
        """Take a cell apart, without running it; returns the first line of each statement."""
        source = TransformerManager().transform_cell(without_cell_magics(source))
        self.lines[cell] = source.splitlines(keepends=True)
        self.statements[cell] = ast.parse(source, file_name(cell)).body
        for statement in self.statements[cell]:
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                self.flags |= sum(getattr(__future__, alias.name).compiler_flag for alias in statement.names)
        return [self.lines[cell][s.lineno - 1].strip()[:100] for s in self.statements[cell]]

    def plan(
        self, answer: str, own: int | None, until: int, *, definitions: bool
    ) -> list[tuple[int, int, bool]]:
        """The statements to run for an answer: (cell, number, whether the answer depends on it).

        Args:
            own: The answer's own cell, which is run as a whole.
            until: The first cell that is not run.
            definitions: Whether to run all definitions, needed or not.
        """
        before = [c for c in sorted(self.statements) if c < until]
        every = [s for c in before for s in self.statements[c]]
        imported = set().union(*(bound(s) for s in every if isinstance(s, ast.Import | ast.ImportFrom)))
        links = {(c, n): self.links(c, s, imported) for c in before for n, s in enumerate(self.statements[c])}
        wanted, known = {answer, "*"}, 0  # who knows what `from x import *` binds
        while len(wanted) > known:
            known = len(wanted)
            for binds, uses, _ in links.values():
                if binds & wanted:
                    wanted |= uses
        steps = [(c, n, bool(binds & wanted), plain) for (c, n), (binds, _, plain) in links.items()]
        return [
            (c, n, needed) for c, n, needed, plain in steps if needed or c == own or (plain and definitions)
        ]

    def links(self, cell: int, statement: ast.stmt, imported: set[str]) -> tuple[set[str], set[str], bool]:
        """What a statement binds or changes, what it uses, and whether it is a definition."""
        try:
            binds = bound(statement) | (changed(statement) - imported)
            return binds, used(self.text(cell, statement)), is_definition(statement)
        except RecursionError:  # nested so deeply that nobody wrote it by hand
            return set(), set(), False

    def text(self, cell: int, statement: ast.stmt) -> str:
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        return "".join(self.lines[cell][first - 1 : statement.end_lineno])

    def step(self, cell: int, number: int, seconds: float) -> tuple[str, bool]:
        """Run one statement; returns what went wrong, if anything did, and whether it was out of time."""
        name = file_name(cell)
        lines = self.lines[cell]
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
        errors, late = [], False
        for statement in singly(self.statements[cell][number]):
            try:
                with quiet(), at_most(seconds):
                    module = ast.Module([statement], type_ignores=[])
                    code = compile(module, name, "exec", flags=self.flags, dont_inherit=True)
                    exec(code, self.namespace)
            except OutOfTime:
                line, late = lines[statement.lineno - 1].strip()[:100], True
                errors.append(f"`{line}` was stopped after {seconds:g} seconds: does it ever end?")
            except BaseException as error:
                errors.append(told(error, name, lines[statement.lineno - 1]))
        return "; ".join(errors)[:500], late


def file_name(cell: int) -> str:
    return f"<cell {cell}>"


def told(error: BaseException, name: str, line: str) -> str:
    """An exception in one sentence, with the line of the cell on which it arose."""
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:  # an exception whose own text raises
        text = type(error).__name__
    own = [f.line for f in traceback.extract_tb(error.__traceback__) if f.filename == name and f.line]
    return f"`{(own or [line])[-1].strip()[:100]}` stopped with {' '.join(text.split())[:300]}"


def singly(statement: ast.stmt) -> Iterator[ast.stmt]:
    """`from x import a, b` as `from x import a; from x import b`: one that is missing is missed alone."""
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        yield statement
        return
    for alias in statement.names:
        fields = {k: getattr(statement, k) for k in statement._fields if hasattr(statement, k)}
        yield ast.copy_location(type(statement)(**{**fields, "names": [alias]}), statement)


def without_cell_magics(source: str) -> str:
    """The body of a cell below lines such as `%%time`, and below comments above them."""
    lines = source.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.lstrip().startswith("%%"):
            lines[number] = "\n"
        elif line.strip() and not line.lstrip().startswith("#"):
            break
    return "".join(lines)


def is_definition(statement: ast.stmt) -> bool:
    """Whether a statement only names something: an import, a function, a value without side effects."""
    match statement:
        case ast.Expr(ast.Constant()) | ast.AnnAssign(value=None):
            return True
        case ast.Assign(targets=targets, value=value):
            return all(map(is_name, targets)) and is_pure(value)
        case ast.AnnAssign(target=target, value=value):
            return is_name(target) and is_pure(value)
        case ast.If(test=test, body=body, orelse=rest):
            return is_pure(test) and all(map(is_definition, body + rest))
        case ast.Try(body=body, handlers=handlers, orelse=rest, finalbody=final):
            inner = [s for handler in handlers for s in handler.body]
            return all(map(is_definition, body + inner + rest + final))
    return isinstance(statement, DEFINITIONS)


def is_name(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(map(is_name, target.elts))
    return isinstance(target, ast.Name)


def is_pure(value: ast.expr) -> bool:
    """Whether an expression has no side effects: no call, except inside a lambda, which is not run."""
    if isinstance(value, ast.Lambda):
        return True
    return isinstance(value, PURE) and all(map(is_pure, ast.iter_child_nodes(value)))


def bound(statement: ast.AST) -> set[str]:
    """The names of the notebook that a statement binds."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.alias(name=name, asname=other):
            return {other or name.partition(".")[0]}
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return {name}
        case ast.Lambda():
            return set()
    return set().union(*map(bound, ast.iter_child_nodes(statement)))


def changed(statement: ast.AST) -> set[str]:
    """The names whose objects a statement changes: `x[0] = 1`, `model.scale = 2`, `found.append(x)`."""
    names = set()
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
            return names
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            names = root(statement)
        case ast.Expr(ast.Call(func=ast.Attribute() as method)):
            names = root(method)
    return names.union(*map(changed, ast.iter_child_nodes(statement)))


def root(node: ast.AST) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def used(text: str) -> set[str]:
    """The names of the notebook that a statement uses, also inside the functions that it defines."""
    names: set[str] = set()
    try:
        tables = [symtable.symtable(text, "<statement>", "exec")]
    except SyntaxError:  # a piece of a line with several statements
        return names
    while tables:
        table = tables.pop()
        tables += table.get_children()
        top = table.get_type() == "module"
        names |= {s.get_name() for s in table.get_symbols() if s.is_global() or (top and s.is_referenced())}
    return names
