"""The mutation plans fit the code: each text to replace stands as often as its plan says; one plan is run."""

import tomllib
from pathlib import Path

import pytest

from tools import mutants

ROOT = Path(__file__).parents[1]
PLANS = {mutants.stem(path): path for path in sorted((ROOT / "tests").rglob("mutants*.toml"))}


@pytest.mark.parametrize("stem", PLANS)
def test_every_mutant_applies(stem):
    plan = tomllib.loads(PLANS[stem].read_text())
    named = [test.partition("::")[0] for test in plan["tests"] if test.startswith("tests/")]
    assert named and all((ROOT / path).is_file() for path in named)
    for mutant in plan["mutants"]:
        text = (ROOT / mutant.get("source", plan["source"])).read_text()
        assert text.count(mutant["old"]) == mutant.get("count", 1), mutant["why"]
        assert mutant["new"] != mutant["old"], mutant["why"]


@pytest.mark.slow
def test_the_tests_of_a_plan_pass_in_a_copy_and_notice_a_mutant():
    plan = tomllib.loads(PLANS["chapters/generation/relation"].read_text())
    assert mutants.outcome(plan, None) == "survived"
    assert mutants.outcome(plan, plan["mutants"][0]) == "killed"
    assert mutants.outcome(plan, {"old": "not there", "new": ""}) == "does not apply"


def test_a_stem_that_no_plan_has_is_no_success(capsys):
    assert mutants.main(["nothing"]) == 1
    assert "chapters/soft" in (said := capsys.readouterr().out) and said.endswith("; got nothing\n")
