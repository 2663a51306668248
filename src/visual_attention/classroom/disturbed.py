"""Made-up submissions that are disturbed in every way seen in a term or thought of, and yet can be graded.

It may cost them nothing but the exercise that is spoilt. made_up.py says what a kind of submission is.
"""

import copy
import json
import random

from nbformat.v4 import new_code_cell

from visual_attention.classroom.made_up import Chapter, Handed, kind, whole, written


def marks(chapter: Chapter, tree: dict) -> list[dict]:
    """The cells that bear nbgrader's marks."""
    return [cell for cell in tree["cells"] if "nbgrader" in cell["metadata"]]


@kind
def answer_twice(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    place = next(n for n, cell in enumerate(tree["cells"]) if chapter.answer_of(cell))
    tree["cells"].insert(place, copy.deepcopy(tree["cells"][place]))
    tree["cells"][place]["source"] += "\n    raise ValueError('a first try')"
    return whole(chapter, tree)


@kind
def check_twice(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    places = [n for n, cell in enumerate(tree["cells"]) if chapter.is_check(cell)]
    for place in reversed(places):
        tree["cells"].insert(place, copy.deepcopy(tree["cells"][place]))
    return whole(chapter, tree)


@kind
def checks_deleted(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    tree["cells"] = [cell for cell in tree["cells"] if not chapter.is_check(cell)]
    return whole(chapter, tree)


@kind
def exercise_deleted(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    gone = marks(chapter, tree)[:2]
    tree["cells"] = [cell for cell in tree["cells"] if cell not in gone]
    return whole(chapter, tree, lost=(0,), says="no cell of your notebook defines")


@kind
def unmarked(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    for cell in tree["cells"]:
        cell["metadata"] = {}
    return whole(chapter, {**tree, "metadata": {}})


@kind
def marks_renamed(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    for number, cell in enumerate(marks(chapter, tree)):
        cell["metadata"]["nbgrader"]["grade_id"] = f"cell-{number}"
    return whole(chapter, tree)


@kind
def upside_down(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    tree["cells"].reverse()
    return whole(chapter, tree)


@kind
def shuffled(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    random.Random(0).shuffle(tree["cells"])
    return whole(chapter, tree)


@kind
def one_cell_for_all(chapter: Chapter) -> Handed:
    """All answers in a new cell at the top; the cells for them are as they were handed out."""
    tree = chapter.filled({})
    cell = json.loads(json.dumps(new_code_cell("\n\n\n".join(chapter.answers().values()))))
    tree["cells"].insert(2, cell)
    return whole(chapter, tree)


@kind
def answer_as_text(chapter: Chapter) -> Handed:
    """A slip of the finger, `m`, makes Markdown of a cell."""
    tree = chapter.filled()
    cell = next(cell for cell in tree["cells"] if chapter.answer_of(cell))
    cell["cell_type"] = "markdown"
    for key in ("outputs", "execution_count"):
        cell.pop(key, None)
    return whole(chapter, tree)


@kind
def byte_order_mark(chapter: Chapter) -> Handed:
    return Handed({"NAME.ipynb": b"\xef\xbb\xbf" + written(chapter.filled())}, list(chapter.points))


@kind
def utf_16(chapter: Chapter) -> Handed:
    text = written(chapter.filled()).decode()
    return Handed({"NAME.ipynb": text.encode("utf-16")}, list(chapter.points))


@kind
def windows_1252(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    tree["cells"][0]["source"] = "Schöne Grüße, naïve “quotes”"
    text = json.dumps(tree, ensure_ascii=True).replace("\\u00f6", "ö").replace("\\u00fc", "ü")
    return Handed({"NAME.ipynb": text.replace("\n", "\r\n").encode("cp1252")}, list(chapter.points))


@kind
def format_3(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    cells = []
    for cell in tree["cells"]:
        lines = cell["source"].splitlines(keepends=True)
        old = {"cell_type": cell["cell_type"], "metadata": cell["metadata"], "source": lines}
        if cell["cell_type"] == "code":
            old["input"] = old.pop("source")
            old |= {"collapsed": False, "language": "python", "outputs": [], "prompt_number": 3}
        cells.append(old)
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
    return Handed({"NAME.ipynb": written(old)}, list(chapter.points))


@kind
def format_4_0(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    for cell in tree["cells"]:
        del cell["id"]
        cell["source"] = cell["source"].split("\n")
    return Handed({"NAME.ipynb": written({**tree, "nbformat_minor": 0})}, list(chapter.points))


@kind
def format_of_the_future(chapter: Chapter) -> Handed:
    tree = {**chapter.filled(), "nbformat": 5, "nbformat_minor": 1, "signature": {"by": "nobody"}}
    return Handed({"NAME.ipynb": written(tree) + b"\n\n}garbage"}, list(chapter.points))


@kind
def large_outputs(chapter: Chapter) -> Handed:
    tree = chapter.filled()
    for cell in tree["cells"]:
        if cell["cell_type"] == "code":
            data = {"text/plain": "9", "text/html": "<b>full marks</b>" * 5000}
            cell["outputs"] = [
                {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
            ]
    return whole(chapter, tree)


@kind
def downloaded_twice(chapter: Chapter) -> Handed:
    return whole(chapter, chapter.filled(), file=f"{chapter.name} (1).ipynb")


@kind
def capital_letters(chapter: Chapter) -> Handed:
    return whole(chapter, chapter.filled(), file=f"{chapter.name.title()}.IPYNB")


@kind
def another_name(chapter: Chapter) -> Handed:
    return whole(chapter, chapter.filled(), file="homework/my homework.ipynb.txt")


@kind
def two_files(chapter: Chapter) -> Handed:
    """The file as it was handed out, and the second download, with the answers."""
    handed = whole(chapter, chapter.filled(), file=f"{chapter.name}(2).ipynb")
    empty = written(chapter.filled({}))
    return Handed({f"NAME/{chapter.name}.ipynb": empty, **handed.files}, handed.marks)


@kind
def magics(chapter: Chapter) -> Handed:
    answers = chapter.answers()
    lines = [
        "%%time\n",
        "# mine\n%%capture out\n%%timeit -n1\n",
        "%matplotlib inline\n!ls\n",
        "%%any thing\n",
    ]
    above = dict(zip(answers, lines, strict=False))
    return whole(chapter, chapter.filled({n: above.get(n, "%%time\n") + text for n, text in answers.items()}))


@kind
def colab(chapter: Chapter) -> Handed:
    """Lines that fail anywhere else, in the cells of the answers."""
    lines = "from google.colab import drive\ndrive.mount('/content')\nname = input('Who are you? ')\n1 / 0\n"
    return whole(chapter, chapter.filled({name: lines + text for name, text in chapter.answers().items()}))


@kind
def constants(chapter: Chapter) -> Handed:
    """A cell of values that an answer needs, some of them computed, below a training that takes hours."""
    answers = chapter.answers()
    first = chapter.names[0]
    answers[first] += f"""

plain_{first} = {first}
def {first}(*args, **kwargs):
    assert AXES == (2, 3) and DEPTH == 4.0 and NAMES[-1] == "last"
    return plain_{first}(*args, **kwargs)
"""
    tree = chapter.filled(answers)
    source = "import math\nAXES = (2, 3)\nDEPTH = math.sqrt(16)\nNAMES = ['first']\nNAMES.append('last')"
    slow = "while True: pass\nmodel = 1"
    cells = [json.loads(json.dumps(new_code_cell(text))) for text in (slow, source)]
    tree["cells"][2:2] = cells
    return whole(chapter, tree)


def spoilt(chapter: Chapter, number: int, source: str, *, says: str, after: str = "") -> Handed:
    """All answers right but one, whose cell holds something else."""
    answers = chapter.answers()
    name = chapter.names[number]
    answers[name] = source.replace("NAME", name)
    return whole(chapter, chapter.filled(answers), lost=(number,), says=says)


@kind
def endless_cell(chapter: Chapter) -> Handed:
    return spoilt(chapter, 0, "while True: pass\ndef NAME(*a): pass", says="does it ever end?")


@kind
def endless_function(chapter: Chapter) -> Handed:
    source = "def NAME(*args, **kwargs):\n    while True:\n        pass"
    return spoilt(chapter, 1, source, says="does a loop in it ever end?")


@kind
def leaves(chapter: Chapter) -> Handed:
    return spoilt(chapter, 0, "import os\nos._exit(0)", says="it left the process with status 0")


@kind
def leaves_when_called(chapter: Chapter) -> Handed:
    source = "import os\ndef NAME(*args, **kwargs):\n    os._exit(7)"
    return spoilt(chapter, 1, source, says="it left the process with status 7")


@kind
def crashes(chapter: Chapter) -> Handed:
    source = "import ctypes\ndef NAME(*args, **kwargs):\n    ctypes.string_at(0)"
    return spoilt(chapter, 0, source, says="it crashed Python itself (SIGSEGV)")


@kind
def never_returns_from_recursion(chapter: Chapter) -> Handed:
    source = "def NAME(*args, **kwargs):\n    return NAME(*args, **kwargs)"
    return spoilt(chapter, 0, source, says="RecursionError")


@kind
def eats_memory(chapter: Chapter) -> Handed:
    source = "import torch\ndef NAME(*args, **kwargs):\n    return torch.ones(2**40)"
    return spoilt(chapter, 1, source, says="memory")


@kind
def no_python(chapter: Chapter) -> Handed:
    return spoilt(chapter, 0, "def NAME(x:\n    return", says="SyntaxError")
