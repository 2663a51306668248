"""Which channels matter for this picture?

The mechanism is `mechanisms/channel.py`, the worlds `data/overlaid.py` and `data/materials.py`, shared with
the chapter on spatial attention as are the networks of `cues.py`. `widget` turns one channel up and down.
"""
