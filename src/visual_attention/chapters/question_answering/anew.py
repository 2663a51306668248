"""Must denial be shown for each form of question, and for each thing, anew?

`inventing.py` shows absent things where a colour is asked, and asks for what lies beside an absent thing.
Here are two more ways of training. One is the other way round: absent things are shown beside only, and asked
for in colours. The other shows them in colours for three names of six, and asks for the colour of each.
Pictures, steps and counts are those of `inventing.py`. Asked by an outsider, after its record had been seen.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.anew
"""

from pathlib import Path

import torch
from torch import Tensor

from visual_attention.chapters.question_answering import inventing, sentences
from visual_attention.chapters.question_answering.decoder import PictureDecoder
from visual_attention.chapters.question_answering.sentences import SORTS, Said, token
from visual_attention.chapters.question_answering.small_world import NAMES
from visual_attention.experiments import lines, verdict
from visual_attention.experiments.verdict import Interval

FILE = Path(__file__).parent / "records" / "anew.jsonl"
SEEDS = 3
SHOWN = NAMES[:3]  # the things that are shown absent, where three are
REGIMES = ("beside only", "three names")


def pool(regime: str, seed: int, count: int = inventing.POOL) -> Said:
    """What a decoder learns from; of three names alone: all of "in colours" but the questions about an absent
    thing of another name.

    Raises:
        ValueError: for another way of training.
    """
    if regime not in REGIMES:
        raise ValueError(f"wanted one of {', '.join(REGIMES)}; got {regime!r}")
    if regime == "beside only":
        generator = torch.Generator().manual_seed(seed)
        there = ("attribute", "count", "relation", "relation", "relation")
        return sentences.draw(count, "train", generator, sorts=(*there, "absent beside"))
    learnt = inventing.pool("in colours", seed, count)
    kept = (learnt.sorts != SORTS.index("absent")) | shown(learnt)
    return Said(*(part[kept] for part in learnt))


def shown(said: Said) -> Tensor:
    """Whether a question is about one of the three names, (B,)."""
    return torch.isin(said.tokens[:, 2], torch.tensor([token(name) for name in SHOWN]))


def scores(model: PictureDecoder) -> dict[str, float]:
    """As in `inventing.py`, and colours of absent things of three names and of the others apart."""
    absent = inventing.judged("absent")
    claims, three = inventing.invents(inventing.told(model, absent)), shown(absent)
    apart = {"invented: three names": claims[three], "invented: the others": claims[~three]}
    return inventing.scores(model) | {name: inventing.share(part) for name, part in apart.items()}


def rows(regime: str) -> list[dict]:
    """A row for each training."""
    return [row for row in lines.read(FILE) if row["regime"] == regime]


def over_seeds(regime: str, name: str) -> Interval:
    """The mean of a score over seeds, with its interval."""
    return verdict.over_seeds([row[name] for row in rows(regime)])


def main() -> None:
    """Train what is lacking, and store what was counted."""
    torch.set_num_threads(1)
    for regime in REGIMES:
        for seed in sorted(set(range(SEEDS)) - {row["seed"] for row in rows(regime)}):
            model = inventing.taught(pool(regime, seed), seed)
            row = {"regime": regime, "seed": seed} | scores(model)
            lines.append(FILE, [row])
            print(row, flush=True)


if __name__ == "__main__":
    main()
