# %% [markdown]
# # Where should a network look when you ask it something?
#
# So far a picture came alone, and the network looked where the picture told it to. Now somebody asks: *what colour is the disc?* The same picture has to be looked at in another way for the next question. This is **visual question answering**, and attention was made for it: the question is the query. This chapter builds a small world in which every answer is known, measures how far one gets *without* looking, and then looks once, and twice.

# %%
import torch
from torch.nn import functional as F

from visual_attention.applications import cell_reader, question_training, trained_answerer
from visual_attention.applications.question_answering import (
    ConcatenatingAnswerer,
    StackedAnswerer,
    StackedAttention,
)
from visual_attention.data import grid_world, questions
from visual_attention.exercises.question_answering import (
    check_blind_guess,
    check_look,
    check_two_looks,
    check_word_shares,
)
from visual_attention.experiments import comparison, record, registry
from visual_attention.training import seeded
from visual_attention.view import figures
from visual_attention.view.question_explorer import AnsweredScene, QuestionExplorer

# %% mystnb={"image": {"alt": "Three dark, textured pictures. On each lie six coloured things on an invisible grid of four by four: discs, squares, triangles, crosses and handwritten digits in red, green, blue and yellow. Above each stands a question with its answer."}, "figure": {"caption": "Six things over a photograph, drawn shapes and real handwritten digits, and a question about each scene.", "name": "fig-question-scenes"}}
figures.use_style()
kinds = torch.tensor([0, 2, 3])  # attribute, relation, comparison
drawn = questions.batch(3, split="test", kinds=kinds, generator=torch.Generator().manual_seed(5))
figure, axes = figures.sheet(1, 3, size=(8.4, 3.2))
for ax, image, number, answer in zip(axes, drawn.images, drawn.numbers, drawn.answers, strict=True):
    text = questions.texts()[number].replace(" the thing", "\nthe thing").replace(" the same", "\nthe same")
    figures.show_image(ax, image, title=f"{text}?\n{questions.ANSWERS[answer]}")
figure

# %% [markdown]
# ## How far do you get without looking?
#
# There are five kinds of question: **attribute** (what colour is the disc), **count** (how many things are red), **relation** (what colour is the thing left of the 7), **comparison** (is the disc the same colour as the 7) and **existence** (is there a red disc). The answers are ten: four colours, *none* to *three*, *no* and *yes*.
#
# **Predict.** You hear the question and see no picture. How often can you be right?
#
# - one time in ten, there are ten answers
# - about every third time
# - more than half of the time
#
# :::{dropdown} Answer
# About every third time. A question tells which answers are possible: two for *is*, four for *what colour* and *how many*. That is (25 + 25 + 25 + 50 + 50) / 5 = 35 %. In many collections of photographs it is far more, because people ask about what is there: the answer to "is there a clock?" is nearly always yes {cite}`goyal2017making`.
# :::
#
# Here the scene is drawn first, without a look at the question, and the question so that its answers are balanced. Count it: the best guess for each kind, from 20,000 questions.

# %%
scenes = grid_world.draw(20_000, split="train", generator=torch.Generator().manual_seed(0))
kinds = torch.arange(20_000) % 5
asked = questions.ask(scenes, kinds, generator=torch.Generator().manual_seed(1))
for kind, name in enumerate(questions.KINDS):
    shares = asked.answers[kinds == kind].bincount() / 4_000
    print(f"{name:11} commonest answer {questions.ANSWERS[shares.argmax()]:6} {shares.max():.1%}")

# %% [markdown]
# ## How does a question look?
#
# The picture is cut into $N$ regions with a vector $v_i$ each, the question is one vector $u$. **Stacked attention** {cite}`yang2016stacked` compares the question with each region and shares out a budget of 1:
#
# $$s_i = w^\top \tanh(W_I v_i + W_Q u + b), \qquad p = \operatorname{softmax}(s), \qquad u' = u + W_V \sum_i p_i v_i .$$
#
# What was found is *added* to the question. So the next look, called the next **hop**, asks with $u'$: a question that knows what the first look saw. By hand, with two regions and scores that are dot products:

# %%
regions = torch.tensor([[4.0, 0.0, 0.0], [0.0, 0.0, 3.0]])  # (N, D): what each region holds
question = torch.tensor([1.0, 0.0, 0.0])  # asks for the first number
first = torch.softmax(regions @ question, dim=0)
refined = question + first @ regions  # (D,)
print("first look", first.numpy().round(3), " refined question", refined.numpy().round(2))

# %% [markdown]
# The module has the scores of the paper. One hop is four lines, and a loop carries the question on:
#
# ```{literalinclude} ../../src/visual_attention/applications/question_answering.py
# :language: python
# :pyobject: StackedAttention.hop_weights
# ```
#
# ```{literalinclude} ../../src/visual_attention/applications/question_answering.py
# :language: python
# :pyobject: StackedAttention._look
# ```

# %%
with seeded(0):
    module = StackedAttention(3, hops=2, hidden=4)
u, v = question[None], regions[None]
compared = torch.tanh(module.of_regions[0](v) + module.of_question[0](u)[:, None])  # (1, N, hidden)
naive = module.score[0](compared)[..., 0].softmax(dim=1)
assert torch.allclose(naive, module.weights(u, v)[:, 0])
asks_again = u + module.value[0]((naive[..., None] * v).sum(dim=1))
assert torch.allclose(module.hop_weights(1, asks_again, v), module.weights(u, v)[:, 1])
print("module = naive, in both hops")

# %% [markdown]
# **Predict.** In the paper there is no $W_V$: what a hop found is added as it is. Think of *what colour is the thing left of the disc?* The first look finds the disc, the second its neighbour, and both are added up. What is lost?
#
# - nothing, addition keeps everything
# - which of the two colours belongs to which look
# - the place of the disc
#
# :::{dropdown} Answer
# Which colour belongs to which look: red + blue = blue + red. With a matrix $W_V$ for each hop, the two finds can go to different numbers of $u$.
# :::
#
# ## Who reads the picture?
#
# In the paper, the regions are features of a network that was trained on something else and then left alone. Here it is a small convolutional network that was trained to name the thing in a single cell. It sees each cell by itself: what lies *left of* a thing can only be told by looking there. All networks of this chapter share it.

# %%
reader = trained_answerer.load("reader")
print(f"{cell_reader.accuracy(reader):.1%} of new things are named with their colour")
with torch.no_grad():
    cells = reader(drawn.images)  # (3, 16, 32)
    told = reader.told(drawn.images)
print("features", tuple(cells.shape))
print("it reads", [cell for cell in grid_world.told(told.names[0], told.colours[0]) if cell])
print("there is", [cell for cell in grid_world.told(*(part[0] for part in drawn.scenes)) if cell])

# %% [markdown]
# ## Does looking help? A first try
#
# One kind of question is enough to see it: *what colour is the disc?* A network that looks, against one that gets all sixteen regions and the question in one long vector, with as many parameters. Both learn from the same questions.

# %%
words, answers = len(questions.vocabulary()), len(questions.ANSWERS)
draw = torch.Generator().manual_seed(0)
learnt = question_training.pool(reader, 800, split="train", each=8, only="attribute", generator=draw)
unseen = question_training.pool(reader, 400, split="test", only="attribute", generator=draw)
for build in (StackedAnswerer, ConcatenatingAnswerer):
    with seeded(0):
        model = build(words, answers)
    question_training.train(model, learnt, steps=250, generator=torch.Generator().manual_seed(1))
    share = question_training.answered(model, unseen).float().mean()
    print(f"{build.__name__:22} {share:.0%} right after 250 steps")

# %% [markdown]
# WHAT_THE_TRY_SHOWED
#
# ## Ask it yourself
#
# These weights were trained for longer, on all kinds. Pick a question or **type** one; above the scene you see how much each word counts, below it where each look goes.

# %%
model = trained_answerer.load("two hops")
shown = questions.batch(4, split="test", generator=torch.Generator().manual_seed(12))
about = trained_answerer.everything_about(model, shown.images, shown.scenes)
views = [AnsweredScene(*each) for each in zip(shown.images, *about[:4], strict=True)]
texts = [questions.texts()[number] for number in questions.everything()]
sorts = [questions.kind_of(number) for number in questions.everything()]
QuestionExplorer(
    views, texts, sorts, questions.ANSWERS, about.words, same_word=questions.SAME_WORD, start=8
)

# %% [markdown]
# WIDGET_TEXT
#
# ## Does it hold? The record
#
# Seven networks, five seeds each, 1,000 steps of 128 questions. All get the same regions and the same questions, and have as many parameters within 5 %. *Uniform weights* take the mean of all cells. Two networks are deprived: *question alone* never sees the picture, *picture alone* never hears the question. They measure what the other half gives away. Rule, arms and margin were written before the run.

# %%
claim = registry.claim("question_answering")
rows = record.load("question_answering")
comparison.compare(claim, rows)

# %% mystnb={"image": {"alt": "FIGURE_ALT"}, "figure": {"caption": "FIGURE_CAPTION", "name": "fig-question-kinds"}}
names = ("two hops", "transformer", "concatenation", "question alone", "picture alone")
figure, axes = figures.sheet(1, 5, size=(9.6, 2.9))
for ax, kind in zip(axes, questions.KINDS, strict=True):
    lines = comparison.compare(claim, rows, metric=kind).table
    means = {line.arm: line.mean for line in lines}
    labels = names if kind == "attribute" else [""] * len(names)
    figures.bars(ax, labels, [means[name] for name in names], form="{:.0f}")
    ax.set(title=kind, xlim=(0, 130), xticks=[0, 50, 100])
figure

# %% [markdown]
# RECORD_FOUND
#
# ## Where do the looks go?
#
# POINTING_TEXT

# %%
for name in ("weight on what is asked", "relation, look 1: the named thing", "relation, look 2: its neighbour"):
    lines = comparison.compare(claim, rows, metric=name, baseline="uniform weights").table
    print(f"{name:34}", ", ".join(f"{line.arm} {line.mean:.0f} %" for line in lines))

# %% [markdown]
# ## Where does it fail?
#
# FAIL_TEXT

# %% [markdown]
# ## Exercises
#
# Fill in a function, run its cell, then run the check under it. A check tells you what is not right yet, and you can run it as often as you like. Its number is your score.

# %% [markdown]
# ### 1. Can you look once? (warm-up, 3 points)
#
# `question` is $(B, D)$, `regions` is $(B, N, D)$. The score of a region is its dot product with the question, divided by $\sqrt D$. Return the shares of the regions, $(B, N)$.

# %% exercise="look"
def look(question, regions):
    """How much a question (B, D) takes from each of the regions (B, N, D): (B, N)."""
    return None

# %% check="check_look" points=3
check_look(look)

# %% [markdown]
# ### 2. Can you look again? (4 points)
#
# Use the same scores twice. What the first look finds, the weighted sum of the regions, is added to the question; the second look asks with that. Return the weights of both looks, $(B, 2, N)$.

# %% exercise="two_looks"
def two_looks(question, regions):
    """The weights of the first look and of the second, (B, 2, N)."""
    return None

# %% check="check_two_looks" points=4
check_two_looks(two_looks)

# %% [markdown]
# ### 3. Can you leave the padding out? (4 points)
#
# Questions of different lengths come in one table, filled up with 0. `scores` and `words` are $(B, L)$. Return the softmax of the scores over the words that are there, and 0 at the padding; 0 everywhere if there is no word at all.

# %% exercise="word_shares"
def word_shares(scores, words):
    """The softmax of scores (B, L) over the words that are there, 0 at the padding: (B, L)."""
    return None

# %% check="check_word_shares" points=4
check_word_shares(word_shares)

# %% [markdown]
# ### 4. How far does habit go? (takes thought, 4 points)
#
# Before you believe a network that answers questions, find out what the questions give away. `numbers` and `answers` are $(M,)$: which question was asked, and its answer. For each new question, guess the commonest old answer to it (the smallest index among equals), or the commonest of all old answers if it never came before. Return the share of right guesses, one number in a tensor.

# %% exercise="blind_guess"
def blind_guess(numbers, answers, new_numbers, new_answers):
    """How often the commonest old answer to a question is right for new scenes: a share."""
    return None

# %% check="check_blind_guess" points=4
check_blind_guess(blind_guess)

# %% [markdown]
# ## What was seen, and what was not
#
# SEEN_TEXT
#
# **Read on.** {cite:t}`yang2016stacked` show their looks, hop by hop, on photographs. {cite:t}`goyal2017making` found that networks answered by habit, and paired each question with two pictures that have different answers. {cite:t}`johnson2017clevr` made a world like this one, with questions of many steps. {cite:t}`tan2019lxmert` let words and regions attend to each other in a large transformer.
#
# **Next.** Which claims of this course have held, and which have not? They are all on one page: [what attention helps with](../../book/claims.md).
