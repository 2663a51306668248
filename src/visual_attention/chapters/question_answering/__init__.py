"""Can a network look where a question sends it, and look again from there?

The world is `grid_world.py` with the questions of `questions.py`; `cell_reader.py` and `reading.py` give
picture and question a form, the networks are `answerers.py` and `cross_attention.py`, `training.py` trains
them on pictures that were read once, `trained.py` has the stored ones. `widget` asks.
"""
