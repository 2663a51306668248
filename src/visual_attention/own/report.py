"""What does a reader want to know of a folder: how good, what for what, what to distrust, where it looked."""

from html import escape

from visual_attention.own import fitting, heads
from visual_attention.own.classify import Classified
from visual_attention.own.folder import read
from visual_attention.own.page import items, page, percent, pictured, signed, span, table

SHOWN = 200  # pictures in a report, at most
FEW = 100  # pictures from which on intervals are narrow enough not to be warned of
NEAR = 0.1  # a test within so much of the whole picture's accuracy is called as good


def of_folder(result: Classified, name: str, *, size: int, stand_in: bool = False) -> str:
    """The report on a folder: accuracies, confusions, what to distrust, where attention looked.

    Args:
        result: what `classify` found.
        name: the folder's.
        size: side of the pictures in pixels.
        stand_in: whether nobody trained the network that gave the features.
    """
    parts = [warning() if stand_in else "", summary(result), pools(result), confusions(result)]
    parts += [distrust(result), gallery(result, size), left_out(result), onward()]
    return page(f"Where attention looks: {name}", "\n".join(part for part in parts if part))


def warning() -> str:
    """What is said where the features come from nowhere."""
    return (
        "<p><strong>These features come from a small network that nobody trained.</strong> The report shows "
        "what you would get, not how good it would be.</p>"
    )


def summary(result: Classified) -> str:
    """The first paragraph."""
    first = result.scores[0]
    low, high = first.interval()
    return (
        f"<p>{len(result.found.paths)} pictures in {len(result.found.classes)} classes. Each was named by an "
        "attention pool that had not seen it in training, and that was right in "
        f"<strong>{percent(first.accuracy)}</strong> of the cases (95 % interval {percent(low)} to "
        f"{percent(high)}). Always answering the most frequent class would be right in "
        f"{percent(result.chance())}.</p>"
    )


def pools(result: Classified) -> str:
    """The pools beside each other, and what attention adds to each."""
    rows, drawn = [], []
    for score in result.scores:
        low, high = score.interval()
        gain = "–"
        if score.pool != heads.ATTENTION:
            mean, less, more = fitting.difference(result.scores[0], score)
            gain = f"{signed(mean)} ({signed(less)} to {signed(more)})"
        rows.append([score.pool, percent(score.accuracy), f"{percent(low)} to {percent(high)}", gain])
        drawn.append(span(score.accuracy, low, high))
    head = ["pool", "right", "95 % interval", "attention minus it, points", "0 to 100 %"]
    told = "The same frozen features, pooled in four ways; each picture named while it was left out."
    return f"<h2>Does attention help here?</h2>{table(told, head, rows, drawn)}<p>{verdict(result)}</p>"


def verdict(result: Classified) -> str:
    """What the differences allow to say."""
    better, worse, level = [], [], []
    for score in result.scores[1:]:
        _, low, high = fitting.difference(result.scores[0], score)
        (better if low > 0 else worse if high < 0 else level).append(score.pool)
    said = [
        f"{text} {' and '.join(f'the {name}' for name in names)}"
        for text, names in (("ahead of", better), ("behind", worse), ("not clearly different from", level))
        if names
    ]
    return f"On these pictures the attention pool is {'; it is '.join(said)}."


def confusions(result: Classified) -> str:
    """What was taken for what."""
    names = result.found.classes
    rows = [[name, *map(str, line)] for name, line in zip(names, result.confusions().tolist(), strict=True)]
    told = "How many pictures of each class (rows) the attention pool took for which (columns)."
    return f"<h2>What is taken for what?</h2>{table(told, ['true class', *names], rows)}"


def distrust(result: Classified) -> str:
    """How the accuracy may deceive, each with the number that speaks for or against it."""
    whole = result.scores[0].accuracy
    rows, drawn = [], []
    for name, score in (
        ("the whole picture", result.scores[0]),
        ("sixteen pieces that change places (confetti)", result.confetti),
        ("a margin only, the middle covered", result.border),
    ):
        low, high = score.interval()
        rows.append([name, percent(score.accuracy), f"{percent(low)} to {percent(high)}"])
        drawn.append(span(score.accuracy, low, high))
    told = "Trained and asked anew on pictures of which something was taken away."
    said = items(
        [
            few(result),
            shortcut("Without any whole thing", result.confetti.accuracy, whole, result.chance(), "shapes"),
            shortcut("Without the middle", result.border.accuracy, whole, result.chance(), "the middle"),
            twins(result),
            "A bright patch shows where weight went, not why the answer was given.",
        ]
    )
    head = ["what is shown", "right", "95 % interval", "0 to 100 %"]
    return f"<h2>What to distrust</h2>{table(told, head, rows, drawn)}{said}"


def few(result: Classified) -> str:
    """How far to trust so many pictures."""
    count = len(result.found.paths)
    if count >= FEW:
        return f"{count} pictures: the intervals hold for pictures taken as these were, and for no others."
    return (
        f"{count} pictures are few: one picture more or less right moves the accuracy by "
        f"{100 / count:.1f} points. The intervals hold for pictures taken as these were, and for no others."
    )


def shortcut(without: str, left: float, whole: float, chance: float, lost: str) -> str:
    """What a test says that took something away."""
    if whole <= chance + NEAR:
        return f"{without} {percent(left)} are right; but whole ones are hardly named better."
    if left >= whole - NEAR:
        return (
            f"{without} {percent(left)} are right, nearly as many as of whole pictures: colours, textures or "
            "the background may be all that is needed. Try the same things in other places first."
        )
    if left > chance + NEAR:
        return f"{without} {percent(left)} are right: a part of the answers needs {lost}."
    return f"{without} hardly more than chance is left: the answers need {lost}."


def twins(result: Classified) -> str:
    """Whether pictures are nearly the same, so that one in training gives the other away."""
    paths = result.found.paths
    if not result.twins:
        return "No two pictures are nearly the same."
    one, other = (paths[index] for index in result.twins[0])
    return (
        f"{len(result.twins)} pairs of pictures are nearly the same to the network (such as "
        f"{one.parent.name}/{one.name} and {other.parent.name}/{other.name}): where one is in training, the "
        "other is no test. Keep one picture of each burst."
    )


def left_out(result: Classified) -> str:
    """What was not used, with reasons, and what to know of what was."""
    lines = [f"{path.parent.name}/{path.name}: {why}" for path, why in result.found.refused]
    more = [f"{path.parent.name}/{path.name}: {why}" for path, why in result.found.notes]
    said = f"<h2>What was not used</h2>{items(lines)}" if lines else ""
    return said + (f"<h2>What was used in part</h2>{items(more)}" if more else "")


def gallery(result: Classified, size: int) -> str:
    """Each picture beside attention's weights over it, the wrong ones first."""
    first = result.scores[0]
    names = result.found.classes
    order = sorted(
        range(len(result.found.paths)), key=lambda i: (bool(first.right[i]), result.found.labels[i], i)
    )
    shown = ""
    for i in order[:SHOWN]:
        path, true, said = result.found.paths[i], names[result.found.labels[i]], names[first.guesses[i]]
        told = f"{path.name}: {true}, taken for {said}" if true != said else f"{path.name}: {true}, right"
        shares = first.weights[i].view(result.grid, result.grid)
        shown += pictured(read(path, size), shares, told)
    said = "Each picture while it was left out of training, the wrong ones first."
    if len(order) > SHOWN:
        said += f" The first {SHOWN} of {len(order)} pictures."
    return (
        f'<h2>Where did attention look?</h2><p>{said} Bright is where weight went.</p><ul class="pictures">'
        f"{shown}</ul>"
    )


def onward() -> str:
    """What to do next."""
    command = escape("python -m visual_attention.own predict head.safetensors PICTURE ...")
    return (
        f"<h2>And then?</h2><p>The pool, trained on all pictures, lies beside this page: "
        f"<code>{command}</code> names others. It knows these classes only, and gives one to anything."
        "</p>"
    )
