"""The chapter's own films, followed with no training: how boxes are made, and what the record holds."""

import pytest
import torch

from visual_attention.chapters.tracking import carried, rabbit

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
