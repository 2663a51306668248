"""Does a network that classifies gain by looking at the most relevant region?

The world is `sizes.py`, digits of known size among clutter; the network `classifier.py`, with a slot for
every kind of attention; `trained.py` has one trained for longer than a lesson allows. `own_photograph.py`
and `plain_network.py` bring a photograph of the reader's into the page, where `widget` runs the network.
"""
