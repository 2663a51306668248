"""Is the map an explanation? Seven ways to say which cells of a picture a network used, and what is known.

`marked.py` is the world: the digits of `data/clutter.py` and, on some pictures, a mark in a corner that
decides the answer alone; what is a mark to a network is a decoy to its twin. `little.py` is a smaller world
for the exercises. `networks.py` has a small transformer and a small convolutional network. `maps.py` holds
the methods, `signs.py` the same with their signs, without them or from another start, `rivals.py` maps that
know no network, and `fillings.py` what a cell is replaced by; `trials.py` are the tests that a method must
pass, `other_weights.py` asks whether other weights give the same answer. `measures.py` has all numbers of a
method and of a network, `claims.py` makes the runs, `verdicts.py` has the rule and `table.py` what came of
it; `trained.py` has three networks for the page, `deletion.py` prepares what `widget.py` shows, `panels.py`
lays maps out, `attacked.py` is what outsiders tried on the page's networks, `afterwards.py` what they tried
on those of the record, and `drawing.py` is the chapter's drawing.
"""
