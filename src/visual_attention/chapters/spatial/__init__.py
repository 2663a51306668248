"""Which places matter for this picture?

The mechanisms are `mechanisms/spatial.py` and `cbam.py`, the worlds `data/overlaid.py` and
`data/materials.py`, shared with the chapter on channel attention as are the networks of `cues.py`.
`gate_table.py` compares all gates, `gates.py` draws them, `widget` lets you paint where a network may look.
"""
