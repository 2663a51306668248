"""What holds of every question of every room; what a question's own rule says, its room's tests hold."""

import pytest

from tests.chapters import contest
from visual_attention.experiments import ledger, plan, registry, trial

each = pytest.mark.parametrize("question", registry.questions().values(), ids=lambda question: question.name)


@each
def test_each_row_of_its_record_can_be_read_and_was_made_under_its_rule(question):
    book = ledger.read(ledger.path(question.name))
    assert book.rows and book.faults == [] and plan.changed(question, book.rows) == 0


@each
def test_it_has_all_roles_ten_seeds_and_eight_other_settings(question):
    assert {one.role for one in question.contenders} == {"attention", "trivial", "rival", "control"}
    assert question.seeds >= 10 and len(question.variants) >= 8


@pytest.mark.slow
@each
def test_its_splits_share_no_picture(question):
    """Drawn with one seed; but generation judges what is made from noise, and the seeds part the noise.

    Up to 64 examples would be a batch, for which two questions paint a pool first. Detection's backbone would
    look at 21,000 scenes; one that learns along is given the pictures of 3,500."""
    makes = question.name == "generation"
    setting = {"frozen": False} if question.name == "detection" else {}
    splits = {}
    for split in ("train", "validation", "test"):
        drawn = contest.drawn(question, 80, split, trial.OFFSETS.get(split, 0) if makes else 0, **setting)
        assert ("noise" in getattr(drawn, "_fields", ())) is makes
        splits[split] = {example.numpy().tobytes() for example in (drawn.noise if makes else drawn[0])}
    assert all(len(pictures) > 32 for pictures in splits.values())
    assert not splits["train"] & splits["test"] and not splits["train"] & splits["validation"]
    assert not splits["validation"] & splits["test"]
