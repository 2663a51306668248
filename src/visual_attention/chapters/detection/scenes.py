"""Where are the objects, how large is each, and how much of each is hidden?

Real digits, coins and a cat's eyes are pasted over crops of photographs, up to five in a picture and none in
some. Later ones may cover earlier ones, and boards cut from photographs lie about, on objects and beside
them. Each box is exact, and so is the share of each object that something else hides.

Run: python -m visual_attention.chapters.detection.scenes
"""

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import crops, cutouts, digits

KINDS = cutouts.KINDS
CANVAS = 64
MOST = 5  # objects tried for a picture; those that would hide too much of another are left out
EMPTY_SHARE = 0.1  # of pictures that have no object
SIZES = (8.0, 30.0)  # longer side of an object in pixels, small ones more often
BOARDS = 3
ON_OBJECT = 0.7  # of boards; the others lie anywhere, so that a board betrays no object
MOST_HIDDEN = 0.75
HEAVY = 0.35  # from this share on, an object counts as heavily occluded
SLIGHT = 0.05
SMALL, LARGE = 12.0, 18.0  # square root of a box's area in pixels

PHOTOGRAPH_SIDE = 160
BACKGROUNDS = crops.BACKGROUNDS | {
    "learning": crops.BACKGROUNDS["train"],
    "validation": ("astronaut", "hubble", "retina"),
}


class Objects(NamedTuple):
    """What is there, padded to O objects an image.

    Boxes (B, O, 4) as (centre x, centre y, width, height) in [0, 1], of the whole object, hidden parts
    included; labels (B, O), places in `KINDS`; present (B, O), false in the padding. A label below 0 is
    padding, too.
    """

    boxes: Tensor
    labels: Tensor
    present: Tensor

    def cleared(self) -> "Objects":
        """The same objects with zeros in all padding, so that nothing depends on what stood there.

        Raises:
            ValueError: if the three do not fit together, or are of other types.
        """
        boxes, labels, present = self
        shapes = [tuple(part.shape) for part in self]
        if labels.ndim != 2 or shapes != [(*shapes[1], 4), shapes[1], shapes[1]]:
            raise ValueError(f"wanted objects (B, O, 4), (B, O) and (B, O), got {shapes}")
        if labels.is_floating_point() or present.dtype != torch.bool:
            raise ValueError(
                f"wanted whole numbers as labels and bools as present, got {labels.dtype} and {present.dtype}"
            )
        there = present & (labels >= 0)
        return Objects(boxes.where(there[..., None], 0.0), labels.where(there, 0).long(), there)


class Scenes(NamedTuple):
    """Images (B, 3, H, W) in [0, 1], their objects, and the hidden share of each object (B, O)."""

    images: Tensor
    objects: Objects
    hidden: Tensor


def batch(
    count: int,
    *,
    split: str,
    spans: tuple[float, float] = SIZES,
    boards: int = BOARDS,
    generator: torch.Generator | None = None,
) -> Scenes:
    """Draw `count` scenes of 64 x 64 pixels. Two splits share no object and no photograph.

    Args:
        count: B, scenes to draw.
        split: "train" or "test"; or "learning" or "validation", which divide the objects of "train", but for
            the eye. "validation" has photographs of its own.
        spans: smallest and largest longer side of an object in pixels.
        boards: how many lie about.
        generator: seeds everything that is random here.

    Shape:
        images (B, 3, 64, 64); objects padded to 5; hidden (B, 5), in [0, 0.75] where present, else 0.

    Raises:
        ValueError: if `count` is not positive or there is no such split.
    """
    if split not in digits.TUNING:
        digits.check_split(split)
    if count < 1:
        raise ValueError(f"count: wanted at least 1 scene, got {count}")
    labels = _draw(count, MOST, generator).mul(len(KINDS)).long()
    stamps = _stamps(labels, split, generator)  # (B, O, 4, 32, 32)
    places = _places(count, spans, generator)
    layers = cutouts.paste(stamps, places, canvas=CANVAS)
    wanted = (_draw(count, MOST, generator) < 0.35 + 0.65 * _draw(count, 1, generator)) & (
        _draw(count, 1, generator) > EMPTY_SHARE
    )
    lying = _boards(places, boards, split, generator)
    layers, kept = _stack(torch.cat([layers, lying], dim=1), wanted)
    images = _background(split, count, generator)
    for layer in layers.unbind(1):
        images = images * (1 - layer[:, 3:]) + layer[:, :3]
    boxes, hidden = truth(layers)
    objects = Objects(boxes * kept[..., None], labels * kept, kept)
    return Scenes(images.clamp(0, 1), objects, hidden * kept)


def truth(layers: Tensor) -> tuple[Tensor, Tensor]:
    """Exact boxes, and the share of each object that later layers hide.

    Args:
        layers: From the bottom to the top: the objects, then boards.

    Shape:
        (B, O + boards, 4, H, W) -> boxes (B, O, 4), hidden (B, O). A layer that covers nothing gets a box of
        zeros.
    """
    masks = layers[:, :, 3] > 0.5  # (B, L, H, W)
    above = torch.zeros_like(masks[:, 0])
    hidden = []
    for mask in reversed(masks.unbind(1)):
        area = mask.flatten(1).float()  # (B, H * W)
        hidden.append((area * above.flatten(1)).sum(dim=1) / area.sum(dim=1).clamp(min=1))
        above = above | mask
    masks = masks[:, :MOST]
    spans = [_extent(masks.any(dim=2)), _extent(masks.any(dim=3))]  # columns, rows
    (left, right), (top, bottom) = spans
    boxes = torch.stack([left + right, top + bottom, 2 * (right - left), 2 * (bottom - top)], dim=-1)
    height, width = layers.shape[-2:]
    boxes = boxes / (2 * boxes.new_tensor([width, height, width, height]))
    return boxes, torch.stack(hidden[::-1], dim=1)[:, :MOST]


def sizes(objects: Objects, *, frame: tuple[int, int] = (CANVAS, CANVAS)) -> Tensor:
    """The square root of each box's area in pixels of a frame (height, width), (B, O)."""
    return (frame[0] * frame[1] * objects.boxes[..., 2:].prod(dim=-1)).sqrt()


def _extent(line: Tensor) -> tuple[Tensor, Tensor]:
    """First and one past the last true entry: (B, O, n) -> two of (B, O), 0 where there is none."""
    count = line.shape[-1]
    first = line.float().argmax(dim=-1)
    last = count - line.flip(-1).float().argmax(dim=-1)
    return first, last.where(line.any(dim=-1), first)


def _stack(layers: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Leave out what is not wanted, and what would hide too much of an object beneath it."""
    masks = (layers[:, :, 3] > 0.5).flatten(2).float()  # (B, L, H * W)
    area = masks[:, :MOST].sum(dim=2).clamp(min=1)
    seen = torch.zeros_like(masks[:, :MOST])  # what is still in sight of each object
    there = torch.zeros_like(wanted)  # (B, O)
    kept = []
    for place, mask in enumerate(masks.unbind(1)):
        free = 1 - mask
        left = (seen @ free[..., None])[..., 0] / area  # (B, O, H * W) @ (B, H * W, 1)
        keep = ((left >= 1 - MOST_HIDDEN) | ~there).all(dim=1)
        if place < MOST:
            keep = keep & wanted[:, place]
            there[:, place] = keep
        seen = seen * torch.where(keep[:, None], free, 1.0)[:, None]
        if place < MOST:
            seen[:, place] = mask
        kept.append(keep)
    return layers * torch.stack(kept, dim=1)[..., None, None, None], there


def _stamps(labels: Tensor, split: str, generator: torch.Generator | None) -> Tensor:
    """A random picture of each wanted kind, tinted, mirrored unless it is a digit: (B, O, 4, 32, 32)."""
    bank, starts = _bank(split)
    counts = starts.diff()[labels]  # (B, O)
    which = starts[labels] + (_draw(*labels.shape, generator) * counts).long()
    stamps = bank[which]
    mirrored = (labels > 0) & (_draw(*labels.shape, generator) < 0.5)
    stamps[mirrored] = stamps[mirrored].flip(-1)
    tint = torch.rand(*labels.shape, 3, generator=generator)
    strong = tint / tint.amax(dim=-1, keepdim=True).clamp(min=0.1)
    tint = torch.where((labels == 0)[..., None], strong, 0.8 + 0.4 * tint)
    stamps[:, :, :3] *= tint[..., None, None]
    return stamps.clamp_(0, 1)


@functools.cache
def _bank(split: str) -> tuple[Tensor, Tensor]:
    """All pictures in a row, and where each kind starts, with the end: (N, 4, 32, 32), (K + 1,)."""
    pictures = [cutouts.load(split)[kind] for kind in KINDS]
    return torch.cat(pictures), torch.tensor([0, *(len(one) for one in pictures)]).cumsum(0)


def _places(count: int, spans: tuple[float, float], generator: torch.Generator | None) -> Tensor:
    """Centre, width and height in pixels, well inside the canvas: (B, O, 4)."""
    low, high = spans
    side = low * (high / low) ** _draw(count, MOST, generator)  # small ones more often
    stretch = 1 - 0.35 * torch.rand(count, MOST, 2, generator=generator)
    size = (side[..., None] * stretch).clamp(min=low - 1)
    centre = size / 2 + torch.rand(count, MOST, 2, generator=generator) * (CANVAS - size)
    return torch.cat([centre, size], dim=-1)


def _boards(spans: Tensor, boards: int, split: str, generator: torch.Generator | None) -> Tensor:
    """Rectangles of a photograph, most of them partly over an object: (B, boards, 4, 64, 64)."""
    count = len(spans)
    under = _draw(count, boards, generator).mul(MOST).long()
    target = spans.gather(1, under[..., None].expand(-1, -1, 4))  # (B, boards, 4)
    size = (5 + 9 * torch.rand(count, boards, 2, generator=generator)).round()
    away = torch.rand(count, boards, 2, generator=generator) - 0.5
    on = target[..., :2] + away * (target[..., 2:] + size) * 0.9
    anywhere = torch.rand(count, boards, 2, generator=generator) * CANVAS
    centre = torch.where((_draw(count, boards, generator) < ON_OBJECT)[..., None], on, anywhere)
    low = (centre - size / 2).round()[..., None]  # (B, boards, 2, 1)
    pixel = torch.arange(CANVAS)
    inside = (pixel >= low) & (pixel < low + size[..., None])  # (B, boards, 2, 64)
    cover = (inside[:, :, 1, :, None] & inside[:, :, 0, None, :])[:, :, None].float()
    texture = _background(split, count * boards, generator).unflatten(0, (count, boards))
    return torch.cat([texture * cover, cover], dim=2)


def _background(split: str, count: int, generator: torch.Generator | None) -> Tensor:
    """Random crops, some mirrored, of random brightness: (B, 3, 64, 64)."""
    drawn = crops.draw(crops.bank(BACKGROUNDS[split], PHOTOGRAPH_SIDE), count, CANVAS, generator=generator)
    as_it_is = (_draw(count, 1, generator) < 0.5)[..., None, None]
    drawn = torch.where(as_it_is, drawn, drawn.flip(-1))
    return drawn * (0.4 + 0.6 * _draw(count, 1, generator)[..., None, None])


def _draw(*shape_and_generator) -> Tensor:
    *shape, generator = shape_and_generator
    return torch.rand(*shape, generator=generator)


def main() -> None:
    drawn = batch(500, split="test", generator=torch.Generator().manual_seed(0))
    there = drawn.objects.present
    counts = there.sum(dim=1).bincount().tolist()
    side, hidden = sizes(drawn.objects)[there], drawn.hidden[there]
    print(f"scenes with 0, 1, 2 ... objects: {counts}")
    print(f"sizes {side.min():.0f} to {side.max():.0f} px, {(side < SMALL).float().mean():.0%} small")
    print(f"heavily hidden: {(hidden >= HEAVY).float().mean():.0%}, slightly or not: ", end="")
    print(f"{(hidden < SLIGHT).float().mean():.0%}")


if __name__ == "__main__":
    main()
