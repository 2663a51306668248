"""Which claims does the course test? The `claims.py` of every room is asked for its CLAIMS."""

import functools

from visual_attention import rooms
from visual_attention.experiments.claim import Claim


def discover(package: str = rooms.ROOMS) -> dict[str, Claim]:
    """The claims of all rooms of a package, by name, in alphabetical order."""
    found: dict[str, Claim] = {}
    for stem, module in rooms.parts("claims", package).items():
        for item in module.CLAIMS:
            if item.name in found:
                raise ValueError(f"two claims are named {item.name!r}, the second in the room {stem}")
            found[item.name] = item
    return dict(sorted(found.items()))


everything = functools.cache(discover)


def names() -> list[str]:
    """The names of all claims."""
    return list(everything())


def claim(name: str) -> Claim:
    """The claim of that name."""
    if name not in everything():
        raise ValueError(f"claim: wanted one of {', '.join(names())}; got {name!r}")
    return everything()[name]
