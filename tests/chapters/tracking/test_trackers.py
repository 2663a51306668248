"""Trackers: weights are what is applied, and each differs from the others where it should."""

import pytest
import torch
from torch.nn import functional as F

from tests.chapters.tracking.every_tracker import (
    COLUMNS,
    ROWS,
    B,
    M,
    N,
    built,
    contract,
    gradients_missing,
    pictures,
)
from visual_attention.chapters.tracking.controls import UniformTracker
from visual_attention.chapters.tracking.trackers import (
    MARGIN,
    PARTS,
    AttentionTracker,
    CorrelationTracker,
    Tracker,
    disc_mask,
    main,
)
from visual_attention.training import parameters

KINDS = (AttentionTracker, CorrelationTracker)


def with_maps(model, queries, keys):
    """The response to given unit vectors, as if they had been read off pictures."""
    return model._respond(F.normalize(queries, dim=1), F.normalize(keys, dim=1))


def unit_keys():
    """Keys that are all different: each part of 64 has an axis of its own, (1, 64, 8, 8)."""
    return torch.eye(M).view(1, M, PARTS, PARTS)


class TestContract:
    @contract(KINDS, weighing=[AttentionTracker])
    def test_as_every_tracker(self, kind, check):
        check(kind)

    def test_cosines_by_hand(self):
        model, (template, search) = built(AttentionTracker), pictures()
        inner = slice(MARGIN, -MARGIN)
        keys = model.key(model.features(template))[1, :, inner, inner]
        queries = model.query(model.features(search))[1]
        similar = model.similarities(template, search)
        assert similar.shape == (B, N, M) and similar.abs().max() <= 1 + 1e-5
        for place, part in (((0, 3), (2, 5)), ((7, 13), (7, 0))):
            wanted = F.cosine_similarity(queries[:, place[0], place[1]], keys[:, part[0], part[1]], dim=0)
            got = similar[1, place[0] * COLUMNS + place[1], part[0] * PARTS + part[1]]
            torch.testing.assert_close(got, wanted)

    def test_both_have_the_same_parameters(self):
        assert parameters(CorrelationTracker()) == parameters(AttentionTracker())

    @pytest.mark.parametrize("kind", KINDS)
    def test_gradients_reach_every_parameter(self, kind):
        assert gradients_missing(kind) == []

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_template_matters(self, kind):
        model, (template, search) = built(kind), pictures()
        other, _ = pictures(seed=5)
        assert not torch.allclose(model.response(template, search), model.response(other, search))


class TestWeights:
    def test_attention_is_the_softmax_of_the_cosines(self):
        model, given = built(AttentionTracker, temperature=0.2), pictures()
        similar = model.similarities(*given)[..., disc_mask().flatten()]
        got = model.weights(*given)[..., disc_mask().flatten()]
        torch.testing.assert_close(got, (similar / 0.2).softmax(dim=2))

    def test_towards_0_attention_takes_the_best_part(self):
        model, given = built(AttentionTracker, temperature=1e-4), pictures()
        similar = model.similarities(*given).masked_fill(~disc_mask().flatten(), -2)
        torch.testing.assert_close(model.weights(*given).argmax(dim=2), similar.argmax(dim=2))

    def test_correlation_is_a_convolution_with_the_template(self):
        """torch's own, image by image."""
        model, given = built(CorrelationTracker), pictures()
        queries, keys = model._read(*given)
        kernels = keys * disc_mask() / disc_mask().sum()
        each = [F.conv2d(q[None], k[None], padding=PARTS // 2) for q, k in zip(queries, kernels, strict=True)]
        torch.testing.assert_close(model.response(*given), torch.cat(each), atol=1e-6, rtol=1e-4)

    def test_correlation_as_fixed_weights(self):
        model, given = built(CorrelationTracker), pictures()
        similar, response = model.similarities(*given), model.response(*given)
        for centre in ((5, 7), (0, 2), (ROWS, COLUMNS)):
            weights = model.fixed_weights(centre, (ROWS, COLUMNS))
            assert weights.shape == (N, M) and set(weights.unique().tolist()) <= {0.0, 1.0}
            assert weights.sum(dim=0).max() <= 1 and weights.sum(dim=1).max() <= 1
            wanted = (weights * similar).sum(dim=(1, 2)) / disc_mask().sum()
            torch.testing.assert_close(response[:, 0, centre[0], centre[1]], wanted)
        with pytest.raises(ValueError, match="others for each centre"):
            model.weights(*given)


class TestWhatTheChapterIsAbout:
    """Parts that stay in place, parts that move against each other, and parts that are hidden."""

    @pytest.mark.parametrize("kind", [AttentionTracker, CorrelationTracker])
    def test_a_target_that_has_only_moved_is_found(self, kind):
        queries = torch.zeros(1, M, ROWS, COLUMNS)
        queries[:, :, 1:9, 5:13] = unit_keys()
        response = with_maps(built(kind, **cold(kind)), queries, unit_keys())[0, 0]
        assert divmod(int(response.argmax()), COLUMNS + 1) == (1 + PARTS // 2, 5 + PARTS // 2)
        assert response.max() == pytest.approx(1, abs=1e-4)

    def test_a_turned_target_still_fits_for_attention_and_no_longer_for_correlation(self):
        queries = torch.zeros(1, M, ROWS, COLUMNS)
        queries[:, :, 1:9, 5:13] = torch.rot90(unit_keys(), 1, (2, 3))
        best = {
            kind: with_maps(built(kind, **cold(kind)), queries, unit_keys()).max().item()
            for kind in (AttentionTracker, CorrelationTracker)
        }
        assert best[AttentionTracker] == pytest.approx(1, abs=1e-4) and best[CorrelationTracker] < 0.2

    def test_scrambled_parts_are_the_price(self):
        """A thing of the same parts in another order fits as well: attention asks for no order."""
        keys = unit_keys()
        inside = torch.nonzero(disc_mask().flatten())[:, 0]
        flat = keys.flatten(2).clone()
        flat[:, :, inside] = flat[:, :, inside[torch.randperm(len(inside), generator=torch.manual_seed(0))]]
        queries = torch.zeros(1, M, ROWS, COLUMNS)
        queries[:, :, 1:9, 5:13] = flat.view_as(keys)
        assert with_maps(built(AttentionTracker, temperature=0.01), queries, keys).max() == pytest.approx(
            1, abs=1e-4
        )
        assert with_maps(built(CorrelationTracker), queries, keys).max() < 0.3

    def test_a_background_part_in_a_corner_of_the_box_does_not_count(self):
        """The whole search region looks like a corner of the template: the disc leaves the corner out."""
        keys = unit_keys()
        corner = keys[:, :, 0, 0]
        queries = corner[:, :, None, None].expand(1, M, ROWS, COLUMNS)
        for kind in (AttentionTracker, CorrelationTracker, UniformTracker):
            assert with_maps(built(kind), queries, keys).abs().max() < 1e-6

    def test_a_half_hidden_target_keeps_half_its_fit(self):
        queries = torch.zeros(1, M, ROWS, COLUMNS)
        queries[:, :, 1:5, 5:13] = unit_keys()[:, :, :4]
        response = with_maps(built(AttentionTracker, temperature=0.01), queries, unit_keys())[0, 0]
        assert response[1 + PARTS // 2, 5 + PARTS // 2] == pytest.approx(0.5, abs=0.01)


def cold(kind):
    return {"temperature": 0.01} if kind is AttentionTracker else {}


class TestModule:
    def test_a_target_that_fits_nowhere_is_called_gone(self):
        model = built(AttentionTracker)
        good, bad = (torch.full((1, 1, 5, 5), value) for value in (0.9, 0.1))
        chances = [1 - model._scored(response).softmax(dim=1)[:, -1] for response in (good, bad)]
        assert chances[0] > 0.99 and chances[1] < 0.05

    @pytest.mark.parametrize(
        ("template", "search", "says"),
        [
            ((2, 3, 20, 20), (2, 3, 20, 28), r"wanted a template \(B, 3, 24, 24\)"),
            ((2, 3, 24, 24), (1, 3, 20, 28), "for each search region"),
            ((2, 3, 24, 24), (2, 3, 21, 28), "even sides"),
            ((2, 1, 24, 24), (2, 3, 20, 28), "wanted 3 channels"),
        ],
    )
    def test_errors_say_what_was_wanted(self, template, search, says):
        with pytest.raises(ValueError, match=says):
            built(AttentionTracker)(torch.rand(template), torch.rand(search))

    def test_sizes_and_temperature_must_be_above_0(self):
        with pytest.raises(ValueError, match="wanted temperature above 0"):
            AttentionTracker(temperature=0)
        with pytest.raises(ValueError, match="wanted width above 0"):
            CorrelationTracker(width=0)
        with pytest.raises(NotImplementedError, match="wanted a tracker with weights"):
            built(Tracker).weights(*pictures())

    def test_main_runs(self, capsys):
        main()
        assert "AttentionTracker" in capsys.readouterr().out
