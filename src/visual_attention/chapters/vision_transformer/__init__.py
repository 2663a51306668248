"""Can a picture be read as a sequence of patches, and what do real weights look at?

The mechanisms are `mechanisms/vision_transformer.py`, `position_grid.py`, `pretrained.py` and
`checkpoints.py`; `drawing.py` shows the first. The world of the contest is `anywhere.py`, its contenders are
in `networks.py`, those of an attack on it in `controls.py`. `packing.py` made the stored maps of
`data/packs`; the widget is the explorer of `view`, which other chapters share. `probes.py` reads digits from
the stored features of `features.py`. `written.py` trains a transformer of the reader's own blocks,
`block_mistakes.py` knows what goes wrong in them.
"""
