"""The leak test by hand, and on both worlds."""

import pytest
import torch

from visual_attention.chapters.tracking.board_guess import chance, hit_rate, main
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.paths import main as paths_main
from visual_attention.chapters.tracking.tracks import Disturbance, sequences


def by_hand():
    """Two things: the target on the left, another on the right; boards on both, three times as much right."""
    boxes = torch.tensor([[0.25, 0.5, 0.25, 0.25], [0.75, 0.5, 0.25, 0.25]]).view(1, 1, 2, 4)
    boards = torch.zeros(1, 1, 1, 64, 64, dtype=torch.bool)
    boards[..., 30:34, 10:14] = True
    boards[..., 30:34, 44:56] = True
    there = torch.ones(1, 1, 2, dtype=torch.bool)
    return Tracks(torch.zeros(1, 1, 3, 64, 64), boxes, there.float(), there, boards)


def test_by_hand():
    films = by_hand()
    assert hit_rate(films) == 0.25 and chance(films) == 0.5
    gone = films.present.clone()
    gone[..., 1] = False
    assert hit_rate(films._replace(present=gone)) == 1
    assert hit_rate(films._replace(present=gone & False)) == chance(films._replace(present=gone & False)) == 0


def test_distances_are_counted_in_pixels_of_frames_of_any_size():
    """32 x 160: a board right above the target is nearer to it in pixels, and to the other one in shares."""
    boxes = torch.tensor([[0.5, 0.9, 0.1, 0.2], [0.4, 0.15, 0.1, 0.2]]).view(1, 1, 2, 4)
    boards = torch.zeros(1, 1, 1, 32, 160, dtype=torch.bool)
    boards[..., 14:16, 79:81] = True  # 14 pixels away from the target, 19 from the other
    there = torch.ones(1, 1, 2, dtype=torch.bool)
    films = Tracks(torch.zeros(1, 1, 3, 32, 160), boxes, there.float(), there, boards)
    assert hit_rate(films) == 1 and 0.4 < chance(films) < 0.6


@pytest.mark.slow
def test_boards_betray_the_target_in_the_careless_world_only():
    rates = {}
    for betrayed in (True, False):
        disturbance = Disturbance(occlusion=0.5, betrayed=betrayed)
        films = sequences(
            24, split="test", disturbance=disturbance, frames=4, generator=torch.Generator().manual_seed(0)
        )
        rates[betrayed] = hit_rate(films), chance(films)
    assert rates[True][0] > 0.9
    assert rates[False][0] == pytest.approx(1 / 6, abs=0.08) and rates[False][1] == pytest.approx(
        1 / 6, abs=0.08
    )


def test_errors_and_mains(capsys):
    films = by_hand()
    with pytest.raises(ValueError, match="wanted at least one board, got none"):
        hit_rate(films._replace(boards=torch.zeros_like(films.boards)))
    main()
    paths_main()
    assert "on boards" in capsys.readouterr().out
