"""The glimpse sensor and its networks: places, scales, edges and gradients."""

import pytest
import torch
from torch.nn import functional as F

from visual_attention.mechanisms.glimpses import GlimpseNetwork, GlimpseSensor, LocationNetwork, main
from visual_attention.mechanisms.policy_gradient import reinforce_loss

B, C, H, W = 3, 2, 17, 29  # distinct primes, and an image that is not square


def image(seed: int = 0, **sizes: int) -> torch.Tensor:
    size = {"b": B, "c": C, "h": H, "w": W} | sizes
    return torch.rand(*size.values(), generator=torch.Generator().manual_seed(seed))


def places(*rows: tuple[float, float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float32)


def by_pixel(row: int, column: int, height: int = H, width: int = W) -> tuple[float, float]:
    """The location (x, y) of the corner between four pixels: row and column count the pixels before it."""
    return 2 * column / width - 1, 2 * row / height - 1


class TestGlimpseSensor:
    def test_a_cut_by_hand_is_the_same(self):
        x = image()
        patch = GlimpseSensor(4, scales=1)(x, places(*[by_pixel(6, 11)] * B))
        torch.testing.assert_close(patch[:, 0], x[:, :, 4:8, 9:13])

    def test_each_scale_is_twice_as_wide_and_averaged(self):
        x = image()
        patches = GlimpseSensor(2, scales=3)(x, places(*[by_pixel(8, 13)] * B))
        assert patches.shape == (B, 3, C, 2, 2)
        torch.testing.assert_close(patches[:, 0], x[:, :, 7:9, 12:14])
        torch.testing.assert_close(patches[:, 1], F.avg_pool2d(x[:, :, 6:10, 11:15], 2))
        torch.testing.assert_close(patches[:, 2], F.avg_pool2d(x[:, :, 4:12, 9:17], 4))

    def test_x_goes_right_and_y_goes_down(self):
        x = torch.zeros(1, 1, H, W)
        x[..., 2, 25] = 1.0  # at the top right
        sensor = GlimpseSensor(4, scales=1)
        corners = {"top right": (0.75, -0.75), "bottom left": (-0.75, 0.75), "top left": (-0.75, -0.75)}
        light = {name: sensor(x, places(at)).sum().item() for name, at in corners.items()}
        assert light["top right"] == pytest.approx(1) and light["bottom left"] == light["top left"] == 0

    @pytest.mark.parametrize(
        ("at", "rows", "columns", "inside"),
        [((-1, -1), slice(2, 4), slice(2, 4), (slice(0, 2), slice(0, 2))),
         ((1, 1), slice(0, 2), slice(0, 2), (slice(H - 2, H), slice(W - 2, W)))],
        ids=["top left", "bottom right"],
    )  # fmt: skip
    def test_a_corner_shows_a_quarter_of_the_image_and_zeros(self, at, rows, columns, inside):
        x = 1 + image()
        patch = GlimpseSensor(4, scales=1)(x, places(*[at] * B))[:, 0]
        torch.testing.assert_close(patch[:, :, rows, columns], x[:, :, inside[0], inside[1]])
        assert (patch > 0.5).sum() == B * C * 4  # nothing but zeros around the quarter

    @pytest.mark.parametrize("at", [(3.0, 0.0), (0.0, -4.0), (-1e6, 1e6)])
    def test_outside_of_the_image_everything_is_0(self, at):
        assert GlimpseSensor(4, scales=3)(1 + image(), places(*[at] * B))[:, :2].abs().max() == 0

    def test_agrees_with_torch_s_grid_sample_between_pixels(self):
        x, at = image(), places((0.313, -0.171), (-0.97, 0.88), (1.2, -1.4))
        patches = GlimpseSensor(5, scales=2)(x, at)
        for k, zoom in enumerate((1, 2)):
            steps = torch.arange(5 * zoom) - (5 * zoom - 1) / 2
            columns = (at[:, :1] + 2 * steps / W)[:, None].expand(-1, 5 * zoom, -1)
            rows = (at[:, 1:] + 2 * steps / H)[:, :, None].expand(-1, -1, 5 * zoom)
            cut = F.grid_sample(x, torch.stack([columns, rows], -1), align_corners=False)
            torch.testing.assert_close(patches[:, k], F.avg_pool2d(cut, zoom), atol=1e-5, rtol=0)

    def test_a_flat_image_looks_the_same_at_all_scales(self):
        patches = GlimpseSensor(3, scales=3)(torch.full((1, 1, 60, 60), 0.7), places((0.1, -0.2)))
        torch.testing.assert_close(patches, torch.full_like(patches, 0.7))

    def test_moving_image_and_location_alike_changes_nothing(self):
        x = F.pad(image(), (12, 12, 12, 12))
        height, width = x.shape[2:]
        sensor = GlimpseSensor(4, scales=2)
        one = sensor(x, places(*[by_pixel(18, 21, height, width)] * B))
        two = sensor(x.roll((3, -5), (2, 3)), places(*[by_pixel(21, 16, height, width)] * B))
        torch.testing.assert_close(one, two, atol=1e-5, rtol=0)

    def test_images_and_locations_do_not_mix_within_a_batch(self):
        x, at = image(), places((0.3, -0.1), (-0.9, 0.8), (0.0, 0.5))
        sensor = GlimpseSensor(5, scales=2)
        alone = torch.cat([sensor(x[i : i + 1], at[i : i + 1]) for i in range(B)])
        torch.testing.assert_close(sensor(x, at), alone)

    def test_is_differentiable_in_image_and_location(self):
        x = image(seed=1, h=7, w=5).double().requires_grad_()
        at = places((0.313, -0.171), (-0.37, 0.28), (0.05, 0.11)).double().requires_grad_()
        assert torch.autograd.gradcheck(GlimpseSensor(2, scales=2), (x, at))

    def test_counts_what_it_hands_on(self):
        sensor = GlimpseSensor(5, scales=3)
        assert sensor.pixels() == 75 == sensor(image(c=1), torch.zeros(B, 2))[0].numel()

    @pytest.mark.parametrize(
        ("at", "says"),
        [
            (torch.zeros(B, 3), rf"\({B}, 2\), got \({B}, 3\)"),
            (torch.zeros(2), rf"\({B}, 2\), got \(2,\)"),
            (torch.zeros(B, 2, dtype=torch.long), "floating point, got torch.int64"),
            ([[0.0, 0.0]], "floating point, got list"),
        ],
        ids=["three numbers", "one place", "integers", "list"],
    )
    def test_wrong_locations_are_told_what_was_wanted(self, at, says):
        with pytest.raises(ValueError, match=says):
            GlimpseSensor(4)(image(), at)

    def test_a_wrong_image_or_size_is_told_what_was_wanted(self):
        with pytest.raises(ValueError, match=r"\(B, C, H, W\).*got 3"):
            GlimpseSensor(4)(image()[0], torch.zeros(B, 2))
        with pytest.raises(ValueError, match="size above 0, got 0"):
            GlimpseSensor(0)


class TestGlimpseNetwork:
    def build(self) -> GlimpseNetwork:
        torch.manual_seed(0)
        return GlimpseNetwork(GlimpseSensor(4, scales=2), channels=C, hidden=7, out=11)

    def test_joins_what_and_where_as_the_paper_says(self):
        network, x, at = self.build(), image(), places((0.3, -0.1), (-0.9, 0.8), (0.0, 0.5))
        patches = network.sensor(x, at).reshape(B, -1)
        what = network.what(F.relu(network.see(patches)))
        want = F.relu(what + network.where(F.relu(network.place(at))))
        torch.testing.assert_close(network(x, at), want)
        assert want.shape == (B, 11)

    def test_the_place_counts_even_where_nothing_is_seen(self):
        network, dark = self.build(), torch.zeros(1, C, H, W)
        assert not torch.allclose(network(dark, places((0.3, 0.1))), network(dark, places((-0.5, 0.2))))

    def test_every_parameter_gets_a_gradient(self):
        network = self.build()
        network(image(), places((0.3, -0.1), (-0.9, 0.8), (0.0, 0.5))).square().sum().backward()
        assert all(p.grad.abs().max() > 1e-8 for p in network.parameters())


class TestLocationNetwork:
    def test_means_stay_inside_the_image(self):
        network = LocationNetwork(5)
        means = network(1e3 * torch.randn(B, 5, generator=torch.Generator().manual_seed(0)))
        assert means.shape == (B, 2) and means.abs().max() <= 1

    def test_log_probability_agrees_with_torch_s_normal_up_to_a_constant(self):
        network = LocationNetwork(5, spread=0.3)
        means, drawn = torch.randn(2, B, 2, generator=torch.Generator().manual_seed(0))
        normal = torch.distributions.Normal(means, 0.3)
        difference = normal.log_prob(drawn).sum(-1) - network.log_probability(means, drawn)
        torch.testing.assert_close(difference, difference[:1].expand(B))

    def test_the_drawn_place_counts_as_given(self):
        network = LocationNetwork(5)
        means = torch.zeros(B, 2, requires_grad=True)
        drawn = torch.ones(B, 2, requires_grad=True)
        network.log_probability(means, drawn).sum().backward()
        assert drawn.grad is None
        torch.testing.assert_close(means.grad, torch.full((B, 2), 1 / network.spread**2))

    def test_reinforce_over_drawn_places_agrees_with_the_exact_gradient_in_expectation(self):
        """The reward is minus the squared distance from a target, so its mean's gradient is known."""
        network, generator = LocationNetwork(5, spread=0.3), torch.Generator().manual_seed(0)
        mean, target, draws = torch.tensor([0.2, -0.4]), torch.tensor([-0.1, 0.5]), 50_000
        means = mean.expand(draws, 2).clone().requires_grad_()
        drawn = mean + network.spread * torch.randn(draws, 2, generator=generator)
        rewards = -((drawn - target) ** 2).sum(dim=1)
        expected = -((mean - target) ** 2).sum() - 2 * network.spread**2
        loss = reinforce_loss(
            network.log_probability(means, drawn)[:, None],
            rewards,
            baselines=expected.expand(draws, 1),
        )
        each = draws * torch.autograd.grad(loss, means)[0]  # one estimate a draw
        error = each.std(dim=0) / draws**0.5
        exact = 2 * (mean - target)  # of the loss, which is minus the mean reward
        assert (error < 0.05 * exact.abs()).all()
        assert ((each.mean(dim=0) - exact).abs() < 4 * error).all()

    @pytest.mark.parametrize("spread", [0.0, -0.1])
    def test_a_spread_that_is_not_above_0_is_refused(self, spread):
        with pytest.raises(ValueError, match="spread above 0"):
            LocationNetwork(5, spread=spread)


def test_the_module_runs(capsys):
    main()
    assert "far outside: light at each scale [0.0, 0.0, 0.0]" in capsys.readouterr().out
