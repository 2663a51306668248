"""The mutation plans fit the code: every text to replace stands where its plan says, as often as it says."""

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
