"""Does attention draw objects better where context decides, where only their outline is asked, or where
there is little to learn from?

All arms are one U-Net; they differ in what stands on its bridges and at its bottom.

Run: python -m visual_attention.experiments run segmentation segmentation-contours segmentation-few --seeds 5
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.segmentation import coin_masks, lookalikes
from visual_attention.chapters.segmentation.scores import boundary_f, dice, near_and_far
from visual_attention.chapters.segmentation.trained import LEARNING_RATE, WIDTHS, loss
from visual_attention.chapters.segmentation.unet import AttentionGate, DualAttention, DualWeights, UNet, gate
from visual_attention.experiments import pointing
from visual_attention.experiments.claim import Arm, Budget, Claim
from visual_attention.training import fit

PLAIN_WIDTHS = (6, 12, 33)  # so that parameters match
FEW = 48  # training pictures of the third claim
FAR = 16  # pixels from the digit; the plain network's pixels see about 16 to each side
TOLERANCE = 1.0  # pixels


class EvenDual(DualAttention):
    """The control: each place takes alike from all places, and each channel from all channels."""

    def weights(self, x: Tensor) -> DualWeights:
        """Equal shares, in the shapes of the dual attention's weights."""
        channels, places = x.shape[1], x.shape[2] * x.shape[3]
        one = x.new_ones(len(x), 1, 1)
        return DualWeights(
            one.expand(-1, places, places) / places, one.expand(-1, channels, channels) / channels
        )

    def forward(self, x: Tensor) -> Tensor:
        """The input plus both means, each times its gain."""
        of_places = self.position.value_conv(x).mean(dim=(2, 3), keepdim=True)
        return x + self.position.gain * of_places + self.channel.gain * x.mean(dim=1, keepdim=True)


class EvenGate(AttentionGate):
    """The control: all places of a bridge get the mean of their gates."""

    def weights(self, x: Tensor, coarse: Tensor) -> Tensor:
        """One gate for all places, (B, 1, 2h, 2w)."""
        gates = super().weights(x, coarse)
        return gates.mean(dim=(2, 3), keepdim=True).expand_as(gates)


def even_gate(channels: int, coarse_channels: int) -> EvenGate:
    """An even gate of the size of `gate`."""
    return EvenGate(channels, coarse_channels, mid_channels=max(1, channels // 2))


def network(widths: tuple[int, ...] = WIDTHS, **parts) -> partial:
    """How an arm builds its network."""
    return partial(UNet, widths=widths, **parts)


PLAIN = Arm("plain", "without", network(PLAIN_WIDTHS), "Open bridges, nothing at the bottom.")
GATES = Arm("gates", "attention", network(gate=gate), "An additive gate on each bridge.")
DUAL = Arm(
    "dual attention", "attention", network(bottom=DualAttention), "Places and channels mix at the bottom."
)
EVEN_DUAL = Arm("uniform dual", "control", network(bottom=EvenDual), "The same, but all shares are equal.")
EVEN_GATES = Arm("uniform gates", "control", network(gate=even_gate), "All places of a bridge get one gate.")


def train(
    model: nn.Module, kind: str, seed: int, budget: Budget, *, few: int = 0, progress: bool = False
) -> list[float]:
    """Train on pictures of a kind, on `few` that come again and again if it is not 0; the seed fixes them."""
    generator = torch.Generator().manual_seed(seed)
    pool = lookalikes.batch(few, split="train", kind=kind, generator=generator) if few else None

    def draw(step: int) -> lookalikes.Lookalikes:
        if pool is None:
            return lookalikes.batch(budget.batch, split="train", kind=kind, generator=generator)
        chosen = torch.randint(few, (budget.batch,), generator=generator)
        return lookalikes.Lookalikes(*(part[chosen] for part in pool))

    return fit(model, draw, loss, steps=budget.steps, lr=LEARNING_RATE, progress=progress)


def measure(
    model: nn.Module, arm: Arm, seed: int, budget: Budget, *, kind: str, few: int = 0
) -> dict[str, float]:
    """Train; then the scores in percent on pictures that training does not show."""
    train(model, kind, seed, budget, few=few)
    generator = torch.Generator().manual_seed(10_000 + seed)
    drawn = lookalikes.batch(budget.test, split="test", kind=kind, generator=generator)
    metrics = tested(model, drawn)
    if kind == "told":
        metrics |= told(model, drawn)
    if kind == "every":
        metrics |= on_the_real_picture(model)
    return metrics


@torch.no_grad()
def tested(model: nn.Module, drawn: lookalikes.Lookalikes) -> dict[str, float]:
    """Dice, the outline's F-score, and the right pixels near the true outline and far from it."""
    predicted = model(drawn.images) > 0
    close, beyond = near_and_far(predicted, drawn.masks)
    return {
        "Dice": percent(dice(predicted, drawn.masks)),
        "boundary F": percent(boundary_f(predicted, drawn.masks, tolerance=TOLERANCE)),
        "right near the outline": percent(close),
        "right far from it": percent(beyond),
    }


@torch.no_grad()
def told(model: UNet, drawn: lookalikes.Lookalikes) -> dict[str, float]:
    """Which coins are told apart (marked, by more than half of their pixels, if and only if they are meant),
    all and by their distance from the digit; and what of their attention is on the digit."""
    right = marked(model(drawn.images) > 0, drawn.things) == drawn.meant
    far = drawn.distances > FAR
    metrics = {
        "coins told apart": percent(right),
        "told apart near the digit": percent(right[~far]),
        "told apart far from it": percent(right[far]),
    }
    if isinstance(model.bottom, DualAttention):
        rows = model.bottom.weights(model.deepest(drawn.images)).position  # (B, N, N)
        side = round(rows.shape[1] ** 0.5)
        asking = F.adaptive_avg_pool2d(drawn.things.any(dim=1, keepdim=True).float(), side).flatten(1)
        taken = (asking[:, None] @ rows).view(-1, 1, side, side)  # what all coins together take
        metrics["weight on the digit"] = percent(pointing.share(taken, drawn.digits))
        metrics["area of the digit"] = percent(pointing.area(drawn.digits))
    return metrics


def marked(predicted: Tensor, things: Tensor) -> Tensor:
    """Which things lie in the mask by more than half: (B, 1, H, W), (B, T, H, W) -> (B, T), bool."""
    inside = (predicted & things).sum(dim=(2, 3))
    return 2 * inside > things.sum(dim=(2, 3))


@torch.no_grad()
def on_the_real_picture(model: nn.Module) -> dict[str, float]:
    """Scores on the photograph of coins, in and around those that training never shows."""
    image, mask, judged = coin_masks.picture()
    predicted = (model(image) > 0) & judged
    return {
        "Dice, real picture": percent(dice(predicted, mask & judged)),
        "boundary F, real picture": percent(boundary_f(predicted, mask & judged, tolerance=TOLERANCE)),
    }


def percent(values: Tensor) -> float:
    """The mean in percent."""
    return 100 * values.double().mean().item()


DESIGN = (
    "Pictures of 48 x 48 pixels: four coins cut from a photograph and a handwritten digit, each tinted, on "
    "a crop of a grey photograph; coins, digits and photographs of the test do not occur in training. A U-Net"
    " of two halvings; all arms see the same pictures in the same order and share one learning rate and one "
    "loss (cross-entropy plus soft Dice). The boundary F-score forgives 1 pixel."
)

CLAIMS = [
    Claim(
        name="segmentation",
        chapter="applications/segmentation",
        statement="Attention at the bottom of a U-Net helps where the context decides what is meant.",
        question="Does a U-Net with dual attention mark the right ones of four coins, when a digit elsewhere "
        "says which are meant?",
        arms=(DUAL, PLAIN, GATES, EVEN_DUAL),
        measure=partial(measure, kind="told"),
        metric="Dice",
        treatment="dual attention",
        baseline="plain",
        margin=5,
        columns=("boundary F", "coins told apart", "told apart far from it", "weight on the digit"),
        matched=("dual attention", "plain", "gates", "uniform dual"),
        budgets={
            "live": Budget(steps=160, batch=16, test=200),
            "full": Budget(steps=250, batch=16, test=400),
        },
        design=f"{DESIGN} The coins in the digit's tint are meant, one to three of four; the others have one "
        "other tint, and with the digit in that tint they would be meant. A look at seed 0 of dual attention "
        "chose grey photographs, purer tints and a larger digit: with coloured ones it took more steps than "
        "the budget has. The margins were fixed after that, before any other run.",
        meaning=(
            "Where only a digit elsewhere says which coins are meant, plain and gated networks guess, near "
            "the digit as well as far from it, and dual attention tells most coins apart. Equal weights, "
            "which see everything and choose nothing, lose nearly all of the gain. Its seeds differ widely, "
            "and all this is after 250 steps: whether a plain network learns it later was not run."
        ),
    ),
    Claim(
        name="segmentation-contours",
        chapter="applications/segmentation",
        statement="Attention gates help to draw the outlines of objects.",
        question="Do attention gates draw the outlines of all coins better?",
        arms=(GATES, PLAIN, EVEN_GATES),
        measure=partial(measure, kind="every"),
        metric="boundary F",
        treatment="gates",
        baseline="plain",
        margin=2,
        columns=("Dice", "right near the outline", "right far from it", "Dice, real picture"),
        matched=("gates", "plain", "uniform gates"),
        budgets={"live": Budget(steps=60, batch=16, test=100), "full": Budget(steps=100, batch=16, test=400)},
        design=f"{DESIGN} All four coins are meant, whatever the digit's tint. The real picture is the "
        "photograph of the coins at a quarter of its size, scored around the eight coins that training never "
        "shows, against masks that a watershed made.",
        meaning=(
            "Undecided. Gates draw outlines a little better than the plain network, but so do even gates, "
            "which cannot prefer one place to another. On the real photograph all find nothing: they learned "
            "the tint of the pasted coins, and the photograph is grey."
        ),
    ),
    Claim(
        name="segmentation-few",
        chapter="applications/segmentation",
        statement="Attention gates help to find what is small, from few pictures.",
        question=f"Do attention gates find one small coin better, learning from {FEW} pictures?",
        arms=(GATES, PLAIN, EVEN_GATES),
        measure=partial(measure, kind="small", few=FEW),
        metric="Dice",
        treatment="gates",
        baseline="plain",
        margin=3,
        columns=("boundary F", "right near the outline", "right far from it"),
        matched=("gates", "plain", "uniform gates"),
        budgets={"live": Budget(steps=60, batch=16, test=100), "full": Budget(steps=80, batch=16, test=400)},
        design=f"{DESIGN} One coin of 6 to 9 pixels is meant, in its tint; beside it lie three grey discs "
        f"cut from photographs. Training has {FEW} pictures, which come again and again.",
        meaning=(
            "Gates win by a wide margin, and even gates by the same: the gain does not come from where they "
            "look. A quieter bridge may be what helps, and the plain network starts from other weights."
        ),
    ),
]
