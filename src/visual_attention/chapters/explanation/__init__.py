"""Is the map an explanation? Seven ways to say which cells of a picture a network used, and what is known.

`marked.py` is the world: the digits of `data/clutter.py` and, on some pictures, a mark in a corner that
decides the answer alone; `little.py` is a smaller one for the exercises. `networks.py` has a small
transformer and a small convolutional network. `maps.py` holds the methods and `fillings.py` what a cell is
replaced by; `trials.py` are the tests that a method must pass, `other_weights.py` asks whether other weights
give the same answer. `claims.py` measures, `verdicts.py` has the rule and `table.py` what came of it;
`later_rivals.py` are maps that know no network and were thought of after the run, `signs.py` asks what a map
is without its signs;
`trained.py` has two networks for the page, `deletion.py` prepares what `widget.py` shows, `panels.py` lays
maps out, and `drawing.py` is the chapter's drawing.
"""
