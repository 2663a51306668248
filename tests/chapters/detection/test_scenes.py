"""Scenes: every box and every hidden share is exact, nothing is shared between the splits."""

import pytest
import torch

from visual_attention.chapters.detection import scenes
from visual_attention.chapters.detection.scenes import CANVAS, MOST, batch, sizes, truth
from visual_attention.data import crops, cutouts


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def many():
    return batch(200, split="test", generator=seeded(0))


def layer(left, top, right, bottom):
    """A layer that covers whole pixels, (4, 64, 64)."""
    made = torch.zeros(4, CANVAS, CANVAS)
    made[:, top:bottom, left:right] = 1
    return made


def stacked(*layers):
    """Objects and then boards, filled up with layers that cover nothing: (1, L, 4, 64, 64)."""
    return torch.stack(list(layers) + [layer(0, 0, 0, 0)] * (MOST + scenes.BOARDS - len(layers)))[None]


class TestTruth:
    def test_a_box_by_hand_width_is_not_height(self):
        boxes, hidden = truth(stacked(layer(8, 16, 24, 20)))
        assert boxes[0, 0].tolist() == [16 / 64, 18 / 64, 16 / 64, 4 / 64]
        assert not hidden.any() and not boxes[0, 1:].any()

    def test_boxes_are_shares_of_layers_of_any_size(self):
        boxes, _ = truth(stacked(layer(8, 16, 24, 20))[..., :32, :40])
        assert boxes[0, 0].tolist() == pytest.approx([16 / 40, 18 / 32, 16 / 40, 4 / 32])

    def test_the_hidden_share_by_hand(self):
        """The second covers half of the first; a board a quarter more of it and half of the second."""
        first, second, third = layer(0, 0, 8, 8), layer(4, 0, 12, 8), layer(40, 40, 44, 44)
        boards = [layer(0, 0, 4, 4), layer(8, 0, 12, 8), layer(50, 0, 60, 8)]
        nothing = [layer(0, 0, 0, 0)] * (MOST - 3)
        boxes, hidden = truth(stacked(first, second, third, *nothing, *boards))
        assert hidden[0, :3].tolist() == [0.75, 0.5, 0.0]
        assert boxes[0, 0].tolist() == [4 / 64, 4 / 64, 8 / 64, 8 / 64]  # of the whole object

    def test_what_two_layers_hide_counts_once(self):
        first = layer(0, 0, 8, 8)
        twice = [layer(0, 0, 4, 8)] * 2
        _, hidden = truth(stacked(first, *twice))
        assert hidden[0, 0] == 0.5

    def test_what_lies_beneath_hides_nothing(self):
        _, hidden = truth(stacked(layer(0, 0, 30, 30), layer(5, 5, 10, 10)))
        assert hidden[0, 1] == 0 and hidden[0, 0] == pytest.approx(25 / 900)


class TestPaste:
    def test_whole_pixels_stay_whole(self):
        stamp = torch.rand(1, 1, 4, 8, 8, generator=seeded(0))
        stamp[:, :, 3] = 1
        made = cutouts.paste(stamp, torch.tensor([[[12.0, 24.0, 8.0, 8.0]]]), canvas=CANVAS)
        torch.testing.assert_close(made[0, 0, :, 20:28, 8:16], stamp[0, 0])
        made[0, 0, :, 20:28, 8:16] = 0
        assert not made.any()

    def test_width_is_across_and_height_down(self):
        stamp = torch.ones(1, 1, 4, 8, 8)
        covered = cutouts.paste(stamp, torch.tensor([[[32.0, 32.0, 20.0, 6.0]]]), canvas=CANVAS)[0, 0, 3]
        assert (covered.any(0).sum(), covered.any(1).sum()) == (20, 6)

    def test_a_part_of_a_pixel_covers_a_part(self):
        covered = cutouts.paste(
            torch.ones(1, 1, 4, 8, 8), torch.tensor([[[10.25, 10.0, 4.0, 4.0]]]), canvas=CANVAS
        )[0, 0, 3]
        assert covered[10, 7:14].tolist() == pytest.approx([0, 0.75, 1, 1, 1, 0.25, 0])
        assert covered.sum() == pytest.approx(16)


class TestBatch:
    def test_shapes_and_ranges(self, many):
        images, objects, hidden = many
        assert images.shape == (200, 3, CANVAS, CANVAS) and images.dtype == torch.float32
        assert 0 <= images.min() and images.max() <= 1
        assert objects.boxes.shape == (200, MOST, 4) and objects.labels.shape == hidden.shape == (200, MOST)
        assert objects.present.dtype == torch.bool and objects.labels.dtype == torch.int64
        there = objects.present
        left_top, right_bottom = (objects.boxes[..., :2] + s * objects.boxes[..., 2:] / 2 for s in (-1, 1))
        assert left_top[there].min() >= 0 and right_bottom[there].max() <= 1
        assert (
            not objects.boxes[~there].any() and not hidden[~there].any() and not objects.labels[~there].any()
        )

    def test_from_none_to_many_of_every_kind_size_and_occlusion(self, many):
        there = many.objects.present
        assert set(there.sum(dim=1).tolist()) == set(range(MOST + 1))
        assert many.objects.labels[there].bincount(minlength=3).min() > 50
        side, hidden = sizes(many.objects)[there], many.hidden[there]
        assert side.min() > 2 and side.max() > 20
        assert (side < scenes.SMALL).float().mean() > 0.3 and (side >= scenes.LARGE).float().mean() > 0.1
        assert hidden.max() <= scenes.MOST_HIDDEN + 1e-6
        assert (hidden >= scenes.HEAVY).float().mean() > 0.1 and (hidden < scenes.SLIGHT).float().mean() > 0.3

    @pytest.mark.slow
    def test_boxes_say_where_the_objects_are(self, monkeypatch):
        """On black, without boards and with one object, what is bright lies in the box, up to its edges."""
        monkeypatch.setattr(
            scenes, "_background", lambda split, count, generator: torch.zeros(count, 3, 64, 64)
        )
        monkeypatch.setattr(scenes, "_boards", lambda *_: torch.zeros(len(_[0]), 3, 4, 64, 64))
        drawn = batch(100, split="train", generator=seeded(1))
        alone = drawn.objects.present.sum(dim=1) == 1
        assert alone.sum() > 5
        for image, boxes, there in zip(
            drawn.images[alone], drawn.objects.boxes[alone], drawn.objects.present[alone], strict=True
        ):
            x, y, w, h = (64 * boxes[there][0]).tolist()
            bright = image.amax(dim=0) > 0.5 * image.max()
            inside = torch.zeros_like(bright)
            left, top = max(round(x - w / 2) - 1, 0), max(round(y - h / 2) - 1, 0)
            inside[top : round(y + h / 2) + 1, left : round(x + w / 2) + 1] = True
            assert bright.any() and not (bright & ~inside).any()

    def test_a_board_betrays_no_object(self):
        """Some boards lie where no object is, also in pictures without any."""
        spans = torch.full((500, MOST, 4), 8.0)  # all objects in one corner
        boards = scenes._boards(spans, scenes.BOARDS, "train", seeded(0))
        far = boards[:, :, 3, 24:, 24:].flatten(2).any(dim=2)
        assert 0.1 < far.float().mean() < 0.5

    @pytest.mark.slow
    def test_a_seed_fixes_the_batch_and_the_global_generator_is_left_alone(self):
        before = torch.get_rng_state()
        one, again, other = (batch(5, split="train", generator=seeded(s)) for s in (3, 3, 4))
        assert torch.equal(one.images, again.images) and torch.equal(one.objects.boxes, again.objects.boxes)
        assert not torch.equal(one.images, other.images)
        assert torch.equal(before, torch.get_rng_state())

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [({"split": "valid"}, 'wanted "train" or "test"'), ({"count": 0}, "at least 1 scene, got 0")],
    )
    def test_errors_say_what_was_wanted(self, wrong, says):
        arguments = {"count": 2, "split": "train"} | wrong
        with pytest.raises(ValueError, match=says):
            batch(arguments.pop("count"), **arguments)


class TestCutouts:
    def test_each_fills_its_square(self):
        for pictures in cutouts.load("test").values():
            assert pictures.shape[1:] == (4, 32, 32) and 0 <= pictures.min() and pictures.max() <= 1
            cover = pictures[:, 3] > 0.5
            spans = cover.any(1).sum(1), cover.any(2).sum(1)
            assert (torch.maximum(*spans) > 24).all()

    def test_the_splits_share_no_thing(self):
        train, test = cutouts.load("train"), cutouts.load("test")
        for kind in cutouts.KINDS:
            one, other = ({p.numpy().tobytes() for p in split[kind]} for split in (train, test))
            assert one and other and not one & other
        assert not set(crops.BACKGROUNDS["train"]) & set(crops.BACKGROUNDS["test"])
        assert not {"cat", "coins"} & {name for names in crops.BACKGROUNDS.values() for name in names}
