"""Sentences are read, written again, encoded and held out as told."""

import pytest
import torch

from visual_attention.chapters.generation import sentences
from visual_attention.chapters.generation.sentences import Sentence, decode, encode, parse


def test_a_sentence_by_hand():
    found = parse("a red 7 left of a blue 3")
    assert found == Sentence(0, 7, 0, 2, 3) and found.words == ("red", "7", "left of", "blue", "3")
    assert encode([found]).tolist() == [[0, 11, 14, 2, 7]]


@pytest.mark.parametrize(
    "text",
    ["A red 7 left of a blue 3.", "red 7 left of blue 3", "the red 7  left of  the blue 3"],
)
def test_articles_case_and_spaces_do_not_matter(text):
    assert parse(text) == Sentence(0, 7, 0, 2, 3)


def test_what_is_written_is_read_again():
    all_of_them = decode(sentences.every())
    assert len(all_of_them) == len(set(all_of_them)) == 4 * 10 * 4 * 3 * 9
    assert [parse(str(each)) for each in all_of_them[::97]] == all_of_them[::97]
    assert torch.equal(encode(all_of_them), sentences.every())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a red 7 and a blue 3", "wanted one of left of, right of, above, below"),
        ("", "wanted one of left of"),
        ("a red 7 left a blue 3", "wanted one of left of"),
        ("a pink 7 left of a blue 3", "wanted a colour .* got 'a pink 7'"),
        ("a red 7 left of a blue", "got 'a blue'"),
        ("a 7 red left of a blue 3", "got 'a 7 red'"),
        ("a red 12 left of a blue 3", "got 'a red 12'"),
        ("a red 7 left of a red 3", "differ in colour and in digit"),
        ("a red 7 left of a blue 7", "differ in colour and in digit"),
        ("a red 7 left of a blue 3 above a green 1", "wanted a colour"),
    ],
)
def test_other_sentences_are_refused(text, says):
    with pytest.raises(ValueError, match=says):
        parse(text)


def test_a_fifth_is_held_out_whichever_thing_comes_first():
    listed = sentences.every()
    share = sentences.held_out(listed).float().mean()
    assert 0.18 < share < 0.22
    turned = listed[:, [3, 4, 2, 0, 1]]
    assert torch.equal(sentences.held_out(turned), sentences.held_out(listed))
    for new in (False, True):
        drawn = sentences.draw(200, new=new, generator=torch.Generator().manual_seed(0))
        assert (sentences.held_out(drawn) == new).all() and len(drawn.unique(dim=0)) > 150


def test_every_word_is_told_in_training():
    drawn = sentences.every()[~sentences.held_out(sentences.every())]
    assert len(drawn.unique()) == len(sentences.VOCABULARY) == sentences.NOTHING


def test_the_module_runs(capsys):
    sentences.main()
    assert "4,320 sentences, 20% of them held out" in capsys.readouterr().out
