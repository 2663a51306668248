"""Eyes: one network, and who moves them."""

import pytest
import torch

from visual_attention.chapters.hard import eyes, translated
from visual_attention.mechanisms.hard import losses_of_glimpses
from visual_attention.training import seeded


def pictures(count=6, seed=0):
    return translated.batch(
        count, split="test", canvas=40, digit=16, clutter=0, generator=torch.Generator().manual_seed(seed)
    )


def build(kind, seed=0, **parts):
    with seeded(seed):
        made = kind(**parts)
        if isinstance(made, eyes.Eye):
            torch.nn.init.normal_(made.locate.linear.weight, std=0.5)
            torch.nn.init.normal_(made.locate.linear.bias, std=0.5)
    return made.eval()


def test_learned_places_differ_from_picture_to_picture_and_one_path_is_the_same_for_all():
    images = pictures().images
    learned, same = build(eyes.Eye).locations(images), build(eyes.OnePath).locations(images)
    assert learned.shape == (6, 2, 2) and (learned[:, 0] == 0).all()
    assert learned[:, 1].std(0).min() > 1e-3
    assert torch.equal(same[:, 1], same[:1, 1].expand(6, 2)) and same[0, 1].abs().min() > 1e-3


def test_the_deaf_network_has_the_parts_of_the_other_and_learns_its_place():
    one, other = build(eyes.Eye), build(eyes.OnePath)
    assert [p.shape for p in one.parameters()] == [p.shape for p in other.parameters()]
    batch = pictures(32)
    with seeded(0):
        other.loss(batch.images, batch.labels).backward()
    assert other.locate.linear.bias.grad.abs().sum() > 0
    assert not other.locate.linear.weight.grad.any()
    assert other.expect.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", [eyes.Eye, eyes.PathwiseEye])
def test_both_ways_teach_the_places(kind):
    model, batch = build(kind), pictures(32)
    with seeded(0):
        model.loss(batch.images, batch.labels).backward()
    assert model.locate.linear.weight.grad.abs().sum() > 0
    taught = model.expect.weight.grad  # only REINFORCE asks the baseline
    assert (taught is None) == (kind is eyes.PathwiseEye)


def test_four_fixed_places_are_those_that_were_written_down_and_nobody_is_taught_to_choose():
    model, batch = build(eyes.FixedEye), pictures()
    places = model.locations(batch.images)
    assert places.shape == (6, 4, 2) and places[3].tolist() == [pytest.approx(c) for c in eyes.CORNERS]
    torch.testing.assert_close(model(batch.images), model.look(batch.images, places)[:, -1])
    loss = model.loss(batch.images, batch.labels)
    want = losses_of_glimpses(model.look(batch.images, places), batch.labels).mean()
    torch.testing.assert_close(loss, want)
    loss.backward()
    assert model.locate.linear.weight.grad is None


def test_the_blurred_picture_is_all_that_the_small_network_sees():
    images = pictures().images
    model = build(eyes.Blurred)
    blurred = torch.nn.functional.avg_pool2d(images, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(model(images), model(blurred))
    assert not torch.allclose(build(eyes.Everywhere)(images), build(eyes.Everywhere)(blurred), atol=1e-3)


def test_the_module_runs(capsys):
    eyes.main()
    assert "OnePath" in capsys.readouterr().out
