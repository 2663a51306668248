"""Does spatial attention find a cue in the place?

Run: python -m visual_attention.experiments run spatial --seeds 5 --jobs 2
"""

from functools import partial

from visual_attention.data.overlaid import by_place
from visual_attention.experiments.claim import Arm, Budget, Claim
from visual_attention.experiments.claims.channel import cbam, excitation, spatial
from visual_attention.experiments.cues import measure, reader
from visual_attention.mechanisms.slots import Shuffled
from visual_attention.mechanisms.spatial import CoordinateAttention, SpatialAttention

PLACES = 10 * 10  # of the halved 20 x 20 map


def shuffled(channels: int) -> Shuffled:
    """Spatial attention whose gates go to the next image of the batch."""
    return Shuffled(SpatialAttention())


ARMS = (
    Arm("spatial attention", "attention", reader(PLACES, 24, spatial), "CBAM's spatial half, 7 x 7."),
    Arm("no gate", "without", reader(PLACES, 24), "The same without the gate's 98 parameters."),
    Arm("shuffled gates", "control", reader(PLACES, 24, shuffled), "Another image's gates."),
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
CLAIMS = [
    Claim(
        name="spatial",
        chapter="mechanisms/spatial",
        statement="A module that weighs the regions of an image makes a convolutional network use the region "
        "that matters.",
        question="Does spatial attention find a cue in the place?",
        arms=ARMS,
        measure=partial(measure, by_place),
        metric="accuracy",
        treatment="spatial attention",
        baseline="no gate",
        margin=10.0,
        budgets={
            "live": Budget(steps=250, batch=64, test=500),
            "full": Budget(steps=500, batch=64, test=2000),
        },
        design=(
            "Four white handwritten digits of 8 x 8 pixels stand in four places; a bar lies beneath "
            "the one to read. One 3 x 3 convolution, a halving, the gate, and a linear reader: "
            "without a gate, what stands on the digit cannot know the bar. Parameters match within 5 "
            "%."
        ),
    ),
]
