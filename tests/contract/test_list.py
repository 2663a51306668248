"""No public module is missing from the contract's list, and what the list excuses stands in a docstring."""

import importlib
import inspect
import pkgutil

import pytest
from torch import nn

import visual_attention
from tests.contract.modules import ABSTRACT, CASES


def public_modules() -> set[type[nn.Module]]:
    """All classes of networks that the package defines under a name without an underscore."""
    found = set()
    for place in pkgutil.walk_packages(visual_attention.__path__, "visual_attention."):
        if place.name.endswith("__main__") or place.name.startswith("visual_attention.classroom"):
            continue
        for name, kind in vars(importlib.import_module(place.name)).items():
            if inspect.isclass(kind) and issubclass(kind, nn.Module) and kind.__module__ == place.name:
                if not name.startswith("_"):
                    found.add(kind)
    return found


def test_every_public_module_is_in_the_list():
    listed = {case.kind for case in CASES} | set(ABSTRACT)
    missing = {f"{kind.__module__}.{kind.__name__}" for kind in public_modules() - listed}
    assert not missing, "give each an entry in tests/contract"
    assert not listed - public_modules()


def test_names_are_distinct():
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_excused_stands_in_the_docstring(case):
    ours = [kind for kind in case.kind.__mro__ if kind.__module__.startswith("visual_attention")]
    words = " ".join(" ".join(kind.__doc__ or "" for kind in ours).split())
    reasons = [each.why for each in case.cannot.values()] + list(case.silent.values()) + [case.mixes]
    assert not [reason for reason in reasons if reason not in words]
