"""The chapter's two contests: on a task made for channel attention, and in a network as it is used.

Run: python -m visual_attention.experiments run channel channel-residual
"""

from functools import partial

from visual_attention.chapters.channel import colour_claims, residual_claims
from visual_attention.experiments import trial

QUESTIONS = [colour_claims.QUESTION, residual_claims.QUESTION]

live = partial(trial.live, QUESTIONS[0], steps=384, rate=1e-2)  # what the chapter trains before its reader
live_residual = partial(trial.live, QUESTIONS[1], steps=256, rate=3e-3)
