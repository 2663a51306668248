"""Can a network look where a question sends it, look again from there, and answer in words?

The large world is `grid_world.py` with the questions of `questions.py`; `cell_reader.py` and `reading.py`
give picture and question a form, `answerers.py` looks and looks again, `training.py` trains on pictures that
were read once, `trained.py` has the stored network, and `widget` asks it; `trained_reader.py` has the eyes.

The small world, in which relations are learnt, is `small_world.py`; `placed.py` gives cells and words their
places. The contenders: `readings.py`, `streams.py` (with the blocks of `cross_attention.py`), `modulated.py`
and `plain.py`; `asking.py` teaches, judges and cuts them, `claims.py` has the rule, and `longer.py` lets some
learn on. `repaired.py` trains the reader's own second look and counts how often that succeeds; `attacked.py`
has what an outsider tried.

Pictures as tokens: `sentences.py` says what is there and what is not, `decoder.py` learns to say it,
`inventing.py` counts what it invents, `anew.py` what must be shown anew, and `noticing.py` what its stream
knows of absent things. `trained_decoders.py` has the stored ones, and `decoder_widget.py` asks them in the
page. `drawing.py` draws; `checks.py`, `mistakes.py` and `stream_mistakes.py` check exercises.
"""
