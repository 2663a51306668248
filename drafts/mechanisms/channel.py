# %% [markdown]
# # Which feature channels of an image should count?
#
# A network looks at an image through many **channels**: one fires at edges, one at red, one at stripes. Not all matter for every image. **Channel attention** gives each channel a weight of its own for the image at hand, and multiplies. It is the second of the two common ways that the article's first question names. The first, which weighs places, is the [next chapter](spatial.ipynb).

# %%
import torch
from torch.nn import functional as F

from visual_attention.data import materials, overlaid, photographs
from visual_attention.exercises.channel import (
    check_channel_gates,
    check_eca_kernel_size,
    check_shuffle_places,
    check_squeeze_excite,
)
from visual_attention.experiments import comparison, record, registry
from visual_attention.mechanisms.channel import ChannelAttention, SqueezeExcitation, kernel_size
from visual_attention.mechanisms.slots import ConvNet
from visual_attention.training import evaluate, fit, seeded
from visual_attention.view import figures
from visual_attention.view.channel_mixer import ChannelMixer, LinearHead

# %% mystnb={"image": {"alt": "A photograph of an orange dahlia, and its red, green and blue channels in grey. The petals are bright in the red channel, half as bright in the green one, and nearly black in the blue one."}, "figure": {"caption": "The simplest three channels. The flower lives in red and green; blue holds little but the background.", "name": "fig-channel-rgb"}}
figures.use_style()
flower = photographs.load("flower", size=160)  # (3, 160, 160)
figure, axes = figures.sheet(1, 4, size=(8.4, 2.4))
figures.show_image(axes[0], flower, title="the picture")
for ax, channel, name in zip(axes[1:], flower, ("red", "green", "blue"), strict=True):
    figures.show_image(ax, channel[None], title=f"{name}, average {channel.mean():.2f}")
figure

# %% [markdown]
# ## How can an image choose its channels?
#
# {cite:t}`hu2018squeeze` do it in three steps. **Squeeze**: average each channel over all places, so that one number a channel is left. **Excite**: a small network turns these numbers into a **gate** for each channel, in (0, 1). **Scale**: multiply each channel by its gate.
#
# Here are two channels of 2 x 2 places and a network with two hidden units. The first unit asks whether the first channel is the stronger one, the second asks the opposite.

# %%
x = torch.tensor([[[[4.0, 2.0], [3.0, 3.0]], [[0.0, 2.0], [1.0, 1.0]]]])  # (B, C, H, W) = (1, 2, 2, 2)
first = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])  # C -> hidden
second = torch.tensor([[2.0, -2.0], [-2.0, 2.0]])  # hidden -> C
squeezed = x.mean(dim=(2, 3))  # (1, 2, 2, 2) -> (1, 2)
gates = torch.sigmoid(torch.relu(squeezed @ first.T) @ second.T)
print("averages", squeezed.tolist(), " gates", gates.numpy().round(3).tolist())

# %% [markdown]
# The stronger channel stays, the other is nearly shut: this network lets the two compete. Another pair of matrices would let them help each other. What is competed for is learned, and both gates could also be open, or shut.
#
# The formula, with $z$ for the averages, $\delta$ for the ReLU and $\sigma$ for the sigmoid, is
#
# $$w = \sigma\bigl(W_2\,\delta(W_1 z)\bigr), \qquad y_c = w_c\, x_c .$$
#
# The hidden layer has $C/r$ units. The **reduction** $r$ is 16 in the paper.

# %% [markdown]
# **Predict.** You shuffle the pixels of a photograph, the same shuffle for all channels, until nobody can recognise it. What happens to the gates?
#
# - they move along with the pixels
# - they change, since the picture is destroyed
# - nothing
#
# :::{dropdown} Answer
# Nothing. The squeeze averages over all places, and an average does not care about order. Channel attention is **blind to where** anything is. This is not a flaw of training: no weights of this module could ever tell the two pictures apart.
# :::

# %%
with seeded(0):
    gate = SqueezeExcitation(3, reduction=1)
    order = torch.randperm(160 * 160)
shuffled = flower.flatten(1)[:, order].view_as(flower)
print("gates of the flower   ", gate.weights(flower[None]).flatten().detach().numpy().round(4))
print("gates of its confetti ", gate.weights(shuffled[None]).flatten().detach().numpy().round(4))
assert torch.allclose(gate.weights(shuffled[None]), gate.weights(flower[None]), atol=1e-5)

# %% mystnb={"image": {"alt": "Left, an orange dahlia. Right, a square of orange, brown and green confetti made of the same pixels."}, "figure": {"caption": "For channel attention these two are the same picture.", "name": "fig-channel-confetti"}}
figure, axes = figures.sheet(1, 2, size=(5.0, 2.6))
figures.show_image(axes[0], flower, title="a flower")
figures.show_image(axes[1], shuffled, title="its confetti")
figure

# %% [markdown]
# ## What is the module?
#
# ```{literalinclude} ../../src/visual_attention/mechanisms/channel.py
# :language: python
# :pyobject: SqueezeExcitation.weights
# ```
#
# ```{literalinclude} ../../src/visual_attention/mechanisms/channel.py
# :language: python
# :pyobject: SqueezeExcitation.forward
# ```
#
# The two layers have no bias, as in the paper's formula; many libraries add one, and `bias=True` gives you theirs. Check it against the three steps above.

# %%
gate = SqueezeExcitation(2, reduction=1)
with torch.no_grad():
    gate.reduce.weight.copy_(first)
    gate.expand.weight.copy_(second)
naive = x * gates[:, :, None, None]
assert torch.allclose(gate(x), naive)
print("module = naive; output averages", gate(x).mean(dim=(2, 3)).detach().numpy().round(3).tolist())

# %% [markdown]
# ## How large may the reduction be?
#
# **Predict.** A layer of 16 channels gets a fresh gate with the paper's $r = 16$: one hidden unit. Features after a ReLU are never negative. How many of such gates say the same to *every* image, before any training?
#
# - none
# - one in sixteen
# - about a third
#
# :::{dropdown} Answer
# About a third. All averages are positive and much alike, so the hidden unit's sum has the same sign for nearly every image. Where it is negative for all of them, the ReLU is shut, all gates are exactly 0.5, and no gradient from these images will open it. Two units are rarely both shut, sixteen never. In the wide networks of the paper, 256 channels leave 16 units; in a small one, choose a small $r$.
# :::

# %%
crops = materials.batch(64, split="train", generator=torch.Generator().manual_seed(0)).images
for reduction in (16, 8, 4, 1):
    deaf = 0
    for seed in range(100):
        with seeded(seed), torch.no_grad():
            maps = torch.relu(torch.nn.Conv2d(3, 16, 3, stride=2)(crops))
            gates = SqueezeExcitation(16, reduction=reduction).weights(maps)  # (64, 16, 1, 1)
        deaf += int(gates.std(dim=0).max() < 1e-6)
    print(f"r = {reduction:2}, {16 // reduction:2} hidden units: {deaf} of 100 gates say the same to all")

# %% [markdown]
# ## Can it be done with three parameters?
#
# The two matrices have $2C^2/r$ numbers. {cite:t}`wang2020eca` replace them by *one* small window that slides along the list of channels: **efficient channel attention**. Each gate then depends on its channel and the nearest neighbours in the list. The window's length $k$ grows with the logarithm of $C$: it is the odd number nearest to $(\log_2 C + b)/\gamma$, with $\gamma = 2$ and $b = 1$.
#
# ```{literalinclude} ../../src/visual_attention/mechanisms/channel.py
# :language: python
# :pyobject: kernel_size
# ```

# %%
for channels in (16, 64, 256, 2048):
    matrices = 2 * channels * (channels // 16)
    print(f"{channels:5} channels: ECA {kernel_size(channels)} parameters, the matrices {matrices:,}")

# %% [markdown]
# Neighbours in a list of channels are neighbours by accident: nothing in a convolution makes channel 4 resemble channel 5. The network has to arrange its channels so that the window is of use. You will see below what that costs on a task where a particular far channel matters.
#
# A third form is the first half of CBAM {cite}`woo2018cbam`: it squeezes by the average *and* by the maximum, sends both through one shared network, and adds the answers.

# %%
with seeded(0):
    by_both, by_average = ChannelAttention(16, reduction=1), SqueezeExcitation(16, reduction=1)
by_average.load_state_dict(by_both.state_dict())  # the same matrices
dark = torch.zeros(1, 16, 64, 64)
spark = dark.clone()
spark[:, 3, 20, 30] = 5.0  # one bright place among 4,096
for name, module in (("average and maximum", by_both), ("average only", by_average)):
    change = (module.weights(spark) - module.weights(dark)).abs().max()
    print(f"{name:20} a spark moves a gate by {change:.4f}")

# %% [markdown]
# ## What do real gates look like?
#
# Train a small network to tell eight photographs apart from crops of 32 x 32 pixels: bricks, fur, coffee, petals. Crops for training come from the left of each photograph, crops for the test from the right. The network has a slot after each convolution, and one argument fills it: `ConvNet(8, slot=...)`.

# %%
def excitation(channels):
    return SqueezeExcitation(channels, reduction=2)


with seeded(0):
    net = ConvNet(len(materials.NAMES), slot=excitation, widths=(12, 24, 12))
draw = torch.Generator().manual_seed(0)
fit(
    net,
    lambda step: materials.batch(32, split="train", generator=draw),
    lambda net, batch: F.cross_entropy(net(batch.images), batch.labels),
    steps=200,
    lr=5e-3,
)
test = materials.batch(400, split="test", generator=torch.Generator().manual_seed(1))
right = evaluate(net, [test], lambda net, batch: net(batch.images).argmax(dim=1) == batch.labels)
print(f"{right:.0%} of 400 unseen crops right, guessing 12 %")

# %% mystnb={"image": {"alt": "A table of colours with eight rows, one for each photograph, and twelve columns, one for each channel. Some columns are bright in a few rows only; others are bright or dark in all rows."}, "figure": {"caption": "The mean gate of each channel for each kind of crop. Columns that change from row to row are channels that the network opens for some images only; a column of one colour might as well be a constant.", "name": "fig-channel-gates"}}
with torch.no_grad():
    maps = net.maps(test.images)[-1]  # (400, 12, 8, 8), what enters the last slot
    gates = net.slots[-1].weights(maps)[:, :, 0, 0]  # (400, 12)
rows = torch.stack([gates[test.labels == k].mean(dim=0) for k in range(len(materials.NAMES))])
figure, ax = figures.sheet(size=(6.4, 3.4))
figures.show_map(ax, rows, vmax=1.0, label="gate")
ax.set_axis_on()
ax.set_yticks(range(len(materials.NAMES)), materials.NAMES)
ax.set(xlabel="channel of the last layer")
figure

# %% [markdown]
# Now take over. The page below holds the last feature maps of one photograph that the network has not seen, with a knob for each channel. The scores are the network's own: average, linear layer, softmax, computed on the page. Shut the channel that speaks most for the winner. Then find a *single* open channel that makes the network say something wrong.

# %%
cat = photographs.load("cat", size=materials.SIDE)[:, 48:112, 96:]  # the right part: (3, 64, 64)
with torch.no_grad():
    maps = net.maps(cat[None])[-1]
    gates = net.slots[-1].weights(maps)
head = LinearHead(net.head.weight, net.head.bias, materials.NAMES)
mixer = ChannelMixer(cat, maps, gates.flatten(), head)
with torch.no_grad():
    want = net(cat[None]).softmax(dim=1)[0]
assert torch.allclose(torch.tensor(mixer.shares()).float(), want, atol=1e-4)
mixer

# %% [markdown]
# ## Does it find a cue in the colour?
#
# Here is a task made for it. Three digits lie on top of each other, in red, green and blue. A stripe along the top says, by its colour, which one to read. *Where* is the same for all three; only *which channel* differs.

# %% mystnb={"image": {"alt": "Four small pictures. In each, a red, a green and a blue handwritten digit overlap in one place, and a stripe of one of these colours runs along the top."}, "figure": {"caption": "Read the digit that has the stripe's colour. You can do it, with some patience.", "name": "fig-channel-cue"}}
seen = overlaid.by_colour(4, split="test", generator=torch.Generator().manual_seed(3))
figure, axes = figures.sheet(1, 4, size=(7.2, 2.2))
for ax, picture, label in zip(axes, seen.images, seen.labels, strict=True):
    figures.show_image(ax, picture, title=f"a {label}")
figure

# %% [markdown]
# The network is one convolution, a halving, the gate, and a linear reader. Without a gate, what it computes at a place depends on 4 x 4 pixels: only the top two rows of a digit lie within reach of the stripe. Through the averages of squeeze and excitation, the stripe reaches every place.
#
# **Predict.** Guessing gives 10 %, naming one of the three digits about 40 %. What will come?
#
# - both near 40 %
# - more, and clearly more with a gate
# - more, and no difference
#
# The table below has the answer. First a short run: one seed, half of the steps.

# %%
claim = registry.claim("channel")
rows = comparison.live(claim, seeds=[0], arms=["squeeze and excitation", "no gate"])
comparison.compare(claim, rows)

# %% [markdown]
# And the committed record: five seeds, 1,000 steps. *Fixed gates* are learned, but the same for every image. *Shuffled gates* are squeeze and excitation that gives each image the gates of another one. The column *cue in the gates* says which share of the gates' variation the stripe's colour explains.
#
# Rule, arms and margin were fixed before any run. The number of steps was not: after 400 steps of seed 0 the networks were still learning, those rows were thrown away, and all arms got 1,000. Make the record again with `python -m visual_attention.experiments run channel --seeds 5 --jobs 2`.

# %%
result = comparison.compare(claim, record.load("channel"))
result

# %% mystnb={"image": {"alt": "Horizontal bars of test accuracy, each with five dots, one a seed. Squeeze and excitation leads, its dots close together beyond 90 %. CBAM, ECA and the second convolution follow near 85 %, their dots scattered between the sixties and the nineties. Spatial attention is a little above 70 %; shuffled gates, fixed gates and no gate stand together below it. A dashed line marks guessing at 10 %."}, "figure": {"caption": "Each dot is a seed. Squeeze and excitation is there on all five. Its three closest rivals are there on some seeds and not on others. Gates that cannot follow the image stay where no gate is.", "name": "fig-channel-record"}}
figure, ax = figures.sheet(size=(6.8, 4.0))
lines = sorted(result.table, key=lambda line: -line.mean)
names, means = [line.arm for line in lines], [line.mean for line in lines]
figures.bars(ax, names, means, highlight=[claim.treatment], reference=("guessing", 10), form="")
ax.set_xlabel("test accuracy (%)")
for place, line in enumerate(lines):
    ax.plot(line.values, [place] * line.seeds, "o", color="white", markeredgecolor="black", markersize=6)
figure

# %% [markdown]
# **The gates found the colour, on every seed**: 27 points more than no gate, and 99.8 % of their variation is the stripe's colour. Fixed and shuffled gates gain about one point. So it is not the extra layer that helps, but that the gates follow *this* image.
#
# Two sobering things stand in the same picture. CBAM and ECA hold gates too, and on some seeds they stay behind; whether they would catch up, 1,000 steps do not tell. And a second convolution, which sees 8 x 8 pixels, comes within 7 points on four of five seeds. A gate is not the only way to the stripe; here it is the surest.

# %% [markdown]
# ## Where does it fail?
#
# **Where there is nothing to choose.** One white digit, no cue, the same small network.

# %%
claim = registry.claim("channel-nothing-to-choose")
comparison.compare(claim, record.load("channel-nothing-to-choose"))

# %% [markdown]
# All four networks read 96 % of the digits. The gates gain nothing and lose nothing. A gate is no gift in itself: it helps where something is there to be left out.
#
# **Where the cue is in the place.** The next chapter's task puts four digits side by side and marks one of them.

# %%
elsewhere = registry.claim("spatial")
comparison.compare(elsewhere, record.load("spatial"), treatment="squeeze and excitation")

# %% [markdown]
# No clear difference: 12 points more on average, but 19 fewer on one seed and 46 more on another, where the network without a gate stayed at guessing. Spatial attention gets 82 %. What little the channel gates know of the place probably comes in at the border: a bar at the picture's lower edge has nothing beneath it, one in the upper half has a digit, and averages can tell the two apart. The next chapter looks closer.
#
# ## Exercises
#
# Fill in a function, run its cell, then run the check under it. A check tells you what is not right yet, and you can run it as often as you like. Its number is your score.

# %% [markdown]
# ### 1. Can you squeeze and excite? (4 points)
#
# `x` is $(B, C, H, W)$, `first` is $(\text{hidden}, C)$ and `second` is $(C, \text{hidden})$. Return `x` with each channel multiplied by its gate $\sigma(W_2\,\delta(W_1 z))$. No bias, no residual.

# %% exercise="squeeze_excite"
def squeeze_excite(x, first, second):
    """x with each channel gated by sigmoid(second relu(first average)): (B, C, H, W)."""
    return None

# %% check="check_squeeze_excite" points=4
check_squeeze_excite(squeeze_excite)

# %% [markdown]
# ### 2. Can you make confetti? (3 points)
#
# Whoever claims that a module is blind to *where* needs a shuffle. `order` is a permutation of the numbers $0 \dots HW - 1$, and places are counted row by row. Return `x` with its places in the new order, the same for each image and channel: place $i$ gets what lay at place `order[i]`. Shape: $(B, C, H, W)$, as it came.

# %% exercise="shuffle_places"
def shuffle_places(x, order):
    """x with its places in a new order, the same for each channel: (B, C, H, W)."""
    return None

# %% check="check_shuffle_places" points=3
check_shuffle_places(shuffle_places)

# %% [markdown]
# ### 3. How long is ECA's window? (3 points)
#
# Return the odd whole number nearest to $(\log_2 C + b)/\gamma$ as an `int`. Where two odd numbers are equally near, take the larger one.

# %% exercise="eca_kernel_size"
def eca_kernel_size(channels, gamma=2.0, offset=1.0):
    """The odd whole number nearest to (log2(channels) + offset) / gamma, upwards from the middle."""
    return None

# %% check="check_eca_kernel_size" points=3
check_eca_kernel_size(eca_kernel_size)

# %% [markdown]
# ### 4. Can one network answer twice? (takes thought, 3 points)
#
# Return CBAM's channel gates, $(B, C, 1, 1)$: averages and maxima go through the *same* two matrices, with a ReLU between them; the two answers are added, and the sigmoid comes last. Then think: why is it not the same to add average and maximum first, and ask the network once?

# %% exercise="channel_gates"
def channel_gates(x, first, second):
    """CBAM's gates from averages and maxima: (B, C, 1, 1)."""
    return None

# %% check="check_channel_gates" points=3
check_channel_gates(channel_gates)

# %% [markdown]
# ## What was seen, and what was not
#
# - Squeeze, excite, scale: a gate in (0, 1) for each channel, from averages over all places.
# - An average forgets order, so channel attention is blind to *where*: a flower and its confetti get the same gates.
# - With one hidden unit, about a third of fresh gates say the same to every image.
# - On a cue in the colour, squeeze and excitation gains 27 points on no gate (5 seeds), and nearly all of them vanish when the gates are fixed or shuffled. On a single digit it gains none.
# - The task was made for channel attention, and looked for: in trials on such pictures with three convolutions (one seed) no gate gained anything. Nothing here shows that channel attention helps on photographs, or that an open gate tells *why* a network answers.
#
# **Read on.** {cite:t}`hu2018squeeze` test where in a network the gates matter and where they turn into constants; {cite:t}`wang2020eca` measure what the reduction loses.
#
# **Next.** Channel attention cannot see *where*. Its mirror image cannot see *which*: [which places of an image should count?](spatial.ipynb)
