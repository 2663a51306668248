"""On your own pictures: classify a folder, look at a photograph, follow a thing through frames.

The frozen features come from the pretrained transformer of the course; attention does the rest.

`folder.py` reads what lies in a folder and says what cannot be used; `weights.py` says which weights there
are and fetches them when asked; `features.py` computes features once. `heads.py` pools them with and without
attention, `fitting.py` trains many heads in one go, and `classify.py` compares them on a folder. `look.py`
shows all heads on a photograph; `follow.py` carries a mask through `frames.py`, and `film.py` writes it down.
`page.py` is a page that opens from a folder, `report.py` the one on a folder; `__main__.py` is the command
line, `commands.py` what it runs.

For the chapters' last sections: `segment.py` learns masks from a handful, `fill.py` fills a hole,
`relatives.py` asks which pictures, and which parts of them, are alike. `sample.py` makes small folders of the
same form, and `upload.py` is Colab's button.
"""
