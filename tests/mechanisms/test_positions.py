"""Positions: sinusoids know distances, y and x are not swapped, each place has its own row of a table."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visual_attention.mechanisms.positions import LearnedPositions, main, sinusoidal, sinusoidal_grid
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention


class TestSinusoidal:
    def test_by_hand(self):
        want = [[0, 1, 0, 1], [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)]]
        torch.testing.assert_close(sinusoidal(2, 4), torch.tensor(want))

    @given(shift=st.integers(0, 20), away=st.integers(0, 9))
    @settings(max_examples=25)
    def test_the_dot_product_knows_the_distance_alone(self, shift, away):
        table = sinusoidal(30, 26)
        torch.testing.assert_close(table[shift] @ table[shift + away], table[0] @ table[away])

    def test_each_position_is_like_itself_most(self):
        table = sinusoidal(50, 32)
        assert ((table @ table.T).argmax(1) == torch.arange(50)).all()

    def test_a_smaller_base_makes_faster_waves(self):
        torch.testing.assert_close(sinusoidal(5, 4, base=4.0)[2, 2:], torch.tensor([1.0, 0.0]).new_tensor(
            [math.sin(1.0), math.cos(1.0)]))  # fmt: skip

    @pytest.mark.parametrize(
        ("sizes", "says"),
        [((5, 7), "even dim.*got 7"), ((0, 4), "length above 0"), ((5, 0), "dim above 0")],
    )
    def test_impossible_sizes_are_refused(self, sizes, says):
        with pytest.raises(ValueError, match=says):
            sinusoidal(*sizes)


class TestGrid:
    def test_rows_come_first_and_places_run_row_by_row(self):
        table = sinusoidal_grid(3, 5, 8).unflatten(0, (3, 5))
        for row in range(3):
            for column in range(5):
                torch.testing.assert_close(table[row, column, :4], sinusoidal(3, 4)[row])
                torch.testing.assert_close(table[row, column, 4:], sinusoidal(5, 4)[column])

    def test_all_places_differ(self):
        table = sinusoidal_grid(7, 11, 12)
        apart = torch.cdist(table, table) + 10 * torch.eye(77)
        assert apart.min() > 1e-3

    def test_a_width_that_is_no_multiple_of_4_is_refused(self):
        with pytest.raises(ValueError, match="multiple of 4.*got 6"):
            sinusoidal_grid(3, 5, 6)


class TestLearnedPositions:
    def test_each_token_gets_its_row(self):
        positions = LearnedPositions(7, 5)
        torch.testing.assert_close(positions(torch.zeros(2, 7, 5)), positions.table.expand(2, 7, 5))
        x = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(positions(x) - x, positions.table.expand(2, 7, 5))

    def test_starts_small_but_not_at_zero_and_learns(self):
        torch.manual_seed(0)
        positions = LearnedPositions(7, 50)
        assert 0.01 < positions.table.std().item() < 0.03
        positions(torch.zeros(2, 7, 50)).sum().backward()
        torch.testing.assert_close(positions.table.grad, torch.full((7, 50), 2.0))

    @pytest.mark.parametrize(
        ("shape", "says"), [((2, 6, 5), "7 tokens.*got 6"), ((2, 7, 4), "width 5.*got 4")]
    )
    def test_a_token_without_a_row_is_refused(self, shape, says):
        with pytest.raises(ValueError, match=says):
            LearnedPositions(7, 5)(torch.zeros(*shape))


def test_positions_tell_attention_the_order():
    torch.manual_seed(0)
    heads, tokens = MultiHeadSelfAttention(12, heads=3), torch.randn(2, 7, 12)
    order, table = torch.tensor([3, 0, 6, 1, 5, 2, 4]), sinusoidal(7, 12)
    with_positions = heads(tokens[:, order] + table)
    assert (with_positions - heads(tokens + table)[:, order]).abs().max() > 0.01


def test_the_module_runs(capsys):
    main()
    assert "0, 1, 2, 4, 8 away: 1.00" in capsys.readouterr().out
