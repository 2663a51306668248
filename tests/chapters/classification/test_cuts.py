"""What a cut changes, what it leaves, and that the network itself stays whole."""

import copy

import pytest
import torch
from torch import nn

from visual_attention.chapters.classification import cuts, gradcam, sizes, trained
from visual_attention.chapters.classification.classifier import Classifier, GeMPool, MaxPool
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.nonlocal_block import NonLocalBlock
from visual_attention.mechanisms.soft import SoftAttentionPool

ALL = (cuts.own, cuts.uniform, cuts.anothers, cuts.held, cuts.forbidden)


def soft(channels):
    pool = SoftAttentionPool(channels, 4, temperature=0.05)  # a fresh one prefers no place
    return pool


PARTS = {"soft": {"pool": soft}, "max": {"pool": MaxPool}, "CBAM": {"slot": lambda c: CBAM(c, reduction=1)}}
every = pytest.mark.parametrize("name", PARTS)


def build(name, **more):
    torch.manual_seed(0)
    return Classifier(7, width=6, **PARTS[name], **more).eval()


def shown(count=4):
    images = torch.rand(count, 1, 16, 24, generator=torch.Generator().manual_seed(1))
    masks = torch.zeros(count, 1, 16, 24, dtype=torch.bool)
    masks[:, :, 4:12, 6:16] = True  # rows 1 and 2 whole; of six columns half of 1, then 2 and 3 whole
    return images, masks


@every
@pytest.mark.parametrize("norm", [False, True])
def test_a_cut_that_changes_nothing_leaves_the_scores(name, norm):
    model, (images, masks) = build(name, norm=norm), shown()
    with torch.no_grad():
        torch.testing.assert_close(cuts.scores_with(model, images, masks, cuts.own), model(images))


@every
def test_the_network_itself_stays_whole(name):
    model, (images, masks) = build(name), shown()
    before = copy.deepcopy(model.state_dict())
    for weigh in ALL:
        cuts.scores_with(model, images, masks, weigh)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@every
def test_all_cuts_keep_the_sum_of_the_weights(name):
    part = (
        SoftAttentionPool(6, 4) if name == "soft" else MaxPool(6) if name == "max" else CBAM(6, reduction=1)
    )
    features = torch.rand(4, 6, 4, 6, generator=torch.Generator().manual_seed(2))
    cover = torch.nn.functional.adaptive_avg_pool2d(shown()[1].float(), (4, 6))
    with torch.no_grad():
        own = part.weights(features).sum(dim=(2, 3))
        for weigh in (cuts.uniform, cuts.held, cuts.forbidden):
            torch.testing.assert_close(weigh(part, features, cover).sum(dim=(2, 3)), own)
        torch.testing.assert_close(cuts.anothers(part, features, cover).sum(dim=(2, 3)), own[[3, 0, 1, 2]])
        assert (cuts.held(part, features, cover) * (cover == 0)).abs().max() == 0
        assert (cuts.forbidden(part, features, cover) * (cover > 0)).abs().max() == 0


def test_held_by_hand():
    class Known(nn.Module):
        def weights(self, x):
            return torch.tensor([[[[0.1, 0.2, 0.3, 0.4]]]])

    cover = torch.tensor([[[[0.0, 0.5, 1.0, 0.0]]]])
    torch.testing.assert_close(cuts.held(Known(), None, cover), torch.tensor([[[[0, 0.25, 0.75, 0]]]]))
    torch.testing.assert_close(cuts.forbidden(Known(), None, cover), torch.tensor([[[[0.2, 0, 0, 0.8]]]]))


def test_a_place_that_the_digit_covers_by_half_keeps_half_of_its_weight():
    model, (images, masks) = build("soft"), shown()
    with torch.no_grad():
        features = model.features(images)
        half = torch.zeros(1, 1, 4, 6)
        half[..., 1:3, 1], half[..., 1:3, 2:4] = 0.5, 1.0
        left = model.pool.weights(features) * half
        wanted = model.head((features * left / left.sum((2, 3), keepdim=True)).sum((2, 3)))
        got = cuts.scores_with(model, images, masks, cuts.held)
        torch.testing.assert_close(got, wanted)
        touched = model.pool.weights(features) * (half > 0)
        other = model.head((features * touched / touched.sum((2, 3), keepdim=True)).sum((2, 3)))
        assert (got - other).abs().max() > 1e-4


def test_a_maximum_is_taken_among_the_allowed_places():
    features = torch.tensor([[[[9.0, 2.0, 0.0]], [[1.0, 0.0, 5.0]], [[7.0, 0.0, 0.0]]]])
    allowed = torch.tensor([[[[0.0, 0.5, 1.0]]]])
    weights = cuts.within(MaxPool(3), features, allowed)
    assert (features * weights).sum(dim=(2, 3)).tolist() == [[2.0, 5.0, 0.0]]


def test_gates_of_both_slots_are_cut():
    model, (images, masks) = build("CBAM"), shown()
    with torch.no_grad():
        first = model.convs[0](model.stem(images))
        first = first * model.slots[0].weights(first)[[3, 0, 1, 2]]
        second = model.convs[1](first)
        second = second * model.slots[1].weights(second)[[3, 0, 1, 2]]
        wanted = model.head(second.mean(dim=(2, 3)))
        torch.testing.assert_close(cuts.scores_with(model, images, masks, cuts.anothers), wanted)


@pytest.mark.parametrize("parts", [{}, {"slot": NonLocalBlock}, {"pool": GeMPool}])
def test_what_has_no_weights_that_multiply_is_not_cut(parts):
    assert cuts.scores_with(Classifier(width=6, **parts).eval(), *shown(), cuts.own) is None


def test_confetti_moves_whole_pieces_and_loses_none():
    pictures = torch.arange(2 * 16 * 24.0).view(2, 1, 16, 24)
    got = cuts.confetti(pictures)
    assert not torch.equal(got, pictures)
    assert torch.equal(got.flatten(1).sort().values, pictures.flatten(1))

    def pieces(x):
        cut = x.unfold(2, 4, 4).unfold(3, 6, 6).flatten(2, 3)
        return {tuple(piece.flatten().tolist()) for piece in cut[0, 0]}

    assert pieces(got) == pieces(pictures)


def test_a_digit_is_painted_over_with_what_lies_around():
    images, masks = torch.full((1, 1, 4, 4), 0.25), torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    masks[..., 1:3, 1:3] = True
    images[masks] = 1.0
    assert torch.equal(cuts.without_digit(images, masks), torch.full((1, 1, 4, 4), 0.25))


def test_a_square_around_the_peak_is_painted_over():
    images = torch.zeros(2, 1, 8, 12)
    images[:, :, ::2] = 1.0
    maps = torch.zeros(2, 1, 2, 3)
    maps[0, 0, 1, 1] = maps[1, 0, 0, 2] = 1.0  # middles of the cells: row 6, column 6; row 2, column 10
    changed = cuts.without_peak(images, maps, 3) != images
    assert changed[0, 0].nonzero().tolist() == [[r, c] for r in (5, 6, 7) for c in (5, 6, 7)]
    assert changed[1, 0].nonzero().tolist() == [[r, c] for r in (1, 2, 3) for c in (9, 10, 11)]


def test_grad_cam_is_captum_s():
    attr = pytest.importorskip("captum.attr")
    model = trained.load()
    images = sizes.cell(4, split="test", side=14, pieces=4, generator=torch.Generator().manual_seed(0)).images
    classes = torch.tensor([3, 0, 7, 3])
    with torch.no_grad():
        features = model.features(images)
    got = gradcam.grad_cam(features, lambda x: model.read(model.pool(x)), classes)
    theirs = attr.LayerGradCam(model, model.slots[-1]).attribute(images, classes, relu_attributions=True)
    torch.testing.assert_close(got, theirs.detach(), atol=1e-6, rtol=1e-4)
    assert got.shape == (4, 1, 12, 12) and got.amax() > 0
    other = gradcam.grad_cam(features, lambda x: model.read(model.pool(x)), (classes + 1) % 10)
    assert not torch.allclose(got, other)


def test_grad_cam_by_hand():
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 0.0]]]])  # two channels, two places
    weight = torch.tensor([[2.0, -1.0], [0.0, 1.0]])

    def read(x):
        return x.mean(dim=(2, 3)) @ weight.T

    assert gradcam.grad_cam(features, read, torch.tensor([0])).tolist() == [[[[0.0, 2.0]]]]
    assert gradcam.grad_cam(features, read, torch.tensor([1])).tolist() == [[[[1.5, 0.0]]]]

    def first_place(x):  # reads one place only: the average hides which
        return x[..., 0, 0] @ weight.T

    both = (gradcam.grad_cam(features, first_place, torch.tensor([1]), averaged=a) for a in (True, False))
    assert [one.tolist() for one in both] == [[[[[1.5, 0.0]]]], [[[[3.0, 0.0]]]]]
    opposed = torch.tensor([[[[1.0, 2.0]], [[0.0, 4.0]]]])
    alone = gradcam.grad_cam(opposed, first_place, torch.tensor([1]), averaged=False)
    assert alone.tolist() == [[[[0.0, 0.0]]]]  # the place that is read holds nothing of that channel
    assert gradcam.grad_cam(opposed, first_place, torch.tensor([1])).tolist() == [[[[0.0, 2.0]]]]
