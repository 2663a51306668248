"""Files of every kind that Pillow writes, and every form of array: the same picture, or a plain refusal."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from visual_attention import pictures
from visual_attention.pictures import coloured, main, opened, unit

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, size=(6, 9, 3), dtype=np.uint8)  # distinct sides, all three channels differ
GREYS = np.linspace(0, 65535, 48).round().astype(np.uint16).reshape(6, 8)  # 48 greys, of which 8 bits keep 48
FINE = (30000 + np.arange(48)).astype(np.uint16).reshape(6, 8)  # 48 greys within one step of 8 bits
EXACT = dict(rtol=0, atol=1e-6)


def stored(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def close(got, want, atol=1e-6):
    np.testing.assert_allclose(got, want, rtol=0, atol=atol)
    assert got.dtype == np.float32 and got.flags.c_contiguous


class TestFiles:
    @pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "PPM", "TGA", "ICO"])
    def test_eight_bits_of_colour(self, form):
        pixels = np.repeat(np.repeat(PIXELS, 16, 0), 16, 1) if form == "ICO" else PIXELS
        options = {"sizes": [(144, 96)]} if form == "ICO" else {}
        close(opened(stored(Image.fromarray(pixels), form, **options)), pixels / 255)

    @pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF", "JPEG2000"])
    def test_formats_that_lose_a_little(self, form):
        smooth = np.stack(np.meshgrid(np.arange(40), np.arange(30)), -1) * 5
        smooth = np.concatenate([smooth, 255 - smooth[..., :1]], axis=2).astype(np.uint8)
        close(opened(stored(Image.fromarray(smooth), form)), smooth / 255, atol=0.15)

    @pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "PPM"])
    def test_eight_bits_of_grey(self, form):
        close(opened(stored(Image.fromarray(PIXELS[..., 0]), form)), PIXELS[..., 0] / 255)

    @pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
    @pytest.mark.parametrize("greys", [GREYS, FINE], ids=["all", "fine"])
    def test_sixteen_bits_of_grey_keep_them_all(self, form, greys):
        read = opened(stored(Image.fromarray(greys), form))
        close(read, greys / 65535, atol=1e-7)
        assert len(np.unique(read)) == 48

    def test_sixteen_bits_whose_larger_byte_comes_first(self):
        close(opened(Image.fromarray(FINE.astype(">u2"))), FINE / 65535, atol=1e-7)

    def test_black_and_white(self):
        drawn = PIXELS[..., 0] > 127
        close(opened(stored(Image.fromarray(drawn), "PNG")), drawn)

    def test_floats_in_a_file(self):
        floats = (PIXELS[..., 0] / 255).astype(np.float32)
        close(opened(stored(Image.fromarray(floats), "TIFF")), floats)
        with pytest.raises(ValueError, match="from 0 to 1, got .* to 255: divide by 255"):
            opened(stored(Image.fromarray((255 * floats / floats.max()).astype(np.float32)), "TIFF"))

    @pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
    def test_other_colours(self, mode):
        picture = Image.fromarray(PIXELS).convert(mode)
        want = np.asarray(picture.convert("RGB")) / 255
        close(opened(stored(picture, "TIFF")), want)
        close(opened(picture), want)
        assert abs(want - PIXELS / 255).max() < 0.02  # the colours are what they were

    def test_a_cmyk_jpeg_of_a_printer_is_not_its_negative(self):
        plain = Image.new("RGB", (16, 16), (250, 20, 30))
        close(opened(stored(plain.convert("CMYK"), "JPEG", quality=95)), np.asarray(plain) / 255, atol=0.05)

    def test_colours_without_red_green_and_blue_are_refused(self):
        lab = ImageCms.profileToProfile(
            Image.fromarray(PIXELS),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        )
        for picture in (lab, stored(lab, "TIFF")):
            with pytest.raises(ValueError, match="got a picture in the mode LAB: save it as sRGB"):
                opened(picture)

    def test_whole_numbers_without_a_white_are_refused(self):
        wide = Image.fromarray(GREYS.astype(np.int32))
        for picture in (wide, stored(wide, "TIFF")):
            with pytest.raises(ValueError, match="8 or 16 bits, got whole numbers of 32 bits"):
                opened(picture)


class TestTransparency:
    COVER = np.linspace(0, 255, 54).round().astype(np.uint8).reshape(6, 9, 1)

    @pytest.mark.parametrize("beneath", [0.0, 0.25, 1.0])
    def test_what_is_transparent_shows_what_lies_beneath(self, beneath):
        rgba = Image.fromarray(np.concatenate([PIXELS, self.COVER], axis=2))
        la = Image.fromarray(np.concatenate([PIXELS[..., :1], self.COVER], axis=2))
        cover = self.COVER / 255
        want = cover * PIXELS / 255 + (1 - cover) * beneath
        for picture in (rgba, stored(rgba, "PNG"), stored(rgba, "TIFF"), np.asarray(rgba)):
            close(opened(picture, beneath=beneath), want)
        for picture in (la, stored(la, "PNG"), np.asarray(la)):
            close(opened(picture, beneath=beneath), want[..., 0])

    def test_on_white_unless_asked(self):
        clear = Image.new("RGBA", (3, 2), (200, 0, 0, 0))
        assert opened(clear).min() == 1
        with pytest.raises(ValueError, match="beneath: wanted a grey from 0 to 1, got 255"):
            opened(clear, beneath=255)

    @pytest.mark.parametrize("form", ["PNG", "GIF"])
    def test_a_palette_with_a_colour_for_nothing(self, form):
        picture = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8), "P")
        picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
        read = opened(stored(picture, form, transparency=1))
        close(read, np.array([[[1, 0, 0], [1, 1, 1], [0, 0, 1]]]))
        close(opened(stored(picture, form)), np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1]]]))

    def test_a_colour_that_stands_for_nothing(self):
        picture = Image.fromarray(np.array([[[9, 9, 9], [90, 9, 9]]], dtype=np.uint8))
        read = opened(stored(picture, "PNG", transparency=(9, 9, 9)))
        close(read, np.array([[[1, 1, 1], [90 / 255, 9 / 255, 9 / 255]]]))
        grey = opened(stored(Image.fromarray(np.array([[9, 90]], dtype=np.uint8)), "PNG", transparency=9))
        close(grey, np.array([[1, 90 / 255]]))


class TestTurned:
    @pytest.mark.parametrize("tag", range(1, 9))
    @pytest.mark.parametrize("greys", [False, True], ids=["colour", "16 bits"])
    def test_a_camera_held_in_any_way(self, tag, greys):
        """The tag says how rows and columns of the file lie; upright, all eight are one picture."""
        whole = FINE if greys else PIXELS
        turned = {
            1: whole, 2: whole[:, ::-1], 3: whole[::-1, ::-1], 4: whole[::-1],
            5: whole.swapaxes(0, 1), 6: np.rot90(whole), 7: np.rot90(whole, 2).swapaxes(0, 1),
            8: np.rot90(whole, -1),
        }[tag]  # fmt: skip
        exif = Image.Exif()
        exif[0x0112] = tag
        file = stored(Image.fromarray(np.ascontiguousarray(turned)), "PNG", exif=exif)
        want = whole / (65535 if greys else 255)
        close(opened(file), want)
        held = Image.open(io.BytesIO(file))
        close(opened(held), want)  # as an image of Pillow too
        assert held.size == turned.shape[1::-1] and held.getexif()[0x0112] == tag  # and left as it was

    def test_a_broken_tag_does_not_lose_the_picture(self):
        file = stored(Image.fromarray(PIXELS), "PNG", exif=b"Exif\0\0rubbish")
        close(opened(file), PIXELS / 255)


class TestMoving:
    FRAMES = [Image.new("RGB", (5, 4), colour) for colour in ("red", "lime", "blue")]

    @pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
    def test_the_first_frame_or_the_one_that_is_named(self, form):
        options = {"lossless": True} if form == "WEBP" else {}
        file = stored(self.FRAMES[0], form, save_all=True, append_images=self.FRAMES[1:], **options)
        for frame, want in ((None, 0), (0, 0), (1, 1), (2, 2)):
            read = opened(file, frame=frame)
            assert read.shape == (4, 5, 3) and read[..., want].min() == 1 and read.sum() == 20
        with pytest.raises(ValueError, match="frame: wanted 0 to 2, got 3: these bytes holds 3"):
            opened(file, frame=3)

    def test_an_image_of_pillow_stands_where_it_stands(self):
        file = stored(self.FRAMES[0], "GIF", save_all=True, append_images=self.FRAMES[1:])
        moving = Image.open(io.BytesIO(file))
        moving.seek(2)
        assert opened(moving)[..., 2].min() == 1 and moving.tell() == 2
        assert opened(moving, frame=1)[..., 1].min() == 1

    def test_a_still_picture_has_one(self):
        close(opened(PIXELS, frame=0), PIXELS / 255)
        for picture in (Image.fromarray(PIXELS), stored(Image.fromarray(PIXELS), "PNG")):
            with pytest.raises(ValueError, match="frame: wanted 0 to 0, got -1"):
                opened(picture, frame=-1)


class TestFrom:
    def test_every_place_a_file_may_come_from(self, tmp_path):
        content = stored(Image.fromarray(PIXELS), "PNG")
        path = tmp_path / "mine.png"
        path.write_bytes(content)
        for picture in (
            path,
            str(path),
            content,
            bytearray(content),
            memoryview(content),
            io.BytesIO(content),
        ):
            close(opened(picture), PIXELS / 255)
        with path.open("rb") as file:
            close(opened(file), PIXELS / 255)

    def test_what_is_no_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="found none at .*mine.jpg"):
            opened(tmp_path / "mine.jpg")
        with pytest.raises(FileNotFoundError, match="found none"):
            opened(tmp_path)
        with pytest.raises(ValueError, match="got the address https://.*fetch it first"):
            opened("https://example.org/cat.jpg")
        (tmp_path / "notes.txt").write_text("not a picture")
        with pytest.raises(ValueError, match="notes.txt cannot be read as one: save it as PNG or JPEG"):
            opened(tmp_path / "notes.txt")
        for nothing in (7, None, {"a": b"b"}):
            with pytest.raises(ValueError, match="an array or a tensor, got (int|NoneType|dict)"):
                opened(nothing)

    def test_an_image_of_pillow_that_ends_too_early(self):
        half = stored(Image.fromarray(np.kron(PIXELS, np.ones((20, 20, 1), np.uint8))), "PNG")
        half = Image.open(io.BytesIO(half[: len(half) // 2]))
        with pytest.raises(ValueError, match="this picture cannot be read as one: .*truncated"):
            opened(half)

    @pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about what is broken beside the pixels
    @pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
    @settings(max_examples=150)
    @given(form=st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PPM", "TGA"]), data=st.data())
    def test_a_damaged_file_is_a_picture_or_a_value_error(self, form, data):
        content = bytearray(stored(Image.fromarray(PIXELS), form))
        for _ in range(data.draw(st.integers(0, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        content = bytes(content)[: data.draw(st.integers(0, len(content)))]
        try:
            assert 0 <= opened(content).min() <= opened(content).max() <= 1
        except ValueError as error:
            assert "wanted" in str(error)


class TestArrays:
    @pytest.mark.parametrize("made", [np.asarray, torch.tensor], ids=["numpy", "torch"])
    @pytest.mark.parametrize("kind", ["uint8", "uint16", "bool", "float16", "float32", "float64"])
    def test_each_type_is_read_by_its_range(self, made, kind):
        white = {"uint8": 255, "uint16": 65535}.get(kind, 1)
        values = (np.array([[0, 0.25, 1], [1, 0, 0.5]]) * white).round(3)
        if kind == "bool":
            values = values > 0.3
        array = values.astype(kind)
        close(opened(made(array)), array.astype(float) / white)

    def test_bfloat16_and_gradients(self):
        held = torch.tensor([[0.5, 1.0]], dtype=torch.bfloat16, requires_grad=True)
        close(opened(held), np.array([[0.5, 1.0]]))

    def test_every_order_of_the_axes(self):
        colour = PIXELS / 255
        for array in (PIXELS, PIXELS.transpose(2, 0, 1), torch.tensor(PIXELS).permute(2, 0, 1)):
            close(opened(array), colour)
            close(opened(array, enough=1), colour)
        for array in (PIXELS[..., 0], PIXELS[..., :1], PIXELS[None, ..., 0], PIXELS[..., 0].tolist()):
            if not isinstance(array, list):
                close(opened(array), colour[..., 0])
                close(opened(array, enough=1), colour[..., 0])
        close(opened((PIXELS / 255).tolist()), colour)
        close(coloured(PIXELS[..., 0]), np.repeat(colour[..., :1], 3, axis=2))

    def test_a_shape_that_could_be_two_things_is_not_guessed(self):
        array = RNG.random((3, 5, 4))
        with pytest.raises(ValueError, match=r"got \(3, 5, 4\): say channels=\"first\" or"):
            opened(array)
        close(opened(array, channels="first"), array.transpose(1, 2, 0))
        laid = array[..., :3] * array[..., 3:] + 1 - array[..., 3:]
        close(opened(array, channels="last"), laid)
        close(opened(torch.tensor(array)), array.transpose(1, 2, 0))  # a tensor's channels come first
        close(opened(torch.tensor(array), channels="last"), laid)
        four = RNG.random((4, 5, 6))
        close(opened(four, channels="first"), (four[:3] * four[3:] + 1 - four[3:]).transpose(1, 2, 0))
        with pytest.raises(ValueError, match='channels: wanted "first", "last" or None, got 0'):
            opened(array, channels=0)

    @pytest.mark.parametrize(
        "shape", [(4, 5, 7), (2, 5, 7), (2, 3, 5, 7), (7,), (), (0, 5), (3, 0, 5), (5, 5, 5)]
    )
    def test_a_shape_that_is_no_picture(self, shape):
        for made in (np.zeros, torch.zeros):
            with pytest.raises(ValueError, match="wanted one picture .*got shape"):
                opened(made(shape))

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (PIXELS.astype(np.int64), "got int64, whose white is not known: .astype"),
            (PIXELS.astype(np.int32), "got int32"),
            (PIXELS.astype(np.uint32), "got uint32"),
            (PIXELS.astype(np.int8), "got int8"),
            (PIXELS.astype(complex), "got complex128"),
            (PIXELS.astype(object), "got object"),
            (PIXELS.astype(float), "from 0 to 1, got 0 to 249: divide by 255"),
            (PIXELS[..., 0].tolist(), "got int64"),
            (PIXELS / 127.5 - 1, r"from 0 to 1, got -1 to 0.953: \(x \+ 1\) / 2"),
            (np.where(PIXELS > 9, np.nan, 0.5), "wanted finite numbers, got"),
            (np.full((3, 4), np.inf), "wanted finite numbers, got 12 others"),
            (np.full((3, 4), 1.01), "got 1.01 to 1.01"),
        ],
    )
    def test_numbers_that_could_mean_several_things_are_refused(self, wrong, says):
        with pytest.raises(ValueError, match=says):
            opened(wrong)
        if isinstance(wrong, np.ndarray) and wrong.dtype != object and wrong.dtype != np.uint32:
            with pytest.raises(ValueError, match=says):
                opened(torch.tensor(wrong))

    def test_rows_of_several_lengths_are_refused(self):
        with pytest.raises(ValueError, match="wanted one picture, rows of one length"):
            opened([[0.1, 0.2], [0.3]])

    def test_rounding_is_forgiven_and_more_where_it_is_asked_for(self):
        close(opened(np.array([[1.0005, -0.0005]])), np.array([[1.0, 0.0]]))
        close(opened(np.array([[1.4, -0.4]]), slack=0.5), np.array([[1.0, 0.0]]))

    def test_what_comes_back_is_an_array_of_your_own(self):
        for mine in (np.full((4, 5), 0.5, dtype=np.float32), torch.full((3, 4, 5), 0.5), PIXELS.copy()):
            kept = mine.clone() if isinstance(mine, torch.Tensor) else mine.copy()
            opened(mine)[:] = 0
            assert (mine == kept).all()

    def test_many_at_once(self):
        films = RNG.integers(0, 256, (2, 5, 3, 4, 6), dtype=np.uint8)
        np.testing.assert_allclose(unit(films), films / 255, **EXACT)
        with pytest.raises(ValueError, match="films: wanted floats from 0 to 1, got 0 to 255"):
            unit(films.astype(float), "films")
        assert unit(np.zeros((0, 3))).shape == (0, 3)


class TestLarge:
    def test_a_large_picture_is_shrunk_by_means_and_a_small_one_is_not_touched(self):
        wide = np.kron(RNG.integers(0, 256, (10, 14), dtype=np.uint8), np.ones((200, 200), dtype=np.uint8))
        wide[::2] = 255 - wide[::2]  # fine stripes that only a mean gets right
        for picture in (wide, Image.fromarray(wide), stored(Image.fromarray(wide), "PNG")):
            small = opened(picture, enough=100)
            assert small.shape == (200, 280) and abs(small - 0.5).max() < 0.01
        sixteen = opened(Image.fromarray(wide.astype(np.uint16) * 257), enough=100)
        assert sixteen.shape == (200, 280) and abs(sixteen - 0.5).max() < 0.01
        less = wide[:1400, :2800]  # 3.9 million
        assert opened(less, enough=10).shape == (1400, 2800)
        assert opened(wide).shape == (2000, 2800)

    def test_a_turned_photograph_of_a_camera(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        file = stored(Image.new("RGB", (3000, 2000), "white"), "JPEG", exif=exif)
        high, across = opened(file, enough=50).shape[:2]
        assert high > across >= 100 and across < 300

    def test_a_large_jpeg_is_not_unpacked_whole(self, monkeypatch):
        sizes, then = [], pictures._pillow
        monkeypatch.setattr(pictures, "_pillow", lambda p, *rest: sizes.append(p.size) or then(p, *rest))
        for form in ("JPEG", "PNG"):
            opened(stored(Image.new("RGB", (3000, 2000)), form), enough=50)
        assert sizes == [(375, 250), (3000, 2000)]

    def test_too_large_for_any_memory(self, monkeypatch):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
        with pytest.raises(ValueError, match="a size that fits into memory, but these bytes"):
            opened(stored(Image.fromarray(PIXELS), "PNG"))

    @pytest.mark.slow
    @pytest.mark.parametrize(("form", "most"), [("JPEG", 60), ("PNG", 500)])
    def test_fifty_million_pixels_need_little_memory(self, tmp_path, form, most):
        """As floats they are 600 MB; a JPEG is not even unpacked, a PNG only as bytes (150 MB and a copy)."""
        file = tmp_path / "large"
        Image.linear_gradient("L").resize((8000, 6250)).convert("RGB").save(file, form)
        code = (
            "import resource, sys; from visual_attention import pictures;"
            "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024;"
            "before = peak(); read = pictures.opened(sys.argv[1], enough=48);"
            "assert read.shape[0] >= 96 and read[0].mean() < 0.05 and read[-1].mean() > 0.95, read.shape;"
            "print(peak() - before)"
        )
        done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
        assert int(done.stdout) < most


def test_the_module_runs(capsys):
    main()
    assert "nothing of red  (3, 4, 3)  from 1.00 to 1.00" in capsys.readouterr().out
    assert pictures.LARGE < 50_000_000
