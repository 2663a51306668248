"""Does a set transformer find objects better than a grid?

All contenders answer from the same features of one frozen backbone.

Run: python -m visual_attention.experiments run detection
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from visual_attention.boxes import iou
from visual_attention.chapters.detection import backbone, cuts, reading, scenes, seen
from visual_attention.chapters.detection.answers import Answers, suppressed, sure
from visual_attention.chapters.detection.grid import GridAttention, GridDetector
from visual_attention.chapters.detection.rivals import FixedLook, ProposedQueries, SameAnswers
from visual_attention.chapters.detection.scores import average_precision
from visual_attention.chapters.detection.seen import Seen
from visual_attention.chapters.detection.set_loss import EMPTY_WEIGHT
from visual_attention.chapters.detection.training import ready
from visual_attention.chapters.detection.transformer import QUERIES, SetTransformer
from visual_attention.experiments import trial
from visual_attention.experiments.question import Contender, Question, Recipe, Setting, Task, Variant

KINDS = len(scenes.KINDS)
BEST = 8  # answers of a picture that may find an object, so that no detector has more of them
SIDE = scenes.CANVAS // backbone.STRIDE


def loss(model: nn.Module, batch: Seen) -> Tensor:
    """Each network's own: the set loss, or that of the grid."""
    return model.loss(batch.features, batch.objects)


def score(model: nn.Module, batch: Seen) -> dict[str, float]:
    """AP50, which objects are found, and what is answered that should not be, all in percent."""
    answers = model.answers(batch.features)
    found, hard = finds(answers, batch), difficult(batch)
    there, meant = batch.present, sure(answers)
    empty = ~there.any(dim=1)
    return {
        "AP50": precision(answers, batch),
        "small or hidden found": percent(found[there & hard]),
        "others found": percent(found[there & ~hard]),
        "surplus answers": percent(~sure(suppressed(answers))[meant]),
        "empty scenes answered": percent(meant[empty].any(dim=1)),
    }


def precision(answers: Answers, batch: Seen) -> float:
    """AP50 in percent, by COCO's code."""
    found = [answers.of(picture) for picture in range(len(batch.labels))]
    return average_precision(found, batch.scenes, strict=False)["AP50"]


def finds(answers: Answers, batch: Seen) -> Tensor:
    """Which objects one of the eight best answers finds: the right class, half an overlap, (B, O)."""
    real = (answers.labels >= 0).cumsum(dim=1)
    best = (answers.labels >= 0) & (real <= BEST)  # (B, M)
    near = iou(answers.boxes[:, :, None], batch.boxes[:, None]) >= 0.5  # (B, M, O)
    same = answers.labels[:, :, None] == batch.labels[:, None]
    return (near & same & best[..., None]).any(dim=1)


def difficult(batch: Seen) -> Tensor:
    """Which objects are small or heavily hidden, (B, O)."""
    return (scenes.sizes(batch.objects) < scenes.SMALL) | (batch.hidden >= scenes.HEAVY)


def percent(values: Tensor) -> float:
    """The mean in percent; 0 of nothing."""
    return 100 * values.double().mean().item() if values.numel() else 0.0


def cut(change: Callable[[nn.Module, Seen], nn.Module | None]) -> Callable[[nn.Module, Seen], float | None]:
    """AP50 of a changed copy of a trained network."""

    def after(model: nn.Module, batch: Seen) -> float | None:
        changed = change(model, batch)
        return None if changed is None else precision(changed.answers(batch.features), batch)

    return after


def uncleaned(model: nn.Module, batch: Seen) -> float | None:
    """AP50 of the grid without suppression."""
    return precision(model.raw_answers(batch.features), batch) if hasattr(model, "raw_answers") else None


def cleaned(model: nn.Module, batch: Seen) -> float | None:
    """AP50 of a set after suppression, which it should not need."""
    if hasattr(model, "raw_answers"):
        return None
    return precision(suppressed(model.answers(batch.features)), batch)


TASK = Task(
    seen.take,
    loss,
    score,
    {
        "uniform looks": cut(lambda model, batch: cuts.looking(model, cuts.uniform)),
        "another picture's looks": cut(lambda model, batch: cuts.looking(model, cuts.anothers)),
        "objects forbidden": cut(
            lambda model, batch: cuts.looking(model, cuts.forbidden(batch.objects, SIDE))
        ),
        "silent queries": cut(lambda model, batch: cuts.silent(model)),
        "suppression": cleaned,
        "no suppression": uncleaned,
    },
)


class _Whole(nn.Module):
    """A detector with a backbone of its own, which is trained along: it gets pictures in bytes.

    Shape:
        (B, 3, H, W) in bytes -> what the detector answers.
    """

    def __init__(self, head: nn.Module):
        super().__init__()
        self.backbone, self.head = backbone.load().requires_grad_(True), head

    def features(self, pictures: Tensor) -> Tensor:
        """What the head looks at, (B, C, H / 8, W / 8)."""
        return self.backbone(ready(pictures))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        return self.head(self.features(pictures))

    def loss(self, pictures: Tensor, objects: scenes.Objects) -> Tensor:
        """The head's loss, ()."""
        return self.head.loss(self.features(pictures), objects)

    def answers(self, pictures: Tensor) -> Answers:
        """The head's answers."""
        return self.head.answers(self.features(pictures))


def whole(build: Callable[[Setting], nn.Module]) -> Callable[[Setting], nn.Module]:
    """The head alone, or with a backbone of its own where the setting asks for it."""
    return lambda setting: build(setting) if setting["frozen"] else _Whole(build(setting))


def queries(kind: type[SetTransformer], **parts) -> Callable[[Setting], nn.Module]:
    """How a set of queries is built."""
    return whole(
        lambda setting: kind(
            KINDS,
            dim=setting["width"],
            layers=setting["layers"],
            queries=setting["queries"],
            empty=setting["empty"],
            **parts,
        )
    )


def cells(depth: int, *, attention: bool = False) -> Callable[[Setting], nn.Module]:
    """How a grid is built."""

    def build(setting: Setting) -> nn.Module:
        width = setting["width"]
        middle = GridAttention(width, heads=4, grid=(SIDE, SIDE)) if attention else None
        return GridDetector(KINDS, width=width, depth=depth + setting["layers"], middle=middle)

    return whole(build)


CONTENDERS = (
    Contender(
        "set transformer",
        "attention",
        queries(SetTransformer),
        "Eight learned queries, two decoder layers, set loss, no suppression.",
        "queries look and talk, twice",
    ),
    Contender(
        "queries from the grid",
        "rival",
        queries(ProposedQueries),
        "The same, but its queries are the eight places of the map that promise most.",
        "queries look and talk, twice; proposals",
    ),
    Contender(
        "grid",
        "rival",
        cells(0),
        "Each of 64 cells answers, after two convolutions on the grid; suppression.",
        "two convolutions; suppression",
    ),
    Contender(
        "deeper grid",
        "rival",
        cells(1),
        "The grid with a third convolution.",
        "three convolutions; suppression",
    ),
    Contender(
        "grid with attention",
        "rival",
        cells(0, attention=True),
        "The grid with a block of self-attention after its first convolution.",
        "two convolutions, a block of attention; suppression",
    ),
    Contender(
        "same answers",
        "trivial",
        lambda setting: SameAnswers(KINDS, queries=setting["queries"]),
        "The eight boxes that fit best if one never looks.",
        "no picture",
    ),
    Contender(
        "fixed looks",
        "control",
        queries(SetTransformer, look=FixedLook),
        "The set transformer, but where each query looks is learned once for all pictures.",
        "queries talk, twice; fixed weights",
    ),
)
VARIANTS = (
    Variant("no object weighs 0.1", {"empty": 0.1}),
    Variant("no object weighs 0.3", {"empty": 0.3}),
    Variant("no object weighs 1", {"empty": 1.0}),
    Variant("no object weighs 2", {"empty": 2.0}),
    Variant("half the rate", rate_factor=0.5),
    Variant("twice the rate", rate_factor=2.0),
    Variant("half the width", {"width": 24}),
    Variant("twice the width", {"width": 96}),
    Variant("half the pictures", pictures=500),
    Variant("one layer less", {"layers": 1}),
    Variant("easier: no boards", {"boards": 0}),
    Variant("harder: small objects only", {"spans": [8.0, 14.0]}),
    Variant("four times as long", recipe={"steps": 2048}),
    Variant("backbone trained along", {"frozen": False}),
)
DESIGN = (
    "Up to five real digits, ancient coins and a cat's eyes of up to 30 pixels lie over crops of photographs "
    "of 64 x 64 pixels, some over each other; three boards hide parts of them or lie beside them; a tenth of "
    "the scenes is empty. One backbone of seven convolutions, trained beforehand to paint where boxes lie "
    "and then frozen, gives a map of 8 x 8 x 64 features, and every contender answers from it. Pictures "
    "without end are drawn from 16,384 scenes, twice as many as a training sees. Training, validation and "
    "test share no photograph and no object, but for the cat's eyes, of which training and validation share "
    "one."
)
SETTING = {
    "width": 48,
    "layers": 2,
    "queries": QUERIES,
    "empty": EMPTY_WEIGHT,
    "boards": scenes.BOARDS,
    "spans": list(scenes.SIZES),
    "frozen": True,
}

QUESTIONS = [
    Question(
        name="detection",
        chapter="applications/detection",
        statement="Attention helps to locate and recognise objects.",
        question="Does a set transformer find objects better than a grid?",
        task=TASK,
        contenders=CONTENDERS,
        recipe=Recipe(steps=512, batch=16, warmup=32, points=6, examples=250),
        margin=5,
        faster=1.5,
        level=40,
        sets=(250, 1000, 4000),
        metric="AP50",
        rates=(1e-3, 3e-3, 1e-2, 3e-2),
        setting=SETTING,
        variants=VARIANTS,
        design=DESIGN,
        meaning=reading.MEANING,
        tried=reading.TRIED,
    )
]

live = partial(trial.live, QUESTIONS[0], rate=3e-3)  # what the chapter trains before its reader
