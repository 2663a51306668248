"""Soft attention: properties that a wrong axis, a lost sum or a mixed batch would break."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from visual_attention.mechanisms.soft import SoftAttention, SoftAttentionPool, main

B, C, MID, H, W = 2, 5, 3, 7, 11  # distinct primes: a swapped axis cannot go unseen


def features(seed: int = 0, **sizes: int) -> torch.Tensor:
    size = {"b": B, "c": C, "h": H, "w": W} | sizes
    return torch.randn(*size.values(), generator=torch.Generator().manual_seed(seed))


def seeded(build):
    torch.manual_seed(1)
    return build()


@pytest.fixture(params=[1, C], ids=["one map", "a map for each channel"])
def gate(request):
    return seeded(lambda: SoftAttention(C, MID, request.param))


@pytest.fixture
def pool():
    return seeded(lambda: SoftAttentionPool(C, MID))


class TestBothForms:
    @pytest.mark.parametrize("build", [lambda: SoftAttention(C, MID, C), lambda: SoftAttentionPool(C, MID)])
    def test_every_parameter_gets_a_gradient(self, build):
        module = seeded(build)
        (module(features()) ** 2).sum().backward()
        lost = [n for n, p in module.named_parameters() if p.grad is None or not p.grad.abs().max() > 1e-5]
        # the last bias of the pool shifts all scores alike, which no softmax can notice
        assert lost == ([] if isinstance(module, SoftAttention) else ["conv2.bias"])

    @pytest.mark.parametrize("build", [lambda: SoftAttention(C, MID, 1), lambda: SoftAttentionPool(C, MID)])
    def test_images_do_not_mix_within_a_batch(self, build):
        module, x = seeded(build), features(b=3)
        alone = torch.cat([module(image[None]) for image in x])
        torch.testing.assert_close(module(x), alone)
        weights = torch.cat([module.weights(image[None]) for image in x])
        torch.testing.assert_close(module.weights(x), weights)

    @pytest.mark.parametrize("build", [lambda: SoftAttention(C, MID, 1), lambda: SoftAttentionPool(C, MID)])
    def test_weights_carry_the_gradient_of_the_features(self, build):
        module, x = seeded(build), features().requires_grad_()
        (module.weights(x) * features(seed=3, c=1)).sum().backward()
        assert x.grad.abs().sum() > 0
        assert module.conv1.weight.grad.abs().sum() > 0

    @pytest.mark.parametrize("build", [lambda: SoftAttention(C, MID, C), lambda: SoftAttentionPool(C, MID)])
    def test_moving_the_picture_moves_the_weights(self, build):
        module, x = seeded(build), torch.zeros(1, C, 13, 17)
        x[:, :, 4:6, 4:7] = 2.0
        moved = torch.roll(x, shifts=(3, 5), dims=(2, 3))
        torch.testing.assert_close(torch.roll(module.weights(x), (3, 5), (2, 3))[..., 2:-2, 2:-2],
                                   module.weights(moved)[..., 2:-2, 2:-2])  # fmt: skip

    @pytest.mark.parametrize("build", [lambda: SoftAttention(C, MID, 1), lambda: SoftAttentionPool(C, MID)])
    def test_an_empty_batch_gives_an_empty_batch(self, build):
        module = seeded(build)
        assert module(features(b=0)).shape[0] == 0
        assert module.weights(features(b=0)).shape == (0, 1, H, W)

    @pytest.mark.parametrize("build", [lambda: SoftAttention(C, MID, 1), lambda: SoftAttentionPool(C, MID)])
    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.zeros(C, H, W), r"\(B, C, H, W\).*got 3"),
            (torch.zeros(B, C + 2, H, W), rf"wanted {C} channels.*got {C + 2}"),
            (torch.zeros(B, C, H, W, dtype=torch.long), r"floating point, got torch.int64"),
            (torch.zeros(B, C, 0, W), r"at least one .* position"),
            ([[1.0]], r"torch.Tensor, got list"),
        ],
        ids=["rank", "channels", "integers", "no place", "no tensor"],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, build, wrong, says):
        module = seeded(build)
        for call in (module, module.weights):
            with pytest.raises(ValueError, match=says):
                call(wrong)


class TestSoftAttention:
    def test_agrees_with_the_formula_on_the_same_weights(self, gate):
        x = features()
        hidden = F.relu(F.conv2d(x, gate.conv1.weight, gate.conv1.bias, padding=1))
        gates = 1 / (1 + torch.exp(-F.conv2d(hidden, gate.conv2.weight, gate.conv2.bias)))
        torch.testing.assert_close(gate.weights(x), gates, atol=1e-6, rtol=0)
        torch.testing.assert_close(gate(x), x * gates, atol=1e-6, rtol=0)

    def test_loads_weights_by_the_names_of_the_article(self, gate):
        maps = gate.conv2.out_channels
        article = nn.ModuleDict({"conv1": nn.Conv2d(C, MID, 3, padding=1), "conv2": nn.Conv2d(MID, maps, 1)})
        gate.load_state_dict(article.state_dict(), strict=True)
        x = features()
        want = x * torch.sigmoid(article["conv2"](torch.relu(article["conv1"](x))))
        torch.testing.assert_close(gate(x), want, atol=1e-6, rtol=0)

    def test_gates_lie_strictly_between_0_and_1_and_do_not_compete(self, gate):
        with torch.no_grad():
            gate.conv2.weight.zero_()
            gate.conv2.bias.fill_(2.0)
        weights = gate.weights(features())
        torch.testing.assert_close(weights, torch.full_like(weights, 0.880797), atol=1e-6, rtol=0)

    @given(scale=st.floats(0.01, 3.0), seed=st.integers(0, 1000))
    @settings(max_examples=25)
    def test_gates_are_in_the_open_interval(self, scale, seed):
        weights = seeded(lambda: SoftAttention(C, MID, 1)).weights(scale * features(seed))
        assert 0 < weights.min() and weights.max() < 1

    def test_one_place_by_hand(self):
        gate = SoftAttention(1, 1, 1)
        with torch.no_grad():
            gate.conv1.weight.zero_()
            gate.conv1.weight[0, 0, 1, 1] = 1.0  # the hidden value is the pixel itself
            gate.conv1.bias.zero_()
            gate.conv2.weight.fill_(1.0)
            gate.conv2.bias.zero_()
        x = torch.tensor([[[[-1.0, 0.0], [1.0, 2.0]]]])
        want = torch.tensor([[[[-0.5, 0.0], [0.731059, 1.761594]]]])  # relu(-1) = 0, sigmoid(0) = 0.5
        torch.testing.assert_close(gate(x), want, atol=1e-6, rtol=0)

    @pytest.mark.parametrize("maps", [0, 2, C - 1, C + 1])
    def test_a_number_of_maps_that_cannot_be_multiplied_is_refused(self, maps):
        with pytest.raises(ValueError, match=rf"out_channels 1 .* or in_channels = {C}.*got {maps}"):
            SoftAttention(C, MID, maps)


class TestSoftAttentionPool:
    @given(scale=st.floats(0.01, 10.0), seed=st.integers(0, 1000), temperature=st.floats(0.05, 20.0))
    @settings(max_examples=25)
    def test_weights_share_a_budget_of_1_over_the_places(self, scale, seed, temperature):
        pool = seeded(lambda: SoftAttentionPool(C, MID, temperature=temperature))
        weights = pool.weights(scale * features(seed))
        assert weights.shape == (B, 1, H, W)
        assert weights.min() >= 0
        torch.testing.assert_close(weights.sum(dim=(1, 2, 3)), torch.ones(B))

    def test_forward_is_the_weighted_sum_place_by_place(self, pool):
        x = features()
        weights, want = pool.weights(x), torch.zeros(B, C)
        for b in range(B):
            for row in range(H):
                for column in range(W):
                    want[b] += weights[b, 0, row, column] * x[b, :, row, column]
        torch.testing.assert_close(pool(x), want)

    def test_the_output_stays_within_the_range_of_its_channel(self, pool):
        x = features()
        out = pool(x)
        assert (out <= x.amax(dim=(2, 3))).all() and (out >= x.amin(dim=(2, 3))).all()

    def test_two_by_two_by_hand(self):
        pool = SoftAttentionPool(1, 1)
        with torch.no_grad():
            pool.conv1.weight.zero_()
            pool.conv1.weight[0, 0, 1, 1] = 1.0
            pool.conv1.bias.zero_()
            pool.conv2.weight.fill_(1.0)
        x = torch.log(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))  # exp of the scores: 1, 2, 3, 4
        want = torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]]])
        torch.testing.assert_close(pool.weights(x), want)
        torch.testing.assert_close(pool(x), (want * x).sum().reshape(1, 1))

    def test_equal_scores_are_average_pooling(self, pool):
        with torch.no_grad():
            pool.conv2.weight.zero_()
        x = features()
        torch.testing.assert_close(pool(x), x.mean(dim=(2, 3)))

    def test_temperature_goes_from_the_best_place_to_the_average(self):
        pool, x = seeded(lambda: SoftAttentionPool(C, 29)), features()
        pool.temperature = 1e-4
        best = pool.scores(x).flatten(1).argmax(dim=1)
        torch.testing.assert_close(pool(x), x.flatten(2)[torch.arange(B), :, best], atol=1e-4, rtol=0)
        pool.temperature = 1e6
        torch.testing.assert_close(pool(x), x.mean(dim=(2, 3)), atol=1e-4, rtol=0)

    def test_a_shift_of_all_scores_changes_nothing(self, pool):
        x = features()
        before = pool.weights(x)
        with torch.no_grad():
            pool.conv2.bias += 7.0
        torch.testing.assert_close(pool.weights(x), before)

    def test_huge_scores_stay_finite(self, pool):
        with torch.no_grad():
            pool.conv2.weight *= 1e6
        assert torch.isfinite(pool(features())).all()

    @pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
    def test_a_temperature_that_is_not_above_0_is_refused(self, temperature):
        with pytest.raises(ValueError, match="temperature above 0, got"):
            SoftAttentionPool(C, MID, temperature=temperature)


def test_the_module_runs(capsys):
    main()
    assert "weights sum to    ['1.00', '1.00']" in capsys.readouterr().out
