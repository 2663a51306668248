"""Wrong answers made by a tool: the solution of an exercise with one thing changed in its syntax tree."""

import ast
import copy
from collections.abc import Iterator

OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
NAMES = {
    "sum": ("mean", "prod"),
    "mean": ("sum", "amax"),
    "prod": ("sum",),
    "amax": ("amin", "mean"),
    "argmax": ("argmin",),
    "softmax": ("log_softmax", "sigmoid"),
    "sigmoid": ("relu", "tanh"),
    "relu": ("abs", "sigmoid"),
    "floor": ("ceil", "round"),
    "round": ("floor", "ceil"),
    "log2": ("log", "log10"),
    "log10": ("log", "log2"),
    "square": ("abs", "sqrt"),
    "max": ("min",),
    "min": ("max",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "any": ("all",),
    "cat": ("stack",),
    "stack": ("cat",),
    "max_pool2d": ("avg_pool2d",),
    "avg_pool2d": ("max_pool2d",),
    "exp": ("exp2", "log"),
    "zeros": ("ones",),
}


def mutants(source: str, name: str) -> Iterator[tuple[str, str]]:
    """What was changed, and the module's source with that change in the function `name`; each once."""
    tree, seen = ast.parse(source), {ast.unparse(ast.parse(source))}
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    places = [node for node in ast.walk(function) if isinstance(node, (ast.expr, ast.stmt))]
    parameters = [a.arg for a in function.args.args]
    for place in places:
        for new in replacements(place, parameters):
            text = ast.unparse(swapped(tree, place, new))
            if text not in seen:
                seen.add(text)
                yield f"{short(place)} -> {short(new)}", text


def short(node: ast.AST | None) -> str:
    return "nothing" if node is None else " ".join(ast.unparse(node).split())[:60]


def swapped(tree: ast.Module, place: ast.AST, new: ast.AST | None) -> ast.Module:
    """A copy of the tree with another node in one place, or without the statement there."""

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST | None:
            if node is place:
                return new
            fresh = copy.copy(node)
            for field, value in ast.iter_fields(node):
                if isinstance(value, ast.AST):
                    setattr(fresh, field, self.visit(value))
                elif isinstance(value, list):
                    items = [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
                    kept = [item for item in items if item is not None or not isinstance(node, ast.stmt)]
                    setattr(fresh, field, kept or ([ast.Pass()] if field == "body" else []))
            return fresh

    return ast.fix_missing_locations(Swap().visit(tree))


def replacements(node: ast.AST, parameters: list[str]) -> Iterator[ast.AST | None]:
    """What may stand in a node's place."""
    match node:
        case ast.BinOp(left, op, right):
            for other in OPERATORS.get(type(op), ()):
                yield ast.BinOp(left, other(), right)
            if not isinstance(op, (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr)):
                yield ast.BinOp(right, op, left)
            yield left
            yield right
        case ast.Compare(left, [op], rest):
            for other in COMPARISONS.get(type(op), ()):
                yield ast.Compare(left, [other()], rest)
        case ast.UnaryOp(_, operand) if not isinstance(operand, ast.Constant):
            yield operand
        case ast.Constant(value) if isinstance(value, (bool, int, float)):
            yield from (ast.Constant(v) for v in other_values(value))
        case ast.IfExp(_, body, other):
            yield body
            yield other
        case ast.Name(name, ast.Load()) if name in parameters:
            yield from (ast.Name(p, ast.Load()) for p in parameters if p != name)
        case ast.Call():
            yield from other_calls(node)
        case ast.Subscript(value, index, ast.Load()):
            yield value
            yield from other_indices(value, index)
        case ast.Assign() | ast.AugAssign():
            yield None
        case ast.If(_, body, other):
            yield ast.If(ast.Constant(True), body, other)
            yield ast.If(ast.Constant(False), body, other)


def other_values(value: object) -> tuple:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    return (2 * value, value / 2, -value) if value else (1.0, -1.0)


def other_calls(node: ast.Call) -> Iterator[ast.AST]:
    """Another function, other arguments, or none of it."""
    function, args, keywords = node.func, node.args, node.keywords
    if isinstance(function, ast.Attribute):
        for other in NAMES.get(function.attr, ()):
            yield ast.Call(ast.Attribute(function.value, other, ast.Load()), args, keywords)
        if not (isinstance(function.value, ast.Name) and function.value.id in ("torch", "F", "math")):
            yield function.value  # x.f(...) -> x
    elif isinstance(function, ast.Name):
        for other in NAMES.get(function.id, ()):
            yield ast.Call(ast.Name(other, ast.Load()), args, keywords)
    if args:
        yield args[0]
    if len(args) > 1:
        yield ast.Call(function, [args[1], args[0], *args[2:]], keywords)
        yield ast.Call(function, args[:-1], keywords)
    for k in range(len(keywords)):
        yield ast.Call(function, args, keywords[:k] + keywords[k + 1 :])


def other_indices(value: ast.expr, index: ast.expr) -> Iterator[ast.AST]:
    """A slice without one of its ends; two indices in the other order."""
    items = index.elts if isinstance(index, ast.Tuple) else [index]

    def at(k: int, item: ast.expr) -> ast.Subscript:
        made = [*items[:k], item, *items[k + 1 :]]
        return ast.Subscript(value, ast.Tuple(made, ast.Load()) if len(made) > 1 else made[0], ast.Load())

    for k, item in enumerate(items):
        if isinstance(item, ast.Slice):
            if item.lower is not None:
                yield at(k, ast.Slice(None, item.upper, item.step))
            if item.upper is not None:
                yield at(k, ast.Slice(item.lower, None, item.step))
    for k in range(len(items) - 1):
        made = [*items[:k], items[k + 1], items[k], *items[k + 2 :]]
        yield ast.Subscript(value, ast.Tuple(made, ast.Load()), ast.Load())
