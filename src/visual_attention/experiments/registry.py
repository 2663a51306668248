"""Which claims does the course test?

Every module in `claims/` is asked for its CLAIMS; a module without is there to support the others.
"""

import functools
import importlib
import pkgutil
from types import ModuleType

from visual_attention.experiments import claims
from visual_attention.experiments.claim import Claim


def discover(package: ModuleType) -> dict[str, Claim]:
    """The claims of all modules of a package, by name, in alphabetical order."""
    found: dict[str, Claim] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        for item in getattr(loaded, "CLAIMS", ()):
            if item.name in found:
                raise ValueError(f"two claims are named {item.name!r}, the second in {module.name}.py")
            found[item.name] = item
    return found


@functools.cache
def everything() -> dict[str, Claim]:
    """All claims by name."""
    return discover(claims)


def names() -> list[str]:
    """The names of all claims."""
    return list(everything())


def claim(name: str) -> Claim:
    """The claim of that name."""
    if name not in everything():
        raise ValueError(f"claim: wanted one of {', '.join(names())}; got {name!r}")
    return everything()[name]
