"""Patches ask words: the weights are applied, words and their order matter, and guidance is what it says."""

import pytest
import torch

from visual_attention.chapters.generation import sentences
from visual_attention.chapters.generation.flow_matching import foreseen
from visual_attention.chapters.generation.word_transformer import (
    AskWords,
    WordTransformer,
    guided,
    picture,
    word_loss,
)
from visual_attention.training import seeded

WORDS = sentences.draw(3, generator=torch.Generator().manual_seed(0))
TIMES = torch.tensor([0.1, 0.5, 0.9])


def made(**how):
    with seeded(0):
        model = WordTransformer((8, 8), patch=4, dim=12, depth=2, heads=3, **how).eval()
        for layer in model.layers:
            torch.nn.init.normal_(layer.steer.weight, std=0.3)
    return model


def noise():
    return torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))


class TestAskWords:
    def test_by_hand(self):
        """One head, identities all over: patch (1, 0) and words (1, 0), (0, 1)."""
        ask = AskWords(2, heads=1)
        for layer in (ask.query, ask.key, ask.value, ask.proj):
            torch.nn.init.eye_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        share = 1 / (1 + torch.tensor(-(0.5**0.5)).exp())
        words = torch.eye(2)[None]
        found = ask.weights(torch.tensor([[[1.0, 0.0]]]), words)
        torch.testing.assert_close(found, torch.tensor([[[[share, 1 - share]]]]))
        torch.testing.assert_close(
            ask(torch.tensor([[[1.0, 0.0]]]), words), torch.tensor([[[share, 1 - share]]])
        )

    def test_the_weights_are_applied_and_sum_to_1(self):
        torch.manual_seed(0)
        ask, x, words = AskWords(12, heads=3), torch.randn(2, 7, 12), torch.randn(2, 5, 12)
        weights = ask.weights(x, words)
        assert weights.shape == (2, 3, 7, 5)
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 7))
        values = ask.value(words).unflatten(2, (3, 4))  # (B, T, h, d)
        mixed = torch.einsum("bhnt,bthd->bnhd", weights, values).flatten(2)
        torch.testing.assert_close(ask(x, words), ask.proj(mixed), atol=1e-5, rtol=1e-4)

    def test_a_change_is_made_before_the_mix(self):
        torch.manual_seed(0)
        ask, x, words = AskWords(12, heads=3), torch.randn(2, 7, 12), torch.randn(2, 5, 12)
        even = ask(x, words, lambda weights: torch.full_like(weights, 0.2))
        wanted = ask.proj(ask.value(words).mean(1, keepdim=True)).expand(-1, 7, -1)
        torch.testing.assert_close(even, wanted, atol=1e-5, rtol=1e-4)

    def test_heads_that_do_not_divide_are_refused(self):
        with pytest.raises(ValueError, match="heads that divide dim = 12, got 5"):
            AskWords(12, heads=5)


def test_words_and_their_order_and_their_absence_change_the_picture():
    model, x = made(), noise()
    with torch.no_grad():
        told = model(x, TIMES, WORDS)
        others = (
            model(x, TIMES, WORDS[:, [3, 4, 2, 0, 1]]),
            model(x, TIMES),
            model(x, TIMES, WORDS.roll(1, 0)),
        )
    assert all((told - other).abs().max() > 1e-3 for other in others)


def test_no_sentence_is_five_words_that_say_nothing():
    model, nothing = made(), torch.full((3, 5), sentences.NOTHING)
    with torch.no_grad():
        torch.testing.assert_close(model(noise(), TIMES), model(noise(), TIMES, nothing))


def test_the_maps_are_those_of_the_words_and_a_change_reaches_every_layer():
    model, x, seen = made(), noise(), []

    def watch(weights):
        seen.append(weights)
        return weights

    with torch.no_grad():
        model.foresee(x, TIMES, WORDS, watch)
        maps = model.weights(x, TIMES, WORDS)
    assert len(maps) == len(seen) == 2 and all(torch.equal(a, b) for a, b in zip(maps, seen, strict=True))
    assert maps[0].shape == (3, 3, 4, 5)
    torch.testing.assert_close(maps[1].sum(-1), torch.ones(3, 3, 4))


def test_the_velocity_leads_to_what_is_foreseen():
    model, x = made(), noise()
    with torch.no_grad():
        end = foreseen(lambda x, times: model(x, times, WORDS), x, TIMES)
        torch.testing.assert_close(end, model.foresee(x, TIMES, WORDS), atol=1e-4, rtol=1e-4)


def test_the_rival_has_no_maps_and_hears_words_all_the_same():
    model, x = made(asks=False), noise()
    assert model.weights(x, TIMES, WORDS) == []
    with torch.no_grad():
        assert (model(x, TIMES, WORDS) - model(x, TIMES)).abs().max() > 1e-4


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 4.0])
def test_guidance_by_hand(scale):
    model, x = made(), noise()
    with torch.no_grad():
        told, untold = model(x, TIMES, WORDS), model(x, TIMES)
        torch.testing.assert_close(
            guided(model, WORDS, scale=scale)(x, TIMES), untold + scale * (told - untold)
        )


def test_a_change_is_for_the_told_part_only():
    model, x = made(), noise()
    even = lambda weights: torch.full_like(weights, 0.2)  # noqa: E731
    with torch.no_grad():
        found = guided(model, WORDS, scale=0.0, change=even)(x, TIMES)
        torch.testing.assert_close(found, model(x, TIMES))


def test_one_sentence_in_ten_is_left_out_in_training():
    kept = []

    class Watches(torch.nn.Module):
        def forward(self, x, times, words):
            kept.append(words)
            return torch.zeros_like(x)

    words = sentences.draw(2000, generator=torch.Generator().manual_seed(0))
    word_loss(Watches(), torch.zeros(2000, 3, 4, 4), words, generator=torch.Generator().manual_seed(0))
    dropped = kept[0] == sentences.NOTHING
    assert torch.equal(dropped.any(1), dropped.all(1)) and 0.07 < dropped.float().mean() < 0.13
    assert torch.equal(kept[0][~dropped.any(1)], words[~dropped.any(1)])
    assert (words != sentences.NOTHING).all()  # what came in is as it was


def test_pictures_are_in_range_and_noise_is_seeded():
    model = made()
    one, again, other = (
        picture(model, WORDS, steps=2, scale=2.0, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert one.shape == (3, 3, 8, 8) and 0 <= one.min() and one.max() <= 1
    assert torch.equal(one, again) and not torch.equal(one, other)


@pytest.mark.parametrize(
    "words", [torch.zeros(3, 4, dtype=torch.long), torch.zeros(2, 5, dtype=torch.long), torch.zeros(3, 5)]
)
def test_other_words_are_refused(words):
    with pytest.raises(ValueError, match=r"wanted words \(3, 5\) of whole numbers"):
        made()(noise(), TIMES, words)
