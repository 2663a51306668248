"""What can be told of a place only by looking at another one, chosen by what stands there?

The mechanisms are `mechanisms/self_attention.py`, `nonlocal_block.py` and `positions.py`. The worlds are
`data/twins.py`, where it is needed and which other chapters share, and `textures.py`, where it is not;
`widget` mixes three tokens.
"""
