"""The control does what the others do, but for the one thing that it is there to show."""

import pytest
import torch
from torch.nn import functional as F

from tests.chapters.tracking.every_tracker import built, contract, gradients_missing, pictures
from visual_attention.chapters.tracking.controls import UniformTracker, main
from visual_attention.chapters.tracking.trackers import PARTS, AttentionTracker, disc_mask
from visual_attention.training import parameters

KINDS = (UniformTracker,)


class TestContract:
    @contract(KINDS, weighing=[UniformTracker])
    def test_as_every_tracker(self, kind, check):
        check(kind)

    @pytest.mark.parametrize("kind", KINDS)
    def test_all_have_the_same_parameters_within_a_percent(self, kind):
        assert parameters(kind()) == pytest.approx(parameters(AttentionTracker()), rel=0.01)

    @pytest.mark.parametrize("kind", KINDS)
    def test_gradients_reach_every_parameter(self, kind):
        assert gradients_missing(kind) == []

    def test_main_runs(self, capsys):
        main()
        assert "parameters" in capsys.readouterr().out


class TestUniform:
    def test_attention_towards_infinity(self):
        given, hot = pictures(), built(AttentionTracker, temperature=1e6)
        torch.testing.assert_close(
            hot.response(*given), built(UniformTracker).response(*given), atol=1e-5, rtol=0
        )

    def test_uniform_is_the_mean_key(self):
        model, given = built(UniformTracker), pictures()
        queries, keys = model._read(*given)
        mean = keys.flatten(2)[..., disc_mask().flatten()].mean(dim=2)  # (B, d)
        fits = torch.einsum("bdhw,bd->bhw", queries, mean)
        kernel = disc_mask().float()[None, None] / disc_mask().sum()
        torch.testing.assert_close(
            model.response(*given), F.conv2d(fits[:, None], kernel, padding=PARTS // 2)
        )

    def test_it_sees_the_template(self):
        model, (template, search) = built(UniformTracker), pictures()
        other, _ = pictures(seed=5)
        assert not torch.allclose(model.response(template, search), model.response(other, search))
