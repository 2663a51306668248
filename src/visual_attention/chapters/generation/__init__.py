"""Do the distant parts of a picture agree when they attend to each other, and to words, while it forms?

Two worlds, of which agreement can be measured: `mirrored.py`, where the counterpart's place is fixed, and
`moving.py`, where a twin may lie anywhere. The generator is `transformer.py` with the steps of
`flow_matching.py`, its rivals are in `mixing.py` and `others.py`, and `best_velocity.py` is the one without
fault. `cutting.py` and `moving_cuts.py` take weights away; `moving_claims.py` is the contest, which
`others_tried.py` joins later and `moving_attacked.py` cuts once more; `trained.py` has the stored networks,
`widget` moves through time.

Words: `sentences.py` reads and encodes them, `worded.py` draws and judges their pictures with `judge.py`,
`word_transformer.py` is the network whose patches ask, drawn by `drawing.py`; `steering.py` trains and
measures it, `words_widget.py` runs it in the page, `relation.py` asks what one word is for,
`words_attacked.py` what becomes of words that are handed and not asked. `realism.py` asks what is real.
`written.py` trains the reader's own question, and `word_mistakes.py` has the mistakes of the exercises on
words.
"""
