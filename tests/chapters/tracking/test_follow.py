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
            same = (windows - part[:, None, None]).abs().sum(dim=(0, 3, 4))
            y, x = divmod(int(same.argmin()), same.shape[1])
            boxes.append(FRAME * box - torch.tensor([x, y, 0, 0]))
        return Found(torch.stack(boxes), torch.full((len(template),), self.sure[self.frame]))


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
        corners = corners_around(torch.tensor([[32.0, 30.0], [1.0, 63.0]]))
        assert corners.tolist() == [[8, 6], [0, FRAME - SEARCH]]
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
        assert torch.equal(path.corners[:, 1], corners_around(centres[:, 0]))
        assert torch.equal(path.corners[:, 2], corners_around(centres[:, 1]))
        assert torch.equal(path.corners[:, 3], corners_around(centres[:, 1]))  # frame 2 was not sure
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

    def test_main_runs(self, capsys, monkeypatch):
        module.main(steps=1)
        assert "overlap" in capsys.readouterr().out
