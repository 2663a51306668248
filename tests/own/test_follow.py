"""A mask goes where the thing goes, what left is said to be gone, and films come in and go out."""

import json
import os

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from tests.own.conftest import picture
from visual_attention.data import photographs
from visual_attention.own import film, follow, weights
from visual_attention.own.features import Extractor
from visual_attention.own.frames import Frames, in_order, mask_of_box, read_frames, read_mask

HEIGHT, WIDTH, SIDE = 84, 126, 28
STEPS = [
    (0, 28),
    (14, 28),
    (28, 42),
    (56, 42),
    (84, 42),
    None,
    None,
    None,
    None,
    (70, 28),
]  # left, top of the thing


@pytest.fixture(scope="module")
def scenes():
    """A cup, two patches wide, moves over grass by whole patches, is away for four frames, more than are
    remembered at the end, and comes back."""
    grass = photographs.load("grass", 140)[:, :HEIGHT, :WIDTH]
    cup = photographs.load("coffee", SIDE)
    frames = []
    for place in STEPS:
        frame = grass.clone()
        if place:
            left, top = place
            frame[:, top : top + SIDE, left : left + SIDE] = cup
        frames.append(frame)
    return frames


@pytest.fixture(scope="module")
def result(scenes):
    frames = read_frames(scenes, patch=14, longer=WIDTH)
    mask = mask_of_box((*STEPS[0], SIDE, SIDE), HEIGHT, WIDTH)
    return follow.follow(frames, mask, local(), progress=False)


def local():
    """A network of which a patch's token depends on the patch alone, so that what it should find is known."""
    extractor = Extractor(weights.STAND_IN)
    with torch.no_grad():
        for block in extractor.model.blocks:
            block.ls1.gamma.zero_()
        extractor.model.pos_embed.zero_()
    return extractor


def test_the_mask_is_where_the_thing_is(result):
    masks = result.masks(HEIGHT, WIDTH)
    for index, place in enumerate(STEPS):
        true = mask_of_box((*place, SIDE, SIDE), HEIGHT, WIDTH).bool() if place else torch.zeros(1).bool()
        shared = (masks[index] & true).sum() / (masks[index] | true).sum().clamp(min=1)
        assert shared > 0.6 if place else not masks[index].any(), (index, shared)


def test_what_left_is_gone_and_what_came_back_is_there(result):
    assert result.gone() == [6, 7, 8, 9]
    assert result.present[0] == 1 and result.present[5:9].eq(0).all() and result.present[9] > 0.7


def test_masks_of_any_size(result):
    assert result.masks(50, 70).shape == (len(STEPS), 50, 70) and result.masks(50, 70).dtype == torch.bool


def test_a_target_smaller_than_a_patch_keeps_one(scenes):
    frames = read_frames(scenes[:2], patch=14, longer=WIDTH)
    found = follow.follow(frames, mask_of_box((16, 30, 3, 3), HEIGHT, WIDTH), local(), progress=False)
    assert (found.shares[0] > 0.5).nonzero().tolist() == [[2, 1]]


def test_a_mask_of_another_size_or_of_everything(scenes):
    frames = read_frames(scenes[:2], patch=14, longer=WIDTH)
    with pytest.raises(ValueError, match=r"mask: wanted \(84, 126\), got \(84, 125\)"):
        follow.follow(frames, torch.ones(84, 125), local(), progress=False)
    with pytest.raises(ValueError, match="leaves a part of the picture free"):
        follow.follow(frames, torch.ones(84, 126), local(), progress=False)


def test_frames_are_computed_once(scenes, tmp_path, monkeypatch):
    extractor = Extractor(weights.STAND_IN, cache=tmp_path)
    frames, mask = read_frames(scenes, patch=14, longer=WIDTH), mask_of_box((0, 28, 28, 28), HEIGHT, WIDTH)
    first = follow.follow(frames, mask, extractor, progress=False)
    assert len(list(tmp_path.iterdir())) == len(STEPS) - 3  # the four without the thing are one
    monkeypatch.setattr(extractor.model, "forward", None)
    assert torch.equal(follow.follow(frames, mask, extractor, progress=False).shares, first.shares)


class TestFramesComeIn:
    def test_numbers_in_names_are_numbers(self, tmp_path):
        for number in (10, 2, 1):
            Image.new("RGB", (28, 28), (number, 0, 0)).save(tmp_path / f"f{number}.png")
        (tmp_path / "notes.txt").write_text("")
        read = read_frames(tmp_path, patch=14, longer=28)
        assert (read.small[:, 0, 0, 0] * 255).round().tolist() == [1, 2, 10]
        assert [p.name for p in in_order([tmp_path / "b1.png", tmp_path / "a2.png"])] == ["a2.png", "b1.png"]

    @pytest.mark.parametrize("form", ["gif", "webp", "png"])
    def test_an_animated_picture(self, tmp_path, form):
        shown = [Image.new("RGB", (42, 28), (value, 0, 0)) for value in (0, 100, 250)]
        shown[0].save(tmp_path / f"film.{form}", save_all=True, append_images=shown[1:], lossless=True)
        read = read_frames(tmp_path / f"film.{form}", patch=14, longer=42)
        assert (read.height, read.width) == (28, 42)
        np.testing.assert_allclose(read.small[:, 0, 5, 5] * 255, [0, 100, 250], atol=2)

    def test_large_frames_are_made_small_one_by_one(self):
        read = read_frames([np.zeros((90, 300, 3), dtype=np.uint8)] * 2, patch=14, longer=56)
        assert read.small.shape == (2, 3, 14, 56) and (read.height, read.width) == (90, 300)

    def test_what_cannot_be_used_is_named(self, tmp_path):
        one = tmp_path / "one"
        one.mkdir()
        Image.new("RGB", (28, 28)).save(one / "a.png")
        (tmp_path / "film.mp4").write_bytes(b"x")
        (tmp_path / "text.gif").write_bytes(b"x")
        for source, says in (
            (one, "wanted at least two frames, got 1"),
            (one / "a.png", "wanted at least two frames, got 1"),
            (tmp_path / "film.mp4", "got a film. Make frames of it: ffmpeg -i film.mp4"),
            (tmp_path / "text.gif", "text.gif: wanted an animated picture"),
            (tmp_path / "nothing", "found nothing at .*nothing"),
        ):
            with pytest.raises(ValueError, match=says):
                read_frames(source, patch=14, longer=28)
        Image.new("RGB", (28, 42)).save(one / "b.png")
        with pytest.raises(ValueError, match="b.png: wanted frames of one size, 28 x 28 .*, got 28 x 42"):
            read_frames(one, patch=14, longer=28)
        with pytest.raises(ValueError, match="wanted at most 3 frames"):
            read_frames([np.zeros((28, 28))] * 4, patch=14, longer=28, most=3)


class TestMasks:
    def test_a_box_in_pixels(self):
        mask = mask_of_box((2, 1, 3, 4), 6, 9)
        assert mask.nonzero().amin(0).tolist() == [1, 2] and mask.nonzero().amax(0).tolist() == [4, 4]
        assert mask_of_box((-2, -1, 3, 2), 6, 9).nonzero().tolist() == [[0, 0]]
        for outside in ((9, 0, 2, 2), (-5, 0, 3, 3), (0, 6, 1, 1)):
            with pytest.raises(ValueError, match="box: wanted one inside 9 x 6 pixels"):
                mask_of_box(outside, 6, 9)

    def test_a_picture_bright_where_the_target_is(self, tmp_path):
        shown = np.zeros((6, 9), dtype=np.uint8)
        shown[2, 3] = 200
        Image.fromarray(shown).save(tmp_path / "mask.png")
        assert read_mask(tmp_path / "mask.png", 6, 9).nonzero().tolist() == [[2, 3]]
        with pytest.raises(ValueError, match="mask: wanted 8 x 6 pixels, as the frames have, got 9 x 6"):
            read_mask(tmp_path / "mask.png", 6, 8)
        with pytest.raises(ValueError, match="wanted bright pixels"):
            read_mask(np.zeros((6, 9)), 6, 9)


class TestGoesOut:
    def test_a_film_with_the_mask_in_each_frame(self, result, tmp_path):
        with Image.open(film.film(result, tmp_path / "film.webp")) as shown:
            parts, lasts = [], []
            for part in ImageSequence.Iterator(shown):
                parts.append(np.array(part.convert("RGB")) / 255)
                lasts.append(part.info["duration"])
        assert sum(lasts) == len(STEPS) * film.MILLISECONDS and parts[0].shape == (84, 126, 3)
        assert lasts[5] == 4 * film.MILLISECONDS  # the four frames without the cup are one picture
        inside, outside = parts[4][56, 98], parts[5][56, 98]  # in the middle of the cup, and when it was away
        grass = result.frames.small[5][:, 56, 98].numpy()
        np.testing.assert_allclose(outside, grass, atol=0.15)
        cup = result.frames.small[4][:, 56, 98].numpy()
        np.testing.assert_allclose(inside, 0.55 * cup + 0.45 * film.COLOUR, atol=0.15)

    def test_masks_have_the_size_that_the_frames_came_in(self, result, tmp_path):
        large = follow.Followed(result.shares, result.present, Frames(result.frames.small, 100, 150))
        files = sorted(film.masks(large, tmp_path / "masks").iterdir())
        assert [file.name for file in files][:2] == ["0001.png", "0002.png"] and len(files) == len(STEPS)
        first = np.array(Image.open(files[0]))
        assert first.shape == (100, 150) and set(np.unique(first)) == {0, 255}
        assert first[50, 17] == 255 and first[50, 100] == 0

    def test_numbers(self, result):
        lines = json.loads(film.numbers(result))
        assert [line["gone"] for line in lines] == [False] * 5 + [True] * 4 + [False]
        assert (
            lines[0]["area"] == pytest.approx(SIDE**2 / (HEIGHT * WIDTH), rel=0.3) and lines[5]["area"] == 0
        )

    def test_the_player_shows_some_evenly_and_says_each(self, result):
        player = film.player(result, "cup", most=4)
        assert [text.split(":")[0] for text in player.texts] == ["Frame 1", "Frame 4", "Frame 7", "Frame 10"]
        assert "not to be found (score 0.00); the mask covers 0.0 %" in player.texts[2]
        assert len(film.player(result, "cup").texts) == len(STEPS)

    def test_the_outline_is_white_and_within_the_mask(self):
        mask = torch.zeros(6, 7, dtype=torch.bool)
        mask[1:5, 2:6] = True
        shown = film.marked(torch.zeros(3, 6, 7), mask)
        assert (shown[:, 1, 2:6] == 1).all() and (shown[:, ~mask.numpy()] == 0).all()
        np.testing.assert_allclose(shown[:, 2, 3], 0.45 * film.COLOUR, atol=1e-6)


def test_frames_that_a_reader_made_are_left_as_they_are(scenes, tmp_path):
    for index, frame in enumerate(scenes[:2]):
        picture(frame).save(tmp_path / f"{index}.png")
    before = [os.stat(tmp_path / f"{i}.png").st_mtime_ns for i in (0, 1)]
    read_frames(tmp_path, patch=14, longer=28)
    assert before == [os.stat(tmp_path / f"{i}.png").st_mtime_ns for i in (0, 1)]
    assert len(list(tmp_path.iterdir())) == 2


def test_an_empty_mask_is_gone_even_if_its_place_looks_the_same():
    features = [torch.eye(4)] * 3
    full, empty = torch.tensor([[0.9], [0.8], [0.1], [0.0]]), torch.full((4, 1), 0.3)
    assert follow.score(features[:2], [full, empty]) == 0
    assert follow.score(features[:2], [full, full]) == 1
    assert follow.score(features, [full, empty, full]) == 1  # it came back: asked of the first frame
