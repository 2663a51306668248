"""The two-sample test is at chance where it should be, and sees what it should see."""

import pytest
import torch

from visual_attention.chapters.generation import mirrored
from visual_attention.chapters.generation.realism import (
    frechet,
    main,
    one_part,
    told_apart,
    whole_picture,
)


def drawn(seed: int, count: int = 400, split: str = "test") -> torch.Tensor:
    return mirrored.batch(count, split=split, generator=torch.Generator().manual_seed(seed)).images


@pytest.mark.parametrize("look", [whole_picture, one_part], ids=lambda look: look.__name__)
def test_real_against_real_is_at_chance(look):
    assert told_apart(drawn(0), drawn(1), look=look) == pytest.approx(50, abs=5)


def test_parts_of_strangers_look_real_and_their_pictures_do_not():
    apart = mirrored.strangers(drawn(1))
    assert told_apart(drawn(0), apart, look=one_part) == pytest.approx(50, abs=5)
    assert told_apart(drawn(0), apart) > 85


def test_without_products_no_relation_between_parts_is_seen():
    apart = mirrored.strangers(drawn(1))
    assert told_apart(drawn(0), apart, squares=False) == pytest.approx(50, abs=6)


def test_blurred_parts_are_told():
    blurred = torch.nn.functional.avg_pool2d(drawn(1), 3, stride=1, padding=1)
    assert told_apart(drawn(0), blurred, look=one_part) > 90


def test_the_last_digit_of_a_number_tells_nothing():
    """Nobody sees a ten-thousandth more light, so it must not count."""
    black = torch.zeros(400, 3, 16, 24)
    assert told_apart(black, black + 1e-4) == pytest.approx(50, abs=6)


def test_whole_picture_is_the_mean_colour_of_quarters():
    images = drawn(0, 3)
    features = whole_picture(images).view(
        3, 4, 3, 2, 2
    )  # parts: left upper, left lower, right upper, right lower
    torch.testing.assert_close(features[:, 1, :, 0, 1], images[:, :, 8:12, 4:8].mean(dim=(2, 3)))
    torch.testing.assert_close(features[:, :2], features[:, 2:])  # mirrored back


def test_one_part_is_the_upper_left_digit():
    images = drawn(0, 2)
    assert torch.equal(one_part(images), images[..., :8, :8].flatten(1))


@pytest.mark.parametrize("sizes", [(10, 12), (6, 6)])
def test_sets_that_cannot_be_compared_are_refused(sizes):
    with pytest.raises(ValueError, match=f"got {sizes[0]} and {sizes[1]}"):
        told_apart(drawn(0, sizes[0]), drawn(1, sizes[1]))


def test_the_same_seed_tells_the_same():
    real, made = drawn(0, 60), drawn(1, 60)
    assert told_apart(real, made) == told_apart(real, made)


def test_the_module_runs(capsys):
    main()
    assert "right sides exchanged" in capsys.readouterr().out


class TestFrechet:
    def test_by_hand(self):
        """Two clouds of one feature: means 0 and 3, standard deviations 1 and 2."""
        one = torch.tensor([-1.0, 1.0] * 50)[:, None] * (99 / 100) ** 0.5
        assert frechet(one, 2 * one + 3) == pytest.approx(3**2 + (2 - 1) ** 2, abs=1e-4)

    def test_equal_clouds_are_0_apart_and_the_order_does_not_matter(self):
        x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0)) @ torch.randn(5, 5)
        assert frechet(x, x.flip(0)) == pytest.approx(0, abs=1e-6)

    def test_it_is_symmetric_and_a_turn_changes_nothing(self):
        generator = torch.Generator().manual_seed(0)
        one, two = torch.randn(2, 300, 4, generator=generator)
        two = two @ torch.randn(4, 4, generator=generator) + 1
        turn = torch.linalg.qr(torch.randn(4, 4, generator=generator)).Q
        apart = frechet(one, two)
        assert apart == pytest.approx(frechet(two, one), rel=1e-4)
        assert apart == pytest.approx(frechet(one @ turn, two @ turn), rel=1e-3)

    @pytest.mark.parametrize(
        ("one", "two", "says"),
        [((9, 3), (9, 4), "wanted features"), ((9, 3), (3, 3), "more than 3 examples")],
    )
    def test_what_cannot_be_compared_is_refused(self, one, two, says):
        with pytest.raises(ValueError, match=says):
            frechet(torch.rand(one), torch.rand(two))
