"""Who finds the objects, by which rule, and what each is cut by."""

import pytest
import torch

from visual_attention.boxes import suppress
from visual_attention.chapters.detection import claims, cuts, scenes, seen
from visual_attention.chapters.detection.answers import Answers, ranked, suppressed, sure
from visual_attention.experiments import registry
from visual_attention.training import parameters, seeded

QUESTION = registry.question("detection")
NAMES = [contender.name for contender in QUESTION.contenders]
QUERIES = {"set transformer", "queries from the grid", "fixed looks"}
CELLS = {"grid", "deeper grid", "grid with attention"}
names = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Small pools, so that drawing takes a second."""
    for pools in (seen.POOLS, seen.SMALL_POOLS):
        for split in pools:
            monkeypatch.setitem(pools, split, 40)
    seen.pool.cache_clear()
    yield
    seen.pool.cache_clear()


def build(name, **setting):
    with seeded(0):
        return QUESTION.contender(name).build({**QUESTION.setting, **setting}).eval()


def drawn(count=12, split="test", **setting):
    generator = torch.Generator().manual_seed(0)
    return seen.take(count, split, generator, {**QUESTION.setting, **setting})


def test_the_rule_is_the_one_that_was_written_down():
    recipe = QUESTION.recipe
    assert (recipe.steps, recipe.batch, recipe.warmup, recipe.examples) == (512, 16, 32, 250)
    assert (QUESTION.margin, QUESTION.faster, QUESTION.level, QUESTION.sets) == (
        5,
        1.5,
        40,
        (250, 1000, 4000),
    )
    assert QUESTION.rule == "caa8bdaa3a2a" and len(QUESTION.variants) >= 8
    roles = {contender.name: contender.role for contender in QUESTION.contenders}
    assert roles["set transformer"] == "attention" and roles["fixed looks"] == "control"
    assert roles["same answers"] == "trivial"


def test_widths_are_of_one_kind():
    counts = {name: parameters(build(name)) for name in QUERIES | CELLS}
    assert max(counts.values()) < 1.5 * min(counts.values())


@names
def test_each_scores_learns_and_is_cut(name):
    model, batch = build(name), drawn()
    scored = claims.score(model, batch)
    assert set(scored) == {
        "AP50", "small or hidden found", "others found", "surplus answers", "empty scenes answered"
    }  # fmt: skip
    assert all(0 <= value <= 100 for value in scored.values())
    assert claims.loss(model.train(), batch).isfinite()
    made = {key for key, one in QUESTION.task.cuts.items() if one(model.eval(), batch) is not None}
    looks = {"uniform looks", "another picture's looks", "objects forbidden"}
    wanted = looks if name in QUERIES | {"grid with attention"} else set()
    wanted |= {"silent queries"} if name in QUERIES else set()
    wanted |= {"no suppression"} if name in CELLS else {"suppression"}
    assert made == wanted


def test_a_backbone_trained_along_gets_gradients_and_pictures():
    model = build("grid", frozen=False).train()
    batch = drawn(frozen=False)
    assert batch.features.dtype == torch.uint8 and batch.features.shape[1:] == (3, 64, 64)
    claims.loss(model, batch).backward()
    assert all(p.grad is not None for p in model.backbone.parameters())


def test_an_object_is_found_by_the_right_class_and_half_an_overlap_among_the_best_eight():
    box = torch.tensor([[0.5, 0.5, 0.4, 0.4]])
    there = (box[None], torch.tensor([[1]]), torch.tensor([[True]]), torch.tensor([[0.0]]))
    batch = seen.Seen(torch.zeros(1, 64, 8, 8), *there)

    def found(boxes, labels):
        count = len(labels)
        given = Answers(boxes[None], torch.tensor([labels]), torch.linspace(1, 0, count)[None])
        return claims.finds(given, batch).item()

    aside = box + torch.tensor([0.3, 0.0, 0.0, 0.0])
    assert found(box, [1]) and not found(box, [2]) and not found(aside, [1])
    assert not found(box, [-1])  # padding
    assert found(torch.cat([aside] * 7 + [box]), [1] * 8)
    assert not found(torch.cat([aside] * 8 + [box]), [1] * 9)
    assert found(torch.cat([aside] * 8 + [box]), [-1] + [1] * 8)  # what was suppressed takes no place


def test_difficult_is_small_or_heavily_hidden():
    boxes = torch.tensor([[[0.5, 0.5, 0.1, 0.1], [0.5, 0.5, 0.4, 0.4], [0.5, 0.5, 0.4, 0.4]]])
    hidden = torch.tensor([[0.0, 0.1, scenes.HEAVY]])
    there = torch.ones(1, 3, dtype=torch.bool)
    batch = seen.Seen(torch.zeros(1, 64, 8, 8), boxes, there.long(), there, hidden)
    assert claims.difficult(batch).tolist() == [[True, False, True]]


def test_suppression_is_that_of_the_shared_one_for_each_picture():
    generator = torch.Generator().manual_seed(0)
    boxes = 0.3 + 0.2 * torch.rand(4, 15, 4, generator=generator)
    given = ranked(torch.rand(4, 15, 3, generator=generator), boxes)
    kept = suppressed(given)
    for k in range(4):
        one = given.of(k)
        want = suppress(one.boxes, one.scores, one.labels)
        assert torch.equal(kept.of(k).boxes, one.boxes[want])
    assert (suppressed(given.without(torch.ones(4, 15, dtype=torch.bool))).labels == -1).all()
    assert torch.equal(sure(given), given.scores >= 0.5)


def test_cuts_change_what_they_say():
    weights = torch.rand(2, 3, 4, 64).softmax(dim=-1)
    assert cuts.uniform(weights).unique().tolist() == [1 / 64]
    assert torch.equal(cuts.anothers(weights)[0], weights[1])
    there = scenes.Objects(
        torch.tensor([[[0.25, 0.5, 0.5, 1.0]], [[0.5, 0.5, 1.0, 1.0]]]),
        torch.zeros(2, 1, dtype=torch.long),
        torch.tensor([[True], [False]]),
    )
    left = cuts.forbidden(there, 8)(weights).unflatten(-1, (8, 8))
    assert not left[0, ..., :4].any() and (left[0, ..., 4:] > 0).all()  # the left half is the object
    torch.testing.assert_close(left.sum(dim=(-2, -1)), torch.ones(2, 3, 4))
    torch.testing.assert_close(left[1].flatten(-2), weights[1])  # padding forbids nothing


def test_uncut_a_copy_answers_as_the_network_and_the_network_stays():
    model, batch = build("set transformer"), drawn()
    same = cuts.looking(model, lambda weights: weights)
    for part, other in zip(same(batch.features), model(batch.features), strict=True):
        torch.testing.assert_close(part, other, atol=1e-5, rtol=1e-4)
    before = model(batch.features)[0]
    cut = cuts.looking(model, cuts.uniform)
    assert (cut(batch.features)[0] - before).abs().max() > 1e-4
    assert torch.equal(model(batch.features)[0], before)
    assert cuts.looking(build("grid"), cuts.uniform) is None and cuts.silent(build("grid")) is None


def test_silent_queries_do_not_hear_each_other():
    model, batch = build("set transformer"), drawn(3)
    quiet = cuts.silent(model)
    scores, _ = quiet(batch.features)
    quiet.points.data[7] += 1.5
    moved, _ = quiet(batch.features)
    torch.testing.assert_close(moved[:, :7], scores[:, :7])


def test_scenes_of_a_pool_are_not_drawn_twice_in_one_go():
    every = drawn(40)
    assert len({tuple(boxes.flatten().tolist()) for boxes in every.boxes if boxes.any()}) > 30
    assert every.features.dtype == torch.float16 and every.features.shape == (40, 64, 8, 8)
    assert not set(scenes.BACKGROUNDS["validation"]) & set(
        scenes.BACKGROUNDS["learning"] + scenes.BACKGROUNDS["test"]
    )
