"""Every public module of the package, in one list. The contract is tested on each entry of it."""

from tests.contract import chapters, controls, mechanisms
from tests.contract.case import Case
from visual_attention.applications.tracking import Tracker

CASES: list[Case] = [*mechanisms.CASES, *chapters.CASES, *controls.CASES]

# not to be built by themselves
ABSTRACT = {Tracker: "what all trackers share; those that are one say how they weigh"}
