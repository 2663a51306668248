"""Which channels matter for this picture?

The mechanism is `mechanisms/channel.py`, `drawing` draws it. Two contests: on a cue in the colour
(`colour_claims`, with the networks of `cues.py` that the chapter on spatial attention shares) and inside a
residual network (`residual`) on pieces of photographs (`pieces`, `residual_claims`). `worth` draws when a
gate is worth its parameters; `widget` turns one channel up and down.
"""
