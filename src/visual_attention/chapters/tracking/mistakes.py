"""What plausible wrong answers to the exercises on tracking give: feedback -> result."""

import torch
from torch.nn import functional as F


def success_curve(overlaps: torch.Tensor, present: torch.Tensor, thresholds: torch.Tensor) -> torch.Tensor:
    """The share of the frames with the target whose overlap is above each threshold."""
    return (overlaps[present][:, None] > thresholds).float().mean(dim=0)


def in_success(overlaps: torch.Tensor, present: torch.Tensor, thresholds: torch.Tensor) -> dict:
    """Wrong curves."""
    above = (overlaps[:, None] > thresholds).float()  # (F, K)
    right = success_curve(overlaps, present, thresholds)
    there = int(present.sum())
    wrong = {
        "You count frames without the target as if it were there: leave them out.": above.mean(dim=0),
        "Frames without the target count as failures: leave them out of both numbers of the share.": (
            above * present[:, None]
        ).mean(dim=0),
        "Those are the frames *without* the target.": above[~present].mean(dim=0),
        "Exactly at the threshold a frame does not count: success is *more* overlap.": (
            overlaps[present][:, None] >= thresholds
        )
        .float()
        .mean(dim=0),
        "That is the share of frames *below* the threshold.": 1 - right,
        "That is how many frames, not their share.": right * there,
        "That is in percent: wanted is a share from 0 to 1.": 100 * right,
        "The curve is in the wrong order: one value for each threshold, as they come.": right.flip(0),
        "You divide by the number of thresholds: divide by the number of frames.": right
        * there
        / len(thresholds),
        "That is the mean overlap of the frames above each threshold: wanted is how many they are.": (
            above * overlaps[:, None] * present[:, None]
        ).sum(dim=0)
        / (above * present[:, None]).sum(dim=0),
        "All thresholds get the share above the first one.": right[:1].expand_as(right),
    }
    return {text: result for text, result in wrong.items() if not torch.equal(result, right)}


def correlate(search: torch.Tensor, template: torch.Tensor) -> torch.Tensor:
    """The dot product of each template with each window of its own search features."""
    each = [F.conv2d(s[None], t[None])[0, 0] for s, t in zip(search, template, strict=True)]
    return torch.stack(each)


def in_map_shape(search: torch.Tensor, template: torch.Tensor) -> dict:
    """Wrong shapes of a map."""
    (batch, dim, height, width), (rows, columns) = search.shape, template.shape[2:]
    high, wide = height - rows + 1, width - columns + 1
    return {
        (batch, batch, high, wide): "That is every template in every image: each belongs to one image only.",
        (batch, dim, high, wide): "The channels are still apart: a dot product sums over them.",
        (batch, 1, high, wide): "The map may be right, but an axis of size 1 remains.",
        (1, batch, high, wide): "The map may be right, but the batch stands on the axis of channels.",
        (batch, height, width): "You pad: the template should lie wholly inside, H - h + 1 places down.",
        (batch, height + rows - 1, width + columns - 1): "You pad too much: the template should lie inside.",
        (batch,): "One number for each image: wanted is one for each place of the template.",
        (high, wide): "The batch axis is lost.",
    }


def windows(search, template):
    rows, columns = template.shape[2:]
    return search.unfold(2, rows, 1).unfold(3, columns, 1)  # (B, d, H - h + 1, W - w + 1, h, w)


def cosine(search, template):
    norm = windows(search, template).square().sum(dim=(1, 4, 5)).sqrt()
    return correlate(search, template) / (norm * template.flatten(1).norm(dim=1)[:, None, None])


def squared(search, template):
    return -(windows(search, template) - template[:, :, None, None]).square().sum(dim=(1, 4, 5))


def turned(search, template):
    return correlate(search, template.mT) if template.shape[2] == template.shape[3] else search.new_zeros(1)


MAP = {
    "All images use the template of the first one.": lambda s, t: correlate(s, t[:1].expand_as(t)),
    "All images use the mean template of the batch.": lambda s, t: correlate(
        s, t.mean(dim=0, keepdim=True).expand_as(t)
    ),
    "All templates are summed: each belongs to one image only.": lambda s, t: correlate(
        s, t.sum(dim=0, keepdim=True).expand_as(t)
    ),
    "Each image uses the template of its neighbour.": lambda s, t: correlate(s, t.roll(1, 0)),
    "You flip the template: that is a convolution as mathematics has it; correlation does not.": lambda s, t: (
        correlate(s, t.flip(2, 3))
    ),
    "You transpose the template: its rows belong to the rows of the search region.": turned,
    "That is the mean of the products: wanted is their sum.": lambda s, t: correlate(s, t) / t[0].numel(),
    "You divide by the number of channels: wanted is the plain sum.": lambda s, t: (
        correlate(s, t) / t.shape[1]
    ),
    "That is the cosine: wanted is the plain dot product.": cosine,
    "That is minus the squared distance: wanted is the dot product.": squared,
    "Only the middle of the template is compared.": lambda s, t: correlate(
        s, torch.zeros_like(t).index_put_(_middle(t), t[_middle(t)])
    ),
    "You share out the map by a softmax: wanted are the products themselves.": lambda s, t: (
        correlate(s, t).flatten(1).softmax(dim=1).view_as(correlate(s, t))
    ),
}


def _middle(template: torch.Tensor) -> tuple:
    batch, dim, rows, columns = template.shape
    first, second = torch.meshgrid(torch.arange(batch), torch.arange(dim), indexing="ij")
    return first, second, torch.full_like(first, rows // 2), torch.full_like(first, columns // 2)


def cosines(queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """The cosine of each query with each key, (B, N, M)."""
    return F.normalize(queries, dim=2) @ F.normalize(keys, dim=2).mT


def attend(queries: torch.Tensor, keys: torch.Tensor, mask: torch.Tensor, temperature: float) -> torch.Tensor:
    """The cosines of each query, weighted by their own softmax over the parts of the mask."""
    similar = cosines(queries, keys)
    scores = (similar / temperature).masked_fill(~mask[:, None], -torch.inf)
    return (scores.softmax(dim=2) * similar).sum(dim=2)


def in_fit(queries: torch.Tensor, keys: torch.Tensor, mask: torch.Tensor, temperature: float) -> dict:
    """Wrong fits."""
    similar, products = cosines(queries, keys), queries @ keys.mT
    allowed = mask[:, None].expand_as(similar)
    shares = (similar / temperature).masked_fill(~allowed, -torch.inf).softmax(dim=2)
    loose = (similar / temperature).softmax(dim=2)
    right = attend(queries, keys, mask, temperature)
    mixed = F.cosine_similarity(queries, shares @ F.normalize(keys, dim=2), dim=2)
    wrong = {
        "The mask is not used: parts outside of it still count.": (loose * similar).sum(dim=2),
        "You mask after the softmax: what is left no longer sums to 1.": (loose * similar * allowed).sum(
            dim=2
        ),
        "You mask with a score of 0: exp(0) is 1, so that masked parts still get weight.": (
            (similar / temperature * allowed).softmax(dim=2) * similar
        ).sum(dim=2),
        "Those are the parts that the mask leaves out: it is True for parts that count.": attend(
            queries, keys, ~mask | mask.all(dim=1, keepdim=True), temperature
        ),
        "You compare by dot products: long vectors win. Bring queries and keys to length 1 first.": (
            (products / temperature).masked_fill(~allowed, -torch.inf).softmax(dim=2) * products
        ).sum(dim=2),
        "The weights come from dot products: bring queries and keys to length 1 before the softmax, too.": (
            (products / temperature).masked_fill(~allowed, -torch.inf).softmax(dim=2) * similar
        ).sum(dim=2),
        "The softmax runs over the places: each place shares out its parts.": (
            (similar / temperature).softmax(dim=1) * similar * allowed
        ).sum(dim=2),
        "The temperature is not used.": attend(queries, keys, mask, 1.0),
        "You multiply by the temperature: divide, so that heat spreads the weights.": attend(
            queries, keys, mask, 1 / temperature
        ),
        "You sum the scores, already divided by the temperature: sum the cosines.": right / temperature,
        "That is the best part alone: the hard choice. A softmax weighs them all.": similar.masked_fill(
            ~allowed, -torch.inf
        ).amax(dim=2),
        "All parts weigh the same: that is uniform attention.": (similar * allowed).sum(dim=2)
        / allowed.sum(dim=2),
        "That is the plain sum of the cosines: weigh them.": (similar * allowed).sum(dim=2),
        "That is the cosine with the mixed key: wanted are the mixed cosines.": mixed,
        "Those are the weights summed up: 1 everywhere. Multiply them by the cosines.": torch.ones_like(
            right
        ),
    }
    return {text: result for text, result in wrong.items() if not torch.allclose(result, right, atol=1e-4)}
