"""Cutting out by a threshold: by hand, and what it makes of the committed features."""

import pytest
import torch

from visual_attention.applications.segmentation_scores import dice
from visual_attention.applications.untrained_segmentation import coins_at, cut_out, main
from visual_attention.data import packs, photographs


def test_the_thing_is_what_touches_the_border_less_whichever_side_is_higher():
    values = torch.full((6, 8), 0.2)
    values[2:4, 3:6] = 0.9
    wanted = (values > 0.5)[None, None]
    assert torch.equal(cut_out(values), wanted) and torch.equal(cut_out(-values), wanted)


def test_the_threshold_is_otsu_s_not_the_mean():
    values = torch.zeros(10, 10)
    values[4:6, 4:6] = 1.0
    values[2, 2] = 0.3  # nearer to the many at 0
    assert cut_out(values).sum() == 4


def test_equal_values_cut_out_nothing():
    assert not cut_out(torch.ones(4, 4)).any()


def test_the_features_beat_attention_and_brightness_on_the_coins():
    pack = packs.load("coins")
    features = dice(cut_out(pack.features_pca[..., 0]), coins_at(32)).item()
    attention = dice(cut_out(pack.class_attention[-1].mean(0)), coins_at(16)).item()
    brightness = dice(cut_out(photographs.load("coins", 32).mean(0)), coins_at(32)).item()
    assert (round(features, 2), round(attention, 2)) == (0.93, 0.64)
    assert features > brightness + 0.05 > attention


def test_what_is_no_map_is_refused():
    with pytest.raises(ValueError, match=r"wanted a map \(H, W\)"):
        cut_out(torch.ones(1, 4, 4))


def test_the_module_runs(capsys):
    main()
    assert "features" in capsys.readouterr().out
