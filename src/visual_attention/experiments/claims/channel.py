"""Does channel attention find a cue in the colour, and what does it do where there is nothing to choose?

Run: python -m visual_attention.experiments run channel channel-nothing-to-choose --seeds 5 --jobs 2
"""

from functools import partial

from visual_attention.data.overlaid import by_colour
from visual_attention.experiments.claim import Arm, Budget, Claim
from visual_attention.experiments.cues import measure, nothing_to_choose, reader
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.channel import EfficientChannelAttention, SqueezeExcitation
from visual_attention.mechanisms.slots import FixedGate, Shuffled
from visual_attention.mechanisms.spatial import SpatialAttention

PLACES = 5 * 5  # of the halved 11 x 10 map
CLEAR = 7 * 7  # of the halved 14 x 14 map
WIDTH, WIDER = 24, 28  # channels with squeeze and excitation, and without, so that parameters match


def excitation(channels: int) -> SqueezeExcitation:
    """Squeeze and excitation with r = 1: the paper's 16 would leave one hidden unit for 24 channels."""
    return SqueezeExcitation(channels, reduction=1)


def cbam(channels: int) -> CBAM:
    """CBAM with r = 1, for the same reason."""
    return CBAM(channels, reduction=1)


def spatial(channels: int) -> SpatialAttention:
    """CBAM's spatial half; it takes any number of channels."""
    return SpatialAttention()


def shuffled(channels: int) -> Shuffled:
    """Squeeze and excitation whose gates go to the next image of the batch."""
    return Shuffled(excitation(channels))


ARMS = (
    Arm("squeeze and excitation", "attention", reader(PLACES, WIDTH, excitation), "Gates from all averages."),
    Arm("no gate", "without", reader(PLACES, WIDER), "Wider by four channels."),
    Arm("fixed gates", "control", reader(PLACES, WIDER, FixedGate), "Learned, the same for every image."),
    Arm("shuffled gates", "control", reader(PLACES, WIDTH, shuffled), "Another image's gates."),
    Arm(
        "spatial attention", "rival", reader(PLACES, WIDER, spatial), "CBAM's spatial half: blind to colour."
    ),
    Arm(
        "ECA",
        "rival",
        reader(PLACES, WIDER, EfficientChannelAttention),
        "Three neighbours in the list of channels.",
    ),
    Arm("CBAM", "rival", reader(PLACES, WIDTH, cbam), "Channels, then places."),
    Arm("second convolution", "rival", reader(PLACES, 16, second=18), "No gate; sees 8 instead of 4 pixels."),
)
CLAIMS = [
    Claim(
        name="channel",
        chapter="mechanisms/channel",
        statement="A module that learns a weight for each feature channel makes the network use the channels "
        "that matter.",
        question="Does channel attention find a cue in the colour?",
        arms=ARMS,
        measure=partial(measure, by_colour),
        metric="accuracy",
        treatment="squeeze and excitation",
        baseline="no gate",
        margin=10.0,
        budgets={
            "live": Budget(steps=500, batch=128, test=500),
            "full": Budget(steps=1000, batch=128, test=2000),
        },
        design=(
            "Three handwritten digits of 8 x 8 pixels lie on top of each other in red, green and "
            "blue. A stripe along the top names, by its colour, the one to read. One 3 x 3 "
            "convolution, a halving, the gate, and a linear reader: without a gate, what stands at a "
            "place cannot know the stripe. Parameters match within 5 %."
        ),
    ),
    Claim(
        name="channel-nothing-to-choose",
        chapter="mechanisms/channel",
        statement="A module that learns a weight for each feature channel makes the network better.",
        question="Does channel attention help where there is nothing to choose?",
        arms=(
            Arm("squeeze and excitation", "attention", reader(CLEAR, WIDTH, excitation)),
            Arm("no gate", "without", reader(CLEAR, 26)),
            Arm("spatial attention", "rival", reader(CLEAR, 26, spatial)),
            Arm("CBAM", "rival", reader(CLEAR, WIDTH, cbam)),
        ),
        measure=partial(measure, nothing_to_choose),
        metric="accuracy",
        treatment="squeeze and excitation",
        baseline="no gate",
        margin=1.0,
        budgets={
            "live": Budget(steps=150, batch=128, test=500),
            "full": Budget(steps=250, batch=128, test=1000),
        },
        design=(
            "One white handwritten digit of 14 x 14 pixels on black, no cue, nothing to leave out; "
            "the same small network as in the claim on the colour cue."
        ),
    ),
]
