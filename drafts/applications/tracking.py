# %% [markdown]
# # Where has it gone?
#
# A ball in a crowd of balls, a coin among coins: you saw it once, and now you want to point at it in each picture that follows. That is **tracking**. The article claims that attention makes it more reliable "under occlusion and deformation". You build two trackers that differ in one thing only, turn, bend and cover what they follow, and count. And you learn to distrust the test itself: a careless one gives its answers away.

# %%
import torch
from torch.nn import functional as F

from visual_attention.applications import trained_trackers
from visual_attention.applications.board_guess import chance, hit_rate
from visual_attention.applications.boxes import iou
from visual_attention.applications.follow import follow, template_of
from visual_attention.applications.tracking import disc_mask
from visual_attention.applications.tracking_scores import DISTANCES, OVERLAPS, area, precision, success
from visual_attention.data.tracks import Disturbance, sequences

# %%
from visual_attention.exercises.tracking import check_attend, check_correlate, check_success_curve
from visual_attention.experiments import comparison, record, registry
from visual_attention.experiments.claims import tracking
from visual_attention.view import figures
from visual_attention.view.detections import show_boxes
from visual_attention.view.track_player import Film, PlainTracker, TrackPlayer

# %% [markdown]
# Here is the world of this chapter. Six round things of one family, cut from real photographs or ancient coins, wander over a photograph. One of them, with the box, is the **target**. Its box in the first frame is all that a tracker is told.

# %% mystnb={"image": {"alt": "Three rows of five small pictures. In the first row, discs wander over a grey background and stay as they are. In the second they turn and stretch. In the third, rectangles of another photograph cover half of each, and some lie where no disc is. A white box marks the same disc in each picture."}, "figure": {"caption": "Films under three disturbances: none, turning and bending, boards. All things are disturbed alike, not the target alone.", "name": "fig-tracking-films"}}
def films(count, *, seed, frames=8, **disturbance):
    generator, disturbed = torch.Generator().manual_seed(seed), Disturbance(**disturbance)
    return sequences(count, split="test", disturbance=disturbed, frames=frames, generator=generator)


figures.use_style()
shown = {"clean": {}, "turned and bent": {"rotation": 90, "bend": 0.3}, "covered": {"occlusion": 0.5}}
figure, axes = figures.sheet(3, 5, size=(8.4, 5.2))
for row, (name, disturbance) in zip(axes, shown.items(), strict=True):
    film = films(1, seed=15, frames=5, **disturbance)
    for t, ax in enumerate(row):
        show_boxes(ax, film.frames[0, t], film.boxes[0, t, :1], title=name if t == 0 else "")
figure

# %% [markdown]
# ## How do you find a thing that you saw once?
#
# Take the picture of the target, the **template**, and lay it over every place of the new picture. Where do the two agree best? Here both are rows of numbers. The template is 2, 9, 4, and at each place you take the **cosine**: the sum of products, divided by both lengths. It is 1 if the two are the same up to brightness.

# %%
scene = torch.tensor([3.0, 1.0, 2.0, 9.0, 4.0, 5.0, 4.0, 9.0, 2.0, 1.0])
template = torch.tensor([2.0, 9.0, 4.0])
windows = scene.unfold(0, 3, 1)  # (8, 3): the scene under the template, place by place
cosines = windows @ template / (windows.norm(dim=1) * template.norm())
print(cosines.numpy().round(2))

# %% [markdown]
# The peak, 1, is at the third place: there stands 2, 9, 4. That is **cross-correlation**, and with features of a network in place of pixels it is the tracker of {cite:t}`bertinetto2016fully`. The same network reads the template and the **search region** around the last known place, so it is called **Siamese**.

# %% [markdown]
# **Predict.** Further right stands 4, 9, 2: the target *mirrored*, or turned by half a turn. Which value does correlation give it?
#
# - 1
# - a little less than 1
# - almost 0
#
# :::{dropdown} Answer
# A little less, 0.96. The 9 in the middle stayed in the middle. Had it been at an end, the value would have been far lower: correlation compares each part of the template with *one* place, the place where it would lie if nothing but the position had changed.
# :::

# %%
print("4, 9, 2 gets", round(cosines[6].item(), 2))

# %% [markdown]
# ## What if each place may choose its part?
#
# **Cross-attention** turns it round: each place of the scene asks *all* parts of the template, and a softmax says which part it is compared with. With two numbers a place:

# %%
parts = torch.eye(3)  # three parts of a template that have nothing in common
target = parts.flip(0)  # the same three, in reverse order: the target has turned round
rigid = (target * parts).sum(dim=1)  # correlation: each place with its own part
similar = target @ parts.T  # (places, parts): every place with every part
weights = torch.softmax(similar / 0.1, dim=1)
chosen = (weights * similar).sum(dim=1)
print("correlation:", rigid.tolist(), "mean", round(rigid.mean().item(), 2))
print("attention:  ", chosen.numpy().round(2), "mean", round(chosen.mean().item(), 2))

# %% [markdown]
# Only the middle part stayed in its place, so correlation finds a third of the target. Attention finds all of it: the parts are there, in another order. Now you see the price as well: it would have found *any* order.

# %%
shuffled = target[[1, 2, 0]]
again = (torch.softmax(shuffled @ parts.T / 0.1, dim=1) * (shuffled @ parts.T)).sum(dim=1)
assert torch.allclose(again.mean(), chosen.mean())  # no order is worse than any other

# %% [markdown]
# The trackers of this chapter are one network. It gives each of 24 x 24 places of the search region a query and each of 8 x 8 parts of the template a key, and compares them by cosines. How well a place fits is its weighted sum of cosines; the **response** is the mean of that over the target's disc.
#
# ```{literalinclude} ../../src/visual_attention/applications/tracking.py
# :language: python
# :pyobject: AttentionTracker._weigh
# ```
#
# {cite:t}`chen2021transformer` let template and search region attend to each other several times over and read boxes off the result. Here it is once, so that the weights are the only difference to correlation. A part outside of the disc shows background. It would match the background everywhere, so a **mask** leaves it out.

# %%
with torch.no_grad():
    attention, correlation = (trained_trackers.load(kind) for kind in ("attention", "correlation"))
    first = template_of(film.frames[:, 0], film.boxes[:, 0, 0])  # (1, 3, 24, 24)
    search = film.frames[:, 3, :, 8:56, 8:56]
    weights = attention.weights(first, search)  # (1, 576 places, 64 parts)
    assert torch.allclose(weights.sum(dim=2), torch.ones(1, 576), atol=1e-5)
    assert not weights[..., ~disc_mask().flatten()].any()
    fits = (weights * attention.similarities(first, search)).sum(dim=2)
print("places and parts:", tuple(weights.shape[1:]), "- best fit", round(fits.max().item(), 2))

# %% [markdown]
# And correlation is attention whose weights were fixed beforehand: for each centre, 1 for the part that lies there and 0 for all others.

# %%
with torch.no_grad():
    similar, response = correlation.similarities(first, search), correlation.response(first, search)
    fixed = correlation.fixed_weights((12, 10), grid=(24, 24))  # (576, 64), zeros and ones
    assert torch.allclose((fixed * similar[0]).sum() / disc_mask().sum(), response[0, 0, 12, 10], atol=1e-5)
print("ones in the weights of one centre:", int(fixed.sum()), "of", fixed.numel())

# %% [markdown]
# ## Can you hide it?
#
# The two trackers run in this page. Step through a film; the search region is dashed, the true box dotted. Then switch the board on and drag it over the target. At which share of cover do you lose it? Does the other tracker lose it at the same one? In the second film the target leaves: what does the tracker's chance say?

# %%
conditions = {"turning": {"seed": 6, "rotation": 120, "bend": 0.2}, "it leaves": {"seed": 17, "gone": (3, 6)}}
made = {name: films(1, frames=7, **disturbance) for name, disturbance in conditions.items()}
reel = []
for name, one in made.items():
    start = template_of(one.frames[:, 0], one.boxes[:, 0, 0])[0]
    reel.append(Film(name, one.frames[0], one.boxes[0, :, 0], one.present[0, :, 0], start))

# %%
players = []
for kind, model in (("attention", attention), ("correlation", correlation)):
    path = follow(model, made["turning"])
    players.append(PlainTracker(f"cross-{kind}", kind, trained_trackers.plain(model), 16, 16, path.boxes[0]))
board = film.frames[0, 0].flip(2)  # what the board is cut from
TrackPlayer(reel, players, board, frame=3, part=18)

# %% [markdown]
# ## How does one score a tracker?
#
# Two curves, as the field draws them {cite}`wu2013online`. **Success**: in which share of the frames does the box overlap the true one (intersection over union) by more than a threshold? **Precision**: in which share is its centre at most so many pixels off? A tracker is ranked by the area under the first. Frames in which the target is gone count for neither.

# %% mystnb={"image": {"alt": "Two panels with two lines each. Left, success falls from the left to the right as the wanted overlap grows. Right, precision rises with the distance that is allowed."}, "figure": {"caption": "Success and precision of the two trained trackers on 8 films with turning things, four things of each followed in turn.", "name": "fig-tracking-curves"}}
turning = films(8, seed=2, rotation=90)
lines, near = {}, {}
for name, model in {"cross-attention": attention, "cross-correlation": correlation}.items():
    boxes, true, present = tracking.after_the_first(model, turning)
    lines[name] = success(boxes, true, present).numpy()
    near[name] = precision(boxes, true, present).numpy()
figure, axes = figures.sheet(1, 2, size=(8.4, 3.0))
figures.curves(axes[0], OVERLAPS.tolist(), lines, xlabel="overlap above", ylabel="share of frames")
figures.curves(axes[1], DISTANCES.tolist(), near, xlabel="pixels off, at most", ylabel="share of frames")
figure

# %%
overlap = iou(boxes, true)[present]
fine = success(boxes, true, present, torch.linspace(0, 1, 2001))
assert abs(area(fine) - overlap.mean()) < 1e-3
print(f"area under success {area(fine):.3f} = mean overlap {overlap.mean():.3f}")

# %% [markdown]
# The area *is* the mean overlap, once thresholds are fine enough. No magic, and one number less to remember.
#
# ## Does the test give its answers away?
#
# You want to know how well a tracker follows what is covered. So you cover the target with a board. Nothing else. What would a guesser score that knows nothing of the target and points at the board?

# %%
for name, betrayed in (("only the target covered", True), ("all covered alike", False)):
    world = films(24, seed=3, frames=4, occlusion=0.5, betrayed=betrayed)
    print(f"{name}: pointing at a board is right in {hit_rate(world):.0%}, anywhere in {chance(world):.0%}")

# %% [markdown]
# Nearly every target is found without a look at it: the board is a **leak**, and the careless test of occlusion would measure nothing. In this chapter's world all things are covered by the same law, and some boards lie on nothing. There, boards help no more than any other place.
#
# Boards are what you thought of. Does something else give the target away? A network that never sees the template, trained in both worlds, should find out:

# %%
leak = registry.claim("tracking-leak")
comparison.compare(leak, record.load("tracking-leak"))

# %% [markdown]
# It did not. In the careless world it finds 17 % of the covered targets, in the fair one 13 % (five seeds), and choosing a thing at random finds 22 %: it points at what is in sight. The leak is there, you counted it, and this small network missed it. **A probe that finds no leak does not show that there is none.** Count what you can, and distrust the rest.

# %% [markdown]
# ## Does attention follow better?
#
# Three arms of the same size and one more. **Cross-attention** against **cross-correlation**; as a **control**, attention whose weights are all the same, which compares each place with the template's mean; and correlation by plain products, without the division by lengths, as the paper has it.
#
# **Predict.** Things turn, bend, and are half covered. What comes out?
#
# - attention wins
# - about equal
# - correlation wins
#
# First a short run with one seed, then the record of five.

# %%
claim = registry.claim("tracking")
rows = comparison.live(claim, seeds=[0], arms=["cross-attention", "cross-correlation"], jobs=1)
comparison.compare(claim, rows)

# %%
result = comparison.compare(claim, record.load("tracking"))
result

# %% [markdown]
# **Not supported.** Correlation follows better, by 11.1 points of area under success (95 % interval 9.5 to 12.4, five seeds), and it notices better that the target has gone: 65.5 against 57.1, where a coin has 50. Attention is as good as its own control: 30.5 with a choice, 30.9 with all parts alike. Choosing buys nothing here. The cosines are not the reason either: with plain products, correlation gets 38.5.
#
# How much does each disturbance cost?

# %% mystnb={"image": {"alt": "Four panels with three falling lines each: turning, bending, covering, growing. Correlation starts at 61, attention and uniform attention together at 42. When things turn, correlation falls to meet the others at 90 degrees. In the other panels it stays above them."}, "figure": {"caption": "Area under success against the strength of each disturbance; lines are means over five seeds, shades their range. Turning takes the lead from correlation; bending, covering and growing do not.", "name": "fig-tracking-robust"}}
figure, axes = figures.sheet(2, 2, size=(8.4, 6.2))
rows = record.load("tracking")
for ax, kind in zip(axes.flat, ("rotation", "bend", "occlusion", "scale"), strict=True):
    steps = (0, *tracking.STRENGTHS[kind])
    lines = {arm.name: tracking.curve(rows, arm.name, kind) for arm in claim.arms[:3]}
    figures.curves(ax, steps, lines, xlabel=tracking.UNITS[kind], ylabel="area under success (%)")
figure

# %% [markdown]
# Look at the first panel. On clean films correlation leads by 18.7 points. Turned by 90 degrees, its lead is gone: attention minus correlation is 0.0 (-1.4 to 1.9), and at 180 degrees 0.4 (-2.8 to 2.8). What correlation knows and attention does not is the *order* of the parts, and a turn takes the order away. A board or a bend leaves most of it, and correlation stays ahead: half covered, 40 against 28.
#
# But why does choosing not help at all? Count how many parts a place really chooses, by the effective number of the chapter on soft attention:

# %%
turned = films(4, seed=6, frames=4, rotation=120)
starts = template_of(turned.frames[:, 0], turned.boxes[:, 0, 0])
with torch.no_grad():
    weights = attention.weights(starts, turned.frames[:, 3, :, 8:56, 8:56])
    keys = attention._read(starts, turned.frames[:, 0])[1].flatten(2)[..., disc_mask().flatten()]
effective = torch.exp(-torch.xlogy(weights, weights).sum(dim=2)).mean()
alike = (keys.mT @ keys).mean()
print(f"effective parts: {effective:.0f} of {disc_mask().sum()}; mean cosine between two parts: {alike:.2f}")

# %% [markdown]
# Half of the parts share the weight, because the network has made the parts alike. If all parts of a target look the same, it does not matter which one is asked. Such a network has learnt to describe the target as a whole, as the control does. Whether longer training would make parts differ was not run.
#
# ## What fails?
#
# A bag of parts has no order. Cut the target into four quarters and swap them across: every part is still there.

# %% mystnb={"image": {"alt": "Two maps of responses. Left, for attention, one bright blob in the middle. Right, for correlation, four faint spots around a dark middle."}, "figure": {"caption": "A thing of the same parts in another order. Attention takes it for the target; correlation finds each quarter a little beside the centre, and no more than a quarter of the target at once.", "name": "fig-tracking-swapped"}}
generator = torch.Generator().manual_seed(0)
keys = F.normalize(torch.randn(1, 16, 8, 8, generator=generator), dim=1)  # a target of 8 x 8 random parts
queries = torch.zeros(1, 16, 24, 24)
queries[:, :, 8:16, 8:16] = keys.roll((4, 4), dims=(2, 3))  # its quarters, swapped across
with torch.no_grad():
    pairs = (("cross-attention", attention), ("cross-correlation", correlation))
    fits = {name: model._respond(queries, keys)[0, 0] for name, model in pairs}
figure, axes = figures.sheet(1, 2, size=(6.4, 3.0))
for ax, (name, fit) in zip(axes, fits.items(), strict=True):
    figures.show_map(ax, fit.clamp(min=0), label="response", vmax=1)
    ax.set_title(f"{name}: best {fit.max():.2f}")
figure

# %% [markdown]
# With parts that differ, attention cannot tell a thing from its scrambled twin. Transformers for tracking add position encodings and many layers to get some order back.

# %% [markdown]
# ## Exercises
#
# Fill in a function, run its cell, then run the check under it. A check tells you what is not right yet, and you can run it as often as you like. Its number is your score.

# %% [markdown]
# ### 1. Can you draw a success curve? (warm-up, 3 points)
#
# `overlaps` is $(F,)$, the overlap in each frame; `present` is $(F,)$, true where the target is there; `thresholds` is $(K,)$. Return, for each threshold, the share of the frames *with* the target whose overlap is *above* it.

# %% exercise="success_curve"
def success_curve(overlaps, present, thresholds):
    """The share of the frames with the target whose overlap is above each threshold, (K,)."""
    return None


# %% check="check_success_curve" points=3
check_success_curve(success_curve)

# %% [markdown]
# ### 2. Can you slide a template? (4 points)
#
# `search` is $(B, d, H, W)$ and `template` $(B, d, h, w)$: each image has a template of its own. Return the sum of products at each place where the template lies wholly inside, $(B, H - h + 1, W - w + 1)$. Hint: `conv2d` knows groups.

# %% exercise="correlate"
def correlate(search, template):
    """Each template slides over its own search features, (B, H - h + 1, W - w + 1)."""
    return None


# %% check="check_correlate" points=4
check_correlate(correlate)

# %% [markdown]
# ### 3. Can each place choose its part? (takes thought, 5 points)
#
# `queries` is $(B, N, d)$, one for each place; `keys` is $(B, M, d)$, one for each part; `mask` is $(B, M)$, true for parts that count. Return how well each place fits, $(B, N)$: its cosines with the parts, weighted by the softmax of these cosines divided by `temperature`. Masked parts get exactly no weight, and a temperature of 0.001 must not break it.

# %% exercise="attend"
def attend(queries, keys, mask, temperature):
    """How well each place fits: its cosines with the parts, weighted by their own softmax, (B, N)."""
    return None


# %% check="check_attend" points=5
check_attend(attend)

# %% [markdown]
# ## What was seen, and what was not
#
# - Correlation compares each part with one place, attention lets each place choose its part. Both weigh the same table of cosines.
# - In this world, at this size, correlation followed better by 11.1 points, and attention no better than without a choice (five seeds, 300 steps).
# - The lead was the order of the parts. Turning by 90 degrees took it away; cover and bending did not.
# - A board over the target alone betrays it, and a weak probe may miss that.
# - Nothing here speaks about trackers with many layers, trained on real films. Here 480 pairs of small frames had to do.
#
# **Read on.** {cite:t}`bertinetto2016fully` is the Siamese tracker with correlation, {cite:t}`chen2021transformer` the one with attention; {cite:t}`wu2013online` defines the curves; {cite:t}`goroshin2020analysis` find that trained trackers often point at whatever stands out and do not ask for the template, a leak in real films.
#
# **Next.** A tracker is shown what to look for. What if you only *say* it? [Question answering](question_answering.ipynb) looks where a sentence sends it.
