"""Can a hole be filled by copying what its surroundings attend to?

`holes.py` has pictures of 48 x 48 to look at and to fill, with `masks.py` for what is missing; `wallpaper.py`
has smaller ones from which networks learn in seconds. The fillers are `peeling.py`, which has learned
nothing, and the networks of `contextual.py`, which `drawing.py` draws; `pasted.py` shows from where
something was copied. `scores.py` compares with the pixels that were there, `looks.py` with how they looked.
`contest.py` holds what the contenders share, `cuts.py` changes a trained network's weights, `attacked.py`
tries to turn the verdict. `placed.py` lets copies be chosen by place alone, `longer.py` trains four times as
long, `bolder.py` at a higher rate, `inwards.py` peels with mistakes taken out. `trained.py` has the stored
networks, `written.py` trains the reader's own layer, `copying_mistakes.py` knows what can go wrong where
pixels are copied. `widget` erases and refills.
"""
