"""The chapter's two contests: whose coins are meant, and what a click means.

Run: python -m visual_attention.experiments run segmentation segmentation-click
"""

from functools import partial

from visual_attention.chapters.segmentation import click_claims, context_claims
from visual_attention.experiments import trial

QUESTIONS = [context_claims.QUESTION, click_claims.QUESTION]

live = partial(trial.live, QUESTIONS[1], steps=256, rate=1e-2)  # what the chapter trains before its reader
