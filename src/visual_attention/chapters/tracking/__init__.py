"""Where is the thing of the first picture in all the pictures after it?

The world is `tracks.py`, films of one thing among look-alikes, made by `paths.py`, `sprites.py` and
`films.py`. Two small trackers, one layer each, are in `trackers.py`, their control in `controls.py`;
`follow.py` trains them on pairs and lets them follow, `scores.py` says how well, `trained.py` has the stored
ones. The contest is in `claims.py`: `finding.py` makes its examples, `encoder.py` their features, `fusion.py`
is the tracker of one stream, `finders.py` has its rivals, `finding_cuts.py` cuts it, `trained_finders.py`
has four of them stored, `followed.py` lets these follow films, and `drawing.py` draws the network. `leak.py`
trains probes in careless worlds, and `board_guess.py` guesses from the covers alone. `rabbit.py` is a real
film with what a pretrained transformer made of it, and `carried.py` follows the chapter's own films with no
training. `widget` plays a film and covers the target; `asked.py` trains a tracker around a reader's
attention, and `ask_mistakes.py` has that exercise's plausible mistakes. `attacked.py` has what outsiders
tried on stored trackers and on films; `placed.py` gives positions to two rivals and takes the grid away.
"""
