"""Does channel attention find a cue in the colour, and what does it do where there is nothing to choose?

Run: python -m visual_attention.experiments run channel channel-nothing-to-choose --seeds 5 --jobs 2
"""

from functools import partial

from visual_attention.cues import (
    SCORED,
    cbam,
    excitation,
    measure,
    nothing_to_choose,
    reader,
    shuffled,
    spatial,
)
from visual_attention.data.overlaid import by_colour
from visual_attention.experiments.claim import Arm, Budget, Claim
from visual_attention.mechanisms.channel import EfficientChannelAttention
from visual_attention.mechanisms.slots import FixedGate

PLACES = 5 * 5  # of the halved 11 x 10 map
CLEAR = 7 * 7  # of the halved 14 x 14 map
WIDTH, WIDER = 24, 28  # channels with squeeze and excitation, and without, so that parameters match


ARMS = (
    Arm("squeeze and excitation", "attention", reader(PLACES, WIDTH, excitation), "Gates from all averages."),
    Arm("no gate", "without", reader(PLACES, WIDER), "Wider by four channels."),
    Arm("fixed gates", "control", reader(PLACES, WIDER, FixedGate), "Learned, the same for every image."),
    Arm("shuffled gates", "control", reader(PLACES, WIDTH, shuffled(excitation)), "Another image's gates."),
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
COLOUR_MEANS = (
    "All but about a point of the lead comes from gates that follow the image at hand: gates that are "
    "learned but fixed, or that belong to another image, hardly help. The stripe's colour explains nearly "
    "all of the gates' variation. It is no privilege of gates: a second convolution, whose view is wider, "
    "comes near on four of five seeds and fails on one. CBAM and ECA reach squeeze and excitation on some "
    "seeds and stay behind on others, and spatial attention, which cannot see colours, gains little."
)
NOTHING_MEANS = (
    "Without anything to choose, gates give nothing and take nothing, within half a point. The lead on the "
    "cue is no gift of the module as such."
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
        treatment="squeeze and excitation",
        margin=10.0,
        budgets={
            "live": Budget(steps=500, batch=128, test=500),
            "full": Budget(steps=1000, batch=128, test=2000),
        },
        design=(
            "Three handwritten digits of 8 x 8 pixels lie on top of each other in red, green and blue. A "
            "stripe along the top names, by its colour, the one to read. One 3 x 3 convolution, a halving, "
            "the gate, and a linear reader: without a gate, what stands at a place cannot know the stripe. "
            "Parameters match within 5 %. After a look at seed 0 of a first run of 400 steps, whose rows "
            "were thrown away, all arms got 1,000 steps; arms and margin stayed."
        ),
        meaning=COLOUR_MEANS,
        **SCORED,
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
        treatment="squeeze and excitation",
        margin=1.0,
        budgets={
            "live": Budget(steps=150, batch=128, test=500),
            "full": Budget(steps=250, batch=128, test=1000),
        },
        design=(
            "One white handwritten digit of 14 x 14 pixels on black, no cue, nothing to leave out; "
            "the same small network as in the claim on the colour cue."
        ),
        meaning=NOTHING_MEANS,
        **SCORED,
    ),
]
