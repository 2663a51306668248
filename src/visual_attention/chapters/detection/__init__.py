"""Can a network answer with a set of boxes, and does attention help with small and hidden objects?

The world is `scenes.py`; the networks are `transformer.py`, which answers with a set, and `grid.py`, which
needs a clean-up. `set_loss.py` compares two sets, `training.py` trains all detectors on the same pictures,
`scores.py` is average precision, `trained.py` the stored networks and their curves. `board.py` moves a
board over a picture for `widget`.
"""
