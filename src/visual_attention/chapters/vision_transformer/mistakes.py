"""What is right in the exercises on the vision transformer, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F

BICUBIC = {"mode": "bicubic"}


def pieces(images: Tensor, size: int) -> Tensor:
    """The patches with all axes apart, (B, rows, columns, C, P, P)."""
    apart = images.unflatten(3, (-1, size)).unflatten(2, (-1, size))  # (B, C, rows, P, columns, P)
    return apart.permute(0, 2, 4, 1, 3, 5)


def flat(patches: Tensor) -> Tensor:
    """(B, first, second, ., ., .) -> (B, first * second, . * . * .)."""
    return patches.flatten(3).flatten(1, 2)


def patchify(images: Tensor, patch_size: int) -> Tensor:
    """What is right: (B, N, C * P * P)."""
    return flat(pieces(images, patch_size))


def dilated(images, size):
    apart = images.unflatten(3, (size, -1)).unflatten(2, (size, -1))  # (B, C, P, rows, P, columns)
    return flat(apart.permute(0, 3, 5, 1, 2, 4))


PATCHIFY = {
    "A plain `reshape` cuts strips of pixels, not squares: split H and W first.": lambda x, p: x.reshape(
        patchify(x, p).shape
    ),
    "The patches come column by column: they should come row by row, as one reads.": lambda x, p: flat(
        pieces(x, p).transpose(1, 2)
    ),
    "The patches are right, but their pixels come column by column.": lambda x, p: flat(
        pieces(x, p).transpose(4, 5)
    ),
    "The colours come last in each patch: the order wanted is C, then rows, then columns.": lambda x, p: flat(
        pieces(x, p).permute(0, 1, 2, 4, 5, 3)
    ),
    "Each patch takes pixels from all over the image: `unflatten` into (H/P, P), not (P, H/P).": dilated,
    "Rows and columns are swapped, in patches and pixels.": lambda x, p: flat(
        pieces(x, p).transpose(1, 2).transpose(4, 5)
    ),
    "All images have the patches of the first.": lambda x, p: patchify(x[:1].expand_as(x), p),
    "Each patch is centred: its mean is taken away. Give the pixels as they are.": lambda x, p: (
        patchify(x, p) - patchify(x, p).mean(-1, keepdim=True)
    ),
    "Each colour became a patch of its own: they belong together.": lambda x, p: (
        pieces(x, p).flatten(4).flatten(1, 3)
    ),
    "The patches come in reverse order.": lambda x, p: patchify(x, p).flip(1),
}


def sequence(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    """What is right: (B, 1 + N, D)."""
    return torch.cat([class_token.expand(len(patches), -1, -1), patches], dim=1) + positions


def join(x, c, *, last=False):
    first = c.expand(len(x), -1, -1)
    return torch.cat([x, first] if last else [first, x], dim=1)


SEQUENCE = {
    "The class token comes last: it goes first.": lambda x, c, p: join(x, c, last=True) + p,
    "No positions: the transformer could not tell the order of the patches.": lambda x, c, p: join(x, c),
    "The class token has no position added: it has one, the first.": lambda x, c, p: join(x + p[:, 1:], c),
    "The positions are shifted by one: position 0 is the class token's.": lambda x, c, p: join(
        x + p[:, :-1], c + p[:, -1:]
    ),
    "The patches got the first N positions: join the class token before you add.": lambda x, c, p: join(
        x + p[:, :-1], c
    ),
    "You multiply with the positions: they are added.": lambda x, c, p: join(x, c) * p,
    "The positions are added twice.": lambda x, c, p: join(x, c) + 2 * p,
    "The first token is the mean of the patches, not the class token.": lambda x, c, p: (
        torch.cat([x.mean(1, keepdim=True), x], dim=1) + p
    ),
    "The first token is empty: the class token is learned, not zero.": lambda x, c, p: join(x, 0 * c) + p,
    "All images have the patches of the first.": lambda x, c, p: join(x[:1].expand_as(x), c) + p,
    "The positions are joined on as tokens: they are added.": lambda x, c, p: torch.cat(
        [join(x, c), p.expand(len(x), -1, -1)], dim=1
    ),
    "You joined along the features: `dim=1` is the axis of tokens.": lambda x, c, p: torch.cat(
        [c.expand(len(x), x.shape[1], -1), x], dim=2
    ),
    "There is no class token: the sequence is as long as the patches.": lambda x, c, p: x + p[:, 1:],
    "The class token is also added to every patch.": lambda x, c, p: join(x + c, c) + p,
}


def view(row, grid):
    return row.unflatten(-1, grid)


def class_view(weights: Tensor, grid: tuple[int, int]) -> Tensor:
    """What is right: (B, h, rows, columns)."""
    return view(weights[:, :, 0, 1:], grid)


CLASS_VIEW = {
    "That is the column of the class token: what each patch takes *from it*. Rows look.": lambda w, g: view(
        w[:, :, 1:, 0], g
    ),
    "That is the first patch's row: the class token is token 0.": lambda w, g: view(w[:, :, 1, 1:], g),
    "That is the last token's row: the class token comes first.": lambda w, g: view(w[:, :, -1, 1:], g),
    "You dropped the last patch in place of the class token.": lambda w, g: view(w[:, :, 0, :-1], g),
    "That is the mean over all tokens that look: wanted is the class token alone.": lambda w, g: view(
        w[:, :, :, 1:].mean(2), g
    ),
    "You shared the budget out anew: keep the weights, the rest lies on the class token.": lambda w, g: view(
        w[:, :, 0, 1:] / w[:, :, 0, 1:].sum(-1, keepdim=True), g
    ),
    "The map lies on its side: it was filled column by column.": lambda w, g: (
        view(w[:, :, 0, 1:], g[::-1]).mT
    ),
    "All heads show the mean over heads.": lambda w, g: view(
        w[:, :, 0, 1:].mean(1, keepdim=True).expand_as(w[:, :, 0, 1:]), g
    ),
    "All heads show the first one.": lambda w, g: view(w[:, :1, 0, 1:].expand_as(w[:, :, 0, 1:]), g),
    "All images show the first one.": lambda w, g: view(w[:1, :, 0, 1:].expand_as(w[:, :, 0, 1:]), g),
    "A second softmax: the weights come ready.": lambda w, g: view(w[:, :, 0, 1:].softmax(-1), g),
    "The class token's weight on itself is still there: leave it out.": lambda w, g: w[:, :, 0],
    "A view for each patch: wanted is that of the class token.": lambda w, g: view(w[:, :, 1:, 1:], g),
    "That is the diagonal: what each patch takes from itself.": lambda w, g: view(
        w.diagonal(dim1=2, dim2=3)[:, :, 1:], g
    ),
}


def square(rest: Tensor) -> Tensor:
    """(1, M * M, D) -> (1, D, M, M)."""
    side = round(rest.shape[1] ** 0.5)
    return rest.unflatten(1, (side, side)).permute(0, 3, 1, 2)


def back(grid: Tensor) -> Tensor:
    """(1, D, rows, columns) -> (1, rows * columns, D)."""
    return grid.flatten(2).transpose(1, 2)


def stretch(positions: Tensor, grid: tuple[int, int], **how) -> Tensor:
    """What is right: (1, 1 + rows * columns, D)."""
    larger = F.interpolate(square(positions[:, 1:]), size=grid, **(how or BICUBIC))
    return torch.cat([positions[:, :1], back(larger)], dim=1)


def front(first, rest):
    return torch.cat([first, rest], dim=1)


def whole(p, g):
    return F.interpolate(p.transpose(1, 2), size=1 + g[0] * g[1], mode="linear").transpose(1, 2)


def patches_as_line(p, g):
    line = F.interpolate(p[:, 1:].transpose(1, 2), size=g[0] * g[1], mode="linear").transpose(1, 2)
    return front(p[:, :1], line)


def scrambled(p, g):
    side = round((p.shape[1] - 1) ** 0.5)
    larger = F.interpolate(p[:, 1:].reshape(1, -1, side, side), size=g, **BICUBIC)
    return front(p[:, :1], back(larger))


def read_wrongly(p, g):
    larger = F.interpolate(square(p[:, 1:]), size=g, **BICUBIC)
    return front(p[:, :1], larger.reshape(1, g[0] * g[1], -1))


STRETCH = {
    "That is bilinear: bicubic was asked for.": lambda p, g: stretch(p, g, mode="bilinear"),
    "That is the nearest old position: bicubic was asked for.": lambda p, g: stretch(p, g, mode="nearest"),
    "You pin the corners (`align_corners=True`): patches are areas, leave it off.": lambda p, g: stretch(
        p, g, mode="bicubic", align_corners=True
    ),
    "You smooth as well (`antialias=True`): leave it off.": lambda p, g: stretch(
        p, g, mode="bicubic", antialias=True
    ),
    "The class token's position was stretched along with the patches': take it out first.": whole,
    "You stretch the row of tokens as one line: bring the patches back into their square first.": patches_as_line,
    "A `reshape` straight to (1, D, M, M) scrambles tokens and features: `permute` it.": scrambled,
    "A `reshape` back to tokens scrambles features and places: `flatten` and `transpose`.": read_wrongly,
    "Rows and columns are swapped on the way.": lambda p, g: front(
        p[:, :1], back(F.interpolate(square(p[:, 1:]).mT, size=g, **BICUBIC))
    ),
    "The class token's position comes last: it goes first.": lambda p, g: front(
        stretch(p, g)[:, 1:], p[:, :1]
    ),
    "You kept the last position in front, in place of the class token's.": lambda p, g: front(
        p[:, -1:], back(F.interpolate(square(p[:, :-1]), size=g, **BICUBIC))
    ),
    "The class token's position is empty.": lambda p, g: front(0 * p[:, :1], stretch(p, g)[:, 1:]),
}
