"""Of a student's cells, what an answer needs is run, and a statement that fails takes nothing with it."""

import ast
import io
import time

import pytest

from visual_attention.classroom.cells import Cells, is_definition, used, without_cell_magics

END = 99  # behind the last cell


def taken(*sources: str) -> Cells:
    cells = Cells()
    for number, source in enumerate(sources):
        cells.read(number, source)
    return cells


def planned(cells: Cells, answer: str, own: int | None = None, *, definitions: bool = False) -> list[str]:
    """The text of the statements that would be run."""
    plan = cells.plan(answer, own, END, definitions=definitions)
    return [cells.text(cell, cells.statements[cell][number]).strip() for cell, number, _ in plan]


def run(cells: Cells, answer: str, own: int | None = None, *, seconds: float = 5.0) -> list[str]:
    """Run what an answer needs; returns the errors."""
    plan = cells.plan(answer, own, END, definitions=False)
    return [error for c, n, _ in plan if (error := cells.step(c, n, seconds)[0])]


@pytest.mark.parametrize(
    "above",
    [
        "%%time\n",
        "%%capture out\n",
        "\n%%anything -x 3\n",
        "# mine\n%%time\n%%capture\n",
        "%%time\n%%capture\n",
        "%matplotlib inline\n",
    ],
)
def test_what_stands_below_a_magic_is_run(above):
    cells = taken(above + "!pip install x\nrest = 2\ndef f(): return rest")
    assert run(cells, "f") == [] and cells.namespace["f"]() == 2


def test_magic_signs_within_a_cell_stay():
    source = "x = 7\n%%time\n"
    assert without_cell_magics(source) == source and without_cell_magics("%%time\nx") == "\nx"


def test_a_line_that_fails_takes_nothing_with_it(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    source = "from google.colab import drive\ndrive.mount('/content')\nx = input()\n1 / 0\ndef f(): return 3"
    cells = taken(source)
    errors = [cells.step(0, number, 5.0)[0] for number in range(5)]
    assert cells.namespace["f"]() == 3 and errors[4] == ""
    assert "`from google.colab import drive` stopped with ModuleNotFoundError" in errors[0]
    assert "EOFError" in errors[2] and "`1 / 0` stopped with ZeroDivisionError" in errors[3]


def test_of_many_imports_the_missing_one_is_missed_alone():
    cells = taken("from math import pi, nothing_like_that, tau\nimport math, nothing_like_that")
    assert "nothing_like_that" in cells.step(0, 0, 5.0)[0]
    cells.step(0, 1, 5.0)
    assert {"pi", "tau", "math"} <= set(cells.namespace)


def test_a_statement_that_never_ends_is_stopped_and_said_to_be_out_of_time():
    cells = taken("while True: pass\nx = 1")
    began = time.monotonic()
    error, late = cells.step(0, 0, 0.2)
    assert late and error == "`while True: pass` was stopped after 0.2 seconds: does it ever end?"
    assert time.monotonic() - began < 5 and cells.step(0, 1, 0.2) == ("", False)


def test_only_what_the_answer_needs_is_run():
    cells = taken(
        "import torch\nimport math",
        "model = train()\nscores = model(pictures)",
        "AXES = (2, 3)\nOTHER = [0]",
        "depth = math.sqrt(16)\nlevels = []",
        "levels.append(depth)\nprint(levels)\nlevels[0] += 1",
        "def helper(x, scores): return x + levels[0] + len(AXES) + scores",
        "def f(x):\n    model = x\n    return helper(model, 0)",
    )
    plan = planned(cells, "f")
    assert plan == [
        "import math",
        "AXES = (2, 3)",
        "depth = math.sqrt(16)",
        "levels = []",
        "levels.append(depth)",
        "levels[0] += 1",
        "def helper(x, scores): return x + levels[0] + len(AXES) + scores",
        "def f(x):\n    model = x\n    return helper(model, 0)",
    ]
    assert run(cells, "f") == [] and cells.namespace["f"](1) == 1 + 5 + 2


def test_a_call_of_a_module_s_function_changes_no_module():
    f = "def f(): return math.pi, found"
    cells = taken("import math\nfound = []", "math.show(train())", "found.append(1)", f)
    assert planned(cells, "f") == ["import math", "found = []", "found.append(1)", f]


def test_the_answers_own_cell_is_run_as_a_whole_and_definitions_are_if_asked_for():
    cells = taken("y = 2\ndef g(): pass\nmake()", "print(f(3))\ndef f(x): return x")
    assert planned(cells, "f", 1) == ["print(f(3))", "def f(x): return x"]
    assert planned(cells, "f", definitions=True) == ["y = 2", "def g(): pass", "def f(x): return x"]
    assert [c for c, _, _ in cells.plan("f", 1, 1, definitions=True)] == [0, 0], "nothing from the check on"


def test_stars_decorators_and_classes():
    cells = taken(
        "from math import *", "def twice(f): return lambda x: 2 * f(x)", "@twice\ndef f(x): return x + pi"
    )
    assert run(cells, "f") == [] and cells.namespace["f"](0) == pytest.approx(6.2832, abs=1e-4)
    cells = taken(
        "BASE = dict",
        "class A(BASE):\n    size = SIZE\n    def g(self): return K",
        "SIZE = int('3')",
        "K = 1",
    )
    assert set(planned(cells, "A")) >= {"BASE = dict", "SIZE = int('3')", "K = 1"}


def test_annotations_of_the_future_hold_for_all_statements():
    cells = taken("from __future__ import annotations", "def f(x: Unknown | None) -> Other: return x")
    run(cells, "f")
    cells.step(1, 0, 5.0)
    assert cells.namespace["f"](4) == 4


@pytest.mark.parametrize(
    "source",
    [
        "import a",
        "from a import b",
        "def f(): g()",
        "class A: pass",
        "AXES = (2, 3)",
        "a = b = -1.5e3",
        "x: int = 3",
        "x: int",
        "first, (second, third) = 1, (2, [3, 4])",
        "SIZES = {'a': [1, 2][0], **other}",
        "half = n // 2 if n > 1 else not n",
        "kind = torch.float32",
        "f = lambda x: g(x)",
        "squares = [n * n for n in (1, 2) if n]",
        "name = f'{a}-{b:>3}'",
        "'''words'''",
        "if 3 > 2:\n    import a\nelse:\n    b = 1",
        "try:\n    import a\nexcept ImportError:\n    a = None",
        "pass",
    ],
)
def test_an_expression_without_side_effects_is_a_definition(source):
    (statement,) = ast.parse(source).body
    assert is_definition(statement)


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "x = f()",
        "x = [f() for _ in y]",
        "x = (1, f(2))",
        "torch.allclose = yes",
        "x[0] = 1",
        "x += 1",
        "print(x)",
        "for i in x: pass",
        "if f(): import a",
        "if x: f()",
        "try:\n    f()\nexcept E: pass",
        "with f(): pass",
        "del x",
        "assert x",
        "x = (y := 3)",
        "raise SystemExit",
    ],
)
def test_what_may_have_side_effects_is_none(source):
    (statement,) = ast.parse(source).body
    assert not is_definition(statement)


def test_names_are_told_from_those_of_a_functions_own():
    source = "def f(a):\n    b = a + c\n    return [d for e in b] + g(lambda h: h + i)"
    assert used(source) - {"f"} == {"c", "d", "g", "i"}
    assert used("x = y\nclass A(B):\n    z = w") >= {"y", "B", "w"}
    assert used("x = (") == set()


def test_deep_nests_do_no_harm():
    cells = Cells()
    with pytest.raises((SyntaxError, RecursionError, MemoryError)):
        cells.read(0, "(" * 5000)
    cells.read(1, "x = " + "-" * 900 + "1\ndef f(): return 1")
    run(cells, "f", 1)
    assert cells.namespace["f"]() == 1
