"""Patches in their places, a time that counts, weights that are applied: the network that makes pictures."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.chapters.generation.transformer import (
    VelocityTransformer,
    as_pictures,
    generate,
    main,
    picture_loss,
    time_features,
)
from visual_attention.training import fit, seeded

B, SIZE, PATCH, DIM, HEADS = 2, (6, 10), 2, 12, 3  # 3 x 5 patches
N = 15


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def made(seed=0, **options):
    """A small model whose times matter, as they do after some training."""
    with seeded(seed):
        model = VelocityTransformer(SIZE, patch=PATCH, dim=DIM, depth=2, heads=HEADS, **options)
        for layer in model.layers:
            nn.init.normal_(layer.steer.weight, std=0.3)
    return model.eval()


TIMES = torch.tensor([0.2, 0.7])


class TestTimeFeatures:
    def test_by_hand(self):
        features = time_features(torch.tensor([0.0, 0.5]), 4)
        torch.testing.assert_close(features[0], torch.tensor([0.0, 0.0, 1.0, 1.0]))
        slow, fast = torch.tensor([0.5, 50.0])
        torch.testing.assert_close(features[1], torch.stack([slow.sin(), fast.sin(), slow.cos(), fast.cos()]))

    def test_all_times_differ(self):
        features = time_features(torch.linspace(0, 1, 200), 32)
        assert (torch.cdist(features, features) + 9 * torch.eye(200)).min() > 0.05

    @pytest.mark.parametrize("dim", [0, 2, 7])
    def test_odd_widths_are_refused(self, dim):
        with pytest.raises(ValueError, match=f"even dim of 4 or more.*got {dim}"):
            time_features(TIMES, dim)


class TestVelocityTransformer:
    def test_shapes(self):
        model, x = made(), random(B, 3, *SIZE)
        assert model(x, TIMES).shape == x.shape
        assert [tuple(w.shape) for w in model.weights(x, TIMES)] == [(B, HEADS, N, N)] * 2

    def test_weights_are_shares(self):
        for weights in made().weights(random(B, 3, *SIZE), TIMES):
            assert (weights >= 0).all()
            torch.testing.assert_close(weights.sum(-1), torch.ones(B, HEADS, N))

    def test_forward_applies_exactly_the_weights(self):
        """The model again by hand, with the weights that it shows."""
        model, x = made(), random(B, 3, *SIZE)
        maps = model.weights(x, TIMES)
        tokens = model.embed(x).flatten(2).transpose(1, 2) + model.positions
        time = model.time(time_features(TIMES, 32))
        for layer, weights in zip(model.layers, maps, strict=True):
            first, shift, second, lift = layer.steer(time)[:, None].chunk(4, dim=2)
            heard = F.layer_norm(tokens, (DIM,)) * (1 + first) + shift
            values = layer.mixer.qkv(heard)[..., 2 * DIM :].unflatten(2, (HEADS, DIM // HEADS))
            mixed = torch.einsum("bhij,bjhd->bihd", weights, values).flatten(2)
            tokens = tokens + layer.mixer.proj(mixed)
            tokens = tokens + layer.think(F.layer_norm(tokens, (DIM,)) * (1 + second) + lift)
        pixels = model.answer(tokens)  # (B, N, 12)
        want = F.fold(pixels.transpose(1, 2), SIZE, kernel_size=PATCH, stride=PATCH)
        torch.testing.assert_close(model.foresee(x, TIMES), want, atol=1e-5, rtol=1e-4)

    def test_the_velocity_leads_to_what_is_foreseen_in_the_time_that_is_left(self):
        model, x = made(), random(B, 3, *SIZE)
        end = x + (1 - TIMES).view(B, 1, 1, 1) * model(x, TIMES)
        torch.testing.assert_close(end, model.foresee(x, TIMES), atol=1e-5, rtol=1e-4)

    def test_at_time_1_the_velocity_is_finite(self):
        assert made()(random(1, 3, *SIZE), torch.ones(1)).isfinite().all()

    def test_the_time_changes_the_answer_and_the_weights(self):
        model, x = made(), random(1, 3, *SIZE)
        early, late = torch.tensor([0.1]), torch.tensor([0.9])
        assert (model.foresee(x, early) - model.foresee(x, late)).abs().max() > 0.01
        for one, other in zip(model.weights(x, early), model.weights(x, late), strict=True):
            assert (one - other).abs().max() > 1e-4

    def test_each_picture_has_its_own_time_and_pictures_do_not_mix(self):
        model, x = made(), random(B, 3, *SIZE)
        together = model(x, TIMES)
        for index in range(B):
            alone = model(x[index : index + 1], TIMES[index : index + 1])
            torch.testing.assert_close(together[index : index + 1], alone, atol=1e-5, rtol=1e-4)

    def test_a_patch_answers_at_its_own_place(self):
        """Without mixing, a change in one patch changes the answer in that patch alone."""
        model, x = made(mixer=nn.Identity), random(1, 3, *SIZE)
        changed = x.clone()
        changed[:, :, 2:4, 6:8] += 1  # second row, fourth column
        where = (model(changed, TIMES[:1]) - model(x, TIMES[:1])).abs().amax(dim=(0, 1)) > 1e-6
        assert where[2:4, 6:8].all() and where.sum() == 4

    def test_with_attention_every_patch_hears_of_the_change(self):
        model, x = made(), random(1, 3, *SIZE)
        changed = x.clone()
        changed[:, :, 2:4, 6:8] += 1
        assert ((model(changed, TIMES[:1]) - model(x, TIMES[:1])).abs().amax(dim=(0, 1)) > 1e-7).all()

    def test_positions_count(self):
        model = made()
        flat = model(torch.full((1, 3, *SIZE), 0.3), TIMES[:1])
        cells = flat.unflatten(2, (3, PATCH)).unflatten(4, (5, PATCH))  # (1, 3, 3, 2, 5, 2)
        assert cells.std(dim=(2, 4)).max() > 1e-4

    def test_every_parameter_gets_a_gradient(self):
        model = made()
        picture_loss(model, random(4, 3, *SIZE).sigmoid()).backward()
        silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
        assert silent == []

    def test_a_fresh_model_does_not_depend_on_the_time_yet(self):
        with seeded(0):
            model, x = VelocityTransformer(SIZE, patch=PATCH, dim=DIM, heads=HEADS), random(1, 3, *SIZE)
        torch.testing.assert_close(model.foresee(x, torch.zeros(1)), model.foresee(x, torch.ones(1)))

    @pytest.mark.parametrize(
        ("x", "times", "says"),
        [
            (torch.zeros(2, 3, 10, 6), TIMES, r"pictures of 6 x 10, got \(10, 6\)"),
            (torch.zeros(2, 1, 6, 10), TIMES, "wanted 3 channels"),
            (torch.zeros(2, 3, 6, 10), torch.tensor([0.2]), "one time for each of 2"),
        ],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, x, times, says):
        for call in (made(), made().weights):
            with pytest.raises(ValueError, match=says):
                call(x, times)

    @pytest.mark.parametrize(
        ("size", "options", "says"),
        [
            ((16, 24), {"patch": 5}, "divides 16 x 24 pixels, got 5"),
            ((16, 0), {}, "width above 0"),
            ((16, 24), {"depth": 0}, "depth above 0"),
            ((16, 24), {"dim": 20, "heads": 3}, "heads that divide"),
            ((16, 24), {"dim": 10}, "multiple of 4"),
        ],
    )
    def test_impossible_sizes_are_refused(self, size, options, says):
        with pytest.raises(ValueError, match=says):
            VelocityTransformer(size, **options)


class TestPictures:
    def test_the_models_range_becomes_colours(self):
        want = torch.tensor([0.0, 0.0, 0.15, 0.45, 1.0])
        torch.testing.assert_close(as_pictures(torch.tensor([-3.0, -0.5, 0.0, 1.0, 4.0])), want)

    def test_the_loss_sees_pictures_in_the_models_range(self):
        seen = []
        picture_loss(lambda x, t: seen.append((x, t)) or x, torch.ones(500, 1, 1, 1))
        (x, times), = seen  # fmt: skip
        assert x[times > 0.9].mean() == pytest.approx(0.95 * 0.85 / 0.3, abs=0.1)
        dark = []
        picture_loss(lambda x, t: dark.append((x, t)) or x, torch.zeros(500, 1, 1, 1))
        (x, times), = dark  # fmt: skip
        assert x[times > 0.9].mean() == pytest.approx(-0.95 * 0.5, abs=0.1)

    def test_a_seed_makes_the_same_pictures(self):
        one, again, other = (
            generate(made(), 3, steps=2, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
        )
        assert torch.equal(one, again) and not torch.equal(one, other)
        assert one.shape == (3, 3, *SIZE) and 0 <= one.min() and one.max() <= 1
        assert not one.requires_grad

    def test_no_pictures_are_refused(self):
        with pytest.raises(ValueError, match="count above 0"):
            generate(made(), 0)

    def test_zero_steps_are_refused(self):
        with pytest.raises(ValueError, match="1 step or more"):
            generate(made(), 1, steps=0)


@pytest.mark.slow
def test_training_finds_the_only_picture():
    """A set of one picture: whatever the noise, the sampler ends there."""
    with seeded(0):
        model = VelocityTransformer((4, 4), patch=2, dim=16, depth=1, heads=2)
        picture = torch.rand(1, 3, 4, 4)
    generator = torch.Generator().manual_seed(0)
    fit(
        model,
        lambda step: picture.expand(64, -1, -1, -1),
        lambda model, batch: picture_loss(model, batch, generator=generator),
        steps=300,
        lr=1e-2,
        progress=False,
    )
    gap = generate(model, 20, generator=generator) - picture
    assert gap.abs().mean() < 0.05


def test_the_module_runs(capsys):
    main()
    said = capsys.readouterr().out
    assert "rows sum to    1.000 1.000" in said and "(5, 3, 16, 24)" in said
