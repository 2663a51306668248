"""What does attention cost, and what may be left out?

`exact.py` gives what softmax attention gives: with the whole matrix, fused, and in blocks with a running
softmax. What follows leaves something out: `local.py` (windows, rows and columns), `compressed.py` (linear,
merged, dropped). `counting.py` counts operations and bytes, `roofline.py` finds the machine's ceilings and
fits exponents, `measure.py` writes the record of times. What leaving out loses is measured in `network.py`
on the twins of `data/twins.py` (`tuning.py` chose its rates, `longer.py` trains for four times as long,
`by_place.py` drops and merges without a choice) and in `stored_maps.py` on maps of the pretrained
transformer; `cost_against_loss.py` draws both. `pairs.py` is a world so small that an exercise can learn it.
`drawing.py` draws the running softmax; `widget` and `running.js` step through it.
"""
