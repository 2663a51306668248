"""The command line, as a new user gives it: what it says, what it writes and where, and what it refuses."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

from tests.own.conftest import SIZE, fingerprint
from visual_attention.mechanisms import pretrained
from visual_attention.own import features
from visual_attention.own.__main__ import main

STAND_IN = ["--weights", "stand-in", "--size", str(SIZE)]


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    """The reader's present working directory: beside the holiday's folder, not in it."""
    place = tmp_path / "desk"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("VISUAL_ATTENTION_CACHE", str(tmp_path / "nothing fetched"))
    return place


def said(capsys):
    out, err = capsys.readouterr()
    return out.splitlines(), err


@pytest.mark.slow
def test_from_a_folder_to_a_report_and_on_to_new_pictures(folder, here, capsys):
    (folder / "grass" / "notes.txt").write_text("sunny")
    before = fingerprint(folder)
    assert main(["classify", str(folder), *STAND_IN]) == 0
    lines, bars = said(capsys)
    out = here / "holiday-attention"
    assert lines[-1] == f"Report: {out / 'report.html'}" and (out / "report.html").stat().st_size > 10_000
    assert any(line.startswith("not used: ") and "notes.txt: no picture" in line for line in lines)
    assert sum(bool(re.match(r".{16} +\d+\.\d % right \(\d+ to \d+\)", line)) for line in lines) == 4
    assert "features" in bars and "heads" in bars
    assert sorted(path.name for path in out.iterdir()) == ["head.safetensors", "report.html"]
    assert set(load_file(out / "head.safetensors")) >= {"query", "linear.weight"}

    asked = [str(folder / "grass"), str(folder / "coffee" / "0.png"), "nothere.png"]
    assert main(["predict", str(out / "head.safetensors"), *asked, *STAND_IN]) == 0
    lines, _ = said(capsys)
    assert "not used: nothere.png: there is no such file" in lines
    named = [line for line in lines if re.search(r": (coffee|grass) \d+ %, (coffee|grass) \d+ %$", line)]
    assert len(named) == 6 and all("grass/" not in line or ": grass" in line for line in named)
    assert fingerprint(folder) == before


@pytest.mark.slow
def test_the_second_time_the_features_are_there(folder, here, capsys, monkeypatch):
    asked = ["classify", str(folder), *STAND_IN, "--cache", str(here / "cache")]
    assert main([*asked, "--out", "one"]) == 0
    assert len(list((here / "cache").iterdir())) == 30  # ten pictures, whole, in pieces, and their borders
    looked = []
    monkeypatch.setattr(features.pretrained, "prepare", lambda image: looked.append(image))
    assert main([*asked, "--out", "two"]) == 0 and not looked
    one, two = (load_file(here / name / "head.safetensors") for name in ("one", "two"))
    assert set(one) == set(two) and all((one[name] == two[name]).all() for name in one)


@pytest.mark.slow
def test_interrupted_and_taken_up_again(folder, here, capsys, monkeypatch):
    asked = ["classify", str(folder), *STAND_IN, "--cache", str(here / "cache")]
    seen, prepare = [], pretrained.prepare

    def interrupted(image):
        seen.append(image)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return prepare(image)

    monkeypatch.setattr(features.pretrained, "prepare", interrupted)
    assert main(asked) == 130
    assert "the same command goes on" in said(capsys)[1]
    assert main(asked) == 0 and len(seen) == 4 + 27  # three of thirty were kept


class TestRefused:
    @pytest.mark.slow
    def test_results_in_the_folder_that_is_read(self, folder, here, capsys, monkeypatch):
        before = fingerprint(folder)
        monkeypatch.chdir(folder)
        assert main(["classify", ".", *STAND_IN]) == 2
        assert "name one with --out" in said(capsys)[1]
        assert main(["classify", ".", *STAND_IN, "--out", str(here / "out")]) == 0
        assert fingerprint(folder) == before

    def test_what_is_wrong_is_said_in_one_line_and_nothing_is_computed(self, folder, here, capsys):
        for name in ("coffee", "grass"):
            (folder / name / "0.png").unlink()
        assert main(["classify", str(folder), *STAND_IN]) == 2
        assert "too few in coffee (4), grass (4)" in said(capsys)[1]
        assert main(["classify", str(here / "nothere"), *STAND_IN]) == 2
        assert "which is none" in said(capsys)[1]

    def test_without_weights_it_says_how_to_get_them(self, folder, here, capsys):
        for command in (["classify", str(folder)], ["look", str(folder / "grass" / "0.png")]):
            assert main(command) == 2
            assert (
                "Fetch them once (90 MB): python -m visual_attention.own weights --fetch" in said(capsys)[1]
            )
        assert not (here / "nothing fetched").exists()

    def test_no_picture_at_all(self, here, capsys):
        (here / "a.txt").write_text("")
        assert main(["look", "a.txt", *STAND_IN]) == 2
        out, err = said(capsys)
        assert "a.txt: no picture by its name" in out[0] and "got none that can be used" in err

    @pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "1,2,0,4", ""])
    def test_a_box_that_is_none(self, here, capsys, box):
        with pytest.raises(SystemExit):
            main(["follow", "film.gif", f"--box={box}"])
        assert "wanted X,Y,W,H with W and H above 0" in said(capsys)[1]


@pytest.mark.slow
def test_look_writes_a_page_for_each_picture(folder, here, capsys):
    before = fingerprint(folder)
    assert main(["look", str(folder / "grass"), "--weights", "stand-in"]) == 0
    lines, _ = said(capsys)
    assert lines == [f"Page: {here / 'attention' / f'{i}.png.html'}" for i in range(5)]
    assert "Where does each patch look?" in (here / "attention" / "3.png.html").read_text()
    assert fingerprint(folder) == before


@pytest.mark.slow
def test_two_pictures_of_one_name_get_two_pages(folder, here, capsys):
    (folder / "coffee" / "1.png").rename(folder / "coffee" / "1.PNG")
    asked = [folder / "grass" / "1.png", folder / "coffee" / "1.PNG", folder / "grass" / "0.png"]
    (here / "0.png").write_bytes((folder / "coffee" / "0.png").read_bytes())
    deeper = here / "grass"
    deeper.mkdir()
    (deeper / "0.png").write_bytes((folder / "coffee" / "2.png").read_bytes())
    asked += [here / "0.png", deeper / "0.png"]
    assert main(["look", *map(str, asked), "--weights", "stand-in", "--size", "56"]) == 0
    pages = [line.rpartition("/")[2] for line in said(capsys)[0]]
    assert pages == ["1.png.html", "coffee-1.PNG.html", "0.png.html", "desk-0.png.html", "grass-0.png.html"]
    texts = {(here / "attention" / name).read_text() for name in pages}
    assert len(texts) == 5


class TestEachMistakeThroughTheCommandLine:
    """What lies wrong is named or handled, with status 0 or 2, and the folder stays as it is."""

    def classify(self, folder, capsys):
        before = fingerprint(folder)
        status = main(["classify", str(folder), *STAND_IN])
        out, err = said(capsys)
        assert fingerprint(folder) == before, "the folder was changed"
        return status, "\n".join(out), err

    def test_an_empty_class(self, folder, here, capsys):
        (folder / "sand").mkdir()
        status, _, err = self.classify(folder, capsys)
        assert status == 2 and "too few in sand (0)" in err and "Traceback" not in err

    def test_one_picture(self, folder, here, capsys):
        for index in range(1, 5):
            (folder / "grass" / f"{index}.png").unlink()
        status, _, err = self.classify(folder, capsys)
        assert status == 2 and "wanted at least 5 pictures in each class, got too few in grass (1)" in err

    def test_one_class(self, folder, here, capsys):
        shutil.rmtree(folder / "grass")
        status, _, err = self.classify(folder, capsys)
        assert status == 2 and "at least two sub-folders, one a class; got 1 (coffee)" in err

    def test_only_pictures_and_no_sub_folders(self, folder, here, capsys):
        status, _, err = self.classify(folder / "grass", capsys)
        assert status == 2 and "at least two sub-folders, one a class; got 0 (none)" in err

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("list.txt", "no picture by its name"),
            ("text.jpg", "wanted a picture, but text.jpg cannot be read as one"),
            ("nothing.png", "wanted a picture, but nothing.png cannot be read as one"),
            ("IMG_1.HEIC", "save it as JPEG or PNG first"),
            ("cut.png", "wanted a picture, but cut.png cannot be read as one"),
        ],
    )
    def test_a_file_that_is_none_is_named_in_words_and_in_the_report(self, folder, here, capsys, name, says):
        whole = (folder / "grass" / "0.png").read_bytes()
        content = {"nothing.png": b"", "cut.png": whole[: len(whole) // 2]}.get(name, b"from the holiday")
        (folder / "grass" / name).write_bytes(content)
        status, out, _ = self.classify(folder, capsys)
        assert status == 0 and re.search(rf"not used: .*/grass/{re.escape(name)}: .*{re.escape(says)}", out)
        assert f"grass/{name}: " in (here / "holiday-attention" / "report.html").read_text()

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["sixteen bits", "animated", "rotated", "fifty megapixels", "cmyk"])
    def test_an_odd_picture_is_handled(self, folder, here, capsys, kind):
        place = folder / "grass"
        first = Image.open(place / "0.png")
        if kind == "sixteen bits":
            turned = np.flipud(np.asarray(first.convert("L"))).astype(np.uint16)
            Image.fromarray(turned * 257).save(place / "odd.png")
        elif kind == "animated":
            first.save(place / "odd.png", save_all=True, append_images=[first.rotate(180)])
        elif kind == "rotated":
            exif = Image.Exif()
            exif[0x0112] = 6
            first.save(place / "odd.png", exif=exif)
        elif kind == "fifty megapixels":
            first.resize((8200, 6200)).save(place / "odd.jpg", quality=60)
        else:
            first.convert("CMYK").save(place / "odd.jpg")
        if kind == "animated":  # its first frame is a picture that is there, so it is the one to go
            (place / "0.png").unlink()
        status, out, _ = self.classify(folder, capsys)
        assert status == 0 and "not used" not in out
        report = (here / "holiday-attention" / "report.html").read_text()
        shown = 10 if kind == "animated" else 11
        assert f"<p>{shown} pictures in 2 classes." in report
        assert ("grass/odd.png: the first of its 2 frames was used" in report) == (kind == "animated")

    @pytest.mark.slow
    def test_names_of_every_kind(self, folder, here, capsys):
        odd = (folder / "grass").rename(folder / "Wald & <b>Wiese 🏖")
        (odd / "0.png").rename(odd / "ü (1) %20#.PNG")
        status, _, _ = self.classify(folder, capsys)
        assert status == 0
        assert "Wald &amp; &lt;b&gt;Wiese" in (here / "holiday-attention" / "report.html").read_text()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_is_locked_against_writing(self, folder, here, capsys):
        folder.chmod(0o555)
        assert self.classify(folder, capsys)[0] == 0


@pytest.mark.slow
def test_a_real_interrupt_ends_without_a_traceback_and_the_same_command_goes_on(folder, here):
    """Ctrl+C in a process of its own, while features are computed; what was kept is not computed again."""
    slow = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background ignores it
        "from visual_attention.own import features, __main__ as own\n"
        "prepare = features.pretrained.prepare\n"
        "def slowly(image):\n"
        "    print('one', flush=True)\n"
        "    time.sleep(float(os.environ['SECONDS']))\n"
        "    return prepare(image)\n"
        "features.pretrained.prepare = slowly\n"
        "sys.exit(own.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", slow, "classify", str(folder), *STAND_IN, "--cache", str(here / "cache")]

    def begun(seconds):
        told = {
            "env": os.environ | {"SECONDS": seconds},
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        return subprocess.Popen(command, text=True, start_new_session=True, **told)

    first = begun("0.3")
    for _ in range(4):  # between them it says how long it will take
        while first.stdout.readline() != "one\n":
            assert first.poll() is None
    first.send_signal(signal.SIGINT)
    _, err = first.communicate(timeout=120)
    assert first.returncode == 130 and "the same command goes on" in err and "Traceback" not in err
    kept = len(list((here / "cache").glob("*.safetensors")))
    assert 3 <= kept < 30 and not list((here / "cache").glob("*.draft"))
    again = begun("0")
    out, _ = again.communicate(timeout=120)
    assert again.returncode == 0 and out.count("one\n") == 30 - kept


def test_follow_writes_a_film_a_page_masks_and_numbers(here, capsys):
    rng = np.random.default_rng(0)
    grey = rng.integers(100, 120, (56, 84, 3), dtype=np.uint8)
    frames = []
    for left in (0, 14, 28):
        grey_with = grey.copy()
        grey_with[14:42, left : left + 28] = (250, 20, 20)
        frames.append(Image.fromarray(grey_with))
    frames[0].save(here / "walk.png", save_all=True, append_images=frames[1:])
    mask = Image.new("L", (84, 56))
    mask.paste(255, (0, 14, 28, 42))
    mask.save(here / "mask.png")
    shared = ["--weights", "stand-in", "--size", "84"]
    assert main(["follow", "walk.png", "--box", "0,14,28,28", *shared]) == 0
    lines, bars = said(capsys)
    out = here / "walk-followed"
    assert lines[-1] == f"Page: {out / 'film.html'}" and "3 frames of 6 x 4 patches: about" in "".join(
        [*lines, bars]
    )
    assert {path.name for path in out.iterdir()} == {"film.html", "film.webp", "masks", "numbers.json"}
    by_box = json.loads((out / "numbers.json").read_text())
    assert main(["follow", "walk.png", "--mask", "mask.png", *shared, "--out", "other"]) == 0
    assert json.loads((here / "other" / "numbers.json").read_text()) == by_box


class TestWeights:
    def test_it_shows_licences_and_checksums_and_fetches_nothing(self, here, capsys, monkeypatch):
        monkeypatch.setattr(pretrained, "fetch", None)
        assert main(["weights"]) == 0
        text = "\n".join(said(capsys)[0])
        for source in pretrained.SOURCES.values():
            assert source.sha256 in text and source.address in text
        assert "Apache-2.0" in text and "MIT" in text and "None here yet. To fetch 90 MB:" in text

    def test_it_fetches_when_asked(self, here, capsys, monkeypatch):
        fetched = []
        monkeypatch.setattr(pretrained, "fetch", lambda source: fetched.append(source) or here / "file")
        assert main(["weights", "--fetch"]) == 0 and main(["weights", "--fetch", "authors"]) == 0
        assert fetched == ["index", "authors"]
        assert f"The checksum is right. Kept as {here / 'file'}" in said(capsys)[0]

    def test_another_file_than_it_should_be_is_refused(self, here, capsys, monkeypatch, tmp_path):
        place = tmp_path / "nothing fetched"
        place.mkdir()
        (place / pretrained.INDEX.file).write_bytes(b"another")
        assert main(["weights", "--fetch"]) == 2
        assert "wanted a file with sha256 90a0b02e" in said(capsys)[1]
