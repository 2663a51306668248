"""How does a photograph of your own become what the classifier can read?

The network was trained on 48 x 48 grey pixels: dim pieces of photographs, with one bright digit on top. A
photograph of any size, from a file, an upload or an array, is brought into that form here.

Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.own_photograph
"""

from typing import Any

from torch import Tensor

from visual_attention import pictures
from visual_attention.chapters.classification.sizes import CANVAS
from visual_attention.data import photographs
from visual_attention.data.clutter import BACKGROUND

INKS = ("none", "bright", "dark")


def prepare(photograph: Any, *, ink: str = "none", side: int = CANVAS) -> Tensor:
    """A photograph as the network gets its pictures: grey, its centred square, stretched from dark to bright.

    Args:
        photograph: a path, the bytes of an image file, an image of Pillow, an array or a tensor, in any of
            the forms that `pictures.opened` takes.
        ink: "none" if the photograph is to be a background: it is dimmed to 0.6, as those of the training.
            "bright" if it holds a digit brighter than all around it (chalk on a board), "dark" if one darker
            (a pen on paper): then it is turned round.
        side: pixels of the result's side.

    Shape:
        (1, 1, side, side), float32 in [0, 1].

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read as a picture.
    """
    if ink not in INKS:
        raise ValueError(f"ink: wanted one of {INKS}, got {ink!r}")
    colours = photographs.as_tensor(pictures.opened(photograph, enough=side))
    grey = colours.mean(dim=0, keepdim=True)  # (1, H, W)
    small = photographs.fitted(grey, side)
    low, high = small.aminmax()
    stretched = (small - low) / (high - low).clamp_min(1e-6)
    if ink == "none":
        stretched = BACKGROUND * stretched
    return (1 - stretched if ink == "dark" else stretched)[None]


def main() -> None:
    """Prepare a photograph of the course in each of the ways."""
    cat = photographs.load("cat")
    for ink in INKS:
        ready = prepare(cat, ink=ink)
        print(f"ink {ink:6} {tuple(ready.shape)}, from {ready.min():.2f} to {ready.max():.2f}")


if __name__ == "__main__":
    main()
