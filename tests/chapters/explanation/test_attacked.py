"""What outsiders tried on the page's own networks is what the page says of it."""

import pytest
import torch

from visual_attention.chapters.explanation import attacked, measures, trained

WEIGHTS = ("raw attention, block 1", "rollout", "raw attention", "attention x gradient")


@pytest.mark.slow
@pytest.mark.parametrize(("network", "contrast"), [("transformer", 0.30), ("twin", 0.40)])
def test_with_white_all_maps_of_weights_keep_less_than_contrast(network, contrast):
    kept = {name: attacked.kept(network, name, "white") for name in (*WEIGHTS, "contrast")}
    assert kept["contrast"] == pytest.approx(contrast, abs=0.005)
    assert all(0.165 <= kept[name] < 0.235 for name in WEIGHTS)


@pytest.mark.slow
def test_another_network_s_occlusion_map_passes_for_its_own():
    whose = {of: attacked.kept("transformer", "occlusion", "grey", of=of) for of in trained.NAMES}
    wanted = {"transformer": 0.16, "convolutional": 0.21, "twin": 0.23}
    assert whose == pytest.approx(wanted, abs=0.0051)
    assert attacked.kept("transformer", "contrast", "grey") == pytest.approx(0.30, abs=0.005)
    white = [attacked.kept("transformer", "occlusion", "white", of=of) for of in trained.NAMES]
    assert 0.255 < min(white) < max(white) < 0.295


@pytest.mark.slow
def test_a_row_of_another_picture_leaves_more_digits_than_an_even_one():
    weights = torch.rand(3, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    changed = attacked.row_of_another(weights)
    assert torch.equal(changed[:, :, 1:], weights[:, :, 1:])
    assert torch.equal(changed[:, :, 0], weights[[1, 2, 0], :, 0])
    assert attacked.with_the_row_of_another() == pytest.approx(0.385)
    here = measures.of_cuts(trained.load("transformer"), trained.SEED)
    assert here["right, digit, first row even"] == pytest.approx(0.215)
    assert round(here["right, digit, as it is"], 2) == 0.68
    assert here["right, digit, last even"] < 0.53 * here["right, digit, as it is"]
    assert here["right, mark, last even"] == here["right, mark, as it is"]


@pytest.mark.slow
def test_main_prints_them(capsys, monkeypatch):
    monkeypatch.setattr(attacked, "FILLINGS", {"white": torch.ones_like})
    monkeypatch.setattr(attacked, "METHODS", {n: attacked.METHODS[n] for n in ("contrast", "occlusion")})
    attacked.main()
    said = capsys.readouterr().out
    assert "of another picture: 0.385" in said and "twin, white: contrast 0.40, occlusion" in said
    assert said.count("by the occlusion map of the") == len(trained.NAMES)
