"""Does spatial attention find a cue in the place, and is that owed to the learning rate?

Run: python -m visual_attention.experiments run spatial spatial-gentler --seeds 5 --jobs 2
"""

from functools import partial

from visual_attention.cues import (
    GENTLE,
    SCORED,
    cbam,
    excitation,
    measure,
    reader,
    shuffled,
    spatial,
)
from visual_attention.data.overlaid import by_place
from visual_attention.experiments.claim import Arm, Budget, Claim
from visual_attention.mechanisms.spatial import CoordinateAttention

PLACES = 10 * 10  # of the halved 20 x 20 map


ARMS = (
    Arm("spatial attention", "attention", reader(PLACES, 24, spatial), "CBAM's spatial half, 7 x 7."),
    Arm("no gate", "without", reader(PLACES, 24), "The same without the gate's 98 parameters."),
    Arm("shuffled gates", "control", reader(PLACES, 24, shuffled(spatial)), "Another image's gates."),
    Arm("squeeze and excitation", "rival", reader(PLACES, 23, excitation), "Blind to where."),
    Arm("CBAM", "rival", reader(PLACES, 23, cbam), "Channels, then places."),
    Arm(
        "coordinate attention",
        "rival",
        reader(PLACES, 23, CoordinateAttention),
        "A row gate times a column gate.",
    ),
    Arm("second convolution", "rival", reader(PLACES, 16, second=21), "No gate; sees 8 instead of 4 pixels."),
)
GENTLE_ARMS = ("spatial attention", "no gate", "shuffled gates", "second convolution")
PLACE_MEANS = (
    "Which place has the bar explains most of the gates' variation, and gates of another image do far less. "
    "But part of the lead is not sight: shuffled gates, which know nothing of the image, still gain 20 "
    "points on no gate, and some networks without a gate stayed at guessing. The learning rate suits gates "
    "better than their rivals; the next claim looks into that. CBAM does better still; squeeze and "
    "excitation, blind to places, shows no clear gain."
)
GENTLE_MEANS = (
    "More than half of the first lead was the learning rate: with a third of it, all networks learn, and 21 "
    "points are left. These come from gates that follow the image, for shuffled gates gain about one point. "
    "A second convolution finds the place as well as the gate does."
)
TASK = (
    "Four white handwritten digits of 8 x 8 pixels stand in four places; a bar lies beneath the one to "
    "read. One 3 x 3 convolution, a halving, the gate, and a linear reader: without a gate, only what "
    "stands on a digit's lowest rows can know the bar. Parameters match within 5 %."
)
CLAIMS = [
    Claim(
        name="spatial",
        chapter="mechanisms/spatial",
        statement="A module that weighs the regions of an image makes a convolutional network use the region "
        "that matters.",
        question="Does spatial attention find a cue in the place?",
        arms=ARMS,
        measure=partial(measure, by_place),
        treatment="spatial attention",
        margin=10.0,
        budgets={
            "live": Budget(steps=250, batch=64, test=500),
            "full": Budget(steps=500, batch=64, test=2000),
        },
        design=(
            f"{TASK} After a look at seed 0 of a first run of 200 steps of 128, whose rows were thrown away, "
            "all arms got 500 steps of 64; arms and margin stayed."
        ),
        meaning=PLACE_MEANS,
        **SCORED,
    ),
    Claim(
        name="spatial-gentler",
        chapter="mechanisms/spatial",
        statement="The lead of spatial attention is more than a learning rate that suits it.",
        question="Does spatial attention keep its lead when all learn more gently and for longer?",
        arms=tuple(arm for arm in ARMS if arm.name in GENTLE_ARMS),
        measure=partial(measure, by_place, lr=GENTLE),
        treatment="spatial attention",
        margin=10.0,
        budgets={
            "live": Budget(steps=500, batch=64, test=500),
            "full": Budget(steps=1000, batch=64, test=2000),
        },
        design=(
            "The same task and arms, a third of the learning rate, twice as many steps. Thought of after the "
            "record of the claim on the place cue: some of its runs without a gate had stayed at guessing."
        ),
        meaning=GENTLE_MEANS,
        **SCORED,
    ),
]
