"""Pairs for training and following a film, with trackers whose answer is known."""

import pytest
import torch

from visual_attention.boxes import iou
from visual_attention.chapters.tracking import follow as module
from visual_attention.chapters.tracking.follow import (
    SEARCH,
    corners_around,
    follow,
    loss,
    regions,
    template_of,
    train,
    training_pairs,
)
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.chapters.tracking.trackers import AttentionTracker, Found
from visual_attention.chapters.tracking.tracks import Disturbance, pairs, sequences
from visual_attention.chapters.tracking.trained import load
from visual_attention.training import seeded


@pytest.fixture(scope="module")
def pool():
    return training_pairs(24, seed=0)


def films(count=3, frames=5, **disturbance):
    options = {"split": "test", "frames": frames, "generator": torch.Generator().manual_seed(1)}
    return sequences(count, disturbance=Disturbance(**disturbance), **options)


class Oracle(torch.nn.Module):
    """Knows the truth of the films; `sure` says how sure it is in each frame."""

    def __init__(self, films, sure):
        super().__init__()
        self.films, self.sure, self.frame, self.seen = films, sure, 0, []

    def forward(self, template, search):
        self.frame += 1
        self.seen.append(search)
        # where the search region lies is found by comparing it with the frame
        boxes = []
        for image, box, part in zip(
            self.films.frames[:, self.frame], self.films.boxes[:, self.frame, 0], search, strict=True
        ):
            windows = image.unfold(1, SEARCH, 1).unfold(2, SEARCH, 1)  # (3, 17, 17, 48, 48)
            same = (windows[..., ::4, ::4] - part[:, None, None, ::4, ::4]).abs().sum(dim=(0, 3, 4))
            y, x = divmod(int(same.argmin()), same.shape[1])
            scale = torch.tensor([image.shape[2], image.shape[1]]).repeat(2)
            boxes.append(scale * box - torch.tensor([x, y, 0, 0]))
        return Found(torch.stack(boxes), torch.full((len(template),), self.sure[self.frame]))


def placed(drawn, height, width):
    """The same films in the lower right corner of larger frames, on noise that stands still."""
    noise = torch.rand(3, height, width, generator=torch.Generator().manual_seed(2))
    frames = noise.expand(*drawn.frames.shape[:2], 3, height, width).clone()
    frames[..., -FRAME:, -FRAME:] = drawn.frames
    scale = torch.tensor([FRAME / width, FRAME / height]).repeat(2)
    shift = torch.tensor([1 - FRAME / width, 1 - FRAME / height, 0, 0])
    return drawn._replace(frames=frames, boxes=drawn.boxes * scale + shift)


class TestCutting:
    def test_the_template_is_the_target_and_half_its_size_around_it(self):
        """A picture of coordinates: what is cut out says where it comes from."""
        step = (torch.arange(FRAME) + 0.5) / FRAME
        picture = torch.stack(
            [step.expand(FRAME, FRAME), step[:, None].expand(FRAME, FRAME), torch.zeros(FRAME, FRAME)]
        )
        template = template_of(picture[None], torch.tensor([[0.5, 0.4, 0.25, 0.125]]))
        assert template.shape == (1, 3, 24, 24)
        edge = 0.5 / 24
        assert template[0, 0, 0, 0].item() == pytest.approx(0.5 + 1.5 * 0.25 * (edge - 0.5), abs=1e-4)
        assert template[0, 0, 0, -1].item() == pytest.approx(0.5 - 1.5 * 0.25 * (edge - 0.5), abs=1e-4)
        assert template[0, 1, 0, 0].item() == pytest.approx(0.4 + 1.5 * 0.125 * (edge - 0.5), abs=1e-4)

    def test_regions_and_their_corners(self):
        corners = corners_around(torch.tensor([[32.0, 30.0], [1.0, 63.0]]), (FRAME, FRAME))
        assert corners.tolist() == [[8, 6], [0, FRAME - SEARCH]]
        wide = corners_around(torch.tensor([[150.0, 30.0], [199.0, 99.0]]), (100, 200))
        assert wide.tolist() == [[126, 6], [152, 52]]
        frames = torch.rand(2, 3, FRAME, FRAME)
        cut = regions(frames, corners)
        assert torch.equal(cut[0], frames[0, :, 6:54, 8:56]) and torch.equal(cut[1], frames[1, :, 16:, :48])


class TestPairs:
    def test_the_target_is_in_its_search_region(self, pool):
        there = pool.present
        assert pool.templates.shape == (24, 4, 3, 24, 24) and pool.searches.shape == (24, 3, SEARCH, SEARCH)
        assert pool.templates.dtype == torch.uint8 and there[:, 0].float().mean() > 0.5
        assert 0.1 < (~there[pool.asked]).float().mean() < 0.6  # "nowhere" is asked for, too
        centres = pool.boxes[there][:, :2]
        assert centres.min() >= 0 and centres.max() <= SEARCH
        low, high = (pool.boxes[..., :2] + s * pool.boxes[..., 2:] / 2 for s in (-1, 1))
        touches = ((high > 0) & (low < SEARCH)).all(dim=2) & (pool.boxes[..., 2] > 0)
        assert not (touches & ~there & pool.asked).any()  # nothing that is partly there is called absent

    def test_templates_come_from_the_first_frame_and_nothing_leaks_from_the_second(self):
        drawn = pairs(3, split="train", generator=torch.Generator().manual_seed(6))
        made = training_pairs(3, seed=6, targets=2)
        for k in range(2):
            wanted = template_of(drawn.frames[:, 0], drawn.boxes[:, 0, k])
            torch.testing.assert_close(made.templates[:, k] / 255, wanted, atol=0.003, rtol=0)

    def test_a_seed_fixes_them(self, pool):
        again, other = training_pairs(2, seed=3), training_pairs(2, seed=4)
        assert torch.equal(training_pairs(2, seed=3).searches, again.searches)
        assert not torch.equal(again.searches, other.searches)

    def test_the_loss_is_least_for_the_truth(self, pool):
        class Known(torch.nn.Module):
            def __init__(self, off):
                super().__init__()
                self.off = off

            def trained_on(self, template, search, place, owner):
                assert torch.equal(owner, torch.nonzero(pool.asked)[:, 0]) and len(template) == len(owner)
                scores = torch.zeros(len(place), 25 * 25 + 1)
                right = place.masked_fill(~pool.present[pool.asked], 25 * 25)
                scores[torch.arange(len(place)), (right + self.off) % (25 * 25 + 1)] = 50
                return scores, pool.boxes[pool.asked] + self.off

        right, next_to_it, wrong = (loss(Known(off), pool) for off in (0, 1, 3))
        assert right == pytest.approx(0, abs=1e-4) and wrong > next_to_it > 1

    def test_what_is_not_there_has_no_box_that_counts(self, pool):
        """NaN in the boxes of what is absent: neither the loss nor its gradient hears of it."""
        results = []
        for rubbish in (0.0, float("nan")):
            with seeded(0):
                model = AttentionTracker(width=8, dim=8)
            boxes = pool.boxes.masked_fill(~pool.present[..., None], rubbish)
            value = loss(model, pool._replace(boxes=boxes))
            value.backward()
            results.append([value.detach(), *(part.grad for part in model.parameters())])
        assert not pool.present[pool.asked].all()
        for one, other in zip(*results, strict=True):
            assert one.isfinite().all() and torch.equal(one, other)

    def test_a_loss_of_nothing_is_refused(self, pool):
        with pytest.raises(ValueError, match="at least one thing that is asked for, got none in 24 pairs"):
            loss(AttentionTracker(width=8, dim=8), pool._replace(asked=pool.asked & False))

    def test_training_learns(self, pool):
        with seeded(0):
            model = AttentionTracker(width=8, dim=8)
        history = train(model, pool, seed=0, steps=15, batch=6, lr=1e-2)
        assert sum(history[-3:]) < sum(history[:3])


class TestFollow:
    def test_an_oracle_is_right_in_every_frame(self):
        drawn = films(rotation=90)
        path = follow(Oracle(drawn, [1.0] * 5), drawn)
        overlap = iou(path.boxes, drawn.boxes[:, :, 0])
        torch.testing.assert_close(overlap, torch.ones_like(overlap))
        assert path.presence.eq(1).all() and path.corners.shape == (3, 5, 2)

    def test_the_search_region_lies_around_the_last_sure_answer(self):
        drawn = films(frames=4)
        path = follow(Oracle(drawn, [1.0, 1.0, 0.2, 1.0]), drawn)
        centres = FRAME * drawn.boxes[:, :, 0, :2]
        around = [corners_around(centres[:, t], (FRAME, FRAME)) for t in range(2)]
        assert torch.equal(path.corners[:, 1], around[0])
        assert torch.equal(path.corners[:, 2], around[1])
        assert torch.equal(path.corners[:, 3], around[1])  # frame 2 was not sure
        assert path.presence[0].tolist() == pytest.approx([1, 1, 0.2, 1])

    def test_the_template_comes_from_the_first_frame_alone(self):
        drawn = films(frames=3)
        with seeded(0):
            model = AttentionTracker(width=8, dim=8).eval()
        later = drawn.boxes.clone()
        later[:, 1:] = 0.5  # what is true later must not be looked at
        one, other = follow(model, drawn), follow(model, drawn._replace(boxes=later))
        assert torch.equal(one.boxes, other.boxes)

    def test_films_of_a_batch_do_not_mix(self):
        drawn = films(frames=3)
        with seeded(0):
            model = AttentionTracker(width=8, dim=8).eval()
        alone = type(drawn)(*(part[1:2] for part in drawn))
        torch.testing.assert_close(follow(model, drawn).boxes[1:2], follow(model, alone).boxes)

    @pytest.mark.parametrize(("height", "width"), [(128, 128), (81, 200), (160, 65)])
    def test_in_frames_of_any_size_it_searches_where_the_target_is(self, height, width):
        drawn = placed(films(count=2, frames=4), height, width)
        path = follow(Oracle(drawn, [1.0] * 4), drawn)
        torch.testing.assert_close(iou(path.boxes, drawn.boxes[:, :, 0]), torch.ones(2, 4))
        inside = torch.tensor([width, height]) * drawn.boxes[:, :, 0, :2] - path.corners
        assert (inside > 0).all() and (inside < SEARCH).all()
        assert (path.corners >= 0).all()
        assert (path.corners <= torch.tensor([width, height]) - SEARCH).all()

    def test_a_trained_tracker_is_as_good_in_large_frames_as_in_small_ones(self):
        drawn, model = films(count=6, frames=6), load("attention")
        small, large = (
            iou(follow(model, one).boxes, one.boxes[:, :, 0]).mean()
            for one in (drawn, placed(drawn, 128, 192))
        )
        assert small > 0.4 and large > small - 0.05

    def test_bytes_and_other_types_of_float_are_followed_alike(self):
        drawn = films(frames=3)
        with seeded(0):
            model = AttentionTracker(width=8, dim=8).eval()
        as_bytes = (255 * drawn.frames).round().to(torch.uint8)
        want = follow(model, drawn._replace(frames=as_bytes / 255)).boxes
        assert torch.equal(follow(model, drawn._replace(frames=as_bytes)).boxes, want)
        double = drawn._replace(frames=as_bytes.double() / 255, boxes=drawn.boxes.double())
        got = follow(model.double(), double).boxes
        assert got.dtype == torch.float64
        torch.testing.assert_close(got, want.double(), atol=1e-4, rtol=0)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda f: f._replace(frames=f.frames[..., :40]), "at least 48 x 48 pixels, got 64 x 40"),
            (lambda f: f._replace(frames=255 * f.frames), "frames: wanted floats from 0 to 1.*divide by 255"),
            (lambda f: f._replace(frames=f.frames * torch.nan), "frames: wanted finite numbers"),
            (lambda f: f._replace(frames=f.frames[:, :, :1]), r"\(B, T, 3, H, W\).*got \(3, 2, 1, 64, 64\)"),
            (lambda f: f._replace(boxes=f.boxes[:, :1]), r"boxes \(B, T, O, 4\), got"),
            (lambda f: f._replace(boxes=f.boxes[:, :, :0]), "a target from 0 to -1"),
            (lambda f: type(f)(*(part[:0] for part in f)), "at least one film and one frame"),
            (lambda f: f._replace(boxes=f.boxes * 0), "6 to 43 pixels a side .*got 0 to 0: make the frames"),
            (lambda f: f._replace(boxes=f.boxes * torch.nan), "in the first frame: wanted finite numbers"),
            (
                lambda f: f._replace(frames=f.frames.repeat_interleave(4, 3).repeat_interleave(4, 4)),
                "6 to 43 pixels a side .* make the frames larger or smaller",
            ),
        ],
    )
    def test_films_that_cannot_be_followed_are_refused(self, change, says):
        with pytest.raises(ValueError, match=says):
            follow(AttentionTracker(width=8, dim=8).eval(), change(films(frames=2)))

    def test_main_runs(self, capsys, monkeypatch):
        module.main(steps=1)
        assert "overlap" in capsys.readouterr().out
