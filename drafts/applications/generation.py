# %% [markdown]
# # Can distant parts of a picture agree while it is being made?
#
# Cover one eye of the cat below, and you still know its colour: the other eye tells. A program that makes pictures must know it, too, and **generated images** are famous for getting that wrong, in earrings that do not match and hands with six fingers. The article claims that attention makes generated images more detailed and more realistic. You build a small generator, train it with attention and without, and measure whether far parts agree.

# %%
import torch

from visual_attention.applications import cutting, flow_matching, generation, trained_generator
from visual_attention.applications.best_velocity import BestVelocity
from visual_attention.data import mirrored, photographs
from visual_attention.exercises.generation import (
    check_best_guess,
    check_counterpart_weight,
    check_noisy_point,
    check_one_step,
)
from visual_attention.experiments import comparison, record, registry
from visual_attention.experiments.realism import one_part, told_apart, whole_picture
from visual_attention.training import parameters, seeded
from visual_attention.view import figures
from visual_attention.view.forming import FormingPicture

# %% [markdown]
# ## How does noise become a picture?
#
# Draw a straight line from a noise to a picture. At **time** 0 all is noise, at time 1 all is picture, and at time $t$ the point is $(1 - t) \cdot \text{noise} + t \cdot \text{picture}$.

# %% mystnb={"image": {"alt": "Five small pictures in a row. The first is coloured noise, the second still looks like noise, in the third the head of a cat can be made out, in the fourth it is clear but grainy, the fifth is a photograph of a cat's face."}, "figure": {"caption": "Five points of the line from noise to a photograph. Half way, the cat's two eyes can be seen already, its whiskers cannot.", "name": "fig-generation-line"}}
figures.use_style()
cat = photographs.load("cat", size=128)[None, :, 8:80, 14:86]
noise = 0.5 + 0.5 * torch.randn(cat.shape, generator=torch.Generator().manual_seed(0))
figure, axes = figures.sheet(1, 5, size=(8.6, 2.0))
for ax, time in zip(axes, (0.0, 0.25, 0.5, 0.75, 1.0), strict=True):
    point = flow_matching.interpolate(noise, cat, torch.tensor([time]))
    figures.show_image(ax, point[0].clamp(0, 1), title=f"time {time:g}")
figure

# %% [markdown]
# **Flow matching** {cite}`lipman2023flow` trains a network on points of many such lines: shown a point and its time, it tells the **velocity**, the direction in which the line goes on. To know that is to foresee the picture behind the noise: velocity is what is missing, over the time that is left. Then start from *fresh* noise, follow the network's velocity in small steps, and you arrive at a fresh picture.
#
# ```{literalinclude} ../../src/visual_attention/applications/flow_matching.py
# :language: python
# :pyobject: trajectory
# ```
#
# ## Who says what is behind the noise?
#
# Take pictures of two pixels that always agree: both white (1, 1), or both black (-1, -1). Half way, at time 0.5, you see (0.7, -0.4). What is behind it?

# %%
pictures = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])  # all that there are
x, time = torch.tensor([0.7, -0.4]), 0.5
gaps = (x - time * pictures).square()  # (2 pictures, 2 pixels)
scores = -gaps.sum(dim=1) / (2 * (1 - time) ** 2)  # how much noise each picture needs
weights = torch.softmax(scores, dim=0)
print("weights of the two pictures", weights.numpy().round(3))
print("foreseen together          ", (weights @ pictures).numpy().round(3))
alone = torch.softmax(-gaps / (2 * (1 - time) ** 2), dim=0)  # each pixel for itself
print("foreseen, each pixel alone ", (alone * pictures).sum(dim=0).numpy().round(3))

# %% [markdown]
# Look at the formula: a query (the half-made picture) is compared with keys (the pictures, as strong as they are by now), a softmax makes weights of the scores, and values (the pictures) are mixed. **The best possible generator is attention**, over all pictures that there are. The choice sharpens with time, as less noise is left.
#
# ```{literalinclude} ../../src/visual_attention/applications/best_velocity.py
# :language: python
# :pyobject: BestVelocity.weights
# ```

# %%
pairs = BestVelocity(pictures.view(2, 1, 1, 2))  # (M, C, H, W): pictures of one row and two columns
assert torch.allclose(pairs.weights(x.view(1, 1, 1, 2), torch.tensor([time]))[0], weights)
print("module = naive")

# %% [markdown]
# **Predict.** Let two generators make 1,000 pairs each. One foresees both pixels together. The other foresees each pixel from that pixel alone. In how many of its pairs do the two pixels agree?
#
# - in nearly all: each pixel is foreseen as well as can be
# - in half of them
# - in none

# %%
start = torch.randn(1000, 1, 1, 2, generator=torch.Generator().manual_seed(0))
single = BestVelocity(pictures[:, :1].view(2, 1, 1, 1))
left, right = (flow_matching.sample(single, pixel) for pixel in start.split(1, dim=3))
made = {"together": flow_matching.sample(pairs, start), "each alone": torch.cat([left, right], dim=3)}
for name, pixels in made.items():
    agree = (pixels[..., 0].sign() == pixels[..., 1].sign()).float().mean()
    print(f"{name:10} {agree:.0%} agree, {(pixels > 0).float().mean():.0%} of the pixels are white")
assert pairs.weights(start, torch.zeros(1000)).std() == 0  # at time 0 nothing is known

# %% [markdown]
# :::{dropdown} Answer
# In half of them. Each pixel alone ends as a perfect pixel, white as often as black. Nothing is wrong *with* a pixel; what is wrong lies *between* pixels.
# :::
#
# {cite:t}`kamb2025analytic` follow this thought to real networks: let each place of a picture foresee its part from what lies near, and the pictures have flawless parts that do not belong together. To agree, places must hear of each other **while** the noise clears.
#
# ## What must agree here?
#
# Whether a cat is realistic is a matter of taste. So here are pictures for which it is not: two coloured shapes at the left edge, their mirror images at the right edge, eight dark pixels between.

# %% mystnb={"image": {"alt": "Two rows of six small dark pictures. In each, a coloured shape stands in the upper left corner and another in the lower left; both are mirrored at the right edge. In the upper row left and right always agree, in the lower row they hardly ever do, in colour nor in shape."}, "figure": {"caption": "Above real pictures. Below the same parts, with the right sides of other pictures: part by part as real as before.", "name": "fig-generation-real"}}
real = mirrored.batch(400, split="test", generator=torch.Generator().manual_seed(0)).images
strangers = mirrored.strangers(real)
figure, axes = figures.sheet(2, 6, size=(8.6, 2.2))
for row, images in zip(axes, (real, strangers), strict=True):
    for ax, image in zip(row, images, strict=False):
        figures.show_image(ax, image)
figure

# %%
fresh = mirrored.batch(400, split="test", generator=torch.Generator().manual_seed(1)).images
for name, images in (("real", fresh), ("strangers", strangers)):
    agree = 100 * mirrored.agreement(images).both.float().mean()
    whole, part = (told_apart(real, images, look=look) for look in (whole_picture, one_part))
    print(f"{name:9}: {agree:5.1f} % of the pairs agree; told from real ones", end=" ")
    print(f"by whole pictures {whole:.0f} %, by one part {part:.0f} %")

# %% [markdown]
# The first measure asks whether both parts of a pair have one clear colour and one shape. The second is a **two-sample test** {cite}`lopezpaz2017revisiting`: a classifier learns to tell made pictures from real ones. 50 % right is guessing: then the two sets are alike in all that it looks at. It tells strangers by the whole picture, not by one part.
#
# ## What is the generator?
#
# A small vision transformer: patches of 4 x 4 pixels are tokens, two layers let them hear of each other, and each foresees its patch. The time steers every layer, by a scale and a shift {cite}`peebles2023scalable`.
#
# ```{literalinclude} ../../src/visual_attention/applications/generation.py
# :language: python
# :pyobject: TimedLayer.forward
# ```
#
# `mixer` is where patches hear of each other: four heads of attention, or something else.
#
# ```{literalinclude} ../../src/visual_attention/applications/generation.py
# :language: python
# :pyobject: VelocityTransformer.forward
# ```

# %%
with seeded(0):
    model = generation.VelocityTransformer((16, 24))  # 4 x 6 patches
    x, times = torch.randn(2, 3, 16, 24), torch.tensor([0.2, 0.7])
maps = model.weights(x, times)  # a (B, h, N, N) for each layer
assert torch.allclose(maps[0].sum(dim=-1), torch.ones(2, 4, 24))
end = x + (1 - times).view(2, 1, 1, 1) * model(x, times)
assert torch.allclose(end, model.foresee(x, times), atol=1e-5)
print("maps", [tuple(each.shape) for each in maps], "- and the velocity leads to what is foreseen")

# %% [markdown]
# ## Does attention help?
#
# Four networks, equal in all but the mixer, with parameters equal within 5 %:

# %%
claim = registry.claim("generation")
for arm in claim.arms:
    print(f"{arm.name:17} {parameters(arm.build()):,} parameters. {arm.note}")
print(claim.rule)

# %% [markdown]
# **Predict.** Left and right parts lie three patches apart. Which of the four learns to make them agree?
#
# - only attention
# - attention and the wide convolution: both hear of all patches
# - all: the layers, the steps and the noise mix everything in the end
#
# First a short run in front of you, one seed and a fifth of the steps. Colours come first, so look at those.

# %%
rows = comparison.live(claim, seeds=[0], arms=["attention", "neighbours"])
comparison.compare(claim, rows, metric="one colour")

# %% [markdown]
# And the committed record, five seeds each. Make it again with `python -m visual_attention.experiments run generation --seeds 5 --jobs 2`.

# %%
result = comparison.compare(claim, record.load("generation"))
result

# %% mystnb={"image": {"alt": "Horizontal bars of the share of pairs that agree. Attention stands at 87 percent, neighbours at 4, the wide convolution at 99, uniform attention at 2. A dashed line marks strangers at 4 percent."}, "figure": {"caption": "To agree, patches must hear of far ones and must know which ones they hear. Attention can do that, and a wide convolution can do it better.", "name": "fig-generation-record"}}
figure, ax = figures.sheet(size=(6.2, 2.7))
columns = {"names": "arm", "means": "mean", "lows": "low", "highs": "high"}
bars = {key: [getattr(line, name) for line in result.table] for key, name in columns.items()}
figures.bars(ax, **bars, label="pairs that agree (%)", form="{:.0f}", highlight=["attention"],
             reference=("strangers", 100 / 24))  # fmt: skip
figure

# %% [markdown]
# **The claim holds against neighbours**: with attention 83 points more of the pairs agree (95 % interval 81 to 84, five seeds). Neighbours agree as often as strangers do. **But "only attention" is wrong:**

# %%
comparison.compare(claim, record.load("generation"), treatment="wide convolution", baseline="attention")

# %% [markdown]
# The wide convolution hears of all patches, too, and makes 99 % of the pairs agree, 12 points more than attention. Uniform attention hears of all and does worst: it cannot tell *which* patch it hears. So far parts need to hear of each other, and to know of whom. Here a counterpart is always at the same place, and a filter with a weight for each offset learns that sooner. Where the twin may lie anywhere, the wide convolution [found nothing](../mechanisms/self_attention.ipynb).
#
# ## What goes wrong without it?
#
# Here are three networks after three times as many steps, from a file beside the module (`python -m visual_attention.applications.trained_generator` makes it again). All start from the same noise.

# %% mystnb={"image": {"alt": "Three rows of seven small pictures of coloured shapes at the left and right edges. With attention and with the wide convolution, left and right mirror each other in all. With neighbours the shapes are as clean, but left and right differ in shape or colour."}, "figure": {"caption": "Made by three trained networks from the same noise. Without a way to hear of each other, left and right become two good pictures that do not belong together.", "name": "fig-generation-samples"}}
trained = {name: trained_generator.load(name) for name in trained_generator.NAMES}
samples = {}
figure, axes = figures.sheet(3, 7, size=(8.8, 3.3))
for row, (name, model) in zip(axes, trained.items(), strict=True):
    samples[name] = generation.generate(model, 200, generator=torch.Generator().manual_seed(5))
    agree = mirrored.agreement(samples[name]).both.float().mean()
    for ax, image in zip(row, samples[name], strict=False):
        figures.show_image(ax, image)
    row[0].set_title(f"{name}: {agree:.0%} agree", loc="left")
figure

# %%
for name, made in samples.items():
    whole, part = (told_apart(real[:200], made, look=look) for look in (whole_picture, one_part))
    print(f"{name:17} told from real ones by whole pictures {whole:.0f} %, by one part {part:.0f} %")

# %% [markdown]
# Neighbours make parts that a classifier hardly tells from real ones, and whole pictures that it tells at a glance. Attention does not make better *parts*: in the record, of 100 single parts 51 pass for real with attention, 73 with neighbours and 73 with the wide convolution (five seeds); after the longer training here all three are near 50 % right, which is guessing. It makes better *wholes*: 63 of 100 against 6.
#
# ## When do they agree?
#
# Now follow the noise while it clears, in the network with attention. At each step the network says where it expects to end, and each patch says where it looks.

# %%
noise = torch.randn(200, 3, *mirrored.SIZE, generator=torch.Generator().manual_seed(5))
times, states, foreseen, weights = trained_generator.formation(trained["attention"], noise[:3])
partners = mirrored.counterparts((4, 6))
names = [f"layer {layer}, head {head}" for layer in (1, 2) for head in (1, 2, 3, 4)]
FormingPicture(
    states, foreseen, weights, times=times.tolist(), grid=(4, 6), names=names, query=(1, 0), step=2, head=0,
    partners=partners.tolist(), label="Which patch looks where while a picture forms?",
)  # fmt: skip

# %% [markdown]
# It opens on one head of the first layer. Go through time: it looks at the counterpart *from the first step on*, when there is nothing to see yet but noise. Then look at the other maps, at a patch of the dark middle, and at the picture as the model expects it to end. When do you know which shape it will be?

# %% mystnb={"image": {"alt": "Three lines over time from 0 to 1. The share of pairs decided rises steeply from near 0 to above 90 percent at a quarter of the time, then slowly to 100. The weight of layer 1, head 1 on the counterpart stays between 90 and 97 percent all the time, the mean of the other heads near 12 percent."}, "figure": {"caption": "200 pictures. Most pairs are decided within the first quarter of the time. The weights hardly change meanwhile: the head knows its place before there is anything to see.", "name": "fig-generation-when"}}
times, _, foreseen, weights = trained_generator.formation(trained["attention"], noise, every=1)
final = mirrored.kinds_of(foreseen[:, -1])
decided = [100 * (mirrored.kinds_of(now) == final).float().mean().item() for now in foreseen.transpose(0, 1)]
asked = weights[:, :, :, torch.arange(24), partners].unflatten(3, (4, 6))  # (S, T, L * h, 4, 6)
asked = 100 * asked[..., [0, 1, 4, 5]].mean(dim=(0, 3, 4))  # (T, L * h), over the patches of the parts
lines = {"pairs decided": decided, "weight on the counterpart, layer 1, head 1": asked[:, 0],
         "the same, mean of the other heads": asked[:, 1:].mean(dim=1)}  # fmt: skip
figure, ax = figures.sheet(size=(6.6, 3.4))
figures.curves(ax, times, lines, xlabel="time", ylabel="percent")
figure

# %% [markdown]
# So this head chooses by **place**, not by content. What changes is what the counterpart has to say. That is why a wide convolution can do the same.
#
# ## Is it these weights that tie them?
#
# A map shows where weight went, not what it is good for. So take it away: in the trained network, forbid all weights between the left half and the right, and let the others share what is freed. As a control, forbid those between the upper half and the lower, as many.
#
# **Predict.** Forbid left and right to look at each other in the first quarter of the time only, when most pairs are decided. What happens?
#
# - they no longer agree
# - they agree as often as before

# %%
whole = trained["attention"]
sides, rows = (cutting.cut(whole, allowed((4, 6))) for allowed in (cutting.same_side, cutting.same_row))
later = cutting.switch(sides, whole, at=0.75)
ways = {"nothing cut": whole, "upper | lower cut": rows, "left | right cut": sides,
        "... in the first quarter": cutting.switch(sides, whole, at=0.25),
        "... in the middle half": cutting.switch(whole, later, at=0.25),
        "... in the last quarter": cutting.switch(whole, sides, at=0.75)}  # fmt: skip
shares = {}
with torch.no_grad():
    for name, velocity in ways.items():
        ends = generation.as_pictures(flow_matching.sample(velocity, noise))
        shares[name] = 100 * mirrored.agreement(ends).both.float().mean().item()

# %% mystnb={"image": {"alt": "Six horizontal bars of the share of pairs that agree. Nothing cut 99 percent, upper and lower cut about as many, left and right cut none. Left and right cut in the first quarter 98 percent, in the middle half 47, in the last quarter 93."}, "figure": {"caption": "What the weights between left and right are good for, by when they are forbidden. 200 pictures from the same noise each time.", "name": "fig-generation-cut"}}
figure, ax = figures.sheet(size=(6.2, 2.9))
figures.bars(ax, list(shares), list(shares.values()), label="pairs that agree (%)", form="{:.0f}")
figure

# %% [markdown]
# They agree nearly as often as before: while there is time, what was decided can be decided again, together. In the middle half the cut does harm. Cut all along, nothing agrees, and as many weights elsewhere are not missed: these weights do tie left to right.
#
# A caution: cut all along, the parts fall apart as well. This tells what *this* network needs, not what could be learned without.
#
# ## Does it only remember?
#
# The best generator of the second section holds all pictures, so it makes only those. Give it 300 training pictures. Of all possible pictures a fifth never occurs in training, though each shape in each colour does; a generator that has understood pairs, and not pictures, would make a fifth of its pictures new.

# %%
drawn = mirrored.batch(300, split="train", generator=torch.Generator().manual_seed(0)).images
memory = BestVelocity((drawn - generation.MEAN) / generation.SPREAD)
for name, made in (("memory", generation.generate(memory, 100)), ("attention", samples["attention"])):
    kinds, agree = mirrored.kinds_of(made), mirrored.agreement(made).both.all(dim=1)
    flawless = agree & (kinds >= 0).all(dim=1)
    new = mirrored.held_out(*kinds[flawless].T).float().mean()
    print(f"{name:9}: {flawless.float().mean():4.0%} of the pictures are flawless, {new:4.0%} of those new")

# %% [markdown]
# The memory is flawless, and copies. The network errs now and then, but 20 % of its flawless pictures are new in the record (five seeds), as many as if upper and lower pairs were made independently. A perfect score on agreement can be had by copying, so look at more than one measure.
#
# ## Exercises
#
# Fill in a function, run its cell, then run the check under it. A check tells you what is not right yet, and you can run it as often as you like. Its number is your score.

# %% [markdown]
# ### 1. Where on the line? (warm-up, 3 points)
#
# `noise` and `pictures` are $(B, C, H, W)$, `times` is $(B,)$. Return the point of each picture's line at its own time, $(B, C, H, W)$. Mind which axis the times belong to: where a batch is as wide as its pictures, torch lets you get it wrong.

# %% exercise="noisy_point"
def noisy_point(noise, pictures, times):
    """The point at each picture's time on the line from noise (0) to picture (1): (B, C, H, W)."""
    return None

# %% check="check_noisy_point" points=3
check_noisy_point(noisy_point)

# %% [markdown]
# ### 2. Can you take one step? (3 points)
#
# The sampler takes `steps` equal steps from time 0 to time 1; the first has the number 0. Before step number `step` the half-made pictures are `x`, and the network foresees `foreseen`, both $(B, C, H, W)$. Return the pictures after the step. Where does the last step end?

# %% exercise="one_step"
def one_step(x, foreseen, step, steps):
    """Where a half-made picture is after step number `step`, counted from 0: (B, C, H, W)."""
    return None

# %% check="check_one_step" points=3
check_one_step(one_step)

# %% [markdown]
# ### 3. How much does a patch ask its mirror image? (3 points)
#
# `weights` is $(B, h, N, N)$, with $N = rows \cdot columns$ patches numbered row by row. Return for each picture and head the mean, over all patches, of the weight that a patch gives to its counterpart: the patch in the same row, mirrored left to right. In the middle of an odd grid a patch is its own counterpart.

# %% exercise="counterpart_weight"
def counterpart_weight(weights, rows, columns):
    """The mean weight that a patch gives to the patch that mirrors it in its row: (B, h)."""
    return None

# %% check="check_counterpart_weight" points=3
check_counterpart_weight(counterpart_weight)

# %% [markdown]
# ### 4. What is behind the noise? (takes thought, 4 points)
#
# `pictures`, $(M, C, H, W)$, are all pictures that there are, each as likely as any other. `x`, $(B, C, H, W)$, are half-made pictures at `times`, $(B,)$, before 1. Return the best guess for each, $(B, C, H, W)$: the mean of the pictures, with a softmax over $-\lVert x - t \cdot \text{picture} \rVert^2 / (2 (1 - t)^2)$ as weights. Late in time all likelihoods are tiny; your guess must hold all the same.

# %% exercise="best_guess"
def best_guess(x, times, pictures):
    """The mean of all pictures, each weighted by how likely it is behind x: (B, C, H, W)."""
    return None

# %% check="check_best_guess" points=4
check_best_guess(best_guess)

# %% [markdown]
# ## What was seen, and what was not
#
# - With attention, 83 points more of the pairs agree than with windows of 3 x 3 (95 % interval 81 to 84, five seeds): the claim is supported. Without a way to hear of far parts, each part is fine and the whole is not.
# - A wide convolution of the same size does it better, by 12 points. Here counterparts are always at the same place, and attention chose by place, too.
# - More detail was not seen: single parts were better *without* attention in the same number of steps.
# - Most pairs are decided in the first quarter of the time, but can be decided again: the weights were needed in the middle.
#
# Not seen: photographs, large pictures, parts whose places differ from picture to picture. Six shapes, handwritten digits and learned positions were tried and given up, as no network learned them in a few minutes.
#
# **Read on.** {cite:t}`lipman2023flow`, section 4.1, is the method of this chapter; {cite:t}`peebles2023scalable` make the same kind of transformer large; {cite:t}`zhang2019self` first put self-attention into a generator of images, for this very reason; {cite:t}`kamb2025analytic` work out what pictures a generator makes that sees only near places.
#
# **Next.** [The page of claims](../../book/claims.md) holds all of the course's claims side by side.
