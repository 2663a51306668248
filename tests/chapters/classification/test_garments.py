"""The garments and what a pretrained transformer made of them: whole, small, and what is read of them."""

import pytest
import torch

from visual_attention.chapters.classification import garments, mistakes, written


def test_the_file_is_small_and_kinds_come_in_turn():
    assert garments.FILE.stat().st_size < 1_500_000
    for shown, kept in garments.KEPT.items():
        stored = garments.stored(shown)
        assert stored.tokens.shape == (400, 65, kept) and stored.covered.shape == (400, 64)
        assert torch.equal(stored.labels, torch.arange(400) % 10)
        assert 0.8 < stored.tokens.std() < 1.2


def test_a_scene_holds_its_garment_where_the_mask_says():
    alone, scene = garments.pictures("alone", 6), garments.pictures("scene", 6)
    assert alone.masks.all() and scene.masks.sum((1, 2, 3)).eq(56**2).all()
    small = torch.nn.functional.avg_pool2d(alone.images, 2)
    for image, mask, garment in zip(scene.images, scene.masks, small, strict=True):
        inside = image[mask].view(1, 56, 56)
        assert (inside + 0.1 >= garment).float().mean() > 0.97  # the brighter of garment and photograph
        assert image[~mask].max() <= garments.DIM + 1e-6
    torch.testing.assert_close(garments.pictures("scene", 2).images, scene.images[:2])
    places = scene.masks.flatten(1).int().argmax(1)
    assert len(places.unique()) == 6


def test_four_bits_keep_what_they_can():
    tokens = torch.randn(30, 65, 20, generator=torch.Generator().manual_seed(0))
    parts = garments.packed(tokens, 8)
    two, spread = parts[""], parts[" spread"]
    whole = torch.stack([two // 16, two % 16], -1).flatten(2).float()
    back = (2 * whole / garments.STEPS - 1) * garments.WIDEST * spread
    wanted = torch.cat([garments._shortened(tokens[:, :1], 8), garments._shortened(tokens[:, 1:], 8)], 1)
    inside = (wanted / spread).abs() < garments.WIDEST
    assert ((back - wanted).abs() / spread)[inside].max() <= garments.WIDEST / garments.STEPS + 1e-4
    assert inside.float().mean() > 0.99


@pytest.mark.slow
def test_the_reader_s_pool_learns_and_the_mean_looks_nowhere():
    model = written.learn(mistakes.attentive)
    assert written.accuracy(model) > 0.48 and written.on_garment(model) > 0.6
    flat = written.learn(lambda patches, query: patches.mean(1))
    area = garments.stored("scene").covered[written.LEARN :].mean().item()
    assert abs(written.on_garment(flat) - area) < 1e-3 and written.accuracy(flat) < 0.42
