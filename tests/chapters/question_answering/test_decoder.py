"""Sentences about what is and is not there, and the decoder that says them."""

import pytest
import torch

from visual_attention.chapters.question_answering import (
    decoder,
    inventing,
    sentences,
    small_world,
    trained_decoders,
)
from visual_attention.chapters.question_answering.decoder import ASKED, CausalBlock, PictureDecoder
from visual_attention.chapters.question_answering.sentences import SORTS, TOKENS, text, token
from visual_attention.training import fit

from .test_small_world import HAND


def said(*words):
    return text(
        torch.tensor(
            sentences.answer(HAND.names[0], HAND.colours[0], torch.tensor([token(w) for w in words]))
        )
    )


def draw(count, *sorts):
    return sentences.draw(count, "test", torch.Generator().manual_seed(0), sorts=sorts or SORTS)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("colour of 7", "7 is blue ."),
        ("colour left 7", "disc is red ."),
        ("colour above cross", "7 is blue ."),
        ("colour of triangle", "none is there ."),
        ("colour left triangle", "none is there ."),
        ("colour right 7", "none is there ."),  # an empty cell
        ("colour left disc", "none is there ."),  # beyond the edge
        ("many are red", "two are red ."),
        ("many are green", "one is green ."),
        ("many are yellow", "none are yellow ."),
    ],
)
def test_the_true_answer_by_hand(asked, answer):
    assert said(*asked.split()) == answer


@pytest.mark.parametrize("sort", SORTS)
def test_each_sort_asks_about_what_it_says(sort):
    drawn = draw(60, sort)
    denied = [text(row[ASKED:]) == "none is there ." for row in drawn.tokens]
    assert all(denied) == (sort in SORTS[sentences.THERE :]) and all(denied) == any(denied)
    middle = {TOKENS[number] for number in drawn.tokens[:, 1].tolist()}
    of = {"attribute": {"of"}, "absent": {"of"}, "count": {"are"}}.get(sort, set(small_world.SIDES))
    assert middle == of
    if sort == "empty side":
        assert (drawn.where[:, 0] >= 0).all() and (drawn.where[:, 1] < 0).all()


def tiny():
    torch.manual_seed(1)
    return PictureDecoder(dim=8, depth=2).eval()


def test_no_token_sees_what_comes_after_it():
    model, drawn = tiny(), draw(5)
    tokens = drawn.tokens[:, :-1]
    other = tokens.clone()
    other[:, -1] = token("red")
    torch.testing.assert_close(model(drawn.cells, tokens)[:, :-1], model(drawn.cells, other)[:, :-1])
    weights = model.weights(drawn.cells, tokens)
    assert weights.shape == (5, 2, 2, 16, 16) and (weights.triu(1) == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(5, 2, 2, 16))


def test_the_block_agrees_with_torch():
    torch.manual_seed(2)
    block, x = CausalBlock(6, heads=2), torch.randn(3, 5, 6)
    other = torch.nn.MultiheadAttention(6, 2, batch_first=True)
    with torch.no_grad():
        other.in_proj_weight.copy_(block.qkv.weight)
        other.in_proj_bias.copy_(block.qkv.bias)
        other.out_proj.load_state_dict(block.proj.state_dict())
    normed, after = block.norms[0](x), torch.ones(5, 5, dtype=torch.bool).triu(1)
    mixed, weights = other(normed, normed, normed, attn_mask=after, average_attn_weights=False)
    torch.testing.assert_close(block.weights(x), weights)
    x = x + mixed
    torch.testing.assert_close(block(*[torch.Tensor(x - mixed)]), x + block.think(block.norms[1](x)))
    with pytest.raises(ValueError, match="heads that divide dim = 6, got 4"):
        CausalBlock(6, heads=4)


def test_a_forbidden_token_does_not_matter():
    model, drawn = tiny(), draw(4)
    forbidden = torch.zeros(4, 9 + ASKED, dtype=torch.bool)
    forbidden[:, 2] = True
    other = drawn.cells.clone()
    other[:, 2] += 3.0
    question = drawn.tokens[:, :ASKED]
    torch.testing.assert_close(model(other, question, forbidden), model(drawn.cells, question, forbidden))
    assert not torch.allclose(model(other, question), model(drawn.cells, question), atol=1e-4)


def test_it_says_the_likeliest_word_and_goes_on_from_there():
    model, drawn = tiny(), draw(3)
    question = drawn.tokens[:, :ASKED]
    first = model(drawn.cells, question)[:, -1].argmax(1)
    second = model(drawn.cells, torch.cat([question, first[:, None]], 1))[:, -1].argmax(1)
    assert torch.equal(model.say(drawn.cells, question)[:, :2], torch.stack([first, second], 1))


def test_the_loss_is_of_the_answer_alone_and_can_be_learnt():
    torch.manual_seed(0)
    model, drawn = PictureDecoder(dim=16, depth=1), draw(6)
    before = decoder.loss(model, drawn)
    log = torch.log_softmax(model(drawn.cells, drawn.tokens[:, :-1]), -1)
    picked = log[:, ASKED - 1 :].gather(2, drawn.tokens[:, ASKED:, None])
    torch.testing.assert_close(before, -picked.mean())
    fit(model, lambda step: drawn, decoder.loss, steps=120, lr=1e-2, progress=False)
    assert torch.equal(model.say(drawn.cells, drawn.tokens[:, :ASKED]), drawn.tokens[:, ASKED:])


def test_inventions_are_counted_by_hand():
    answers = [["none", "is", "there", "."], ["7", "is", "red", "."], ["none", "are", "red", "."]]
    numbers = torch.tensor([[token(word) for word in words] for words in answers])
    assert inventing.invents(numbers).tolist() == [False, True, True]


class Denier(torch.nn.Module):
    def say(self, cells, question, forbidden=None):
        return torch.tensor([[token(word) for word in ("none", "is", "there", ".")]]).expand(len(cells), -1)


def test_who_always_denies_invents_nothing_and_denies_what_is_there():
    found = inventing.scores(Denier())
    assert found["invented: absent"] == 0 and found["true: empty side"] == 100
    assert found["denied: attribute"] == 100 and found["true: relation"] == 0


def test_training_shows_of_absent_things_what_its_name_says():
    for regime, more in sentences.REGIMES.items():
        sorts = {SORTS[sort] for sort in inventing.pool(regime, 0, 300).sorts.unique().tolist()}
        assert sorts == {"attribute", "count", "relation", *more}


@pytest.mark.slow
def test_the_stored_decoders_answer_and_deny():
    for regime in trained_decoders.SHOWN:
        model = trained_decoders.load(regime)
        found = inventing.scores(model)
        assert found["true: attribute"] > 95
        assert (found["invented: absent"] < 5) == (regime == "in all")
        assert (found["invented: absent"] > 95) == (regime == "never")
    assert trained_decoders.FILE.stat().st_size < 150_000


def test_the_modules_run(capsys):
    decoder.main()
    sentences.main()
    assert "none is there ." in capsys.readouterr().out
