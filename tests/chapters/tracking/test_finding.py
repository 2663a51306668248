"""Examples of the contest: the target lies where it is said to lie, and conditions differ in one thing."""

import pytest
import torch

from visual_attention.chapters.tracking import finding
from visual_attention.chapters.tracking.encoder import packed, templates_of, windows_of
from visual_attention.chapters.tracking.finders import LastPlace, Pixels
from visual_attention.chapters.tracking.finding import CONDITIONS, TARGETS
from visual_attention.chapters.tracking.finding_cuts import hits


def seed(number=0):
    return torch.Generator().manual_seed(number)


@pytest.fixture(scope="module")
def judged():
    return finding.for_test(56, split="test", generator=seed())


@pytest.fixture(scope="module")
def learned():
    return finding.for_training(48, split="learning", generator=seed())


def test_seven_in_a_row_differ_in_their_condition_alone(judged):
    row = judged.condition.view(-1, len(CONDITIONS))
    assert (row == torch.arange(len(CONDITIONS))).all()
    templates = templates_of(judged.pairs).unflatten(0, (-1, len(CONDITIONS)))
    assert torch.equal(templates, templates[:, :1].expand_as(templates))
    clean, noise, turned, *_ = windows_of(judged.pairs).unflatten(0, (-1, len(CONDITIONS))).unbind(1)
    assert 0.05 < (clean - noise).abs().mean() < 0.2 and not torch.equal(clean, turned)
    centre = judged.centre.view(-1, len(CONDITIONS), 2)
    assert (centre[:, 1] - centre[:, 0]).abs().max() < 1e-4  # noise moves nothing


def test_more_alike_has_more_things_in_the_window(judged):
    things = judged.things.view(-1, len(CONDITIONS))
    assert (things[:, CONDITIONS.index("more alike")] >= things[:, 0]).all()
    assert things[:, -1].sum() > things[:, 0].sum() and things.min() >= 1


def test_grown_or_shrunk_targets_are_that_large(judged):
    size = judged.size.view(-1, len(CONDITIONS), 2).mean(2)
    ratio = size[:, CONDITIONS.index("grown")] / size[:, 0]
    assert ((ratio > 1.2) | (ratio < 0.85)).all()
    assert (size[:, CONDITIONS.index("turned")] / size[:, 0]).sub(1).abs().max() < 0.1


def test_raw_pixels_find_what_nothing_happened_to(judged):
    """An oracle that knows nothing of how examples are made: the place is right."""
    with torch.no_grad():
        hit = hits(Pixels().eval()(judged.pairs), judged).view(-1, len(CONDITIONS)).mean(0)
    assert hit[CONDITIONS.index("clean")] > 0.6 > hit[CONDITIONS.index("turned")]


@pytest.mark.slow
def test_windows_lie_anywhere_around_the_target_unless_it_is_put_in_the_middle(learned):
    assert learned.centre.std(0).min() > 6 and (learned.centre > 0).all() and (learned.centre < 48).all()
    middle = finding.for_training(24, split="learning", centred=True, generator=seed())
    with torch.no_grad():
        in_the_middle, anywhere = (hits(LastPlace()(one.pairs), one).mean() for one in (middle, learned))
    assert in_the_middle == 1 and anywhere < 0.2


@pytest.mark.slow
def test_and_yet_the_target_lies_in_a_quarter_of_the_window_s_places_mostly():
    """The page's count: things stand on a grid, and windows end at the frame's edge."""
    found = {}
    for grid in (True, False):
        drawn = finding.for_training(1000, split="learning", grid=grid, generator=seed())
        column, row = (drawn.centre / 6).long().clamp(0, 7).unbind(1)
        counted = torch.bincount(8 * row + column, minlength=64).sort(descending=True)
        most = counted.indices[:16].sort().values.tolist()
        middle = hits(LastPlace()(drawn.pairs), drawn).mean()
        share = counted.values[:16].sum() / 1000
        found[grid] = [round(100 * x.item()) for x in (share, middle)]
        if grid:
            assert most == [8 * r + c for r in (1, 2, 5, 6) for c in (1, 2, 5, 6)]
    assert found == {True: [71, 1], False: [53, 6]}


def test_off_the_grid_is_another_world_with_the_same_conditions():
    on, off = (
        finding.for_test(14, split="validation", grid=grid, generator=seed()) for grid in (True, False)
    )
    assert torch.equal(on.condition, off.condition) and not torch.equal(on.centre, off.centre)
    again = finding.for_test(14, split="validation", generator=seed())
    assert torch.equal(on.pairs, again.pairs)  # the grid is the contest's


@pytest.mark.slow
def test_training_and_test_are_drawn_from_other_splits_and_by_seed(learned):
    again = finding.for_training(48, split="learning", generator=seed())
    assert torch.equal(again.pairs, learned.pairs) and (learned.condition == -1).all()
    other = finding.for_training(48, split="learning", generator=seed(1))
    assert not torch.equal(other.pairs, learned.pairs)


@pytest.mark.slow
def test_covered_targets_are_covered():
    count, films = 12, finding.for_training(12, split="learning", covered=True, generator=seed())
    assert len(films.pairs) == count
    boards = finding.for_training(12, split="learning", covered=True, betrayed=True, generator=seed())
    assert not torch.equal(boards.pairs, films.pairs)


def test_scenes_are_whole_or_cut_off():
    assert len(finding.for_test(15, split="validation", generator=seed()).pairs) == 15
    assert len(CONDITIONS) * TARGETS == 14


def test_packing_and_unpacking():
    windows, templates = torch.rand(2, 3, 48, 48), torch.rand(2, 3, 24, 24)
    pairs = packed(windows, templates)
    assert pairs.shape == (2, 3, 48, 72) and pairs.dtype == torch.uint8
    torch.testing.assert_close(windows_of(pairs), windows, atol=0.5 / 255 + 1e-6, rtol=0)
    torch.testing.assert_close(templates_of(pairs), templates, atol=0.5 / 255 + 1e-6, rtol=0)
    assert not pairs[:, :, 24:, 48:].any()


def test_main_runs(capsys):
    finding.main()
    assert "more alike" in capsys.readouterr().out
