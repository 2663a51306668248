"""What lies in a folder: each mistake is named or handled, and nothing of the reader's is changed."""

import os
import re

import numpy as np
import pytest
import torch
from PIL import Image

from tests.own.conftest import fingerprint
from visual_attention.own import folder as own_folder
from visual_attention.own.folder import labelled, named, outside, read


def reasons(found):
    return {path.name: why for path, why in found.refused}


def test_one_sub_folder_a_class(folder):
    found = labelled(folder)
    assert found.classes == ("coffee", "grass") and found.counts() == [5, 5]
    assert [path.parent.name for path in found.paths] == [found.classes[label] for label in found.labels]
    assert found.refused == found.notes == ()


def test_hidden_files_are_nobody_s_concern(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "grass" / ".hidden.png").write_bytes(b"x")
    (folder / ".thumbnails").mkdir()
    assert labelled(folder).refused == () and len(labelled(folder).classes) == 2


class TestRefusedByName:
    def test_no_folder(self, folder):
        with pytest.raises(ValueError, match="wanted a folder with one sub-folder a class, got .*nothere"):
            labelled(folder / "nothere")
        with pytest.raises(ValueError, match="0.png, which is none"):
            labelled(folder / "grass" / "0.png")

    @pytest.mark.parametrize("count", [0, 1])
    def test_fewer_than_two_classes(self, tmp_path, count):
        for index in range(count):
            (tmp_path / f"class{index}").mkdir()
        with pytest.raises(ValueError, match=rf"at least two sub-folders, one a class; got {count} \("):
            labelled(tmp_path)

    def test_an_empty_class(self, folder):
        (folder / "sand").mkdir()
        with pytest.raises(
            ValueError, match=r"at least 5 pictures in each class, got too few in sand \(0\)$"
        ):
            labelled(folder)

    def test_one_picture_and_what_else_lay_there(self, folder):
        for index in range(1, 5):
            (folder / "grass" / f"{index}.png").write_text("no picture")
        with pytest.raises(ValueError) as caught:
            labelled(folder)
        assert "too few in grass (1)" in str(caught.value)
        assert "grass/3.png: wanted a picture, but 3.png cannot be read" in str(caught.value)


def test_files_that_are_no_pictures_are_named(folder):
    (folder / "notes.txt").write_text("from the holiday")
    (folder / "grass" / "list.txt").write_text("from the holiday")
    (folder / "grass" / "more").mkdir()
    (folder / "grass" / "text.jpg").write_text("no picture")
    whole = (folder / "grass" / "0.png").read_bytes()
    (folder / "grass" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "grass" / "empty.png").write_bytes(b"")
    found = labelled(folder)
    assert found.counts() == [5, 5]
    said = reasons(found)
    assert set(said) == {"notes.txt", "list.txt", "more", "text.jpg", "cut.png", "empty.png"}
    assert "beside the classes" in said["notes.txt"] and "no picture by its name" in said["list.txt"]
    assert "a folder inside a class" in said["more"]
    for name in ("text.jpg", "cut.png", "empty.png"):
        assert f"wanted a picture, but {name} cannot be read as one" in said[name]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("IMG_1.HEIC", r"a picture of a kind that is not read here \(.HEIC\): save it as JPEG or PNG first"),
        ("a.dng", r"a camera's raw file \(.dng\): save it as JPEG or PNG first"),
        ("a.pdf", "no picture by its name"),
        ("away.png", "there is no such file"),
    ],
)
def test_what_phones_and_cameras_make_is_named_with_what_to_do(folder, name, says):
    if name == "away.png":
        (folder / "grass" / name).symlink_to(folder / "nothing")
    else:
        (folder / "grass" / name).write_bytes(b"x")
    found = labelled(folder)
    assert found.counts() == [5, 5] and re.match(says, reasons(found)[name])


def test_links_are_followed_and_a_linked_twin_is_used_once(folder, tmp_path):
    Image.open(folder / "grass" / "0.png").rotate(90).save(tmp_path / "elsewhere.png")
    (folder / "grass" / "link.png").symlink_to(tmp_path / "elsewhere.png")
    (folder / "grass" / "again.png").symlink_to(folder / "grass" / "1.png")
    (folder / "grass" / "circle").symlink_to(folder)
    found = labelled(folder)
    assert found.counts() == [5, 6]
    assert set(reasons(found)) == {"again.png", "circle"}  # by name it comes after the one that it links


def test_the_same_picture_under_two_names_is_used_once(folder):
    Image.open(folder / "grass" / "2.png").save(folder / "grass" / "copy.bmp")
    found = labelled(folder)
    assert found.counts() == [5, 5]
    assert reasons(found) == {"copy.bmp": "the same picture as grass/2.png"}


class TestHandled:
    """Odd, but pictures: each is read as what it shows."""

    shown = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)

    def wanted(self):
        return torch.tensor(self.shown).permute(2, 0, 1) / 255

    def test_sixteen_bits(self, tmp_path):
        ramp = np.linspace(20_000, 30_000, 2400).reshape(40, 60).astype(np.uint16)
        Image.fromarray(ramp).save(tmp_path / "deep.png")
        got = read(tmp_path / "deep.png")
        assert got.shape == (3, 40, 60)
        np.testing.assert_allclose(got[0], ramp / 65535, atol=1e-6)

    def test_rotated_by_its_tag(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6
        stored = Image.fromarray(np.ascontiguousarray(np.rot90(self.shown)))
        stored.save(tmp_path / "held.png", exif=exif)
        torch.testing.assert_close(read(tmp_path / "held.png"), self.wanted())

    def test_animated_is_its_first_frame_and_that_is_said(self, folder):
        first, second = (Image.fromarray(np.roll(self.shown, by, 0)) for by in (0, 9))
        first.save(folder / "grass" / "moving.png", save_all=True, append_images=[second])
        torch.testing.assert_close(read(folder / "grass" / "moving.png"), self.wanted())
        found = labelled(folder)
        assert found.counts() == [5, 6]
        assert [(path.name, why) for path, why in found.notes] == [
            ("moving.png", "the first of its 2 frames was used")
        ]

    @pytest.mark.slow
    def test_fifty_megapixels_are_shrunk_while_they_are_read(self, tmp_path, monkeypatch):
        rows, columns = np.ogrid[:6000, :8500]
        checks = (((rows // 1500 + columns // 1500) % 2) * 255).astype(np.uint8)
        Image.fromarray(checks).save(tmp_path / "large.jpg")
        asked = []
        whole = own_folder.pictures.coloured

        def coloured(picture, **options):
            asked.append(whole(picture, **options).shape)
            return whole(picture, **options)

        monkeypatch.setattr(own_folder.pictures, "coloured", coloured)
        got = read(tmp_path / "large.jpg", 56)
        assert got.shape == (3, 56, 56) and asked[0][0] * asked[0][1] < 10_000_000
        assert got[0, 3, 3] < 0.1 or got[0, 3, 3] > 0.9
        assert read(tmp_path / "large.jpg", enough=56).shape[1] < 3000

    @pytest.mark.parametrize("form", ["CMYK.jpg", "MPO.jpg", "WEBP.webp", "L.JPG", "P.gif", "LA.png"])
    def test_other_kinds_of_pictures_are_read(self, folder, form):
        kind = form.partition(".")[0]
        rows, columns = np.mgrid[0:40, 0:60]
        smooth = np.stack([4 * columns, 6 * rows, 255 - 4 * columns], axis=2).astype(np.uint8)
        shown, place = Image.fromarray(smooth), folder / "grass" / form
        if kind == "MPO":
            shown.save(place, "MPO", quality=95, save_all=True, append_images=[shown.rotate(180)])
        elif kind == "WEBP":
            shown.save(place, quality=95)
        else:
            shown.convert(kind).save(place)
        found = labelled(folder)
        assert found.counts() == [5, 6] and not found.refused
        want = torch.tensor(smooth).permute(2, 0, 1) / 255
        if kind in ("L", "LA"):
            want = (want * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, keepdim=True)
        assert read(place).shape == (3, 40, 60) and (read(place) - want).abs().mean() < 0.07

    def test_sizes_are_mixed_and_a_strip_is_cut_to_its_middle(self, tmp_path):
        strip = np.zeros((10, 30, 3), dtype=np.uint8)
        strip[:, 10:20] = 255
        Image.fromarray(strip).save(tmp_path / "strip.png")
        assert (read(tmp_path / "strip.png", 5) == 1).all()


def test_pictures_named_one_by_one_or_by_their_folder(folder):
    found, refused = named([folder / "grass", folder / "coffee" / "3.png", folder / "nothing.png"])
    assert [path.name for path in found] == [f"{i}.png" for i in range(5)] + ["3.png"]
    assert refused == [(folder / "nothing.png", "there is no such file")]


class TestOutside:
    def test_never_the_folder_that_is_read(self, folder):
        before = fingerprint(folder)
        for inside in (folder, folder / "grass", folder / "new" / "deeper"):
            with pytest.raises(ValueError, match="outside of .*holiday.*name one with --out"):
                outside([folder], inside)
        with pytest.raises(ValueError, match="name one with --out"):
            outside([folder / "grass" / "0.png"], folder / "grass")
        assert fingerprint(folder) == before

    def test_elsewhere_it_is_made(self, folder, tmp_path):
        assert outside([folder], tmp_path / "a" / "b").is_dir()
        assert outside([folder / "grass" / "0.png"], folder / "grass" / "attention").is_dir()
        assert list((tmp_path / "a" / "b").iterdir()) == []

    def test_a_place_that_cannot_be_written_is_named(self, folder, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ValueError, match="cannot write into .*file.*name a place with --out"):
            outside([folder], tmp_path / "file" / "below")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_locked_folder(self, folder, tmp_path):
        (tmp_path / "locked").mkdir(mode=0o555)
        with pytest.raises(ValueError, match="cannot write into"):
            outside([folder], tmp_path / "locked")
