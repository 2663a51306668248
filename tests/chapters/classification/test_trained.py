"""The checkpoint: small, whole, and as good as the chapter says; folded, it still gives the same answers."""

import numpy as np
import pytest
import torch

from visual_attention.chapters.classification import sizes, trained
from visual_attention.chapters.classification.plain_network import PlainNetwork
from visual_attention.chapters.classification.trained import (
    FILE,
    accuracy,
    build,
    folded,
    load,
    look,
    train,
)
from visual_attention.data import photographs
from visual_attention.experiments import pointing


def pictures(count=40, side=18):
    return sizes.cell(count, split="test", side=side, pieces=4, generator=torch.Generator().manual_seed(2))


def test_the_file_is_small():
    assert FILE.stat().st_size <= 200_000


def test_it_reaches_its_number():
    # 95.4 % when it was made; 1,200 pictures leave about 1.2 points of chance
    assert accuracy(load(), count=100) > 0.93


def test_it_looks_at_the_digit():
    test = pictures(200)
    with torch.no_grad():
        maps = load().place_map(test.images)
    assert (
        pointing.share(maps, test.masks).mean() > 0.8 and pointing.hits(maps, test.masks).float().mean() > 0.9
    )


def test_training_repeats_itself():
    one, two = train(steps=2, progress=False), train(steps=2, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_folded_layers_give_what_the_network_gives():
    model, test = load(), pictures(3)
    plain = PlainNetwork(folded(model))
    for image in test.images:
        with torch.no_grad():
            want = model.place_map(image[None])[0, 0], model(image[None])[0].softmax(0)
        for got, wanted in zip(plain.look(image[0]), want, strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_folding_an_untrained_network_with_odd_statistics():
    torch.manual_seed(0)
    model = build().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.1, 3)
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
    image = pictures(1).images
    with torch.no_grad():
        want = model(image)[0].softmax(0)
    np.testing.assert_allclose(PlainNetwork(folded(model)).look(image[0, 0])[1], want, atol=1e-5)


def test_look_tells_picture_map_and_shares():
    seen = look(load(), photographs.load("cat"))
    assert seen.picture.shape == (1, 48, 48) and seen.picture.max() <= 0.6 + 1e-6
    assert seen.map.shape == (12, 12) and seen.map.sum().item() == pytest.approx(1, abs=1e-5)
    assert seen.shares.shape == (10,) and seen.shares.sum().item() == pytest.approx(1, abs=1e-5)
    assert look(load(), photographs.load("cat"), ink="dark").picture.max() > 0.9


def test_the_likeliest_digits_in_words():
    assert trained.told([0.1, 0.2, 0.7]) == "2: 70 %, 1: 20 %"
