# %% [markdown]
# # Can attention fill a hole with what stands elsewhere in the picture?
#
# A scratch, a stranger, a date stamp: something should go, and something else has to stand in its place. **Inpainting** fills a hole in an image so that nobody sees it. The article claims that attention makes filled images more detailed and more realistic. {cite:t}`yu2018generative` gave that idea a layer: the hole attends to its surroundings and *copies patches* from them. You first do it without any learning, then within a network, and measure both where they win and where they lose.

# %%
import math
from textwrap import wrap

import torch

from visual_attention.applications import trained_inpainter
from visual_attention.applications.hole_scores import BiharmonicFill, MeanFill, psnr
from visual_attention.applications.inpainting import ContextualAttention
from visual_attention.applications.peeling import PeelingAttention
from visual_attention.data import holes, photographs

# %%
from visual_attention.exercises.inpainting import (
    check_hole_psnr,
    check_paste,
    check_patch_weights,
    check_sources,
)
from visual_attention.experiments import comparison, record, registry
from visual_attention.experiments.claims import inpainting
from visual_attention.view import figures
from visual_attention.view.eraser import Eraser

# %% mystnb={"image": {"alt": "Four small pictures of a brick wall. The first has a grey square in its middle. In the second the square is one flat grey, in the third a soft blur into which the joints run out, in the fourth the joints go on through the square as in the rest of the wall."}, "figure": {"caption": "A hole of 14 x 14 pixels in a wall of bricks, filled in three ways. Only attention goes on with the pattern.", "name": "fig-inpainting-wall"}}
figures.use_style()
wall = photographs.load("brick", size=128)[None, :, 40:88, 70:118]  # (1, 3, 48, 48)
hole = torch.zeros(1, 1, 48, 48, dtype=torch.bool)
hole[..., 18:32, 16:30] = True  # true where something is missing
fills = {"the mean": MeanFill(), "a smooth sheet": BiharmonicFill(), "attention": PeelingAttention()}
pictures = {"erased": wall.masked_fill(hole, 0.8)} | {name: fill(wall, hole) for name, fill in fills.items()}
figure, axes = figures.sheet(1, 4, size=(6.8, 2.1))
for ax, (name, picture) in zip(axes, pictures.items(), strict=True):
    figures.show_image(ax, picture[0], title=name)
figure

# %% [markdown]
# ## How can a pixel that is not there ask a question?
#
# With its neighbours. Here is a pattern of threes, 5 rows of the same, and one pixel is missing. Cut a patch of 3 x 3 around the missing pixel; eight of its pixels are known. Compare them with the same eight of every patch in the picture. Minus the mean squared difference is the **score**, a softmax turns scores into **weights**, and the missing pixel becomes the weighted mean of the patches' middles.

# %%
pattern = torch.tensor([2.0, 9.0, 4.0]).repeat(4).expand(5, 12)
patches = pattern.unfold(0, 3, 1).unfold(1, 3, 1)  # (3, 10, 3, 3): around each inner pixel
question = patches[1, 6]  # around row 2, column 7, whose own value, a 9, is not used
seen = torch.ones(3, 3)
seen[1, 1] = 0
difference = ((patches - question).square() * seen).sum(dim=(2, 3)) / seen.sum()
difference[:, 5:8] = math.inf  # these patches hold the missing pixel: nothing to copy
weights = torch.softmax(-difference.flatten() / 1.0, dim=0).view(3, 10)
print(weights.numpy().round(3))
print("filled with", round((weights * patches[..., 1, 1]).sum().item(), 3))

# %% [markdown]
# The weight went to the places with a 4 to the right and a 2 to the left, and in their middle stands a 9. Queries, keys and values again: the query is what surrounds the hole, the keys are what surrounds other pixels, the values are those pixels. The module says the same:

# %%
missing = torch.zeros(1, 1, 5, 12, dtype=torch.bool)
missing[..., 2, 7] = True
module = PeelingAttention(patch=3, temperature=1.0)
filled = module(pattern[None, None].masked_fill(missing, -100.0), missing)
assert torch.allclose(filled[0, 0, 2, 7], (weights * patches[..., 1, 1]).sum())
print("module = naive, and the -100 under the hole was never looked at")

# %% [markdown]
# A larger hole has pixels without any known neighbour. So it is filled like peeling an onion: the rim first, then the rim counts as known, then the next one. {cite:t}`efros1999texture` grew textures in this order, one pixel at a time, by drawing one of the best matches. The softmax takes a mean of them instead.
#
# ```{literalinclude} ../../src/visual_attention/applications/peeling.py
# :language: python
# :pyobject: PeelingAttention._peel
# ```
#
# All of it is one matrix in the end: what each pixel takes from each pixel. `weights` gives it, and `forward` applies it.

# %%
attention = PeelingAttention(patch=9, temperature=0.001)
weights = attention.weights(wall, hole)  # (1, N, N), N = 48 * 48
applied = (weights @ wall.flatten(2).mT).mT.view_as(wall)  # (1, N, N) @ (1, N, 3)
assert torch.allclose(attention(wall, hole), applied, atol=1e-5)
assert torch.allclose(weights.sum(dim=-1), torch.ones(1, 48 * 48), atol=1e-5)
assert weights[0][:, hole.flatten()].count_nonzero() == 0
print("each row sums to 1, and nothing is taken from under the hole")

# %% [markdown]
# **Predict.** You raise the temperature of the softmax further and further. What fills the hole in the end?
#
# - noise
# - one flat colour
# - the best patch alone
#
# :::{dropdown} Answer
# One flat colour. At infinity all places weigh the same, and every missing pixel becomes the mean of all pixels that may be copied. A mean fill *is* attention that does not choose. Towards 0, the best match alone is copied, with its noise.
# :::

# %% mystnb={"image": {"alt": "One picture of small dark tiles with pale joints, its hole filled in four ways. In the first two the tiles go on as if nothing had been missing; in the third a blurred square of the right tone stands among them; in the fourth a flat brown one."}, "figure": {"caption": "The same hole at four temperatures. A mean of a few good matches does better than the best match alone, for their noise cancels; a mean of everything is one flat colour.", "name": "fig-inpainting-temperature"}}
tiles = holes.batch(1, split="test", kind="tiles", generator=torch.Generator().manual_seed(13))
figure, axes = figures.sheet(1, 4, size=(6.8, 2.1))
for ax, heat in zip(axes, (1e-5, 1e-3, 3e-2, math.inf), strict=True):
    filled = PeelingAttention(temperature=heat)(tiles.images, tiles.masks)
    score = psnr(filled, tiles.images, tiles.masks).item()
    figures.show_image(ax, filled[0], title=f"{heat:g}: {score:.1f} dB")
figure

# %% [markdown]
# The number above each picture is its **PSNR**, the peak signal-to-noise ratio: $-10 \log_{10}$ of the mean squared error, in decibels (dB), *inside the hole only*. Ten times less error is 10 dB more. Over the whole picture any filling would look good, for most of it was never missing. The second score of this chapter, SSIM, compares brightness, contrast and structure in small windows around missing pixels; 1 is best.
#
# ## From where is each pixel copied?
#
# Erase what you like. The page fills the hole while you drag, and shows from where the marked pixel is copied. Try the same temperatures on bricks, on gravel and on the pagoda. On which of them can you not see the hole?

# %%
crops = {
    "bricks": ("brick", 128, 40, 70),
    "gravel": ("gravel", 160, 60, 100),
    "a cat": ("cat", 96, 20, 24),
    "a pagoda": ("pagoda", 128, 30, 40),
    "a flower": ("flower", 96, 24, 24),
    "writing": ("text", 200, 60, 60),
}
shown = {}
for name, (source, side, top, left) in crops.items():
    shown[name] = photographs.load(source, size=side)[:, top : top + 48, left : left + 48]
Eraser(shown, hole=hole[0, 0], filled=attention(wall, hole)[0])

# %% [markdown]
# ## Does it fill better?
#
# Five kinds of pictures, all with a hole of 14 x 14: *tiles*, a small piece of a photograph repeated with a little noise; *brick*; *grass* and *gravel*; and *photographs*. Four fillings: attention, the same with all places alike (**control**), the mean, and scikit-image's **biharmonic** inpainting, which bends a smooth sheet over the hole. Nobody learns anything.
#
# **Predict.** Where does attention win against the smooth sheet?
#
# - everywhere
# - on tiles and brick
# - on photographs
#
# The answer is in the tables below. A short run of two seeds first, then the record of five.

# %%
claim = registry.claim("inpainting")
comparison.compare(claim, comparison.live(claim, seeds=(0, 1)))

# %%
result = comparison.compare(claim, record.load("inpainting"))
result

# %%
photographic = registry.claim("inpainting-photographs")
comparison.compare(photographic, record.load("inpainting-photographs"))

# %% [markdown]
# On tiles and brick attention wins by 8.9 dB over the sheet (95 % interval 8.6 to 9.1, five seeds): about an eighth of the squared error is left. The control says why: with all places alike, the same module is as good as the mean and no better. It is the *choice* that helps. On photographs it is the other way round. The sheet wins by 3.2 dB (2.7 to 3.6), and the claim that attention fills *any* picture better is not supported.

# %% mystnb={"image": {"alt": "Five small bar charts of decibels, one for each kind of picture, with four bars each. On tiles and brick the bar of attention is by far the longest. On grass and gravel all four bars are nearly equal. On photographs the bar of the smooth sheet is the longest, that of attention the second."}, "figure": {"caption": "PSNR inside the hole, mean and 95 % interval over five seeds. Attention wins where the picture repeats, does no better than the mean where it only looks alike, and loses to the sheet on photographs.", "name": "fig-inpainting-kinds"}}
figure, axes = figures.sheet(3, 2, size=(6.8, 6.2))
arms = [arm.name for arm in claim.arms]
axes[2, 1].set_axis_off()
for ax, kind in zip(axes.flat, holes.KINDS, strict=False):
    stored = claim if kind in inpainting.REPEATS else photographic
    lines = comparison.compare(stored, record.load(stored.name), metric=f"PSNR, {kind}").table
    numbers = [[getattr(line, end) for line in lines] for end in ("mean", "low", "high")]
    figures.bars(ax, arms, *numbers, label="dB", form="{:.1f}", highlight=["attention"])
    ax.set(title=kind, xlim=(0, 36))
figure

# %% [markdown]
# ## Why does it lose?
#
# Look at the corner of a roof. The hole takes it away, and nothing that remains says that it was there.

# %% mystnb={"image": {"alt": "Four pictures of a pagoda against the sky: with a grey square where the end of a roof was; filled by attention with a sharp end of a roof and pieces of red wall below it; filled by the sheet with a blur; and as it was."}, "figure": {"caption": "Attention copies the end of another roof. It is sharp, and it stands in the wrong place, with a piece of wall beneath it. The blur is nowhere right and nowhere far off, so it scores higher.", "name": "fig-inpainting-pagoda"}}
pagoda, roof = shown["a pagoda"][None], torch.zeros_like(hole)
roof[..., 20:34, 22:36] = True
views = {"erased": pagoda.masked_fill(roof, 0.8), "attention": attention(pagoda, roof)}
views |= {"sheet": BiharmonicFill()(pagoda, roof), "as it was": pagoda}
figure, axes = figures.sheet(2, 2, size=(5.2, 5.6))
for ax, (name, view) in zip(axes.flat, views.items(), strict=True):
    note = "" if name in ("erased", "as it was") else f", {psnr(view, pagoda, roof).item():.1f} dB"
    figures.show_image(ax, view[0], title=name + note)
figure

# %% [markdown]
# Attention **copies, it does not invent**. Each filled pixel is a mean of pixels that are there; no colour comes out that is brighter or darker than all of them. What stands nowhere else in the picture cannot come back, and of a hole that covers everything the module says that there is nothing to copy. The sheet knows one thing only, that images are smooth, and of a photograph that is true more often than that it repeats.

# %%
known = pagoda[:, :, ~roof[0, 0]]  # (1, 3, known pixels)
inside = attention(pagoda, roof)[:, :, roof[0, 0]]
assert (inside.amax(dim=2) <= known.amax(dim=2) + 1e-5).all()
assert (inside.amin(dim=2) >= known.amin(dim=2) - 1e-5).all()
print("nothing brighter, nothing darker than what is there")
try:
    attention(pagoda, torch.ones_like(hole))
except ValueError as error:
    print(*wrap(str(error)), sep="\n")

# %% [markdown]
# Grass and gravel are a third case. The stones are alike but never the same, so a copied stone is a *plausible* stone in the wrong place. PSNR punishes that, and rewards the flat mean, which nobody would take for gravel:

# %%
gravel = holes.batch(40, split="test", kind="gravel", generator=torch.Generator().manual_seed(1))
fills = {"copied": PeelingAttention(temperature=1e-4), "mixed": attention, "the mean": MeanFill()}
for name, fill in fills.items():
    filled = fill(gravel.images, gravel.masks)
    ratio = psnr(filled, gravel.images, gravel.masks).mean()
    spread = filled[gravel.masks.expand_as(filled)].std()
    print(f"{name:9} {ratio:5.1f} dB, contrast in the hole {spread:.3f}")
print(f"the truth {'':9} contrast in the hole {gravel.images[gravel.masks.expand_as(gravel.images)].std():.3f}")

# %% [markdown]
# ## What does the layer of the paper do?
#
# In a network the hole is not empty: convolutions have guessed features for it. **Contextual attention** asks with these. Let $q_i$ be the patch of 3 x 3 features around place $i$, and $k_j$ the one around $j$, wholly known. Score and weight are
#
# $$s_{ij} = \lambda \,\frac{q_i \cdot k_j}{\lVert q_i \rVert \, \lVert k_j \rVert}, \qquad w_{ij} = \operatorname{softmax}_j(s_{ij}),$$
#
# and the filled hole is $\sum_j w_{ij} k_j$, pasted around each $i$, with the mean taken where patches overlap.
#
# ```{literalinclude} ../../src/visual_attention/applications/inpainting.py
# :language: python
# :pyobject: ContextualAttention.forward
# ```
#
# It has no parameters. What can be learned is the guess that asks, and the features that are compared and copied.

# %%
features = torch.randn(1, 8, 12, 12, generator=torch.Generator().manual_seed(0))
gap = torch.zeros(1, 1, 12, 12, dtype=torch.bool)
gap[..., 4:8, 5:9] = True
layer = ContextualAttention()
shares = layer.weights(features, gap)  # (1, 144, 144)
assert torch.allclose(shares.sum(dim=-1), torch.ones(1, 144), atol=1e-5)
assert torch.equal(layer(features, gap)[~gap.expand_as(features)], features[~gap.expand_as(features)])
copyable = (shares[0].sum(dim=0) > 0).view(12, 12)
print("places whose patch may be copied:", int(copyable.sum()), "of 144")

# %% [markdown]
# ## Does it help a network that learns?
#
# A small network guesses features for the whole picture by convolutions; its guess sees nearly all of it. By these features the layer copies known pixels into the hole, and three more convolutions paint. **Without attention** the same network, with the same parameters, gets nothing copied. **Control**: the layer with $\lambda = 0$, so that all patches count alike. All learn on other photographs and other halves of the textures than those of the test.
#
# **Predict.** Beside them stand two fillings that learn nothing: the smooth sheet, and the copying from the rim inwards that you built above. Which fills tiles and brick best?
#
# - the network with attention
# - the network of convolutions
# - copying, not learned
#
# A short run first, one seed and few steps:

# %%
learned = registry.claim("inpainting-learned")
rows = comparison.live(learned, seeds=[0], arms=["attention", "convolution"])
comparison.compare(learned, rows)

# %%
comparison.compare(learned, record.load("inpainting-learned"))

# %% [markdown]
# By the rule the claim is **supported**: with the same parameters and steps, attention adds 1.3 dB where the picture repeats (95 % interval 1.1 to 1.7, five seeds). It is the choice again: with all patches alike, nothing of that is left.
#
# A step with attention takes about twice as long, though. How does it stand against convolutions that train for three times as many steps?

# %%
against_longer = comparison.compare(
    learned, record.load("inpainting-learned"), baseline="convolution, longer"
)
print(*wrap(against_longer.sentence), sep="\n")

# %% [markdown]
# They draw level: what the layer saves is steps. And copying that learned *nothing* is 7.1 dB better than the network that copies. It compares pixels, which is all that tiles need; the network first has to learn what to compare. On photographs the two networks reach 21.8 and 20.1 dB, the sheet 28.6.
#
# How does that look? Here are two networks of 600 steps each, stored beside the module. The lead of attention has grown, but one pair decides nothing.

# %% mystnb={"image": {"alt": "Two rows of four small pictures. Above, brown tiles with pale and dark joints: with a grey square; filled by the network with attention, where the joints go on a little blurred; filled by convolutions with a reddish blur in which the joints are faint; and as it was. Below, the petals of a flower in the same order: blurred orange petals, then a flat red square with a grid of dots."}, "figure": {"caption": "One test picture of each kind. The network with attention carries the joints on and keeps the colour of the petals; the one without fills in a blur that is seen at once. Neither is sharp.", "name": "fig-inpainting-learned"}}
nets = {name: trained_inpainter.load(name) for name in trained_inpainter.NAMES}
flower = holes.batch(1, split="test", kind="photographs", generator=torch.Generator().manual_seed(21))
figure, axes = figures.sheet(2, 4, size=(6.8, 3.9))
for row, drawn in zip(axes, (tiles, flower), strict=True):
    figures.show_image(row[0], drawn.images[0].masked_fill(drawn.masks[0], 0.8), title="erased")
    figures.show_image(row[3], drawn.images[0], title="as it was")
    for ax, (name, net) in zip(row[1:3], nets.items(), strict=True):
        with torch.no_grad():
            filled = net(drawn.images, drawn.masks).clamp(0, 1)
        figures.show_image(ax, filled[0], title=name)
figure

# %%
for name, net in nets.items():
    ratios = [f"{kind} {trained_inpainter.ratio(net, kind):.1f} dB" for kind in ("tiles", "brick", "photographs")]
    print(f"{name:12}", ", ".join(ratios))

# %% [markdown]
# Where does the network with attention look? Ask for the place in the middle of each hole.

# %% mystnb={"image": {"alt": "Two dark maps, each with a plain paler square where the hole is. On the tiles the bright cells form a short row to the right of the hole. On the flower one bright cell lies above the hole, and a few faint ones lie around it."}, "figure": {"caption": "From where the middle of each hole is copied. On the tiles the share lies in the tiles beside it, at the same height; on the flower, on a few places near the rim. No weight lies in the hole.", "name": "fig-inpainting-map"}}
maps = []
for drawn in (tiles, flower):
    with torch.no_grad():
        shares = nets["attention"].weights(drawn.images, drawn.masks)[0].view(24, 24, 24, 24)
    row, column = drawn.masks[0, 0].nonzero().float().mean(dim=0).div(2).long()
    maps.append(shares[row, column])  # (24, 24)
    assert maps[-1][drawn.masks[0, 0, ::2, ::2]].sum() == 0  # nothing is copied from under the hole
erased = [drawn.images[0].masked_fill(drawn.masks[0], 0.8) for drawn in (tiles, flower)]
figures.show_maps(erased, maps, titles=["tiles", "a flower"], label="share", columns=2)

# %% [markdown]
# ## Exercises
#
# Fill in a function, run its cell, then run the check under it. A check tells you what is not right yet, and you can run it as often as you like. Its number is your score.

# %% [markdown]
# ### 1. How good is what you filled in? (warm-up, 3 points)
#
# `filled` and `truth` are $(B, C, H, W)$ with values in [0, 1], `mask` is $(B, 1, H, W)$ and true where something was missing. Return the PSNR of each image in dB, $(B,)$, over all missing pixels of all channels, and over no others.

# %% exercise="hole_psnr"
def hole_psnr(filled, truth, mask):
    """The peak signal-to-noise ratio of each image's missing pixels in decibels: (B,)."""
    return None

# %% check="check_hole_psnr" points=3
check_hole_psnr(hole_psnr)

# %% [markdown]
# ### 2. From where may be copied? (3 points)
#
# `mask` is $(B, 1, H, W)$, true where something is missing, and `size` is odd. Return a boolean map of the same shape: true at the centre of each patch of `size` x `size` that lies wholly inside the picture and has no missing pixel. `F.max_pool2d` can do most of it.

# %% exercise="sources"
def sources(mask, size):
    """True at the centre of each patch that is inside the picture and wholly known: (B, 1, H, W)."""
    return None

# %% check="check_sources" points=3
check_sources(sources)

# %% [markdown]
# ### 3. Who resembles whom? (4 points)
#
# `queries` are $(B, P, D)$, `keys` $(B, N, D)$, and `whole` $(B, N)$ is true where a key may be copied. Return weights $(B, P, N)$: a softmax, over the keys that may be copied, of `scale` times the cosine of query and key. All others get exactly 0.

# %% exercise="patch_weights"
def patch_weights(queries, keys, whole, scale):
    """Softmax over the allowed keys of scale times the cosine: (B, P, N)."""
    return None

# %% check="check_patch_weights" points=4
check_patch_weights(patch_weights)

# %% [markdown]
# ### 4. Can you paste what overlaps? (takes thought, 3 points)
#
# `patches` is $(B, N, C \cdot size^2)$ with $N = height \cdot width$: the patch around each place, row by row, in the order that `F.unfold` gives (but with the last two axes swapped). Lay all of them down and return $(B, C, H, W)$, where each place is the mean of all patches that cover it. At the border, fewer do.

# %% exercise="paste"
def paste(patches, height, width, size):
    """One patch around each place, the mean where they overlap: (B, C, H, W)."""
    return None

# %% check="check_paste" points=3
check_paste(paste)

# %% [markdown]
# ## What was seen, and what was not
#
# Attention without any learning fills what repeats 8.9 dB better than a smooth sheet, and photographs 3.2 dB worse (five seeds each). It copies and does not invent, so it needs something worth copying. In a small network that learns, the layer adds 1.3 dB at equal steps, and three times the steps without it do as well.
#
# Not seen: large pictures, holes of other shapes, and judgement by people. PSNR and SSIM ask for *the* pixels that were there, while inpainting only asks for pixels that nobody doubts. The networks of the paper are trained with an adversary for just that, and are millions of parameters larger; about them this chapter says nothing.
#
# **Read on.** {cite:t}`yu2018generative` put the layer into two stages and let neighbouring places pass their weights on to each other; {cite:t}`efros1999texture` is the short paper on copying by neighbourhoods.
#
# **Next.** [The page of claims](../../book/claims.md) holds all of the course's claims side by side.
