"""Every public module of the package, in one list, and how each room's entries get into it.

Whoever adds a module adds an entry to the file modules.py beside the tests of its room, and the whole
contract holds for it; ``test_list`` fails until it is there.
"""

import importlib
from pathlib import Path

from torch import nn

from tests.contract.case import Case
from tests.contract.inputs import maps
from visual_attention.cue_task import Written
from visual_attention.cues import Added, CueReader, FixedPlaces
from visual_attention.mechanisms.channel import SqueezeExcitation

TESTS = Path(__file__).parents[1]


def excitation(channels: int) -> nn.Module:
    return SqueezeExcitation(channels, reduction=1)


SHARED = [
    Case(
        CueReader,
        lambda: CueReader((2, 3), 4, slot=excitation, second=3),
        maps(3),
        sizes=((4, 6),),
    ),
    Case(
        Added,
        lambda: Added(excitation(4)),
        maps(4),
        silent={"gate": "whose scores"},
    ),
    Case(FixedPlaces, lambda: FixedPlaces((3, 5)), maps(4), sizes=((3, 5),)),
    Case(Written, lambda: Written(lambda x, window: x * window.sum(), (3,)), maps(4)),
]


def rooms() -> list:
    """The files of entries, mechanisms and chapters."""
    files = sorted([*TESTS.glob("*/modules.py"), *TESTS.glob("chapters/*/modules.py")])
    names = [".".join(("tests", *file.relative_to(TESTS).with_suffix("").parts)) for file in files]
    return [importlib.import_module(name) for name in names if name != __name__]


CASES: list[Case] = SHARED + [case for room in rooms() for case in room.CASES]
# not to be built by themselves, with the reason
ABSTRACT: dict[type[nn.Module], str] = {
    kind: why for room in rooms() for kind, why in getattr(room, "ABSTRACT", {}).items()
}
