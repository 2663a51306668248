"""Rivals that came after the run see pictures and no network; the page says what their record says."""

import numpy as np
import pytest
import torch

from visual_attention.chapters.explanation import (
    claims,
    later_rivals,
    maps,
    marked,
    networks,
    trained,
    verdicts,
)
from visual_attention.chapters.explanation.later_rivals import NOBODY, above

RIVALS, RECORD = later_rivals.load(), claims.load()
TRANSFORMER, CONVOLUTIONAL = "transformer", "convolutional"
COMPARING = ("integrated gradients", "occlusion")


def mean(rival, what):
    return np.mean(verdicts.series(RIVALS, NOBODY, rival)[what])


def test_spread_is_the_standard_deviation_of_a_cell():
    images = torch.rand(2, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    found = later_rivals.spread(None, images, None)
    assert found.shape == (2, 1, 6, 6)
    assert found[1, 0, 2, 5].item() == pytest.approx(
        images[1, 0, 8:12, 20:].std(correction=0).item(), abs=1e-5
    )
    assert not later_rivals.spread(None, torch.ones(1, 1, 24, 24), None).any()


def test_of_two_equal_spreads_the_darker_cell_is_the_higher():
    images = torch.zeros(1, 1, 24, 24)
    images[..., :4, :4], images[..., 20:, 20:] = marked.mark(0), 1 - marked.mark(0)
    spread, dark = (f(None, images, None)[0, 0] for f in (later_rivals.spread, later_rivals.spread_and_dark))
    assert spread[0, 0] == spread[5, 5] == spread.max() and dark[0, 0] == dark.max() > dark[5, 5]


def test_smoothed_and_centred_prefers_what_is_large_and_in_the_middle():
    images = torch.zeros(1, 1, 24, 24)
    images[..., :4, :4], images[..., 4:12, 4:12] = 1, 0.5
    found = later_rivals.smoothed_and_centred(None, images, None)[0, 0]
    assert divmod(int(found.argmax()), 6) in ((1, 1), (2, 2), (1, 2), (2, 1))
    assert int(maps.contrast(None, images, None).argmax()) == 0


def test_the_record_is_whole_and_one_seed_of_it_comes_again():
    for name in later_rivals.RIVALS:
        assert {len(v) for v in verdicts.series(RIVALS, NOBODY, name).values()} == {len(verdicts.SEEDS)}
    seed = verdicts.SEEDS[3]
    assert later_rivals.hits(seed) == [row for row in RIVALS if row["seed"] == seed]


def test_decoys_are_whiter_than_marks():
    white = [marked.mark(label).mean().item() * 4 for label in range(marked.CLASSES + marked.DECOYS)]
    marks, decoys = white[: marked.CLASSES], white[marked.CLASSES :]
    assert np.mean(marks) == pytest.approx(1.7) and np.mean(decoys) == pytest.approx(2.75)


def test_contrast_takes_the_decoy_and_spread_more_often_the_mark():
    assert (mean("contrast", "decoy"), mean("contrast", "mark")) == pytest.approx((0.85, 0.15), abs=0.005)
    assert mean("spread", "mark") == pytest.approx(0.62, abs=0.005)
    assert mean("spread", "mark, no decoy") > 0.999
    assert mean("spread and dark", "mark") == pytest.approx(0.765, abs=0.001)


def test_by_half_no_method_would_pass_against_spread_and_two_still_lead_it_by_a_third():
    passed = []
    for network in networks.BUILD:
        for method, judged in verdicts.verdicts(RECORD, network).items():
            for test in ("mark", "mark or beside"):
                lead = above(RECORD, network, method, test, "spread")
                assert verdicts.cleared(lead, 0.5) == "fails"
                passed += [(network, method, test)] if judged[test] == "passes" else []
    assert len(passed) == 14
    for name in COMPARING:
        lead = above(RECORD, TRANSFORMER, name, "mark", "spread")
        assert round(lead.mean, 2) == 0.32 and lead.low > 0.28
        assert above(RECORD, CONVOLUTIONAL, name, "mark", "spread").mean == pytest.approx(0.38, abs=0.005)


def test_maps_of_weights_lead_spread_only_where_a_cell_beside_counts():
    for name, beside, less in (("rollout", 0.23, 0.08), ("attention x gradient", 0.30, 0.15)):
        exact = above(RECORD, TRANSFORMER, name, "mark", "spread")
        assert exact.low < 0 < exact.high
        lead = above(RECORD, TRANSFORMER, name, "mark or beside", "spread")
        assert lead.low > 0 and round(lead.mean, 2) == beside
        assert above(RECORD, TRANSFORMER, name, "mark", "spread and dark").mean < 0.005
        dark = above(RECORD, TRANSFORMER, name, "mark or beside", "spread and dark")
        assert dark.low > 0 and round(dark.mean, 2) == less
    behind = above(RECORD, TRANSFORMER, "raw attention", "mark", "spread")
    assert behind.high < 0 and round(behind.mean, 2) == -0.24


def test_against_a_smoothed_and_centred_contrast_no_lead_on_digits_reaches_the_margin():
    assert mean("smoothed and centred", "digit") == pytest.approx(0.92, abs=0.005)
    margin = next(trial.margin for trial in verdicts.TRIALS if trial.name == "digit")
    for network in networks.BUILD:
        for method in verdicts.verdicts(RECORD, network):
            assert above(RECORD, network, method, "digit", "smoothed and centred").high < margin
    leads = [
        above(RECORD, TRANSFORMER, "integrated gradients", "digit", "smoothed and centred"),
        above(RECORD, TRANSFORMER, "rollout", "digit", "smoothed and centred"),
        above(RECORD, CONVOLUTIONAL, "Grad-CAM", "digit", "smoothed and centred"),
    ]
    assert [round(lead.mean, 3) for lead in leads] == pytest.approx([0.062, 0.045, 0.080], abs=0.001)
    assert all(lead.low > 0 for lead in leads)


def test_equally_white_keeps_pictures_in_which_neither_is_the_brighter():
    masks, decoys = torch.zeros(2, 3, 1, 24, 24, dtype=torch.bool)
    masks[..., :4, :4], decoys[..., 20:, 20:] = True, True
    images = torch.zeros(3, 1, 24, 24)
    for index, (mark, decoy) in enumerate(((0, 10), (2, 11), (6, 13))):  # white squares: 1 3, 2 2, 3 3
        images[index, 0, :4, :4], images[index, 0, 20:, 20:] = marked.mark(mark), marked.mark(decoy)
    both = claims.Decoyed(images, torch.tensor([0, 2, 6]), masks, decoys)
    assert later_rivals.equally_white(both).labels.tolist() == [2, 6]


def test_with_equally_white_decoys_the_two_still_find_the_mark_of_the_page_s_network():
    model = trained.load(TRANSFORMER)
    both = later_rivals.equally_white(claims.decoyed(model, trained.SEED, 200))
    assert len(both.labels) > 30

    def on_mark(method):
        return claims.pointing(method, model, both)["mark"].mean().item()

    for name in COMPARING:
        assert on_mark(maps.ANY_NETWORK[name]) > 0.95
    assert on_mark(maps.contrast) < 0.6 and on_mark(later_rivals.spread) < 0.6
    assert claims.pointing(maps.rollout, model, both)["mark or beside"].mean() > 0.95
