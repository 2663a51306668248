"""The field's data sets become folders of the form that the lessons read; nothing is fetched here.

torchvision is not installed: classes of its documented signatures stand in, with real pictures in few.
"""

import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.own.conftest import picture
from visual_attention.data import photographs
from visual_attention.own import field, relatives, segment, weights
from visual_attention.own.classify import classify
from visual_attention.own.features import Extractor
from visual_attention.own.fill import fill
from visual_attention.own.folder import labelled
from visual_attention.own.follow import follow
from visual_attention.own.frames import read_frames, read_mask

SIDE = 56


def piece(name, index, side=70):
    """A part of a photograph that no other index gives."""
    whole = photographs.load(name)
    return picture(whole[:, 40 * index : 40 * index + side, 30 * index : 30 * index + side + 12])


class Named:
    """A data set of two classes, six pictures each, mixed, behind one more that is not wanted."""

    classes = ("Abyssinian", "Great Dane", "of no use")

    def __len__(self):
        return 18

    def __getitem__(self, index):
        label = index % 3
        return piece(("coffee", "grass", "brick")[label], index // 3), label


def signatures(asked):
    """torchvision.datasets with the arguments that its documentation gives."""

    class OxfordIIITPet(Named):
        def __init__(
            self, root, split="trainval", target_types="category", transforms=None, transform=None,
            target_transform=None, download=False,
        ):  # fmt: skip
            asked.append((type(self).__name__, root, target_types, download))
            self.kind = target_types

        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            trimap = np.full((image.height, image.width), 2, dtype=np.uint8)
            trimap[10:40, 20:50] = 3
            trimap[15:35, 25:45] = 1
            return image, label if self.kind == "category" else Image.fromarray(trimap)

    class VOCDetection:
        def __init__(
            self, root, year="2012", image_set="train", download=False, transform=None,
            target_transform=None, transforms=None,
        ):  # fmt: skip
            asked.append((type(self).__name__, root, year, image_set, download))

        def __len__(self):
            return 15

        def __getitem__(self, index):
            image = piece("grass", index % 6, side=100).resize((112, 100))
            name, left = (("cat", 30), ("tvmonitor", 40), ("cat", 0))[index % 3]  # the last lies at the rim
            image.paste((200, 30, 30 + index), (left, 35, left + 30, 55))
            box = {"xmin": str(left), "ymin": "35", "xmax": str(left + 30), "ymax": "55"}
            small = {"name": "bird", "bndbox": {"xmin": "1", "ymin": "1", "xmax": "5", "ymax": "5"}}
            found = [small, {"name": name, "bndbox": box}]
            return image, {"annotation": {"object": found if index % 2 else found[1]}}

    class Flowers102(Named):
        classes = None  # older versions have no names

        def __init__(self, root, split="train", transform=None, target_transform=None, download=False):
            asked.append((type(self).__name__, root, split, download))

    class DTD(Named):
        def __init__(
            self, root, split="train", partition=1, transform=None, target_transform=None, download=False
        ):
            asked.append((type(self).__name__, root, split, download))

    class CLEVRClassification(Named):
        classes = None

        def __init__(self, root, split="train", transform=None, target_transform=None, download=False):
            asked.append((type(self).__name__, root, split, download))

    def download_and_extract_archive(
        url, download_root, extract_root=None, filename=None, md5=None, remove_finished=False
    ):
        asked.append(("DAVIS", url, download_root))
        for part, ending in (("JPEGImages", "jpg"), ("Annotations", "png")):
            for film in ("bear", "camel"):
                (Path(download_root) / "DAVIS" / part / "480p" / film).mkdir(parents=True)
                for index in range(3):
                    image = piece("grass", 0, side=100).resize((112, 84))
                    image.paste((220, 20, 20), (14 * index, 28, 14 * index + 28, 56))
                    indexed = Image.new("P", (112, 84))
                    indexed.putpalette([0, 0, 0, 128, 0, 0] + 250 * [0, 0, 0])
                    indexed.paste(1, (14 * index, 28, 14 * index + 28, 56))
                    shown = image if ending == "jpg" else indexed
                    shown.save(Path(download_root) / f"DAVIS/{part}/480p/{film}/{index:05d}.{ending}")

    made = types.ModuleType("torchvision.datasets")
    for one in (OxfordIIITPet, VOCDetection, Flowers102, DTD, CLEVRClassification):
        setattr(made, one.__name__, one)
    made.utils = types.SimpleNamespace(download_and_extract_archive=download_and_extract_archive)
    return made


@pytest.fixture
def asked(monkeypatch):
    """What torchvision was asked for."""
    calls = []
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", signatures(calls))
    return calls


@pytest.fixture(scope="module")
def seeing():
    return Extractor(weights.STAND_IN, size=SIDE)


def get(chapter, tmp_path, classes=2, pictures=5):
    return field.folder(chapter, tmp_path / "data", classes=classes, pictures=pictures)


def test_every_application_has_one_with_size_and_licence():
    import json

    notebooks = sorted(Path("notebooks/applications").glob("*.ipynb"))
    assert sorted(field.SOURCES) == [path.stem for path in notebooks]
    for path in notebooks:
        text = "".join(sum((cell["source"] for cell in json.loads(path.read_text())["cells"]), []))
        source = field.SOURCES[path.stem]
        name = source.title.split(",")[0]
        assert f'field.folder("{path.stem}")' in text and name in text, path.stem
        assert source.size in text and source.licence.split(";")[0].split(" for the")[0] in text, path.stem


def test_the_book_s_table_says_what_is_told():
    table = Path("book/own.md").read_text()
    for chapter, source in field.SOURCES.items():
        (row,) = [line for line in table.splitlines() if line.startswith("|") and chapter in line]
        assert source.title.split(",")[0] in row and source.size in row
        assert source.licence.split("; for the others")[0] in row


def test_size_and_licence_are_told_before_anything_is_fetched(asked, tmp_path, capsys, monkeypatch):
    def refuse(*args):
        raise ValueError(capsys.readouterr().out)

    source = field.SOURCES["detection"]
    refusing = field.Source(source.title, source.size, source.licence, refuse, source.written)
    monkeypatch.setitem(field.SOURCES, "detection", refusing)
    with pytest.raises(ValueError, match="PASCAL VOC 2007.*460 MB are fetched; licence: "):
        get("detection", tmp_path)


def test_without_torchvision_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(ValueError, match="pip install torchvision"):
        get("classification", tmp_path)
    with pytest.raises(ValueError, match="wanted one of classification, .*; got 'nothing'"):
        get("nothing", tmp_path)
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_classes_of_pets_are_classified(asked, tmp_path, seeing):
    place = get("classification", tmp_path)
    assert asked == [("OxfordIIITPet", str(tmp_path / "data"), "category", True)]
    found = classify(place, seeing, progress=False)
    assert found.found.classes == ("Abyssinian", "Great Dane") and found.found.counts() == [5, 5]
    assert found.scores[0].accuracy > 0.7  # coffee is no grass
    shown = Image.open(place / "Great Dane" / "1.png")
    assert np.array_equal(np.asarray(shown), np.asarray(piece("grass", 0)))


def test_the_second_time_nothing_is_asked_for_and_a_half_one_is_made_anew(asked, tmp_path):
    place = get("generation", tmp_path)
    assert get("generation", tmp_path) == place and len(asked) == 1
    (tmp_path / "data" / "generation-2x4.draft" / "left").mkdir(parents=True)
    again = get("generation", tmp_path, pictures=4)
    assert sorted(item.name for item in again.iterdir()) == ["0", "1"]
    assert not list((tmp_path / "data").glob("*.draft"))


def test_pets_with_masks_are_cut_out(asked, tmp_path, seeing):
    place = get("segmentation", tmp_path, pictures=6)
    assert asked[0][2:] == ("segmentation", True)
    mask = np.asarray(Image.open(place / "masks" / "1.png"))
    want = np.zeros_like(mask)
    want[10:40, 20:50] = 255  # pet and outline
    assert np.array_equal(mask, want)
    assert len(segment.segment(place, seeing, progress=False).dice()) == 6


def test_objects_lie_in_the_middle_half_of_a_square(asked, tmp_path, seeing):
    place = get("detection", tmp_path)
    assert asked == [("VOCDetection", str(tmp_path / "data"), "2007", "trainval", True)]
    found = labelled(place)
    assert found.classes == ("cat", "tvmonitor") and found.counts() == [5, 5]
    for path in found.paths:
        shown = np.asarray(Image.open(path)).astype(int)
        assert shown.shape == (60, 60, 3)
        red = (shown[..., 0] == 200) & (shown[..., 1] == 30)
        rows, columns = np.nonzero(red)
        assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (15, 45, 20, 40)
    weight = relatives.resembling(found.paths[0], (0.25, 0.25, 0.5, 0.5), list(found.paths[1:]), seeing)
    assert weight.sum().item() == pytest.approx(1, abs=1e-5)


def test_flowers_have_relatives_and_scenes_have_answers(asked, tmp_path, seeing):
    for chapter, split in (("generation", "train"), ("question_answering", "val")):
        mine = labelled(get(chapter, tmp_path))
        assert mine.classes == ("0", "1") and asked[-1][2:] == (split, True)
        tokens = seeing.tokens(mine.paths, progress=False)
        assert relatives.relatives(tokens).argmax(1).shape == (10,)
        given = relatives.by_example(tokens, mine.labels).argmax(1)
        assert (given == np.array(mine.labels)).float().mean() > 0.7


def test_a_texture_is_filled(asked, tmp_path):
    place = get("inpainting", tmp_path)
    picked = sorted(place.glob("*/*.png"))[0]
    seen, hole, filled = fill(picked, box=(20, 20, 10, 10), longer=48)
    assert hole.any() and (filled[:, hole] - seen[:, hole]).abs().mean() < 0.2


def test_the_first_film_is_followed(asked, tmp_path):
    place = get("tracking", tmp_path)
    assert asked == [("DAVIS", field.DAVIS, str(tmp_path / "data"))]
    extractor = Extractor(weights.STAND_IN)
    read = read_frames(place / "frames", patch=extractor.patch, longer=112)
    mask = read_mask(place / "mask.png", read.height, read.width)
    assert mask.sum() == 28 * 28 and mask[28:56, :28].all()
    carried = follow(read, mask, extractor, progress=False)
    assert carried.gone() == []
    get("tracking", tmp_path, pictures=6)
    assert len(asked) == 1  # it is there


def test_one_class_is_too_few(tmp_path):
    lone = [(piece("grass", 0), "x")] * 4
    with pytest.raises(ValueError, match="at least two classes, got x"):
        field.sorted_out(iter(lone), tmp_path, 5, 3)
