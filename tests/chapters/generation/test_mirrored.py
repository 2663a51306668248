"""Left and right agree in every picture, and the measure says so of nothing else."""

import pytest
import torch

from visual_attention.chapters.generation import mirrored
from visual_attention.data.twins import COLOURS

RED, GREEN, BLUE = (list(COLOURS).index(name) for name in ("red", "green", "blue"))


def drawn(count: int = 7, split: str = "test", seed: int = 0) -> mirrored.Mirrored:
    return mirrored.batch(count, split=split, generator=torch.Generator().manual_seed(seed))


def percent(pairs: torch.Tensor) -> float:
    return 100 * pairs.float().mean().item()


def painted(colour: int, shape: int = 3) -> torch.Tensor:
    """One shape in one colour, (3, 8, 8); by default steps, which are not their own mirror image."""
    return mirrored.masks()[shape] * torch.tensor(list(COLOURS.values())[colour])[:, None, None]


def picture(left: list, right: list) -> torch.Tensor:
    """A picture of parts: two lists of an upper and a lower part."""
    return mirrored.compose(torch.stack(left)[None], torch.stack(right)[None])


def test_the_right_edge_mirrors_the_left_and_the_middle_is_dark():
    images = drawn().images
    assert torch.equal(images, images.flip(3))
    assert images[..., 8:16].eq(0).all() and images[..., :8].amax(dim=(1, 2, 3)).gt(0.5).all()
    assert images.shape == (7, 3, 16, 24) and 0 <= images.min() and images.max() <= 1


def test_what_is_said_of_a_part_is_what_is_painted_there():
    batch = drawn()
    for image, shapes, colours in zip(batch.images, batch.shapes, batch.colours, strict=True):
        for row in range(2):
            cell = image[:, 8 * row : 8 * row + 8, :8]
            assert torch.equal(cell, painted(int(colours[row]), int(shapes[row])))
            assert mirrored.colour_of(cell) == colours[row] and mirrored.shape_of(cell) == shapes[row]


def test_kinds_are_told_from_pictures():
    batch = drawn(200)
    assert torch.equal(mirrored.kinds_of(batch.images), 6 * batch.shapes + batch.colours)
    assert mirrored.kinds_of(torch.zeros(1, 3, 16, 24)).tolist() == [[-1, -1]]


def test_counterparts_mirror_each_row():
    assert mirrored.counterparts((2, 3)).tolist() == [2, 1, 0, 5, 4, 3]


def test_a_drawing_by_hand():
    cross = mirrored.masks()[list(mirrored.DRAWN).index("cross")]
    assert cross[3:5].eq(1).all() and cross[:, 3:5].eq(1).all() and cross.sum() == 28


def test_no_picture_of_the_test_occurs_in_training_but_all_shapes_in_all_colours_do():
    kinds = {}
    for split in ("train", "test"):
        batch = drawn(6000, split=split)
        one = len(COLOURS) * batch.shapes + batch.colours
        kinds[split] = set(map(tuple, one.tolist()))
        assert {kind for pair in kinds[split] for kind in pair} == set(range(24))
        assert one.flatten().bincount().min() > 0.8 * 12000 / 24
    assert not kinds["train"] & kinds["test"]
    assert len(kinds["train"]) > 0.95 * 24 * 24 * 0.8 and len(kinds["test"]) == 115


def test_parts_undo_compose():
    left, right = torch.rand(2, 5, 2, 3, 8, 8)
    again = mirrored.parts(mirrored.compose(left, right))
    assert torch.equal(again[0], left) and torch.equal(again[1], right)


def test_compose_mirrors_the_right_part_only():
    part = torch.zeros(1, 2, 3, 8, 8)
    part[0, 0, :, 0, 1] = 1  # upper pair, first row, second column
    image = mirrored.compose(part, part)
    assert image[0, 0].nonzero().tolist() == [[0, 1], [0, 22]]


class TestAgreement:
    def test_every_real_picture_agrees_whole(self):
        for split in ("train", "test"):
            assert all(pairs.all() for pairs in mirrored.agreement(drawn(3000, split=split).images))

    def test_strangers_agree_by_chance_alone(self):
        colour, shape, both = mirrored.agreement(mirrored.strangers(drawn(4000).images))
        assert percent(colour) == pytest.approx(100 / 6, abs=1.5)
        assert percent(shape) == pytest.approx(100 / 4, abs=1.5)
        assert percent(both) == pytest.approx(100 / 24, abs=1)

    def test_strangers_keep_the_left_side_and_every_part(self):
        images = drawn().images
        apart = mirrored.strangers(images)
        assert torch.equal(apart[..., :8], images[..., :8])
        assert torch.equal(apart[1:, ..., 16:], images[:-1, ..., 16:])

    def test_upper_and_lower_pairs_are_judged_each_for_itself(self):
        image = picture([painted(RED), painted(GREEN, 1)], [painted(RED), painted(BLUE, 1)])
        colour, shape, both = mirrored.agreement(image)
        assert (colour.tolist(), shape.tolist(), both.tolist()) == (
            [[True, False]], [[True, True]], [[True, False]]
        )  # fmt: skip

    def test_parts_that_agree_across_pairs_do_not_count(self):
        image = picture([painted(RED), painted(GREEN, 1)], [painted(GREEN, 1), painted(RED)])
        assert not mirrored.agreement(image).colour.any()

    def test_a_copy_that_is_not_mirrored_has_another_shape(self):
        part = painted(RED)
        image = picture([part, part], [part.flip(2), part])
        assert mirrored.agreement(image).shape.tolist() == [[False, True]]

    def test_darkness_and_mixed_colours_agree_with_nothing(self):
        dark = torch.zeros(1, 3, 16, 24)
        assert not any(pairs.any() for pairs in mirrored.agreement(dark))
        between = torch.tensor([0.2, 0.8, 0.8])[:, None, None] * painted(RED).amax(0)  # none of the six
        assert mirrored.colour_of(between) == -1
        assert not mirrored.agreement(picture([between] * 2, [between] * 2)).colour.any()

    def test_a_little_noise_does_not_hide_agreement(self):
        noise = 0.15 * torch.randn(500, 3, 16, 24, generator=torch.Generator().manual_seed(1))
        assert percent(mirrored.agreement((drawn(500).images + noise).clamp(0, 1)).both) > 98

    def test_each_shape_is_like_itself_alone(self):
        drawn = mirrored.masks()[:, None].expand(-1, 3, -1, -1)
        likeness = mirrored.likeness(drawn[:, None], drawn[None]) - torch.eye(4)
        assert likeness.max() < 0.4
        assert mirrored.shape_of(drawn).tolist() == list(range(4))
        assert mirrored.shape_of(torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))) == -1

    def test_a_faint_part_is_still_a_part_and_an_empty_one_is_not(self):
        assert mirrored.colour_of(0.6 * painted(RED)) == RED
        assert mirrored.colour_of(0.1 * painted(RED)) == -1

    def test_likeness_of_a_part_and_itself_is_1_and_of_its_negative_minus_1(self):
        part = painted(RED)[None]
        torch.testing.assert_close(mirrored.likeness(part, part), torch.ones(1))
        negative = torch.zeros_like(part)
        negative[:, 0] = 1 - part[:, 0]
        torch.testing.assert_close(mirrored.likeness(part, negative), -torch.ones(1))

    @pytest.mark.parametrize("shape", [(2, 3, 16, 16), (2, 3, 24, 16), (3, 16, 24), (2, 1, 16, 24)])
    def test_pictures_of_another_size_are_refused(self, shape):
        with pytest.raises(ValueError, match=r"wanted pictures \(B, 3, 16, 24\), got"):
            mirrored.agreement(torch.zeros(shape))


def test_a_seed_gives_the_same_pictures_and_the_splits_differ():
    assert all(torch.equal(a, b) for a, b in zip(drawn(), drawn(), strict=True))
    assert not torch.equal(drawn().images, drawn(split="train").images)


@pytest.mark.parametrize(("options", "says"), [({"count": 0}, "at least 1"), ({"split": "all"}, "split")])
def test_impossible_wishes_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        drawn(**options)


def test_the_module_runs(capsys):
    mirrored.main()
    assert "real                   colour 100.0 %, shape 100.0 %" in capsys.readouterr().out
