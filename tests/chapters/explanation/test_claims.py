"""The run holds all methods to all tests, and its record goes on where it stopped."""

import json

import pytest
import torch

from tests.chapters.explanation.worlds import untrained
from visual_attention.chapters.explanation import claims, maps, marked, networks, trained, verdicts

ROWS = claims.load()


@pytest.mark.slow
def test_one_run_has_a_number_of_every_test_for_every_method(monkeypatch):
    monkeypatch.setattr(claims, "GUIDE_PICTURES", (40, 20))
    monkeypatch.setattr(claims, "PLAIN", 8)
    rows = claims.measure("transformer", 3, steps=3)
    assert {row["method"] for row in rows} == {
        *maps.RIVALS,
        *maps.WITH_WEIGHTS,
        *maps.ANY_NETWORK,
        claims.ITSELF,
    }
    wanted = {metric for trial in verdicts.TRIALS for metric in trial.metrics}
    for row in rows:
        assert row["rule"] == verdicts.rule_hash() and row["seed"] == 3
        assert row["method"] == claims.ITSELF or wanted <= set(row["values"])


def test_a_record_goes_on_after_an_interruption(tmp_path):
    file = tmp_path / "records" / "r.jsonl"
    line = {"rule": verdicts.rule_hash(), "seed": 1}
    claims.append([line], file)
    with file.open("a") as stored:
        stored.write('{"rule": "cut o')
    claims.append([line | {"seed": 2}, line | {"seed": 3, "rule": "older"}], file)
    assert [row["seed"] for row in claims.load(file)] == [1, 2]
    assert len(file.read_text().splitlines()) == 3
    assert claims.load(tmp_path / "none.jsonl") == []


def test_covering_shows_what_an_answer_needs():
    """A network that reads one corner loses its answers when that corner is covered, and not otherwise."""

    class ReadsMark(torch.nn.Module):
        def forward(self, images):
            known = torch.stack([marked.mark(label) for label in range(10)]).flatten(1)
            spots = [(r, c) for r in (0, 20) for c in (0, 20)]
            patches = [images[:, 0, r : r + 4, c : c + 4].flatten(1) for r, c in spots]
            gaps = torch.stack([torch.cdist(patch, known) for patch in patches])  # (4, B, 10)
            return -gaps.amin(0)

    values = claims.of_network(ReadsMark(), 0)
    assert values["right, mark"] == 1 and values["right, all but the mark covered"] == 1
    assert values["right, mark covered"] < 0.4 and values["right, digit"] < 0.4
    assert values["right, mark and decoy"] == 1 and values["right, of both the decoy covered"] == 1
    assert values["right, of both the mark covered"] < 0.4


def test_the_pointing_game_tells_the_mark_from_the_decoy():
    """One method calls the mark highest, one the decoy, one the cell beside the mark."""
    masks, decoys = torch.zeros(2, 2, 1, 24, 24, dtype=torch.bool)
    masks[..., :4, :4], decoys[..., 20:, 20:] = True, True
    both = claims.Decoyed(torch.rand(2, 1, 24, 24), torch.tensor([3, 4]), masks, decoys)

    def points_at(row, column):
        found = torch.zeros(2, 1, 6, 6)
        found[..., row, column] = 1
        values = claims.pointing(lambda model, images, answers: found, None, both)
        return [values[name].mean().item() for name in ("mark", "mark or beside", "decoy", "mark, share")]

    assert points_at(0, 0) == [1, 1, 0, 1]
    assert points_at(5, 5) == [0, 0, 1, 0]
    assert points_at(1, 0) == [0, 1, 0, 0]


def test_the_best_head_is_the_best_of_all_blocks():
    masks = torch.zeros(1, 1, 24, 24, dtype=torch.bool)
    masks[..., :4, :4] = True
    both = claims.Decoyed(torch.rand(1, 1, 24, 24), torch.tensor([3]), masks, masks.flip(3))

    class Weighs:
        def __init__(self, block, head):
            self.places = [torch.zeros(1, 3, 37, 37) for _ in range(2)]
            self.places[block][0, head, 0, 1] = 1  # the class token looks at the first cell

        def weights(self, images):
            return self.places

    for block in range(2):
        for head in range(3):
            assert claims.of_heads(Weighs(block, head), both)["mark, best head"] == 1


def test_pictures_with_decoys_are_answered_rightly_and_two_networks_get_others():
    model = untrained("convolutional")
    both = claims.decoyed(model, 1, 12)
    assert (model(both.images).argmax(1) == both.labels).all() and len(both.labels) <= 12
    assert not (both.masks & both.decoys).any()
    other = claims.decoyed(model, 2, 12)
    assert not torch.equal(both.images[:1], other.images[:1])


@pytest.mark.slow
def test_what_cuts_a_cause_plays_the_pointing_game_only():
    rows = claims.measure_alone(3, steps=3)
    assert {row["method"] for row in rows} == {*maps.WITH_WEIGHTS, *maps.ANY_NETWORK, claims.ITSELF}
    wanted = {"mark", "mark or beside", "decoy", "mark, share"}
    for row in rows:
        assert row["network"] == claims.ALONE and row["rule"] == verdicts.rule_hash()
        assert set(row["values"]) == wanted or "mark, best head" in row["values"]


def test_test_pictures_are_answered_rightly_and_differ_from_seed_to_seed():
    model = untrained("convolutional")
    drawn = claims.chosen(model, 1, 20, share=1.0)
    assert (model(drawn.images).argmax(1) == drawn.labels).all() and len(drawn.labels) <= 20
    other = claims.chosen(model, 2, 20, share=1.0)
    assert not torch.equal(drawn.images[:1], other.images[:1])


@pytest.mark.parametrize("network", networks.BUILD)
def test_the_stored_networks_still_reach_their_number(network):
    model = trained.load(network)
    for share, least in ((0.0, {"transformer": 0.6, "convolutional": 0.8}[network]), (1.0, 0.8)):
        images, labels, _ = marked.batch(
            300, split="test", share=share, generator=torch.Generator().manual_seed(4)
        )
        assert claims.accuracy(model, images, labels) > least


def test_an_unknown_network():
    with pytest.raises(ValueError, match="wanted one of transformer, convolutional; got 'resnet'"):
        trained.load("resnet")


def test_the_record_is_small_and_whole_lines():
    lines = claims.RECORD.read_text().splitlines()
    assert claims.RECORD.stat().st_size < 300_000 and all(json.loads(line)["rule"] for line in lines)
    assert ROWS and len({row["rule"] for row in map(json.loads, lines)}) == 1
