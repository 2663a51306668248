"""The checks of the vision transformer's exercises tell wrong answers apart."""

import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.vision_transformer import checks as vision_transformer

solved = solutions("vision_transformer")


def unfold(x, p):
    return F.unfold(x, p, stride=p).transpose(1, 2)


def grid_of(x, p):
    return x.shape[2] // p, x.shape[3] // p


def by_columns(x, p):
    return unfold(x, p).unflatten(1, grid_of(x, p)).transpose(1, 2).flatten(1, 2)


def pixels(x, p):
    return unfold(x, p).unflatten(2, (x.shape[1], p, p))


def dilated(x, p):
    rows, columns = grid_of(x, p)
    apart = x.reshape(x.shape[0], x.shape[1], p, rows, p, columns)
    return apart.permute(0, 3, 5, 1, 2, 4).flatten(3).flatten(1, 2)


PATCHIFY = {
    "got (B, C*P*P, r*c)": lambda x, p: F.unfold(x, p, stride=p),
    "got (B, r, c, C*P*P)": lambda x, p: unfold(x, p).unflatten(1, grid_of(x, p)),
    "got (B, r*c, C, P, P)": pixels,
    "got (B, r, c, C, P, P)": lambda x, p: pixels(x, p).unflatten(1, grid_of(x, p)),
    "got (B*r*c, C*P*P)": lambda x, p: unfold(x, p).flatten(0, 1),
    "got (r*c, C*P*P)": lambda x, p: unfold(x, p)[0],
    "got (B, r*c, P*P)": lambda x, p: unfold(x.mean(1, keepdim=True), p),
    "became a patch of its own": lambda x, p: pixels(x, p).flatten(3).flatten(1, 2),
    "cuts strips of pixels": lambda x, p: x.reshape(unfold(x, p).shape),
    "come column by column: they should": by_columns,
    "their pixels come column by column": lambda x, p: pixels(x, p).transpose(3, 4).flatten(2),
    "The colours come last": lambda x, p: pixels(x, p).permute(0, 1, 3, 4, 2).flatten(2),
    "pixels from all over the image": dilated,
    "swapped, in patches and pixels": lambda x, p: unfold(x.transpose(2, 3), p),
    "All images have the patches": lambda x, p: unfold(x[:1].repeat(len(x), 1, 1, 1), p),
    "Each patch is centred": lambda x, p: unfold(x, p) - unfold(x, p).mean(dim=2, keepdim=True),
    "in reverse order": lambda x, p: unfold(x, p).flip(1),
    "where fractions are wanted": lambda x, p: unfold(x, p).long(),
}


def joined(x, c):
    return torch.cat([c.repeat(len(x), 1, 1), x], dim=1)


def in_place(x, c, p):
    x += p[:, 1:]
    return torch.cat([c.expand(len(x), -1, -1) + p[:, :1], x], dim=1)


SEQUENCE = {
    "There is no class token": lambda x, c, p: x + p[:, 1:],
    "got (1, N+1, D)": lambda x, c, p: (joined(x, c) + p)[:1],
    "got (B, N, D+1)": lambda x, c, p: torch.cat([x, x[:, :, :1]], dim=2),
    "got (2, 7, 7)": lambda x, c, p: torch.cat([c.expand(len(x), -1, -1), joined(x, c) + p], dim=1),
    "joined on as tokens": lambda x, c, p: torch.cat([joined(x, c), p.expand(len(x), -1, -1)], dim=1),
    "The class token comes last": lambda x, c, p: torch.cat([x, c.expand(len(x), -1, -1)], dim=1) + p,
    "No positions": lambda x, c, p: joined(x, c),
    "has no position added": lambda x, c, p: joined(x + p[:, 1:], c),
    "shifted by one": lambda x, c, p: joined(x, c) + p.roll(1, dims=1),
    "the first N positions": lambda x, c, p: joined(x + p[:, :-1], c),
    "You multiply": lambda x, c, p: joined(x, c) * p,
    "added twice": lambda x, c, p: joined(x, c) + p + p,
    "the mean of the patches": lambda x, c, p: torch.cat([x.mean(dim=1, keepdim=True), x], dim=1) + p,
    "The first token is empty": lambda x, c, p: joined(x, torch.zeros_like(c)) + p,
    "patches of the first": lambda x, c, p: joined(x[:1].repeat(len(x), 1, 1), c) + p,
    "added to every patch": lambda x, c, p: joined(x + c, c) + p,
    "No gradient reaches class_token": lambda x, c, p: joined(x, c.detach()) + p,
    "changed its input": in_place,
}


def row(w, grid):
    return w[:, :, 0, 1:].reshape(*w.shape[:2], *grid)


CLASS_VIEW = {
    "got (B, h, c, r)": lambda w, g: row(w, g).transpose(2, 3),
    "got (B, h, r*c)": lambda w, g: w[:, :, 0, 1:],
    "weight on itself is still there": lambda w, g: w[:, :, 0],
    "got (B, r, c)": lambda w, g: row(w, g).mean(dim=1),
    "got (h, r, c)": lambda w, g: row(w, g)[0],
    "A view for each patch": lambda w, g: w[:, :, 1:, 1:].unflatten(-1, g),
    "the column of the class token": lambda w, g: row(w.transpose(2, 3), g),
    "the first patch's row": lambda w, g: w[:, :, 1, 1:].unflatten(-1, g),
    "the last token's row": lambda w, g: w[:, :, -1, 1:].unflatten(-1, g),
    "dropped the last patch": lambda w, g: w[:, :, 0, :-1].unflatten(-1, g),
    "the mean over all tokens": lambda w, g: w.mean(dim=2)[:, :, 1:].unflatten(-1, g),
    "shared the budget out anew": lambda w, g: row(w, g) / row(w, g).sum(dim=(2, 3), keepdim=True),
    "lies on its side": lambda w, g: row(w, (g[1], g[0])).transpose(2, 3),
    "show the mean over heads": lambda w, g: row(w, g).mean(1, keepdim=True).repeat(1, w.shape[1], 1, 1),
    "All heads show the first": lambda w, g: row(w, g)[:, :1].repeat(1, w.shape[1], 1, 1),
    "All images show the first": lambda w, g: row(w, g)[:1].repeat(len(w), 1, 1, 1),
    "A second softmax": lambda w, g: row(w, g).flatten(2).softmax(dim=-1).view_as(row(w, g)),
    "the diagonal": lambda w, g: torch.diagonal(w, dim1=2, dim2=3)[:, :, 1:].unflatten(-1, g),
}


def larger(rest, grid, **how):
    side = round(rest.shape[1] ** 0.5)
    square = rest.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    return F.interpolate(square, size=grid, **(how or {"mode": "bicubic"}))


def tokens(square):
    return square.flatten(2).transpose(1, 2)


def with_first(p, rest):
    return torch.cat([p[:, :1], rest], dim=1)


def stretched(p, g, **how):
    return with_first(p, tokens(larger(p[:, 1:], g, **how)))


def as_line(p, count):
    return F.interpolate(p.transpose(1, 2), size=count, mode="linear").transpose(1, 2)


def scrambled(p, g):
    side = round((p.shape[1] - 1) ** 0.5)
    return with_first(p, tokens(F.interpolate(p[:, 1:].reshape(1, -1, side, side), size=g, mode="bicubic")))


def mirrored(p, g):
    side = round((p.shape[1] - 1) ** 0.5)
    square = p[:, 1:].reshape(1, side, side, -1).permute(0, 3, 2, 1)
    return with_first(p, tokens(F.interpolate(square, size=g, mode="bicubic")))


STRETCH = {
    "got (1, r*c, D)": lambda p, g: tokens(larger(p[:, 1:], g)),
    "got (1, D, r*c+1)": lambda p, g: stretched(p, g).transpose(1, 2),
    "got (1, D, r, c)": lambda p, g: larger(p[:, 1:], g),
    "got (1, M*M+1, D)": lambda p, g: p,
    "got (r*c+1, D)": lambda p, g: stretched(p, g)[0],
    "got (1, r*c+1, 1)": lambda p, g: stretched(p, g).mean(dim=2, keepdim=True),
    "That is bilinear": lambda p, g: stretched(p, g, mode="bilinear"),
    "the nearest old position": lambda p, g: stretched(p, g, mode="nearest"),
    "You pin the corners": lambda p, g: stretched(p, g, mode="bicubic", align_corners=True),
    "You smooth as well": lambda p, g: stretched(p, g, mode="bicubic", antialias=True),
    "stretched along with": lambda p, g: as_line(p, 1 + g[0] * g[1]),
    "as one line": lambda p, g: with_first(p, as_line(p[:, 1:], g[0] * g[1])),
    "straight to (1, D, M, M)": scrambled,
    "back to tokens scrambles": lambda p, g: with_first(p, larger(p[:, 1:], g).reshape(1, -1, p.shape[2])),
    "swapped on the way": mirrored,
    "comes last": lambda p, g: torch.cat([tokens(larger(p[:, 1:], g)), p[:, :1]], dim=1),
    "kept the last position": lambda p, g: torch.cat([p[:, -1:], tokens(larger(p[:, :-1], g))], dim=1),
    "position is empty": lambda p, g: with_first(torch.zeros_like(p), stretched(p, g)[:, 1:]),
    "No gradient": lambda p, g: stretched(p.detach(), g),
}


def spoilt(**other):
    """A block written down step by step, with some steps exchanged for others."""

    def norm(x, s, name):
        centred = x - x.mean(-1, keepdim=True)
        return (
            centred / (x.var(-1, keepdim=True, unbiased=False) + 1e-6).sqrt() * s[name + ".weight"]
            + s[name + ".bias"]
        )

    def apply(x, s, name):
        return torch.einsum("bnd,ed->bne", x, s[name + ".weight"]) + s[name + ".bias"]

    steps = {"norm": norm, "bend": F.gelu, "heads": in_order, "root": lambda d, h: d**0.5, "dim": -1}
    steps |= {"add": lambda x, step, gain: x + step * gain, "first": "norm1", "gain": "ls1.gamma"} | other

    def block(x, s, h):
        seen = steps["norm"](x, s, steps["first"])
        q, k, v = steps["heads"](apply(seen, s, "attn.qkv"), h)
        shares = torch.softmax(q @ k.transpose(2, 3) / steps["root"](q.shape[-1], h), dim=steps["dim"])
        looked = apply((shares @ v).transpose(1, 2).reshape(x.shape), s, "attn.proj")
        x = steps["add"](x, looked, s[steps["gain"]])
        thought = apply(steps["norm"](x, s, "norm2"), s, "mlp.fc1")
        return steps["add"](x, apply(steps["bend"](thought), s, "mlp.fc2"), s["ls2.gamma"])

    return block


def in_order(three, h):
    return three.unflatten(2, (3, h, -1)).permute(2, 0, 3, 1, 4)


def interleaved(three, h):
    return three.unflatten(2, (3, -1, h)).permute(2, 0, 4, 1, 3)


def head_by_head(three, h):
    return three.unflatten(2, (h, 3, -1)).permute(3, 0, 2, 1, 4)


right = spoilt()

BLOCK = {
    "Nothing is added": spoilt(add=lambda x, step, gain: step * gain),
    "The gains `ls1.gamma` and `ls2.gamma` are missing": spoilt(add=lambda x, step, gain: x + step),
    "The gain multiplies the whole sum": spoilt(add=lambda x, step, gain: (x + step) * gain),
    "The norms are missing": spoilt(norm=lambda x, s, name: x),
    "without their learned weight": spoilt(norm=lambda x, s, name: F.layer_norm(x, x.shape[-1:], eps=1e-6)),
    "A ReLU stands": spoilt(bend=torch.relu),
    "Nothing bends": spoilt(bend=lambda x: x),
    "approximation by a tanh": spoilt(bend=lambda x: F.gelu(x, approximate="tanh")),
    "The scale is missing": spoilt(root=lambda d, h: 1),
    "You divide by the root of D": spoilt(root=lambda d, h: (d * h) ** 0.5),
    "over the queries": spoilt(dim=-2),
    "Each head takes every h-th number": spoilt(heads=interleaved),
    "stand side by side": spoilt(heads=head_by_head),
    "Queries and keys are exchanged": spoilt(heads=lambda t, h: in_order(t, h)[[1, 0, 2]]),
    "Keys and values are exchanged": spoilt(heads=lambda t, h: in_order(t, h)[[0, 2, 1]]),
    "All heads are one": lambda x, s, h: right(x, s, 1),
    "All images have the tokens of the first": lambda x, s, h: right(x[:1].expand(x.shape), s, h),
    "does not learn": lambda x, s, h: right(x, s, h).detach(),
    "got (B, h*d)": lambda x, s, h: right(x, s, h)[:, 0],
}

WRONG = {
    "check_patchify": PATCHIFY,
    "check_sequence": SEQUENCE,
    "check_class_view": CLASS_VIEW,
    "check_stretch": STRETCH,
    "check_transformer_block": BLOCK,
}


@pytest.mark.slow
def test_checks():
    contract(vision_transformer, solved, WRONG)


def test_the_solutions_agree_with_the_chapters_own_module():
    from visual_attention.mechanisms.position_grid import resize_positions
    from visual_attention.mechanisms.vision_transformer import VisionTransformer

    torch.manual_seed(0)
    model = VisionTransformer(12, patch_size=3, dim=8, depth=1, heads=2, channels=2)
    x, embed = torch.randn(5, 2, 12, 12), model.patch_embed
    patches = solved.patchify(x, 3) @ embed.proj.weight.flatten(1).T + embed.proj.bias
    torch.testing.assert_close(patches, embed(x))
    torch.testing.assert_close(solved.sequence(patches, model.cls_token, model.pos_embed), model.tokens(x))
    torch.testing.assert_close(
        solved.stretch(model.pos_embed, (7, 5)), resize_positions(model.pos_embed, (7, 5), offset=0)
    )


def test_the_block_written_down_is_the_reference():
    from visual_attention.chapters.vision_transformer.block_mistakes import block

    case = vision_transformer.check_transformer_block.asked.cases[0]
    torch.testing.assert_close(right(*case.args), block(*case.args), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(solved.transformer_block(*case.args), block(*case.args), atol=1e-4, rtol=1e-4)
