"""Answers that once fooled a check, lost marks though right, or were told something misleading.

Each is one example of a kind; contract.py and tools/check_quality.py look for the rest of the kind.
"""

import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import solutions
from visual_attention import rooms
from visual_attention.exercises.report import checks
from visual_attention.exercises.values import difference

SOLVED = {stem: solutions(stem) for stem in rooms.parts("checks")}


def examined(stem: str, name: str, answer):
    return checks(rooms.parts("checks")[stem])[f"check_{name}"](answer)


def words(report) -> str:
    return " ".join(report.messages)


# A batch of one, one channel, one head

SQUEEZED = [
    (
        "question_answering",
        "look",
        lambda q, r: ((r @ q[:, :, None]).squeeze() / q.shape[1] ** 0.5).softmax(-1),
    ),
    ("self_attention", "split_heads", lambda t, h: t.unflatten(2, (h, -1)).transpose(1, 2).squeeze()),
    ("vision_transformer", "class_view", lambda w, g: w[:, :, 0, 1:].unflatten(-1, g).squeeze()),
    (
        "tracking",
        "correlate",
        lambda s, t: F.conv2d(s.flatten(0, 1)[None], t, groups=len(s)).squeeze(),
    ),
]


@pytest.mark.parametrize(("stem", "name", "answer"), SQUEEZED)
def test_a_squeeze_is_noticed_and_told(stem, name, answer):
    report = examined(stem, name, answer)
    assert 0 < report.score < report.points, str(report)
    assert "for a single" in words(report) and "axis of size 1" in words(report), str(report)


# Stability by the wrong maximum


def softmax_by_hand(scores, axes, how):
    """A softmax over axes that is right as long as nothing overflows."""
    if how == "batch":
        e = (scores - scores.max()).exp()
    elif how == "clamp":
        e = scores.clamp(-50, 50).exp()
    else:
        e = scores.exp()
    return e / e.sum(axes, keepdim=True)


def spatial_softmax(how):
    return lambda s, temperature=1.0: softmax_by_hand(s / temperature, (1, 2, 3), how)


def best_guess(how):
    def answer(x, times, pictures):
        gaps = (x[:, None] - times.view(-1, 1, 1, 1, 1) * pictures).square().sum((2, 3, 4))
        weights = softmax_by_hand(-gaps / (2 * (1 - times[:, None]) ** 2), 1, how)
        return torch.einsum("bm,mchw->bchw", weights, pictures)

    return answer


def exact_gradient(how):
    def answer(scores, losses):
        p = softmax_by_hand(scores, 1, how)
        return p * (losses - (p * losses).sum(1, keepdim=True))

    return answer


def word_shares(how):
    def answer(scores, words):
        raised = softmax_by_hand(scores, 1, how) * (words > 0)
        return raised / raised.sum(1, keepdim=True).clamp_min(1e-30)

    return answer


def attend(how):
    return lambda q, k, v: softmax_by_hand(q @ k.mT / q.shape[-1] ** 0.5, -1, how) @ v


UNSTABLE = [
    ("soft", "spatial_softmax", spatial_softmax),
    ("generation", "best_guess", best_guess),
    ("hard", "exact_gradient", exact_gradient),
    ("question_answering", "word_shares", word_shares),
    ("self_attention", "attend", attend),
]


@pytest.mark.parametrize("how", ["batch", "clamp", "plain"])
@pytest.mark.parametrize(("stem", "name", "made"), UNSTABLE)
def test_stability_by_the_wrong_maximum_is_noticed(stem, name, made, how):
    report = examined(stem, name, made(how))
    assert report.score < report.points, str(report)
    told = ("hundreds of times", "overflows", "largest score", "largest", "1000", "too small", "late in time")
    assert how == "clamp" or any(text in words(report) for text in told), str(report)


# Silent rules: ties, empty sets, negative differences, rounding, values outside [0, 1], a zero below the line


def largest_among_equals(numbers, answers, new_numbers, new_answers):
    def common(known):
        counts = known.bincount()
        return len(counts) - 1 - counts.flip(0).argmax()

    known = {int(n): common(answers[numbers == n]) for n in numbers.unique()}
    said = torch.stack([known.get(int(n), common(answers)) for n in new_numbers])
    return (said == new_answers).float().mean()


def one_empty_mask_is_two(predicted, true):
    common = (predicted & true).sum((1, 2, 3))
    both = predicted.sum((1, 2, 3)) + true.sum((1, 2, 3))
    either_empty = (predicted.sum((1, 2, 3)) == 0) | (true.sum((1, 2, 3)) == 0)
    return torch.where(either_empty, 1.0, 2 * common / both.clamp(min=1))


def two_pixels_at_most(found, wanted, tolerance):
    return SOLVED["segmentation"].outline_score(found, wanted, min(tolerance, 2))


def inside_the_picture(boxes):
    return SOLVED["detection"].to_corners(boxes).clamp(0, 1)


def width_rounded(wanted):
    return round((-158 + (158**2 + 36 * (wanted - 186)) ** 0.5) / 18)


def scores_above_zero(overlaps, scores, threshold=0.5):
    scores, kept = scores.clone(), []
    while len(scores) and scores.max() > 0:
        kept.append(int(scores.argmax()))
        scores[overlaps[kept[-1]] > threshold] = 0
        scores[kept[-1]] = 0
    return torch.tensor(kept, dtype=torch.int64)


def clamped_in_x_only(first, second):
    overlap = torch.minimum(first[:, 2:], second[:, 2:]) - torch.maximum(first[:, :2], second[:, :2])
    around = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    shared, hull = overlap[:, 0].clamp(min=0) * overlap[:, 1], around.prod(1)
    union = (first[:, 2:] - first[:, :2]).prod(1) + (second[:, 2:] - second[:, :2]).prod(1) - shared
    return shared / union - (hull - union) / hull


SILENT = [
    ("question_answering", "blind_guess", largest_among_equals),
    ("segmentation", "dice_score", one_empty_mask_is_two),
    ("segmentation", "outline_score", two_pixels_at_most),
    ("classification", "matched_width", width_rounded),
    ("detection", "to_corners", inside_the_picture),
    ("detection", "suppress", scores_above_zero),
    ("detection", "generalised_iou", clamped_in_x_only),
]


@pytest.mark.parametrize(("stem", "name", "answer"), SILENT)
def test_a_rule_that_the_text_states_is_tested(stem, name, answer):
    report = examined(stem, name, answer)
    assert report.score < report.points, str(report)


# Forbidden means


def image_by_image(scores, temperature=1.0):
    return torch.stack([(s / temperature).flatten().softmax(0).view_as(s) for s in scores])


def torchs_own(queries, keys, values):
    return F.scaled_dot_product_attention(queries, keys, values)


def one_by_one(queries, keys, values):
    rows = []
    for q, k, v in zip(queries, keys, values, strict=True):
        rows.append((q @ k.T / q.shape[-1] ** 0.5).softmax(-1) @ v)
    return torch.stack(rows)


def by_autograd(scores, losses):
    with torch.enable_grad():
        free = scores.detach().clone().requires_grad_()
        (free.softmax(1) * losses).sum().backward()
    return free.grad


def patch_by_patch(images, patch_size):
    rows, columns = images.shape[2] // patch_size, images.shape[3] // patch_size
    cut = [
        images[:, :, r * patch_size : (r + 1) * patch_size, c * patch_size : (c + 1) * patch_size].flatten(1)
        for r in range(rows)
        for c in range(columns)
    ]
    return torch.stack(cut, dim=1)


FORBIDDEN = [
    ("soft", "spatial_softmax", image_by_image, "a loop"),
    ("self_attention", "attend", torchs_own, "torch's own attention"),
    ("self_attention", "attend", one_by_one, "a loop"),
    ("hard", "exact_gradient", by_autograd, "autograd"),
    ("vision_transformer", "patchify", patch_by_patch, "a loop"),
]


@pytest.mark.parametrize(("stem", "name", "answer", "means"), FORBIDDEN)
def test_forbidden_means_are_noticed(stem, name, answer, means):
    report = examined(stem, name, answer)
    assert 0 < report.score < report.points, str(report)
    assert f"an answer without {means}" in words(report), str(report)


# Right is right


def as_type(function, change):
    def answer(*args, **kwargs):
        return change(function(*args, **kwargs))

    return answer


RIGHT = [
    ("self_attention", "others_only", torch.Tensor.double),
    ("question_answering", "word_shares", torch.Tensor.double),
    ("generation", "best_guess", torch.Tensor.double),
    ("channel", "eca_kernel_size", np.int64),
    ("channel", "eca_kernel_size", torch.tensor),
    ("classification", "matched_width", np.int64),
    ("classification", "pointing_gap", float),
    ("question_answering", "blind_guess", float),
    ("detection", "match", torch.Tensor.int),
    ("detection", "suppress", torch.Tensor.int),
]


@pytest.mark.parametrize(("stem", "name", "change"), RIGHT)
def test_right_is_right_in_any_type_of_number(stem, name, change):
    report = examined(stem, name, as_type(getattr(SOLVED[stem], name), change))
    assert report.score == report.points, str(report)


# Messages that mislead


def pools_booleans(mask, size):
    return F.max_pool2d(mask, size, stride=1, padding=size // 2) == 0


def test_torchs_not_implemented_is_not_called_not_attempted():
    report = examined("inpainting", "sources", pools_booleans)
    assert report.attempted and "NotImplementedError" in words(report), str(report)
    assert "ot attempted" not in words(report)


def test_a_mistake_is_not_named_where_it_only_looks_the_same():
    """With gamma 2 and offset 1, an offset too large by 1 and one added late are the same."""

    def one_more(channels, gamma=2.0, offset=1.0):
        return SOLVED["channel"].eca_kernel_size(channels, gamma, offset + 1)

    assert "after the division" not in words(examined("channel", "eca_kernel_size", one_more))


def test_two_equal_numbers_are_not_called_different():
    said = difference(torch.tensor([1.06815]), torch.tensor([1.068]), "your result")
    wanted, got = re.findall(r"(?:wanted|got) ([0-9.]+[0-9])", said)
    assert wanted != got, said


# Gradients


UNASKED = [
    ("classification", "pointing_score"),
    ("soft", "effective_places"),
    ("generation", "noisy_point"),
    ("inpainting", "hole_psnr"),
    ("segmentation", "dice_score"),
]


@pytest.mark.parametrize(("stem", "name"), UNASKED)
def test_gradients_count_only_where_the_text_asks(stem, name):
    report = examined(stem, name, as_type(getattr(SOLVED[stem], name), torch.Tensor.detach))
    assert report.score == report.points, str(report)


def test_gradients_switched_off_in_an_answer_spoil_nothing_else():
    def careless(scores, temperature=1.0):
        torch.set_grad_enabled(False)
        return SOLVED["soft"].spatial_softmax(scores, temperature)

    try:
        examined("soft", "spatial_softmax", careless)
        assert torch.is_grad_enabled()
        report = examined("soft", "attention_pool", SOLVED["soft"].attention_pool)
        assert report.score == report.points, str(report)
    finally:
        torch.set_grad_enabled(True)


# What is special about the input on which it went wrong


def summed_weights(features, weights):
    return (features * weights.sum(0)).sum((2, 3))


def square_images_only(image, location, size):
    height, x, y = image.shape[0], *location.tolist()
    x = (x + 1) * height / image.shape[1] - 1  # as if the width were the height
    return SOLVED["hard"].cut_glimpse(image, torch.tensor([x, y], dtype=torch.float64), size)


def once_each(scores, temperature=1.0):
    """The sum runs over the different scores: right where none occurs twice."""
    hot = scores / temperature
    total = torch.stack([image.unique().sub(image.max()).exp().sum() for image in hot])
    return (hot - hot.amax((1, 2, 3), keepdim=True)).exp() / total.view(-1, 1, 1, 1)


SPECIAL = [
    ("soft", "attention_pool", summed_weights, "right for a single image, but not"),
    (
        "soft",
        "attention_pool",
        lambda f, w: (f * w).sum((2, 3)) * w[0].numel(),
        "up to the factor H*W",
    ),
    (
        "self_attention",
        "attend",
        lambda q, k, v: SOLVED["self_attention"].attend(q, k, v).mT,
        "after exchanging axes 1 and 2",
    ),
    ("soft", "spatial_softmax", once_each, "not where many numbers are equal"),
    (
        "vision_transformer",
        "class_view",
        lambda w, g: w[:, :, 0, 1:].reshape(*w.shape[:2], g[0], g[0]),
        "right where all sizes are equal, but not for",
    ),
]


@pytest.mark.parametrize(("stem", "name", "answer", "told"), SPECIAL)
def test_what_is_special_is_told(stem, name, answer, told):
    report = examined(stem, name, answer)
    assert report.score < report.points and told in words(report), str(report)
