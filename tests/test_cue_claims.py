"""The chapters on channel and spatial attention say of the records what the records say."""

import pytest

from visual_attention.experiments import record, registry
from visual_attention.experiments.comparison import compare

NAMES = ["channel", "channel-nothing-to-choose", "spatial", "spatial-gentler"]
VERDICTS = {"channel-nothing-to-choose": "not supported"}


def of(name, **chosen):
    return compare(registry.claim(name), record.load(name), **chosen)


def means(name):
    return {line.arm: line.mean for line in of(name).table}


def values(name, arm):
    return next(line.values for line in of(name).table if line.arm == arm)


def cue_in_gates(name, arm):
    return next(line.others["cue in the gates"] for line in of(name).table if line.arm == arm)


@pytest.mark.parametrize("name", NAMES)
def test_the_rules_are_those_that_were_written_down(name):
    claim = registry.claim(name)
    treatment = {"channel": "squeeze and excitation", "spatial": "spatial attention"}[name.split("-")[0]]
    assert (claim.treatment, claim.baseline, claim.seeds) == (treatment, "no gate", 5)
    assert claim.margin == (1 if name == "channel-nothing-to-choose" else 10)
    assert (claim.metric, claim.unit, claim.lower) == ("accuracy", "points", False)


@pytest.mark.parametrize("name", NAMES)
def test_the_record_is_whole_and_decides_as_the_chapter_says(name):
    claim, rows = registry.claim(name), record.load(name)
    made = {(row["arm"], row["seed"]) for row in rows if row["metric"] == "accuracy"}
    assert made == {(arm.name, seed) for arm in claim.arms for seed in range(5)}
    assert of(name).verdict == VERDICTS.get(name, "supported")
    assert claim.meaning, "what the result says is written after the run"


def test_squeeze_and_excitation_finds_the_colour_on_every_seed():
    assert round(of("channel").effect) == 27
    assert min(values("channel", "squeeze and excitation")) > 90
    for arm, knows in (("squeeze and excitation", 0.998), ("shuffled gates", 0.004), ("fixed gates", 0)):
        assert cue_in_gates("channel", arm) == pytest.approx(knows, abs=5e-4)
    for control in ("fixed gates", "shuffled gates"):
        assert 0.5 < of("channel", treatment=control).effect < 1.5  # "about one point"


def test_on_the_colour_the_rivals_scatter():
    average = means("channel")
    assert all(84 < average[arm] < 86 for arm in ("CBAM", "ECA", "second convolution"))
    assert round(of("channel", treatment="spatial attention").effect) == 5
    gated, second = values("channel", "squeeze and excitation"), values("channel", "second convolution")
    behind = sorted(g - s for g, s in zip(gated, second, strict=True))
    assert behind[3] < 7.2 and behind[4] > 25  # within 7 points on four of five seeds


def test_nothing_to_choose_nothing_gained():
    assert {round(mean) for mean in means("channel-nothing-to-choose").values()} == {96}
    assert abs(of("channel-nothing-to-choose").effect) < 0.05
    other = of("channel-nothing-to-choose", treatment="spatial attention")
    assert other.verdict == "no clear difference"


def test_spatial_attention_finds_the_place():
    average = means("spatial")
    assert [round(average[arm]) for arm in ("spatial attention", "no gate")] == [82, 35]
    assert round(of("spatial").effect) == 47
    assert average["CBAM"] > average["spatial attention"] + 5
    assert cue_in_gates("spatial", "spatial attention") == pytest.approx(0.70, abs=5e-3)
    assert round(of("spatial", treatment="shuffled gates").effect) == 20


def test_squeeze_and_excitation_shows_no_clear_gain_on_the_place():
    blind = of("spatial", treatment="squeeze and excitation")
    assert (round(blind.effect), blind.verdict) == (13, "no clear difference")
    gated, plain = values("spatial", "squeeze and excitation"), values("spatial", "no gate")
    gains = sorted(g - p for g, p in zip(gated, plain, strict=True))
    assert gains[0] == pytest.approx(-19, abs=0.5) and gains[-1] == pytest.approx(45, abs=1)


def test_some_networks_stayed_at_guessing_at_the_larger_rate():
    assert sum(value < 11 for value in values("spatial", "no gate")) == 1
    assert sum(value < 11 for value in values("spatial", "second convolution")) == 2


def test_at_a_gentler_rate_less_than_half_of_the_lead_is_left():
    assert round(of("spatial-gentler").effect) == 21 < of("spatial").effect / 2
    seeds = values("spatial-gentler", "spatial attention")
    assert min(seeds) > 96 and max(seeds) < 98
    assert abs(of("spatial-gentler", treatment="shuffled gates").effect) < 1
    assert round(means("spatial-gentler")["second convolution"]) == 97
    leads = [of(name, baseline="shuffled gates").effect for name in ("spatial", "spatial-gentler")]
    assert [round(lead) for lead in leads] == [27, 20]
    sizes = {line.arm: line.parameters for line in of("spatial").table}
    assert sizes["spatial attention"] - sizes["no gate"] == 98  # "with 98 parameters of its own"
