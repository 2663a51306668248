"""The least world that needs two looks: one true answer to each question, balanced, and splits apart."""

import pytest
import torch

from visual_attention.chapters.question_answering import small_world as world
from visual_attention.chapters.question_answering.small_world import ANSWERS, COLOURS, NAMES, Scenes, text

SETTING = {"names": 4, "things": 4, "sides": 4}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def scene(*things: tuple[int, str, str]) -> Scenes:
    """A scene of (cell, colour, name)."""
    names, colours = torch.full((1, 9), -1), torch.full((1, 9), -1)
    for cell, colour, name in things:
        names[0, cell], colours[0, cell] = NAMES.index(name), list(COLOURS).index(colour)
    return Scenes(names, colours)


HAND = scene((0, "red", "disc"), (1, "blue", "7"), (4, "red", "cross"), (8, "green", "square"))


def answers(kind, count=400):
    """All questions of a kind about the scene above, with their answers."""
    many = Scenes(*(part.expand(count, -1) for part in HAND))
    kinds = torch.full((count, 1), world.KINDS.index(kind))
    words, said, where = world.ask(many, kinds, generator())
    return {
        (text(w), ANSWERS[a], *p)
        for w, a, p in zip(words[:, 0], said[:, 0].tolist(), where[:, 0].tolist(), strict=True)
    }


def test_attributes_counts_and_relations_by_hand():
    assert answers("attribute") == {
        ("colour of disc", "red", 0, 0), ("colour of 7", "blue", 1, 1),
        ("colour of cross", "red", 4, 4), ("colour of square", "green", 8, 8),
    }  # fmt: skip
    assert answers("count") == {
        ("many are red", "two", -1, -1), ("many are green", "one", -1, -1),
        ("many are blue", "one", -1, -1), ("many are yellow", "none", -1, -1),
    }  # fmt: skip
    assert answers("relation") == {
        ("colour left 7", "red", 1, 0), ("colour right disc", "blue", 0, 1),
        ("colour below 7", "red", 1, 4), ("colour above cross", "blue", 4, 1),
    }  # fmt: skip


def test_each_colour_that_can_be_the_answer_is_so_equally_often():
    drawn = world.draw(6000, "train", generator(), SETTING)
    for column in (0, 2, 3):
        shares = drawn.answers[:, column].bincount(minlength=4) / 6000
        assert (shares - 0.25).abs().max() < 0.03
    kinds = [world.KINDS[kind] for kind in world.ASKED]
    assert kinds == ["attribute", "count", "relation", "relation"]


def test_two_sides_ask_for_left_and_right_alone():
    drawn = world.draw(200, "train", generator(), {**SETTING, "sides": 2})
    assert set(drawn.words[:, 2, 1].tolist()) == {world.WORDS.index("left"), world.WORDS.index("right")}


def test_splits_share_no_arrangement_no_thing_and_no_photograph():
    sums = {
        split: set(world.checksum(world.arrange(300, split, generator())).tolist()) for split in world.RESTS
    }
    assert sums == {split: set(rests) for split, rests in world.RESTS.items()}
    inks = {
        split: {one.numpy().tobytes() for one in world.pictures(split).flatten(0, 1)} for split in world.RESTS
    }
    assert not inks["train"] & inks["test"] and not inks["train"] & inks["validation"]
    assert not inks["validation"] & inks["test"]
    with pytest.raises(ValueError, match="wanted one of test, validation, train; got 'learning'"):
        world.arrange(3, "learning", generator())


def test_the_reader_reads_what_lies_in_each_cell():
    from visual_attention.chapters.question_answering.grid_world import NAMES as KNOWN
    from visual_attention.chapters.question_answering.trained_reader import load

    scenes = world.arrange(200, "test", generator())
    cells = world.features(scenes, "test", generator())
    said = load().name(cells).argmax(2) - 1  # -1 for nothing
    true = torch.tensor([KNOWN.index(name) for name in NAMES])[scenes.names.clamp_min(0)]
    true = torch.where(scenes.names < 0, -1, true)
    assert (said == true).float().mean() > 0.98


def test_things_are_as_many_as_asked_for_and_each_name_is_there_once():
    scenes = world.arrange(50, "train", generator(), names=6, things=5)
    assert ((scenes.names >= 0).sum(1) == 5).all()
    assert all(len(set(row.tolist())) == 6 for row in scenes.names)  # five names and -1
    assert torch.equal(scenes.names >= 0, scenes.colours >= 0)


def test_neighbours_are_on_their_side_and_end_at_the_edge():
    found = world.neighbours()
    assert found[:, 4].tolist() == [3, 5, 1, 7] and found[:, 0].tolist() == [-1, 1, -1, 3]


def test_the_module_runs(capsys):
    world.main()
    assert "colour of" in capsys.readouterr().out
