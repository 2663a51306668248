"""All claims of the chapter: glimpses, the choice of one cell, and glimpses trained for longer."""

from visual_attention.chapters.hard import choice_claims, glimpse_claims, longer_claims

CLAIMS = [*glimpse_claims.CLAIMS, *choice_claims.CLAIMS, *longer_claims.CLAIMS]
