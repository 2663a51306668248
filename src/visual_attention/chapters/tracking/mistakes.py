"""What is right in the exercises on tracking, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F


def success_curve(overlaps: Tensor, present: Tensor, thresholds: Tensor) -> Tensor:
    """The share of the frames with the target whose overlap is above each threshold."""
    return (overlaps[present][:, None] > thresholds).float().mean(dim=0)


def above(o: Tensor, t: Tensor) -> Tensor:
    """Where each overlap is above each threshold, (F, K)."""
    return (o[:, None] > t).to(o.dtype)


SUCCESS = {
    "You count frames without the target as if it were there: leave them out.": lambda o, p, t: above(
        o, t
    ).mean(0),
    "Frames without the target count as failures: leave them out of both numbers of the share.": lambda o, p, t: (
        (above(o, t) * p[:, None]).mean(0)
    ),
    "Those are the frames *without* the target.": lambda o, p, t: success_curve(o, ~p, t),
    "Exactly at the threshold a frame does not count: success is *more* overlap.": lambda o, p, t: (
        (o[p][:, None] >= t).float().mean(0)
    ),
    "That is the share of frames *below* the threshold.": lambda o, p, t: 1 - success_curve(o, p, t),
    "That is how many frames, not their share.": lambda o, p, t: above(o[p], t).sum(0),
    "That is in percent: wanted is a share from 0 to 1.": lambda o, p, t: 100 * success_curve(o, p, t),
    "The curve is in the wrong order: one value for each threshold, as they come.": lambda o, p, t: (
        success_curve(o, p, t).flip(0)
    ),
    "You divide by the number of thresholds: divide by the number of frames.": lambda o, p, t: (
        above(o[p], t).sum(0) / len(t)
    ),
    "That is the mean overlap of the frames above each threshold: wanted is how many they are.": lambda o, p, t: (
        (above(o[p], t) * o[p][:, None]).sum(0) / above(o[p], t).sum(0)
    ),
    "All thresholds get the share above the first one.": lambda o, p, t: success_curve(o, p, t)[:1].expand(
        len(t)
    ),
    "That is a table of frames and thresholds: take the share over the frames.": lambda o, p, t: above(o, t),
}


def correlate(search: Tensor, template: Tensor) -> Tensor:
    """The dot product of each template with each window of its own search features."""
    each = [F.conv2d(s[None], t[None])[0, 0] for s, t in zip(search, template, strict=True)]
    return torch.stack(each)


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


def _middle(template: Tensor) -> tuple:
    batch, dim, rows, columns = template.shape
    first, second = torch.meshgrid(torch.arange(batch), torch.arange(dim), indexing="ij")
    return first, second, torch.full_like(first, rows // 2), torch.full_like(first, columns // 2)


def cosines(queries: Tensor, keys: Tensor) -> Tensor:
    """The cosine of each query with each key, (B, N, M)."""
    return F.normalize(queries, dim=2) @ F.normalize(keys, dim=2).mT


def attend(queries: Tensor, keys: Tensor, mask: Tensor, temperature: float) -> Tensor:
    """The cosines of each query, weighted by their own softmax over the parts of the mask."""
    similar = cosines(queries, keys)
    scores = (similar / temperature).masked_fill(~mask[:, None], -torch.inf)
    return (scores.softmax(dim=2) * similar).sum(dim=2)


def shares(q, k, mask, heat, scores=None):
    """The cosines, and weights from them or from other scores."""
    similar = cosines(q, k)
    scores = similar if scores is None else scores
    return similar, (scores / heat).masked_fill(~mask[:, None], -torch.inf).softmax(2)


def allowed(q, k, mask):
    """The cosines where the mask is true, 0 elsewhere."""
    return cosines(q, k) * mask[:, None]


def by_hand(q, k, mask, heat, largest):
    e = (cosines(q, k) / heat - largest).exp() * mask[:, None]
    return (e * cosines(q, k)).sum(2) / e.sum(2)


def dots(q, k, mask, heat):
    products = q @ k.mT
    return (shares(q, k, mask, heat, products)[1] * products).sum(2)


def half_dots(q, k, mask, heat):
    similar, weights = shares(q, k, mask, heat, q @ k.mT)
    return (weights * similar).sum(2)


FIT = {
    "The mask is not used: parts outside of it still count.": lambda q, k, m, t: attend(
        q, k, torch.ones_like(m), t
    ),
    "You mask after the softmax: what is left no longer sums to 1.": lambda q, k, m, t: (
        (cosines(q, k) / t).softmax(2) * allowed(q, k, m)
    ).sum(2),
    "You mask with a score of 0: exp(0) is 1, so that masked parts still get weight.": lambda q, k, m, t: (
        (allowed(q, k, m) / t).softmax(2) * cosines(q, k)
    ).sum(2),
    "Those are the parts that the mask leaves out: it is True for parts that count.": lambda q, k, m, t: (
        attend(q, k, ~m | m.all(1, keepdim=True), t)
    ),
    "You compare by dot products: long vectors win. Bring queries and keys to length 1 first.": dots,
    "The weights come from dot products: bring queries and keys to length 1 before the softmax, too.": half_dots,
    "The softmax runs over the places: each place shares out its parts.": lambda q, k, m, t: (
        (cosines(q, k) / t).softmax(1) * allowed(q, k, m)
    ).sum(2),
    "The temperature is not used.": lambda q, k, m, t: attend(q, k, m, 1.0),
    "You multiply by the temperature: divide, so that heat spreads the weights.": lambda q, k, m, t: attend(
        q, k, m, 1 / t
    ),
    "You sum the scores, already divided by the temperature: sum the cosines.": lambda q, k, m, t: (
        attend(q, k, m, t) / t
    ),
    "That is the best part alone: the hard choice. A softmax weighs them all.": lambda q, k, m, t: (
        cosines(q, k).masked_fill(~m[:, None], -torch.inf).amax(2)
    ),
    "All parts weigh the same: that is uniform attention.": lambda q, k, m, t: (
        allowed(q, k, m).sum(2) / m.sum(1, keepdim=True)
    ),
    "That is the plain sum of the cosines: weigh them.": lambda q, k, m, t: allowed(q, k, m).sum(2),
    "That is the cosine with the mixed key: wanted are the mixed cosines.": lambda q, k, m, t: (
        F.cosine_similarity(q, shares(q, k, m, t)[1] @ F.normalize(k, dim=2), dim=2)
    ),
    "Those are the weights summed up: 1 everywhere. Multiply them by the cosines.": lambda q, k, m, t: (
        torch.ones_like(q[..., 0])
    ),
    "`exp` overflows at a low temperature: forbid by -inf, and let torch's `softmax` do the rest.": lambda q, k, m, t: (
        by_hand(q, k, m, t, 0.0)
    ),
    "You take the largest score of the whole batch off: each place's own, or nothing is left of the others.": (
        lambda q, k, m, t: by_hand(q, k, m, t, (cosines(q, k) / t).max())
    ),
    "That is a table of places and parts: sum over the parts, weighted.": lambda q, k, m, t: shares(
        q, k, m, t
    )[1],
    "That is a mixture of keys: wanted is one number for each place.": lambda q, k, m, t: (
        shares(q, k, m, t)[1] @ k
    ),
}


def nearest(frame: Tensor, known: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Cosines (B, N, M), and which of them are the `most` largest of their row."""
    similar = cosines(frame, known)
    best = similar.topk(most, dim=2).indices
    return similar, torch.zeros_like(similar, dtype=torch.bool).scatter(2, best, True)


def carry(frame: Tensor, known: Tensor, labels: Tensor, most: int, temperature: float) -> Tensor:
    """The labels of the most similar known patches, weighted by the softmax of their cosines."""
    similar, kept = nearest(frame, known, most)
    return (similar / temperature).masked_fill(~kept, -torch.inf).softmax(2) @ labels


def all_kept(f, k, labels, most, heat):
    return carry(f, k, labels, k.shape[1], heat)


def scored(f, k, labels, most, heat, scores):
    """Kept by cosines, weighed by other scores."""
    _, kept = nearest(f, k, most)
    return (scores / heat).masked_fill(~kept, -torch.inf).softmax(2) @ labels


def products(f, k, labels, most, heat):
    scores = f @ k.mT
    kept = torch.zeros_like(scores, dtype=torch.bool).scatter(2, scores.topk(most, dim=2).indices, True)
    return (scores / heat).masked_fill(~kept, -torch.inf).softmax(2) @ labels


def known_choose(f, k, labels, most, heat):
    """Each known patch keeps its best patches of the new frame."""
    similar = cosines(f, k)
    best = similar.topk(min(most, f.shape[1]), dim=1).indices
    kept = torch.zeros_like(similar, dtype=torch.bool).scatter(1, best, True)
    weights = (similar / heat).masked_fill(~kept, -torch.inf).softmax(2)
    return weights.nan_to_num() @ labels


def raised(f, k, labels, most, heat):
    similar, kept = nearest(f, k, most)
    e = (similar / heat).exp() * kept
    return (e @ labels) / e.sum(2, keepdim=True)


def softened(f, k, most, heat):
    similar, kept = nearest(f, k, most)
    return (similar / heat).masked_fill(~kept, -torch.inf).softmax(2)


LABELS = {
    "All known patches have a say: keep only the `most` most similar ones of each patch.": all_kept,
    "You keep the *least* similar patches.": lambda f, k, y, m, t: (
        (cosines(f, k) / t).masked_fill(~nearest(-f, k, m)[1], -torch.inf).softmax(2) @ y
    ),
    "You compare by dot products: long vectors win. Bring both to length 1 first.": products,
    "The weights come from dot products: bring both to length 1 before the softmax, too.": (
        lambda f, k, y, m, t: scored(f, k, y, m, t, f @ k.mT)
    ),
    "The temperature is not used.": lambda f, k, y, m, t: carry(f, k, y, m, 1.0),
    "You multiply by the temperature: divide, so that heat spreads the weights.": lambda f, k, y, m, t: carry(
        f, k, y, m, 1 / t
    ),
    "You leave patches out with a score of 0: exp(0) is 1, so that they still get weight.": (
        lambda f, k, y, m, t: (cosines(f, k) * nearest(f, k, m)[1] / t).softmax(2) @ y
    ),
    "You leave patches out after the softmax: what is left no longer sums to 1.": lambda f, k, y, m, t: (
        ((cosines(f, k) / t).softmax(2) * nearest(f, k, m)[1]) @ y
    ),
    "The softmax runs over the patches of the new frame: each of them shares out the known ones.": (
        lambda f, k, y, m, t: (cosines(f, k) / t).softmax(1) @ y
    ),
    "Each known patch keeps its best new ones: each *new* patch keeps its best known ones.": known_choose,
    "That is the label of the one best patch: the hard choice. A softmax weighs the kept ones.": (
        lambda f, k, y, m, t: carry(f, k, y, 1, t)
    ),
    "The kept patches all weigh the same: weigh them by the softmax of their cosines.": lambda f, k, y, m, t: (
        nearest(f, k, m)[1].to(y) @ y / m
    ),
    "Those are the cosines times the labels: a softmax is missing.": lambda f, k, y, m, t: (
        (cosines(f, k) * nearest(f, k, m)[1]) @ y
    ),
    "The labels are those of the neighbour in the batch.": lambda f, k, y, m, t: carry(
        f, k, y.roll(1, 0), m, t
    ),
    "`exp` overflows at a low temperature: forbid by -inf, and let torch's `softmax` do the rest.": raised,
    "That is a table of weights: mix the labels with it.": lambda f, k, y, m, t: softened(f, k, m, t),
    "That is a mixture of features: wanted is the mixture of their labels.": lambda f, k, y, m, t: (
        softened(f, k, m, t) @ k
    ),
}
