"""Does a tracker in which template and window attend to each other find its target again more often?

Run: python -m visual_attention.experiments run tracking
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from visual_attention.chapters.tracking import finders, finding, finding_cuts, fusion
from visual_attention.chapters.tracking.finding import Sought
from visual_attention.experiments import trial
from visual_attention.experiments.question import Contender, Question, Recipe, Setting, Task, Variant
from visual_attention.experiments.trial import Trial

SPLITS = {"train": "learning", "validation": "validation", "test": "test"}
POOL = 8192  # examples that stand for pictures without end: a training sees 12,288
SMALL = 64  # a draw of so few is a batch


def draw(count: int, split: str, generator: torch.Generator, setting: Setting) -> Sought:
    """Pairs of a template and a window; a batch without end comes from a large pool that is painted once."""
    turn, grid = setting["turn"], setting.get("grid", True)
    if split != "train":
        few = setting["few"]
        return finding.for_test(count, split=SPLITS[split], few=few, grid=grid, generator=generator)
    if count > SMALL:
        return finding.for_training(count, split="learning", turn=turn, grid=grid, generator=generator)
    chosen = torch.randint(POOL, (count,), generator=generator)
    return Sought(*(part[chosen] for part in finding.pool(POOL, turn, grid)))


def score(model: nn.Module, seen: Sought) -> dict[str, float]:
    """Targets found, in percent: on the mean over deformation and cover, and under each condition."""
    return finding_cuts.scores(model(seen.pairs, seen.tokens), seen)


TASK = Task(
    draw,
    fusion.loss,
    score,
    {name: finding_cuts.cut(change) for name, change in finding_cuts.CUTS.items()},
)


def network(kind: type[nn.Module], **fixed) -> Callable[[Setting], nn.Module]:
    """How a contender that reads the encoder's features is built."""
    return lambda setting: kind(dim=setting["dim"], frozen=setting["frozen"], **fixed)


def joint(looks: str) -> Callable[[Setting], nn.Module]:
    """How a one-stream tracker is built."""
    return lambda setting: network(fusion.OneStream, depth=setting["depth"], looks=looks)(setting)


CONTENDERS = (
    Contender(
        "two ways",
        "attention",
        joint("two ways"),
        "Template and window in one sequence: every token asks every other.",
        "positions, values, two blocks",
    ),
    Contender(
        "one way",
        "rival",
        joint("one way"),
        "The same, but the template does not ask the window.",
        "positions, values, two blocks",
    ),
    Contender(
        "correlation",
        "rival",
        network(finders.Correlation),
        "The template's 4 x 4 features slide over the window as a rigid kernel, channel by channel.",
        "two linear layers",
    ),
    Contender(
        "fine correlation",
        "rival",
        network(finders.FineCorrelation),
        "Cosines of 8 x 8 finer parts, each at its own place, in four groups of channels.",
        "features at twice the resolution",
    ),
    Contender(
        "one vector",
        "rival",
        network(finders.OneVector),
        "The template's mean, multiplied with each place: no parts, no order.",
        "two linear layers",
    ),
    Contender(
        "convolutions",
        "rival",
        network(finders.Convolutions),
        "The template's features and their mean are channels more of the window's; three convolutions.",
        "three 3 x 3 convolutions",
    ),
    Contender(
        "mixer",
        "rival",
        network(finders.Mixer),
        "One sequence, mixed by learned weights that are the same for every pair.",
        "two blocks",
    ),
    Contender(
        "raw pixels",
        "trivial",
        lambda setting: finders.Pixels(),
        "Normalised correlation of the target's pixels, nothing learned.",
        "one number",
    ),
    Contender(
        "the last place",
        "trivial",
        lambda setting: finders.LastPlace(),
        "The middle of the window, whatever is in it.",
        "one number",
    ),
    Contender(
        "uniform weights",
        "control",
        joint("uniform"),
        "The one sequence with all its parts, where each token takes alike from all.",
        "positions, values, two blocks",
    ),
)
VARIANTS = (
    Variant("half the rate", rate_factor=0.5),
    Variant("twice the rate", rate_factor=2.0),
    Variant("half the width", {"dim": 16}),
    Variant("twice the width", {"dim": 64}),
    Variant("one block", {"depth": 1}),
    Variant("half the pairs", pictures=500),
    Variant("features that learn along", {"frozen": False}),
    Variant("easier: fewer others", {"few": 3}),
    Variant("harder: more others", {"few": 8}),
    Variant("trained on turns up to 45 degrees", {"turn": 45.0}),
    Variant("twice as long", recipe={"steps": 768}),
)
DESIGN = (
    "A window of 48 x 48 pixels of a frame with three to eight round things of one family (discs of a "
    "photograph, ancient coins, counters with digits), and the target's template, 24 x 24 pixels of an "
    "earlier frame. The window lies anywhere around the target, but things stand near the middles of a 3 x 3 "
    "grid's cells: 71 % of the targets lie in a quarter of the window's places, and 1 % in its middle. In "
    "training things turn by any angle, bend, grow or shrink, and are covered, all at once; in the test each "
    "of 30 scenes is seen under seven conditions, same things at the same places. A target is found if the "
    "centre is at most 6 pixels off; the metric is the mean over turned by 90 degrees, bent, half covered, "
    "and grown or shrunk by half an octave. All but the trivial ones read the same features of a small "
    "convolutional encoder, 8 x 8 tokens of the window and 4 x 4 of the template, that had learned to tell "
    "things apart by one vector each and was frozen, and they have the same head. The trackers of one stream "
    "learn positions; both correlations and one vector have none. Without end means a pool of 8,192 pairs. "
    "Learning, validation and test share no background, and no thing except coins, of which those of the "
    "test are others."
)

TRIED = (
    "Before the rule was written, one seed, validation scenes, 1,000 pairs, 256 steps at 0.003, over all "
    "seven conditions: one vector and raw pixels 78 %, correlation and two ways 76; two ways had 43 after "
    "128 steps.",
    "Four contenders of this recipe are stored, one training each, and what they find, lose by cuts and hold "
    "on whole films is in the chapter: in windows of 150 other scenes two ways is ahead of correlation "
    "and of one vector by 6 points, in as many off the grid it is level with both, and on whole films it is "
    "ahead of its control alone.",
    "Asked by an outsider, after the record had been seen: correlation and one vector with learned "
    "positions, and all of these trained and tested where things stand on no grid.",
)

MEANING = (
    "On a thousand pairs the tracker in which template and window ask each other is ahead of correlation by "
    "5 points and of one vector by 6. These had no positions, and things stand on a grid: given positions, "
    "they are behind by 4 and 3. Off the grid it is ahead of correlation, and over one vector four seeds "
    "leave it open. Its lead of 4 over the finer correlation is not clear once six rivals are allowed for. "
    "Within 5 points of it are convolutions that mix both pictures, and the same tracker whose template asks "
    "nothing, which learns more slowly. Its control without a choice is 28 behind, and no better than "
    "pointing at any thing. By turning, bending, cover and growth it does not clearly lose less than "
    "correlation does. Without end it is level with convolutions, too; with 250 pairs they are ahead by 9. "
    "In ten of eleven other settings the interval between the two reaches 0; where features learn along, "
    "convolutions are ahead by 8."
)

QUESTION = Question(
    name="tracking",
    chapter="applications/tracking",
    statement="With attention, a tracker finds its target more reliably under occlusion and deformation.",
    question="Does a tracker find a turned, bent or covered target more often if template and window "
    "attend to each other?",
    task=TASK,
    contenders=CONTENDERS,
    recipe=Recipe(steps=384, batch=32, warmup=32, points=5, examples=420),
    margin=5,
    faster=1.5,
    level=70,
    sets=(250, 1000, 4000),
    metric="found again",
    rates=(1e-3, 3e-3, 1e-2, 3e-2),
    tuning_seeds=3,
    setting={"dim": 32, "depth": 2, "turn": 180.0, "few": 5, "frozen": True},
    variants=VARIANTS,
    design=DESIGN,
    meaning=MEANING,
    tried=TRIED,
)
QUESTIONS = [QUESTION]


def live(name: str, *, pairs: int = 400, steps: int = 192, rate: float = 3e-3):
    """Train a contender now, on a few hundred pairs, before the chapter's reader.

    Returns:
        The averaged network, and its scores by step on scenes of the test.
    """
    first = QUESTION.conditions[0]
    condition = replace(first, pictures=pairs, recipe=replace(first.recipe, steps=steps, examples=140))
    judged = trial.examples(TASK, "test", 1, condition)
    made = Trial("live", condition, name, rate, 1)
    return trial.train(QUESTION, made, lambda model: score(model, judged), scored=condition.recipe.scored)[:2]
