"""Does attention help? The controlled comparison behind each claim of the course.

For authors of a chapter. Write `claims.py` in the chapter's room, with `CLAIMS = [Claim(...)]`
(chapters/soft/claims.py is the worked example); it is found by itself, and the page of claims shows it
once it has a record. A claim has arms (ways to build a model), a `measure` that trains and tests one model
and returns its metrics, and a rule that is written down before the run:

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
- `python -m visual_attention.experiments run soft --seeds 5 --jobs 2` appends to records/soft.jsonl of the
  room and continues where it was interrupted; commit that file. `list` and `show soft` tell how things stand.
- In the notebook:

      from visual_attention.experiments import comparison, record, registry
      claim = registry.claim("soft")
      comparison.compare(claim, comparison.live(claim))                       # a short run of 2 seeds
      comparison.compare(claim, record.load("soft"))                          # the committed record
      comparison.compare(claim, record.load("soft"), baseline="max pooling")  # against another arm

- `pointing.share(weights, masks)` is the share of the weight on the object, `pointing.area(masks)` what
  weights that know nothing would get."""
