"""What if a network may look at some places and at nothing else?

The mechanisms are `mechanisms/glimpses.py`, `hard.py`, `patch_choice.py` and `policy_gradient.py`. There are
three worlds: `doors.py`, a choice among three; `cells.py`, one whole digit among halves; `translated.py`, a
digit anywhere among bits of others; `banks.py` says which digits serve for what. `choosers.py` has the
networks that choose a cell and `choice_claims.py` the contest of what teaches them, `rewards.py` what they
learn where a reward has another zero; `eyes.py` has the networks that look through glimpses and
`glimpse_claims.py` the contest of who moves the eye, `directed.py` the eyes that a rule moves, or somebody
who knows; `claims.py` gathers both contests. `trained.py` has glimpses trained for longer than a lesson
allows, `widget` lets you place the eye, `drawing.py` draws it; `glimpse_mistakes.py` has what goes wrong in
the exercise on glimpses, `mistakes.py` the rest.
"""
