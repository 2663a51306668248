"""Cuts on a trained network: they are what they are called, and change nothing else."""

import pytest
import torch

from visual_attention.chapters.inpainting import cuts, holes, trained, wallpaper
from visual_attention.chapters.inpainting.contextual import ContextualAttention, ContextualInpainter
from visual_attention.chapters.inpainting.masks import whole_patches
from visual_attention.chapters.inpainting.scores import psnr

WAYS = (cuts.uniform, cuts.anothers, cuts.without_source)


@pytest.fixture(scope="module")
def model():
    return trained.load("attention")


@pytest.fixture(scope="module")
def shown():
    return wallpaper.batch(12, split="test", world="wallpaper", generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def parts(model, shown):
    with torch.no_grad():
        return model.features(shown.images, shown.masks)


@torch.no_grad()
def test_its_own_weights_change_nothing(model, shown):
    again = cuts.filled_with(model, shown.images, shown.masks, cuts.own)
    torch.testing.assert_close(again, model(shown.images, shown.masks))


@torch.no_grad()
@pytest.mark.parametrize("weigh", WAYS, ids=lambda way: way.__name__)
def test_weights_share_a_budget_and_take_nothing_from_a_hole(model, parts, weigh):
    guessed, missing, _ = parts
    weights = weigh(model, guessed, missing)
    assert weights.shape == (12, 144, 144) and weights.min() >= 0
    torch.testing.assert_close(weights.sum(-1), torch.ones(12, 144))
    whole = whole_patches(missing, patch=model.attend.patch).flatten(2)
    assert weights.masked_select(~whole).abs().sum() == 0


@torch.no_grad()
def test_uniform_is_even_and_another_s_is_the_one_before(model, parts):
    guessed, missing, _ = parts
    whole = whole_patches(missing, patch=model.attend.patch).flatten(2)
    even = cuts.uniform(model, guessed, missing)
    torch.testing.assert_close(even, (whole / whole.sum(-1, keepdim=True)).expand_as(even).float())
    last = model.attend.weights(guessed[-1:], missing[:1])
    torch.testing.assert_close(cuts.anothers(model, guessed, missing)[:1], last)


@torch.no_grad()
def test_the_source_and_its_eight_neighbours_are_forbidden_and_the_rest_keep_their_order(model, parts):
    guessed, missing, _ = parts
    before, after = (way(model, guessed, missing) for way in (cuts.own, cuts.without_source))
    for place in (missing[0, 0].flatten().nonzero()[:5, 0]).tolist():
        row, column = divmod(int(before[0, place].argmax()), 12)
        square = after[0, place].view(12, 12)[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        assert square.sum() == 0 and square.numel() >= 4
        left = after[0, place] > 0
        left &= before[0, place] > 1e-30
        ratio = after[0, place][left] / before[0, place][left]
        torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-2, atol=0)


@torch.no_grad()
def test_the_trained_network_hangs_on_them(model, shown):
    def worth(weigh):
        filled = cuts.filled_with(model, shown.images, shown.masks, weigh).clamp(0, 1)
        return psnr(filled, shown.images, shown.masks).mean()

    assert worth(cuts.own) > worth(cuts.uniform) + 3 and worth(cuts.own) > worth(cuts.anothers) + 3
    assert worth(cuts.own) > worth(cuts.without_source) > worth(cuts.anothers)


def test_a_network_that_copies_nothing_has_nothing_to_cut(shown):
    plain = ContextualInpainter(None, channels=8).eval()
    assert cuts.filled_with(plain, shown.images, shown.masks, cuts.uniform) is None


@torch.no_grad()
def test_it_holds_for_patches_of_places_too():
    torch.manual_seed(0)
    net = ContextualInpainter(ContextualAttention(patch=3), channels=8).eval()
    drawn = holes.batch(2, split="test", generator=torch.Generator().manual_seed(0))
    again = cuts.filled_with(net, drawn.images, drawn.masks, cuts.own)
    torch.testing.assert_close(again, net(drawn.images, drawn.masks))


@pytest.mark.slow
def test_the_module_runs(capsys):
    cuts.main()
    assert "without_source" in capsys.readouterr().out
