"""Films by disturbance: as strong as asked for, boards betray nobody, and each split draws its own."""

import pytest
import torch
from scipy import ndimage

from visual_attention.chapters.tracking import sprites
from visual_attention.chapters.tracking.paths import FRAME, SIZE
from visual_attention.chapters.tracking.tracks import RAMP, Disturbance, main, pairs, sequences


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def films(count=4, seed=0, frames=5, split="test", **disturbance):
    return sequences(
        count, split=split, disturbance=Disturbance(**disturbance), frames=frames, generator=seeded(seed)
    )


class TestDisturbances:
    def test_scale_is_in_octaves_and_reached_after_the_ramp(self):
        drawn = films(20, scale=0.5, alike=0, frames=5)
        wide = FRAME * drawn.boxes[:, :, 0, 2]
        inside = ((drawn.boxes[:, RAMP:, 0, 0] - 0.5).abs() < 0.5 - 12 / FRAME).all(dim=1)
        wide = wide[inside]
        assert len(wide) > 3 and wide[:, 0].mean() == pytest.approx(SIZE, abs=0.2)
        ends = {round(w) for w in wide[:, RAMP].tolist()}
        assert all(abs(w - SIZE * 2**0.5) <= 1 or abs(w - SIZE * 2**-0.5) <= 1 for w in ends)
        torch.testing.assert_close(wide[:, RAMP], wide[:, -1], atol=1.1, rtol=0)

    def test_the_target_is_gone_when_it_is_said_to_be(self):
        drawn = films(5, gone=(2, 4), alike=0, frames=6)
        assert drawn.present[:, :, 0].tolist() == [[True, True, False, False, True, True]] * 5
        assert not drawn.boxes[:, 2:4, 0].any() and not drawn.visible[:, 2:4, 0].any()

    def test_others_vanish_too(self):
        drawn = films(20, gone=(2, 4), frames=8)
        assert (~drawn.present[:, :, 1:]).any() and drawn.present[:, 0].all()
        assert films(3).present.all()


class TestFair:
    def test_all_sprites_are_covered_alike(self):
        visible = films(20, occlusion=0.5).visible[:, RAMP:]
        assert visible[..., 0].mean().item() == pytest.approx(visible[..., 1:].mean().item(), abs=0.06)

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

    @pytest.mark.slow
    def test_the_target_lies_where_the_others_lie(self):
        """Its place says nothing: the mean place of targets and of others is the middle."""
        drawn = pairs(80, split="train", generator=seeded(2))
        for who in (0, 1):
            there = drawn.present[:, 1, who]
            centre = drawn.boxes[:, 1, who, :2][there]
            assert centre.mean(dim=0).tolist() == pytest.approx([0.5, 0.5], abs=0.09)

    def test_things_stand_on_a_grid_unless_they_have_wandered(self):
        off = {}
        for grid in (True, False):
            drawn = pairs(20, split="train", grid=grid, generator=seeded(2))
            centres = 3 * drawn.boxes[..., :2][drawn.present]  # in cells; covers move no box
            off[grid] = (centres % 1 - 0.5).abs().max(dim=1).values
        near = 3 * 4 / FRAME  # 2.5 pixels, and what bending and rounding move
        assert (off[True] < near).float().mean() > 0.95 and (off[False] < near).float().mean() < 0.4


class TestSplitsAndSeeds:
    def test_each_split_draws_its_own(self, monkeypatch):
        asked, known = [], sprites.families
        monkeypatch.setattr(sprites, "families", lambda split: asked.append(split) or known(split))
        pairs(1, split="train", generator=seeded(0))
        films(1, frames=1)
        assert asked == ["train", "test"]

    def test_a_seed_fixes_the_films_and_the_global_generator_is_left_alone(self):
        before = torch.get_rng_state()
        one, again, other = (films(2, seed=s, occlusion=0.3) for s in (3, 3, 4))
        assert torch.equal(one.frames, again.frames) and torch.equal(one.boxes, again.boxes)
        assert not torch.equal(one.frames, other.frames)
        assert torch.equal(before, torch.get_rng_state())

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"split": "valid"}, "wanted one of train, learning, validation, test"),
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
        assert "half covered" in capsys.readouterr().out
