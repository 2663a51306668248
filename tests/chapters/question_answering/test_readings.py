"""Hops with readings of their own, by their equations, and the networks beside them."""

import pytest
import torch

from visual_attention.chapters.question_answering import readings, streams
from visual_attention.chapters.question_answering.modulated import FiLM, WholeQuestion
from visual_attention.chapters.question_answering.placed import LOUD, Placed, WordsInOrder
from visual_attention.chapters.question_answering.plain import LongVector, PictureAlone, QuestionAlone
from visual_attention.chapters.question_answering.readings import ReadingHops
from visual_attention.chapters.question_answering.streams import CrossStream, JointStream

WORDS = torch.tensor([[1, 5, 6], [2, 4, 0]])


def cells(seed=0):
    return torch.randn(2, 9, 32, generator=torch.Generator().manual_seed(seed))


def hops(**options):
    torch.manual_seed(1)
    return ReadingHops(7, 4, dim=8, **options).eval()


class TestReadingHops:
    def test_two_hops_by_their_equations(self):
        model, seen = hops(), cells()
        said, keys, values = model.words(WORDS)[0], model.key(seen)[0], model.value(seen)[0]
        memory = torch.zeros(8)
        for hop in range(2):
            read = torch.softmax(said @ model.read[hop], dim=0)
            query = model.ask[hop](torch.cat([model.norm(read @ said), memory]))
            weights = torch.softmax(keys @ query / 8**0.5, dim=0)
            memory = weights @ values
            looked = model.look(seen, WORDS)
            torch.testing.assert_close(looked.words[0, hop], read)
            torch.testing.assert_close(looked.cells[0, hop], weights)
            torch.testing.assert_close(looked.found[0, hop], memory)

    def test_padding_is_not_read(self):
        read = hops().word_weights(cells(), WORDS)
        assert (read[1, :, 2] == 0).all()
        torch.testing.assert_close(read.sum(2), torch.ones(2, 2))
        torch.testing.assert_close(hops().weights(cells(), WORDS).sum(2), torch.ones(2, 2))

    def test_one_reading_is_the_same_for_all_hops(self):
        read = hops(own=False).word_weights(cells(), WORDS)
        torch.testing.assert_close(read[:, 0], read[:, 1])
        assert not torch.allclose(*hops().word_weights(cells(), WORDS).unbind(1), atol=1e-3)

    def test_uniform_weights_choose_nothing(self):
        assert (hops(even=True).weights(cells(), WORDS) == 1 / 9).all()

    def test_the_second_hop_starts_from_the_first(self):
        """Another find of the first hop turns the look of the second."""
        model = hops()
        own = model.look(cells(), WORDS).cells

        def first_elsewhere(hop, weights):
            return weights.roll(1, dims=1) if hop == 0 else weights

        other = model.look(cells(), WORDS, first_elsewhere).cells
        torch.testing.assert_close(other[:, 0], own[:, 0].roll(1, dims=1))
        assert not torch.allclose(other[:, 1], own[:, 1], atol=1e-4)


def allowing(kind):
    torch.manual_seed(2)
    return kind(7, 4, dim=8, heads=2).eval()


class TestStreams:
    @pytest.mark.parametrize("kind", [JointStream, CrossStream])
    def test_weights_are_shares_and_padding_gets_nothing(self, kind):
        weights = allowing(kind).weights(cells(), WORDS)
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
        if kind is JointStream:
            assert weights.shape == (2, 2, 2, 13, 13) and (weights[1, ..., 3] == 0).all()
        else:
            assert weights.shape == (2, 2, 2, 4, 9)

    @pytest.mark.parametrize("kind", [JointStream, CrossStream])
    def test_what_is_forbidden_does_not_matter(self, kind):
        model, seen = allowing(kind), cells()
        forbidden = torch.zeros(2, 9, dtype=torch.bool)
        forbidden[:, 4] = True
        other = seen.clone()
        other[:, 4] += 3.0
        torch.testing.assert_close(model(other, WORDS, forbidden), model(seen, WORDS, forbidden))
        assert not torch.allclose(model(other, WORDS), model(seen, WORDS), atol=1e-4)

    def test_the_last_block_may_think_for_the_answer_alone(self):
        model, seen = allowing(JointStream), cells()
        tokens, present = model._start(seen, WORDS, None)
        for block in model.blocks:
            tokens = block(tokens, present)
        torch.testing.assert_close(model(seen, WORDS), model.head(model.norm(tokens[:, 0])))

    def test_the_module_runs(self, capsys):
        streams.main()
        readings.main()
        assert "CrossStream  (2, 2, 2, 4, 9)" in capsys.readouterr().out


class TestFiLM:
    def model(self, **options):
        torch.manual_seed(3)
        return FiLM(7, 4, dim=8, **options).eval()

    def test_the_question_scales_and_shifts_maps_alike_at_all_places(self):
        model, seen = self.model(depth=1), cells()
        asked, x = model.question(WORDS), model.cells(seen).mT.unflatten(2, (3, 3))
        scale, shift = model.films[0](asked).chunk(2, dim=1)
        made = model.norms[0](model.convs[0](x)) * (1 + scale[..., None, None]) + shift[..., None, None]
        x = (torch.relu(made) + x).flatten(2)
        torch.testing.assert_close(model(seen, WORDS), model.head(torch.cat([x.mean(2), x.amax(2)], 1)))

    def test_without_films_the_question_is_appended(self):
        model = self.model(scaled=False)
        assert len(model.films) == 0 and model.convs[0].in_channels == 16
        assert not torch.allclose(model(cells(), WORDS), model(cells(), WORDS.flip(0)), atol=1e-4)

    def test_neighbours_meet_in_its_kernels(self):
        """Two cells that change places change the answer, beyond what their places say."""
        model, seen = self.model(), cells()
        torch.nn.init.zeros_(model.cells.proj.weight[:, 32:])
        assert not torch.allclose(model(seen[:, [1, 0, *range(2, 9)]], WORDS), model(seen, WORDS), atol=1e-4)


def test_the_trivial_answers_lack_a_half():
    torch.manual_seed(0)
    question, picture = QuestionAlone(7, 4, dim=8), PictureAlone(4, dim=8)
    torch.testing.assert_close(question(cells(0), WORDS), question(cells(1), WORDS))
    torch.testing.assert_close(picture(cells(), WORDS), picture(cells(), WORDS.flip(0)))
    assert not torch.allclose(picture(cells(0), WORDS), picture(cells(1), WORDS))
    assert LongVector(7, 4, dim=8)(cells(), WORDS).shape == (2, 4)


def test_a_cell_knows_its_row_and_column():
    placed = Placed(5)
    assert placed.code[5].tolist() == [0, LOUD, 0, 0, 0, LOUD]  # row 1, column 2
    with pytest.raises(ValueError, match="wanted 9 cells on axis 1, got 8"):
        placed(torch.zeros(1, 8, 32))


def test_words_know_their_order():
    words = WordsInOrder(7, 4)
    one, other = words(torch.tensor([[1, 2, 3]])), words(torch.tensor([[2, 1, 3]]))
    torch.testing.assert_close(one[0, 0] - words.order[0], other[0, 1] - words.order[1])
    assert not torch.allclose(WholeQuestion(7, 4)(WORDS), WholeQuestion(7, 4)(WORDS.flip(1)))
    with pytest.raises(ValueError, match="at most 3 words, got 4"):
        words(torch.ones(1, 4, dtype=torch.long))
