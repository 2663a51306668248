"""Wherever a picture enters the course, it enters by the one door: every form of it gives the same result."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from visual_attention.chapters.classification import own_photograph
from visual_attention.chapters.inpainting.contextual import ContextualInpainter
from visual_attention.chapters.inpainting.widget import Eraser
from visual_attention.data import photographs
from visual_attention.mechanisms import pretrained
from visual_attention.own import folder as own_folder
from visual_attention.view import figures
from visual_attention.view.arrays import as_picture, grey
from visual_attention.view.detections import show_boxes
from visual_attention.view.explorer import AttentionExplorer
from visual_attention.view.portable import picture_url

HEIGHT, WIDTH = 28, 42  # whole patches, even, not square
PIXELS = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
HOLE = np.zeros((HEIGHT, WIDTH), dtype=bool)
HOLE[9:14, 20:27] = True
UNIFORM = np.full((1, 6, 6), 1 / 6)
NETWORK = ContextualInpainter(None, channels=4)


def explorer(picture):
    shown = AttentionExplorer(picture, UNIFORM, grid=(2, 3))
    return [shown.picture.encode(), shown.still().axes[0].images[0].get_array()]


def eraser(picture):
    shown = Eraser({"mine": picture}, hole=HOLE, filled=picture)
    return [shown.pixels, shown.still().axes[1].images[0].get_array()]


def boxes(picture):
    drawn = show_boxes(figures.sheet()[1], picture, [[0.5, 0.25, 0.5, 0.25]])
    return [drawn.images[0].get_array(), np.array(drawn.patches[0].get_bbox())]


ENTRANCES = {
    "the door": lambda picture: [np.asarray(photographs.open_file(picture))],
    "the door, with a size": lambda picture: [np.asarray(photographs.open_file(picture, 20))],
    "a picture of a reader's folder": lambda picture: [np.asarray(own_folder.read(picture))],
    "a photograph for the classifier": lambda picture: [np.asarray(own_photograph.prepare(picture))],
    "a photograph for the pretrained transformer": lambda p: [np.asarray(pretrained.prepare(p))],
    "a picture with a hole": lambda picture: [np.asarray(NETWORK.fill(picture, HOLE))],
    "a figure": lambda picture: [figures.show_image(figures.sheet()[1], picture).images[0].get_array()],
    "maps over a picture": lambda p: [figures.show_maps(p, [np.eye(2)]).axes[0].images[0].get_array()],
    "brightness": lambda picture: [grey(picture)],
    "boxes over a picture": boxes,
    "a data address": lambda picture: [picture_url(picture).encode()],
    "the explorer": explorer,
    "the eraser": eraser,
}


def stored(picture, form="PNG", **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def turned():
    """As a camera stores what was held on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return stored(Image.fromarray(np.ascontiguousarray(np.rot90(PIXELS))), exif=exif)


def path(tmp_path):
    (tmp_path / "mine.tiff").write_bytes(stored(Image.fromarray(PIXELS), "TIFF"))
    return tmp_path / "mine.tiff"


FORMS = {
    "a path": path,
    "text": lambda tmp_path: str(path(tmp_path)),
    "bytes": lambda _: stored(Image.fromarray(PIXELS)),
    "an image of Pillow": lambda _: Image.fromarray(PIXELS),
    "on its side": lambda _: turned(),
    "on its side, of Pillow": lambda _: Image.open(io.BytesIO(turned())),
    "uint8": lambda _: PIXELS,
    "uint16": lambda _: PIXELS.astype(np.uint16) * 257,
    "float64": lambda _: PIXELS / 255,
    "channels first": lambda _: PIXELS.transpose(2, 0, 1) / 255,
    "a tensor": lambda _: torch.tensor(PIXELS).permute(2, 0, 1).double() / 255,
    "a tensor of bytes": lambda _: torch.tensor(PIXELS),
    "opaque": lambda _: Image.fromarray(PIXELS).convert("RGBA"),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same(entrance, form, tmp_path):
    want = ENTRANCES[entrance](torch.tensor(PIXELS).permute(2, 0, 1).float() / 255)
    got = ENTRANCES[entrance](FORMS[form](tmp_path))
    for one, other in zip(got, want, strict=True):
        if isinstance(one, bytes):
            assert one == other
        else:
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (PIXELS.astype(float), "from 0 to 1, got 0 to 255: divide by 255"),
        (torch.tensor(PIXELS).permute(2, 0, 1).float(), "divide by 255"),
        (PIXELS.astype(np.int64), "got int64, whose white is not known"),
        (np.full((HEIGHT, WIDTH), np.nan), "wanted finite numbers"),
        (np.zeros((5, HEIGHT, WIDTH)), "wanted (one picture|1 images, one for each map)"),
        (b"nothing", "cannot be read as one"),
        (Image.new("I", (WIDTH, HEIGHT), 9), "whole numbers of 32 bits"),
    ],
)
def test_what_cannot_be_read_is_refused_everywhere(entrance, wrong, says):
    with pytest.raises(ValueError, match=says):
        ENTRANCES[entrance](wrong)


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_sixteen_bits_of_grey_are_not_black_or_white(entrance):
    """A ramp within the middle tenth of the greys: eight bits of it, and all of it, look the same."""
    ramp = np.linspace(0.45, 0.55, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    got = ENTRANCES[entrance](stored(Image.fromarray((65535 * ramp).round().astype(np.uint16))))
    want = ENTRANCES[entrance](ramp)
    for one, other in zip(got, want, strict=True):
        if not isinstance(one, bytes):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)


def test_what_a_network_paints_may_overshoot_and_is_clipped():
    painted = np.array([[-0.3, 0.5], [0.2, 1.4]])
    assert as_picture(painted).tolist() == [[0, 0.5], [pytest.approx(0.2), 1]]
    with pytest.raises(ValueError, match="got -0.6"):
        as_picture(painted - 0.3)
