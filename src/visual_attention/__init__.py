"""Where to Look: attention in computer vision, by hand."""

__version__ = "0.1.0"
