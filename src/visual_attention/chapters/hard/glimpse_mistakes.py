"""What is right in the exercise on glimpses, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor


def glimpse(image: Tensor, location: Tensor, size: int) -> Tensor:
    """The pixels around a location (x, y), which falls between pixels."""
    return at(image, *corner(image, location, size), size)


def corner(image: Tensor, location: Tensor, size: int) -> tuple[float, float]:
    """The rows above a patch, and the columns to its left."""
    (height, width), (x, y) = image.shape, location.tolist()
    return (y + 1) * height / 2 - size / 2, (x + 1) * width / 2 - size / 2


def at(image: Tensor, top: float, left: float, size: int, *, around: float = 0.0) -> Tensor:
    """The pixels right of and below a corner; `around` is what lies outside."""
    rows, columns = round(top) + torch.arange(size), round(left) + torch.arange(size)
    inside = ((rows >= 0) & (rows < image.shape[0]))[:, None] & (columns >= 0) & (columns < image.shape[1])
    return torch.where(inside, nearest(image, rows, columns), torch.tensor(around, dtype=image.dtype))


def nearest(image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Pixels by rows and columns; beyond the edge, those of the edge."""
    return image[rows.clamp(0, image.shape[0] - 1)][:, columns.clamp(0, image.shape[1] - 1)]


def indices(image: Tensor, location: Tensor, size: int) -> tuple[Tensor, Tensor]:
    return tuple(round(start) + torch.arange(size) for start in corner(image, location, size))


def seen_as(change):
    """A glimpse at another location than the one that is given, by image and (x, y)."""
    return lambda image, place, size: glimpse(image, place.new_tensor(change(image, *place.tolist())), size)


def wrapped(image: Tensor, location: Tensor, size: int) -> Tensor:
    rows, columns = indices(image, location, size)
    return image[rows % image.shape[0]][:, columns % image.shape[1]]


def pushed(image: Tensor, location: Tensor, size: int) -> Tensor:
    """The patch nearest to the location that lies inside of the image."""
    top, left = (round(start) for start in corner(image, location, size))
    return at(image, min(max(top, 0), image.shape[0] - size), min(max(left, 0), image.shape[1] - size), size)


def whole_or_dark(image: Tensor, location: Tensor, size: int) -> Tensor:
    patch = glimpse(image, location, size)
    (height, width), (top, left) = image.shape, corner(image, location, size)
    return patch if 0 <= top <= height - size and 0 <= left <= width - size else torch.zeros_like(patch)


def cut_short(image: Tensor, location: Tensor, size: int) -> Tensor:
    top, left = (round(start) for start in corner(image, location, size))
    return image[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)].clone()


GLIMPSE = {
    "x and y are swapped: x counts columns, to the right; y counts rows, down.": seen_as(
        lambda i, x, y: (y, x)
    ),
    "y points up in your code: here it points down, as rows are counted.": seen_as(lambda i, x, y: (x, -y)),
    "The patch lies the right way round but transposed: rows are axis 0.": lambda *given: glimpse(*given).T,
    "The location is the corner of your patch: it should be the middle, half a patch further.": lambda i, p, s: (
        at(i, (p[1].item() + 1) * i.shape[0] / 2, (p[0].item() + 1) * i.shape[1] / 2, s)
    ),
    "You read the location as a share from 0 to 1: it goes from -1 to 1, with 0 in the middle.": seen_as(
        lambda i, x, y: (2 * x - 1, 2 * y - 1)
    ),
    "You scale by the side minus 1: 1 is the right edge of the last pixel, not its middle.": seen_as(
        lambda i, x, y: ((x + 1) * (1 - 1 / i.shape[1]) - 1, (y + 1) * (1 - 1 / i.shape[0]) - 1)
    ),
    "You scale x by the height: x goes along the width.": seen_as(
        lambda i, x, y: ((x + 1) * i.shape[0] / i.shape[1] - 1, y)
    ),
    "You always cut at the centre: the location is not used.": seen_as(lambda i, x, y: (0.0, 0.0)),
    "The patch is shifted by a pixel: the rows and columns begin half a patch before the middle.": seen_as(
        lambda i, x, y: (x + 2 / i.shape[1], y + 2 / i.shape[0])
    ),
    "Beyond the edge you repeat the last pixel: there should be zeros.": lambda i, p, s: nearest(
        i, *indices(i, p, s)
    ),
    "Beyond the edge you go on at the other side: a negative index counts from the end. Use zeros.": wrapped,
    "You push the patch back into the image: keep it where it is and fill up with zeros.": pushed,
    "Far outside you push the patch back into the image: there is nothing to see, only zeros.": lambda i, p, s: (
        pushed(i, p, s) if p.abs().max() > 2 else glimpse(i, p, s)
    ),
    "Beyond the edge you fill in ones: there should be zeros.": lambda i, p, s: at(
        i, *corner(i, p, s), s, around=1.0
    ),
    "At the edge all of your patch is 0: the part inside the image is still seen.": whole_or_dark,
    "A slice ends where the image ends: put it into a patch of zeros.": cut_short,
}
