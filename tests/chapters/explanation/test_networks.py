"""Both networks can be stopped half way, changed inside, and turned to noise part by part."""

import pytest
import torch

from tests.chapters.explanation.worlds import pictures, untrained
from visual_attention.chapters.explanation import networks, trials
from visual_attention.training import seeded

every_network = pytest.mark.parametrize("kind", networks.BUILD)


@every_network
def test_reading_the_features_is_the_answer(kind):
    model, (images, _) = untrained(kind), pictures(2)
    with torch.no_grad():
        features = model.features(images)
        assert model(images).shape == (2, 10)
        torch.testing.assert_close(model.read(features), model(images))
        assert model.as_map(features).shape == (2, networks.WIDTH, 6, 6)


def test_the_map_of_the_tokens_leaves_the_class_token_out_and_reads_row_by_row():
    model = untrained("transformer")
    tokens = torch.arange(37.0).view(1, 37, 1).expand(2, 37, 48)
    assert model.as_map(tokens)[1, 5, 2, 3] == 1 + 2 * 6 + 3


def test_by_hand_it_is_the_same_network_and_shows_its_weights():
    model, (images, _) = untrained("transformer"), pictures(2)
    with torch.no_grad():
        scores, used = model.by_hand(images)
        torch.testing.assert_close(scores, model(images), atol=1e-5, rtol=1e-4)
        for seen, weights in zip(used, model.weights(images), strict=True):
            torch.testing.assert_close(seen, weights)


def test_weights_that_are_changed_are_used():
    model, (images, _) = untrained("transformer"), pictures(2)
    asked = []

    def even(index, weights):
        asked.append(index)
        return torch.full_like(weights, 1 / 37) if index == 1 else weights

    with torch.no_grad():
        scores, used = model.by_hand(images, even)
    assert asked == [0, 1] and (used[1] == 1 / 37).all()
    assert not torch.allclose(scores, model(images), atol=1e-4)


@every_network
def test_every_number_of_a_network_belongs_to_one_part_of_the_cascade(kind):
    model = networks.BUILD[kind]()
    for name in model.state_dict():
        assert sum(name.startswith(starts) for _, starts in model.cascade()) == 1, name


@every_network
def test_randomising_goes_from_the_output_to_the_input_and_leaves_nothing_at_its_end(kind):
    model, build = untrained(kind, seed=1), networks.BUILD[kind]
    with seeded(5):
        fresh = build().state_dict()
    for parts in range(len(model.cascade()) + 1):
        mixed = trials.randomised(model, build, parts, seed=5).state_dict()
        for index, (_, starts) in enumerate(model.cascade()):
            wanted = fresh if index < parts else model.state_dict()
            assert all(torch.equal(mixed[n], wanted[n]) for n in mixed if n.startswith(starts))
    assert model.cascade()[0][0] == "head"


@every_network
def test_every_parameter_gets_a_gradient(kind):
    model = untrained(kind).train()
    images, _ = pictures(4)
    model(images).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@every_network
def test_pictures_do_not_mix(kind):
    model, (images, _) = untrained(kind), pictures(3)
    with torch.no_grad():
        torch.testing.assert_close(model(images)[1:2], model(images[1:2]), atol=1e-5, rtol=1e-4)


def test_without_a_stem_a_token_begins_as_its_own_cell():
    with seeded(0):
        model = networks.SmallTransformer(stem=False).eval()
    images, _ = pictures(2)
    changed = images.clone()
    changed[:, :, 4:8, 8:12] = 0  # the cell in row 1, column 2
    with torch.no_grad():
        moved = (model.transformer.tokens(changed) - model.transformer.tokens(images)).abs().sum((0, 2))
        stem = untrained("transformer").transformer
        wide = (stem.tokens(changed) - stem.tokens(images)).abs().sum((0, 2))
    assert moved.nonzero().flatten().tolist() == [1 + 6 + 2]
    assert len(wide.nonzero()) > 4
