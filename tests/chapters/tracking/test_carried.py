"""The chapter's own films, followed with no training: how boxes are made, and what the record holds."""

import pytest
import torch

from visual_attention.chapters.tracking import carried, rabbit
from visual_attention.experiments import verdict

RECORD = carried.rows()


def test_the_same_seed_is_the_same_film_under_every_condition():
    clean, bent = carried.film(3, "clean"), carried.film(3, "bent by 0.4")
    assert torch.equal(clean.frames[:, 0], bent.frames[:, 0]) and not torch.equal(clean.frames, bent.frames)
    covered = carried.film(3, "half covered")
    torch.testing.assert_close(covered.boxes[0, :, 0], clean.boxes[0, :, 0])
    assert covered.visible[0, -1, 0] < 0.6 < clean.visible[0, -1, 0]


def test_a_box_and_its_disc():
    box = torch.tensor([0.5, 0.25, 0.25, 0.5])
    mask = carried.disc(box)
    assert mask.shape == (64, 64) and mask[16, 32] and not mask[1, 25]
    assert mask.float().mean().item() == pytest.approx(torch.pi / 4 * 0.125, rel=0.03)
    torch.testing.assert_close(carried.around(mask), box, atol=0.02, rtol=0)


def test_a_mask_that_is_lost_leaves_the_box_before_it(monkeypatch):
    film = carried.film(0, "clean")
    found = torch.zeros(carried.FRAMES, 64, 64, dtype=torch.bool)
    found[1, 10:20, 30:50] = True
    monkeypatch.setattr(rabbit, "masks", lambda shares, size: found)
    boxes = carried.boxes_of(film, torch.randn(carried.FRAMES, 256, 4), None)
    torch.testing.assert_close(boxes[1] * 64, torch.tensor([40.0, 15.0, 20.0, 10.0]))
    assert torch.equal(boxes[2], boxes[1]) and torch.equal(boxes[0], film.boxes[0, 0, 0])


def test_every_way_gives_a_box_in_every_frame():
    film = carried.film(1, "turned by 90 degrees")
    made = dict(carried.ways(film, lambda frames: rabbit.mean_colours(frames, carried.GRID)))
    assert tuple(made) == carried.WAYS
    assert all(boxes.shape == (carried.FRAMES, 4) and (boxes[:, 2:] > 0).all() for boxes in made.values())
    for how in ("near", "anywhere", "correlated"):
        assert torch.equal(made[f"pretrained features, {how}"], made[f"mean colours, {how}"])


def test_what_is_in_sight_is_the_disc_without_its_board():
    clean, covered = carried.film(4, "clean"), carried.film(4, "half covered")
    assert carried.scored(carried.in_sight(clean), clean)["overlap"] > 0.85
    half = carried.scored(carried.in_sight(covered), covered)
    assert 0.4 < half["overlap"] < 0.8 and half["near"] > 0.9


def test_correlation_follows_a_template_that_moves_rigidly():
    """The features of a frame are those of the first, moved by one row and two columns a frame."""
    film = carried.film(2, "clean")
    first = torch.randn(16, 16, 12, generator=torch.Generator().manual_seed(3))
    moved = torch.stack([first.roll((t, -2 * t), (0, 1)) for t in range(3)]).flatten(1, 2)
    boxes = carried.correlated(film, moved)
    torch.testing.assert_close(boxes[0], film.boxes[0, 0, 0])
    torch.testing.assert_close(boxes[2, :2] - boxes[0, :2], torch.tensor([-4 / 16, 2 / 16]))
    torch.testing.assert_close(boxes[:, 2:], boxes[:1, 2:].expand(3, 2))


def test_correlation_keeps_to_its_reach():
    film = carried.film(2, "clean")
    first = torch.randn(16, 16, 12, generator=torch.Generator().manual_seed(3))
    far = torch.stack([first, first.roll(carried.REACH + 1, 1)]).flatten(1, 2)
    boxes = carried.correlated(film, far)
    assert ((boxes[1] - boxes[0])[:2].abs() * 16 <= carried.REACH + 1e-4).all()


def test_scores_by_hand():
    film = carried.film(0, "clean")
    boxes = film.boxes[0, :, 0].clone()
    boxes[1, 0] += 7 / 64  # seven pixels aside: not near
    boxes[2, 0] += 5 / 64
    found = carried.scored(boxes, film)
    assert found["near"] == pytest.approx(6 / 7, abs=1e-3) and 5 / 7 < found["overlap"] < 1


def test_the_record_is_whole():
    seen = {(row["film"], row["condition"], row["way"]) for row in RECORD}
    assert len(RECORD) == len(seen) == carried.FILMS * len(carried.CONDITIONS) * len(carried.WAYS)


def test_a_row_is_what_a_run_gives():
    """The way that needs no pretrained weights, on two films."""
    for seed in (0, 5):
        film = carried.film(seed, "half covered")
        made = dict(carried.ways(film, lambda frames: rabbit.mean_colours(frames, carried.GRID)))
        for way in ("mean colours, near", "cross-correlation, trained", "the first box"):
            for score, value in carried.scored(made[way], film).items():
                held = carried.scores(RECORD, way, "half covered", score)[seed]
                assert held == pytest.approx(100 * value, abs=0.5), (seed, way, score)


CLEAN, TURNED, BENT, COVERED, GROWN = carried.CONDITIONS
MINE, FREE, RIGID, COLOURS, _, PAINTED, TRAINED = carried.WAYS[:7]


def ahead(other, condition, score="near"):
    found = carried.difference(RECORD, MINE, other, condition, score)
    return [round(x) for x in (found.effect, found.low, found.high)]


def mean(way, condition, score="near"):
    return round(carried.scores(RECORD, way, condition, score).mean())


def lost(way, condition):
    found = verdict.paired(*(carried.scores(RECORD, way, name, "near") for name in (CLEAN, condition)))
    return [round(x) for x in (found.effect, found.low, found.high)]


def test_attention_is_ahead_of_correlation_of_the_same_features_only_where_size_changes():
    said = {
        CLEAN: [1, -11, 13],
        TURNED: [1, -12, 13],
        BENT: [5, -7, 16],
        COVERED: [7, -6, 20],
        GROWN: [19, 1, 37],
    }
    assert {name: ahead(RIGID, name) for name in said} == said


def test_without_training_it_is_no_worse_than_the_trained_tracker():
    assert [mean(MINE, CLEAN), mean(TRAINED, CLEAN), *ahead(TRAINED, CLEAN)[1:]] == [86, 81, -9, 19]
    found = [ahead(TRAINED, name) for name in (TURNED, BENT, COVERED, GROWN)]
    assert [one[0] for one in found] == [27, 21, 24, 34] and all(one[1] > 0 for one in found)
    assert found[2] == [24, 3, 45]
    free = [ahead(FREE, name)[0] for name in carried.CONDITIONS]
    assert (min(free), max(free)) == (24, 39)


def test_even_colours_follow_as_a_template_and_fail_as_masks():
    for name in (CLEAN, BENT, COVERED):
        _, low, high = ahead(PAINTED, name)
        assert low < 0 < high
    assert ahead(PAINTED, TURNED) == [21, 3, 39]
    masks = [mean(COLOURS, name) for name in carried.CONDITIONS]
    assert (min(masks), max(masks)) == (51, 57)


def test_which_score_decides_under_a_cover():
    scores = [mean(way, COVERED, "overlap") for way in (MINE, TRAINED, carried.WAYS[-1])]
    assert scores == [34, 35, 63]
    assert ahead(RIGID, COVERED, "overlap") == [-17, -24, -10]


def test_what_each_disturbance_costs():
    assert [lost(MINE, name) for name in (TURNED, BENT, GROWN)] == [[5, -3, 12], [6, -4, 16], [-1, -12, 10]]
    assert [lost(RIGID, name) for name in (TURNED, BENT)] == [[4, -8, 16], [10, -1, 20]]
    assert [lost(way, COVERED) for way in (MINE, RIGID)] == [[13, -1, 26], [18, 7, 30]]
