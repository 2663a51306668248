# %% [markdown]
# # Does attention draw the outline of a thing better?
#
# **Segmentation** gives each pixel of an image a label: coin, or not. The article claims that attention helps here to mark the *boundaries and contours* of things. Two papers put it into networks that segment: {cite:t}`oktay2018attention` set **gates** on the bridges of a U-Net, {cite:t}`fu2019dual` let places, and channels, look at each other. You build both, score their masks and their outlines apart, and look for the condition under which attention matters.

# %%
import torch

from visual_attention.applications import trained_segmenter
from visual_attention.applications.segmentation import AttentionGate, ChannelSelfAttention, DualAttention, UNet
from visual_attention.applications.segmentation_scores import boundary_f, dice, near, outline
from visual_attention.applications.untrained_segmentation import coins_at, cut_out
from visual_attention.data import coin_masks, lookalikes, packs, photographs
from visual_attention.training import parameters
from visual_attention.view import figures
from visual_attention.view.mask_explorer import MarkedView, MaskExplorer

# %%
from visual_attention.exercises.segmentation import (
    check_attention_gate,
    check_channel_attention,
    check_dice_score,
    check_outline_score,
)
from visual_attention.experiments import comparison, record, registry

# %% mystnb={"image": {"alt": "A grey photograph of 24 old coins in four rows, each with a thin orange line around it."}, "figure": {"caption": "Greek coins from Pompeii. Nobody drew these lines: a watershed, a classical method, found them. They are a good mask and not the truth. In the pasted scenes below, the mask is exact.", "name": "fig-segmentation-coins"}}
figures.use_style()
figure, ax = figures.sheet(size=(5.6, 4.4))
figures.show_image(ax, photographs.load("coins"))
ax.contour(coin_masks.masks(), [0.5], colors=[figures.ACCENT], linewidths=1.5)
figure

# %% [markdown]
# ## How good is a mask, and how good is its outline?
#
# **Dice** is twice the common area of two masks over the sum of their areas $2|P \cap T| / (|P| + |T|)$: 1 if they agree, 0 if they share nothing. It counts pixels, and most pixels lie inside, where nothing is difficult. The **boundary F-score** {cite}`csurka2013what` looks at outlines only. Its precision is the share of the predicted outline that lies within a tolerance of the true one, its recall the share of the true one that lies within it of the predicted one; F is their harmonic mean.
#
# **Predict.** A disc is drawn 2 pixels too far to the right. Which score falls more if the disc is large?
#
# - Dice
# - the boundary F-score, which forgives 1 pixel
# - both alike

# %%
steps = torch.arange(48)
for radius in (4, 16):
    true = ((steps[:, None] - 24) ** 2 + (steps - 24) ** 2 <= radius**2)[None, None]  # (1, 1, 48, 48)
    moved = true.roll(2, dims=3)
    print(f"radius {radius:2}: Dice {dice(moved, true).item():.2f}, ", end="")
    print(f"boundary F {boundary_f(moved, true, tolerance=1).item():.2f}")

# %% [markdown]
# :::{dropdown} Answer
# The boundary F-score. Dice hardly notices a shifted large disc, for its inside is still right. That is why the article's claim, which is about contours, needs a score of contours.
# :::
#
# By hand, on masks small enough to print: a box of 3 x 3 is drawn one column too far to the right.

# %%
true = torch.zeros(1, 1, 5, 7, dtype=torch.bool)
true[..., 1:4, 1:4] = True
moved = true.roll(1, dims=3)
hits = outline(moved) & near(outline(true), 1)  # within 1 pixel of the true outline
print(outline(true)[0, 0].int(), hits[0, 0].int(), sep="\n")
precision = hits.sum() / outline(moved).sum()
assert precision == 1 == boundary_f(moved, true, tolerance=1)
print(f"forgiving 0 pixels: {boundary_f(moved, true, tolerance=0).item():.2f}")

# %% [markdown]
# ## What stands on the bridges of a U-Net?
#
# A **U-Net** {cite}`ronneberger2015unet` shrinks the picture until few places are left, each of which has seen much, and grows it again. On the way up, a **bridge** brings the fine map of the same size from the way down: it knows *where* edges are, the coarse map knows *what* is there.
#
# The **attention gate** lets the coarse map decide what passes. At each place it adds both, $\psi^\top \operatorname{ReLU}(W_x x + W_g g)$, and a sigmoid makes a gate of it. On numbers: one place, two channels each.

# %%
fine, coarse = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])  # x and g at one place
w_x, w_g = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 1.0], [0.0, 0.5]])
added = torch.relu(w_x @ fine + w_g @ coarse)  # (2,)
gate = torch.sigmoid(torch.tensor([1.0, -1.0]) @ added)
print(f"added {added.tolist()}, gate {gate:.3f}, what passes", (gate * fine).numpy().round(3))

# %% [markdown]
# ```{literalinclude} ../../src/visual_attention/applications/segmentation.py
# :language: python
# :pyobject: AttentionGate.weights
# ```
#
# The gates are made on the coarse grid, so that they are smooth: a gate cannot draw an edge finer than that. This is worth remembering when somebody says that gates sharpen contours.

# %%
torch.manual_seed(0)
bridge = AttentionGate(6, 12, mid_channels=3)
x, g = torch.randn(1, 6, 8, 8), torch.randn(1, 12, 4, 4)
gates = bridge.weights(x, g)  # (1, 1, 8, 8)
assert torch.equal(bridge(x, g), x * gates) and 0 < gates.min() and gates.max() < 1
print("gates", tuple(gates.shape), "from", f"{gates.min():.2f} to {gates.max():.2f}")

# %% [markdown]
# ## What looks at what in a dual attention?
#
# The second network puts one block at the bottom of the U. **Position attention** is the [self-attention](../mechanisms/self_attention.ipynb) that you know: each place takes from all places. **Channel attention** does the same with channels. Each of them is a map of $N$ places; their dot products are the scores, and there is nothing to learn but a gain.

# %%
maps = torch.tensor([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.9, 0.1], [0.0, 2.0, 0.0, 2.0]])  # 3 channels, 4 places
scores = maps @ maps.T / 4**0.5  # (C, N) @ (N, C) -> (C, C)
shares = torch.softmax(scores, dim=1)
print(shares.numpy().round(2))
block = ChannelSelfAttention()
assert torch.allclose(block.weights(maps.view(1, 3, 2, 2))[0], shares)

# %% [markdown]
# Channels 1 and 2 fire at the same places, and share. The third fires elsewhere and keeps to itself.
#
# ```{literalinclude} ../../src/visual_attention/applications/segmentation.py
# :language: python
# :pyobject: DualAttention
# ```
#
# Both gains start at 0, so the block begins as the identity. Three networks of one size are left to compare:

# %%
for name, arm in (("plain", "plain"), ("gates", "gates"), ("dual attention", "dual attention")):
    model = registry.claim("segmentation").arm(arm).build()
    print(f"{name:15} {parameters(model):,} parameters")
features = torch.randn(1, 16, 4, 6)
assert torch.allclose(DualAttention(16)(features), features)  # at first it adds nothing
assert UNet(bottom=DualAttention)(torch.rand(1, 3, 48, 48)).shape == (1, 1, 48, 48)

# %% [markdown]
# ## When does context decide?
#
# Where two things look alike and only something elsewhere tells them apart. Here are four real coins and a handwritten digit, pasted over a photograph. The coins *in the digit's tint* are meant. Below, the same scene with another tint of the digit: not one coin has changed, and the others are meant.

# %% mystnb={"image": {"alt": "Two rows of four small scenes: a grey background, four round coins in two tints and a digit. In the upper row the coins in the digit's tint have an outline. In the lower row the digit has the other tint, and the other coins have the outline."}, "figure": {"caption": "What is meant. Each column is one scene; only the tint of the digit differs. No pixel of a coin says whether the coin counts.", "name": "fig-segmentation-scenes"}}
versions = lookalikes.pair(4, split="test", generator=torch.Generator().manual_seed(5))
figure, axes = figures.sheet(2, 4, size=(8.0, 4.1))
for row, drawn in zip(axes, versions, strict=True):
    for ax, image, mask in zip(row, drawn.images, drawn.masks, strict=True):
        figures.show_image(ax, image)
        ax.contour(mask[0], [0.5], colors=["white"], linewidths=1.5)
figure

# %% [markdown]
# By its convolutions, a pixel of the plain network sees about 16 pixels to each side; pictures have 48. With gates it is the same. The **control** has the dual attention's parameters but equal weights: each place takes alike from all places, so it sees everything and chooses nothing.
#
# **Predict.** Who tells the coins apart?
#
# - all: the digit is often near
# - only dual attention
# - dual attention, and its control as well
#
# One seed and few steps first, then the record.

# %%
claim = registry.claim("segmentation")
print(claim.rule)
rows = comparison.live(claim, seeds=[0], arms=["dual attention", "plain"], progress=False)
comparison.compare(claim, rows)

# %%
stored = record.load("segmentation")
comparison.compare(claim, stored)

# %% [markdown]
# TOLD_FINDINGS

# %% mystnb={"image": {"alt": "TOLD_ALT"}, "figure": {"caption": "TOLD_CAPTION", "name": "fig-segmentation-told"}}
figure, axes = figures.sheet(1, 2, size=(8.6, 2.6))
names = [arm.name for arm in claim.arms]
for ax, metric in zip(axes, ("told apart near the digit", "told apart far from it"), strict=True):
    lines = comparison.compare(claim, stored, metric=metric).table
    numbers = [[getattr(line, end) for line in lines] for end in ("mean", "low", "high")]
    figures.bars(ax, names, *numbers, label="coins (%)", form="{:.0f}", highlight=["dual attention"])
    ax.axvline(50, color=figures.INK, linestyle="--", linewidth=1.2)
    ax.set_title(metric)
figure

# %% [markdown]
# ## From where does a label draw?
#
# A dual attention that was trained for 500 steps lies beside the module. Ask a cell on a coin: how much does it take from the digit, which covers a few percent of the picture? Then give the digit the other tint, and keep your eye on the outline.

# %%
model = trained_segmenter.load()
versions = lookalikes.pair(3, split="test", generator=torch.Generator().manual_seed(5))
scenes = [[MarkedView(*trained_segmenter.look(model, drawn, i)) for drawn in versions] for i in range(3)]
print(f"Dice on the test: {trained_segmenter.score(model, count=200):.1%}")
MaskExplorer(
    scenes,
    grid=(12, 12),
    regions=["the digit", "coins that are meant", "other coins"],
    versions=["as it is", "the digit in the other tint"],
    query=(1, 1),
)

# %% [markdown]
# WIDGET_FINDINGS
#
# ## Do gates draw better contours?
#
# Now the article's own claim, and the gates' own case. *All* coins are meant: no context is needed, only good outlines. And the case for which gates were invented, something **small** that is rare in the data: one coin of 6 to 9 pixels, beside three grey discs of photographs, to be learned from 48 pictures. The control has one gate for all places of a bridge.

# %%
contours = registry.claim("segmentation-contours")
comparison.compare(contours, record.load("segmentation-contours"))

# %%
few = registry.claim("segmentation-few")
comparison.compare(few, record.load("segmentation-few"))

# %% [markdown]
# GATE_FINDINGS

# %% [markdown]
# ## What can be cut out without any training?
#
# A transformer that was pretrained on other pictures, without labels, has never been asked for a mask. Take one number for each of its patches, and one threshold, Otsu's, which splits numbers into the two groups that vary least within themselves. Of the features, the side with less of the border is the coins; the other two are told that coins are the high side. The numbers: the first principal component of its **features**; what its class token's **attention** gives each patch, the mean over six heads; and, to compare, the **brightness**.
#
# **Predict.** Which cuts out the coins best?
#
# - attention: it looks at the things
# - features
# - brightness: coins are bright

# %% mystnb={"image": {"alt": "Four panels. The photograph of the coins; a mask of clean discs, one for each coin; a mask of scattered squares on some coins; a mask in which the coins of the upper rows run together with the bright ground above them."}, "figure": {"caption": "One threshold on three kinds of numbers, against the watershed's mask. Features make clean discs, attention scattered pieces, and brightness takes the lit ground for a coin.", "name": "fig-segmentation-untrained"}}
pack = packs.load("coins")
kinds = {"features": pack.features_pca[..., 0], "attention": pack.class_attention[-1].mean(dim=0)}
kinds["brightness"] = photographs.load("coins", 32).mean(dim=0)
figure, axes = figures.sheet(1, 4, size=(9.0, 2.6))
figures.show_image(axes[0], pack.image, title="coins")
for ax, (name, values) in zip(axes[1:], kinds.items(), strict=True):
    mask = cut_out(values, upper=name != "features")  # which side is the coin is told to two of them
    score = dice(mask, coins_at(len(values))).item()
    figures.show_image(ax, mask[0].float(), title=f"{name}: {score:.2f}")
figure

# %% [markdown]
# :::{dropdown} Answer
# Features: Dice 0.93, against 0.84 of brightness and 0.64 of attention. The number that a map of attention is often praised for, that it *finds the object*, is true of the rough place. Weights go to a few patches of each coin; features know of every patch what it is.
# :::
#
# That is one picture, and its mask is the watershed's, so do not read the second digit. Nothing was trained for it, though, and networks of this chapter were trained on coins.

# %% [markdown]
# ## Exercises
#
# Fill in a function, run its cell, then run the check under it. A check tells you what is not right yet, and you can run it as often as you like. Its number is your score.
#
# ### 1. How much do two masks agree? (warm-up, 3 points)
#
# `predicted` and `true` are masks $(B, 1, H, W)$ of booleans. Return the Dice score of each image, $(B,)$. Two empty masks agree: their score is 1.

# %% exercise="dice_score"
def dice_score(predicted, true):
    """Twice the common area over the sum of both areas, 1 where both masks are empty: (B,)."""
    return None

# %% check="check_dice_score" points=3
check_dice_score(dice_score)

# %% [markdown]
# ### 2. What passes the bridge? (4 points)
#
# `x` is $(B, C, 2h, 2w)$, `coarse` is $(B, D, h, w)$. `w_x` $(M, C, 2, 2)$ brings `x` to the coarse grid (stride 2), `w_g` $(M, D, 1, 1)$ works on the coarse map, `psi` is $(1, M, 1, 1)$; there are no biases. Make the gates, stretch them by `F.interpolate(..., scale_factor=2, mode="nearest")`, and return the gated `x`.

# %% exercise="attention_gate"
def attention_gate(x, coarse, w_x, w_g, psi):
    """x times the gates that x and the coarser map make together: (B, C, 2h, 2w)."""
    return None

# %% check="check_attention_gate" points=4
check_attention_gate(attention_gate)

# %% [markdown]
# ### 3. Can channels look at channels? (4 points)
#
# `x` is $(B, C, H, W)$ and `gain` a number. Scores are the dot products of the channels' maps, divided by $\sqrt{N}$ for $N = HW$ places; each row becomes shares by a softmax; each channel takes its mean of all channels. Return `x` plus `gain` times that, $(B, C, H, W)$.

# %% exercise="channel_attention"
def channel_attention(x, gain):
    """x plus, times the gain, each channel's mean of all channels: (B, C, H, W)."""
    return None

# %% check="check_channel_attention" points=4
check_channel_attention(channel_attention)

# %% [markdown]
# ### 4. How good is an outline? (takes thought, 4 points)
#
# `found` and `wanted` are outlines, $(B, 1, H, W)$ of booleans, and `tolerance` is a distance between the centres of pixels, in pixels. A pixel counts as right if the other outline has one at that distance or nearer. Return the F-score of each image, $(B,)$: 1 if both outlines are empty, 0 if one is. `nonzero` and `torch.cdist` can do most of it.

# %% exercise="outline_score"
def outline_score(found, wanted, tolerance):
    """The F-score of outlines of which each pixel may be off by the tolerance, in pixels: (B,)."""
    return None

# %% check="check_outline_score" points=4
check_outline_score(outline_score)

# %% [markdown]
# ## What was seen, and what was not
#
# SEEN
#
# **Read on.** {cite:t}`oktay2018attention` gate a U-Net for volumes of the abdomen, in which the pancreas is small and varies much; {cite:t}`fu2019dual` segment streets, with a hundred times as many channels.
#
# **Next.** [The page of claims](../../book/claims.md) holds all of the course's claims side by side.
