"""What the chapter says of an outsider's tries is what the record and the stored networks give."""

import pytest
import torch

from tests.chapters.contest import ends
from visual_attention.chapters.tracking import attacked, carried, finding, followed
from visual_attention.experiments.verdict import paired

ROWS = attacked.rows()
DEFORMED = finding.DEFORMED


def test_the_record_is_whole():
    kinds = attacked.SCENES_KIND, attacked.FILMS_KIND, attacked.OFF_KIND
    assert [(row["kind"], row["way"]) for row in ROWS] == [
        (kind, way) for kind in kinds for way in attacked.WAYS
    ]
    assert all(len(row[name]) == 150 for row in ROWS[:5] + ROWS[10:] for name in finding.CONDITIONS)
    assert all(len(row[name]) == carried.FILMS for row in ROWS[5:10] for name in carried.CONDITIONS)


def test_thirty_scenes_were_too_few_to_call_them_level():
    ahead = {
        other: ends(attacked.ahead(ROWS, attacked.SCENES_KIND, other, DEFORMED))
        for other in ("correlation", "one vector")
    }
    assert ahead == {"correlation": [6, 3, 10], "one vector": [6, 2, 10]}
    turned = [
        attacked.scores(ROWS, attacked.SCENES_KIND, way, ["turned"]).mean().item()
        for way in ("one vector", "two ways")
    ]
    assert [round(share) for share in turned] == [66, 75]


def test_off_the_grid_the_same_networks_are_level():
    ahead = {
        other: ends(attacked.ahead(ROWS, attacked.OFF_KIND, other, DEFORMED))
        for other in ("correlation", "one vector")
    }
    assert ahead == {"correlation": [0, -3, 4], "one vector": [1, -3, 4]}
    means = [
        attacked.scores(ROWS, kind, "two ways", DEFORMED).mean().item()
        for kind in (attacked.SCENES_KIND, attacked.OFF_KIND)
    ]
    assert [round(mean) for mean in means] == [68, 55]


@pytest.mark.slow
def test_pointing_at_any_thing_in_the_window():
    seen = finding.for_test(420, split="test", generator=torch.Generator().manual_seed(7))
    asked = torch.isin(seen.condition, torch.tensor([finding.CONDITIONS.index(name) for name in DEFORMED]))
    assert round(100 * (1 / seen.things[asked].float()).mean().item()) == 46


def test_slips_are_not_why_it_does_not_lead_on_films():
    means = {
        way: [
            attacked.scores(ROWS, attacked.FILMS_KIND, way, [name]).mean().item()
            for name in carried.CONDITIONS
        ]
        for way in ("two ways", "correlation", "one vector")
    }
    assert [round(means[way][0]) for way in means] == [83, 89, 89]
    assert [round(means[way][1]) for way in means] == [71, 76, 90]
    for other in ("correlation", "one vector"):
        assert all(own < their for own, their in zip(means["two ways"], means[other], strict=True))


def test_a_film_of_the_record_repeats_itself():
    film = carried.film(2, "bent by 0.4")
    boxes = attacked.around_the_truth(attacked.network("one vector"), film)
    kept = attacked.scores(ROWS, attacked.FILMS_KIND, "one vector", ["bent by 0.4"])[2]
    assert abs(100 * carried.scored(boxes, film)["near"] - kept) < 20


def lost(record, way, condition):
    return carried.scores(record, way, "clean", "near") - carried.scores(record, way, condition, "near")


def test_what_a_cover_costs_is_compared_film_by_film():
    held = followed.rows()
    more = {
        way: ends(paired(lost(held, way, "half covered"), lost(held, "two ways", "half covered")))
        for way in ("correlation", "one vector", "uniform weights", "raw pixels")
    }
    assert more == {
        "correlation": [4, -12, 21],
        "one vector": [11, -4, 25],
        "uniform weights": [0, -13, 13],
        "raw pixels": [21, 3, 38],
    }


def test_a_stronger_rival_than_the_small_trained_one():
    held, masks = followed.rows(), carried.rows()
    way = "pretrained features, near"
    gaps = [
        paired(carried.scores(masks, way, name, "near"), carried.scores(held, "correlation", name, "near"))
        for name in carried.CONDITIONS
    ]
    assert [round(gap.effect) for gap in gaps] == [3, 8, 1, 9, 12]
    assert all(gap.low < 0 < gap.high for gap in gaps)
    clean = [
        carried.scores(record, name, "clean", "near") for record, name in ((held, "raw pixels"), (masks, way))
    ]
    assert ends(paired(*clean)) == [10, 1, 18]


def test_growth_and_colours():
    masks, growth = carried.rows(), list(carried.CONDITIONS)[-1]
    way, rigid = "pretrained features, near", "pretrained features, correlated"
    assert ends(paired(lost(masks, rigid, growth), lost(masks, way, growth))) == [18, -2, 37]
    assert ends(carried.difference(masks, way, "mean colours, correlated", growth, "near")) == [21, 1, 41]
