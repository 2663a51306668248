import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from visual_attention import data
from visual_attention.data import photographs


@pytest.mark.parametrize("name", photographs.names())
def test_every_photograph_opens_without_a_network(name, monkeypatch):
    def refuse(*_):
        raise AssertionError("a photograph asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    photographs._read.cache_clear()
    image = photographs.load(name)
    assert image.ndim == 3 and image.shape[0] == 3 and image.dtype == torch.float32
    assert image.min() >= 0 and image.max() <= 1
    assert image.std() > 0.02
    assert photographs.caption(name) and photographs.licence(name)


def test_the_package_that_a_photograph_lies_in_is_not_imported():
    code = "import sys; from visual_attention.data import photographs as p; p.load('pagoda'), p.load('cat')"
    code += "; print({'sklearn', 'skimage'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_package_that_is_missing_is_named(monkeypatch):
    photographs._read.cache_clear()
    monkeypatch.setattr(photographs, "find_spec", lambda package: None)
    with pytest.raises(ModuleNotFoundError, match="pagoda lies in sklearn, which is not installed"):
        photographs.load("pagoda")
    monkeypatch.undo()
    photographs._read.cache_clear()


def test_size_cuts_a_centred_square():
    whole = photographs.load("pagoda")  # wider than high
    height, width = whole.shape[1:]
    assert width > height
    square = photographs.load("pagoda", size=height)
    left = (width - height) // 2
    torch.testing.assert_close(square, whole[:, :, left : left + height], atol=1e-4, rtol=0)


def test_resizing_averages_instead_of_picking():
    small = photographs.load("gravel", size=16)
    cells = photographs.load("gravel").reshape(3, 16, 32, 16, 32).mean((2, 4))
    assert (small - cells).abs().mean() < 0.02


def test_callers_get_a_tensor_of_their_own():
    photographs.load("cat").zero_()
    assert photographs.load("cat").max() > 0.5


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_a_file_of_ones_own_opens_upright_and_in_three_channels(tmp_path, mode):
    picture = Image.new("RGB", (30, 20), "black")
    picture.paste("white", (0, 0, 10, 20))  # a bright strip on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: left is up
    picture.convert(mode).save(tmp_path / "own.png", exif=exif)
    image = photographs.open_file(tmp_path / "own.png")
    assert image.shape == (3, 30, 20) and image.dtype == torch.float32
    assert image[:, :10].min() == 1 and image[:, 10:].max() == 0
    assert photographs.open_file(tmp_path / "own.png", size=7).shape == (3, 7, 7)


def test_errors_say_what_was_wanted():
    with pytest.raises(ValueError, match="wanted one of astronaut, .* got 'dog'"):
        photographs.load("dog")
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        photographs.load("cat", size=0)


def test_every_photograph_has_its_licence_written_down():
    page = (Path(data.__file__).parent / "LICENCES.md").read_text(encoding="utf-8")
    rows = {
        line.split("|")[1].split("(")[0].strip(): line for line in page.splitlines() if line.startswith("| ")
    }
    for name in photographs.names():
        licence = photographs.licence(name).split("(")[0].strip()
        assert licence in rows[name].replace("known copyright", "known"), name
