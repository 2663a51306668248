"""A choice among patches: the estimators against the exact gradient, which enumeration gives."""

import math

import pytest
import torch
from torch.nn import functional as F

from visual_attention.mechanisms.patch_choice import (
    PatchChoice,
    entropy,
    exact_loss,
    gumbel_choice_loss,
    gumbel_softmax,
    losses_of_all,
    main,
    reinforce_choice_loss,
    soft_choice_loss,
)
from visual_attention.training import seeded

B, CLASSES, PATCH, SIDE = 3, 7, 5, 15  # 9 patches


def images(count: int = B) -> torch.Tensor:
    return torch.rand(count, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def labels(count: int = B) -> torch.Tensor:
    return torch.arange(count) % CLASSES


@pytest.fixture
def model():
    with seeded(0):
        made = PatchChoice(CLASSES, patch=PATCH, image_size=SIDE, overview=3, hidden=11)
        for part in (made.choose, made.read):  # louder, so that choices differ and matter
            for parameter in part.parameters():
                parameter.data *= 3
    return made


def gradient(model: PatchChoice, loss: torch.Tensor) -> torch.Tensor:
    """With regard to how patches are chosen, as one vector."""
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.choose.parameters()))])


class TestPatchChoice:
    def test_patches_lie_side_by_side_row_by_row(self, model):
        x, patches = images(), model.patches(images())
        assert patches.shape == (B, 9, PATCH * PATCH)
        torch.testing.assert_close(patches[:, 5].view(B, PATCH, PATCH), x[:, 0, 5:10, 10:15])

    def test_weights_are_1_for_one_patch_and_0_for_the_others(self, model):
        weights = model.weights(images())
        assert weights.shape == (B, 9) and set(weights.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(weights.sum(dim=1), torch.ones(B))
        assert torch.equal(weights.argmax(dim=1), model.scores(images()).argmax(dim=1))

    def test_forward_reads_the_chosen_patch_and_no_other(self, model):
        x = images()
        chosen = model.weights(x).argmax(dim=1)
        torch.testing.assert_close(model(x), model.read(model.patches(x)[torch.arange(B), chosen]))

    def test_images_do_not_mix_within_a_batch(self, model):
        alone = torch.cat([model(image[None]) for image in images()])
        torch.testing.assert_close(model(images()), alone)

    def test_sizes_that_do_not_divide_are_refused(self):
        with pytest.raises(ValueError, match="divide image_size 15, got 4 and 3"):
            PatchChoice(CLASSES, patch=4, image_size=15, overview=3)

    def test_a_wrong_image_is_told_what_was_wanted(self, model):
        with pytest.raises(ValueError, match="wanted 1 channels"):
            model(torch.zeros(B, 2, SIDE, SIDE))
        with pytest.raises(ValueError, match=r"15 x 15.*got 15 x 20"):
            model(torch.zeros(B, 1, SIDE, 20))


class TestLosses:
    def test_the_exact_loss_is_the_mean_over_many_choices(self, model):
        x, y, losses = images(), labels(), losses_of_all(model, images(), labels())
        for n in range(9):
            one = F.one_hot(torch.full((B,), n), 9).float()
            each = F.cross_entropy(model.read_with(x, one), y, reduction="none")
            torch.testing.assert_close(losses[:, n], each)
        chances = F.softmax(model.scores(x), dim=1)
        torch.testing.assert_close(exact_loss(model, x, y), (chances * losses).sum() / B)

    def test_the_exact_gradient_agrees_with_finite_differences(self, model):
        model.double()
        x, y = images().double(), labels()
        bias = model.choose[2].bias
        exact, step = torch.autograd.grad(exact_loss(model, x, y), bias)[0], 1e-5
        for n in (0, 4):
            with torch.no_grad():
                bias[n] += step
                above = exact_loss(model, x, y)
                bias[n] -= 2 * step
                below = exact_loss(model, x, y)
                bias[n] += step
            torch.testing.assert_close(exact[n], (above - below) / (2 * step), atol=1e-6, rtol=1e-4)

    @pytest.mark.slow
    @pytest.mark.parametrize("baseline", [True, False])
    def test_reinforce_agrees_with_the_exact_gradient_in_expectation(self, model, baseline):
        x, y, generator = images(), labels(), torch.Generator().manual_seed(1)
        exact = gradient(model, exact_loss(model, x, y))
        many_x, many_y = x.repeat(1000, 1, 1, 1), y.repeat(1000)
        options = {"baseline": baseline, "generator": generator}
        losses = (reinforce_choice_loss(model, many_x, many_y, **options) for _ in range(40))
        draws = torch.stack([gradient(model, loss) for loss in losses])
        error = draws.std(dim=0).norm() / len(draws) ** 0.5
        assert (draws.mean(dim=0) - exact).norm() < 2 * error < 0.3 * exact.norm()

    def test_gumbel_does_not(self, model):
        x, y, generator = images(), labels(), torch.Generator().manual_seed(1)
        exact = gradient(model, exact_loss(model, x, y))
        many_x, many_y = x.repeat(1000, 1, 1, 1), y.repeat(1000)
        losses = (gumbel_choice_loss(model, many_x, many_y, generator=generator) for _ in range(20))
        draws = torch.stack([gradient(model, loss) for loss in losses])
        error = draws.std(dim=0).norm() / len(draws) ** 0.5
        assert (draws.mean(dim=0) - exact).norm() > 5 * error

    @pytest.mark.parametrize(
        "loss", [reinforce_choice_loss, gumbel_choice_loss, exact_loss, soft_choice_loss]
    )
    def test_choosing_and_reading_both_learn(self, model, loss):
        loss(model, images(), labels()).backward()
        lost = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
        assert [n for n in lost if not n.startswith("expect")] == []
        assert bool(lost) == (loss is not reinforce_choice_loss)  # it alone has an expectation to train

    def test_soft_reads_a_blend(self, model):
        x = images()
        blend = (F.softmax(model.scores(x), dim=1)[..., None] * model.patches(x)).sum(dim=1)
        want = F.cross_entropy(model.read(blend), labels())
        torch.testing.assert_close(soft_choice_loss(model, x, labels()), want)


class TestGumbelSoftmax:
    def test_draws_are_one_hot_and_as_frequent_as_the_softmax_says(self):
        scores = torch.tensor([0.3, -0.5, 1.0, 0.1]).expand(20_000, 4)
        drawn = gumbel_softmax(scores, generator=torch.Generator().manual_seed(0))
        assert torch.equal(drawn.round(), drawn.round().clamp(0, 1))
        torch.testing.assert_close(drawn, drawn.round(), atol=1e-6, rtol=0)
        torch.testing.assert_close(drawn.mean(dim=0), F.softmax(scores[0], dim=0), atol=0.015, rtol=0)

    @pytest.mark.parametrize("temperature", [0.5, 2.0])
    def test_the_gradient_is_that_of_the_blend(self, temperature):
        scores = torch.randn(B, 4, generator=torch.Generator().manual_seed(2)).requires_grad_()
        slopes = torch.randn(B, 4, generator=torch.Generator().manual_seed(3))
        drawn = gumbel_softmax(scores, temperature=temperature, generator=torch.Generator().manual_seed(5))
        got = torch.autograd.grad((drawn * slopes).sum(), scores)[0]
        noise = -torch.log(-torch.log(torch.rand(B, 4, generator=torch.Generator().manual_seed(5))))
        blend = F.softmax((scores + noise) / temperature, dim=1)
        want = torch.autograd.grad((blend * slopes).sum(), scores)[0]
        torch.testing.assert_close(got, want)

    def test_a_temperature_of_0_is_refused(self):
        with pytest.raises(ValueError, match="temperature above 0, got 0"):
            gumbel_softmax(torch.zeros(1, 2), temperature=0.0)


def test_entropy_by_hand():
    even, sure = torch.zeros(1, 4), torch.tensor([[300.0, 0.0, 0.0, 0.0]])
    assert entropy(even).item() == pytest.approx(math.log(4))
    assert entropy(sure).item() == pytest.approx(0)
    half = torch.tensor([[0.0, 0.0, -300.0, -300.0], [0.0, 0.0, 0.0, 0.0]])
    assert entropy(half).tolist() == pytest.approx([math.log(2), math.log(4)])


def test_the_module_runs(capsys):
    main()
    assert "Gumbel" in capsys.readouterr().out
