"""What can be told of a place only by looking at another one, chosen by what stands there?

The mechanisms are `mechanisms/self_attention.py`, `nonlocal_block.py` and `positions.py`; the world is
`data/twins.py`, which other chapters share. `networks.py` holds the contenders that look for twins,
`one_vector.py` asks why bins need fewer pictures, `mutual.py` why one vector does, `written.py` trains a
network around the reader's own heads; `drawing.py` shows the mechanism, `widget.py` mixes three tokens.
"""
