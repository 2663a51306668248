"""The rule as it was written down, and what is measured."""

import json

import pytest
import torch

from visual_attention.chapters.question_answering import claims, longer
from visual_attention.experiments import trial
from visual_attention.experiments.question import ENDLESS
from visual_attention.experiments.trial import Trial
from visual_attention.training import parameters

QUESTION = claims.QUESTION


def test_the_rule_is_the_one_that_was_written_down():
    assert (QUESTION.name, QUESTION.metric, QUESTION.margin) == ("question_answering", "relations", 5)
    assert (QUESTION.sets, QUESTION.seeds, QUESTION.tuning_seeds) == ((500, 2000, 8000), 10, 3)
    assert len(QUESTION.variants) >= 8 and QUESTION.rule == "7a18d852b101"


def test_what_has_more_parameters_stands_in_the_table():
    sizes = {c.name: parameters(c.build(QUESTION.setting)) for c in QUESTION.contenders}
    assert sizes["own readings"] == sizes["uniform weights"] == sizes["one reading"] + 32
    assert max(sizes.values()) < 2 * sizes["own readings"]


@pytest.mark.slow
def test_each_contender_learns_and_reports():
    condition = trial.shorter(QUESTION.conditions[-1], steps=2, batch=4, examples=6, points=1, warmup=1)
    for contender in QUESTION.contenders:
        row = trial.make(QUESTION, Trial("headline", condition, contender.name, 1e-3, 0))
        assert {"attributes", "counts", "relations"} <= set(row["scores"])
        assert all(0 <= values[-1] <= 100.001 for values in row["scores"].values())
        assert ("reading 1: side" in row["scores"]) == (
            contender.name in ("own readings", "one reading", "uniform weights")
        )


def test_splits_share_no_picture_and_contenders_see_the_same():
    setting = QUESTION.setting
    drawn = {
        split: QUESTION.task.draw(6, split, torch.Generator().manual_seed(3), setting)
        for split in ("train", "validation", "test")
    }
    cells = torch.cat([one.cells for one in drawn.values()]).flatten(1)
    assert len(torch.unique(cells, dim=0)) == 18
    again = QUESTION.task.draw(6, "train", torch.Generator().manual_seed(3), json.loads(json.dumps(setting)))
    assert again is drawn["train"]  # small batches are kept for the next contender


def test_longer_training_has_a_rule_of_its_own():
    assert (
        longer.QUESTION.rule != QUESTION.rule
        and 2 * longer.QUESTION.recipe.steps == 3 * QUESTION.recipe.steps
    )
    assert {run.condition for run in longer.RUNS.values()} == {ENDLESS}
