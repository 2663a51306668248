"""The attacker's controls differ from the contest in one thing each, and the page says what they gave."""

import torch

from visual_attention.chapters.vision_transformer import claims, controls, networks
from visual_attention.experiments import verdict
from visual_attention.experiments.answer import answer
from visual_attention.training import parameters, seeded

SETTING = controls.QUESTION.setting
ROWS = controls.load()
NAMES = [each.name for each in controls.CONTROLS]


def recorded(name):
    return answer(claims.QUESTIONS[0]).curve(controls.QUESTION.middle, name)[: controls.SEEDS, -1]


def between(one, other):
    found = verdict.paired(one, other)
    return [round(x) for x in (found.effect, found.low, found.high)]


def test_shuffled_pixels_are_the_same_pixels_in_one_order_for_all():
    model = controls.Shuffled(torch.nn.Identity())
    images = torch.arange(2 * 256.0).view(2, 1, 16, 16)
    first, second = model(images)
    assert torch.equal(second, first + 256) and not torch.equal(first, images[0])
    assert torch.equal(first.flatten().sort().values, torch.arange(256.0))
    assert torch.equal(first, controls.Shuffled(torch.nn.Identity())(images)[0])


def test_overlapping_patches_see_eight_pixels_and_are_linear():
    with seeded(0):
        patches, image = controls.OverlappingPatches(6), torch.rand(1, 1, 16, 16, requires_grad=True)
    patches(image)[0, 5].sum().backward()  # row 1, column 1 of 4 x 4
    seen = (image.grad[0, 0] != 0).nonzero()
    assert seen.min(0).values.tolist() == [2, 2] and seen.max(0).values.tolist() == [9, 9]
    other = torch.rand(1, 1, 16, 16)
    both = patches(image + other) + patches(torch.zeros_like(other))
    torch.testing.assert_close(both, patches(image) + patches(other))


def test_nobody_is_larger_than_the_record_s_by_more_than_a_tenth():
    with seeded(0):
        sizes = {each.name: parameters(each.build(SETTING)) for each in controls.CONTROLS}
    assert max(sizes.values()) < 1.1 * 27050 and min(sizes.values()) > 0.95 * 27050


def test_the_coarse_convolution_begins_with_the_transformer_s_cut():
    cut = controls.CoarseConvolution(8).see[0]
    assert cut.kernel_size == cut.stride == (networks.PATCH, networks.PATCH) and cut.padding == (0, 0)


def test_rates_come_first_and_the_best_on_validation_pictures_is_taken():
    first = controls.missing([])
    assert {one.part for one in first} == {"tuning"} and len(first) == 4 * len(NAMES)
    rows = [
        {
            "part": "tuning",
            "arm": one.arm,
            "rate": one.rate,
            "seed": one.seed,
            "scores": {"accuracy": [9, one.rate]},
        }
        for one in first
    ]
    assert controls.rate(NAMES[0], rows) == max(claims.RATES) and controls.rate(NAMES[0], rows[:3]) is None
    then = controls.missing(rows)
    assert [(one.part, one.rate, one.seed) for one in then[:4]] == [("headline", max(claims.RATES), 0)] * 4
    assert len(then) == controls.SEEDS * len(NAMES)


def test_the_record_is_whole_and_made_as_the_question_s_own():
    assert controls.missing(ROWS) == []
    assert {row["condition"] for row in ROWS} == {"800 pictures"} and {row["steps"][-1] for row in ROWS} == {
        1024
    }


def test_without_neighbours_a_quarter_of_the_lead_is_left():
    whole = recorded("convolution"), recorded("transformer")
    shuffled = [controls.scores(f"{name}, pixels shuffled", ROWS) for name in ("convolution", "transformer")]
    assert [round(each.mean()) for each in (*whole, *shuffled)] == [95, 68, 63, 56]
    assert between(*whole)[0] == 28 and between(*shuffled) == [7, 5, 8]


def test_the_cut_matters_more_to_the_transformer_than_to_the_convolution():
    coarse = controls.scores("convolution on the same cut", ROWS)
    overlapping = controls.scores("transformer, overlapping patches", ROWS)
    assert [round(each.mean()) for each in (coarse, overlapping)] == [91, 79]
    assert between(recorded("convolution"), coarse) == [4, 3, 5]
    assert between(overlapping, recorded("transformer")) == [11, 7, 16]
    assert between(recorded("convolution"), overlapping)[0] == 16
