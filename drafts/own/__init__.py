"""On your own pictures: classify a folder, look at a photograph, follow a thing through frames.

The frozen features come from the pretrained transformer of the course; attention does the rest. `folder.py`
reads what lies in a folder and says what cannot be used, `features.py` computes features once, `heads.py`
pools them with and without attention and compares the pools, `classify.py`, `look.py` and `follow.py` are
the three commands as functions, `report.py` writes a page that opens from a folder, and `__main__.py` is
the command line.
"""
