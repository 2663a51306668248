"""With the real pretrained weights, where they were fetched: real pieces of photographs, from end to end."""

import pytest
import torch

from tests.own.conftest import picture
from visual_attention.data import photographs
from visual_attention.mechanisms import pretrained
from visual_attention.own import classify, follow
from visual_attention.own.features import Extractor
from visual_attention.own.frames import mask_of_box, read_frames

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        pretrained.fetched() is None,
        reason="the pretrained weights are not here: python -m visual_attention.own weights --fetch",
    ),
]
SIDE = 112


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    return Extractor(size=SIDE, cache=tmp_path_factory.mktemp("cache"))


def test_four_photographs_in_pieces(extractor, tmp_path):
    """Six pieces of each, none of which shares a pixel with another."""
    for name in ("brick", "flower", "grass", "pagoda"):
        whole = photographs.load(name)
        height, width = (side // n for side, n in zip(whole.shape[1:], (2, 3), strict=True))
        (tmp_path / name).mkdir()
        for index in range(6):
            top, left = height * (index // 3), width * (index % 3)
            picture(whole[:, top : top + height, left : left + width]).save(tmp_path / name / f"{index}.png")
    found = classify.classify(tmp_path, extractor, progress=False)
    assert found.scores[0].accuracy > 0.75 and found.scores[1].accuracy > 0.75
    torch.testing.assert_close(found.scores[0].weights.sum(1), torch.ones(24))


def test_a_cat_that_walks_by_and_leaves(extractor):
    back, cat = photographs.load("pagoda")[:, :252, :448], photographs.load("cat", 84)
    places = (28, 84, 140, 196, None, None)
    frames = []
    for left in places:
        frames.append(back.clone())
        if left is not None:
            frames[-1][:, 126:210, left : left + 84] = cat
    read = read_frames(frames, patch=14, longer=448)
    mask = mask_of_box((28, 126, 84, 84), 252, 448)
    found = follow.follow(read, mask, extractor, progress=False)
    assert found.gone() == [5, 6]
    for one, left in zip(found.masks(252, 448), places[:4], strict=False):
        true = mask_of_box((left, 126, 84, 84), 252, 448).bool()
        assert (one & true).sum() / (one | true).sum() > 0.5
