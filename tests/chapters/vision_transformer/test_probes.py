"""Stored features of a pretrained transformer, and what two kinds of probe read from them."""

import pytest
import torch

from visual_attention.chapters.vision_transformer import features, probes
from visual_attention.mechanisms.vision_transformer import VisionTransformer


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.slow
def test_what_lies_in_the_package_has_spread_one_and_fits_its_pictures():
    for split, count in (("train", 600), ("test", 400)):
        shown, drawn = features.stored(split), features.pictures(split)
        assert shown.tokens.shape == (count, 65, 32) and drawn.images.shape == (count, 1, 112, 112)
        assert torch.equal(shown.labels, drawn.labels)
        torch.testing.assert_close(shown.covered.sum(1) * 14**2, drawn.masks.sum((1, 2, 3)).float())
    train = features.stored("train").tokens
    for part in (train[:, :1], train[:, 1:]):
        flat = part.flatten(0, 1)
        assert flat.mean(0).abs().max() < 0.1 and (flat.std(0) - 1).abs().max() < 0.1
    with pytest.raises(ValueError, match="wanted"):
        features.stored("validation")


@pytest.mark.slow
def test_train_and_test_share_no_picture():
    images = [features.pictures(split).images.flatten(1)[:, ::7] for split in ("train", "test")]
    assert torch.cdist(*images).min() > 1


def test_covered_by_hand():
    masks = torch.zeros(1, 1, 112, 112, dtype=torch.bool)
    masks[..., 14:28, 7:28] = True  # the second row of patches: half of the first, all of the second
    got = features.covered(masks)
    assert got[0, 8:10].tolist() == [0.5, 1.0] and got.sum() == 1.5


def test_the_main_numbers_are_the_directions_of_most_spread():
    scales = torch.cat([torch.tensor([30.0]), torch.linspace(9, 1, 39)])
    tokens = random(50, 9, 40) * scales + 3
    got = features.main_numbers(tokens, tokens)
    assert got.shape == (50, 9, 32)
    flat = got.flatten(0, 1)
    torch.testing.assert_close(flat.T @ flat / len(flat), torch.eye(32), atol=1e-3, rtol=0)
    first = torch.corrcoef(torch.stack([flat[:, 0], tokens.flatten(0, 1)[:, 0]]))[0, 1].abs()
    assert first > 0.9
    flipped = features.main_numbers(2 * tokens.mean((0, 1)) - tokens[:3], tokens)
    torch.testing.assert_close(flipped, -got[:3], atol=1e-4, rtol=1e-4)


def test_packing_keeps_the_numbers_up_to_a_step():
    whole = {"train": random(200, 65, 40), "test": random(10, 65, 40, seed=1)}
    packed = features.packed(whole)
    assert packed["train"].dtype == torch.uint8 and packed["train"].shape == (200, 65, 32)
    step = (packed["high"] - packed["low"]) / features.STEPS
    back = packed["train"].float() * step + packed["low"]
    for part in (slice(1), slice(1, None)):
        want = features.main_numbers(whole["train"][:, part], whole["train"][:, part])
        assert ((back[:, part] - want).abs() <= 0.51 * step).all()
    want = features.main_numbers(whole["test"][:, 1:], whole["train"][:, 1:])
    inside = (want >= packed["low"]) & (want <= packed["high"])
    got = packed["test"][:, 1:].float() * step + packed["low"]
    assert inside.float().mean() > 0.9 and ((got - want).abs() <= 0.51 * step)[inside].all()


def test_tokens_are_those_of_normalised_pictures():
    torch.manual_seed(0)
    model = VisionTransformer(112, patch_size=14, dim=12, depth=1, heads=2)
    images = torch.rand(23, 1, 112, 112, generator=torch.Generator().manual_seed(0))
    mean, std = torch.tensor(features.MEAN), torch.tensor(features.STD)
    with torch.no_grad():
        want = model((images.expand(-1, 3, -1, -1) - mean[:, None, None]) / std[:, None, None])
    torch.testing.assert_close(features.tokens_of(model, images), want)


def test_each_probe_reads_what_it_says():
    tokens = random(4, 9, 32)
    for name, read in (("class token", tokens[:, 0]), ("mean of patches", tokens[:, 1:].mean(1))):
        probe = probes.probe(name).eval()
        torch.testing.assert_close(probe(tokens), probe.linear(probe.norm(read)))
    with pytest.raises(ValueError, match="wanted 'class token' or 'mean of patches', got 'max'"):
        probes.LinearProbe("max")


def test_attention_begins_with_the_mean_and_asks_no_class_token():
    probe, tokens = probes.probe("attentive").eval(), random(4, 9, 32)
    torch.testing.assert_close(probe.weights(tokens), torch.full((4, 8), 1 / 8))
    probe.query.data.copy_(random(32, seed=1))
    scores = torch.einsum("bnd,d->bn", tokens[:, 1:], probe.query) / 32**0.5
    torch.testing.assert_close(probe.weights(tokens), scores.softmax(1))
    pooled = torch.einsum("bn,bnd->bd", scores.softmax(1), tokens[:, 1:])
    torch.testing.assert_close(probe(tokens), probe.linear(probe.norm(pooled)))
    other = tokens.clone()
    other[:, 0] = 0
    assert torch.equal(probe(other), probe(tokens))


def test_accuracy_by_hand():
    shown = probes.some(features.stored("test"), torch.arange(10))
    threes = torch.nn.functional.one_hot(torch.full((10,), 3), 10)
    want = 100 * (shown.labels == 3).float().mean().item()
    assert probes.accuracy(lambda tokens: threes, shown) == pytest.approx(want)
    assert torch.equal(shown.tokens, features.stored("test").tokens[:10]) and len(shown.covered) == 10


@pytest.mark.slow
def test_what_the_chapter_says_of_the_probes():
    train, held_out = features.stored("train"), features.stored("test")
    found = {name: probes.learn(name, train)[0] for name in probes.RATES}
    share = {name: probes.accuracy(probe, held_out) for name, probe in found.items()}
    assert 25 < share["class token"] < 31 and 22 < share["mean of patches"] < 28
    assert share["attentive"] > 38
    with torch.no_grad():
        weights = found["attentive"].weights(held_out.tokens)
    on_digit, area = (weights * (held_out.covered > 0)).sum(1).mean(), (held_out.covered > 0).float().mean()
    assert on_digit > 0.65 and area < 0.3
    swapped = probes.accuracy(
        lambda tokens: found["attentive"].read_with(tokens, weights.roll(1, dims=0)), held_out
    )
    assert swapped < 22
