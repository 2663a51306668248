import json
from pathlib import Path

import pytest
import torch

from visual_attention.chapters.classification import claims, sizes
from visual_attention.data import digits
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.comparison import compare
from visual_attention.training import seeded

TINY = Budget(steps=2, batch=8, test=60)
POINTS = {"soft pooling", "max pooling", "CBAM", "non-local", "another's map"}
SWAPPED = POINTS - {"non-local"} | {"squeeze and excitation", "efficient channel attention"}


def measured(arm, measure=claims.measure):
    with seeded(0):
        return measure(arm.build(), arm, 0, TINY)


@pytest.mark.parametrize("name", ["classification", "classification-small"])
def test_the_rules_are_those_that_were_written_down(name):
    claim = registry.claim(name)
    assert (claim.treatment, claim.baseline, claim.seeds) == ("soft pooling", "more convolution", 5)
    assert claim.margin == {"classification": 10, "classification-small": 1}[name]
    assert (claim.metric, claim.unit, claim.lower) == ("accuracy", "points", False)


@pytest.mark.parametrize("name", ["classification", "classification-small"])
def test_all_arms_have_the_same_parameters_within_5_percent(name):
    counts = count_parameters(registry.claim(name))
    assert max(counts.values()) <= 1.05 * min(counts.values()) and len(counts) == 9


@pytest.mark.parametrize("arm", claims.ARMS, ids=lambda arm: arm.name)
def test_each_arm_reports_what_it_has(arm):
    metrics = measured(arm)
    assert metrics["accuracy"] == pytest.approx(
        sum(metrics[f"accuracy at {side} px"] for side in sizes.SIDES) / 4
    )
    assert metrics["accuracy"] == pytest.approx(
        sum(metrics[f"accuracy with {pieces} pieces"] for pieces in sizes.PIECES) / 3
    )
    assert ("weight on the digit" in metrics) == (arm.name in POINTS)
    assert ("accuracy, maps swapped" in metrics) == (arm.name in SWAPPED)
    assert ("accuracy, map held on the digit" in metrics) == (arm.name == "soft pooling")
    if arm.name in POINTS:
        area = sum(side**2 for side in sizes.SIDES) / 4 / 48**2
        assert metrics["area of the digit"] == pytest.approx(100 * area, rel=1e-4)
    assert all(-100 <= value <= 100 for value in metrics.values())


def test_a_trained_map_hits_and_its_numbers_fit_together():
    cells = list(claims.test_cells(0, TINY))
    labels = torch.cat([cell.labels for cell in cells])

    class Known(torch.nn.Module):
        """Answers right where its map hits, wrong elsewhere; hits on every other picture."""

        pool = None

        def place_map(self, images):
            masks = next(cell.masks for cell in cells if cell.images is images)
            inside = torch.nn.functional.avg_pool2d(masks.float(), 4)
            inside[::2] = 1 - inside[::2]
            return inside / inside.sum((1, 2, 3), keepdim=True)

        def forward(self, images):
            cell = next(cell for cell in cells if cell.images is images)
            answers = cell.labels.clone()
            answers[::2] = (answers[::2] + 1) % 10
            return torch.nn.functional.one_hot(answers, 10).float()

    model = Known()
    model.slots = [torch.nn.Identity()]
    metrics = claims.tested(model, cells)
    assert metrics["accuracy"] == pytest.approx(100 * 24 / 60)  # 5 a kind, of which numbers 1 and 3 hit
    assert len(labels) == 60 and metrics["peak on the digit"] == pytest.approx(40)
    assert metrics["accuracy where it hits"] == 100 and metrics["accuracy where it misses"] == 0
    assert metrics["gap within a kind"] == pytest.approx(100)


def test_the_test_is_the_same_for_all_arms_and_apart_from_the_training():
    one, again = (list(claims.test_cells(3, TINY)) for _ in range(2))
    assert len(one) == 12 and all(torch.equal(a.images, b.images) for a, b in zip(one, again, strict=True))
    assert {(int(cell.sides[0]), int(cell.pieces[0])) for cell in one} == {
        (side, pieces) for side in sizes.SIDES for pieces in sizes.PIECES
    }


@pytest.mark.parametrize("arm", registry.claim("classification-small").arms, ids=lambda arm: arm.name)
def test_small_digits_keep_their_8_x_8_places(arm):
    assert 0 <= measured(arm, claims.measure_small)["accuracy"] <= 100
    with seeded(0):
        model = arm.build().eval()
    assert model.features(digits.small("test")[0][:3]).shape[2:] == (8, 8)


def test_small_digits_are_drawn_from_their_split():
    images, labels = claims.small_digits(6, split="train", generator=torch.Generator().manual_seed(0))
    bank, names = digits.small("train")
    for image, label in zip(images, labels, strict=True):
        assert (bank == image).flatten(1).all(1).logical_and(names == label).any()


@pytest.mark.parametrize("name", ["classification", "classification-small"])
def test_the_record_is_whole(name):
    claim = registry.claim(name)
    made = {(row["arm"], row["seed"]) for row in record.load(name) if row["metric"] == "accuracy"}
    if not made:
        pytest.skip("not run yet")
    assert made == {(arm.name, seed) for arm in claim.arms for seed in range(5)}


@pytest.mark.parametrize(
    ("name", "verdict"), [("classification", "supported"), ("classification-small", "not supported")]
)
def test_the_record_says_what_the_chapter_says(name, verdict):
    claim, rows = registry.claim(name), record.load(name)
    if not rows:
        pytest.skip("not run yet")
    assert compare(claim, rows).verdict == verdict


def test_the_record_knows_where_the_maps_lie():
    claim, rows = registry.claim("classification"), record.load("classification")
    if not rows:
        pytest.skip("not run yet")
    table = compare(claim, rows, metric="weight on the digit", baseline="another's map").table
    weight = {line.arm: line.mean for line in table}
    assert weight["soft pooling"] > 85 and weight["CBAM"] < 20 and weight["another's map"] < 30
    for better, worse in (("nothing", "max pooling"), ("max pooling", "soft pooling")):
        assert compare(claim, rows, treatment=worse, baseline=better).verdict == "better"


def mean(name, metric, arm):
    """An arm's mean over its five seeds."""
    found = [r["value"] for r in record.load(name) if r["metric"] == metric and r["arm"] == arm]
    assert len(found) == 5
    return sum(found) / 5


def effect(treatment, baseline, metric="accuracy", name="classification"):
    """Mean difference and the ends of its interval, as the chapter prints them, and the verdict."""
    found = compare(
        registry.claim(name), record.load(name), treatment=treatment, baseline=baseline, metric=metric
    )
    assert found.seeds == 5
    return f"{abs(found.effect):.1f}", f"{abs(found.low):.1f}", f"{abs(found.high):.1f}", found.verdict


@pytest.fixture(scope="module")
def chapter():
    """The chapter's prose."""
    path = Path(__file__).parents[3] / "notebooks" / "applications" / "classification.ipynb"
    cells = json.loads(path.read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


class TestWhatTheChapterSaysOfTheRecord:
    def test_the_verdict_and_the_gain_at_each_size(self, chapter):
        gain, low, high, verdict = effect("soft pooling", "more convolution")
        assert f"gains {gain} points over more convolution (95 % interval {low} to {high}, five" in chapter
        assert verdict == "supported" and f"reads {gain} points more" in chapter
        at = [
            mean("classification", f"accuracy at {side} px", "soft pooling")
            - mean("classification", f"accuracy at {side} px", "more convolution")
            for side in sizes.SIDES
        ]
        alone, among = (
            effect("soft pooling", "more convolution", f"accuracy with {pieces} pieces")[0]
            for pieces in (0, 12)
        )
        assert f"{float(alone):.0f} points without any piece, {float(among):.0f} with twelve" in chapter
        said = f"{at[0]:.0f} points at 10 pixels, {at[1]:.0f} at 14, and the smallest, {at[3]:.0f}, at 24"
        assert said in chapter and min(at) == at[3]

    def test_soft_pooling_leads_at_every_size_and_max_pooling_comes_next(self, chapter):
        for side in sizes.SIDES:
            table = compare(
                registry.claim("classification"),
                record.load("classification"),
                metric=f"accuracy at {side} px",
            ).table
            best = sorted(table, key=lambda line: -line.mean)
            assert [line.arm for line in best[:2]] == ["soft pooling", "max pooling"]
        gap = effect("soft pooling", "max pooling")[0]
        assert chapter.count(f"max pooling comes within {gap} points**") == 1
        assert f"to learn, comes within {gap} points" in chapter

    def test_the_control_ends_less_than_2_points_above_empty_slots(self, chapter):
        control = effect("another's map", "nothing")
        assert float(control[2]) < 2 and "end less than 2 points above empty slots" in chapter

    def test_what_did_not_help(self, chapter):
        for gate in ("squeeze and excitation", "efficient channel attention"):
            assert effect(gate, "nothing")[3] == "no clear difference"
            assert effect(gate, "more convolution")[3] == "worse"
        assert f"gains {effect('CBAM', 'nothing')[0]} points over empty slots" in chapter
        assert f"stays {effect('CBAM', 'more convolution')[0]} below the same parameters" in chapter
        assert effect("CBAM", "nothing")[3] == "better" and effect("CBAM", "more convolution")[3] == "worse"
        gain, *_, verdict = effect("non-local", "more convolution")
        assert verdict == "better" and f"gains {gain} over them" in chapter
        table = compare(registry.claim("classification"), record.load("classification")).table
        seconds = {line.arm: line.seconds for line in table}
        assert 1.5 < seconds["non-local"] / seconds["more convolution"] < 1.9

    def test_where_the_maps_lie(self, chapter):
        def of(metric, arm):
            return mean("classification", metric, arm)

        soft, flat = (of("weight on the digit", arm) for arm in ("soft pooling", "CBAM"))
        area = of("area of the digit", "CBAM")
        assert f"lays {soft:.0f} % of its weight on {area:.0f} % of the picture" in chapter
        assert f"hits in {of('peak on the digit', 'CBAM'):.0f} % of pictures" in chapter
        assert f"the weight on it, {flat:.1f} %" in chapter and abs(flat - area) < 0.2

    def test_looking_and_answering(self, chapter):
        def of(metric, arm="soft pooling"):
            return mean("classification", metric, arm)

        assert f"right {of('gap within a kind'):.0f} points more often where its map hits" in chapter
        missed = of("accuracy where it misses")
        held = of("accuracy where it misses, map held on the digit")
        assert f"in {missed:.0f} % by themselves, and in {held:.0f} % with the map held" in chapter
        assert f"hit on its own, {of('accuracy where it hits'):.0f} %" in chapter
        assert held - missed > (of("accuracy where it hits") - missed) / 2  # "most of what was lost"
        assert abs(of("gap within a kind", "CBAM")) < 1 and 40 < of("peak on the digit", "CBAM") < 60
        assert of("accuracy, maps swapped", "CBAM") < 12 < of("accuracy, maps swapped") < 15

    def test_digits_that_fill_the_picture(self, chapter):
        name = "classification-small"
        lost, high, low, verdict = effect("soft pooling", "more convolution", name=name)
        assert verdict == "not supported"
        assert f"{lost} points *behind* more convolution ({low} to {high}, five seeds)" in chapter
        table = compare(registry.claim(name), record.load(name)).table
        assert all(98 < line.mean < 100 for line in table) and "between 98 and 100 %" in chapter
        left, own = (mean(name, m, "soft pooling") for m in ("accuracy, maps swapped", "accuracy"))
        assert f"{left:.0f} % are left of its {own:.1f}" in chapter
