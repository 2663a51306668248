"""Stacked attention by the paper's equations in plain loops, and the networks that answer."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visual_attention.chapters.question_answering.answerers import (
    ConcatenatingAnswerer,
    StackedAnswerer,
    StackedAttention,
    main,
)

B, N, D, HIDDEN, F = 3, 7, 5, 11, 13
WORDS = torch.tensor([[1, 4, 2, 0, 0], [3, 1, 2, 5, 6], [2, 0, 0, 0, 0]])


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def build(kind=StackedAttention, **options):
    torch.manual_seed(1)
    return kind(D, **({"hops": 2, "hidden": HIDDEN} | options))


def by_hand(module, question, regions):
    """The paper's equations of section 3.3, one number at a time, with the matrix W_V if there is one."""
    maps = []
    parts = zip(module.of_regions, module.of_question, module.score, module.value, strict=True)
    for of_regions, of_question, score, value in parts:
        wi, wq, b = of_regions.weight.tolist(), of_question.weight.tolist(), of_question.bias.tolist()
        w = score.weight[0].tolist()
        scores = []
        for region in regions:
            total = 0.0
            for k in range(len(w)):
                seen = sum(wi[k][j] * region[j] for j in range(D))
                asked = sum(wq[k][j] * question[j] for j in range(D)) + b[k]
                total += w[k] * math.tanh(seen + asked)
            scores.append(total)
        raised = [math.exp(s) for s in scores]
        weights = [r / sum(raised) for r in raised]
        found = [sum(p * region[j] for p, region in zip(weights, regions, strict=True)) for j in range(D)]
        if hasattr(value, "weight"):
            found = [sum(row[j] * found[j] for j in range(D)) for row in value.weight.tolist()]
        question = [question[j] + found[j] for j in range(D)]
        maps.append(weights)
    return question, maps


class TestStackedAttention:
    @settings(max_examples=8)
    @given(hops=st.integers(1, 3), places=st.integers(1, 6), seed=st.integers(0, 99), own=st.booleans())
    def test_agrees_with_the_equations_in_plain_python(self, hops, places, seed, own):
        module = build(hops=hops, own_values=own)
        question, regions = randn(B, D, seed=seed), 2 * randn(B, places, D, seed=seed + 1)
        got, maps = module(question, regions), module.weights(question, regions)
        for b in range(B):
            want, weights = by_hand(module, question[b].tolist(), regions[b].tolist())
            torch.testing.assert_close(got[b], torch.tensor(want), atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(maps[b], torch.tensor(weights), atol=1e-5, rtol=1e-4)

    def test_by_hand_where_all_scores_are_equal(self):
        module = StackedAttention(2, hops=2, hidden=3, own_values=False)
        for score in module.score:
            torch.nn.init.zeros_(score.weight)
        regions = torch.tensor([[[1.0, 0.0], [3.0, 2.0]]])  # the mean is (2, 1)
        assert module(torch.tensor([[1.0, 1.0]]), regions).tolist() == [[5.0, 3.0]]  # added twice
        assert module.weights(torch.tensor([[1.0, 1.0]]), regions).tolist() == [[[0.5, 0.5], [0.5, 0.5]]]

    def test_the_second_look_depends_on_what_the_first_one_saw(self):
        """What the first hop finds decides where the second looks: two looks, not one look twice."""
        module = StackedAttention(2, hops=2, hidden=2, own_values=False)
        with torch.no_grad():
            for hop in range(2):
                module.of_regions[hop].weight.copy_(torch.zeros(2, 2))
                module.of_question[hop].weight.zero_()
                module.of_question[hop].bias.zero_()
                module.score[hop].weight.copy_(torch.tensor([[30.0, 30.0]]))
            module.of_regions[0].weight.copy_(torch.eye(2))  # takes the largest sum
            module.of_regions[1].weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
            module.of_question[1].weight.copy_(torch.tensor([[0.0, -5.0], [0.0, 0.0]]))
        regions = torch.tensor([[[3.0, 3.0], [1.0, 0.0]]])
        assert module.weights(torch.zeros(1, 2), regions)[0].argmax(dim=1).tolist() == [0, 0]
        seen = torch.tensor([[0.0, 0.0]]) + regions[:, 0]
        direct = module.hop_weights(1, seen, regions)
        torch.testing.assert_close(module.weights(torch.zeros(1, 2), regions)[:, 1], direct)
        assert not torch.allclose(direct, module.hop_weights(1, torch.zeros(1, 2), regions), atol=1e-3)

    def test_weights_are_shares_over_the_regions(self):
        weights = build().weights(randn(B, D), randn(B, N, D, seed=1))
        assert weights.shape == (B, 2, N) and weights.min() >= 0
        torch.testing.assert_close(weights.sum(dim=2), torch.ones(B, 2))

    def test_forward_applies_exactly_the_weights(self):
        module, question, regions = build(), randn(B, D), randn(B, N, D, seed=1)
        first, second = (module.weights(question, regions) @ regions).unbind(dim=1)  # (B, D) each
        want = question + module.value[0](first) + module.value[1](second)
        torch.testing.assert_close(module(question, regions), want)
        assert not torch.allclose(want, question + module.value[0](first + second), atol=1e-2)

    def test_the_order_of_the_regions_does_not_matter(self):
        module, question, regions = build(), randn(B, D), randn(B, N, D, seed=1)
        order = torch.randperm(N, generator=torch.Generator().manual_seed(2))
        torch.testing.assert_close(module(question, regions[:, order]), module(question, regions))
        torch.testing.assert_close(
            module.weights(question, regions[:, order]), module.weights(question, regions)[..., order]
        )

    def test_pictures_do_not_mix_within_a_batch(self):
        module, question, regions = build(), randn(B, D), randn(B, N, D, seed=1)
        alone = [module(question[b : b + 1], regions[b : b + 1]) for b in range(B)]
        torch.testing.assert_close(module(question, regions), torch.cat(alone))

    def test_every_parameter_gets_a_gradient(self):
        module = build()
        (module(randn(B, D), randn(B, N, D, seed=1)) ** 2).sum().backward()
        assert [n for n, p in module.named_parameters() if p.grad is None or not p.grad.any()] == []

    @pytest.mark.parametrize(
        ("question", "regions", "says"),
        [
            (randn(B, D), randn(B, N, D + 1), f"width {D} on axis 2, got {D + 1}"),
            (randn(B, D), torch.zeros(B, 0, D), "at least one token"),
            (randn(B + 1, D), randn(B, N, D), rf"wanted questions \({B}, {D}\), got \({B + 1}, {D}\)"),
        ],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, question, regions, says):
        for call in (build(), build().weights):
            with pytest.raises(ValueError, match=says):
                call(question, regions)

    def test_sizes_that_cannot_be_are_refused(self):
        with pytest.raises(ValueError, match="hops above 0, got 0"):
            StackedAttention(D, hops=0)


class TestAnswerers:
    def cells(self, seed=0):
        return randn(B, 16, F, seed=seed)

    def model(self, kind=StackedAnswerer, **options):
        torch.manual_seed(3)
        return kind(7, 4, features=F, **options)

    @pytest.mark.parametrize("kind", [StackedAnswerer, ConcatenatingAnswerer])
    def test_every_parameter_gets_a_gradient_and_nothing_mixes(self, kind):
        model, cells = self.model(kind), self.cells()
        scores = model(cells, WORDS)
        assert scores.shape == (B, 4)
        torch.testing.assert_close(scores[1:2], model(cells[1:2], WORDS[1:2]))
        (scores**2).sum().backward()
        assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []

    def test_the_weights_are_those_of_the_attention(self):
        model, cells = self.model(), self.cells()
        regions, question = model.regions(cells), model.question(WORDS)
        torch.testing.assert_close(model.weights(cells, WORDS), model.attention.weights(question, regions))
        torch.testing.assert_close(model(cells, WORDS), model.head(model.attention(question, regions)))
        assert model.place_maps(cells, WORDS).shape == (B, 2, 16)
        torch.testing.assert_close(model.word_weights(WORDS), model.question.weights(WORDS))

    def test_concatenation_keeps_what_lies_where(self):
        """By where the numbers stand in the long vector, even if no cell knows its place."""
        model, cells = self.model(ConcatenatingAnswerer), self.cells()
        assert not torch.allclose(model(cells, WORDS), model(cells.flip(1), WORDS))
        with torch.no_grad():
            model.regions.places.zero_()
        assert not torch.allclose(model(cells, WORDS), model(cells.flip(1), WORDS), atol=1e-4)


def test_the_module_runs(capsys):
    main()
    assert "hop by hop   (2, 2, 16)" in capsys.readouterr().out
