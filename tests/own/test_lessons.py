"""What the chapters' last sections call: masks from a handful, holes, relatives, samples, Colab's button."""

import io
import sys
import types
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from visual_attention.chapters.inpainting.peeling import PeelingAttention
from visual_attention.data import photographs
from visual_attention.own import sample, segment, upload, weights
from visual_attention.own.features import Extractor
from visual_attention.own.fill import fill
from visual_attention.own.folder import labelled
from visual_attention.own.relatives import by_example, relatives, resembling


@pytest.fixture(scope="module")
def seeing():
    return Extractor(weights.STAND_IN, size=84)


class TestSegment:
    @pytest.fixture
    def pairs(self):
        return sample.pairs(6)

    def test_coins_are_cut_out_of_pictures_that_were_left_out(self, pairs, seeing):
        found = segment.segment(pairs, seeing, progress=False)
        mean, low, high = found.interval()
        assert found.true.shape == found.shares.shape == (6, 84, 84) and low < mean < high
        everything = (2 * found.true.float().mean((1, 2)) / (1 + found.true.float().mean((1, 2)))).mean()
        assert mean > everything + 0.2  # than calling all of it coin
        each = found.dice()
        one = (found.shares[2] > 0.5, found.true[2])
        assert each[2] == pytest.approx(2 * (one[0] & one[1]).sum() / (one[0].sum() + one[1].sum()))
        assert mean == pytest.approx(each.mean())

    def test_a_mask_s_own_picture_is_not_trained_on(self, pairs, seeing):
        """A mask turned round changes what others get, and not what its own picture gets."""
        before = segment.segment(pairs, seeing, progress=False)
        turned = pairs / "masks" / "3.png"
        Image.fromarray(255 - np.array(Image.open(turned))).save(turned)
        after = segment.segment(pairs, seeing, progress=False)
        place = [path.stem for path in before.paths].index("3")
        change = (after.shares - before.shares).abs().amax((1, 2))
        held_with = (change < 1e-6).nonzero().flatten().tolist()
        assert place in held_with and len(held_with) <= 2 and change.max() > 0.1

    def test_what_cannot_be_used_is_named(self, pairs, seeing):
        (pairs / "masks" / "2.png").rename(pairs / "masks" / "other.png")
        assert len(segment.paired(pairs)) == 5
        Image.new("L", (20, 30)).save(pairs / "masks" / "1.png")
        with pytest.raises(ValueError, match="1.png: wanted 84 x 84 pixels, as its picture has, got 20 x 30"):
            segment.segment(pairs, seeing, progress=False)
        for number in (1, 3, 4):
            (pairs / "masks" / f"{number}.png").unlink()
        with pytest.raises(
            ValueError, match="at least 3 pictures with masks, got 2; without .*: 1, 2, 3, 4, other"
        ):
            segment.segment(pairs, seeing, progress=False)
        with pytest.raises(ValueError, match="wanted the folders pictures and masks, got no pictures"):
            segment.segment(pairs / "masks", seeing, progress=False)


class TestFill:
    wall = photographs.load("brick", 96)

    def test_a_box_is_filled_by_attention_and_the_rest_is_left(self):
        seen, hole, filled = fill(self.wall, box=(40, 30, 12, 9))
        assert hole.nonzero().amin(0).tolist() == [30, 40] and hole.sum() == 12 * 9
        assert torch.equal(filled[:, ~hole], seen[:, ~hole])
        want = PeelingAttention()(self.wall[None], hole[None, None])[0]
        torch.testing.assert_close(filled, want.clamp(0, 1))

    def test_a_mask_is_scaled_with_its_picture(self, tmp_path):
        mask = np.zeros((192, 192), dtype=np.uint8)
        mask[60:80, 100:121] = 255
        Image.fromarray(mask).save(tmp_path / "mask.png")
        _, hole, _ = fill(photographs.load("brick", 192), mask=tmp_path / "mask.png")
        assert hole.shape == (96, 96) and hole.nonzero().amin(0).tolist() == [30, 50]
        assert hole.nonzero().amax(0).tolist() == [39, 60]  # half a pixel is missing too

    def test_one_of_both_is_wanted(self):
        for both in ({}, {"mask": self.wall, "box": (0, 0, 1, 1)}):
            with pytest.raises(ValueError, match="wanted either a mask or a box"):
                fill(self.wall, **both)


class TestRelatives:
    tokens = torch.randn(6, 3, 8, generator=torch.Generator().manual_seed(0))

    def test_cosines_of_class_tokens_without_what_all_share(self):
        shifted = self.tokens[:, 0] - self.tokens[:, 0].mean(0)
        alike = relatives(self.tokens)
        assert alike[1, 4].item() == pytest.approx(
            F.cosine_similarity(shifted[1], shifted[4], dim=0).item(), abs=1e-6
        )
        assert alike.diagonal().eq(-torch.inf).all()
        torch.testing.assert_close(relatives(self.tokens + 5.0), alike, atol=1e-4, rtol=1e-4)

    def test_an_answer_comes_from_the_others_alone(self):
        shares = by_example(self.tokens, [0, 1, 1, 0, 1, 2])
        torch.testing.assert_close(shares.sum(1), torch.ones(6))
        assert shares[5, 2] == 0  # nobody else has this answer
        by_hand = torch.softmax(relatives(self.tokens)[0] / 0.07, 0)
        assert shares[0, 1].item() == pytest.approx(by_hand[[1, 2, 4]].sum().item(), abs=1e-6)

    def test_what_resembles_a_box_is_found_in_the_picture_that_has_it(self, seeing):
        grass, cup = photographs.load("grass", 84), photographs.load("coffee", 28)
        with_cup, example = grass.flip(2).clone(), grass.clone()
        example[:, 28:56, 28:56] = cup
        with_cup[:, 56:84, 0:28] = cup
        found = resembling(example, (1 / 3, 1 / 3, 1 / 3, 1 / 3), [grass.flip(1), with_cup], seeing)
        assert found.shape == (2, 6, 6) and found.sum() == pytest.approx(1)
        assert found[1].sum() > 0.9 and found[1, 4:, :2].sum() > 0.9 * found[1].sum()
        with pytest.raises(ValueError, match="box: wanted one inside"):
            resembling(example, (1.5, 0, 0.2, 0.2), [grass], seeing)


def test_samples_have_the_form_that_a_reader_s_folder_has():
    found = labelled(sample.classes())
    assert found.classes == sample.CLASSES and found.counts() == [6, 6, 6] and not found.refused
    assert len(segment.paired(sample.pairs(5))) == 5
    frames, (left, top, width, height) = sample.film()
    first, second = (np.array(Image.open(frames / f"{n}.png")).astype(int) for n in (1, 2))
    np.testing.assert_array_equal(
        first[top : top + height, left : left + width],
        second[top : top + height, left + 28 : left + 28 + width],
    )


class TestUpload:
    def colab(self, monkeypatch, chosen):
        for name in ("google", "google.colab"):
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        button = types.ModuleType("google.colab.files")
        button.upload = lambda: chosen
        monkeypatch.setitem(sys.modules, "google.colab.files", button)

    def zipped(self, **files):
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w") as archive:
            for name, content in files.items():
                archive.writestr(name.replace("__", "/"), content)
        return kept.getvalue()

    def test_outside_of_colab_it_says_what_to_do(self):
        with pytest.raises(ValueError, match="elsewhere give the path of your folder"):
            upload.folder()

    def test_a_zip_of_a_folder_is_that_folder(self, monkeypatch):
        self.colab(monkeypatch, {"trip.zip": self.zipped(trip__sea__a="1", trip__wood__b="2")})
        place = upload.folder()
        assert place.name == "trip" and sorted(item.name for item in place.iterdir()) == ["sea", "wood"]

    def test_pictures_lie_side_by_side_and_nothing_gets_outside(self, monkeypatch):
        self.colab(
            monkeypatch, {"../../a.png": b"1", "b.zip": self.zipped(**{"..__..__evil": "3", "c": "4"})}
        )
        place = upload.folder()
        inside = sorted(str(item.relative_to(place)) for item in place.rglob("*") if item.is_file())
        assert inside == ["a.png", "c", "evil"] and not (place.parent / "evil").exists()

    def test_nothing_chosen(self, monkeypatch):
        self.colab(monkeypatch, {})
        with pytest.raises(ValueError, match="got none"):
            upload.folder()
