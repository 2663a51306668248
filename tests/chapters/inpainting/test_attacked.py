"""The light is taken out and put back, and the attack on peeling is one."""

import torch

from visual_attention.chapters.inpainting import wallpaper
from visual_attention.chapters.inpainting.attacked import _EvenedFill, fitted_plane
from visual_attention.chapters.inpainting.peeling import PeelingAttention
from visual_attention.chapters.inpainting.scores import MeanFill, psnr


def test_a_plane_is_found_and_what_is_missing_is_not_looked_at():
    down, across = torch.meshgrid(torch.linspace(-1, 1, 12), torch.linspace(-1, 1, 14), indexing="ij")
    x = torch.stack([0.5 + 0.1 * down - 0.2 * across, 0.4 + 0.0 * down]).expand(3, 2, 12, 14)[:, None, :, :]
    x = torch.cat([x[:, :, 0]] * 3, dim=1)
    mask = torch.zeros(3, 1, 12, 14, dtype=torch.bool)
    mask[..., 3:7, 4:9] = True
    wanted = x[:, :1] / x[:, :1].mean()
    torch.testing.assert_close(fitted_plane(torch.where(mask, 9.0, x), mask), wanted, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(_EvenedFill(MeanFill())(x, mask), x, atol=1e-3, rtol=1e-3)
    assert fitted_plane(torch.where(across > 0.9, 1.0, 0.0).expand(1, 1, 12, 14), mask[:1]).min() >= 0.1


def test_evened_peeling_beats_peeling_where_light_falls():
    shown = wallpaper.batch(
        40, split="validation", world="wallpaper", generator=torch.Generator().manual_seed(0)
    )
    fill = PeelingAttention(patch=5, temperature=1e-4)
    plain, evened = (
        psnr(some(shown.images, shown.masks).clamp(0, 1), shown.images, shown.masks).mean()
        for some in (fill, _EvenedFill(fill))
    )
    assert evened > plain
    known = ~shown.masks.expand_as(shown.images)
    assert torch.equal(_EvenedFill(fill)(shown.images, shown.masks)[known], shown.images[known])
