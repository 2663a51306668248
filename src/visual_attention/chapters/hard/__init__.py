"""What if a network may look at some places and at nothing else?

The mechanisms are `mechanisms/glimpses.py`, `hard.py`, `patch_choice.py` and `policy_gradient.py`. The
worlds are `translated.py`, a digit anywhere among bits of others, and `cells.py`, one whole digit among
halves. The claims about each are `glimpse_claims.py`, `choice_claims.py` and, trained for longer,
`longer_claims.py`; `claims.py` gathers them. `trained.py` has the glimpses trained for longer than a lesson
allows, `widget` lets you place the eye.
"""
