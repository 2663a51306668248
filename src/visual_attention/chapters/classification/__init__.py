"""Does a network that classifies gain by looking at the most relevant region?

The world is `sizes.py`, digits of known size among clutter; the network `classifier.py`, with a slot for
every kind of attention, and `drawing.py` draws it; `trained.py` has one trained for longer than a lesson
allows. `steadier.py` asks what other rates give. `cuts.py` intervenes on a trained network's map,
`attacked.py` counts what outsiders asked of it, and `gradcam.py` makes a map for any network. `garments.py`
holds what a pretrained transformer made of real garments, and `written.py` trains the reader's own pool on
it. `own_photograph.py` and `plain_network.py` bring a photograph of the reader's into the page, where
`widget` runs the network.
"""
