# %% [markdown]
# # Which places of an image should count, whatever the channel?
#
# The [last chapter](channel.ipynb) weighed channels and was blind to places. **Spatial attention** is its mirror image: one weight for each place, the same for all channels. It is a small module that fits behind any convolution. This chapter builds it, puts both together, and asks what each of them can and cannot find.

# %%
import torch
from torch.nn import functional as F

from visual_attention.data import materials, overlaid, photographs
from visual_attention.exercises.spatial import (
    check_pool_channels,
    check_rows_and_columns,
    check_spatial_gate,
    check_which_then_where,
)
from visual_attention.experiments import comparison, cues, record, registry
from visual_attention.mechanisms import cbam, channel, gate_table, slots, spatial
from visual_attention.training import fit, seeded
from visual_attention.view import figures
from visual_attention.view.gates import show_gates
from visual_attention.view.spatial_mask import LinearHead, SpatialMask

# %% mystnb={"image": {"alt": "A cat's face in colour, and two grey maps of it: the average over red, green and blue, and the largest of the three at each place. In the second one the reddish nose and fur are brighter."}, "figure": {"caption": "Two questions asked at each place: how much is there on average, and how much in the strongest channel? Both are the same whatever the channels are called.", "name": "fig-spatial-pools"}}
figures.use_style()
cat = photographs.load("cat", size=160)  # (3, 160, 160)
figure, axes = figures.sheet(1, 3, size=(7.2, 2.7))
figures.show_image(axes[0], cat, title="the picture")
figures.show_image(axes[1], cat.mean(dim=0)[None], title="average of channels")
figures.show_image(axes[2], cat.amax(dim=0)[None], title="maximum of channels")
figure

# %% [markdown]
# ## How can an image choose its places?
#
# {cite:t}`woo2018cbam` pool each place over its channels, by the average and by the maximum. That makes two maps, whatever the number of channels. A convolution with a window of 7 x 7 turns the two maps into one **score** a place, and a sigmoid turns each score into a **gate** in (0, 1):
#
# $$w = \sigma\bigl(f^{7\times 7}([\operatorname{avg}_c x;\ \operatorname{max}_c x])\bigr).$$
#
# By hand, three channels on 1 x 2 places, with a window of 1 x 1: twice the average plus the maximum.

# %%
x = torch.tensor([[[[1.0, -1.0]], [[-2.0, -1.0]], [[4.0, -1.0]]]])  # (B, C, H, W) = (1, 3, 1, 2)
average, maximum = x.mean(dim=1), x.amax(dim=1)  # (1, 1, 2) each
gates = torch.sigmoid(2 * average + maximum)
print("average", average.tolist(), " maximum", maximum.tolist(), " gates", gates.numpy().round(3).tolist())

# %% [markdown]
# The first place is let through, the second nearly shut. The module does the same with a learned window:
#
# ```{literalinclude} ../../src/visual_attention/mechanisms/spatial.py
# :language: python
# :pyobject: SpatialAttention.weights
# ```

# %%
gate = spatial.SpatialAttention(kernel_size=1)
with torch.no_grad():
    gate.conv.weight.copy_(torch.tensor([2.0, 1.0]).view(1, 2, 1, 1))
assert torch.allclose(gate.weights(x)[:, 0], gates)
assert torch.allclose(gate(x), x * gates[:, None])
print("module = naive")

# %% [markdown]
# **Predict.** You swap the red and the blue channel of the cat. What happens to the gates of its places?
#
# - they change: a blue cat looks different
# - they change where the cat is reddish
# - nothing
#
# :::{dropdown} Answer
# Nothing. Average and maximum do not care in which order the channels come. Spatial attention is **blind to which** channel fired. It knows how strongly a place fires, and nothing else about it.
# :::

# %%
with seeded(0):
    gate = spatial.SpatialAttention()
swapped = cat.flip(0)  # blue, green, red
assert torch.allclose(gate.weights(swapped[None]), gate.weights(cat[None]))
shuffled = cat.flatten(1)[:, torch.randperm(160 * 160)].view_as(cat)
change = (gate.weights(shuffled[None]) - gate.weights(cat[None])).abs().max().item()
print(f"swapped colours change no gate; shuffled places change a gate by up to {change:.2f}")

# %% [markdown]
# ## Can one weigh both?
#
# **CBAM** gates the channels first, then the places of what is left. The order matters: the spatial half looks at maps in which unimportant channels are already faint.
#
# ```{literalinclude} ../../src/visual_attention/mechanisms/cbam.py
# :language: python
# :pyobject: CBAM.weights
# ```
#
# **Coordinate attention** {cite}`hou2021coordinate` multiplies a gate for the row by a gate for the column, channel by channel. **BAM** {cite}`park2018bam` adds a channel score and a place score under one sigmoid, and keeps the input beside the gated one: $x + x\,w$.
#
# One function draws them all: left, the mean gate of each channel; right, of each place.

# %% mystnb={"image": {"alt": "Four rows. Squeeze and excitation: bars of differing height and a map of one colour. Spatial attention: equal bars and a map in which the cat's outline shows. CBAM: both differ. Coordinate attention: bars differ and the map is made of straight vertical and horizontal bands."}, "figure": {"caption": "Untrained gates on the same sixteen feature maps of the cat. What a mechanism cannot see stays flat: places for squeeze and excitation, channels for spatial attention. Coordinate attention draws in stripes.", "name": "fig-spatial-gates"}}
with seeded(3):
    maps = torch.relu(3 * torch.nn.Conv2d(3, 16, 7, stride=4)(cat[None]))  # (1, 16, 39, 39)
    modules = {
        "squeeze and excitation": channel.SqueezeExcitation(16, reduction=1),
        "spatial attention": spatial.SpatialAttention(),
        "CBAM": cbam.CBAM(16, reduction=1),
        "coordinate attention": spatial.CoordinateAttention(16).eval(),
    }
weights = {name: module.weights(maps)[0] for name, module in modules.items()}
show_gates(weights, channels=16, grid=(39, 39), image=cat)

# %% [markdown]
# **Predict.** Two lights shine, at row 2, column 3 and at row 9, column 12. In a second picture they shine at row 2, column 12 and at row 9, column 3. Which mechanism cannot tell the two pictures apart?
#
# - spatial attention
# - coordinate attention
# - both can
#
# :::{dropdown} Answer
# Coordinate attention. It sees rows 2 and 9 lit and columns 3 and 12 lit, in both pictures. *Which row goes with which column* is lost in its averages, so the gates of all four crossings are equal in both.
# :::

# %%
straight, crossed = torch.zeros(1, 16, 16, 16), torch.zeros(1, 16, 16, 16)
straight[..., 2, 3] = straight[..., 9, 12] = 5.0
crossed[..., 2, 12] = crossed[..., 9, 3] = 5.0
for name in ("spatial attention", "coordinate attention"):
    change = (modules[name].weights(straight) - modules[name].weights(crossed)).abs().max()
    print(f"{name:21} largest change of a gate {change:.3f}")

# %% [markdown]
# ## What do they cost, and what can they not see?
#
# The table is made by counting. *Same when shuffled* is tried out: the places or the channels of a feature map of 64 channels on 56 x 56 places are shuffled, and the weights are compared. Multiply-adds are those of layers; pooling and multiplying come on top, and touch each number once or twice. For scale: one 3 x 3 convolution of that size has 36,864 parameters and 115,605,504 multiply-adds.

# %%
gate_table.table()

# %% [markdown]
# ## What if *you* were the gate?
#
# A small network learns to tell eight photographs apart from crops. Then it gets a picture that it has never seen: four photographs at once.

# %%
with seeded(0):
    net = slots.ConvNet(len(materials.NAMES), widths=(12, 24, 16))
draw = torch.Generator().manual_seed(0)
history = fit(
    net,
    lambda step: materials.batch(32, split="train", generator=draw),
    lambda net, batch: F.cross_entropy(net(batch.images), batch.labels),
    steps=200,
    lr=5e-3,
)
print(f"loss {sum(history[:20]) / 20:.2f} in the first 20 steps, {sum(history[-20:]) / 20:.2f} in the last")

# %% [markdown]
# The page below holds its last feature maps. Paint where the network may look: the average goes over the open places, and the class scores follow as you paint. Open one quarter after the other. Then find the smallest patch that still makes it say *flower*.

# %%
picture = materials.collage(("cat", "coffee", "flower", "rocket"))  # (3, 128, 128)
with torch.no_grad():
    maps = net.features(picture[None])  # (1, 16, 32, 32)
widget = SpatialMask(picture, maps, LinearHead(net.head.weight, net.head.bias, materials.NAMES))
with torch.no_grad():
    want = net(picture[None]).softmax(dim=1)[0]
assert torch.allclose(torch.tensor(widget.shares()).float(), want, atol=1e-4)
widget

# %% [markdown]
# With everything open, the average mixes four answers, and the mixture need not be any of them. That is the use of a spatial gate: not a better feature, but fewer places in the sum.
#
# ## Does it find a cue in the place?
#
# Four white digits stand side by side. A bar lies beneath one of them: read that one. The colour says nothing; only *where* differs.

# %% mystnb={"image": {"alt": "Four small pictures of four white handwritten digits each, two above two. Beneath one digit of each picture lies a white bar."}, "figure": {"caption": "Read the digit above the bar.", "name": "fig-spatial-cue"}}
seen = overlaid.by_place(4, split="test", generator=torch.Generator().manual_seed(3))
figure, axes = figures.sheet(1, 4, size=(7.2, 2.2))
for ax, shown, label in zip(axes, seen.images, seen.labels, strict=True):
    figures.show_image(ax, shown, title=f"a {label}")
figure

# %% [markdown]
# The network is the one of the last chapter: a 3 x 3 convolution, a halving, the gate, a linear reader. Without a gate, only what stands on a digit's lowest rows can depend on the bar beneath it. The gate's window of 7 x 7 on the halved map reaches from the bar over nearly all of the digit.
#
# **Predict.** Squeeze and excitation found the colour. Who finds the place?
#
# - spatial attention only
# - both: each makes the network better
# - neither: a convolution is needed
#
# A short run first: one seed, half of the steps.

# %%
claim = registry.claim("spatial")
rows = comparison.live(claim, seeds=[0], arms=["spatial attention", "no gate"])
comparison.compare(claim, rows)

# %% [markdown]
# The record: five seeds. As in the last chapter, rule, arms and margin were fixed before any run, and the steps were not: after a look at seed 0 they went from 200 of 128 pictures to 500 of 64, and those rows were thrown away.

# %%
result = comparison.compare(claim, record.load("spatial"))
result

# %% [markdown]
# SPATIAL_FINDINGS

# %%
gentler = registry.claim("spatial-gentler")
comparison.compare(gentler, record.load("spatial-gentler"))

# %% [markdown]
# GENTLE_FINDINGS

# %% mystnb={"image": {"alt": "Two rows of bars with five dots each, one a seed. Left, cue in the colour: squeeze and excitation has all dots beyond 90 %; CBAM and the second convolution are lower on average and scattered; spatial attention and no gate are near 70 %. Right, cue in the place: CBAM and spatial attention lead, with dots from 71 to 94 %; squeeze and excitation, the second convolution and no gate are below 50 % on average, the dots of the second convolution scattered from 10 to 94 %."}, "figure": {"caption": "Each gate finds the cue that its pooling keeps. CBAM, which has both, finds both on most seeds. A second convolution can do either, or fail altogether.", "name": "fig-spatial-two-tasks"}}
figure, axes = figures.sheet(1, 2, size=(8.8, 3.4))
arms = ("squeeze and excitation", "spatial attention", "CBAM", "second convolution", "no gate")
titles = {"channel": "cue in the colour", "spatial": "cue in the place"}
for ax, (name, title) in zip(axes, titles.items(), strict=True):
    table = {line.arm: line for line in comparison.compare(registry.claim(name), record.load(name)).table}
    names = arms if name == "channel" else [""] * len(arms)
    figures.bars(ax, names, [table[arm].mean for arm in arms], label="test accuracy (%)", form="")
    for place, arm in enumerate(arms):
        ax.plot(table[arm].values, [place] * 5, "o", color="white", markeredgecolor="black", markersize=6)
    ax.set(title=title, xlim=(0, 100))
figure

# %% [markdown]
# ## Where did the gate open?
#
# A score does not show that the gate does what we think. Train one now and look.

# %%
with seeded(1):
    model = claim.arm("spatial attention").build()
cues.train(model, overlaid.by_place, 1, claim.budget("live"), progress=True)
test = overlaid.by_place(300, split="test", generator=torch.Generator().manual_seed(5))
with torch.no_grad():
    gates = model.weights(test.images)  # (300, 1, 10, 10)
    right = (model(test.images).argmax(dim=1) == test.labels).float().mean()
quarters = F.avg_pool2d(gates, 5).flatten(1)  # (300, 4): top left, top right, bottom left, bottom right
asked = F.one_hot(test.cues, 4).bool()
print(f"{right:.0%} right; mean gate in the quarter with the bar {quarters[asked].mean():.2f}", end=", ")
print(f"in the others {quarters[~asked].mean():.2f}")
assert quarters[asked].mean() > 1.5 * quarters[~asked].mean()

# %% mystnb={"image": {"alt": "Six pictures of four digits in grey under a 10 by 10 map each. In each map the quarter with the bar is bright and the other three are dark."}, "figure": {"caption": "The gate opens around the bar and shuts the other digits out, though no label ever said where to look.", "name": "fig-spatial-maps"}}
titles = [f"a {label}" for label in test.labels[:6]]
figures.show_maps(list(test.images[:6]), list(gates[:6, 0]), titles=titles, label="gate")

# %% [markdown]
# ## Where does it fail?
#
# **Where the cue is in the colour.** Here is spatial attention on the last chapter's overlaid digits, against no gate.

# %%
elsewhere = registry.claim("channel")
comparison.compare(elsewhere, record.load("channel"), treatment="spatial attention")

# %% [markdown]
# **Where there is nothing to choose.** One white digit and no cue.

# %%
nothing = registry.claim("channel-nothing-to-choose")
comparison.compare(nothing, record.load("channel-nothing-to-choose"), treatment="spatial attention")

# %% [markdown]
# On the colour, 5 points are gained, not 27, though this gate cannot know *which* channel fired. How does it gain any? The convolution before it may learn to answer one colour more strongly than another, and strength is what the gate sees. **What a gate is blind to, a layer before it can make visible.** On the single digit, the interval holds 0: nothing to choose, nothing gained.
#
# ## Exercises
#
# Fill in a function, run its cell, then run the check under it. A check tells you what is not right yet, and you can run it as often as you like. Its number is your score.

# %% [markdown]
# ### 1. Can you pool the channels away? (warm-up, 3 points)
#
# `x` is $(B, C, H, W)$. Return $(B, 2, H, W)$: the average over the channels first, their maximum second.

# %% exercise="pool_channels"
def pool_channels(x):
    """The average and the maximum over the channels: (B, 2, H, W)."""
    return None

# %% check="check_pool_channels" points=3
check_pool_channels(pool_channels)

# %% [markdown]
# ### 2. Can you gate the places? (4 points)
#
# `kernel` is $(1, 2, k, k)$ with odd $k$: its first half is for the average, its second for the maximum. Convolve the pooled maps with it so that the map keeps its size (`F.conv2d`, with zeros around), take the sigmoid, and return the gated input, $(B, C, H, W)$.

# %% exercise="spatial_gate"
def spatial_gate(x, kernel):
    """x with each place gated by the sigmoid of a convolution of its pooled channels: (B, C, H, W)."""
    return None

# %% check="check_spatial_gate" points=4
check_spatial_gate(spatial_gate)

# %% [markdown]
# ### 3. Which first, where second? (3 points)
#
# `which` and `where` are functions that give gates for a feature map: $(B, C, 1, 1)$ and $(B, 1, H, W)$. Put them together as CBAM does. Mind what the second one looks at, and what it multiplies.

# %% exercise="which_then_where"
def which_then_where(x, which, where):
    """x gated by its channels, then gated by the places of what is left: (B, C, H, W)."""
    return None

# %% check="check_which_then_where" points=3
check_which_then_where(which_then_where)

# %% [markdown]
# ### 4. What does coordinate attention see? (takes thought, 3 points)
#
# Return what its shared layer gets: the average of each row, then the average of each column, side by side, $(B, C, H + W)$. Then think: how many numbers is that beside the $H \times W$ of the map, and which two pictures of two lights each give the same?

# %% exercise="rows_and_columns"
def rows_and_columns(x):
    """The average of each row, then of each column: (B, C, H + W)."""
    return None

# %% check="check_rows_and_columns" points=3
check_rows_and_columns(rows_and_columns)

# %% [markdown]
# ## What was seen, and what was not
#
# - A gate for each place, from the channels' average and maximum around it: blind to *which*, as channel attention is blind to *where*.
# - CBAM asks *which*, then *where*; coordinate attention keeps rows and columns, and mixes up which row goes with which column.
# - On a cue in the place, spatial attention beats no gate and shuffled gates; GENTLE_SEEN
# - The gate opened around the bar without being told where to look.
# - The tasks were made for these gates, and looked for: in trials on such pictures with three convolutions (one seed) no gate gained anything. Nothing here shows a gain on photographs.
#
# **Read on.** {cite:t}`woo2018cbam` compare orders and poolings of the two halves; {cite:t}`park2018bam` put the sum of both at the bottlenecks of a network; {cite:t}`hou2021coordinate` keep rows and columns.
#
# **Next.** Which claims of this course have held so far, and which have not? They are all on one page: [what attention helps with](../../book/claims.md).
