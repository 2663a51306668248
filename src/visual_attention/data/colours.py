"""Which colours do things have where a colour is part of the answer? Six that are told apart at a glance."""

COLOURS = {
    "red": (1.0, 0.15, 0.15),
    "green": (0.1, 1.0, 0.2),
    "blue": (0.25, 0.4, 1.0),
    "yellow": (1.0, 0.9, 0.1),
    "violet": (0.85, 0.25, 1.0),
    "white": (1.0, 1.0, 1.0),
}
