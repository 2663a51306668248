"""Attention packs: small, complete, without pickles, and about the photographs they name."""

from importlib.resources import files

import numpy as np
import pytest
import torch

from visual_attention.data import packs, photographs

FOLDER = files("visual_attention.data") / "packs"
MEGABYTE = 10**6


@pytest.mark.parametrize("name", packs.names())
def test_each_pack_is_complete(name):
    pack = packs.load(name)
    assert name in photographs.names() and pack.name == name
    assert pack.image.shape == (3, 224, 224) and pack.grid == (16, 16)
    assert pack.class_attention.shape == (12, 6, 16, 16)
    assert pack.norms.shape == (13, 257) and (pack.norms > 0).all()
    assert pack.features_pca.shape == (32, 32, 3)
    assert 0 <= pack.features_pca.min() and pack.features_pca.max() <= 1
    assert pack.patch_attention is None or pack.patch_attention.shape == (6, 256, 256)
    assert pack.layers is None or pack.layers.shape == (12, 6, 144, 144)


@pytest.mark.parametrize("name", packs.names())
def test_weights_are_shares_whose_rest_went_to_the_class_token(name):
    pack = packs.load(name)
    for weights in (pack.class_attention.flatten(2), pack.patch_attention, pack.layers):
        if weights is not None:
            total = weights.sum(dim=-1)
            assert weights.min() >= 0 and total.max() < 1.1  # rounding adds a little
            assert total.mean() > 0.5


def test_with_the_class_token_put_back_each_row_is_a_budget_of_1():
    pack = packs.load("coffee")
    tokens = pack.token_attention
    assert tokens.shape == (6, 257, 257) and tokens.min() >= 0
    torch.testing.assert_close(tokens.sum(dim=-1), torch.ones(6, 257))
    torch.testing.assert_close(tokens[:, 1:, 1:], pack.patch_attention, atol=0.01, rtol=0)
    torch.testing.assert_close(
        tokens[:, 0, 1:].unflatten(1, (16, 16)), pack.class_attention[-1], atol=0.01, rtol=0
    )
    with pytest.raises(ValueError, match="wanted a pack with patch_attention"):
        assert packs.load("horse").token_attention is None


def test_the_learned_positions_know_rows_and_columns():
    positions = packs.positions()
    assert positions.shape == (1, 1 + 37 * 37, 3) and "positions" not in packs.names()
    square = positions[0, 1:].view(37, 37, 3)
    near = (square[:, 1:] - square[:, :-1]).norm(dim=-1).mean()
    far = (square[:, 18:] - square[:, :-18]).norm(dim=-1).mean()
    assert far > 3 * near


def test_eight_or_more_photographs_in_at_most_two_and_a_half_megabytes():
    assert len(packs.names()) >= 8
    assert len(packs.names(having="patch_attention")) >= 4 and packs.names(having="layers")
    assert sum((FOLDER / f"{name}.npz").stat().st_size for name in packs.names()) <= 2.5 * MEGABYTE


def test_no_pack_needs_a_pickle():
    for name in packs.names():
        with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as arrays:
            assert all(arrays[key].dtype.kind in "uf" for key in arrays)


def test_their_origin_is_written_down():
    page = (FOLDER / "PROVENANCE.md").read_text(encoding="utf-8")
    for word in ("sha256", "Apache-2.0", "MIT", "inferred", "python -m visual_attention"):
        assert word in page


def test_the_class_token_looks_at_the_clock_and_one_head_at_what_surrounds_it():
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    on_clock = ((rows - 7.5).abs() < 3) & ((columns - 7.5).abs() < 4)
    share = (packs.load("clock").class_attention[-1] * on_clock).sum(dim=(1, 2))
    assert (share > 0.5).sum() >= 4 and share.argmin() == 3 and share[3] < 0.25


def test_errors_say_what_was_wanted():
    with pytest.raises(ValueError, match="wanted one of astronaut, .* got 'dog'"):
        packs.load("dog")
    with pytest.raises(ValueError, match="patch_attention.* got 'heads'"):
        packs.names(having="heads")


def test_the_module_runs(capsys):
    packs.main()
    assert "cat" in capsys.readouterr().out
