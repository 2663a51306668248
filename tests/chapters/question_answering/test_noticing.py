"""A decoder that never denies notices what is absent, and the place where it is read is chosen elsewhere."""

import pytest
import torch

from visual_attention.chapters.question_answering import noticing, trained_decoders
from visual_attention.chapters.question_answering.noticing import TOKENS


@pytest.fixture(scope="module")
def model():
    return trained_decoders.load("never")


def test_a_cut_is_where_most_are_told():
    weights = torch.tensor([0.9, 0.8, 0.3, 0.5, 0.2, 0.1])
    there = torch.tensor([True, True, True, False, False, False])
    cut = noticing._cut(weights, there)
    assert ((weights > cut) == there).sum() == 5


def test_pairs_are_counted_by_hand():
    weights = torch.tensor([0.9, 0.4, 0.5, 0.1])[None, None, :, None]
    found = noticing.Read(torch.zeros(1), weights, torch.tensor([True, True, False, False]))
    assert noticing._pairs(found, 0, 0, 0) == 75  # of four pairs one is the wrong way round


def test_what_is_read_is_what_the_decoder_does(model, monkeypatch):
    monkeypatch.setitem(noticing.PARTS, "judged", ("test", 99, 6))
    found = noticing.read(model, "judged")
    assert found.stream.shape == (3, 12, len(TOKENS), 32) and found.weights.shape == (3, 2, 12, len(TOKENS))
    assert found.there.tolist() == [True] * 6 + [False] * 6
    assert 0 < found.weights.min() and found.weights.max() <= 1
    said = noticing.sentences.draw(6, "test", torch.Generator().manual_seed(99), sorts=("attribute",))
    spoken = noticing.inventing.told(model, said)
    scores = model.head(model.norm(found.stream[-1, :6]))  # after the last block: the words that follow
    assert torch.equal(scores[:, 1:].argmax(2), spoken)


def test_a_probe_is_of_one_of_two_kinds():
    with pytest.raises(ValueError, match="linear, small network"):
        noticing.probe("deep")


@pytest.mark.slow
def test_the_stored_decoder_notices_and_the_row_says_so(model):
    row = noticing.rows()[0]
    found = noticing.by_weight(model)
    assert row["decoder"] == "stored" and row["head"] == [found.block, found.head, found.token]
    assert (row["pairs"], row["by weight"]) == (round(found.pairs, 1), round(found.right, 1))
    means = [found.weights[found.there == there].mean().item() for there in (True, False)]
    assert [round(mean, 2) for mean in means] == [0.99, 0.68]
    for kind in noticing.PROBES:
        share, *place = noticing.by_probe(model, kind, tuple(row[f"{kind}, where"]))
        assert place == row[f"{kind}, where"] and abs(share - row[kind]) < 1


def test_it_notices_and_invents_all_the_same():
    taught = {row["decoder"]: row for row in noticing.rows()}.pop("stored, taught to deny")
    assert taught["invented"] < 5 and taught["linear"] == 100
    never = [row for row in noticing.rows() if row["decoder"] != "stored, taught to deny"]
    assert len(never) == 4 and all(row["attributes"] == row["invented"] == 100 for row in never)
    ends = {name: [round(row[name]) for row in never] for name in ("pairs", "by weight", *noticing.PROBES)}
    assert ends == {
        "pairs": [96, 95, 89, 96],
        "by weight": [89, 89, 87, 92],
        "linear": [71, 77, 73, 88],
        "small network": [94, 94, 93, 97],
    }
