"""The rivals: each compares as it says, and the trivial ones look at what they say."""

import pytest
import torch
from torch.nn import functional as F

from visual_attention.chapters.tracking import encoder, finders, leak
from visual_attention.chapters.tracking.encoder import packed
from visual_attention.chapters.tracking.finders import (
    Convolutions,
    Correlation,
    FineCorrelation,
    LastPlace,
    Mixer,
    OneVector,
    Pixels,
    maps,
    rows,
    slide,
)
from visual_attention.training import seeded

LOOKING = (Correlation, OneVector, Convolutions, Mixer)


def pairs(seed=0, count=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 48, 72), dtype=torch.uint8, generator=generator)


def tokens(seed=0, count=2):
    return torch.randn(count, 80, 32, generator=torch.Generator().manual_seed(seed))


def test_a_template_slides_as_torch_s_convolution_does():
    window, template = torch.randn(2, 3, 8, 8), torch.randn(2, 3, 4, 4)
    padded = F.pad(window, (2, 1, 2, 1)).flatten(0, 1)[None]
    wanted = F.conv2d(padded, template.flatten(0, 1)[:, None], groups=6)[0].unflatten(0, (2, 3)) / 4
    torch.testing.assert_close(slide(window, template), wanted, atol=1e-5, rtol=1e-4)


def test_tokens_and_maps_are_the_same_row_by_row():
    given = tokens()
    window, template = maps(given)
    assert torch.equal(rows(window), given[:, :64]) and torch.equal(rows(template), given[:, 64:])
    assert torch.equal(window[1, :, 2, 5], given[1, 2 * 8 + 5])


@pytest.mark.parametrize("kind", LOOKING)
def test_the_template_counts_and_the_window_too(kind):
    with seeded(0):
        model = kind(dim=8).eval()
    given, other = tokens(), tokens()
    other[:, 70] += 5
    assert not torch.allclose(model(None, given).scores, model(None, other).scores)
    third = tokens()
    third[:, 3] += 5
    assert not torch.allclose(model(None, given).scores, model(None, third).scores)


def test_one_vector_knows_no_order_of_the_template_s_inner_parts():
    with seeded(0):
        vector, rigid = OneVector(dim=8).eval(), Correlation(dim=8).eval()
    given, mixed = tokens(), tokens()
    inner = [64 + 5, 64 + 6, 64 + 9, 64 + 10]
    mixed[:, inner] = given[:, inner[::-1]]
    torch.testing.assert_close(vector(None, mixed).scores, vector(None, given).scores)
    assert not torch.allclose(rigid(None, mixed).scores, rigid(None, given).scores)


def test_fine_correlation_finds_a_copy_of_the_template():
    """With the encoder's own features and no learning, the fit is best where the copy lies."""
    with seeded(0):
        model = FineCorrelation(dim=32).eval()
    eye = torch.eye(32)[..., None, None]
    for layer in (model.window, model.template):
        layer.weight.data.copy_(eye)
        layer.bias.data.zero_()
    generator = torch.Generator().manual_seed(0)
    window, template = (torch.rand(1, 3, side, side, generator=generator) for side in (48, 24))
    window[:, :, 18:42, 6:30] = template
    fits = []
    model.head.register_forward_pre_hook(lambda _, given: fits.append(given[0]))
    given = packed(window, template)
    with torch.no_grad():
        model(given, encoder.encoder().pair(given))
    place = fits[0][0, :, :16].mean(1).argmax().item()
    assert abs(place % 8 - 18 / 6) <= 1 and abs(place // 8 - 30 / 6) <= 1  # centre at (18, 30) pixels


def test_raw_pixels_find_a_copy_in_other_light():
    generator = torch.Generator().manual_seed(0)
    window, template = (0.5 * torch.rand(1, 3, side, side, generator=generator) for side in (48, 24))
    window[:, :, 20:44, 4:28] = 0.1 + 0.7 * template
    with torch.no_grad():
        centre, size = Pixels().eval()(packed(window, template)).best()
    assert (centre - torch.tensor([16.0, 32.0])).abs().max() <= 2 and (size == 16).all()


def test_the_last_place_is_the_middle_whatever_is_seen():
    for seed in range(2):
        centre, size = LastPlace()(pairs(seed)).best()
        assert (centre == 24).all() and (size == 16).all()


def test_a_blind_probe_sees_no_template():
    with seeded(0):
        model = leak.Blind(dim=8).eval()
    given, other = tokens(), tokens()
    other[:, 64:] = 7
    assert torch.equal(model(None, given).scores, model(None, other).scores)
    other[:, 3] += 5
    assert not torch.allclose(model(None, given).scores, model(None, other).scores)
    with seeded(0):
        model = leak.Blind(dim=8, frozen=False).eval()
    one, two = pairs(), pairs()
    two[..., 48:] = 0
    assert torch.equal(model(one).scores, model(two).scores)
    two[..., 10:20, 10:20] = 0
    assert not torch.allclose(model(one).scores, model(two).scores)


def test_what_is_not_encoded_yet_is_encoded():
    with seeded(0):
        model = Correlation(dim=8).eval()
    given = pairs()
    torch.testing.assert_close(model(given).scores, model(given, encoder.encoder().pair(given)).scores)


def test_main_runs(capsys):
    finders.main()
    assert "FineCorrelation" in capsys.readouterr().out
