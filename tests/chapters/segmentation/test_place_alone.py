"""What keeps its place needs neither a look nor an index, and the look reads places."""

import pytest
import torch

from visual_attention.chapters.segmentation import asking, clicks, place_alone
from visual_attention.training import seeded

SETTING = {"dim": 16}


@pytest.fixture
def drawn():
    return asking.asked(clicks.batch(2, split="learning", generator=torch.Generator().manual_seed(1)))


def answers(contender, drawn, *, clicks=None, pixels=None):
    """The scores of an untrained network on exchanged features."""
    with seeded(0):
        model = contender.build(SETTING).eval()
    seen = asking.see(model, drawn)
    seen = seen if pixels is None else seen._replace(pixels=pixels)  # what an index would read
    with torch.no_grad():
        return model.answer(seen, drawn.clicks if clicks is None else clicks)


def test_the_place_alone_hears_of_the_click_and_not_of_what_lies_there(drawn):
    there = answers(place_alone.PLACE, drawn)
    assert torch.equal(there, answers(place_alone.PLACE, drawn, pixels=drawn.pixels + 1))
    assert not torch.equal(there, answers(place_alone.PLACE, drawn, clicks=drawn.clicks.roll(1, 0)))


def test_features_alone_do_not_hear_of_the_place(drawn):
    even = torch.ones_like(drawn.pixels)
    one, other = (
        answers(place_alone.FEATURES, drawn, clicks=c, pixels=even)
        for c in (drawn.clicks, drawn.clicks.roll(1, 0))
    )
    assert torch.equal(one, other)
    assert not torch.equal(one, answers(place_alone.FEATURES, drawn, pixels=drawn.pixels))


@pytest.mark.slow
def test_the_stored_look_reads_places_and_no_content():
    left = {what: round(place_alone.exchanged(what)) for what in place_alone.EXCHANGED}
    assert left == {"nothing": 65, "content": 65, "places": 27}
    with pytest.raises(ValueError, match="nothing, content, places"):
        place_alone.exchanged("pixels")


def test_who_is_given_features_does_not_need_them():
    place, features = (place_alone.RUNS[one.name] for one in (place_alone.PLACE, place_alone.FEATURES))
    for run, seeds in ((place, 5), (features, 3)):
        assert [row["seed"] for row in run.rows] == list(range(seeds))
        assert {row["rule"] for row in run.rows} == {place_alone.QUESTION.rule}
    level = place.minus("at the click")
    assert [round(x, 1) for x in (level.effect, level.low, level.high)] == [0.1, -0.5, 0.8]
    assert [round(run.scores.mean()) for run in (place, features)] == [71, 27]
    assert place.minus("the click looks").low > 4
    idle = features.minus("uniform weights")
    assert idle.low < 0 < idle.high
