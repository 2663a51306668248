# %% [markdown]
# # What if a network may look at a few places only?
#
# Your eye is sharp in a small spot and blurred around it, so you move it. A network can work like that: take a **glimpse**, decide where to look next, take another, and never see the rest. That is **hard attention** {cite}`mnih2014recurrent`. It promises to save most of the work. The article that this course follows has no code for it: "complex, hard to optimise". This chapter builds it and measures both halves of that sentence.

# %%
import torch
from torch.nn import functional as F

from visual_attention.data import cells, photographs, translated
from visual_attention.exercises.hard import (
    check_cut_glimpse,
    check_exact_gradient,
    check_reinforce,
    check_straight_through,
)
from visual_attention.experiments import comparison, record, registry
from visual_attention.mechanisms import trained_glimpses
from visual_attention.mechanisms.glimpses import GlimpseSensor
from visual_attention.mechanisms.policy_gradient import reinforce_loss
from visual_attention.view import figures
from visual_attention.view.glimpse_player import GlimpsePlayer

# %% [markdown]
# ## What does one glimpse show?
#
# A **glimpse sensor** cuts a small patch around a **location** $(x, y)$: $(-1, -1)$ is the top left corner of the image, $(0, 0)$ its centre, $(1, 1)$ the bottom right corner. It cuts a second patch twice as wide and a third one four times as wide, and averages each to the same few pixels: sharp in the middle, blurred around it. What lies beyond the image is 0.

# %% mystnb={"image": {"alt": "A grey photograph of a cat with three nested squares around one of its eyes, and beside it the three squares as patches of 16 by 16 pixels: the eye, the eye with its surroundings, and half of the face, each coarser than the one before."}, "figure": {"caption": "One glimpse at the cat's eye: 768 numbers of the 16,384 in the picture. The widest patch shows half of the face, the narrowest what the eye is like.", "name": "fig-hard-sensor"}}
cat = photographs.load("cat", size=128).mean(dim=0)[None, None]  # (1, 1, 128, 128)
sensor, eye = GlimpseSensor(16, scales=3), torch.tensor([[-0.4, -0.27]])
patches = sensor(cat, eye)  # (1, 3, 1, 16, 16)
figures.use_style()
figure, axes = figures.sheet(1, 4, size=(7.2, 2.1))
figures.show_image(axes[0], cat[0], title="128 x 128")
for k, ax in enumerate(axes[1:]):
    figures.show_image(ax, patches[0, k], title=f"{16 * 2**k} pixels wide")
    column, row = ((eye[0] + 1) * 64).tolist()
    side = 16 * 2**k
    box = (column - side / 2 - 0.5, row - side / 2 - 0.5)
    axes[0].add_patch(figures.Rectangle(box, side, side, fill=False, edgecolor=figures.ACCENT))
figure

# %% [markdown]
# **Predict.** An image has 4 x 6 pixels. You cut 2 x 2 pixels around $(x, y) = (1, -1)$. What comes?
#
# - the pixel in a corner, and three zeros
# - four pixels: the patch is pushed back into the image
# - an error
#
# :::{dropdown} Answer
# One pixel and three zeros. $(1, -1)$ is the *corner itself*, at the top right: a quarter of the patch lies inside the image. The patch stays where it was asked for.
# :::

# %%
image = torch.arange(1.0, 25.0).view(1, 1, 4, 6)
look = GlimpseSensor(2, scales=1)
print(image[0, 0], look(image, torch.tensor([[1.0, -1.0]]))[0, 0, 0], sep="\n")
middle = look(image, torch.zeros(1, 2))[0, 0, 0]
assert torch.equal(middle, image[0, 0, 1:3, 2:4])  # the four pixels around the centre

# %% [markdown]
# ## Why is a choice hard to learn?
#
# Three doors, with the losses 3, 2 and 0 behind them. A network scores the doors and opens the best one.
#
# **Predict.** What is the gradient of the loss with regard to the scores?
#
# - it points to the third door
# - 0 for each score
# - it points to the door that was opened
#
# :::{dropdown} Answer
# 0. A small change of the scores opens the same door, and the loss stays as it is. The choice is a step: flat everywhere, and a jump in between. No slope says in which direction better doors lie.
# :::

# %%
losses, scores = torch.tensor([3.0, 2.0, 0.0]), torch.tensor([0.6, 0.5, 0.0])
for change in (-0.05, 0.0, 0.05, 0.2):
    opened = (scores + torch.tensor([0.0, change, 0.0])).argmax()
    print(f"second score {change:+.2f}: opens door {opened + 1}, loss {losses[opened]:.0f}")

# %% [markdown]
# The way out is to **draw** the door at random, with probabilities $p = \text{softmax}(s)$. The *expected* loss $\sum_i p_i \ell_i$ is smooth in the scores, and its gradient is
#
# $$\frac{\partial}{\partial s_i} \sum_j p_j \ell_j = p_i \, \bigl(\ell_i - \textstyle\sum_j p_j \ell_j\bigr).$$
#
# To compute it, one has to open *all* the doors. That is the **exact gradient by enumeration**. It is the yardstick of this chapter, and for real images it is too dear: looking everywhere is what hard attention wants to avoid.

# %%
leaf = scores.clone().requires_grad_()
chances = torch.softmax(leaf, dim=0)
(exact,) = torch.autograd.grad((chances * losses).sum(), leaf)
by_hand = chances * (losses - (chances * losses).sum())
print("exact gradient", exact.numpy().round(2))
assert torch.allclose(exact, by_hand)

# %% [markdown]
# ## How does one learn from one door at a time?
#
# **REINFORCE** {cite}`williams1992simple` opens one door, and pushes the logarithm of its probability in proportion to the reward, here minus the loss. Take off a **baseline** $b$, what was expected, and a choice becomes likelier when it paid *more than expected*.
#
# ```{literalinclude} ../../src/visual_attention/mechanisms/policy_gradient.py
# :language: python
# :start-at: earned = rewards.detach()
# :end-at: return -(log_probabilities * surprise)
# ```
#
# **Predict.** The expected reward here is about -2. What does the baseline $b = -2$ change, over many draws?
#
# - the mean of the estimates
# - their spread
# - both
#
# :::{dropdown} Answer
# Their spread. $\mathbb{E}[\nabla \log p] = 0$, so a constant times it adds nothing on average. But each draw is pushed by the surprise, and no longer by the whole reward.
# :::

# %%
def estimates(baseline, draws=5000):
    drawn = torch.multinomial(torch.softmax(scores, 0).expand(draws, 3), 1, generator=torch.manual_seed(0))
    each = scores.expand(draws, 3).clone().requires_grad_()
    log_chances = torch.log_softmax(each, dim=1).gather(1, drawn)
    loss = reinforce_loss(log_chances, -losses[drawn], baselines=torch.full((draws, 1), baseline))
    return draws * torch.autograd.grad(loss, each)[0]


for baseline in (0.0, -2.0):
    found = estimates(baseline)
    print(f"baseline {baseline:+.0f}: mean", found.mean(0).numpy().round(2), "variance", found.var(0).sum().item())
print("exact:            ", exact.numpy().round(2))

# %% [markdown]
# The third door's loss is 0, so without a baseline opening it teaches nothing at all: only the other two push, and they push *themselves down*. With the baseline, the good door pushes itself up. Same mean, and a fraction of the variance.
#
# ## What does the noise do to a network?
#
# Sixteen cells: one holds a whole digit, six hold halves. A network glances at the blurred picture, chooses one cell, and reads the digit there. With sixteen cells, the exact gradient is affordable.

# %% mystnb={"image": {"alt": "Four pictures of four by four cells in pairs: sharp, and averaged to 8 by 8 pixels. One cell of each sharp picture holds a whole digit, six hold an upper, lower, left or right half. The blurred ones show only which cells are bright, and roughly where."}, "figure": {"caption": "What the choice is made from (right) and what is there (left): the blur shows where ink is, and not which digit it is.", "name": "fig-hard-cells"}}
seen = cells.batch(2, split="test", generator=torch.Generator().manual_seed(1))
figure, axes = figures.sheet(1, 4, size=(7.2, 2.1))
for n in range(2):
    figures.show_image(axes[2 * n], seen.images[n], title=f"a {seen.labels[n]}")
    figures.show_image(axes[2 * n + 1], F.avg_pool2d(seen.images[n], 4), title="its overview")
figure

# %% [markdown]
# Four estimates, held against the exact gradient at one and the same network. Beside REINFORCE with and without a learned baseline there is **Gumbel-softmax** {cite}`jang2017categorical,maddison2017concrete`: it adds noise to the scores and takes the largest, which is a fair draw; on the way back it pretends that the draw was a soft blend.
#
# **Predict.** Gumbel-softmax against REINFORCE with a baseline: which has the smaller variance, and which is right on average?

# %%
few = comparison.live(registry.claim("hard-gradient"), seeds=[0])
comparison.compare(registry.claim("hard-gradient"), few)

# %% [markdown]
# :::{dropdown} Answer
# Gumbel-softmax has the smaller variance; only REINFORCE is right on average. Gumbel's gradient is the slope of a blend that was never read. A lower temperature lowers this **bias** and raises the variance: that is its trade.
# :::
#
# One seed, few draws. The command for a record of five seeds with two hundred estimates each is `python -m visual_attention.experiments run hard-gradient`. The metric is the variance in *doublings*: 1 less means half the variance. Bias is the squared distance of the mean estimate from the exact gradient, in units of its squared length.

# %%
rows = record.load("hard-gradient") or few  # the record, once somebody has made it
gradient = comparison.compare(registry.claim("hard-gradient"), rows)
gradient

# %%
for line in gradient.table:
    variance, bias, cosine = (line.others[name] for name in ("variance", "bias", "cosine"))
    print(f"{line.arm:20} variance {variance:8.1f}   bias {bias:6.2f}   cosine {cosine:5.2f}")

# %% [markdown]
# Without a baseline, one estimate is mostly noise. The figures for bias and cosine of REINFORCE *alone* are what so few noisy estimates leave uncertain, not bias: in theory it has none, and with a baseline the measurement can show it.
#
# **Does the noise matter for learning?** One network, trained by each estimate for as many steps:

# %% mystnb={"image": {"alt": "Horizontal bars of test accuracy with intervals for seven ways to train the choice of a cell. The bars are ordered from the exact gradient and its best estimates at the top to REINFORCE alone and a random cell at the bottom."}, "figure": {"caption": "The same network and as many steps: how the gradient of the choice is estimated decides what is learnt.", "name": "fig-hard-choice"}}
choice = comparison.compare(registry.claim("hard-choice"), record.load("hard-choice"))
lines = sorted(choice.table, key=lambda line: -line.mean)
columns = {"names": "arm", "means": "mean", "lows": "low", "highs": "high"}
values = {key: [getattr(line, name) for line in lines] for key, name in columns.items()}
figure, ax = figures.sheet(size=(6.4, 3.6))
figures.bars(ax, **values, label="test accuracy (%)", form="{:.0f}", reference=("guessing", 10))
figure

# %%
choice

# %% [markdown]
# Three findings. **A baseline decides whether anything is learnt**: without one, 1500 steps end hardly above a random cell. **The exact gradient does better still**: what separates it from REINFORCE is noise alone.
#
# **And the biased estimate beats the exact one.** Gumbel-softmax at temperature 1 finds nearly every digit, as the soft blend does. So the exact gradient of this loss is not the best teacher: where a cell's probability is near 0 it says almost nothing, and a blend may say more. That explanation was not tested here. Cooler, with less bias, the estimate trains *worse*.
#
# ## How does a network look more than once?
#
# The **recurrent attention model** of {cite:t}`mnih2014recurrent` keeps a state. Each glimpse (what was seen, and where) updates it; from it come the scores of the classes and the mean of the *next location*. In training the location is drawn from a normal distribution around that mean, and REINFORCE judges it by how likely the true class becomes.
#
# ```{literalinclude} ../../src/visual_attention/mechanisms/hard.py
# :language: python
# :pyobject: RecurrentAttentionModel._look
# ```

# %%
model = trained_glimpses.load()
test = translated.batch(500, split="test", generator=torch.Generator().manual_seed(3))
with torch.no_grad():
    places = model.locations(test.images)  # (B, 6, 2)
    scores = model(test.images)
    assert torch.allclose(scores, model.look(test.images, places)[:, -1], atol=1e-5)
print(f"{(scores.argmax(1) == test.labels).float().mean():.0%} right after six glimpses")

# %% [markdown]
# `locations(x)` says where it looks, and `forward(x)` looks exactly there. The weights were trained once for a few minutes, by `python -m visual_attention.mechanisms.trained_glimpses`.
#
# Step through its glimpses. Then choose *You*, and place six glimpses yourself; the same network reads what you look at. Can you find places from which it believes more in the true digit?

# %%
GlimpsePlayer(test.images[:8], test.labels[:8].tolist(), model.state_dict())

# %% [markdown]
# **Predict.** The first glimpse is at the centre. Do the later ones come nearer to the digit, and how near?

# %%
with torch.no_grad():
    distance = (places - test.centres[:, None]).norm(dim=2).mean(dim=0) * 30  # half of 60 pixels
    right = (model.look(test.images, places).argmax(2) == test.labels[:, None]).float().mean(dim=0)
for glimpse in range(6):
    print(f"glimpse {glimpse + 1}: {distance[glimpse]:4.1f} pixels from the digit's middle, {right[glimpse]:.0%} right")

# %% [markdown]
# :::{dropdown} Answer
# The second glimpse is already five pixels from the digit's middle, from thirteen at the start; the later ones come no nearer. They move about on the digit, and each adds a little to the answer.
# :::
#
# ## Does it pay to choose?
#
# Six networks with 123,000 parameters each read the same pictures. **Random glimpses** is the control that matters most: the same network, trained and tested with places that nobody chose.
#
# **Predict.** Who errs least after 1000 steps: learned glimpses, soft attention, the paper's convolutional net, or a net with max pooling?

# %%
claim = registry.claim("hard")
print(claim.rule)
rows = comparison.live(claim, seeds=[0], arms=["learned glimpses", "random glimpses"])
comparison.compare(claim, rows)

# %% [markdown]
# 400 steps of one seed, and the eye has only begun to move. The record has 1000 steps, with the number of seeds beside each arm.

# %%
result = comparison.compare(claim, record.load("hard"))
result

# %% mystnb={"image": {"alt": "Horizontal bars of test error with intervals for six networks: learned glimpses, random glimpses, soft attention, convolutional, max pooling and fully connected."}, "figure": {"caption": "Choosing where to look takes 20 points or more off the error of looking at random. The paper's convolutional net is near; a net with max pooling errs far less than any glimpses.", "name": "fig-hard-record"}}
figure, ax = figures.sheet(size=(6.4, 3.2))
lines = sorted(result.table, key=lambda line: line.mean)
values = {key: [getattr(line, name) for line in lines] for key, name in columns.items()}
figures.bars(ax, **values, label="test error (%)", form="{:.0f}", reference=("guessing", 90))
figure

# %%
for line in lines:
    print(f"{line.arm:17} error {line.mean:4.1f} %, numbers read {line.others['numbers read']:.0f}, seeds {line.seeds}")

# %% [markdown]
# **Choosing pays.** The same network errs by more than 20 points less when it moves its eye than when the eye is moved at random.
#
# The other rows put that in its place. **Soft attention and max pooling err far less**, for about five times the multiplications; both look everywhere first. And four glimpses of 432 numbers are nearly half of so small a picture: the saving is little here. What counts is that it does not grow. On a picture of 600 x 600 pixels the glimpses would still read 1,728 numbers, of 360,000.
#
# ## Does the paper's order hold?
#
# In the paper's table (60 x 60 pixels, clutter, far more digits and far longer training) the error is 4 % with eight glimpses, 8 % for a convolutional net and 12 % for a fully connected one. Here, all is after 1000 steps, so compare the order and not the numbers. Glimpses against the convolutional net, and that against the fully connected one:

# %%
comparison.compare(claim, record.load("hard"), baseline="convolutional")

# %%
print(comparison.compare(claim, record.load("hard"), treatment="convolutional", baseline="fully connected"))

# %% [markdown]
# The fully connected net is last by more than 20 points, as in the paper. **Between glimpses and the paper's convolutional net there is no clear difference** after 1000 steps: the interval holds 0. And that net is a weak rival: eight large filters with large steps. The one with max pooling wins clearly.
#
# The checkpoint looked six times and was trained for 8000 steps: 13.6 % error on 4,000 test pictures. That is still three times the paper's 4 %. The paper had fifteen times as many digits, a larger network and far longer training; how much each of these matters was not measured.
#
# ## Where does it fail?
#
# The model was trained with four pieces of clutter.
#
# **Predict.** With sixteen pieces, what suffers more: finding the digit, or reading it?

# %%
for pieces in (0, 4, 16):
    drawn = translated.batch(500, split="test", clutter=pieces, generator=torch.Generator().manual_seed(5))
    held = drawn.centres[:, None].repeat(1, 6, 1)  # an eye that is told where the digit is ...
    held[:, 0] = 0.0  # ... after the first glimpse
    with torch.no_grad():
        error = (model(drawn.images).argmax(dim=1) != drawn.labels).float().mean()
        told = (model.look(drawn.images, held)[:, -1].argmax(dim=1) != drawn.labels).float().mean()
        far = (model.locations(drawn.images)[:, -1] - drawn.centres).norm(dim=1).mean() * 30
    print(f"{pieces:2} pieces: error {error:.0%}, {far:.1f} pixels off; told where to look, error {told:.0%}")

# %% [markdown]
# Reading suffers. With sixteen pieces the last glimpse is as near to the digit as before, yet the error is several times as large, and telling the eye where the digit is helps little. The clutter lies on the digit too, and the model has never read through so much of it.
#
# Look at the other rows as well: with less clutter, being told the digit's exact middle makes it *worse*. The network has learnt to read from the places that it chooses itself. A map of its places says where it looked; it does not say that these are the best places for anyone else.
#
# ## Exercises
#
# Fill in a function, run its cell, then run the check under it. A check tells you what is not right yet, and you can run it as often as you like. Its number is your score.

# %% [markdown]
# ### 1. Can you take a glimpse? (warm-up, 4 points)
#
# `image` is $(H, W)$, `location` a tensor that holds $x$ and $y$ in $[-1, 1]$, and `size` is even. Return the `size` x `size` pixels around the location, with zeros where the image ends. The location's column is $(x + 1) \, W / 2$ pixels from the left edge and its row $(y + 1) \, H / 2$ from the top; the patch begins half a patch before. Round to whole pixels. Locations far outside of the image must work too.

# %% exercise="cut_glimpse"
def cut_glimpse(image, location, size):
    """The size x size pixels around location (x, y), with zeros where the image ends."""
    return None

# %% check="check_cut_glimpse" points=4
check_cut_glimpse(cut_glimpse)

# %% [markdown]
# ### 2. Can you reward a choice? (4 points)
#
# `log_probabilities`, `rewards` and `baselines` are $(B,)$. Return one number whose gradient is REINFORCE's: a training step, which *lowers* the number, makes choices likelier that paid more than their baseline. Take the mean over the batch. No gradient may flow into rewards or baselines.

# %% exercise="reinforce"
def reinforce(log_probabilities, rewards, baselines):
    """A number whose gradient makes choices likelier that paid more than expected."""
    return None

# %% check="check_reinforce" points=4
check_reinforce(reinforce)

# %% [markdown]
# ### 3. Can you do without drawing? (3 points)
#
# `scores` and `losses` are $(B, N)$: for each image, the score of each choice and the loss that it would lead to. Return the exact gradient of each image's expected loss with regard to its scores, $(B, N)$. Use the formula from above, no autograd. Scores of 1000 must not break it.

# %% exercise="exact_gradient"
def exact_gradient(scores, losses):
    """The gradient of the expected loss with regard to the scores, (B, N), without sampling."""
    return None

# %% check="check_exact_gradient" points=3
check_exact_gradient(exact_gradient)

# %% [markdown]
# ### 4. Can you be hard forward and soft backward? (takes thought, 4 points)
#
# `scores` and `noise` are $(B, N)$; the noise is Gumbel noise, drawn for you. Return, for each image, 1 for the winner of scores plus noise and 0 for the rest. Its *gradient* with regard to the scores must be that of $\text{softmax}((s + g) / \text{temperature})$. Hint: something that is added and taken off again can leave its gradient behind.

# %% exercise="straight_through"
def straight_through(scores, noise, temperature=1.0):
    """1 for the winner of scores + noise, 0 for the rest, with the gradient of a softmax."""
    return None

# %% check="check_straight_through" points=4
check_straight_through(straight_through)

# %% [markdown]
# ## What was seen, and what was not
#
# - A choice has no slope. Drawing it at random gives the expected loss one, and REINFORCE estimates it from one draw at a time.
# - The estimate is right on average and very noisy. A baseline takes most of the noise away, and without it almost nothing is learnt.
# - Gumbel-softmax trades bias for variance. On sixteen cells the biased estimate trained *better* than the exact gradient.
# - Learned glimpses beat random ones by more than 20 points. They did not clearly beat the paper's convolutional net after as many steps, and a net with max pooling beat them.
# - Nothing here shows what glimpses save on large images, where looking everywhere is dear. That is what they were made for.
#
# **Read on.** {cite:t}`mnih2014recurrent` is the model of this chapter; {cite:t}`xu2015show` trains one captioning network with soft and with hard attention; {cite:t}`williams1992simple` has REINFORCE and its baseline; {cite:t}`jang2017categorical` and {cite:t}`maddison2017concrete` found the Gumbel-softmax in the same year.
#
# **Next.** Glimpses come one after the other, and each waits for the last. What if all places could ask all others at once? [Self-attention](self_attention.ipynb) does.
