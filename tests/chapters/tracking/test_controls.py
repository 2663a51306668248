"""Controls: each does what the others do, but for the one thing that it is there to show."""

import pytest
import torch
from torch.nn import functional as F

from tests.chapters.tracking.every_tracker import D, built, contract, gradients_missing, pictures
from visual_attention.chapters.tracking.controls import (
    BlindTracker,
    ProductTracker,
    UniformTracker,
    main,
)
from visual_attention.chapters.tracking.trackers import (
    PARTS,
    AttentionTracker,
    CorrelationTracker,
    disc_mask,
)
from visual_attention.training import parameters

KINDS = (UniformTracker, ProductTracker, BlindTracker)


class TestContract:
    @contract(KINDS, weighing=[UniformTracker])
    def test_as_every_tracker(self, kind, check):
        check(kind)

    @pytest.mark.parametrize("kind", KINDS)
    def test_all_have_the_same_parameters_within_a_percent(self, kind):
        assert parameters(kind()) == pytest.approx(parameters(AttentionTracker()), rel=0.01)

    @pytest.mark.parametrize("kind", KINDS)
    def test_gradients_reach_every_parameter_but_the_key_that_sees_nothing(self, kind):
        assert gradients_missing(kind) == (["key.weight"] if kind is BlindTracker else [])

    def test_main_runs(self, capsys):
        main()
        assert "BlindTracker" in capsys.readouterr().out


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


class TestProduct:
    def test_correlation_of_features_as_they_come(self):
        """torch's own convolution of what comes out of the two layers, with no length taken off."""
        model, (template, search) = built(ProductTracker), pictures()
        keys = model.key(model.features(template))[:, :, 2:-2, 2:-2]
        queries = model.query(model.features(search))
        kernels = keys * disc_mask() / disc_mask().sum() / D
        each = [F.conv2d(q[None], k[None], padding=PARTS // 2) for q, k in zip(queries, kernels, strict=True)]
        torch.testing.assert_close(model.response(template, search), torch.cat(each), atol=1e-6, rtol=1e-4)

    def test_larger_features_fit_better_which_cosines_do_not_see(self):
        queries, keys = torch.rand(1, D, 10, 14), torch.rand(1, D, PARTS, PARTS)
        for kind, factor in ((ProductTracker, 3), (CorrelationTracker, 1)):
            model = built(kind)
            once, thrice = (model._respond(model._measure(n * queries), model._measure(keys)) for n in (1, 3))
            torch.testing.assert_close(thrice, factor * once)


class TestBlind:
    def test_it_sees_no_template(self):
        model, (template, search) = built(BlindTracker), pictures()
        other, _ = pictures(seed=5)
        assert torch.equal(model.response(template, search), model.response(other, search))

    @pytest.mark.parametrize("kind", [UniformTracker, ProductTracker])
    def test_the_others_see_it(self, kind):
        model, (template, search) = built(kind), pictures()
        other, _ = pictures(seed=5)
        assert not torch.allclose(model.response(template, search), model.response(other, search))
