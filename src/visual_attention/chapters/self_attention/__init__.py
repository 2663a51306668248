"""What can be told of a place only by looking at another one, chosen by what stands there?

The mechanisms are `mechanisms/self_attention.py`, `nonlocal_block.py` and `positions.py`; the world is
`data/twins.py`, which other chapters share. `networks` are the contenders that look for twins, `written`
trains a network around the reader's own heads; `drawing` shows the mechanism, `widget` mixes three tokens.
"""
