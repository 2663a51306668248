"""What steers is measured part by part; cuts take what they name."""

import math

import pytest
import torch

from visual_attention.chapters.generation import judge as judges
from visual_attention.chapters.generation import sentences, steering, worded


def weights():
    return torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)).softmax(-1)


@pytest.mark.parametrize("word", range(5))
def test_a_forbidden_word_gets_nothing_and_the_others_keep_their_ratios(word):
    before, after = weights(), steering.forbid(word)(weights())
    assert (after[..., word] == 0).all()
    torch.testing.assert_close(after.sum(-1), torch.ones(2, 3, 4))
    kept = [k for k in range(5) if k != word]
    ratio = after[..., kept] / before[..., kept]
    torch.testing.assert_close(ratio, ratio[..., :1].expand_as(ratio))


def test_uniform_and_anothers():
    assert torch.equal(steering.uniform(weights()), torch.full((2, 3, 4, 5), 0.2))
    assert torch.equal(steering.anothers(weights())[1], weights()[0])
    assert set(steering.CUTS) >= {f"without the {part}" for part in sentences.PARTS}


def test_a_network_that_draws_its_sentence_obeys(monkeypatch):
    def real(model, words, **how):
        return worded.batch(
            len(words), split="test", words=words, generator=torch.Generator().manual_seed(0)
        ).images

    monkeypatch.setattr(steering, "picture", real)
    words = sentences.draw(200, generator=torch.Generator().manual_seed(0))
    found = steering.parts(judges.load(), None, words, seed=0)
    assert found["colours"] == found["place"] == 100 and found["all"] > 94
    assert steering.distance(judges.load(), real(None, words), words, seed=0) < 0.1
    turned = steering.distance(judges.load(), real(None, words).flip(3), words, seed=0)
    assert turned > 0.25  # mirrored digits are no digits


def test_percent_by_hand():
    right = worded.Obeyed(*torch.tensor([[1.0, 0.5], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]))
    assert steering.percent(right) == {"digits": 75, "colours": 100, "place": 50, "all": 0}


@pytest.mark.slow
def test_a_short_training_is_scored_and_repeats_itself():
    (one, scores), (two, _) = (steering.train(steering.ARMS[0], 0, steps=2, scored=(2,)) for _ in range(2))
    assert set(scores) == {2} and set(scores[2]) == set(steering.MEASURES)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_intervals_and_curves_are_over_the_rows(monkeypatch):
    parts = dict.fromkeys(steering.MEASURES, 40.0)
    rows = [
        {
            "arm": steering.ARMS[0], "seed": seed, "told": parts | {"all": 50.0 + seed}, "new": parts,
            "guidance": {str(scale): parts | {"distance": scale + seed} for scale in steering.SCALES},
            "cuts": {name: parts | {"all": 10.0} for name in steering.CUTS},
            "curve": {str(step): parts | {"all": step + seed} for step in steering.SCORED},
        }
        for seed in range(3)
    ]  # fmt: skip
    monkeypatch.setattr(steering, "rows", lambda arm=steering.ARMS[0]: rows)
    assert steering.share("told", "all").effect == 51 and steering.share("new", "digits").low == 40
    lost = steering.drop("uniform weights", "all")
    assert (lost.effect, lost.seeds) == (41, 3) and lost.low < 40 < 42 < lost.high
    assert steering.curve("distance") == [scale + 1 for scale in steering.SCALES]
    assert steering.learning("all")[2].tolist() == [step + 2 for step in steering.SCORED]
    monkeypatch.setattr(steering, "rows", lambda arm=steering.ARMS[0]: [])
    assert steering.learning("all").shape == (0, len(steering.SCORED))
    assert all(math.isnan(value) for value in steering.curve("all"))


def test_another_arm_is_refused():
    with pytest.raises(ValueError, match="wanted one of words are asked"):
        steering.network("words are shouted")
