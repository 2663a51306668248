"""Cutting out by a threshold: by hand, and what it makes of the committed features."""

import pytest
import torch

from visual_attention.chapters.segmentation.scores import dice
from visual_attention.chapters.segmentation.untrained import coins_at, cut_out, main
from visual_attention.data import packs, photographs


def test_the_thing_is_what_touches_the_border_less_whichever_side_is_higher():
    values = torch.full((6, 8), 0.2)
    values[2:4, 3:6] = 0.9
    wanted = (values > 0.5)[None, None]
    assert torch.equal(cut_out(values), wanted) and torch.equal(cut_out(-values), wanted)


def test_the_threshold_leaves_the_least_variance_within_its_sides():
    values = torch.randn(30, 30, generator=torch.Generator().manual_seed(0)).exp()
    row, count = values.flatten().sort().values, values.numel()
    within = [
        row[:k].var(correction=0) * k + row[k:].var(correction=0) * (count - k) for k in range(1, count)
    ]
    wanted = count - 1 - int(torch.stack(within).argmin())
    assert abs(int(cut_out(values, upper=True).sum()) - wanted) <= 5  # the library's histogram has 256 bins


def test_equal_values_cut_out_nothing():
    assert not cut_out(torch.ones(4, 4)).any()


def test_the_features_beat_attention_and_brightness_on_the_coins():
    pack = packs.load("coins")
    features = dice(cut_out(pack.features_pca[..., 0]), coins_at(32)).item()
    attention = dice(cut_out(pack.class_attention[-1].mean(0), upper=True), coins_at(16)).item()
    brightness = dice(cut_out(photographs.load("coins", 32).mean(0), upper=True), coins_at(32)).item()
    assert (round(features, 2), round(brightness, 2), round(attention, 2)) == (0.93, 0.84, 0.64)


def test_at_equal_resolution_features_are_still_ahead_of_every_head():
    """The numbers of the chapter's text."""
    pack, true = packs.load("coins"), coins_at(16)

    def scored(values, upper=True):
        return round(dice(cut_out(values, upper=upper), true).item(), 2)

    features = scored(pack.features_pca[..., 0].unfold(0, 2, 2).unfold(1, 2, 2).mean((2, 3)), upper=False)
    means = [scored(layer.mean(0)) for layer in pack.class_attention]
    heads = {(i, j): scored(m) for i, layer in enumerate(pack.class_attention) for j, m in enumerate(layer)}
    assert (features, scored(photographs.load("coins", 16).mean(0))) == (0.9, 0.73)
    assert (means[-1], max(means), means.index(max(means))) == (0.64, 0.82, 8)
    assert max(heads, key=heads.get) == (8, 4) and max(heads.values()) == 0.87


def test_what_is_no_map_is_refused():
    with pytest.raises(ValueError, match=r"wanted a map \(H, W\)"):
        cut_out(torch.ones(1, 4, 4))


def test_the_module_runs(capsys):
    main()
    assert "features" in capsys.readouterr().out
