"""Do the distant parts of a picture agree better when they attend to each other while it forms?

The world is `mirrored.py`, pictures of which agreement can be measured; the generator is `transformer.py`
with the steps of `flow_matching.py`, its rivals are in `mixing.py`, and `best_velocity.py` is the one
without fault. `cutting.py` takes weights away, `realism.py` asks a classifier what is real, `trained.py`
has the stored networks, `widget` moves through time.
"""
