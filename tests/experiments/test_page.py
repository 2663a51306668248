from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.experiments import toy
from visual_attention.experiments import page, record, registry


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Two claims, one with a record in which attention loses to max pooling, one never run."""
    claims = {
        "toy": toy.claim(meaning="It says a lot.", tried=("Longer: no change.", "Fewer: worse.")),
        "toy-new": toy.claim(name="toy-new", question="A < B?"),
    }
    monkeypatch.setattr(registry, "everything", lambda: claims)
    rows = toy.rows(
        {"with": [58, 60, 62, 64, 66], "without": [28, 30, 31, 35, 36], "max": [79, 80, 81, 82, 83]}
    )
    record.append("toy", rows, tmp_path)
    return page.entries(tmp_path)


def test_a_claim_tells_what_was_written_before_the_run(listed):
    text = page.before(listed[0])
    assert "**The assertion.** It helps." in text and "- *max* (rival)" in text
    assert "**The rule, written before the run.** Accuracy of with minus accuracy of without, 5 seeds" in text


def test_what_was_found_includes_what_beats_attention(listed):
    text = page.after(listed[0])
    assert "- Worse. With minus max: −19.0 points" in text
    assert "**What this says.** It says a lot." in text
    assert "**What else was tried.**\n\n- Longer: no change.\n- Fewer: worse.\n\n" in text
    untold = replace(listed[0], claim=replace(listed[0].claim, tried=()))
    assert "What else was tried" not in page.after(untold)
    assert "7 steps of 64, tested on 1,000" in text and "records/toy.jsonl" in text


def test_new_claims_appear_by_themselves_and_say_that_they_were_not_run(listed):
    text = page.summary(listed)
    assert "2 claims: 1 supported, 1 not run yet." in text
    assert 'href="#claim-toy"' in text and "A &lt; B?" in text and 'href="#claim-toy-new"' not in text


def test_the_figure_and_its_words_hold_the_same_numbers(listed, tmp_path):
    assert page.alternative(listed[0].result) == (
        "Horizontal bars with intervals, accuracy (%): with 62.0, without 32.0, max 81.0."
    )
    (tmp_path / "figure.png").write_bytes(page.draw(listed[0].result))
    assert np.asarray(Image.open(tmp_path / "figure.png").convert("L")).std() > 10


@pytest.mark.parametrize("missing", ["seed", "arm"])
def test_a_record_with_runs_missing_gives_no_verdict(missing, tmp_path):
    values = {"with": [60] * 5, "without": [30] * 5, "max": [70] * (4 if missing == "seed" else 0)}
    record.append("toy", toy.rows({arm: found for arm, found in values.items() if found}), tmp_path)
    shown = page.entry(toy.claim(), tmp_path)
    assert shown.result is None and shown.verdict == "not run yet"


@pytest.mark.parametrize("name", registry.names())
def test_every_claim_of_the_course_can_be_shown(name):
    shown = page.entry(registry.claim(name))
    assert page.before(shown)
    if shown.result:
        assert page.after(shown) and page.alternative(shown.result) and page.draw(shown.result)
