"""What the tests of all trackers need, and what every tracker must do, whichever parts it looks at."""

import pytest
import torch
from torch.nn import functional as F

from visual_attention.chapters.tracking.trackers import PARTS, STRIDE, TEMPLATE, disc_mask
from visual_attention.training import seeded

B, H, W, D = 3, 20, 28, 10  # images, pixels, channels: all distinct
ROWS, COLUMNS = H // STRIDE, W // STRIDE
N, M = ROWS * COLUMNS, PARTS * PARTS


def built(kind, **options):
    with seeded(0):
        return kind(width=12, dim=D, **options).eval()


def pictures(seed=0, count=B):
    generator = torch.Generator().manual_seed(seed)
    template = torch.rand(count, 3, TEMPLATE, TEMPLATE, generator=generator)
    return template, torch.rand(count, 3, H, W, generator=generator)


def gradients_missing(kind):
    """The parameters that no gradient of a loss reaches."""
    model = built(kind).train()
    scores, boxes = model.trained_on(*pictures(), torch.tensor([3, 40, 90]), torch.arange(B))
    (scores.log_softmax(dim=1)[:, [3, -1]].sum() + boxes.sum()).backward()
    return [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]


def forward_gives_the_best_place_and_the_chance(kind):
    model, (template, search) = built(kind), pictures()
    found, scores = model(template, search), model.scores(template, search)
    assert scores.shape == (B, (ROWS + 1) * (COLUMNS + 1) + 1)
    torch.testing.assert_close(found.presence, 1 - scores.softmax(dim=1)[:, -1])
    best = scores[:, :-1].argmax(dim=1)
    again, boxes = model.trained_on(template, search, best, torch.arange(B))
    torch.testing.assert_close(again, scores)
    torch.testing.assert_close(boxes, found.boxes)
    centre = STRIDE * torch.stack([best % (COLUMNS + 1), best // (COLUMNS + 1)], dim=1)
    assert (found.boxes[:, :2] - centre).abs().max() <= 4
    size = found.boxes[:, 2:] / (STRIDE * PARTS)
    assert size.min() >= 1 / 2.72 and size.max() <= 2.72


def pictures_of_a_batch_do_not_mix(kind):
    model, (template, search) = built(kind), pictures()
    whole, alone = model(template, search), model(template[1:2], search[1:2])
    torch.testing.assert_close(whole.boxes[1:2], alone.boxes)
    torch.testing.assert_close(whole.presence[1:2], alone.presence)


def several_targets_are_looked_for_in_one_region(kind):
    model, (template, search) = built(kind), pictures()
    owner, place = torch.tensor([2, 0, 2]), torch.tensor([5, 6, 7])
    scores, boxes = model.trained_on(template, search, place, owner)
    alone, its_boxes = model.trained_on(template, search[owner], place, torch.arange(B))
    torch.testing.assert_close(scores, alone)
    torch.testing.assert_close(boxes, its_boxes)


def weights_are_shares_of_the_parts_in_the_disc(kind):
    weights = built(kind).weights(*pictures())
    assert weights.shape == (B, N, M) and weights.min() >= 0
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(B, N))
    outside = ~disc_mask().flatten()
    assert outside.any() and not weights[..., outside].any() and weights[..., ~outside].min() > 0


def forward_applies_exactly_the_weights(kind):
    model, (template, search) = built(kind), pictures()
    fits = (model.weights(template, search) * model.similarities(template, search)).sum(dim=2)
    padded = F.pad(fits.view(B, ROWS, COLUMNS), (PARTS // 2,) * 4)
    mask = disc_mask().float()
    for row, column in ((0, 0), (4, 9), (ROWS, COLUMNS)):
        window = padded[:, row : row + PARTS, column : column + PARTS]
        wanted = (window * mask).sum(dim=(1, 2)) / mask.sum()
        torch.testing.assert_close(model.response(template, search)[:, 0, row, column], wanted)


EVERY = (
    forward_gives_the_best_place_and_the_chance,
    pictures_of_a_batch_do_not_mix,
    several_targets_are_looked_for_in_one_region,
)
WEIGHING = (  # with one set of weights for all centres
    weights_are_shares_of_the_parts_in_the_disc,
    forward_applies_exactly_the_weights,
)


def contract(kinds, weighing):
    """Mark a test (kind, check) to hold all these kinds to EVERY check, and those that weigh to more."""
    cases = [(kind, check) for kind in kinds for check in EVERY]
    cases += [(kind, check) for kind in weighing for check in WEIGHING]
    return pytest.mark.parametrize(("kind", "check"), cases)
