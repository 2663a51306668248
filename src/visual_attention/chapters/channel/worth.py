"""When is a gate worth its parameters? One figure from the records of three contests.

Chapter: notebooks/mechanisms/channel.ipynb
"""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from visual_attention.experiments import verdict
from visual_attention.experiments.answer import Answer
from visual_attention.experiments.question import ENDLESS, fixed
from visual_attention.experiments.verdict import Interval
from visual_attention.view import figures

PLAIN, SEEDS = "no gate", 5  # fewer tell too little to be drawn


def gained(answer: Answer, name: str, condition: str) -> Interval | None:
    """A contender minus the network without a gate after the last step; None with too few whole seeds."""
    if answer.seeds(condition) < SEEDS:
        return None
    return verdict.paired(answer.curve(condition, name)[:, -1], answer.curve(condition, PLAIN)[:, -1])


def gains(answer: Answer, names: Sequence[str]) -> dict[str, dict[str, Interval]]:
    """Name -> condition -> what it gained, for all conditions that have five whole seeds; fixed sets rise."""
    conditions = [*(fixed(size) for size in answer.question.sets), ENDLESS]
    return {
        name: {at: found for at in conditions if (found := gained(answer, name, at)) is not None}
        for name in names
    }


def figure(contests: Mapping[str, tuple[Answer, Sequence[str]]]) -> Figure:
    """A panel for each contest: points gained over no gate, by the number of pictures.

    Args:
        contests: title -> the contest and its contenders to be drawn.
    """
    drawn, axes = figures.sheet(1, len(contests), size=(3.1 * len(contests), 4.6))
    for ax, (title, (answer, names)) in zip(axes, contests.items(), strict=True):
        places = [*(fixed(size) for size in answer.question.sets), ENDLESS]
        for number, (name, by) in enumerate(gains(answer, names).items()):
            at = [places.index(condition) + 0.08 * (number - (len(names) - 1) / 2) for condition in by]
            ends = [
                [one.effect - one.low for one in by.values()],
                [one.high - one.effect for one in by.values()],
            ]
            ends = [[0 if math.isnan(end) else end for end in side] for side in ends]
            look = {"color": figures.PALETTE[number], "linestyle": figures.DASHES[number], "marker": "o"}
            look["markersize"] = 4
            ax.errorbar(at, [one.effect for one in by.values()], ends, label=name, capsize=2, **look)
        ax.axhline(0, color=figures.INK, linewidth=1)
        ax.set_xticks(range(len(places)), [place.replace(" pictures", "") for place in places], rotation=35)
        ax.set(title=title, xlabel="pictures", xlim=(-0.4, len(places) - 0.6))
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.5), fontsize=9, frameon=False)
    axes[0].set_ylabel("points over no gate")
    return drawn
