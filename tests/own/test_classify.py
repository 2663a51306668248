"""A folder from end to end: what it finds, what it writes, and that a stored head answers as before."""

import pytest
import torch
from safetensors.torch import save_file

from tests.own.conftest import SIZE, fingerprint
from visual_attention.own import classify, weights
from visual_attention.own.classify import load, near_twins, predict, save
from visual_attention.own.features import Extractor


@pytest.fixture(scope="module")
def result(material, tmp_path_factory):
    before = fingerprint(material)
    extractor = Extractor(weights.STAND_IN, size=SIZE, cache=tmp_path_factory.mktemp("cache"))
    found = classify.classify(material, extractor, progress=False)
    assert fingerprint(material) == before, "the folder was changed"
    return found


def test_coffee_is_not_grass(result):
    assert [score.pool for score in result.scores][0] == "attention pool" and len(result.scores) == 4
    assert result.scores[0].accuracy >= 0.8 and result.chance() == 0.5
    assert result.confusions().sum(1).tolist() == [5, 5]
    assert result.confusions().diagonal().sum() == result.scores[0].right.sum()
    assert result.grid == SIZE // 14 and result.scores[0].weights.shape == (10, 16)
    assert 0 <= result.border.accuracy <= 1 and result.confetti.pool == "attention pool"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["garments", "handwritten"])
def test_real_garments_and_real_digits(kind, request, extractor):
    """Even features that nobody trained tell a bag from trousers, and a 0 from a 1."""
    place = request.getfixturevalue(kind)
    before = fingerprint(place)
    found = classify.classify(place, extractor, progress=False)
    assert fingerprint(place) == before and not found.found.refused
    assert found.chance() == 0.25 and len(found.found.classes) == 4
    best = max(score.accuracy for score in found.scores)
    assert best > 0.6 and found.scores[0].interval()[0] > 0.25
    looked = found.scores[0].weights.sum(1)
    torch.testing.assert_close(looked, torch.ones(len(found.found.paths)))


def test_a_stored_head_answers_as_the_one_that_was_stored(result, material, extractor, tmp_path):
    save(result, extractor, tmp_path / "head.safetensors")
    head, classes = load(tmp_path / "head.safetensors", extractor)
    paths = list(result.found.paths)
    shares, looked = predict(head, extractor, paths, progress=False)
    tokens = extractor.tokens(paths, progress=False)
    with torch.no_grad():
        assert torch.equal(shares, result.head(tokens).softmax(-1))
        assert torch.equal(looked, result.head.weights(tokens))
    assert classes == ("coffee", "grass")
    assert (shares.argmax(1) == torch.tensor(result.found.labels)).all()  # trained on all of them
    torch.testing.assert_close(shares.sum(1), torch.ones(10))
    assert (tmp_path / "head.safetensors").stat().st_size < 10_000


class TestOtherFiles:
    def test_no_head(self, extractor, tmp_path, material):
        save_file({"query": torch.zeros(3)}, tmp_path / "other.safetensors")
        for path, says in (
            (tmp_path / "other.safetensors", "got another safetensors file"),
            (material / "grass" / "0.png", "wanted a head made by `classify`"),
            (tmp_path / "none", "wanted a head made by `classify`"),
        ):
            with pytest.raises(ValueError, match=says):
                load(path, extractor)

    def test_other_weights_or_another_size(self, result, extractor, tmp_path):
        file = tmp_path / "head.safetensors"
        save(result, extractor, file)
        with pytest.raises(ValueError, match=r"wanted pictures of 56 pixels, got 28 \(--size\)"):
            load(file, Extractor(weights.STAND_IN, size=28))
        extractor.weights_digest = "others"
        with pytest.raises(ValueError, match="wanted the weights it was trained on, got others"):
            load(file, extractor)


def test_pictures_of_one_burst_are_told():
    tokens = torch.randn(5, 2, 16, generator=torch.Generator().manual_seed(0))
    tokens[3, 0] = tokens[1, 0] + 0.05 * tokens[0, 0]
    assert near_twins(tokens) == [(1, 3)]
