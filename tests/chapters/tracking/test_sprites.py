"""Sprites: those of a family are enough, all different, and drawn together."""

import torch

from visual_attention.chapters.tracking import sprites


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_sprites_of_a_family_are_enough_and_all_different():
    for split in ("train", "test"):
        for bank in sprites.families(split).values():
            assert len(bank) >= 8 and 0 <= bank.min() and bank.max() <= 1
            assert len({sprite.numpy().tobytes() for sprite in bank}) == len(bank)


def test_alike_are_different_sprites_of_one_family(monkeypatch):
    """Nine reds and nine blues of known brightness: what a film took can be read off."""
    bank = torch.zeros(2, 9, 4, sprites.SIDE, sprites.SIDE)
    for family, channel in enumerate((0, 2)):
        bank[family, :, channel] = torch.arange(1, 10)[:, None, None] / 10
    bank[:, :, 3] = 0.5
    monkeypatch.setattr(sprites, "families", lambda split: {"red": bank[0], "blue": bank[1]})
    made = sprites.alike(30, 9, split="test", generator=seeded(0))
    assert made.shape == (30, 9, 4, sprites.SIDE, sprites.SIDE) and made[:, :, 3].eq(0.5).all()
    shade = made[:, :, :3, 7, 5] / 0.5  # (B, O, 3), as it was before the cover was multiplied in
    assert not shade[..., 1].any() and (shade[..., 0].any(dim=1) ^ shade[..., 2].any(dim=1)).all()
    assert 5 < shade[..., 0].any(dim=1).sum() < 25  # films of either family
    amount = shade.sum(dim=2)
    light = 10 * amount.amin(dim=1, keepdim=True)
    which = (10 * amount / light).round()
    torch.testing.assert_close(which * light / 10, amount)
    assert which.sort(dim=1).values.eq(torch.arange(1, 10)).all()  # each once
    assert 0.7 <= light.min() < 0.75 and 0.95 < light.max() <= 1 and which.unique(dim=0).shape[0] > 20
    fewer = sprites.alike(4, 3, split="test", generator=seeded(0))
    assert fewer.shape[:2] == (4, 3)


def test_main_runs(capsys):
    sprites.main()
    assert "counter" in capsys.readouterr().out
