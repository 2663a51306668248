"""What does a softmax do that a gate does not, and what is choosing worth?

The mechanism is `mechanisms/soft.py`, the world `data/clutter.py`, which other chapters share. `pools.py`
holds the networks of the contest of poolings and `claims.py` its rule, `longer.py` asks for four times the
steps; `asked.py` asks one picture for
different things; `widget` is the playground of scores and weights, `drawing.py` draws the pool.
"""
