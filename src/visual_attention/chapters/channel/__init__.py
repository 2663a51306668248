"""Which channels matter for this picture?

The mechanism is `mechanisms/channel.py`, `drawing.py` draws it. Two contests: on a cue in the colour
(`colour_claims.py`, with the networks of `cues.py` and the task of `cue_task.py` that the chapter on
spatial attention shares) and inside a residual network (`residual.py`) on pieces of photographs
(`pieces.py`, `residual_claims.py`). `gentler.py` asks what hangs on a rate or on a ReLU, `halved.py`
whether a constant does as well as a gate there; `worth.py` draws when a gate is worth its parameters;
`widget` turns one channel up and down.
"""
