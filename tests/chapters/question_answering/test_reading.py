"""What a question and the cells of a picture become before anything is compared."""

import pytest
import torch

from visual_attention.chapters.question_answering.reading import QuestionEncoder, Regions, main

B, D, F = 3, 5, 13
WORDS = torch.tensor([[1, 4, 2, 0, 0], [3, 1, 2, 5, 6], [2, 0, 0, 0, 0]])


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TestRegions:
    def regions(self, **options):
        torch.manual_seed(4)
        return Regions(F, D, **options)

    def test_places_are_told_apart(self):
        regions = self.regions()
        cells = randn(B, 1, F).expand(-1, 16, -1)
        assert (regions(cells)[0, 1:] - regions(cells)[0, 0]).abs().sum(dim=1).min() > 0.1
        with pytest.raises(ValueError, match="wanted 16 cells on axis 1, got 9"):
            regions(randn(B, 9, F))

    @pytest.mark.parametrize("grid", [2, 4, 5])
    def test_a_step_down_and_a_step_right_are_the_same_everywhere(self, grid):
        places = self.regions(grid=grid).places.detach().view(grid, grid, D)  # rows, columns
        down, right = places.diff(dim=0), places.diff(dim=1)
        torch.testing.assert_close(down, down[:1, :1].expand_as(down))
        torch.testing.assert_close(right, right[:1, :1].expand_as(right))
        assert not torch.allclose(down[0, 0], right[0, 0], atol=0.1)
        torch.testing.assert_close(places.sum(dim=(0, 1)), torch.zeros(D))  # the middle of the grid is 0

    def test_what_lies_in_a_cell_is_added_to_its_place(self):
        regions, cells = self.regions(), randn(B, 16, F)
        for place in (0, 7, 15):
            want = cells[:, place] @ regions.proj.weight.T + regions.proj.bias + regions.places[place]
            torch.testing.assert_close(regions(cells)[:, place], want)

    @pytest.mark.parametrize(
        ("cells", "says"),
        [
            (randn(B, 16, F + 1), f"width {F} on axis 2, got {F + 1}"),
            (randn(B, 15, F), "wanted 16 cells on axis 1, got 15"),
        ],
    )
    def test_wrong_cells_are_told_what_was_wanted(self, cells, says):
        with pytest.raises(ValueError, match=says):
            self.regions()(cells)

    def test_every_parameter_gets_a_gradient(self):
        regions = self.regions()
        (regions(randn(B, 16, F)) ** 2).sum().backward()
        assert [n for n, p in regions.named_parameters() if p.grad is None or not p.grad.any()] == []


class TestQuestionEncoder:
    def encoder(self):
        torch.manual_seed(2)
        return QuestionEncoder(7, 6)

    def test_padding_gets_nothing_and_changes_nothing(self):
        encoder = self.encoder()
        weights = encoder.weights(WORDS)
        assert (weights[WORDS == 0] == 0).all() and (weights[WORDS > 0] > 0).all()
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
        torch.testing.assert_close(encoder(WORDS[:1, :3]), encoder(WORDS)[:1])
        longer = torch.nn.functional.pad(WORDS, (0, 4))
        torch.testing.assert_close(encoder(longer), encoder(WORDS))

    def test_a_question_of_padding_alone_gives_no_word_a_share(self):
        encoder = self.encoder()
        words = torch.cat([WORDS, torch.zeros_like(WORDS[:1])])
        assert (encoder.weights(words)[-1] == 0).all()
        torch.testing.assert_close(encoder(words)[:-1], encoder(WORDS))
        encoder(words).square().sum().backward()
        assert all(parameter.grad.isfinite().all() for parameter in encoder.parameters())

    def test_a_word_that_is_not_in_the_vocabulary_is_torchs_error(self):
        with pytest.raises(IndexError):
            self.encoder()(WORDS + 3)

    def test_the_order_of_words_matters(self):
        encoder = self.encoder()
        assert not torch.allclose(
            encoder(torch.tensor([[1, 2, 3, 4]])), encoder(torch.tensor([[4, 2, 3, 1]]))
        )

    def test_forward_applies_exactly_the_weights_then_the_norm(self):
        encoder = self.encoder()
        features = torch.tanh(encoder.conv(encoder.embedding(WORDS).mT).mT)
        summed = torch.einsum("bl,bld->bd", encoder.weights(WORDS), features)
        torch.testing.assert_close(encoder(WORDS), encoder.norm(summed))

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (WORDS.float(), r"torch.int64, got \(3, 5\) of torch.float32"),
            (WORDS[0], r"words \(B, L\)"),
            (WORDS[:, :0], r"at least one word in each question, got shape \(3, 0\)"),
            ([[1, 2]], "got list"),
        ],
    )
    def test_wrong_words_are_told_what_was_wanted(self, words, says):
        for call in (self.encoder(), self.encoder().weights):
            with pytest.raises(ValueError, match=says):
                call(words)


def test_the_module_runs(capsys):
    main()
    question, regions, steps = capsys.readouterr().out.splitlines()
    assert question.startswith("question     (1, 48) from what ") and regions.endswith("(1, 16, 48)")
    one, two, three = (float(step) for step in steps.removeprefix("to the right").split(","))
    assert two == pytest.approx(2 * one, abs=0.2) and three == pytest.approx(3 * one, abs=0.2)
