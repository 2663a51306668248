"""Eyes that a rule moves, or somebody who knows: where they look, and what that is worth."""

import pytest
import torch

from tests.chapters.contest import build, drawn, ends
from visual_attention.chapters.hard import directed, eyes, glimpse_claims, translated
from visual_attention.experiments import registry
from visual_attention.experiments.answer import answer
from visual_attention.mechanisms.hard import losses_of_glimpses
from visual_attention.training import seeded

QUESTION = directed.QUESTION


def spot(row, column, *, canvas=40):
    """A dark picture with one bright square of 8 x 8 pixels around a place."""
    image = torch.zeros(1, 1, canvas, canvas)
    image[..., row - 4 : row + 4, column - 4 : column + 4] = 1.0
    return image


@pytest.mark.parametrize(("row", "column"), [(20, 20), (12, 28), (28, 12), (16, 24)])
def test_the_rule_looks_where_the_first_look_is_brightest(row, column):
    model = directed.BrightestEye(dim=8)
    places = model.locations(torch.cat([spot(20, 20), spot(row, column)]))
    assert places.shape == (2, 2, 2) and not places[:, 0].any()
    off = (places[1, 1] + 1) * 20 - torch.tensor([column, row])
    assert off.abs().max() <= 4  # the spot lies within the window, which is 16 wide


def test_on_the_contest_s_pictures_the_rule_is_nearer_than_the_centre():
    batch = drawn(QUESTION, 200)
    off = (build(QUESTION, "brightest spot").locations(batch.images)[:, 1] - batch.centres).norm(dim=1)
    assert off.mean() < 0.4 * batch.centres.norm(dim=1).mean()


def test_the_rule_hears_no_label_and_no_layer_is_taught_to_choose():
    model, batch = directed.BrightestEye(dim=8), drawn(QUESTION, 16)
    read = model.look(batch.images, model.locations(batch.images))
    torch.testing.assert_close(model(batch.images), read[:, -1])
    loss = QUESTION.task.loss(model, batch)
    torch.testing.assert_close(loss, losses_of_glimpses(read, batch.labels).mean())
    loss.backward()
    assert model.locate.linear.weight.grad is None


def test_who_is_told_looks_at_the_middle_in_training_and_in_the_test():
    model, batch = build(QUESTION, "told the middle"), drawn(QUESTION, 50)
    places = torch.stack([torch.zeros(50, 2), batch.centres], dim=1)
    read = model.look(batch.images, places)
    torch.testing.assert_close(
        QUESTION.task.loss(model, batch), losses_of_glimpses(read, batch.labels).mean()
    )
    with torch.no_grad():
        scored = QUESTION.task.score(model, batch)
        assert scored["accuracy"] == glimpse_claims.accuracy(read[:, -1], batch)
        assert {cut(model, batch) for cut in QUESTION.task.cuts.values()} == {None}


def test_everyone_else_is_trained_and_scored_as_in_the_contest():
    model, batch = build(QUESTION, "learned glimpses"), drawn(QUESTION, 20)
    asked = []
    for task in (QUESTION.task, directed.CONTEST.task):
        with seeded(0), torch.no_grad():
            cuts = {name: cut(model, batch) for name, cut in task.cuts.items()}
            asked.append((task.loss(model, batch).item(), task.score(model, batch), cuts))
    assert asked[0] == asked[1]


def test_all_of_them_are_one_network():
    sizes = {
        sum(p.numel() for p in build(QUESTION, name).parameters())
        for name in ("learned glimpses", "brightest spot", "told the middle")
    }
    assert len(sizes) == 1
    assert isinstance(build(QUESTION, "told the middle"), eyes.Eye)
    assert translated.TranslatedDigits._fields[2] == "centres"


def test_what_the_chapter_says_of_the_choosing_and_the_teaching():
    rule, told = directed.BRIGHTEST, directed.TOLD
    assert [len(one.rows) for one in (rule, told)] == [5, 5]
    assert (round(rule.scores.mean()), round(told.scores.mean())) == (80, 94)
    assert ends(rule.minus("learned glimpses")) == [19, 13, 25]
    assert ends(rule.minus("four fixed glimpses")) == [11, 8, 14]
    assert ends(told.minus("learned glimpses")) == [33, 27, 38]
    assert ends(told.minus("max pooling"), 1) == [2.1, -0.6, 4.8]
    assert round(told.minus("one path for all").effect) == 42
    off = [row["scores"]["last glimpse off (pixels)"][-1] for row in rule.rows]
    assert 2.5 < min(off) and max(off) < 3.5


def test_who_is_told_pays_less_than_half_of_what_looking_everywhere_costs():
    cost = {row["arm"]: row["multiplications"] for row in answer(registry.question("hard")).rows}
    mine = {row["multiplications"] for row in directed.TOLD.rows}
    assert mine == {cost["learned glimpses"]} and round(mine.pop() / 1e6, 2) == 0.28
    assert round(cost["max pooling"] / 1e6, 2) == 0.73


def test_on_a_thousand_pictures_a_good_choice_is_worth_more_still():
    rule, told = directed.FEW_BRIGHTEST, directed.FEW_TOLD
    assert [len(one.rows) for one in (rule, told)] == [3, 3]
    assert (round(rule.scores.mean()), round(told.scores.mean())) == (36, 73)
    assert ends(rule.minus("blurred picture")) == [12, 2, 23]
    assert ends(rule.minus("four fixed glimpses")) == [9, 4, 13]
    assert ends(told.minus("max pooling")) == [17, -4, 38]
