import sys
import types

import pytest

from tests.experiments import toy
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import count_parameters


def package(folder, rooms):
    """A package of rooms, each with a claims.py; its name."""
    found = types.ModuleType(folder.name)
    found.__path__ = [str(folder)]
    sys.modules[folder.name] = found
    (folder / "module.py").write_text("no room")
    for name, text in {**rooms, "empty": None}.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
        if text:
            (folder / name / "claims.py").write_text(text)
    return folder.name


def module(*names):
    listed = ", ".join(f"toy.claim(name={name!r})" for name in names)
    return f"from tests.experiments import toy\nCLAIMS = [{listed}]\n"


def test_new_rooms_are_found_by_themselves(tmp_path):
    found = registry.discover(
        package(tmp_path, {"one": module("toy-b", "toy-c"), "another": module("toy-a")})
    )
    assert list(found) == ["toy-a", "toy-b", "toy-c"]


def test_a_name_can_be_had_once(tmp_path):
    with pytest.raises(ValueError, match="two claims are named 'toy', the second in the room two"):
        registry.discover(package(tmp_path, {"one": module("toy"), "two": module("toy")}))


def test_an_unknown_claim():
    with pytest.raises(ValueError, match=r"wanted one of .*; got 'hope'"):
        registry.claim("hope")


@pytest.mark.parametrize("name", registry.names())
def test_every_claim_of_the_course_can_run(name):
    """Its matched arms match, and it has a full budget for the record."""
    claim = registry.claim(name)
    count_parameters(claim)
    assert "full" in claim.budgets
    assert claim.statement and claim.question.endswith("?")


@pytest.mark.parametrize("name", registry.names())
def test_every_committed_record_fits_its_claim(name):
    """Its rows were made with the arms, parameters and steps that the claim has now."""
    claim = registry.claim(name)
    counts = count_parameters(claim)
    for row in record.load_all(name):
        assert row["parameters"] == counts[row["arm"]]
        budget = claim.budget(row["budget"]["name"])
        assert (row["budget"]["steps"], row["budget"]["batch"]) == (budget.steps, budget.batch)


assert toy  # imported by the modules that the tests write
