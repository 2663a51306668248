"""Does attention help? The controlled comparison behind each claim of the course.

There are two kinds of claim. The newer one is a `Question` (question.py): chapters/soft/claims.py is the
worked example. It keeps three questions apart (learns faster, ends higher, needs fewer pictures), tunes the
rate of each contender alike (tuning.py), scores the whole curve of one training (curves.py), holds attention
against trivial answers, rivals and a control without a choice (verdict.py), and asks whether the answer
hangs on one setting (specification.py). Its rule is hashed into each row of its record (ledger.py). For
authors:

- `QUESTIONS = [Question(...)]` in the room's `claims.py`; the page of claims shows it by itself.
- A `Task` draws examples for "train", "validation" and "test", which share nothing, gives the loss and the
  scores, and names the cuts: interventions on the trained network that may carry the word *because*.
- `python -m visual_attention.experiments run soft` prints an estimate, makes what the record lacks and goes
  on where it was interrupted; `--jobs`, `--scheduler` as below. `QUICK=1` in the environment makes three
  seeds and a quarter of the steps beside the record, and compares the signs.
- What an attacker asks afterwards has a record of its own: the same training at another rate is an `Again`
  (again.py), contenders that were missing are `Joined` (joined.py), and what more validation seeds would have
  chosen is `MoreSeeds` (more_seeds.py). What is none of these keeps its rows with `lines` (lines.py).
- In the notebook: `contest = answer.answer(registry.question("soft"))`, then `contest.verdicts`,
  `words.sentence`, `sections.curves`, `sections.Table`, `sections.settings`.

The older kind, a `Claim`, is described here until its chapters have followed. Write `claims.py` with
`CLAIMS = [Claim(...)]`; it is found by itself. A claim has arms (ways to build a model), a `measure` that
trains and tests one model and returns its metrics, and a rule that is written down before the run:

    Claim(
        name="soft",                      # stem first; "soft-longer" for a second claim of the chapter
        chapter="mechanisms/soft",
        statement="what the article asserts, in our words",
        question="Does ...?",
        arms=(Arm("attention pooling", "attention", build), Arm("average pooling", "without", build), ...),
        measure=measure,                  # (model, arm, seed, budget) -> {"accuracy": 67.1, "pointing": 0.9}
        metric="accuracy",                # in percent, so that a margin of 20 means 20 points
        treatment="attention pooling",
        baseline="average pooling",
        margin=20,
        budgets={"live": Budget(steps=150, test=512), "full": Budget(steps=500, test=2000)},
    )

- The runner seeds torch, builds `arm.build()`, seeds again and calls `measure`, all in one thread. Draw
  data from generators seeded with `seed`, so that all arms of a seed see the same batches: comparisons
  are paired.
- Parameters of all arms of role "attention" and "without" (or those that `matched` names) must agree
  within 5 %, or nothing runs.
- `python -m visual_attention.experiments run cost --seeds 5 --jobs 2` appends to the room's
  records/cost.jsonl and continues where it was interrupted; commit that file. `list` and `show` tell how
  things stand.
- In the notebook:

      from visual_attention.experiments import comparison, record, registry
      claim = registry.claim("cost")
      comparison.compare(claim, comparison.live(claim))                       # a short run of 2 seeds
      comparison.compare(claim, record.load("cost"))                         # the committed record
      comparison.compare(claim, record.load("cost"), baseline="convolution")  # against another arm

- `pointing.share(weights, masks)` is the share of the weight on the object, `pointing.area(masks)` what
  weights that know nothing would get."""
