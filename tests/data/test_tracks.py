"""Films: boxes and hidden shares are exact, boards betray nobody, and the splits share nothing."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from visual_attention.data import sprites, tracks
from visual_attention.data.tracks import (
    FRAME,
    RAMP,
    SIZE,
    Disturbance,
    boxes_of,
    chord,
    main,
    pairs,
    sequences,
)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def films(count=4, seed=0, frames=5, split="test", **disturbance):
    return sequences(
        count, split=split, disturbance=Disturbance(**disturbance), frames=frames, generator=seeded(seed)
    )


@pytest.fixture
def plain(monkeypatch):
    """White discs on black, boards in grey: what is where can be read off the picture."""
    white = torch.ones(9, 4, sprites.SIDE, sprites.SIDE)
    white[:, 3] = sprites.disc()
    monkeypatch.setattr(sprites, "families", lambda split: {"white": white})

    def background(split, count, generator):
        background.calls += 1  # the first of a film is for the boards
        return torch.full((count, 3, FRAME, FRAME), 0.5 if background.calls % 2 else 0.0)

    background.calls = 0
    monkeypatch.setattr(tracks, "_background", background)


class TestBoxes:
    def test_by_hand_width_is_not_height(self):
        mask = torch.zeros(1, FRAME, FRAME)
        mask[0, 8:12, 16:48] = 1
        assert boxes_of(mask)[0].tolist() == [32 / 64, 10 / 64, 32 / 64, 4 / 64]
        assert boxes_of(torch.zeros(2, FRAME, FRAME)).tolist() == [[0.0] * 4] * 2

    def test_against_scipy(self):
        masks = torch.rand(20, FRAME, FRAME, generator=seeded(0)) > 0.999
        masks[:, 20, 30] = True
        for mask, (x, y, w, h) in zip(masks, (FRAME * boxes_of(masks.float())).tolist(), strict=True):
            rows, columns = ndimage.find_objects(mask.int().numpy())[0]
            wanted = (columns.start, columns.stop, rows.start, rows.stop)
            assert wanted == pytest.approx((x - w / 2, x + w / 2, y - h / 2, y + h / 2))

    @settings(max_examples=5, deadline=None)
    @given(
        seed=st.integers(0, 10_000),
        rotation=st.floats(0, 180),
        scale=st.floats(0, 0.6),
        bend=st.floats(0, 0.5),
        occlusion=st.floats(0, 0.8),
        alike=st.integers(0, 7),
    )
    def test_every_box_and_share_fits_in_a_frame(self, seed, **disturbance):
        drawn = films(2, seed=seed, frames=4, **disturbance)
        assert torch.isfinite(drawn.frames).all() and 0 <= drawn.frames.min() and drawn.frames.max() <= 1
        low, high = (drawn.boxes[..., :2] + s * drawn.boxes[..., 2:] / 2 for s in (-1, 1))
        assert low.min() >= -1e-6 and high.max() <= 1 + 1e-6
        assert 0 <= drawn.visible.min() and drawn.visible.max() <= 1
        assert drawn.boxes.shape == (2, 4, 1 + disturbance["alike"], 4)

    def test_boxes_are_where_the_white_is(self, plain):
        """A second way to the truth: the bright pixels of a film with one sprite."""
        drawn = films(6, frames=4, alike=0, rotation=70, scale=0.4, bend=0.3)
        for frame, box in zip(drawn.frames.flatten(0, 1), drawn.boxes[:, :, 0].flatten(0, 1), strict=True):
            rows, columns = ndimage.find_objects((frame[0] > 0.5).int().numpy())[0]
            x, y, w, h = (FRAME * box).tolist()
            assert (columns.start, columns.stop) == pytest.approx((x - w / 2, x + w / 2), abs=1)
            assert (rows.start, rows.stop) == pytest.approx((y - h / 2, y + h / 2), abs=1)

    def test_the_share_in_sight_is_what_stays_white(self, plain):
        bare = films(6, frames=4, alike=0)
        covered = films(6, frames=4, alike=0, occlusion=0.6)
        area = (bare.frames[:, :, 0] > 0.6).sum(dim=(-2, -1)).float()
        left = (covered.frames[:, :, 0] > 0.6).sum(dim=(-2, -1)).float()
        assert torch.equal(bare.boxes, covered.boxes)  # a box is that of the whole sprite
        torch.testing.assert_close(left / area, covered.visible[:, :, 0], atol=0.08, rtol=0)
        assert bare.visible.eq(1).all()


class TestDisturbances:
    @pytest.mark.parametrize("share", [0.25, 0.5, 0.7])
    def test_boards_cover_the_share_that_is_asked_for(self, share):
        drawn = films(30, occlusion=share, alike=0)
        assert 1 - drawn.visible[:, RAMP:, 0].mean().item() == pytest.approx(share, abs=0.05)
        assert drawn.visible[:, 0].eq(1).all()  # the first frame is clean

    def test_the_chord_by_formula(self):
        shares = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
        edge = chord(shares)
        back = (edge.acos() - edge * (1 - edge**2).sqrt()) / math.pi
        torch.testing.assert_close(back, shares, atol=0.01, rtol=0)
        assert edge[0] == 1 and edge[2] == pytest.approx(0, abs=0.01) and edge[4] == -1

    def test_scale_is_in_octaves_and_reached_after_the_ramp(self):
        drawn = films(20, scale=0.5, alike=0, frames=5)
        wide = FRAME * drawn.boxes[:, :, 0, 2]
        inside = ((drawn.boxes[:, RAMP:, 0, 0] - 0.5).abs() < 0.5 - 12 / FRAME).all(dim=1)
        wide = wide[inside]
        assert len(wide) > 3 and wide[:, 0].mean() == pytest.approx(SIZE, abs=0.2)
        ends = {round(w) for w in wide[:, RAMP].tolist()}
        assert all(abs(w - SIZE * 2**0.5) <= 1 or abs(w - SIZE * 2**-0.5) <= 1 for w in ends)
        torch.testing.assert_close(wide[:, RAMP], wide[:, -1], atol=1.1, rtol=0)

    def test_bending_changes_the_shape(self):
        wide, high = films(20, bend=0.4, alike=0).boxes[:, -1, 0, 2:].unbind(-1)
        assert (wide / high).log().abs().mean() > 0.2
        assert FRAME * torch.maximum(wide, high).mean() > SIZE

    def test_rotation_turns_what_is_inside_and_leaves_a_disc_a_disc(self):
        """With and without a quarter turn: the inside has turned, boxes stay (coins: nearly)."""
        still = films(8, rotation=0, alike=0, frames=4, seed=5)
        turned = films(8, rotation=90, alike=0, frames=4, seed=5)
        torch.testing.assert_close(still.boxes, turned.boxes, atol=2.01 / FRAME, rtol=0)
        for one, other, box in zip(
            still.frames[:, -1], turned.frames[:, -1], still.boxes[:, -1, 0], strict=True
        ):
            x, y = (FRAME * box[:2]).round().long().tolist()
            cuts = [f[:, max(y - 6, 0) : y + 6, max(x - 6, 0) : x + 6] for f in (one, other)]
            if cuts[0].shape[1:] != (12, 12):
                continue
            errors = [(torch.rot90(cuts[0], k, (1, 2)) - cuts[1]).abs().mean() for k in range(4)]
            assert min(errors[1], errors[3]) <= min(errors[0], errors[2])

    def test_the_target_is_gone_when_it_is_said_to_be(self, plain):
        drawn = films(5, gone=(2, 4), alike=0, frames=6)
        there = [True, True, False, False, True, True]
        assert drawn.present[:, :, 0].tolist() == [there] * 5
        bright = (drawn.frames[:, :, 0] > 0.6).flatten(2).any(dim=2)
        assert bright.tolist() == [there] * 5
        assert not drawn.boxes[:, 2:4, 0].any() and not drawn.visible[:, 2:4, 0].any()

    def test_others_vanish_too(self):
        drawn = films(20, gone=(2, 4), frames=8)
        assert (~drawn.present[:, :, 1:]).any() and drawn.present[:, 0].all()
        assert films(3).present.all()


class TestFair:
    def test_all_sprites_are_covered_alike(self):
        visible = films(20, occlusion=0.5).visible[:, RAMP:]
        assert visible[..., 0].mean().item() == pytest.approx(visible[..., 1:].mean().item(), abs=0.06)

    def test_some_boards_lie_on_nothing(self, plain):
        drawn = films(10, occlusion=0.5, alike=0)
        away = []
        for board, box in zip(drawn.boards[:, -1, 0], drawn.boxes[:, -1, 0], strict=True):
            x, y, w, h = (FRAME * box).tolist()
            rows, columns = torch.nonzero(board, as_tuple=True)
            away.append(((rows - y).abs().gt(h) | (columns - x).abs().gt(w)).any())
        assert sum(away) >= 8

    def test_the_careless_world_covers_the_target_only(self):
        drawn = films(10, occlusion=0.6, betrayed=True)
        assert drawn.visible[:, RAMP:, 0].mean() < 0.5 < 0.9 < drawn.visible[:, RAMP:, 1:].mean()
        careless = pairs(20, split="train", betrayed=True, generator=seeded(0))
        labels = [ndimage.label(board.numpy())[1] for board in careless.boards[:, 1, 0]]
        assert max(labels) <= 1

    def test_training_pairs_begin_clean_and_a_fifth_has_no_target(self):
        drawn = pairs(60, split="train", generator=seeded(1))
        assert drawn.present[:, 0, 0].all() and 0.08 < (~drawn.present[:, 1, 0]).float().mean() < 0.35
        assert (FRAME * drawn.boxes[:, 0, 0, 2:] - SIZE).abs().max() <= 2  # coins are not quite round
        counts = drawn.present[:, 1, 1:].sum(dim=1)
        assert set(counts.tolist()) == {2, 3, 4, 5, 6}
        target, others = drawn.visible[:, 1, 0], drawn.visible[:, 1, 1:]
        there, those = drawn.present[:, 1, 0], drawn.present[:, 1, 1:]
        assert target[there].mean().item() == pytest.approx(others[those].mean().item(), abs=0.08)

    def test_the_target_lies_anywhere(self):
        """Its place says nothing: the mean place of targets and of others is the middle."""
        drawn = pairs(80, split="train", generator=seeded(2))
        for who in (0, 1):
            there = drawn.present[:, 1, who]
            centre = drawn.boxes[:, 1, who, :2][there]
            assert centre.mean(dim=0).tolist() == pytest.approx([0.5, 0.5], abs=0.09)


class TestSplitsAndSeeds:
    def test_nothing_is_shared(self):
        train, test = sprites.families("train"), sprites.families("test")
        for one in train.values():
            known = {sprite.numpy().tobytes() for sprite in one}
            for other in test.values():
                assert not known & {sprite.numpy().tobytes() for sprite in other}
        photographs = [*sprites.PHOTOGRAPHS.values(), *tracks.BACKGROUNDS.values()]
        names = [name for group in photographs for name in group]
        assert len(names) == len(set(names)) and "coins" not in names

    def test_each_split_draws_its_own(self, monkeypatch):
        asked, known = [], sprites.families
        monkeypatch.setattr(sprites, "families", lambda split: asked.append(split) or known(split))
        pairs(1, split="train", generator=seeded(0))
        films(1, frames=1)
        assert asked == ["train", "test"]

    def test_sprites_of_a_family_are_enough_and_all_different(self):
        for split in ("train", "test"):
            for bank in sprites.families(split).values():
                assert len(bank) >= 8 and 0 <= bank.min() and bank.max() <= 1
                assert len({sprite.numpy().tobytes() for sprite in bank}) == len(bank)

    def test_a_seed_fixes_the_films_and_the_global_generator_is_left_alone(self):
        before = torch.get_rng_state()
        one, again, other = (films(2, seed=s, occlusion=0.3) for s in (3, 3, 4))
        assert torch.equal(one.frames, again.frames) and torch.equal(one.boxes, again.boxes)
        assert not torch.equal(one.frames, other.frames)
        assert torch.equal(before, torch.get_rng_state())

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"split": "valid"}, 'wanted "train" or "test"'),
            ({"count": 0}, "at least 1 film"),
            ({"frames": 0}, "at least 1 frame"),
            ({"alike": 9}, "0 to 7 others, got 9"),
            ({"occlusion": 0.95}, "from 0 to 0.9, got 0.95"),
            ({"gone": (0, 3)}, "frames after the first"),
            ({"gone": (4, 9)}, "within 5"),
        ],
    )
    def test_errors_say_what_was_wanted(self, wrong, says):
        with pytest.raises(ValueError, match=says):
            films(**wrong)

    def test_main_runs(self, capsys):
        main()
        sprites.main()
        assert "half covered" in capsys.readouterr().out
