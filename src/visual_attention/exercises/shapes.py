"""Shapes in the letters of the exercise: "wanted (B, C), got (B, C, H): H is still there"."""

import itertools
from collections.abc import Sequence

Sizes = dict[str, int]


def lettered(shapes: Sequence[Sequence[int]], sizes: Sequence[Sizes]) -> list[str] | None:
    """What each axis is in terms of the exercise's sizes, the same for all inputs; None where nothing fits.

    Args:
        shapes: A shape for each input.
        sizes: The sizes of each input, {"B": 2, "H": 3, ...}, with the same letters.
    """
    if len({len(shape) for shape in shapes}) != 1:
        return None
    named = []
    for axis in zip(*shapes, strict=True):
        terms = (words for words, value in expressions(list(sizes[0])) if all_equal(value, sizes, axis))
        word = next(terms, str(axis[0]) if len(set(axis)) == 1 else None)
        if word is None:
            return None
        named.append(word)
    return named


def all_equal(value, sizes: Sequence[Sizes], axis: Sequence[int]) -> bool:
    return all(value(given) == size for given, size in zip(sizes, axis, strict=True))


def expressions(letters: list[str]):
    """Words and a function of the sizes, the simple ones first."""
    yield "1", lambda s: 1
    for a in letters:
        yield a, lambda s, a=a: s[a]
    for a, b in itertools.combinations(letters, 2):
        yield f"{a}*{b}", lambda s, a=a, b=b: s[a] * s[b]
    for a in letters:
        yield f"{a}*{a}+1", lambda s, a=a: s[a] ** 2 + 1
    for a, b in itertools.combinations(letters, 2):
        yield f"{a}+{b}", lambda s, a=a, b=b: s[a] + s[b]
    for a in letters:
        yield f"{a}+1", lambda s, a=a: s[a] + 1
        yield f"2*{a}", lambda s, a=a: 2 * s[a]
        yield f"{a}-1", lambda s, a=a: s[a] - 1
        yield f"{a}*{a}", lambda s, a=a: s[a] ** 2
    for a, b in itertools.combinations(letters, 2):
        yield f"{a}*{b}+1", lambda s, a=a, b=b: s[a] * s[b] + 1
        yield f"2*{a}*{b}", lambda s, a=a, b=b: 2 * s[a] * s[b]
        yield f"4*{a}*{b}", lambda s, a=a, b=b: 4 * s[a] * s[b]
    for a, b in itertools.permutations(letters, 2):
        yield f"{a}*{b}*{b}", lambda s, a=a, b=b: s[a] * s[b] ** 2
    for a, b, c in itertools.combinations(letters, 3):
        yield f"{a}*{b}*{c}", lambda s, a=a, b=b, c=c: s[a] * s[b] * s[c]


def told(shape: Sequence[int], names: list[str] | None) -> str:
    """ "(B, C) = (2, 5)"."""
    numbers = f"({', '.join(map(str, shape))})" if len(shape) != 1 else f"({shape[0]},)"
    if not names or names == [str(n) for n in shape]:
        return numbers
    return f"({', '.join(names)}{',' if len(names) == 1 else ''}) = {numbers}"


def mismatch(got: Sequence[int], want: Sequence[int], gots: list[str] | None, wants: list[str] | None) -> str:
    """In which way a shape differs from the wanted one; empty where nothing simple can be said."""
    one_less, other_less = ([n for n in shape if n != 1] for shape in (got, want))
    if one_less == other_less:
        if len(got) > len(want):
            return "An axis of size 1 remains: `keepdim`, or an index such as `[:1]`?"
        return "An axis of size 1 is lost: keep it by `keepdim`, or bring it back by `[:, None]`."
    if sorted(got) == sorted(want):
        return "The axes stand in another order."
    if count(got) == count(want):
        flat = (
            "still flat: `unflatten` or `view` brings axes back" if len(got) < len(want) else "not joined yet"
        )
        return f"That is the right number of entries, but axes are {flat}."
    if not got:
        return "That is one number for everything: all axes are lost."
    if gots is None or wants is None:
        return ""
    over, under = missing(gots, wants), missing(wants, gots)
    parts = [f"{' and '.join(under)} {'are' if len(under) > 1 else 'is'} lost"] if under else []
    parts += [f"{' and '.join(over)} {'are' if len(over) > 1 else 'is'} still there"] if over else []
    return f"{', '.join(parts)}.".lstrip(".") if parts else ""


def missing(some: list[str], others: list[str]) -> list[str]:
    """The letters of one shape that another does not have; plain numbers tell nothing."""
    rest = list(others)
    return [n for n in some if not n.isdigit() and not (n in rest and rest.remove(n) is None)]


def count(shape: Sequence[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total
