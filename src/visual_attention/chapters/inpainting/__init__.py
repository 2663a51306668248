"""Can a hole be filled by copying what its surroundings attend to?

The world is `holes.py`, with `masks.py` for what is missing; the fillers are `peeling.py`, which has
learned nothing, and the networks of `contextual.py`; `scores.py` counts in the hole alone, `trained.py` has
the stored networks. `widget` erases and refills.
"""
