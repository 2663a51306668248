"""What plausible wrong answers to the exercises on the vision transformer give: feedback -> result."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

BICUBIC = {"mode": "bicubic"}


def each(function: Callable, inputs: list[tuple]) -> list[Tensor]:
    """A function's result for each of the inputs."""
    return [function(*given) for given in inputs]


def pieces(images: Tensor, size: int) -> Tensor:
    """The patches with all axes apart, (B, rows, columns, C, P, P)."""
    apart = images.unflatten(3, (-1, size)).unflatten(2, (-1, size))  # (B, C, rows, P, columns, P)
    return apart.permute(0, 2, 4, 1, 3, 5)


def flat(patches: Tensor) -> Tensor:
    """(B, first, second, ., ., .) -> (B, first * second, . * . * .)."""
    return patches.flatten(3).flatten(1, 2)


def patchify(images: Tensor, size: int) -> Tensor:
    """What is right: (B, N, C * P * P)."""
    return flat(pieces(images, size))


def in_patchify_shape(images: Tensor, size: int) -> dict:
    """Wrong shapes of the patches."""
    batch, rows, columns, channels, _, _ = pieces(images, size).shape
    count, pixels = rows * columns, channels * size**2
    return {
        (batch, pixels, count): "The two last axes are swapped: `F.unfold` gives the patches last.",
        (batch, rows, columns, pixels): "The patches still lie in a grid: make one axis of rows and columns.",
        (batch, count, channels, size, size): "The pixels of a patch are not flattened yet.",
        (batch, rows, columns, channels, size, size): "The axes are in order, but nothing is flattened yet.",
        (batch * count, pixels): "The images have run together: keep the batch axis.",
        (count, pixels): "The batch axis is lost.",
        (batch, count, size**2): "The colours are lost: a patch has C * P * P numbers.",
        (batch, count * channels, size**2): "Each colour became a patch of its own: they belong together.",
    }


def in_patchify(inputs: list[tuple]) -> dict:
    """Wrong patches for each pair of images and patch size."""

    def dilated(images, size):
        apart = images.unflatten(3, (size, -1)).unflatten(2, (size, -1))  # (B, C, P, rows, P, columns)
        return flat(apart.permute(0, 3, 5, 1, 2, 4))

    wrong = {
        "A plain `reshape` cuts strips of pixels, not squares: split H and W first.": lambda x, p: x.reshape(
            patchify(x, p).shape
        ),
        "The patches come column by column: they should come row by row, as one reads.": lambda x, p: flat(
            pieces(x, p).transpose(1, 2)
        ),
        "The patches are right, but their pixels come column by column.": lambda x, p: flat(
            pieces(x, p).transpose(4, 5)
        ),
        "The colours come last in each patch: the order wanted is C, then rows, then columns.": lambda x, p: (
            flat(pieces(x, p).permute(0, 1, 2, 4, 5, 3))
        ),
        "Each patch takes pixels from all over the image: `unflatten` into (H/P, P), not (P, H/P).": dilated,
        "Rows and columns are swapped, in patches and pixels.": lambda x, p: flat(
            pieces(x, p).transpose(1, 2).transpose(4, 5)
        ),
        "All images have the patches of the first.": lambda x, p: patchify(x[:1].expand_as(x), p),
        "Each patch is centred: its mean is taken away. Give the pixels as they are.": lambda x, p: (
            patchify(x, p) - patchify(x, p).mean(-1, keepdim=True)
        ),
        "The patches come in reverse order.": lambda x, p: patchify(x, p).flip(1),
    }
    return {text: each(function, inputs) for text, function in wrong.items()}


def sequence(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    """What is right: (B, 1 + N, D)."""
    return torch.cat([class_token.expand(len(patches), -1, -1), patches], dim=1) + positions


def in_sequence_shape(patches: Tensor) -> dict:
    """Wrong shapes of the sequence."""
    batch, count, width = patches.shape
    return {
        (batch, count, width): "There is no class token: the sequence is as long as the patches.",
        (1, 1 + count, width): "The batch is lost: each image needs a class token of its own, `expand` it.",
        (1 + batch, count, width): "You joined along the batch: `dim=1` is the axis of tokens.",
        (batch, count, 1 + width): "You joined along the features: `dim=1` is the axis of tokens.",
        (batch, 2 + count, width): "One token too many: is the class token there twice?",
        (batch, 1 + 2 * count, width): "The positions are joined on as tokens: they are added.",
        (batch, 2 + 2 * count, width): "The positions are joined on as tokens: they are added.",
    }


def in_sequence(inputs: list[tuple]) -> dict:
    """Wrong sequences for each triple of patches, class token and positions."""

    def join(x, c, *, last=False):
        first = c.expand(len(x), -1, -1)
        return torch.cat([x, first] if last else [first, x], dim=1)

    wrong = {
        "The class token comes last: it goes first.": lambda x, c, p: join(x, c, last=True) + p,
        "No positions: the transformer could not tell the order of the patches.": lambda x, c, p: join(x, c),
        "The class token has no position added: it has one, the first.": lambda x, c, p: join(
            x + p[:, 1:], c
        ),
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
        "The class token is also added to every patch.": lambda x, c, p: join(x + c, c) + p,
    }
    return {text: each(function, inputs) for text, function in wrong.items()}


def in_class_view_shape(weights: Tensor, grid: tuple[int, int]) -> dict:
    """Wrong shapes of the class token's view."""
    batch, heads, tokens, _ = weights.shape
    rows, columns = grid
    return {
        (batch, heads, columns, rows): "Rows and columns are swapped: `grid` is (rows, columns).",
        (batch, heads, tokens - 1): "The right weights, but flat: bring rows and columns back.",
        (batch, heads, tokens): "The class token's weight on itself is still there: leave it out.",
        (batch, rows, columns): "The heads are gone: keep one map for each.",
        (heads, rows, columns): "The batch is gone.",
        (
            batch,
            heads,
            tokens - 1,
            rows,
            columns,
        ): "A view for each patch: wanted is that of the class token.",
    }


def in_class_view(inputs: list[tuple]) -> dict:
    """Wrong views for each pair of weights and grid."""

    def view(row, grid):
        return row.unflatten(-1, grid)

    wrong = {
        "That is the column of the class token: what each patch takes *from it*. Rows look.": lambda w, g: (
            view(w[:, :, 1:, 0], g)
        ),
        "That is the first patch's row: the class token is token 0.": lambda w, g: view(w[:, :, 1, 1:], g),
        "That is the last token's row: the class token comes first.": lambda w, g: view(w[:, :, -1, 1:], g),
        "You dropped the last patch in place of the class token.": lambda w, g: view(w[:, :, 0, :-1], g),
        "That is the mean over all tokens that look: wanted is the class token alone.": lambda w, g: view(
            w[:, :, :, 1:].mean(2), g
        ),
        "You shared the budget out anew: keep the weights, the rest lies on the class token.": lambda w, g: (
            view(w[:, :, 0, 1:] / w[:, :, 0, 1:].sum(-1, keepdim=True), g)
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
        "That is the diagonal: what each patch takes from itself.": lambda w, g: view(
            w.diagonal(dim1=2, dim2=3)[:, :, 1:], g
        ),
    }
    return {text: each(function, inputs) for text, function in wrong.items()}


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


def in_stretch_shape(positions: Tensor, grid: tuple[int, int]) -> dict:
    """Wrong shapes of the stretched positions."""
    count, width = grid[0] * grid[1], positions.shape[-1]
    return {
        (1, count, width): "The class token's position is lost: keep it in front.",
        (1, 1 + count, 1 + width): "Something was joined along the features: `dim=1` is the axis of tokens.",
        (1, width, 1 + count): "Tokens and features are swapped.",
        (1, width, *grid): "That is still a grid with the features in front: bring it back to tokens.",
        (1, count + 1, 1): "The features are lost.",
        tuple(positions.shape): "The number of positions did not change.",
        (1 + count, width): "The first axis, of size 1, is lost.",
    }


def in_stretch(inputs: list[tuple]) -> dict:
    """Wrong positions for each pair of positions and grid."""

    def join(first, rest):
        return torch.cat([first, rest], dim=1)

    def whole(p, g):
        line = F.interpolate(p.transpose(1, 2), size=1 + g[0] * g[1], mode="linear").transpose(1, 2)
        return line

    def patches_as_line(p, g):
        line = F.interpolate(p[:, 1:].transpose(1, 2), size=g[0] * g[1], mode="linear").transpose(1, 2)
        return join(p[:, :1], line)

    def scrambled(p, g):
        side = round((p.shape[1] - 1) ** 0.5)
        larger = F.interpolate(p[:, 1:].reshape(1, -1, side, side), size=g, **BICUBIC)
        return join(p[:, :1], back(larger))

    def read_wrongly(p, g):
        larger = F.interpolate(square(p[:, 1:]), size=g, **BICUBIC)
        return join(p[:, :1], larger.reshape(1, g[0] * g[1], -1))

    wrong = {
        "That is bilinear: bicubic was asked for.": lambda p, g: stretch(p, g, mode="bilinear"),
        "That is the nearest old position: bicubic was asked for.": lambda p, g: stretch(
            p, g, mode="nearest"
        ),
        "You pin the corners (`align_corners=True`): patches are areas, leave it off.": lambda p, g: stretch(
            p, g, mode="bicubic", align_corners=True
        ),
        "You smooth as well (`antialias=True`): leave it off.": lambda p, g: stretch(
            p, g, mode="bicubic", antialias=True
        ),
        "The class token's position was stretched along with the patches': take it out first.": whole,
        "You stretch the row of tokens as one line: bring the patches back into their square first.": (
            patches_as_line
        ),
        "A `reshape` straight to (1, D, M, M) scrambles tokens and features: `permute` it.": scrambled,
        "A `reshape` back to tokens scrambles features and places: `flatten` and `transpose`.": read_wrongly,
        "Rows and columns are swapped on the way.": lambda p, g: join(
            p[:, :1], back(F.interpolate(square(p[:, 1:]).mT, size=g, **BICUBIC))
        ),
        "The class token's position comes last: it goes first.": lambda p, g: join(
            stretch(p, g)[:, 1:], p[:, :1]
        ),
        "You kept the last position in front, in place of the class token's.": lambda p, g: join(
            p[:, -1:], back(F.interpolate(square(p[:, :-1]), size=g, **BICUBIC))
        ),
        "The class token's position is empty.": lambda p, g: join(0 * p[:, :1], stretch(p, g)[:, 1:]),
    }
    return {text: each(function, inputs) for text, function in wrong.items()}
