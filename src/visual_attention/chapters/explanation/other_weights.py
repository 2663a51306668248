"""Do other weights give the same answer, and if so, what does that say?

`others` looks for weights as far as possible from the network's own that leave its answer where it was. To
find them for one picture after the other shows that weights are not *the* explanation. `Guided` is the reply:
a simple reader of cells, without any attention of its own, is told by given weights which cells to count. If
the network's weights guide it better than even ones and than the others that were found, they say something
about the picture that the others do not.

Papers: Sarthak Jain and Byron C. Wallace, "Attention is not Explanation", NAACL-HLT 2019
    (adversarial attention); Sarah Wiegreffe and Yuval Pinter, "Attention is not not Explanation",
    EMNLP-IJCNLP 2019 (weights as a guide).
Differs from the papers: one block of a vision transformer in place of an attention over words; only what the
    class token takes in the last block is exchanged; no second model is trained against the first, as
    Wiegreffe and Pinter also do.
Chapter: notebooks/deeper/explanation.ipynb
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.explanation.marked import CELL, CLASSES, GRID
from visual_attention.chapters.explanation.networks import Change, SmallTransformer
from visual_attention.training import fit, seeded

ALLOWED = 0.05  # total variation by which the answer may move
PRICE = 20.0  # of what it moves beyond that
STEPS, RATE = 80, 0.3
WIDTH = 48
GUIDED_STEPS, GUIDED_BATCH = 250, 64


def offered(model: SmallTransformer, features: Tensor) -> Tensor:
    """What each token offers in the last block, its values: (B, 1 + N, D) -> (B, h, 1 + N, D / h)."""
    block = model.transformer.blocks[-1]
    qkv = block.attn.qkv(block.norm1(features)).unflatten(2, (3, block.attn.heads, -1))
    return qkv[:, :, 2].transpose(1, 2)


def with_row(model: SmallTransformer, first: Tensor, values: Tensor, row: Tensor) -> Tensor:
    """The scores if the class token takes `row` of what is offered in the last block.

    Shape:
        The class token before the block (B, D), values (B, h, 1 + N, D / h), row (B, h, 1 + N) -> (B, K).
    """
    block = model.transformer.blocks[-1]
    mixed = (row[:, :, None] @ values).flatten(1)  # (B, h, 1, D/h) -> (B, D)
    first = first + block.ls1(block.attn.proj(mixed))
    first = first + block.ls2(block.mlp(block.norm2(first)))
    return model.head(model.transformer.norm(first))


def variation(one: Tensor, other: Tensor) -> Tensor:
    """Half the sum of what two distributions differ by, from 0 to 1: (..., K), (..., K) -> (...)."""
    return (one - other).abs().sum(-1) / 2


def divergence(one: Tensor, other: Tensor) -> Tensor:
    """Jensen and Shannon's divergence in units of its largest value, from 0 to 1: (..., K) twice -> (...)."""
    middle = (one + other) / 2
    parts = [torch.xlogy(each, each / middle.clamp(min=1e-12)).sum(-1) for each in (one, other)]
    return (parts[0] + parts[1]) / 2 / torch.log(torch.tensor(2.0))


def others(
    model: SmallTransformer,
    images: Tensor,
    *,
    steps: int = STEPS,
    allowed: float = ALLOWED,
    afar: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights of the class token, far from its own, that leave the answers where they were.

    Args:
        model: a trained transformer.
        images: pictures.
        steps: of the search, which goes on for each picture by itself.
        allowed: by how much (total variation) the probabilities of the classes may move.
        afar: begin at weights drawn at random, not near the network's own.

    Shape:
        (B, 1, H, W) -> the weights found (B, h, 1 + N), their divergence from the network's own (B,), the
        mean of the heads', and by how much the answer moved (B,). Of all steps the farthest that moved no
        more than allowed is kept; where there is none, the weights are the network's own.
    """
    with torch.no_grad():
        features = model.features(images)
        own = model.transformer.blocks[-1].weights(features)[:, :, 0]  # (B, h, 1 + N)
        first, values = features[:, 0], offered(model, features)
        answer = with_row(model, first, values, own).softmax(1)
    best, far, moved = own.clone(), torch.zeros(len(images)), torch.zeros(len(images))
    logits = own.clamp(min=1e-4).log() / 2  # a little off, for at 0 the divergence is flat
    if afar:
        logits = torch.randn(own.shape, generator=torch.Generator().manual_seed(len(images)))
    logits.requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=RATE)
    for _ in range(steps):
        row = logits.softmax(-1)
        shift = variation(with_row(model, first, values, row).softmax(1), answer)
        distance = divergence(row, own).mean(1)
        better = ((shift <= allowed) & (distance > far)).detach()
        for kept, now in ((best, row), (far, distance), (moved, shift)):
            kept[better] = now.detach()[better]
        loss = (PRICE * (shift - allowed / 2).clamp(min=0) - distance).sum()
        optimizer.zero_grad()
        (logits.grad,) = torch.autograd.grad(loss, [logits])
        optimizer.step()
    return best, far, moved


def all_even(weights: Tensor) -> Tensor:
    """Every token takes the same from all."""
    return torch.full_like(weights, 1 / weights.shape[-1])


def in_block(block: int, change: Callable[[Tensor], Tensor]) -> Change:
    """Change the weights of one block, for `SmallTransformer.by_hand`."""
    return lambda index, weights: change(weights) if index == block else weights


def patches_alone(weights: Tensor) -> Tensor:
    """Each patch takes from itself only and hands nothing on; the class token takes what it took."""
    alone = torch.eye(weights.shape[-1]).expand_as(weights)
    return torch.cat([weights[..., :1, :], alone[..., 1:, :]], dim=-2)


def class_row_even(weights: Tensor) -> Tensor:
    """The class token takes the same from all; the patches take what they took."""
    row = torch.full_like(weights[..., :1, :], 1 / weights.shape[-1])
    return torch.cat([row, weights[..., 1:, :]], dim=-2)


# what is taken from the choice of a trained network -> the change, for `SmallTransformer.by_hand`
CUTS: dict[str, Change] = {
    "as it is": lambda index, weights: weights,
    "first even": in_block(0, all_even),
    "last even": in_block(1, all_even),
    "both even": lambda index, weights: all_even(weights),
    "patches alone": in_block(0, patches_alone),
    "first row even": in_block(0, class_row_even),
    "last row even": in_block(1, class_row_even),
}


class Guided(nn.Module):
    """A reader that looks at each cell by itself and counts it as given weights say.

    Shape:
        Pictures (B, 1, 24, 24) and weights (B, N), N = 36 cells -> scores (B, 10). A cell is seen with the
        four pixels around it, 12 x 12.
    """

    def __init__(self):
        super().__init__()
        self.each = nn.Sequential(nn.Linear((3 * CELL) ** 2, WIDTH), nn.ReLU(), nn.Linear(WIDTH, CLASSES))

    def forward(self, images: Tensor, weights: Tensor) -> Tensor:
        """The weighted sum of what each cell says, (B, 10)."""
        patches = F.unfold(images, 3 * CELL, stride=CELL, padding=CELL).mT  # (B, N, 144)
        return (weights[..., None] * self.each(patches)).sum(1)


def over_cells(rows: Tensor) -> Tensor:
    """The class token's rows as shares of the cells, the mean of the heads: (B, h, 1 + N) -> (B, N)."""
    shares = rows.mean(1)[:, 1:]
    return shares / shares.sum(1, keepdim=True)


def guided_accuracy(
    train: tuple[Tensor, ...], test: tuple[Tensor, ...], *, steps: int = GUIDED_STEPS
) -> float:
    """Train a guided reader on pictures, weights and labels, and give its share of right answers on others.

    Args:
        train: images (B, 1, H, W), weights (B, N), labels (B,).
        test: the same of other pictures.
        steps: of training, each on a few of the pictures.
    """
    with seeded(0):
        reader = Guided()
    generator = torch.Generator().manual_seed(0)

    def some(step: int) -> list[Tensor]:
        kept = torch.randint(len(train[0]), (GUIDED_BATCH,), generator=generator)
        return [part[kept] for part in train]

    fit(
        reader,
        some,
        lambda reader, drawn: F.cross_entropy(reader(*drawn[:2]), drawn[2]),
        steps=steps,
        lr=1e-2,
        weight_decay=0.01,
        progress=False,
    )
    with torch.no_grad():
        return (reader(*test[:2]).argmax(1) == test[2]).float().mean().item()


def uniform(count: int) -> Tensor:
    """Shares that say nothing: (count, N)."""
    return torch.full((count, GRID**2), 1 / GRID**2)
