"""The recurrent attention model: it looks where it says, and learns where to look from rewards alone."""

import pytest
import torch
from torch.nn import functional as F

from visual_attention.mechanisms.glimpses import GlimpseSensor
from visual_attention.mechanisms.hard import (
    Episode,
    RecurrentAttentionModel,
    hard_attention_loss,
    main,
    pathwise_loss,
    random_locations,
)
from visual_attention.training import seeded

B, T, CLASSES, H, W = 3, 5, 7, 23, 31


def images(seed: int = 0, count: int = B) -> torch.Tensor:
    return torch.rand(count, 1, H, W, generator=torch.Generator().manual_seed(seed))


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def model():
    with seeded(1):
        made = RecurrentAttentionModel(CLASSES, glimpses=T, sensor=GlimpseSensor(5, scales=2), dim=13)
        torch.nn.init.normal_(
            made.locate.linear.weight, std=0.4
        )  # as after training: places that depend on the image
    return made


class TestRecurrentAttentionModel:
    def test_locations_are_in_the_image_start_at_the_centre_and_stay(self, model):
        places = model.locations(images())
        assert places.shape == (B, T, 2)
        assert places.abs().max() <= 1 and (places[:, 0] == 0).all()
        assert places[:, 1:].std() > 0.1 and (places[0] - places[1]).abs().max() > 1e-3
        assert torch.equal(places, model.locations(images()))

    def test_forward_applies_exactly_the_locations(self, model):
        x = images()
        torch.testing.assert_close(model(x), model.look(x, model.locations(x))[:, -1], atol=1e-4, rtol=1e-4)
        assert not torch.allclose(model(x), model.look(x, random_locations(B, T, generator=draw()))[:, -1])

    def test_sees_nothing_outside_of_its_glimpses(self, model):
        x = torch.zeros(1, 1, 101, 103)
        x[..., 45:58, 45:58] = images(count=1)[..., :13, :13]
        places = torch.zeros(1, 2, 2)
        hidden = x.clone()
        hidden[..., 70:, :] = 1.0
        torch.testing.assert_close(model.look(x, places), model.look(hidden, places))
        places[:, 1] = torch.tensor([0.0, 0.8])  # y = 0.8 is far down
        assert not torch.allclose(model.look(x, places)[:, 1], model.look(hidden, places)[:, 1])

    def test_each_answer_rests_on_the_glimpses_up_to_it(self, model):
        x, places = images(), random_locations(B, T, generator=draw())
        scores = model.look(x, places)
        assert scores.shape == (B, T, CLASSES)
        for steps in range(1, T + 1):
            torch.testing.assert_close(model.look(x, places[:, :steps]), scores[:, :steps])

    def test_one_step_by_hand(self, model):
        x, place = images(), torch.tensor([[0.3, -0.2]]).expand(B, 2)
        seen = model.glimpse(x, place)
        state = F.relu(
            F.linear(torch.cat([torch.zeros(B, 13), seen], 1), model.recur.weight, model.recur.bias)
        )
        torch.testing.assert_close(model.look(x, place[:, None])[:, 0], model.classify(state))
        # the second place depends on the first glimpse, which is at the centre
        seen = model.glimpse(x, torch.zeros(B, 2))
        state = F.relu(model.recur(torch.cat([torch.zeros(B, 13), seen], 1)))
        torch.testing.assert_close(model.locations(x)[:, 1], torch.tanh(model.locate.linear(state)))

    def test_the_state_remembers_what_was_seen_before(self, model):
        x, places = images(), random_locations(B, 2, generator=draw(3)).flip(1)  # the centre comes last
        state = torch.zeros(B, 13)
        for step in range(2):
            seen = model.glimpse(x, places[:, step])
            state = F.relu(model.recur(torch.cat([state, seen], dim=1)))
        torch.testing.assert_close(model.look(x, places)[:, 1], model.classify(state))
        elsewhere = places.clone()
        elsewhere[:, 0] = torch.tensor([-0.6, 0.4])
        assert (model.look(x, places)[:, 1] - model.look(x, elsewhere)[:, 1]).abs().max() > 1e-3

    def test_drawn_places_lie_around_the_means_and_inside_the_image(self, model):
        model.locate.spread = 0.05
        x = images(count=1).expand(2000, -1, -1, -1)
        drawn = model.sample(x, generator=draw()).locations
        assert (drawn[:, 0] == 0).all() and drawn.abs().max() <= 1
        mean, spread = model.locations(x[:1])[0, 1], drawn[:, 1].std(dim=0)
        torch.testing.assert_close(drawn[:, 1].mean(dim=0), mean, atol=0.01, rtol=0)
        torch.testing.assert_close(spread, torch.full((2,), 0.05), atol=0.005, rtol=0)

    def test_a_place_drawn_outside_is_moved_to_the_border(self, model):
        model.locate.spread = 50.0
        drawn = model.sample(images(), generator=draw()).locations[:, 1:]
        assert (drawn.abs() > 1 - 1e-6).float().mean() > 0.9 and drawn.abs().max() <= 1

    def test_log_probabilities_are_those_of_what_was_drawn(self, model):
        x = images()
        episode = model.sample(x, generator=draw())
        noise = torch.randn(B, 2, generator=draw())
        expected = -(noise**2).sum(dim=1) / 2  # of the first place drawn, before it was moved to the border
        torch.testing.assert_close(episode.log_probabilities[:, 1], expected)
        assert (episode.log_probabilities[:, 0] == 0).all() and (episode.baselines[:, 0] == 0).all()

    def test_no_gradient_flows_through_the_place_itself(self, model):
        """Where to look is learnt from rewards: the classes' loss must not reach the location network."""
        episode = model.sample(images(), generator=draw())
        assert not episode.locations.requires_grad
        episode.scores.sum().backward(retain_graph=True)
        assert model.locate.linear.weight.grad is None
        episode.log_probabilities.sum().backward()
        assert model.locate.linear.weight.grad.abs().max() > 0

    def test_the_baseline_does_not_shape_the_state(self, model):
        model.sample(images(), generator=draw()).baselines.sum().backward()
        touched = {
            name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().max() > 0
        }
        assert touched == {"expect.weight", "expect.bias"}

    def test_every_parameter_gets_a_gradient_from_the_loss(self, model):
        hard_attention_loss(model.sample(images(), generator=draw()), torch.tensor([0, 3, 6])).backward()
        lost = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 1e-7]
        assert lost == []

    def test_images_do_not_mix_within_a_batch(self, model):
        model.double()  # in single precision, a last digit in one place moves all later places
        x = images().double()
        for verb in (model, model.locations):
            alone = torch.cat([verb(x[i : i + 1]) for i in range(B)])
            torch.testing.assert_close(verb(x), alone, atol=1e-8, rtol=0)

    def test_an_empty_batch_gives_an_empty_batch(self, model):
        assert model(images(count=0)).shape == (0, CLASSES)
        assert model.locations(images(count=0)).shape == (0, T, 2)

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.zeros(1, H, W), r"\(B, C, H, W\).*got 3"),
            (torch.zeros(B, 3, H, W), "wanted 1 channels.*got 3"),
        ],
        ids=["rank", "colour"],
    )
    def test_a_wrong_image_is_told_what_was_wanted(self, model, wrong, says):
        for verb in (model, model.locations, model.sample):
            with pytest.raises(ValueError, match=says):
                verb(wrong)

    @pytest.mark.parametrize("shape", [(B, 2), (B + 1, T, 2), (B, T, 3), (B, 0, 2)])
    def test_wrong_places_are_told_what_was_wanted(self, model, shape):
        with pytest.raises(ValueError, match=rf"locations \({B}, T, 2\)"):
            model.look(images(), torch.zeros(shape))

    def test_places_infinitely_far_are_those_at_the_edge(self, model):
        far, edge = torch.tensor([torch.inf, -torch.inf]), torch.tensor([1.0, -1.0])
        got, want = (model.look(images(), place.expand(B, 1, 2)) for place in (far, edge))
        torch.testing.assert_close(got, want)

    def test_no_glimpse_at_all_is_refused(self):
        with pytest.raises(ValueError, match="glimpses above 0, got 0"):
            RecurrentAttentionModel(CLASSES, glimpses=0)


class TestLoss:
    def episode(self) -> Episode:
        scores = torch.log(torch.tensor([[[0.5, 0.5], [0.8, 0.2], [0.4, 0.6]]]))
        log_probabilities = torch.zeros(1, 3, requires_grad=True)
        return Episode(scores, torch.zeros(1, 3, 2), log_probabilities, torch.tensor([[0.0, 0.5, 0.5]]))

    def test_a_place_earns_the_mean_probability_of_the_true_class_from_then_on(self):
        episode = self.episode()
        hard_attention_loss(episode, torch.tensor([0]), baseline=False).backward()
        # the second place leads to 0.8 and 0.4, the third to 0.4; the first is no choice
        torch.testing.assert_close(episode.log_probabilities.grad, -torch.tensor([[0.0, 0.6, 0.4]]))

    def test_the_baseline_is_taken_off(self):
        episode = self.episode()
        hard_attention_loss(episode, torch.tensor([0])).backward()
        torch.testing.assert_close(episode.log_probabilities.grad, -torch.tensor([[0.0, 0.1, -0.1]]))

    def test_every_answer_is_trained(self):
        scores = torch.randn(B, T, CLASSES, generator=draw()).requires_grad_()
        still = Episode(scores, torch.zeros(B, T, 2), torch.zeros(B, T), torch.zeros(B, T))
        labels = torch.tensor([1, 0, 6])
        want = sum(F.cross_entropy(scores[:, t], labels) for t in range(T)) / T
        torch.testing.assert_close(hard_attention_loss(still, labels, baseline=False), want)


class TestPathwise:
    def test_the_draw_keeps_its_gradient_only_if_asked(self, model):
        x, labels = images(), torch.tensor([0, 1, 2])
        drawn, slid = model.sample(x, generator=draw()), model.sample(x, pathwise=True, generator=draw())
        torch.testing.assert_close(drawn.locations, slid.locations)
        assert not drawn.locations.requires_grad and slid.locations.requires_grad
        weight = model.locate.linear.weight
        (slope,) = torch.autograd.grad(pathwise_loss(slid, labels), weight)
        assert slope.abs().sum() > 0
        (none,) = torch.autograd.grad(pathwise_loss(drawn, labels), weight, allow_unused=True)
        assert none is None

    def test_its_loss_is_the_mean_cross_entropy_after_each_glimpse(self, model):
        episode, labels = model.sample(images(), generator=draw()), torch.tensor([2, 0, 5])
        by_hand = [F.cross_entropy(episode.scores[:, step], labels) for step in range(T)]
        torch.testing.assert_close(pathwise_loss(episode, labels), sum(by_hand) / T)

    def test_its_slope_is_that_of_the_loss_in_the_place(self):
        """Moving the mean a little changes the loss as the gradient says."""
        with seeded(1):
            model = RecurrentAttentionModel(CLASSES, glimpses=2, sensor=GlimpseSensor(5), dim=13).double()
        x, labels = images().double(), torch.tensor([2, 0, 5])
        bias = model.locate.linear.bias

        def loss():
            return pathwise_loss(model.sample(x, pathwise=True, generator=draw()), labels)

        (slope,) = torch.autograd.grad(loss(), bias)
        step, losses = 1e-7, []
        for sign in (1, -1):
            with torch.no_grad():
                bias[0] += sign * step
                losses.append(loss().item())
                bias[0] -= sign * step
        assert slope[0].item() == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-2)
        assert abs(slope[0].item()) > 1e-3


def test_random_locations_start_at_the_centre_and_fill_the_image():
    places = random_locations(500, T, generator=draw())
    assert places.shape == (500, T, 2) and (places[:, 0] == 0).all()
    assert places.abs().max() <= 1 and places[:, 1:].mean().abs() < 0.05
    assert places[:, 1:].std() == pytest.approx(3**-0.5, abs=0.02)  # that of a uniform distribution


def test_the_module_runs(capsys):
    main()
    assert "sees        2592 numbers of 3600 pixels" in capsys.readouterr().out
