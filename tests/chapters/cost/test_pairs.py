"""In the small world every token has one twin, and what may not be asked cannot be known."""

import torch

from visual_attention.chapters.cost import mistakes, pairs


def test_twins_are_of_one_kind_and_labels_are_their_colours():
    drawn = pairs.batch(9, torch.Generator().manual_seed(0))
    kinds, colours = drawn.tokens[..., :8].argmax(-1), drawn.tokens[..., 8:].argmax(-1)
    places = torch.arange(16).expand(9, 16)
    assert (drawn.tokens.sum(-1) == 2).all() and (drawn.twins != places).all()
    assert (kinds.gather(1, drawn.twins) == kinds).all()
    assert (drawn.twins.gather(1, drawn.twins) == places).all()
    assert (colours.gather(1, drawn.twins) == drawn.labels).all()


def test_it_hands_the_mask_on():
    seen = []

    def mix(queries, keys, values, allowed):
        seen.append((queries.shape, allowed))
        return values

    mask = torch.eye(16, dtype=torch.bool)
    scores = pairs.PairFinder(mix, mask)(pairs.batch(2, torch.Generator().manual_seed(0)).tokens)
    assert scores.shape == (2, 4, 16) and seen[0][0] == (2, 16, 20) and seen[0][1] is mask


def test_who_asks_only_itself_guesses():
    inside, outside = pairs.learn(mistakes.masked, torch.eye(16, dtype=torch.bool), steps=60)
    assert inside != inside and outside < 35  # there is no twin inside
