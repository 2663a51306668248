"""What does a softmax do that a gate does not, and what is choosing worth?

The mechanism is `mechanisms/soft.py`, the world `data/clutter.py`, which other chapters share. `pools.py`
holds the networks of the contest of poolings and `claims.py` its rule, `widget` the playground of scores and
weights.
"""
