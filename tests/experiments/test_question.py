from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.experiments import known
from visual_attention.experiments.plan import quick
from visual_attention.experiments.question import Recipe, Variant


def changed(**changes):
    return known.usual(**changes).rule != known.usual().rule


@pytest.mark.parametrize(
    "changes",
    [
        {"margin": 6},
        {"faster": 2},
        {"level": 51},
        {"sets": (8, 16, 64)},
        {"seeds": 4},
        {"rates": (1e-3, 3e-3, 1e-2, 0.1)},
        {"recipe": Recipe(steps=32, batch=4, warmup=0, points=5, examples=8)},
        {"metric": "where"},
        {"lower": True},
        {"tuning_seeds": 2},
        {"setting": {"width": 3}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_could_change_the_answer_changes_the_hash(changes):
    assert changed(**changes)


def test_another_arm_role_or_layer_changes_the_hash():
    arms = known.usual().contenders
    assert changed(contenders=arms[:-1])
    assert changed(contenders=(*arms[:-1], replace(arms[-1], role="rival")))
    wider = known.contender("another", "control", 50.0, width=2)
    assert changed(contenders=(*arms[:-1], wider))


def test_words_do_not_change_the_hash():
    assert not changed(meaning="It says a lot.", tried=("nothing",), design="Pictures.")
    assert not changed(variants=())  # the headline does not hang on them
    assert known.usual(variants=()).specification_rule != known.usual().specification_rule


def test_more_seeds_of_what_decides_nothing_make_no_new_rule():
    assert not changed(side_seeds=9)
    assert known.usual(variant_seeds=9).specification_rule == known.usual().specification_rule


def test_scored_steps_are_a_factor_of_two_apart():
    assert Recipe(steps=512).scored == (4, 8, 16, 32, 64, 128, 256, 512)
    assert Recipe(steps=5).scored == (1, 2, 5)


def test_quick_is_three_seeds_and_a_quarter_of_the_steps():
    question = known.usual(seeds=10, tuning_seeds=3, variants=(Variant("longer", recipe={"steps": 32}),))
    short = quick(question)
    assert (short.seeds, short.side_seeds, short.variant_seeds, short.tuning_seeds) == (3, 3, 3, 1)
    assert short.recipe.steps == 4
    assert short.specifications[0].recipe.steps == 8
    assert short.rule != question.rule


def test_the_fixed_sets_come_with_pictures_without_end():
    conditions = known.usual().conditions
    assert [(c.name, c.pictures) for c in conditions] == [
        ("8 pictures", 8), ("16 pictures", 16), ("32 pictures", 32), ("without end", None),
    ]  # fmt: skip


def test_the_rule_in_words_holds_its_numbers():
    words = known.usual(margin=7, faster=3, seeds=11).rule_in_words
    assert "11 seeds" in words and "7 points" in words and "3 times fewer steps" in words
    assert "0.001, 0.003, 0.01, 0.03" in words


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contenders": known.usual().contenders[1:]}, "exactly one of role 'attention'"),
        ({"contenders": known.usual().contenders[:1] * 2}, "distinct names"),
        ({"name": "other"}, "wanted the stem of 'mechanisms/toy' first"),
        ({"margin": 0}, "wanted margin > 0"),
    ],
)
def test_questions_that_make_no_sense(changes, message):
    with pytest.raises(ValueError, match=message):
        known.usual(**changes)
    with pytest.raises(ValueError, match="got 'hero'"):
        known.contender("x", "hero", 1.0)


def test_hashing_leaves_the_global_generator_alone():
    question = known.usual()
    drawn = replace(question.contenders[0], build=lambda setting: nn.Linear(3, 2))
    before = torch.get_rng_state()
    assert replace(question, contenders=(drawn, *question.contenders[1:])).rule != question.rule
    assert torch.equal(before, torch.get_rng_state())
