"""Which places matter for this picture?

The mechanisms are `mechanisms/spatial.py` and `cbam.py`, `drawing.py` draws them; the worlds are
`data/overlaid.py` and `data/materials.py`, and the contest's networks those of `cues.py`, shared with the
chapter on channel attention. `steady.py` asks whether the verdict hangs on a rate, and `only_shut.py`
whether it must be a product. `gate_table.py` compares all gates, `gates.py` draws them, `widget` lets you
paint where a network may look.
"""
