"""The chapter's contest: do twins agree when they may lie anywhere?

Run: python -m visual_attention.experiments run generation
"""

from functools import partial

from visual_attention.chapters.generation import moving_claims
from visual_attention.experiments import trial

QUESTIONS = [moving_claims.QUESTION]

live = partial(trial.live, moving_claims.QUESTION, steps=256, rate=1e-2)  # what the chapter trains
