"""The cue contests: what a place can know without a gate, what gates know of the cue, and what cuts do."""

import pytest
import torch
from torch import nn

from visual_attention import cue_task, cues
from visual_attention.data import digits
from visual_attention.data.overlaid import by_colour
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.mechanisms.spatial import SpatialAttention
from visual_attention.training import seeded


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def built(grid=(5, 5), slot=None, **chosen):
    with seeded(0):
        return cues.CueReader(grid, 24, slot=slot, **chosen).eval()


def drawn(cue, count=12, split="test"):
    return cue_task.draw(count, split, generator(), {"cue": cue})


@pytest.mark.parametrize("cue", cues.GRIDS)
@pytest.mark.parametrize("second", [0, 7])
def test_a_reader_reads_the_pictures_of_its_grid_and_no_others(cue, second):
    model, images = built(cues.GRIDS[cue], second=second), drawn(cue).images
    assert model(images).shape == (12, 10)
    with pytest.raises(ValueError, match="places after a halving, got"):
        model(images[..., 2:])


def test_without_a_gate_the_middle_of_a_digit_cannot_know_the_stripe():
    batch = by_colour(1, split="train", generator=generator())
    other = batch.images.clone()
    other[:, :, :2] = other[:, :, :2].flip(1)
    plain, gated = built(), built(slot=lambda c: SqueezeExcitation(c, reduction=1))
    before, after = (plain.gate(plain.features(x)) for x in (batch.images, other))
    torch.testing.assert_close(before[:, :, 2:], after[:, :, 2:])
    before, after = (gated.gate(gated.features(x)) for x in (batch.images, other))
    assert (before[:, :, 2:] - after[:, :, 2:]).abs().max() > 1e-4


def test_a_second_convolution_sees_eight_pixels():
    image = torch.rand(1, 3, 20, 20, generator=generator()).requires_grad_()
    model = built((10, 10), second=5)
    model.again[0](model.features(image))[0, :, 5, 5].abs().sum().backward()
    rows = (image.grad[0].abs().sum((0, 2)) > 0).nonzero()[:, 0].tolist()
    assert rows == list(range(7, 15))


@pytest.mark.parametrize("norm", [True, False])
def test_the_norm_is_there_or_not(norm):
    kinds = [type(part) for part in built(norm=norm, second=4).modules()]
    assert kinds.count(nn.BatchNorm2d) == 2 * norm


def test_own_weights_read_as_the_network_does_and_others_do_not():
    images = drawn("colour").images
    for slot in (cues.excitation, cues.cbam, cues.spatial):
        model = built(slot=slot)
        with torch.no_grad():
            weights = model.weights(images)
            torch.testing.assert_close(model.read_with(images, weights), model(images), atol=1e-5, rtol=1e-4)
            assert not torch.allclose(model.read_with(images, 0 * weights), model(images), atol=1e-3)
    assert built().weights(images) is None
    assert built(slot=cues.added(cues.excitation)).weights(images) is None


def test_added_scores_shift_and_do_not_weigh():
    with seeded(0):
        gate = SqueezeExcitation(4, reduction=1)
    x = torch.rand(2, 4, 3, 5, generator=generator())
    squeezed = x.mean((2, 3))
    scores = gate.expand(torch.relu(gate.reduce(squeezed)))[:, :, None, None]
    torch.testing.assert_close(cues.Added(gate)(x), torch.relu(x + scores))


def test_fixed_places_are_the_same_for_every_picture():
    gate = cues.FixedPlaces((3, 5))
    assert [name for name, _ in gate.named_parameters()] == ["scores"]
    with torch.no_grad():
        gate.scores.copy_(torch.arange(15.0).view(1, 1, 3, 5))
    x = torch.rand(4, 2, 3, 5)
    assert torch.equal(gate.weights(x)[0], gate.weights(x)[3])
    torch.testing.assert_close(gate(x), x * torch.sigmoid(torch.arange(15.0).view(3, 5)))


def test_explained_by_hand():
    asked = torch.tensor([0, 0, 1, 1])
    assert cue_task.explained(torch.tensor([[1.0], [1.0], [3.0], [3.0]]), asked) == pytest.approx(1.0)
    assert cue_task.explained(torch.tensor([[1.0], [3.0], [1.0], [3.0]]), asked) == pytest.approx(0.0)
    assert cue_task.explained(torch.tensor([[1.0], [3.0], [3.0], [5.0]]), asked) == pytest.approx(4 / 8)
    assert cue_task.explained(torch.ones(4, 2, 3, 1), asked) == 0.0


def test_cuts_by_hand():
    weights, asked = torch.arange(5.0)[:, None, None, None], torch.tensor([0, 1, 0, 1, 0])
    assert cue_task.held(weights, asked).flatten().tolist() == [2.0] * 5
    assert cue_task.anothers(weights, asked).flatten().tolist() == [4, 0, 1, 2, 3]
    assert cue_task.same_cue(weights, asked).flatten().tolist() == [4, 3, 0, 1, 2]


def test_a_cut_reads_with_changed_gates_and_only_where_there_are_gates():
    batch, model = drawn("colour", 40), built(slot=cues.excitation)
    with torch.no_grad():
        for name, change in (
            ("gates at their mean", cue_task.held),
            ("another picture's gates", cue_task.anothers),
        ):
            changed = model.read_with(batch.images, change(model.weights(batch.images), batch.cues))
            told = 100 * (changed.argmax(1) == batch.labels).float().mean().item()
            assert cue_task.TASK.cuts[name](model, batch) == pytest.approx(told)
            assert cue_task.TASK.cuts[name](built(), batch) is None
        kept = cue_task.cut(lambda weights, asked: weights)(model, batch)
        assert kept == pytest.approx(cue_task.score(model, batch)["accuracy"])


def test_the_score_says_percent_and_what_the_gates_know():
    class Threes(nn.Module):
        def forward(self, images):
            return nn.functional.one_hot(torch.full((len(images),), 3), 10).float()

        def weights(self, images):
            return None

    batch = drawn("place", 100)
    assert cue_task.score(Threes(), batch) == {
        "accuracy": pytest.approx(100 * (batch.labels == 3).float().mean().item())
    }
    assert 0 <= cue_task.score(built((10, 10), slot=cues.spatial), batch)["cue in the gates"] <= 1


@pytest.mark.parametrize(
    ("split", "own"), [("train", "learning"), ("validation", "validation"), ("test", "test")]
)
def test_each_split_draws_its_own_digits(split, own):
    banks = {
        name: {picture.numpy().tobytes() for picture in digits.small(name)[0][:, 0]}
        for name in ("learning", "validation", "test")
    }
    bank = banks.pop(own)
    others = set().union(*banks.values())
    for picture in drawn("colour", 30, split).images.flatten(0, 1):
        digit = picture[3:11, 1:9].contiguous().numpy().tobytes()
        assert digit in bank and digit not in others


def test_digits_with_nothing_to_choose_are_white():
    batch = drawn("nowhere", 50)
    assert batch.images.shape == (50, 3, 14, 14)
    assert torch.equal(batch.images[:, 0], batch.images[:, 2])


def test_the_setting_reaches_the_network():
    build = cues.reader(0.5, cues.spatial, second=2)
    model = build({"cue": "place", "width": 8, "norm": "none"})
    assert model.grid == (10, 10) and model.see[0].out_channels == 4 and model.again[0].out_channels == 16
    assert isinstance(model.gate, SpatialAttention) and isinstance(model.see[1], nn.Identity)
    assert cues.fixed_places(1)({"cue": "nowhere", "width": 8, "norm": "batch"}).gate.scores.shape[2:] == (
        7,
        7,
    )


def test_a_written_gate_gets_its_window_and_learns():
    seen = []

    def function(x, window):
        seen.append((x.shape[1], tuple(window.shape)))
        return x * torch.sigmoid(window.sum())

    with seeded(0):
        gate = cue_task.Written(function, (3,))
    before = gate.window.detach().clone()
    share = cue_task.learn(gate, "colour", width=6, steps=4, rate=1e-2)
    assert seen[0] == (6, (3,)) and 0 <= share <= 100
    assert not torch.equal(gate.window, before)
