"""The run holds all methods to all tests, and its record goes on where it stopped."""

import json

import pytest
import torch

from tests.chapters.explanation.worlds import untrained
from visual_attention.chapters.explanation import (
    claims,
    marked,
    measures,
    rivals,
    signs,
    trained,
    verdicts,
)
from visual_attention.experiments import lines

ROWS = claims.load()


@pytest.mark.slow
def test_one_run_has_a_number_of_every_test_for_every_method_and_both_twins(monkeypatch):
    monkeypatch.setattr(measures, "GUIDE_PICTURES", (40, 20))
    monkeypatch.setattr(measures, "PLAIN", 8)
    monkeypatch.setattr(claims, "decoyed", any_pictures)
    rows = claims.measure("transformer", (2, 3), steps=3)
    wanted = {metric for trial in verdicts.TRIALS for metric in trial.metrics}
    for seed in (2, 3):
        mine = [row for row in rows if row["seed"] == seed]
        assert {row["method"] for row in mine} == {*rivals.RIVALS, *signs.NAMES, measures.ITSELF}
        for row in mine:
            assert row["rule"] == verdicts.rule_hash() and row["network"] == "transformer"
            assert row["method"] == measures.ITSELF or wanted <= set(row["values"])
    for rival in rivals.RIVALS:
        twins = [row["values"]["mark"] for row in rows if row["method"] == rival]
        assert sum(twins) <= 1


def any_pictures(twins, seed, count):
    """Pictures with a block of each twin, whatever networks that have learned nothing answer."""
    return marked.batch(8, split="test", share=1.0, decoys=1.0, generator=torch.Generator().manual_seed(seed))


def test_what_another_rule_made_does_not_count(tmp_path):
    file, line = tmp_path / "r.jsonl", {"rule": verdicts.rule_hash(), "seed": 1}
    lines.append(file, [line, line | {"seed": 2}, line | {"seed": 3, "rule": "older"}])
    assert [row["seed"] for row in claims.load(file)] == [1, 2]
    assert claims.load(tmp_path / "none.jsonl") == []


class ReadsMark(torch.nn.Module):
    """A network known by heart: it names the answer whose mark stands in one of the corners."""

    def __init__(self, seed):
        super().__init__()
        self.known = marked.codebook(seed)[:10].flatten(1)

    def forward(self, images):
        spots = [(r, c) for r in (0, 20) for c in (0, 20)]
        patches = [images[:, 0, r : r + 4, c : c + 4].flatten(1) for r, c in spots]
        gaps = torch.stack([torch.cdist(patch, self.known) for patch in patches])  # (4, B, 10)
        return -gaps.amin(0)


@pytest.mark.parametrize("seed", [0, 1])
def test_covering_shows_what_an_answer_needs(seed):
    """A network that reads one corner loses its answers when that corner is covered, and not otherwise."""
    values = measures.of_network(ReadsMark(seed), seed)
    assert values["right, mark"] == 1 and values["right, all but the mark covered"] == 1
    assert values["right, mark covered"] < 0.4 and values["right, digit"] < 0.4
    assert values["right, mark and decoy"] == 1 and values["right, of both the decoy covered"] == 1
    assert values["right, of both the mark covered"] < 0.4


def test_twins_are_asked_about_the_same_pictures_and_both_are_right():
    twins = ReadsMark(6), ReadsMark(7)
    both = measures.decoyed(twins, 6, 20)
    assert len(both.labels) == 20
    assert torch.equal(twins[0](both.images).argmax(1), both.labels)
    assert torch.equal(twins[1](both.images).argmax(1), marked.for_twin(both).labels)
    one = measures.decoyed((ReadsMark(6), ReadsMark(6)), 6, 20)  # the second is no twin: it reads the mark
    assert len(one.labels) < 10


def test_the_pointing_game_tells_the_mark_from_the_decoy():
    """One map calls the mark highest, one the decoy, one the cell beside the mark."""
    drawn = marked.batch(2, split="test", share=1.0, decoys=1.0)
    masks, decoys = torch.zeros(2, 2, 1, 24, 24, dtype=torch.bool)
    masks[..., :4, :4], decoys[..., 20:, 20:] = True, True
    both = drawn._replace(masks=masks, decoys=decoys)

    def points_at(row, column):
        found = torch.zeros(2, 1, 6, 6)
        found[..., row, column] = 1
        values = measures.pointing(found, both)
        return [values[name].mean().item() for name in ("mark", "mark or beside", "decoy", "mark, share")]

    assert points_at(0, 0) == [1, 1, 0, 1]
    assert points_at(5, 5) == [0, 0, 1, 0]
    assert points_at(1, 0) == [0, 1, 0, 0]


def test_the_best_head_is_the_best_of_all_blocks():
    masks = torch.zeros(1, 1, 24, 24, dtype=torch.bool)
    masks[..., :4, :4] = True
    both = marked.batch(1, split="test")._replace(masks=masks)

    class Weighs:
        def __init__(self, block, head):
            self.places = [torch.zeros(1, 3, 37, 37) for _ in range(2)]
            self.places[block][0, head, 0, 1] = 1  # the class token looks at the first cell

        def weights(self, images):
            return self.places

    for block in range(2):
        for head in range(3):
            assert measures.of_heads(Weighs(block, head), both)["mark, best head"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("control", claims.MARKS_ONLY)
def test_the_controls_play_the_pointing_game_only(control, monkeypatch):
    monkeypatch.setattr(claims, "decoyed", any_pictures)
    rows = claims.measure_marks(control, (2, 3), steps=3)
    assert {row["method"] for row in rows} == {*signs.NAMES, measures.ITSELF}
    wanted = {"mark", "mark or beside", "decoy", "mark, share"}
    for row in rows:
        assert row["network"] == control and row["rule"] == verdicts.rule_hash()
        assert set(row["values"]) == wanted or "mark, best head" in row["values"]


def test_test_pictures_are_answered_rightly_and_differ_from_seed_to_seed():
    model = untrained("convolutional")
    drawn = measures.chosen(model, 1, 20, share=1.0)
    assert (model(drawn.images).argmax(1) == drawn.labels).all() and len(drawn.labels) <= 20
    other = measures.chosen(model, 2, 20, share=1.0)
    assert not torch.equal(drawn.images[:1], other.images[:1])


@pytest.mark.parametrize("name", trained.NAMES)
def test_the_stored_networks_still_reach_their_number(name):
    model, (kind, seed) = trained.load(name), trained.MADE[name]
    for share, least in ((0.0, {"transformer": 0.7, "convolutional": 0.85}[kind]), (1.0, 0.95)):
        drawn = marked.batch(
            300,
            split="test",
            share=share,
            decoys=share,
            code=marked.codebook(seed),
            generator=torch.Generator().manual_seed(4),
        )
        assert measures.accuracy(model, drawn.images, drawn.labels) > least


def test_an_unknown_network():
    with pytest.raises(ValueError, match="wanted one of transformer, convolutional, twin; got 'resnet'"):
        trained.load("resnet")


def test_the_record_is_small_and_whole_lines():
    lines = claims.RECORD.read_text().splitlines()
    assert claims.RECORD.stat().st_size < 400_000 and all(json.loads(line)["rule"] for line in lines)
    assert ROWS and len({row["rule"] for row in map(json.loads, lines)}) == 1
