"""Which of several look-alikes is meant, and does attention draw its outline better?

The worlds are `lookalikes.py`, where only another place tells, and `coin_masks.py`, the coins of a real
photograph; the networks are in `unet.py`; `scores.py` judges masks and outlines, `trained.py` has the
stored network, `untrained.py` cuts out with a transformer that nobody trained to. `widget` asks a place
where it looks.
"""
