"""A photograph in any form becomes the same 48 x 48 grey pixels, or a message that says what was wanted."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from visual_attention.chapters.classification.own_photograph import INKS, main, prepare

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, size=(40, 60, 3), dtype=np.uint8)  # wide: the middle square counts


def file_of(pixels, form="png"):
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, form)
    return stored.getvalue()


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "mine.png"
    file.write_bytes(file_of(PIXELS))
    return file


def test_all_forms_of_one_photograph_agree(path):
    want = prepare(path)
    floats = torch.from_numpy(PIXELS).permute(2, 0, 1) / 255
    opaque = np.concatenate([PIXELS, np.full((40, 60, 1), 255, dtype=np.uint8)], axis=2)
    forms = {
        "a path as text": str(path),
        "bytes": path.read_bytes(),
        "the memory of an upload": memoryview(path.read_bytes()),
        "Pillow": Image.fromarray(PIXELS),
        "uint8": PIXELS,
        "floats": PIXELS / 255,
        "with transparency": opaque,
        "a tensor": floats,
        "a tensor of uint8": torch.from_numpy(PIXELS),
    }
    for name, form in forms.items():
        torch.testing.assert_close(prepare(form), want, atol=1e-5, rtol=0, msg=name)
    assert want.shape == (1, 1, 48, 48) and want.dtype == torch.float32


def test_by_hand():
    photograph = np.zeros((2, 6), dtype=np.float32)
    photograph[:, 2:4] = [[0.2, 0.4], [0.6, 0.7]]
    want = 0.6 * torch.tensor([[0.0, 0.4], [0.8, 1.0]])  # (x - 0.2) / 0.5, dimmed; the edges are cut off
    torch.testing.assert_close(prepare(photograph, side=2)[0, 0], want)


def test_ink_decides_what_is_bright():
    background, bright, dark = (prepare(PIXELS, ink=ink) for ink in INKS)
    assert background.max() == pytest.approx(0.6) and bright.max() == 1 and dark.min() == 0
    torch.testing.assert_close(bright, 1 - dark)
    torch.testing.assert_close(background, 0.6 * bright)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (700, 9), (4, 4, 4), (1, 7, 5), (3, 7, 5)])
def test_any_size_will_do(shape):
    ready = prepare(RNG.integers(0, 256, size=shape, dtype=np.uint8))
    assert ready.shape == (1, 1, 48, 48) and torch.isfinite(ready).all()


def test_a_blank_photograph_is_black():
    assert not prepare(np.full((9, 9), 200, dtype=np.uint8)).any()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "CMYK", "I;16"])
def test_all_modes_of_pillow(mode):
    image = (
        Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(PIXELS)
    )
    assert prepare(image if mode == "I;16" else image.convert(mode)).shape == (1, 1, 48, 48)


def test_what_was_given_stays_as_it_was():
    kept = PIXELS.copy()
    prepare(PIXELS)
    assert (kept == PIXELS).all()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (np.zeros((5, 40, 60), np.uint8), r"one picture .* got shape \(5, 40, 60\)"),
        (np.zeros((2, 3, 40, 60), np.uint8), r"got shape \(2, 3, 40, 60\)"),
        (np.zeros((0, 4), np.uint8), r"got shape \(0, 4\)"),
        (np.zeros(7, np.uint8), r"got shape \(7,\)"),
        (np.full((4, 4), 7, np.int64), "uint8, uint16, bools or floats from 0 to 1, got int64"),
        (np.full((4, 4), 200.0), "from 0 to 1, got 200 to 200: divide by 255"),
        (np.full((4, 4), -0.1), "from 0 to 1, got -0.1"),
        (np.full((4, 4), np.nan), "finite"),
        (b"no picture", "these bytes cannot be read"),
        (7, "got int"),
        (None, "got NoneType"),
    ],
)
def test_what_cannot_be_read_is_told_what_was_wanted(wrong, says):
    with pytest.raises(ValueError, match=says):
        prepare(wrong)


def test_a_file_that_is_missing_or_broken(tmp_path):
    with pytest.raises(FileNotFoundError, match="found none at .*mine.jpg"):
        prepare(tmp_path / "mine.jpg")
    with pytest.raises(FileNotFoundError, match="found none"):
        prepare(tmp_path)  # a folder
    broken = tmp_path / "broken.png"
    broken.write_bytes(file_of(PIXELS)[:200])
    with pytest.raises(ValueError, match="broken.png cannot be read"):
        prepare(broken)
    text = tmp_path / "notes.txt"
    text.write_text("not a picture")
    with pytest.raises(ValueError, match="notes.txt cannot be read"):
        prepare(text)


def test_an_unknown_ink_is_refused():
    with pytest.raises(ValueError, match="ink: wanted one of .* got 'blue'"):
        prepare(PIXELS, ink="blue")


def test_the_module_runs(capsys):
    main()
    assert "ink none   (1, 1, 48, 48), from 0.00 to 0.60" in capsys.readouterr().out
