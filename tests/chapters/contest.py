"""The contenders, examples and intervals of a question, as its room's tests want them: the same each time."""

import torch

from visual_attention.experiments.question import Question
from visual_attention.experiments.verdict import Interval
from visual_attention.training import seeded


def build(question: Question, name: str, seed: int = 0, **setting):
    """A contender, untrained, in the question's setting but for what is changed."""
    with seeded(seed):
        return question.contender(name).build({**question.setting, **setting})


def drawn(question: Question, count: int = 6, split: str = "test", seed: int = 0, **setting):
    """Examples of the question's task."""
    generator = torch.Generator().manual_seed(seed)
    return question.task.draw(count, split, generator, {**question.setting, **setting})


def ends(interval: Interval, digits: int = 0) -> list[float]:
    """An interval's effect, low and high end as a page prints them; no minus before a nought."""
    return [round(float(value), digits) + 0.0 for value in (interval.effect, interval.low, interval.high)]
