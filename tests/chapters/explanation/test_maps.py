"""Each method has the property that its paper defines it by, and agrees with captum where that has it."""

import captum.attr
import pytest
import torch

from tests.chapters.explanation.worlds import Straight, pictures, untrained
from visual_attention.chapters.explanation import fillings, maps
from visual_attention.chapters.explanation.marked import CELL, GRID

KINDS = ("transformer", "convolutional")
BOTH = [
    (kind, name)
    for kind in KINDS
    for name in (maps.ANY_NETWORK | (maps.WITH_WEIGHTS if kind == "transformer" else {}))
]


def of(kind):
    return untrained(kind), *pictures()


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_a_map_has_a_number_for_each_cell_and_pictures_do_not_mix(kind, name):
    model, images, answers = of(kind)
    found = maps.methods(model)[name](model, images, answers)
    assert found.shape == (3, 1, GRID, GRID) and found.isfinite().all() and not found.requires_grad
    alone = maps.methods(model)[name](model, images[1:2], answers[1:2])
    torch.testing.assert_close(found[1:2], alone, atol=1e-4, rtol=1e-3)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_needs_weights_is_offered_only_where_there_are_some():
    assert set(maps.methods(untrained("convolutional"))) == set(maps.ANY_NETWORK)
    assert len(maps.methods(untrained("transformer"))) == 7


class TestWeights:
    def test_raw_attention_is_the_class_token_s_row_of_the_last_block(self):
        model, images, answers = of("transformer")
        with torch.no_grad():
            last = model.weights(images)[-1]
        found = maps.raw_attention(model, images, answers)
        assert found[2, 0, 1, 3] == pytest.approx(last[2, :, 0, 1 + GRID + 3].mean().item())

    def test_neither_raw_attention_nor_rollout_asks_which_answer_is_meant(self):
        model, images, answers = of("transformer")
        for method in (maps.raw_attention, maps.rollout):
            assert torch.equal(method(model, images, answers), method(model, images, answers + 1))

    @pytest.mark.parametrize("name", ["attention x gradient", *maps.ANY_NETWORK])
    def test_all_others_do(self, name):
        model, images, answers = of("transformer")
        method = maps.methods(model)[name]
        assert not torch.allclose(method(model, images, answers), method(model, images, answers + 1))

    def test_rollout_by_hand(self):
        first, second = torch.tensor([[0.5, 0.5], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        # (second + I) / 2 @ (first + I) / 2, the last block leftmost
        wanted = torch.tensor([[0.5, 0.5], [0.5, 0.5]]) @ torch.tensor([[0.75, 0.25], [0.0, 1.0]])
        torch.testing.assert_close(maps.rolled([first, second]), wanted)

    def test_rows_of_a_rollout_sum_to_one_and_tokens_that_look_at_themselves_stay(self):
        layers = [torch.randn(2, 5, 5).softmax(-1) for _ in range(3)]
        torch.testing.assert_close(maps.rolled(layers).sum(-1), torch.ones(2, 5))
        assert torch.equal(maps.rolled([torch.eye(4)] * 3), torch.eye(4))

    def test_the_slope_of_a_weight_is_what_the_score_does_when_it_changes(self):
        """Attention times gradient rests on dscore/dA: held against a finite difference."""
        model, images, answers = of("transformer")
        model.double()
        images = images.double()
        with torch.enable_grad():
            scores, weights = model.by_hand(images)
            slopes = torch.autograd.grad(maps.score(scores, answers).sum(), weights)
        for block in range(2):

            def nudge(index, used, block=block):
                step = torch.zeros_like(used)
                if index == block:
                    step[1, 2, 0, 7] = 1e-5
                return used + step

            moved = maps.score(model.by_hand(images, nudge)[0], answers)[1]
            rate = (moved - maps.score(scores, answers)[1]).item() / 1e-5
            assert rate == pytest.approx(slopes[block][1, 2, 0, 7].item(), rel=1e-3, abs=1e-7)

    def test_attention_times_gradient_by_the_formula(self):
        """R = I, then R + mean_h max(A * slope, 0) R: for two blocks (I + C2)(I + C1)."""
        model, images, answers = of("transformer")
        with torch.enable_grad():
            scores, weights = model.by_hand(images)
            slopes = torch.autograd.grad(maps.score(scores, answers).sum(), weights)
        one, two = ((w * s).clamp(min=0).mean(1).detach() for w, s in zip(weights, slopes, strict=True))
        eye = torch.eye(37)
        wanted = ((eye + two) @ (eye + one))[:, 0, 1:].view(3, 1, GRID, GRID)
        found = maps.attention_times_gradient(model, images, answers)
        torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-4)
        assert (found >= 0).all() and found.any()


class TestKnownByHeart:
    """On a network that is a weighted sum, each method must give what is known."""

    def setup_method(self):
        self.model, (self.images, self.answers) = Straight(), pictures()
        self.gains = self.model.gains[self.answers][:, None]

    def test_gradient_is_the_size_of_the_gains(self):
        found = maps.gradient(self.model, self.images, self.answers)
        assert found[1, 0, 2, 5].item() == pytest.approx(
            self.gains[1, 0, 8:12, 20:24].abs().sum().item(), rel=1e-5
        )

    def test_integrated_gradients_need_one_step_and_are_gain_times_way(self):
        found = maps.integrated_gradients(self.model, self.images, self.answers, steps=1)
        way = self.images - fillings.grey(self.images)
        torch.testing.assert_close(found, maps.cells(self.gains * way), atol=1e-4, rtol=1e-4)

    def test_occlusion_is_what_the_cell_gave_beyond_grey(self):
        found = maps.occlusion(self.model, self.images, self.answers)
        way = self.images - fillings.grey(self.images)
        torch.testing.assert_close(found, maps.cells(self.gains * way), atol=1e-3, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_integrated_gradients_are_complete(kind):
    """The shares of all cells sum to what the score gained on the way, ever closer with more steps."""
    model, images, answers = of(kind)
    with torch.no_grad():
        gain = maps.score(model(images), answers) - maps.score(model(fillings.grey(images)), answers)
    off = [
        (maps.integrated_gradients(model, images, answers, steps=steps).sum((1, 2, 3)) - gain)
        .abs()
        .max()
        .item()
        for steps in (2, 100)
    ]
    assert off[1] < 0.02 * gain.abs().max().item() + 1e-3 and off[1] < off[0]


def test_grad_cam_is_the_map_of_class_activations_where_a_mean_and_a_straight_reader_follow():
    """There a channel's mean gradient is the reader's gain over the number of places."""
    model, images, answers = of("convolutional")
    norm, reader = model.head
    gains = reader.weight * norm.weight / (norm.running_var + norm.eps).sqrt() / GRID**2  # (10, C)
    with torch.no_grad():
        wanted = torch.einsum("bc,bchw->bhw", gains[answers], model.features(images)).clamp(min=0)
    torch.testing.assert_close(maps.grad_cam(model, images, answers)[:, 0], wanted, atol=1e-5, rtol=1e-3)


class TestAgainstCaptum:
    """The library that a practitioner would use gives the same numbers."""

    @pytest.fixture(autouse=True)
    def captum(self):
        self.attr = captum.attr

    @pytest.mark.parametrize("kind", KINDS)
    def test_gradient(self, kind):
        model, images, answers = of(kind)
        theirs = self.attr.Saliency(model).attribute(images.clone().requires_grad_(), target=answers)
        ours = maps.gradient(model, images, answers)
        torch.testing.assert_close(ours, maps.cells(theirs.detach()), atol=1e-5, rtol=1e-3)

    @pytest.mark.parametrize("kind", KINDS)
    def test_integrated_gradients(self, kind):
        model, images, answers = of(kind)
        start = fillings.blur(images)
        theirs = self.attr.IntegratedGradients(model).attribute(
            images, start, target=answers, n_steps=9, method="riemann_middle"
        )
        ours = maps.integrated_gradients(model, images, answers, steps=9, start=start)
        torch.testing.assert_close(ours, maps.cells(theirs.detach().float()), atol=1e-4, rtol=1e-3)

    @pytest.mark.parametrize("kind", KINDS)
    def test_occlusion(self, kind):
        model, images, answers = of(kind)
        theirs = self.attr.Occlusion(model).attribute(
            images, (1, CELL, CELL), strides=(1, CELL, CELL), baselines=fillings.grey(images), target=answers
        )
        ours = maps.occlusion(model, images, answers)
        torch.testing.assert_close(ours, maps.cells(theirs) / CELL**2, atol=1e-4, rtol=1e-3)

    def test_grad_cam(self):
        model, images, answers = of("convolutional")
        theirs = self.attr.LayerGradCam(model, model.layers).attribute(
            images, target=answers, relu_attributions=True
        )
        ours = maps.grad_cam(model, images, answers)
        torch.testing.assert_close(ours, theirs.detach(), atol=1e-5, rtol=1e-3)
