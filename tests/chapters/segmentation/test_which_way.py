"""The rule by which a network hangs on a branch, and what the record of networks trained again says."""

import pytest
import torch

from tests.chapters.contest import ends
from visual_attention.chapters.segmentation import (
    claims,
    context_claims,
    cuts,
    lookalikes,
    trained,
    which_way,
)
from visual_attention.experiments import trial
from visual_attention.experiments.answer import answer
from visual_attention.experiments.verdict import paired


def row(own, places, channels):
    return {"as it is": own, "places off": places, "channels off": channels}


@pytest.mark.parametrize(
    ("own", "places", "channels", "wanted"),
    [
        (64.9, 50, 64, "untold"),
        (65, 50, 60, "places"),
        (65, 50, 59.9, "both"),
        (100, 98, 66, "channels"),
        (100, 60, 51, "both"),
    ],
)
def test_a_network_hangs_on_the_branch_without_which_it_loses_ten_points_more(own, places, channels, wanted):
    assert which_way.way(row(own, places, channels)) == wanted


def test_the_stored_recipe_with_the_stored_seed_is_the_stored_network():
    one, two = (trained.train(steps=2, progress=False, **how) for how in ({}, {"seed": 0, "canvas": 48}))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    other = trained.train(steps=2, progress=False, seed=1)
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_the_same_scenes_are_contradicted_at_each_size():
    generators = (torch.Generator().manual_seed(3) for _ in range(2))
    one, _ = lookalikes.pair(4, split="test", canvas=24, generator=next(generators))
    both = lookalikes.pair(4, split="test", canvas=24, generator=next(generators))
    assert torch.equal(one.images, both[0].images) and both[1].images.shape[-1] == 24
    away = ~both[0].digits.expand(-1, 3, -1, -1)
    assert torch.equal(both[0].things, both[1].things) and not torch.equal(*(x.images for x in both))
    changed = (both[0].images != both[1].images) & away
    assert changed.float().mean() < 0.06  # the soft edge of the ink alone


@torch.no_grad()
def test_the_control_shares_alike_where_it_is_cut_too():
    torch.manual_seed(0)
    even, x = context_claims.EvenDual(16), torch.randn(2, 16, 3, 4)
    assert torch.equal(even.position.weights(x), torch.full((2, 12, 12), 1 / 12))
    assert torch.equal(even.channel.weights(x), torch.full((2, 16, 16), 1 / 16))


def test_an_arm_of_the_contest_is_trained_as_the_contest_trains_it(monkeypatch):
    seen = []
    monkeypatch.setattr(
        which_way, "train_out", lambda question, one, *_, **kw: seen.append(one) or (torch.nn.Identity(),)
    )
    for name in ("without end", "250 pictures, 0.03", "twice as long, 0.01"):
        which_way.ARMS[name].train(3)
    assert [(one.condition.name, one.rate, one.condition.recipe.steps) for one in seen] == [
        ("without end", 0.003, 384),
        ("250 pictures", 0.03, 384),
        ("1,000 pictures", 0.01, 768),
    ]
    assert {(one.arm, one.seed, one.part) for one in seen} == {("dual attention", 3, "headline")}
    assert isinstance(seen[0], trial.Trial)


def test_with_other_seeds_the_stored_recipe_hangs_on_places_three_times_and_on_channels_twice():
    assert which_way.lacking() == []
    found = which_way.rows("stored recipe, large scenes")
    assert [which_way.way(row) for row in found] == ["places", "channels", "places", "channels", "places"]
    own = {"places": "places off", "channels": "channels off"}
    off = [row[own[which_way.way(row)]] for row in found]
    other = [row[own[{"places": "channels", "channels": "places"}[which_way.way(row)]]] for row in found]
    assert [round(x) for x in (min(off), max(off), min(other), max(other))] == [51, 62, 97, 100]


def test_the_rate_may_have_a_say():
    told = {name: dict(which_way.ways(f"250 pictures, {name}")) for name in ("0.01", "0.03")}
    assert told == {
        "0.01": {"channels": 1, "places": 3, "both": 1},
        "0.03": {"channels": 3, "untold": 2},
    }


def test_without_end_the_rim_closed_to_places_leaves_guessing_and_cells_elsewhere_take_nothing():
    found = which_way.rows("without end")
    assert len(found) == 5 and dict(which_way.ways("without end")) == {"places": 5}
    assert round(sum(row["digit and rim to places"] for row in found) / 5) == 54
    assert max(abs(row["as it is"] - row["elsewhere to places"]) for row in found) < 0.5


@pytest.mark.slow
@torch.no_grad()
def test_contradicted_the_branch_that_is_not_missed_is_heard():
    model = trained.load()
    drawn, turned = lookalikes.pair(300, split="test", generator=torch.Generator().manual_seed(7))
    left = [
        context_claims.told(cuts.contradicted(model, drawn.images, turned.images, *names), drawn)
        for names in which_way.SWAPS.values()
    ]
    assert [round(share) for share in left] == [57, 42, 0]


def test_each_at_a_rate_that_suits_it_and_twice_as_long_both_tell_all():
    ours = [row["as it is"] for row in which_way.rows("twice as long, 0.01")]
    contest = answer(claims.QUESTIONS[0])

    def ends_of(part, condition, arm, at=-1):
        wanted = (part, condition, arm)
        rows = [row for row in contest.rows if (row["part"], row["condition"], row["arm"]) == wanted]
        return [row["scores"]["coins told apart"][at] for row in sorted(rows, key=lambda row: row["seed"])]

    theirs = ends_of("specification", "twice as long", "channels only")
    assert [round(100 - sum(x) / 5, 1) for x in (ours, theirs)] == [0.3, 0.3]
    assert ends(paired(ours, theirs), digits=1) == [0, -0.3, 0.3]
    half = ends_of("specification", "half the rate", "channels only")
    own = ends_of("headline", contest.question.middle, "channels only")[:5]
    assert [round(sum(x) / 5) for x in (half, own)] == [64, 96]
    assert round(sum(ends_of("specification", "twice the rate", "dual attention")) / 5) in (50, 51)
    for arm in ("dual attention", "channels only"):
        whole = ("headline", "without end", arm)
        assert paired(ends_of(*whole), ends_of(*whole, at=-2)).effect > 30
