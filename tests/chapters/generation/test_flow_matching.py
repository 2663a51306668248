"""Lines from noise to pictures, their direction, and a sampler that follows a field exactly where it can."""

import pytest
import torch

from visual_attention.chapters.generation import flow_matching
from visual_attention.chapters.generation.flow_matching import (
    flow_loss,
    foreseen,
    interpolate,
    sample,
    target_velocity,
    trajectory,
)
from visual_attention.training import seeded

SHAPE = (2, 3, 5, 7)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def one(value):
    return torch.full((1, 1, 1, 1), float(value))


class TestLines:
    def test_by_hand(self):
        noise, picture = one(-2), one(6)
        for time, point in ((0.0, -2.0), (0.25, 0.0), (0.5, 2.0), (1.0, 6.0)):
            assert interpolate(noise, picture, torch.tensor([time])).item() == point
        assert target_velocity(noise, picture).item() == 8.0

    def test_each_picture_has_its_own_time(self):
        noise, pictures = random(*SHAPE), random(*SHAPE, seed=1)
        points = interpolate(noise, pictures, torch.tensor([0.0, 1.0]))
        assert torch.equal(points[0], noise[0]) and torch.equal(points[1], pictures[1])

    def test_the_target_is_the_derivative_of_the_line(self):
        noise, pictures = random(*SHAPE).double(), random(*SHAPE, seed=1).double()
        times = torch.tensor([0.3, 0.6]).double()
        moved = interpolate(noise, pictures, times + 1e-6) - interpolate(noise, pictures, times)
        torch.testing.assert_close(moved / 1e-6, target_velocity(noise, pictures), atol=1e-6, rtol=1e-6)

    @pytest.mark.parametrize(
        ("times", "says"),
        [
            (torch.tensor([0, 1]), "floating point, from 0 to 1, got torch.int64"),
            (torch.tensor([0.5]), r"a tensor \(2,\), got \(1,\)"),
            (0.5, "got float"),
        ],
    )
    def test_impossible_times_are_refused(self, times, says):
        x = random(*SHAPE)
        for call in (lambda: interpolate(x, x, times), lambda: foreseen(lambda x, t: x, x, times)):
            with pytest.raises(ValueError, match=says):
                call()

    def test_pairs_of_two_shapes_are_refused(self):
        for call in (target_velocity, lambda a, b: interpolate(a, b, torch.zeros(2))):
            with pytest.raises(ValueError, match="one shape"):
                call(random(2, 3, 5, 7), random(2, 3, 5, 1))


class TestLoss:
    def test_it_is_what_the_pieces_give(self):
        pictures, weight = random(*SHAPE, seed=1), 0.3

        def field(x, times):
            return weight * x + times.view(-1, 1, 1, 1)

        got = [
            flow_loss(field, pictures, generator=torch.Generator().manual_seed(5), even=even)
            for even in (True, False)
        ]
        again = torch.Generator().manual_seed(5)
        noise, times = torch.randn(SHAPE, generator=again), torch.rand(2, generator=again)
        share = times.view(2, 1, 1, 1)
        error = field((1 - share) * noise + share * pictures, times) - (pictures - noise)
        torch.testing.assert_close(got[0], error.square().mean())
        torch.testing.assert_close(got[1], ((1 - share) * error).square().mean())

    def test_the_field_that_knows_the_only_picture_has_no_loss(self):
        picture = random(1, 3, 5, 7)

        def knows(x, times):
            return (picture - x) / (1 - times.view(-1, 1, 1, 1))

        assert (
            flow_loss(knows, picture.expand(50, -1, -1, -1), generator=torch.Generator().manual_seed(0))
            < 1e-8
        )

    def test_times_cover_0_to_1_and_differ_within_a_batch(self):
        seen = []
        flow_loss(lambda x, t: seen.append(t) or x, random(2000, 1, 1, 1))
        assert seen[0].min() < 0.01 and seen[0].max() > 0.99
        assert abs(seen[0].mean() - 0.5) < 0.03

    def test_what_it_is_given_is_half_noise_half_picture_in_the_middle(self):
        seen = []
        flow_loss(lambda x, t: seen.append((x, t)) or x, torch.full((4000, 1, 1, 1), 10.0))
        (x, times), = seen  # fmt: skip
        late = times > 0.9
        assert x[late].mean() > 9 and abs(x[times < 0.1].mean()) < 1

    def test_it_is_the_error_in_what_is_foreseen(self):
        pictures, seen = random(*SHAPE, seed=1), []

        def field(x, times):
            seen.append((x, times))
            return 0.3 * x

        loss = flow_loss(field, pictures)
        end = foreseen(lambda x, t: 0.3 * x, *seen[0])
        torch.testing.assert_close(loss, (end - pictures).square().mean())


class TestSampler:
    @pytest.mark.parametrize("steps", [1, 3, 8])
    def test_a_constant_field_moves_by_itself(self, steps):
        noise = random(*SHAPE)
        torch.testing.assert_close(
            sample(lambda x, t: torch.full_like(x, 2.5), noise, steps=steps), noise + 2.5
        )

    @pytest.mark.parametrize("steps", [1, 3, 8])
    def test_straight_lines_are_followed_to_their_end(self, steps):
        noise, picture = random(*SHAPE), random(1, 3, 5, 7, seed=1)

        def towards(x, times):
            return (picture - x) / (1 - times.view(-1, 1, 1, 1))

        torch.testing.assert_close(sample(towards, noise, steps=steps), picture.expand_as(noise))

    def test_steps_by_hand(self):
        points = trajectory(lambda x, t: x + t.view(-1, 1, 1, 1), one(1), steps=2)
        assert points.flatten().tolist() == [1.0, 1.5, 2.5]  # 1 + 1/2 (1 + 0); 1.5 + 1/2 (1.5 + 0.5)

    def test_more_steps_come_nearer_to_the_exact_end(self):
        ends = [sample(lambda x, t: x, one(1), steps=steps).item() for steps in (10, 100, 1000)]
        errors = [abs(end - torch.e) for end in ends]
        assert errors[0] > 9 * errors[1] > 81 * errors[2] and errors[2] < 0.002

    def test_it_asks_at_the_beginning_of_each_step(self):
        asked = []
        trajectory(lambda x, t: asked.append(t.tolist()) or x, random(2, 1, 1, 1), steps=4)
        assert asked == [[0.0, 0.0], [0.25, 0.25], [0.5, 0.5], [0.75, 0.75]]

    def test_the_path_begins_with_the_noise_and_ends_with_the_sample(self):
        noise = random(*SHAPE)
        path = trajectory(lambda x, t: -x, noise, steps=5)
        assert path.shape == (6, *SHAPE) and torch.equal(path[0], noise)
        assert torch.equal(path[-1], sample(lambda x, t: -x, noise, steps=5))

    @pytest.mark.parametrize("steps", [0, -3])
    def test_no_steps_are_refused(self, steps):
        for call in (sample, trajectory):
            with pytest.raises(ValueError, match=f"1 step or more, got {steps}"):
                call(lambda x, t: x, random(*SHAPE), steps=steps)


def test_a_loss_of_no_picture_is_refused():
    with pytest.raises(ValueError, match="at least one picture to take the mean error of, got none"):
        flow_matching.flow_loss(lambda x, times: x, torch.rand(0, 3, 4, 4))


def test_foreseen_goes_straight_on():
    x = one(1)
    assert foreseen(lambda x, t: torch.full_like(x, 4.0), x, torch.tensor([0.75])).item() == 2.0
    assert foreseen(lambda x, t: x, x, torch.tensor([1.0])).item() == 1.0


def test_the_module_runs(capsys):
    with seeded(0):
        flow_matching.main()
    assert "1 steps end" in capsys.readouterr().out
