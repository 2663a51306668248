"""What does a softmax do that a gate does not, and what is choosing worth?

The mechanism is `mechanisms/soft.py`, the world `data/clutter.py`, which other chapters share. `claims.py`
holds the contest of poolings, `widget` the playground of scores and weights.
"""
