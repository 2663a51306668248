"""Lessons in their order, scores by kind, and cuts that take away what they say."""

import pytest
import torch

from visual_attention.chapters.question_answering import asking, small_world
from visual_attention.chapters.question_answering.asking import CUTS, Pupil
from visual_attention.chapters.question_answering.plain import LongVector, PictureAlone, QuestionAlone
from visual_attention.chapters.question_answering.readings import ReadingHops
from visual_attention.chapters.question_answering.small_world import ANSWERS, WORDS

SETTING = {"names": 4, "things": 4, "sides": 4}
asked = small_world.draw(40, "test", torch.Generator().manual_seed(0), SETTING)


class Oracle(torch.nn.Module):
    """Knows the answer to every question about the pictures above, by the words alone and the row."""

    def forward(self, cells, words):
        self.heard = words
        rows = torch.arange(len(words))
        scores = torch.zeros(len(words), len(ANSWERS))
        for column in range(4):
            same = (words == asked.words[:, column]).all(1)
            scores[rows[same], asked.answers[same, column]] = 1.0
        return scores


def hops():
    torch.manual_seed(0)
    return Pupil(ReadingHops(len(WORDS), len(ANSWERS), dim=8), first=2).eval()


def test_the_first_lessons_are_attributes_alone():
    pupil = Pupil(QuestionAlone(len(WORDS), len(ANSWERS)), first=2)
    heard = []
    pupil.model.register_forward_hook(lambda module, inputs, output: heard.append(inputs[1]))
    torch.manual_seed(1)
    for _ in range(4):
        asking.loss(pupil, asked)
    assert [torch.equal(words, asked.words[:, 0]) for words in heard] == [True, True, False, False]
    assert pupil.lessons == 4 and len({tuple(w) for w in heard[3][:, :2].tolist()}) > 2
    pupil.eval()
    asking.loss(pupil, asked)
    assert pupil.lessons == 4  # what is only judged is no lesson


def test_scores_by_kind_and_who_knows_gets_all():
    found = asking.score(Pupil(Oracle(), first=0), asked)
    assert found == {"attributes": 100.0, "counts": 100.0, "relations": 100.0}
    wrong = asked._replace(answers=asked.answers.clone())
    wrong.answers[:10, 2] = (wrong.answers[:10, 2] + 1) % 4
    right = torch.stack([asking.answered(Pupil(Oracle(), first=0), wrong, c) for c in (2, 3)])
    assert asking.score(Pupil(Oracle(), first=0), wrong)["relations"] == asking.percent(right) < 100


def test_readings_and_looks_are_measured_where_they_should_be():
    pupil = hops()
    found, did = asking.looked(pupil.model, asked), pupil.model.look(asked.cells, asked.words[:, 2])
    assert found["reading 2: name"] == pytest.approx(100 * did.words[:, 1, 2].mean().item(), abs=1e-4)
    first = torch.stack([did.cells[b, 0, asked.where[b, 2, 1]] for b in range(40)])
    assert found["look 1: its neighbour"] == pytest.approx(100 * first.mean().item(), abs=1e-4)


@pytest.mark.parametrize(
    ("cut", "place"), [("without the word colour", 0), ("without the side", 1), ("without the name", 2)]
)
def test_a_masked_word_is_gone(cut, place):
    oracle = Oracle()
    CUTS[cut](Pupil(oracle, first=0), asked)
    assert (oracle.heard[:, place] == 0).all()
    kept = [other for other in range(3) if other != place]
    assert torch.equal(oracle.heard[:, kept], asked.words[:, 3][:, kept])


def test_who_hears_nothing_or_looks_nowhere_has_nothing_to_cut():
    deaf = Pupil(PictureAlone(len(ANSWERS)), first=0).eval()
    blind = Pupil(LongVector(len(WORDS), len(ANSWERS)), first=0).eval()
    assert all(cut(deaf, asked) is None for cut in CUTS.values())
    assert [name for name, cut in CUTS.items() if cut(blind, asked) is not None] == list(CUTS)[:3]


def test_a_forbidden_cell_gets_nothing_and_the_rest_grows():
    weights = torch.tensor([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
    forbidden = torch.tensor([[True, False, False], [False, False, True]])
    got = asking.without(forbidden)(0, weights)
    torch.testing.assert_close(got, torch.tensor([[0.0, 0.5, 0.5], [0.0, 1.0, 0.0]]))


def test_another_thing_is_neither_the_named_one_nor_its_neighbour():
    cell = asking.forbidden_cell(asked, 2, 2)
    assert asked.things[torch.arange(40), cell].all()
    assert not (cell[:, None] == asked.where[:, 2]).any()
    assert torch.equal(asking.forbidden_cell(asked, 3, 1), asked.where[:, 3, 1])


def test_cuts_of_looks_change_the_looks_that_they_say():
    seen = {}
    pupil = hops()
    real = pupil.model.look

    def look(cells, words, change=None):
        did = real(cells, words, change)
        seen["cells"] = did.cells
        return did

    pupil.model.look = look
    with torch.no_grad():
        CUTS["uniform weights"](pupil, asked)
        assert (seen["cells"] == 1 / 9).all()
        CUTS["first look uniform"](pupil, asked)
        assert (seen["cells"][:, 0] == 1 / 9).all() and not (seen["cells"][:, 1] == 1 / 9).all()
        CUTS["second look uniform"](pupil, asked)
        assert (seen["cells"][:, 1] == 1 / 9).all() and not (seen["cells"][:, 0] == 1 / 9).all()
    assert torch.equal(asking.anothers(0, torch.eye(3)), torch.eye(3).roll(1, 0))


def test_without_words_a_pupil_is_asked_for_a_disc():
    pupil = hops()
    words = torch.tensor([[WORDS.index(word) for word in ("colour", "of", "disc")]] * 40)
    torch.testing.assert_close(pupil(asked.cells), pupil(asked.cells, words))
