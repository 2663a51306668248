import pytest
import torch

from visual_attention.data import digits, sizes
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.claims import classification
from visual_attention.experiments.comparison import compare
from visual_attention.training import seeded

TINY = Budget(steps=2, batch=8, test=60)
POINTS = {"soft pooling", "max pooling", "CBAM", "non-local", "another's map"}
SWAPPED = POINTS - {"non-local"} | {"squeeze and excitation", "efficient channel attention"}


def measured(arm, measure=classification.measure):
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


@pytest.mark.parametrize("arm", classification.ARMS, ids=lambda arm: arm.name)
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
    cells = list(classification.test_cells(0, TINY))
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
    metrics = classification.tested(model, cells)
    assert metrics["accuracy"] == pytest.approx(100 * 24 / 60)  # 5 a kind, of which numbers 1 and 3 hit
    assert len(labels) == 60 and metrics["peak on the digit"] == pytest.approx(40)
    assert metrics["accuracy where it hits"] == 100 and metrics["accuracy where it misses"] == 0
    assert metrics["gap within a kind"] == pytest.approx(100)


def test_the_test_is_the_same_for_all_arms_and_apart_from_the_training():
    one, again = (list(classification.test_cells(3, TINY)) for _ in range(2))
    assert len(one) == 12 and all(torch.equal(a.images, b.images) for a, b in zip(one, again, strict=True))
    assert {(int(cell.sides[0]), int(cell.pieces[0])) for cell in one} == {
        (side, pieces) for side in sizes.SIDES for pieces in sizes.PIECES
    }


@pytest.mark.parametrize("arm", registry.claim("classification-small").arms, ids=lambda arm: arm.name)
def test_small_digits_keep_their_8_x_8_places(arm):
    assert 0 <= measured(arm, classification.measure_small)["accuracy"] <= 100
    with seeded(0):
        model = arm.build().eval()
    assert model.features(digits.small("test")[0][:3]).shape[2:] == (8, 8)


def test_small_digits_are_drawn_from_their_split():
    images, labels = classification.small_digits(6, split="train", generator=torch.Generator().manual_seed(0))
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
