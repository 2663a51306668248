"""All claims of the chapter: the contest of eyes, and what teaches a choice."""

from visual_attention.chapters.hard import choice_claims, glimpse_claims

QUESTIONS = [glimpse_claims.QUESTION, choice_claims.QUESTION]
