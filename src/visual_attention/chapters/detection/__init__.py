"""Does a set of queries find objects better than a grid, above all where they are small or hidden?

The world is `scenes.py`; `backbone.py` looks at it, was trained once and is frozen, and `seen.py` keeps what
it sees. The networks answer from that: `transformer.py` with a set, by `cross_attention.py`, `grid.py` cell
by cell, `rivals.py` with other queries, all in the form of `answers.py`; `drawing.py` draws them.
`training.py` keeps scenes, `set_loss.py` compares two sets, `scores.py` is average precision, `cuts.py`
intervenes, `claims.py` asks the question, `reading.py` says what the answer means. `trained.py` holds
networks that were trained for longer, `nothing.py` a curve over the weight of "no object", `written.py` a
network that learns with the reader's loss, `set_mistakes.py` how that loss goes wrong. `exchanged.py` gives
each side of the contest the other's parts, `steadier.py` its control another rate. `board.py` moves a board
over a picture for `widget`.
"""
