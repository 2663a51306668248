"""One network with a slot and a pool: what stands where, and what its map says."""

import pytest
import torch
from torch import nn

from visual_attention.chapters.classification.classifier import (
    Classifier,
    GeMPool,
    MapOfAnother,
    MaxPool,
    layer,
    main,
    one_map,
)
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.mechanisms.nonlocal_block import NonLocalBlock
from visual_attention.mechanisms.slots import Empty
from visual_attention.mechanisms.soft import SoftAttentionPool

B, C, H, W = 3, 5, 20, 28  # the map has 5 x 7 places


def soft(channels):
    return SoftAttentionPool(channels, 2)


def squeeze(channels):
    return SqueezeExcitation(channels, reduction=1)


def cbam(channels):
    return CBAM(channels, reduction=1)


PARTS = {
    "nothing": {},
    "convolution": {"slot": lambda channels: layer(channels, channels)},
    "soft pooling": {"pool": soft},
    "max pooling": {"pool": MaxPool},
    "squeeze and excitation": {"slot": squeeze},
    "CBAM": {"slot": cbam},
    "non-local": {"slot": NonLocalBlock},
}
WITH_MAP = ("soft pooling", "max pooling", "CBAM", "non-local")


def build(name="nothing", **more):
    torch.manual_seed(1)
    model = Classifier(7, width=C, **PARTS[name], **more)
    for module in model.modules():  # statistics that are not those of the start
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, NonLocalBlock):
            nn.init.normal_(module.out.weight)
    return model.eval()


def images(seed=0, b=B):
    return torch.rand(b, 1, H, W, generator=torch.Generator().manual_seed(seed))


class TestClassifier:
    def test_by_hand_without_anything(self):
        model, x = build(), images()
        with torch.no_grad():
            third = model.convs[1](model.convs[0](model.stem(x)))
            assert third.shape == (B, C, 5, 7)
            torch.testing.assert_close(model.features(x), third)
            torch.testing.assert_close(model(x), model.head(third.mean(dim=(2, 3))))

    def test_both_slots_are_passed_in_order(self):
        class Twice(nn.Module):
            def __init__(self, channels):
                super().__init__()

            def forward(self, x):
                return 2 * x

        model, x = build(), images()
        torch.manual_seed(1)
        with torch.no_grad():
            first = model.convs[0](model.stem(x))
            model.slots = nn.ModuleList([Twice(C), Twice(C)])
            torch.testing.assert_close(model.features(x), 2 * model.convs[1](2 * first))

    @pytest.mark.parametrize("name", PARTS)
    def test_every_parameter_gets_a_gradient(self, name):
        model = build(name).train()
        (model(images(b=5)) ** 2).sum().backward()
        lost = {n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()}
        assert lost <= {"pool.conv2.bias"}  # shifts all scores alike

    @pytest.mark.parametrize("name", PARTS)
    def test_images_do_not_mix_within_a_batch(self, name):
        model, x = build(name), images()
        torch.testing.assert_close(model(x), torch.cat([model(image[None]) for image in x]))

    def test_other_strides_keep_small_pictures_whole(self):
        model = build("soft pooling", strides=(1, 1, 1))
        assert model.place_map(torch.rand(2, 1, 8, 8)).shape == (2, 1, 8, 8)

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.rand(B, 3, H, W), "wanted 1 channels.*got 3"),
            (torch.rand(1, H, W), r"\(B, C, H, W\).*got 3"),
            (torch.zeros(B, 1, H, W, dtype=torch.uint8), "floating point, got torch.uint8"),
        ],
    )
    def test_a_wrong_picture_is_told_what_was_wanted(self, wrong, says):
        for call in (build(), build("soft pooling").place_map):
            with pytest.raises(ValueError, match=says):
                call(wrong)

    def test_widths_that_cannot_be_are_refused(self):
        with pytest.raises(ValueError, match="width above 0, got 0"):
            Classifier(width=0)


class TestPlaceMap:
    @pytest.mark.parametrize("name", PARTS)
    def test_it_is_there_where_places_are_weighed_and_sums_to_1(self, name):
        found = build(name).place_map(images())
        assert (found is not None) == (name in WITH_MAP)
        if found is not None:
            assert found.shape == (B, 1, 5, 7) and found.min() >= 0
            torch.testing.assert_close(found.sum(dim=(1, 2, 3)), torch.ones(B))

    def test_a_soft_pool_shows_its_own_weights(self):
        model, x = build("soft pooling"), images()
        torch.testing.assert_close(model.place_map(x), model.pool.weights(model.features(x)))

    def test_cbam_shows_the_gate_of_what_enters_the_last_slot(self):
        model, x = build("CBAM"), images()
        before = model.convs[1](model.slots[0](model.convs[0](model.stem(x))))
        gates = model.slots[1].weights(before).mean(dim=1, keepdim=True)
        torch.testing.assert_close(model.place_map(x), gates / gates.sum(dim=(2, 3), keepdim=True))

    def test_non_local_counts_what_all_places_take_from_one(self):
        weights = torch.tensor([[[0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0],
                                 [0.5, 0.0, 0.5, 0.0], [0.0, 0.0, 0.0, 1.0]]])  # fmt: skip
        want = torch.tensor([[[[0.125, 0.5], [0.125, 0.25]]]])
        torch.testing.assert_close(one_map(weights, (2, 2)), want)

    def test_max_pooling_counts_the_channels_that_a_place_wins(self):
        x = torch.tensor(
            [[[[1.0, 5.0]], [[2.0, 7.0]], [[9.0, 0.0]], [[0.0, 1.0]]]]
        )  # four channels, two places
        pool = MaxPool(4)
        torch.testing.assert_close(one_map(pool.weights(x), (1, 2)), torch.tensor([[[[0.25, 0.75]]]]))
        assert pool(x).tolist() == [[5.0, 7.0, 9.0, 1.0]]

    def test_gates_of_channels_are_no_map(self):
        assert one_map(torch.rand(2, C, 1, 1), (5, 7)) is None
        assert one_map(torch.rand(2, 1, 1, 1), (1, 1)).flatten().tolist() == [1.0, 1.0]

    def test_a_map_without_any_weight_stays_finite(self):
        assert one_map(torch.zeros(1, 1, 2, 3), (2, 3)).tolist() == torch.zeros(1, 1, 2, 3).tolist()


def test_max_pooling_applies_exactly_its_weights():
    x = torch.randn(B, C, 5, 7, generator=torch.Generator().manual_seed(3))
    x[0, 0] = 1.0  # equals: the first one counts
    pool = MaxPool(C)
    torch.testing.assert_close(pool(x), (x * pool.weights(x)).sum(dim=(2, 3)))
    assert pool.weights(x).sum(dim=(2, 3)).eq(1).all()


def test_a_single_picture_gets_its_own_map():
    x = torch.randn(1, C, 5, 7)
    torch.manual_seed(0)
    pool = SoftAttentionPool(C, 2)
    torch.testing.assert_close(MapOfAnother(pool)(x), pool(x))


def test_a_picture_gets_the_map_of_the_one_before_it():
    torch.manual_seed(0)
    x, pool = torch.randn(3, C, 5, 7), SoftAttentionPool(C, 2)
    astray = MapOfAnother(pool)
    torch.testing.assert_close(astray.weights(x), pool.weights(x)[[2, 0, 1]])
    torch.testing.assert_close(astray(x), (x * pool.weights(x)[[2, 0, 1]]).sum(dim=(2, 3)))


def test_the_generalised_mean_lies_between_average_and_maximum():
    x = torch.tensor([[[[1.0, 3.0]], [[2.0, 2.0]]]])  # two channels, two places
    assert GeMPool(2, p=1.0)(x).tolist() == [[2.0, 2.0]]
    torch.testing.assert_close(GeMPool(2, p=3.0)(x), torch.tensor([[14.0 ** (1 / 3), 2.0]]))
    torch.testing.assert_close(GeMPool(2, p=60.0)(x)[0, 0], torch.tensor(3.0), atol=0.05, rtol=0)


def test_the_norm_stands_between_pool_and_reader():
    model, x = build("soft pooling", norm=True), images()
    model.norm.running_mean.uniform_(-1, 1)
    model.norm.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        pooled = model.pool(model.features(x))
        scaled = (pooled - model.norm.running_mean) / (model.norm.running_var + model.norm.eps).sqrt()
        torch.testing.assert_close(model(x), model.head(scaled), atol=1e-5, rtol=1e-4)
    assert isinstance(build().norm, nn.Identity)


def test_a_layer_gives_nothing_below_0():
    torch.manual_seed(0)
    made = layer(2, 6, stride=2)(torch.randn(4, 2, 8, 8))
    assert made.shape == (4, 6, 4, 4) and made.min() == 0 and made.max() > 0


def test_an_empty_slot_is_the_default():
    assert all(isinstance(slot, Empty) for slot in build().slots)


def test_the_module_runs(capsys):
    main()
    assert "soft pooling 16,779 parameters, map (2, 1, 12, 12)" in capsys.readouterr().out
