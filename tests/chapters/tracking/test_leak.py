"""Probes in careless worlds: what each world gives away, and that the record says what the chapter says."""

import pytest
import torch

from visual_attention.chapters.tracking import leak
from visual_attention.chapters.tracking.finders import LastPlace
from visual_attention.chapters.tracking.finding_cuts import hits


@pytest.mark.slow
def test_worlds_differ_in_what_they_give_away():
    fair, middle = (leak.examples(world, "learning", 24, 0) for world in ("fair", "always in the middle"))
    with torch.no_grad():
        shares = [hits(LastPlace()(one.pairs), one).mean() for one in (fair, middle)]
    assert shares[0] < 0.25 and shares[1] == 1


@pytest.mark.slow
def test_a_probe_is_scored_on_the_way():
    learned, tested = (leak.examples("fair", split, 12, 0) for split in ("learning", "test"))
    trained, found = leak.probe(leak.Blind(dim=4), learned, tested, 0, steps=32)
    assert len(found) == 2 and not trained.training and all(0 <= share <= 100 for share in found)
