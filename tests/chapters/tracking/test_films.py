"""Painted films: boxes and hidden shares are exact, boards lie where they should, splits share nothing."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from visual_attention.chapters.tracking import films, sprites
from visual_attention.chapters.tracking.films import State, boxes_of, chord, main, paint
from visual_attention.chapters.tracking.paths import FRAME, SIZE
from visual_attention.chapters.tracking.tracks import RAMP, Disturbance, sequences


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def drew(count=4, seed=0, frames=5, split="test", **disturbance):
    return sequences(
        count, split=split, disturbance=Disturbance(**disturbance), frames=frames, generator=seeded(seed)
    )


def still(*centres, **changes):
    """The state of one film of one frame, of sprites that lie flat in their places: (1, 1, O) each."""
    zeros = torch.zeros(1, 1, len(centres))
    flat = State(torch.tensor([[centres]]), zeros, zeros + SIZE, zeros, zeros, zeros, zeros, zeros > -1)
    return flat._replace(**{name: torch.tensor([[value]]) for name, value in changes.items()})


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
    monkeypatch.setattr(films, "_background", background)


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

    @settings(max_examples=5)
    @given(
        seed=st.integers(0, 10_000),
        rotation=st.floats(0, 180),
        scale=st.floats(0, 0.6),
        bend=st.floats(0, 0.5),
        occlusion=st.floats(0, 0.8),
        alike=st.integers(0, 7),
    )
    def test_every_box_and_share_fits_in_a_frame(self, seed, **disturbance):
        drawn = drew(2, seed=seed, frames=4, **disturbance)
        assert torch.isfinite(drawn.frames).all() and 0 <= drawn.frames.min() and drawn.frames.max() <= 1
        low, high = (drawn.boxes[..., :2] + s * drawn.boxes[..., 2:] / 2 for s in (-1, 1))
        assert low.min() >= -1e-6 and high.max() <= 1 + 1e-6
        assert 0 <= drawn.visible.min() and drawn.visible.max() <= 1
        assert drawn.boxes.shape == (2, 4, 1 + disturbance["alike"], 4)

    def test_boxes_are_where_the_white_is(self, plain):
        """A second way to the truth: the bright pixels of a film with one sprite."""
        drawn = drew(6, frames=4, alike=0, rotation=70, scale=0.4, bend=0.3)
        for frame, box in zip(drawn.frames.flatten(0, 1), drawn.boxes[:, :, 0].flatten(0, 1), strict=True):
            rows, columns = ndimage.find_objects((frame[0] > 0.5).int().numpy())[0]
            x, y, w, h = (FRAME * box).tolist()
            assert (columns.start, columns.stop) == pytest.approx((x - w / 2, x + w / 2), abs=1)
            assert (rows.start, rows.stop) == pytest.approx((y - h / 2, y + h / 2), abs=1)

    def test_the_share_in_sight_is_what_stays_white(self, plain):
        bare = drew(6, frames=4, alike=0)
        covered = drew(6, frames=4, alike=0, occlusion=0.6)
        area = (bare.frames[:, :, 0] > 0.6).sum(dim=(-2, -1)).float()
        left = (covered.frames[:, :, 0] > 0.6).sum(dim=(-2, -1)).float()
        assert torch.equal(bare.boxes, covered.boxes)  # a box is that of the whole sprite
        torch.testing.assert_close(left / area, covered.visible[:, :, 0], atol=0.08, rtol=0)
        assert bare.visible.eq(1).all()


class TestPaint:
    def test_a_state_by_hand(self, plain):
        """Two discs, of which the second is twice as wide and half covered from below."""
        state = still(
            (20.0, 12.0), (40.0, 44.0), sizes=(16.0, 32.0), covered=(0.0, 0.5), sides=(0.0, math.pi / 2)
        )
        drawn = paint(state, split="test", generator=seeded(0))
        wanted = torch.tensor([[20, 12, 16, 16], [40, 44, 32, 32]]) / FRAME
        torch.testing.assert_close(drawn.boxes[0, 0], wanted, atol=1.01 / FRAME, rtol=0)
        assert drawn.visible[0, 0].tolist() == pytest.approx([1, 0.5], abs=0.05)
        red = drawn.frames[0, 0, 0]
        assert red[12, 20] > 0.6 and red[36, 40] > 0.6 and red[4, 60] == 0
        assert red[52, 40] == 0.5 and drawn.boards[0, 0, 0, 52, 40] and not drawn.boards[0, 0, 0, 36, 40]

    def test_who_is_not_there_is_not_painted(self, plain):
        drawn = paint(still((32.0, 32.0), present=(False,)), split="test", generator=seeded(0))
        assert not drawn.frames.any() and not drawn.boxes.any() and not drawn.visible.any()
        assert not drawn.present.any()

    def test_who_lies_above_hides_who_lies_beneath(self):
        drawn = paint(still((30.0, 32.0), (34.0, 32.0)), split="test", generator=seeded(0))
        low, high = sorted(drawn.visible[0, 0].tolist())
        assert high == 1 and 0.2 < low < 0.5

    def test_spare_boards_lie_beneath(self):
        state = still((32.0, 32.0))
        bare, spare = (paint(state, split="test", spare=n, generator=seeded(0)) for n in (0, 9))
        assert not bare.boards.any() and spare.boards.any() and spare.visible.eq(1).all()
        middle = slice(28, 36)  # within the sprite
        assert torch.equal(bare.frames[..., middle, middle], spare.frames[..., middle, middle])
        assert spare.boards[..., middle, middle].any()  # there is one under the sprite


class TestLooks:
    @pytest.mark.parametrize("share", [0.25, 0.5, 0.7])
    def test_boards_cover_the_share_that_is_asked_for(self, share):
        drawn = drew(30, occlusion=share, alike=0)
        assert 1 - drawn.visible[:, RAMP:, 0].mean().item() == pytest.approx(share, abs=0.05)
        assert drawn.visible[:, 0].eq(1).all()  # the first frame is clean

    def test_the_chord_by_formula(self):
        shares = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
        edge = chord(shares)
        back = (edge.acos() - edge * (1 - edge**2).sqrt()) / math.pi
        torch.testing.assert_close(back, shares, atol=0.01, rtol=0)
        assert edge[0] == 1 and edge[2] == pytest.approx(0, abs=0.01) and edge[4] == -1

    def test_bending_changes_the_shape(self):
        wide, high = drew(20, bend=0.4, alike=0).boxes[:, -1, 0, 2:].unbind(-1)
        assert (wide / high).log().abs().mean() > 0.2
        assert FRAME * torch.maximum(wide, high).mean() > SIZE

    def test_rotation_turns_what_is_inside_and_leaves_a_disc_a_disc(self):
        """With and without a quarter turn: the inside has turned, boxes stay (coins: nearly)."""
        still = drew(8, rotation=0, alike=0, frames=4, seed=5)
        turned = drew(8, rotation=90, alike=0, frames=4, seed=5)
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

    def test_a_target_that_is_gone_is_not_in_sight(self, plain):
        drawn = drew(5, gone=(2, 4), alike=0, frames=6)
        there = [True, True, False, False, True, True]
        assert drawn.present[:, :, 0].tolist() == [there] * 5
        bright = (drawn.frames[:, :, 0] > 0.6).flatten(2).any(dim=2)
        assert bright.tolist() == [there] * 5
        assert not drawn.boxes[:, 2:4, 0].any() and not drawn.visible[:, 2:4, 0].any()

    def test_some_boards_lie_on_nothing(self, plain):
        drawn = drew(10, occlusion=0.5, alike=0)
        away = []
        for board, box in zip(drawn.boards[:, -1, 0], drawn.boxes[:, -1, 0], strict=True):
            x, y, w, h = (FRAME * box).tolist()
            rows, columns = torch.nonzero(board, as_tuple=True)
            away.append(((rows - y).abs().gt(h) | (columns - x).abs().gt(w)).any())
        assert sum(away) >= 8


class TestSplits:
    def test_nothing_is_shared(self):
        for parts in (("train", "test"), ("learning", "validation", "test")):
            groups = [sprites.families(part) for part in parts]
            known = [{s.numpy().tobytes() for one in group.values() for s in one} for group in groups]
            assert sum(map(len, known)) == len(set.union(*known))
            names = [
                name
                for part in parts
                for name in (*sprites.PHOTOGRAPHS.get(part, ()), *films.BACKGROUNDS[part])
            ]
            assert len(names) == len(set(names)) and "coins" not in names

    def test_main_runs(self, capsys):
        main()
        assert "a board over 50%: 50% in sight" in capsys.readouterr().out
