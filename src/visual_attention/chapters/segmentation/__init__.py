"""Which pixels are meant, and what does attention give when something elsewhere, or a click, decides it?

The worlds are `lookalikes.py`, where only another place tells, `clicks.py`, where a click does, and
`coin_masks.py`, the coins of a real photograph. The networks are in `unet.py` and `prompt.py`, drawn by
`drawing.py`, and `click_rivals.py`; `cuts.py` switches branches off, `asking.py` asks and cuts what clicks
ask, `scores.py` judges masks and outlines. `trained.py` and `trained_clicks.py` have the stored networks,
`trained_encoder.py` what clicks look at, and `untrained.py` cuts out with a transformer that nobody trained
to. Two contests: `context_claims.py` and `click_claims.py`. `steadier.py` has another rate, `which_way.py`
asks which branch a network trained again hangs on, and `place_alone.py` what a click's look reads.
`written.py` trains the reader's own look, and `look_mistakes.py` has the mistakes of the exercises on looks.
`widget` asks a place where it looks; `click_widget.py` answers clicks in the page.
"""
