"""Where is the thing of the first picture in all the pictures after it?

The world is `tracks.py`, films of one thing among look-alikes, made by `paths.py`, `sprites.py` and
`films.py`; the networks are `trackers.py` and `controls.py`; `follow.py` trains them on pairs and lets them
follow; `scores.py` says how well, `trained.py` has the stored ones, and `board_guess.py` guesses from the
covers alone. `rabbit.py` is a real film with what a pretrained transformer made of it, and `carried.py`
follows the chapter's own films with no training. `widget` plays a film and covers the target.
"""
