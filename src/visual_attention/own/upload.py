"""How do pictures get into Colab? By a button: pictures, or a folder with sub-folders as a zip.

Where Google Drive is mounted, the path of a folder there is all that is wanted.
"""

import importlib
import tempfile
import zipfile
from pathlib import Path


def folder() -> Path:
    """Ask for files by Colab's button, and give the folder in which they then lie.

    A zip that holds one folder and nothing beside it gives that folder.

    Raises:
        ValueError: outside of Colab, or if nothing was chosen.
    """
    try:
        files = importlib.import_module("google.colab.files")
    except ImportError as error:
        raise ValueError("the button is Colab's: elsewhere give the path of your folder") from error
    place = Path(tempfile.mkdtemp(prefix="uploaded-"))
    chosen = files.upload()
    if not chosen:
        raise ValueError("wanted pictures or a zip of folders, got none")
    for name, content in chosen.items():
        file = place / Path(name).name
        file.write_bytes(content)
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(place)  # leaves out what would lie outside
            file.unlink()
    inside = [item for item in place.iterdir() if item.name != "__MACOSX"]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else place
