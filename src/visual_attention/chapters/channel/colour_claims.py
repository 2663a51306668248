"""Does channel attention find a cue in the colour with fewer steps, fewer pictures, or fewer mistakes?

Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.experiments run channel
"""

from visual_attention import cue_task, cues
from visual_attention.experiments.question import Contender, Question, Recipe, Variant
from visual_attention.mechanisms.channel import EfficientChannelAttention
from visual_attention.mechanisms.slots import FixedGate

WIDER = 1.15  # channels of those whose gate has few parameters or none, as a share of the others'
RATES = (1e-3, 3e-3, 1e-2, 3e-2)

CONTENDERS = (
    Contender(
        "squeeze and excitation",
        "attention",
        cues.reader(1, cues.excitation),
        "A gate for each channel from the averages of all channels.",
        "two matrices, r = 1",
    ),
    Contender(
        "ECA",
        "rival",
        cues.reader(WIDER, EfficientChannelAttention),
        "A gate for each channel from its average and its two neighbours' in the list.",
        "three weights, four channels more",
    ),
    Contender(
        "CBAM",
        "rival",
        cues.reader(1, cues.cbam),
        "Gates for channels from averages and maxima, then gates for places.",
        "two matrices, a window of 7 x 7",
    ),
    Contender(
        "spatial attention",
        "rival",
        cues.reader(WIDER, cues.spatial),
        "CBAM's spatial half alone, which cannot see which channel fired.",
        "a window of 7 x 7, four channels more",
    ),
    Contender(
        "scores added",
        "rival",
        cues.reader(1, cues.added(cues.excitation)),
        "The scores of squeeze and excitation, added to the channels instead of multiplied, then a ReLU.",
        "two matrices, one more ReLU",
    ),
    Contender(
        "second convolution",
        "rival",
        cues.reader(0.67, second=0.75),
        "No gate; a second 3 x 3 convolution after the halving sees 8 x 8 pixels instead of 4 x 4.",
        "a second convolution with its norm",
    ),
    Contender(
        "no gate", "trivial", cues.reader(WIDER), "The network without its gate.", "four channels more"
    ),
    Contender(
        "fixed gates",
        "control",
        cues.reader(WIDER, FixedGate),
        "Learned, but the same for every picture.",
        "a number a channel, four channels more",
    ),
    Contender(
        "another picture's gates",
        "control",
        cues.reader(1, cues.shuffled(cues.excitation)),
        "Squeeze and excitation, all its parts trained, with the gates of another picture of the batch.",
        "two matrices, r = 1",
    ),
)
VARIANTS = (
    Variant("half the rate", rate_factor=0.5),
    Variant("twice the rate", rate_factor=2.0),
    Variant("half the width", {"width": 12}),
    Variant("twice the width", {"width": 48}),
    Variant("half the pictures", pictures=500),
    Variant("no norm", {"norm": "none"}),
    Variant("twice as long", recipe={"steps": 1024}),
    Variant("the cue in the place", {"cue": "place"}),
    Variant("one digit, nothing to choose", {"cue": "nowhere"}),
)
DESIGN = (
    "Three handwritten digits of 8 x 8 pixels lie on top of each other in red, green and blue. A stripe "
    "along the top names, by its colour, the one to read. One 3 x 3 convolution with its norm, a halving, "
    "the gate, and a linear reader: without a gate, what stands at a place cannot know the stripe. "
    "Parameters match within 5 %. Training, validation and test share no digit."
)
MEANING = (
    "Squeeze and excitation ends 33 points above no gate, and gates that are fixed or belong to another "
    "picture gain nothing. In the trained network the gates carry the stripe's colour: of one with the same "
    "stripe they leave the accuracy as it was, held at their mean they leave less than half of it. Yet CBAM "
    "and scores that are added do as well on a thousand pictures, and so, within the intervals, does a "
    "second convolution. It need not be a product; but added with no ReLU behind them the same scores gain "
    "nothing, so that hearing of the whole picture is not enough. Nearly all networks were still rising "
    "when their steps were spent. The first version of this claim had one rate for all, no norm and five "
    "seeds, and found squeeze and excitation the surest."
)
TRIED = (
    "By the author: does spatial attention fail here for lack of a norm before its sigmoid, which its "
    "authors' published code has and this arm has not? No: with it, three seeds on a thousand pictures "
    "ended between 43 and 47 %, at rates of 0.003 and 0.01.",
    "An outsider, an hour: is it enough that every place hears of the stripe? No. The scores of squeeze and "
    "excitation, added with no ReLU behind them, end at 62 % without end (0.01, five seeds): 0.0 points "
    "from no gate (-1.5 to 1.6), 32 below the same with the ReLU (28 to 36). A sentence of this page fell.",
    "The same, one validation seed, without end, at 0.01 and matched in parameters: a second convolution of "
    "5 x 5 names 89.0 %, of 7 x 7 87.4, of 3 x 3 88.6; a hidden layer 84.2. A wider window closes no gap. "
    "Three validation seeds leave squeeze and excitation its rate on a thousand pictures. Spatial attention "
    "begun with a gate of zero scores ends as low as before (53.0 and 48.0, begun at random 53.8 and 47.6).",
    "The same: two more validation seeds leave CBAM, the strongest rival on a thousand pictures, its rate "
    "(86.6 % at 0.01, 47.7 at 0.03).",
)

QUESTION = Question(
    name="channel",
    chapter="mechanisms/channel",
    statement="A module that learns a weight for each feature channel makes the network use the channels "
    "that matter.",
    question="Does channel attention find a cue in the colour?",
    task=cue_task.TASK,
    contenders=CONTENDERS,
    recipe=Recipe(steps=512, batch=32, warmup=32, points=8, examples=500),
    margin=5,
    faster=1.5,
    level=70,
    sets=(250, 1000, 4000),
    rates=RATES,
    setting={"width": 24, "norm": "batch", "cue": "colour"},
    variants=VARIANTS,
    design=DESIGN,
    meaning=MEANING,
    tried=TRIED,
)
