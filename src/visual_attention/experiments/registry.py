"""Which claims does the course test?

Every module in `claims/` is asked for its CLAIMS and its QUESTIONS (claims of the newer kind); a module
without either is there to support the others.
"""

import functools
import importlib
import pkgutil
from types import ModuleType

from visual_attention.experiments import claims
from visual_attention.experiments.claim import Claim
from visual_attention.experiments.question import Question


def discover(package: ModuleType, listed: str = "CLAIMS") -> dict:
    """What all modules of a package list under that name, by its own name, in alphabetical order."""
    found: dict = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        for item in getattr(loaded, listed, ()):
            if item.name in found:
                raise ValueError(f"two claims are named {item.name!r}, the second in {module.name}.py")
            found[item.name] = item
    return found


@functools.cache
def everything() -> dict[str, Claim]:
    """All claims by name."""
    return discover(claims)


@functools.cache
def questions() -> dict[str, Question]:
    """All claims of the newer kind by name."""
    return discover(claims, "QUESTIONS")


def names() -> list[str]:
    """The names of all claims."""
    return list(everything())


def claim(name: str) -> Claim:
    """The claim of that name."""
    return _named(everything(), name)


def question(name: str) -> Question:
    """The claim of the newer kind of that name."""
    return _named(questions(), name)


def _named(listed: dict, name: str):
    if name not in listed:
        raise ValueError(f"claim: wanted one of {', '.join(listed)}; got {name!r}")
    return listed[name]
