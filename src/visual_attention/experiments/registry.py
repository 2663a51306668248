"""Which claims does the course test?

The `claims.py` of every room is asked for its CLAIMS and its QUESTIONS (claims of the newer kind).
"""

import functools

from visual_attention import rooms
from visual_attention.experiments.claim import Claim
from visual_attention.experiments.question import Question


def discover(package: str = rooms.ROOMS, listed: str = "CLAIMS") -> dict:
    """What all rooms of a package list under that name, by its own name, in alphabetical order."""
    found: dict = {}
    for stem, module in rooms.parts("claims", package).items():
        for item in getattr(module, listed, ()):
            if item.name in found:
                raise ValueError(f"two claims are named {item.name!r}, the second in the room {stem}")
            found[item.name] = item
    return dict(sorted(found.items()))


@functools.cache
def everything() -> dict[str, Claim]:
    """All claims by name."""
    return discover()


@functools.cache
def questions() -> dict[str, Question]:
    """All claims of the newer kind by name."""
    return discover(listed="QUESTIONS")


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
