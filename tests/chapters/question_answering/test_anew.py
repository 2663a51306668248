"""What is shown absent, and what is not, in the two ways of training that were asked for afterwards."""

import pytest
import torch

from visual_attention.chapters.question_answering import anew, inventing
from visual_attention.chapters.question_answering.sentences import SORTS, token

ABSENT, BESIDE = SORTS.index("absent"), SORTS.index("absent beside")


def test_beside_only_shows_absent_things_beside_alone():
    sorts = set(anew.pool("beside only", 0, 300).sorts.tolist())
    assert BESIDE in sorts and ABSENT not in sorts and SORTS.index("empty side") not in sorts


@pytest.mark.slow
def test_three_names_are_shown_absent_and_all_are_asked_for():
    learnt, whole = anew.pool("three names", 0, 600), inventing.pool("in colours", 0, 600)
    asked = learnt.tokens[:, 2]
    three = {token(name) for name in ("disc", "square", "cross")}
    assert set(asked[learnt.sorts == ABSENT].tolist()) == three
    assert set(asked[learnt.sorts == SORTS.index("attribute")].tolist()) > three
    others = (whole.sorts == ABSENT) & ~anew.shown(whole)
    assert len(learnt.sorts) == len(whole.sorts) - others.sum() and others.any()
    assert torch.equal(learnt.cells, whole.cells[~others])


def test_another_way_of_training_is_refused():
    with pytest.raises(ValueError, match="beside only, three names"):
        anew.pool("never", 0, 10)


class Claims(torch.nn.Module):
    """Denies what has one of the three names, and claims the rest."""

    def say(self, cells, question, forbidden=None):
        denial, claim = (
            torch.tensor([token(word) for word in words])
            for words in (("none", "is", "there", "."), ("7", "is", "red", "."))
        )
        three = torch.isin(question[:, 2], torch.tensor([token(name) for name in anew.SHOWN]))
        return torch.where(three[:, None], denial, claim)


def test_inventions_are_counted_apart_by_name():
    found = anew.scores(Claims())
    assert found["invented: three names"] == 0 and found["invented: the others"] == 100
    assert 0 < found["invented: absent"] < 100


def test_denial_is_shown_for_each_form_and_each_thing_anew():
    for regime in anew.REGIMES:
        assert [row["seed"] for row in anew.rows(regime)] == [0, 1, 2]
    assert all(row["invented: absent"] == 100 for row in anew.rows("beside only"))
    beside = anew.over_seeds("beside only", "invented: absent beside")
    assert [round(x) for x in (beside.effect, beside.low, beside.high)] == [25, 18, 32]
    for row in anew.rows("three names"):
        assert row["invented: three names"] < 0.5 and row["invented: the others"] == 100
        assert row["true: attribute"] > 99 and row["denied: attribute"] < 0.5
