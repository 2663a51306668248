"""Which chapters are there, and which of them has a part of that name?

A chapter is one room: a folder of `chapters`. Claims, checks and whatever else repeats from room to room is
found by looking into the rooms: the frameworks know no chapter, and a new room needs no entry anywhere.
"""

import importlib
import importlib.util
import pkgutil
from types import ModuleType

ROOMS = "visual_attention.chapters"


def stems(package: str = ROOMS) -> list[str]:
    """The stems of all chapters, in alphabetical order."""
    rooms = importlib.import_module(package)
    return sorted(info.name for info in pkgutil.iter_modules(rooms.__path__) if info.ispkg)


def parts(name: str, package: str = ROOMS) -> dict[str, ModuleType]:
    """The rooms' modules of that name ("claims", "checks"), by stem; rooms without one are left out."""
    found = {stem: part(stem, name, package) for stem in stems(package)}
    return {stem: module for stem, module in found.items() if module}


def part(stem: str, name: str, package: str = ROOMS) -> ModuleType | None:
    """One room's module of that name, or None if it has none."""
    path = f"{package}.{stem}.{name}"
    return importlib.import_module(path) if importlib.util.find_spec(path) else None
