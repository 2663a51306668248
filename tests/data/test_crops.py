"""Windows: each is a part of one photograph, every place can be drawn, and a seed fixes them."""

import pytest
import torch

from visual_attention.data import photographs
from visual_attention.data.crops import bank, draw, main

NAMES = ("brick", "cat", "grass")


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def numbered(count, channels, side):
    """Pictures in which each number occurs once: (P, C, side, side)."""
    return torch.arange(count * channels * side * side).view(count, channels, side, side)


class TestBank:
    def test_it_holds_the_photographs_in_their_order(self):
        pictures = bank(NAMES, 40)
        assert pictures.shape == (3, 3, 40, 40)
        for picture, name in zip(pictures, NAMES, strict=True):
            assert torch.equal(picture, photographs.load(name, 40))

    def test_grey_is_the_mean_of_the_three(self):
        grey = bank(NAMES, 40, grey=True)
        assert grey.shape == (3, 1, 40, 40)
        torch.testing.assert_close(grey[:, 0], bank(NAMES, 40).sum(dim=1) / 3)

    @pytest.mark.parametrize("grey", [True, False])
    def test_stretched_fills_0_to_1_in_each_and_keeps_the_order(self, grey):
        plain, stretched = (bank(NAMES, 40, grey=grey, stretched=s) for s in (False, True))
        for before, after in zip(plain, stretched, strict=True):
            assert before.min() > 0 and (after.min(), after.max()) == (0, 1)
            rank = before.flatten().argsort(stable=True)
            assert after.flatten()[rank].diff().min() >= 0

    def test_it_is_read_once(self):
        assert bank(NAMES, 40) is bank(NAMES, 40) and bank(NAMES, 40) is not bank(NAMES, 41)


class TestDraw:
    def test_each_is_a_window_of_one_photograph(self):
        """Found by comparing with all windows of all photographs, rows down and columns across."""
        pictures = bank(NAMES, 40)
        every = pictures.unfold(2, 9, 1).unfold(3, 9, 1)  # (P, 3, rows, columns, 9, 9)
        places = set()
        for window in draw(pictures, 30, 9, generator=seeded(0)):
            hits = (every == window[:, None, None]).all(dim=5).all(dim=4).all(dim=1).nonzero()
            assert len(hits) == 1
            places.add(tuple(hits[0].tolist()))
        assert len({place[0] for place in places}) == 3 and len(places) > 25

    def test_every_place_comes_equally_often_the_last_too(self):
        pictures = numbered(2, 1, 6)
        corners = draw(pictures, 8000, 4, generator=seeded(1))[:, 0, 0, 0]
        wanted = pictures[:, 0, :3, :3].flatten()
        assert sorted(set(corners.tolist())) == wanted.tolist()  # 3 rows and 3 columns of each
        counts = corners.bincount()[wanted]
        assert counts.min() > 350 and counts.max() < 550  # 444 on average

    def test_pictures_are_drawn_first_then_rows_and_columns(self):
        """By hand, as data that networks were trained on must not change with the order of the draws."""
        pictures, generator = numbered(3, 2, 7), seeded(5)
        which = torch.randint(3, (9,), generator=generator).tolist()
        corners = torch.randint(7 - 4 + 1, (9, 2), generator=generator).tolist()
        wanted = [pictures[w, :, y : y + 4, x : x + 4] for w, (y, x) in zip(which, corners, strict=True)]
        assert torch.equal(draw(pictures, 9, 4, generator=seeded(5)), torch.stack(wanted))

    def test_channels_belong_together(self):
        windows = draw(numbered(3, 2, 5), 20, 2, generator=seeded(0))
        assert windows.shape == (20, 2, 2, 2)
        assert (windows[:, 1] - windows[:, 0]).eq(25).all()
        assert (windows[..., 1] - windows[..., 0]).eq(1).all()
        assert (windows[..., 1, :] - windows[..., 0, :]).eq(5).all()

    def test_a_window_may_be_the_whole_picture(self):
        pictures = numbered(2, 1, 5)
        for window in draw(pictures, 6, 5, generator=seeded(0)):
            assert any(torch.equal(window, picture) for picture in pictures)

    def test_a_seed_fixes_them_and_the_global_generator_is_left_alone(self):
        before, pictures = torch.get_rng_state(), bank(NAMES, 40)
        one, again, other = (draw(pictures, 5, 8, generator=seeded(s)) for s in (3, 3, 4))
        assert torch.equal(one, again) and not torch.equal(one, other)
        assert torch.equal(before, torch.get_rng_state())

    def test_they_are_copies(self):
        pictures = bank(NAMES, 40)
        kept = pictures.clone()
        draw(pictures, 3, 40, generator=seeded(0)).zero_()
        assert torch.equal(pictures, kept)

    @pytest.mark.parametrize(
        ("shape", "size", "says"),
        [
            ((2, 3, 40, 40), 41, "wanted a window of 1 to 40 pixels, got 41"),
            ((2, 3, 40, 40), 0, "wanted a window of 1 to 40 pixels, got 0"),
            ((2, 3, 40, 30), 8, "wanted square ones, got 40 x 30 pixels"),
        ],
    )
    def test_errors_say_what_was_wanted(self, shape, size, says):
        with pytest.raises(ValueError, match=says):
            draw(torch.zeros(shape), 2, size)


def test_main_runs(capsys):
    main()
    assert "(4, 1, 40, 40) from (2, 1, 100, 100)" in capsys.readouterr().out
