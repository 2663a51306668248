"""A test that passed is not repeated while nothing has changed that it could read.

`make test` uses it (pytest -p tools.kept); `make test AGAIN=1` repeats everything. A test could read what its
file imports or names, and what that imports, to the end, with the data beside it; outside the package and the
tests what READS says of its folder. Python, all that is installed and the browser belong to it. All this is
one hash, and a verdict is kept for that hash alone. While tests run, each file of the course that they open
is compared with that list; a test that opens another one is not kept, and the summary names it.
"""

import ast
import fnmatch
import functools
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import site
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tools import browser
from tools.rooms_of import rooms_of

PACKAGE = "visual_attention"
STORE = "kept/passed"
NAMED = re.compile(rf"\b{PACKAGE}(?:\.\w+)+")
SAID = re.compile(rf"from ({PACKAGE}[.\w]*) import ([\w, ]+)")
STARTED = re.compile(rf"-m\W+({PACKAGE}[.\w]*)")
# Who looks into the rooms reads more than it imports: {module or file: patterns of files}.
LOOKS = {
    f"src/{PACKAGE}/experiments/registry.py": [f"src/{PACKAGE}/chapters/*/claims.py"],
    f"src/{PACKAGE}/exercises/__main__.py": [f"src/{PACKAGE}/chapters/*/checks.py"],
    f"src/{PACKAGE}/classroom/remote.py": [f"src/{PACKAGE}/chapters/soft/checks.py"],  # the class is of soft
}
EVERY_TEST = ["pyproject.toml", "requirements*.txt", "tests/conftest.py", "tests/widgets.py", "tools/kept.py"]
ALL = ["*"]
OWN = "the package without the rooms that the notebook does not read"
PAGE = ["_build/html/{subject}.html", "_build/html/_static/*", "_toc.yml", "tools/*", "{subject}.ipynb"]
# What else the tests of a folder may read: the first pattern that fits decides. {subject} is the page or the
# notebook that a test is asked of, None means that it is never kept.
READS = {
    "tests/book/test_links.py": None,  # it reads what all the others made
    "tests/book/*": PAGE,
    "tests/chapters/*/*": ["notebooks/*/{room}.ipynb", "book/solutions/{room}.py"],
    "tests/classroom/test_chapters.py": ALL,
    "tests/classroom/test_remote.py": [f"src/{PACKAGE}/*"],  # it looks at every file that a sandbox can see
    "tests/classroom/*": [OWN, "notebooks/start.ipynb", "notebooks/*/soft.ipynb", "book/solutions/soft.py"],
    "tests/contract/test_list.py": [f"src/{PACKAGE}/*.py", "tests/*/modules.py"],
    "tests/contract/test_modules.py": ["{subject}"],  # the file with the entry that a test is asked of
    "tests/exercises/*": ALL,
    "tests/notebooks/test_run.py": None,
    "tests/notebooks/test_colab.py": [
        OWN,
        "README.md",
        "notebooks/start.ipynb",
        "notebooks/{subject}.ipynb",
        "book/solutions/{room}.py",
        "tools/*",
    ],
    "tests/notebooks/*": ALL,
    "tests/own/test_field.py": ["notebooks/applications/*.ipynb", "book/own.md"],
    "tests/*/*": [],
    "tests/test_kept_reads.py": ALL,
    "tests/test_mutation_plans.py": ALL,
    "tests/test_rooms.py": ALL,
    "tests/test_stored.py": [f"src/{PACKAGE}/*.safetensors"],
    "tests/test_wheel.py": ALL,
    "tests/*": [],
}
HOUSES = {f"src/{PACKAGE}", f"src/{PACKAGE}/chapters", "tests", "tests/chapters"}


class Inputs:
    """Which files the tests of a file could read, and the hash of what is in them.

    Args:
        root: the course, a git repository.
    """

    def __init__(self, root: Path):
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=root, check=True, capture_output=True, text=True).stdout
        for slow in (self.named, self.read_by, self.beside, self.matching, self.of, self.digest, self.key):
            setattr(self, slow.__name__, functools.cache(slow))
        self.root, self.files = root, {name for name in names.split("\0") if (root / name).is_file()}

    def module(self, dotted: str) -> str | None:
        """The file of a module of the package, of the tests or the tools."""
        stem = dotted.replace(".", "/")
        stem = f"src/{stem}" if dotted.split(".")[0] == PACKAGE else stem
        return next((name for name in (f"{stem}.py", f"{stem}/__init__.py") if name in self.files), None)

    def named(self, file: str) -> set[str | None]:
        """The files that a file imports; of tests and tools also those that their words name or start."""
        text = (self.root / file).read_text(encoding="utf-8")
        dotted = set()
        if not file.startswith("src/"):
            dotted = {*NAMED.findall(text), *(f"{name}.__main__" for name in STARTED.findall(text))}
            dotted |= {
                f"{name}.{one}" for name, ones in SAID.findall(text) for one in re.findall(r"\w+", ones)
            }
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                dotted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                above = Path(file.removeprefix("src/")).parts[: -node.level] if node.level else ()
                start = ".".join((*above, *filter(None, [node.module])))
                dotted |= {start, *(f"{start}.{alias.name}" for alias in node.names)}
        return {self.holding(name) for name in dotted}

    def holding(self, dotted: str) -> str | None:
        """The file of a module, or of that in which a name of that kind stands."""
        return self.module(dotted) or (self.holding(dotted.rpartition(".")[0]) if dotted else None)

    def read_by(self, file: str) -> frozenset[str]:
        """A file, and all that it reads by importing, naming or looking, to the end."""
        found, waiting = set(), [file, *(str(folder / "conftest.py") for folder in Path(file).parents)]
        waiting += [name for one in EVERY_TEST for name in self.matching(one)]
        while waiting:
            one = waiting.pop()
            if one is None or one in found or one not in self.files:
                continue
            found.add(one)
            waiting += [f"{folder}/__init__.py" for folder in Path(one).parents]
            waiting += [name for pattern in LOOKS.get(one, []) for name in self.matching(pattern)]
            waiting += [*self.named(one), *self.beside(str(Path(one).parent))] if one.endswith(".py") else []
        return frozenset(found)

    def beside(self, folder: str) -> tuple[str, ...]:
        """The data in a folder, and below it where it is not a house of rooms."""
        inside = (name for name in self.files if name.startswith(f"{folder}/") and not name.endswith(".py"))
        return tuple(name for name in inside if folder not in HOUSES or str(Path(name).parent) == folder)

    @functools.cached_property
    def built(self) -> list[str]:
        """The files of the built book."""
        return [
            str(path.relative_to(self.root)) for path in self.root.glob("_build/html/**/*") if path.is_file()
        ]

    def matching(self, pattern: str) -> list[str]:
        """The files of a pattern, be they git's or the built book's."""
        return fnmatch.filter(self.built if pattern.startswith("_build/") else self.files, pattern)

    def of(self, file: str, subject: str = "") -> frozenset[str] | None:
        """All that the tests of a file could read that are asked of one subject; None if nobody can say."""
        patterns = next(reads for pattern, reads in READS.items() if fnmatch.fnmatch(file, pattern))
        if patterns is None or (patterns is PAGE and (not subject or "BOOK_PAGES" in os.environ)):
            return None
        room = Path(file).parts[2] if file.startswith("tests/chapters/") else Path(subject).name
        filled = [pattern.format(subject=subject, room=room) for pattern in patterns]
        found = {name for pattern in filled for name in self.matching(pattern)}
        if patterns is PAGE:
            found |= {name for page in found if page.endswith(".html") for name in self.shown(page)}
        if OWN in patterns:
            notebook = f"{subject or 'mechanisms/soft'}.ipynb"
            rooms = "|".join(rooms_of(self.root / "notebooks" / notebook, self.root / "src" / PACKAGE))
            others = re.compile(rf"src/{PACKAGE}/chapters/(?!({rooms})/)\w+/")
            found |= {name for name in self.files if name.startswith("src/") and not others.match(name)}
        code = [one for one in found if one.startswith("book/solutions/") or one.endswith("/modules.py")]
        return frozenset(found).union(*map(self.read_by, [file, *code]))

    def shown(self, page: str) -> set[str]:
        """The pictures of a page of the built book."""
        names = re.findall(r"_images/[^\"?#\s,]+", (self.root / page).read_text(encoding="utf-8"))
        return {f"_build/html/{name}" for name in names} & {*self.built}

    @functools.cached_property
    def environment(self) -> bytes:
        """Python, all that is installed, and the programs that tests start.

        Not by sys.path: setuptools, once imported, adds a folder of its own to it, in the workers alone.
        """
        folders = [*site.getsitepackages(), site.getusersitepackages()]
        installed = sorted(f"{found.name}=={found.version}" for found in metadata.distributions(path=folders))
        programs = filter(None, map(shutil.which, (browser.find() or "", "bwrap")))
        stats = [(name, os.stat(name).st_size, os.stat(name).st_mtime) for name in programs]
        told = sorted({"CI", "CHROMIUM", "OMP_NUM_THREADS", "QUICK"} & {*os.environ})
        told += sorted(name for name in os.environ if name.startswith(f"{PACKAGE.upper()}_"))
        settings = [(name, os.environ[name]) for name in told]
        return repr((platform.python_version(), platform.machine(), installed, stats, settings)).encode()

    def digest(self, name: str) -> bytes:
        """The hash of a file's name and content."""
        return hashlib.sha256(name.encode() + b"\0" + (self.root / name).read_bytes()).digest()

    def key(self, file: str, subject: str = "") -> str | None:
        """What a verdict hangs on, as one hash."""
        names = self.of(file, subject)
        if names is None:
            return None
        hashed = hashlib.sha256(self.environment)
        for name in sorted(names):
            hashed.update(self.digest(name))
        return hashed.hexdigest()


def entries(kind: type) -> str:
    """The file with a module's entry in the contract: beside the tests of its room."""
    _, *room, _ = kind.__module__.split(".")
    return "/".join(["tests", *(room or ["contract"])[:2], "modules.py"])


def asked(item: pytest.Item) -> tuple[str, str]:
    """The file of a test, and the page, the notebook or the file of entries that it is asked of."""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    subject = given.get("opened", given.get("path", ""))
    if hasattr(given.get("case"), "kind"):
        subject = entries(given["case"].kind)
    if isinstance(subject, Path):
        subject = "/".join(subject.with_suffix("").parts[-2:]).removeprefix("notebooks/")
    return item.path.relative_to(item.config.rootpath).as_posix(), str(subject)


def for_constants() -> bool:
    """Whether Hypothesis is reading the sources of all that is imported, once, for numbers worth a trial."""
    frame = sys._getframe(1)
    while frame and frame.f_globals.get("__name__") != "hypothesis.internal.constants_ast":
        frame = frame.f_back
    return frame is not None


class Kept:
    """The plugin: passes over what passed, keeps what passes, and watches what is opened."""

    def __init__(self, config: pytest.Config):
        self.config, self.inputs = config, Inputs(config.rootpath)
        for name in self.inputs.files:  # as it is before any of it is imported
            self.inputs.digest(name)
        # What is installed from another checkout is not what is hashed here.
        tested = importlib.util.find_spec(PACKAGE)
        self.ours = bool(tested) and Path(tested.origin).is_relative_to(config.rootpath / "src")
        self.before = {} if config.getoption("again") else config.cache.get(STORE, {})
        self.called, self.passed, self.unkept, self.told, self.over = set(), {}, set(), set(), 0
        self.spoilt = set()
        self.now, self.strays = None, set()
        sys.addaudithook(self.opened)

    def pytest_collection_modifyitems(self, config, items):
        """Leave out the tests that passed with the same hash."""
        chosen, left = [], []
        for item in items:
            key = self.inputs.key(*asked(item)) if self.ours else None
            same = key is not None and self.before.get(item.nodeid) == key
            (left if same else chosen).append(item)
            item.user_properties.append(("kept", (item.nodeid, *asked(item), key)))
        if left:
            config.hook.pytest_deselected(items=left)
        items[:], self.over = chosen, len(left)

    def opened(self, event: str, arguments: tuple):
        """Note a file of the course that a running test opens and should not need."""
        if event != "open" or self.now is None or not isinstance(arguments[0], (str, bytes, os.PathLike)):
            return
        name = os.path.abspath(os.fsdecode(arguments[0])).removeprefix(f"{self.inputs.root}/")
        if name.endswith(".pyc"):
            name = re.sub(r"__pycache__/(\w+)\.[\w.-]+$", r"\1.py", name)
        if name in self.inputs.files and name not in self.now and not for_constants():
            self.strays.add(name)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Watch one test from its setting up to its end."""
        self.now, self.strays = self.inputs.of(*asked(item)), set()
        try:
            return (yield)
        finally:
            self.now = None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item):
        """Tell the report what was opened beyond the list."""
        item.user_properties += [("stray", (item.nodeid, name)) for name in sorted(self.strays)]

    def pytest_runtest_logreport(self, report):
        """Remember what passed to its end; what failed anywhere, or opened more than is known, is not kept.
        After a test something may be taken down that others of its file or its page used: if that fails, they
        are not kept either."""
        passed = report.passed and not hasattr(report, "wasxfail")
        for name, found in report.user_properties:
            if name == "kept" and report.when == "call" and passed:
                self.called.add(found[0])
            if name == "kept" and report.when == "teardown" and passed and found[0] in self.called:
                self.passed[found[0]] = found[1:]
            if name == "kept" and report.failed:
                self.unkept.add(found[0])
                self.spoilt |= {*found[1:3]} - {""} if report.when == "teardown" else set()
            if name == "stray":
                self.unkept.add(found[0])
                self.told.add(": it opened ".join(found))

    def pytest_sessionfinish(self, session):
        """Keep what passed, if its files are now what they were when it began."""
        if hasattr(session.config, "workerinput"):
            session.config.workeroutput["passed over"] = self.over
            return
        self.unkept |= {name for name, found in self.passed.items() if self.spoilt & {*found[:2]}}
        after = Inputs(self.config.rootpath)
        keys = {
            name: key
            for name, (file, subject, key) in self.passed.items()
            if name not in self.unkept and key is not None and after.key(file, subject) == key
        }
        old = self.config.cache.get(STORE, {})
        self.config.cache.set(STORE, {n: key for n, key in (old | keys).items() if n not in self.unkept})

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        """What a worker passed over; all workers collect the same."""
        self.over = getattr(node, "workeroutput", {}).get("passed over", self.over)

    def pytest_terminal_summary(self, terminalreporter):
        if self.over:
            terminalreporter.line(
                f"{self.over} tests were not repeated: nothing that they read has changed since they passed. "
                "make test AGAIN=1 repeats all."
            )
        if self.told:
            terminalreporter.section("not kept, for READS of tools/kept.py does not know that they read it")
            for line in sorted(self.told):
                terminalreporter.line(line)


def pytest_addoption(parser):
    parser.addoption("--again", action="store_true", help="repeat also what passed with the same files")


def pytest_configure(config):
    config.pluginmanager.register(Kept(config), "kept verdicts")
