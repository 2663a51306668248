"""Other weights are found by a search that keeps its promise, and a guided reader counts as it is told."""

import pytest
import torch

from tests.chapters.explanation.worlds import pictures, untrained
from visual_attention.chapters.explanation import marked, trained
from visual_attention.chapters.explanation import other_weights as ow


def test_with_its_own_row_the_last_block_answers_as_before():
    model, (images, _) = untrained("transformer"), pictures(4)
    with torch.no_grad():
        features = model.features(images)
        own = model.transformer.blocks[-1].weights(features)[:, :, 0]
        scores = ow.with_row(model, features[:, 0], ow.offered(model, features), own)
        torch.testing.assert_close(scores, model(images), atol=1e-5, rtol=1e-4)


def test_another_row_gives_what_the_network_gives_with_that_row():
    model, (images, _) = untrained("transformer"), pictures(4)
    row = torch.randn(4, 3, 37, generator=torch.Generator().manual_seed(2)).softmax(-1)

    def change(index, weights):
        return torch.cat([row[:, :, None], weights[:, :, 1:]], 2) if index == 1 else weights

    with torch.no_grad():
        features = model.features(images)
        scores = ow.with_row(model, features[:, 0], ow.offered(model, features), row)
        torch.testing.assert_close(scores, model.by_hand(images, change)[0], atol=1e-5, rtol=1e-4)


def test_distances_by_hand():
    one, other = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 0.5, 0.5])
    assert ow.divergence(one, other).item() == pytest.approx(1) and ow.variation(one, other).item() == 1
    assert ow.divergence(one, one).item() == pytest.approx(0, abs=1e-6) and ow.variation(one, one).item() == 0
    near = torch.tensor([0.9, 0.1, 0.0])
    assert ow.variation(one, near).item() == pytest.approx(0.1)
    assert 0 < ow.divergence(one, near).item() < ow.divergence(one, other).item()


def test_what_is_found_are_weights_far_away_that_leave_the_answer_where_it_was():
    model, (images, _) = untrained("transformer"), pictures(6)
    found, far, moved = ow.others(model, images, steps=40)
    assert (found >= 0).all() and torch.allclose(found.sum(-1), torch.ones(6, 3), atol=1e-5)
    assert (moved <= ow.ALLOWED).all() and far.mean() > 0.3
    with torch.no_grad():
        features = model.features(images)
        own = model.transformer.blocks[-1].weights(features)[:, :, 0]
        scores = ow.with_row(model, features[:, 0], ow.offered(model, features), found)
        torch.testing.assert_close(
            ow.variation(scores.softmax(1), model(images).softmax(1)), moved, atol=1e-4, rtol=1e-3
        )
        torch.testing.assert_close(ow.divergence(found, own).mean(1), far, atol=1e-5, rtol=1e-4)


def test_where_nothing_may_move_the_network_keeps_its_own():
    model, (images, _) = untrained("transformer"), pictures(2)
    found, far, moved = ow.others(model, images, steps=3, allowed=-1.0)
    with torch.no_grad():
        own = model.transformer.blocks[-1].weights(model.features(images))[:, :, 0]
    assert torch.equal(found, own) and not far.any() and not moved.any()


def test_a_search_from_afar_keeps_its_promise_and_ends_elsewhere():
    model, (images, _) = untrained("transformer"), pictures(6)
    near, *_ = ow.others(model, images, steps=40)
    found, far, moved = ow.others(model, images, steps=40, afar=True)
    assert (moved <= ow.ALLOWED).all() and far.mean() > 0.3
    assert ow.divergence(near, found).mean() > 0.1


def test_a_search_from_afar_begins_where_the_network_s_own_weights_say_nothing():
    """With no step but the first look, what is found is the same for two networks with other weights."""
    (images, _), starts = pictures(4), []
    for seed in (0, 1):
        model = untrained("transformer", seed)
        starts.append(ow.others(model, images, steps=1, allowed=2.0, afar=True)[0])
    torch.testing.assert_close(*starts)


def cut(model, images, name):
    with torch.no_grad():
        return model.by_hand(images, ow.CUTS[name])


def test_even_weights_are_even_in_the_chosen_blocks_only():
    model, (images, _) = untrained("transformer"), pictures(2)
    with torch.no_grad():
        torch.testing.assert_close(cut(model, images, "as it is")[0], model(images), atol=1e-5, rtol=1e-4)
    one, two, first = (cut(model, images, f"{name} even")[0] for name in ("last", "both", "first"))
    row = torch.full((2, 3, 37), 1 / 37)
    with torch.no_grad():
        features = model.features(images)
        wanted = ow.with_row(model, features[:, 0], ow.offered(model, features), row)
    torch.testing.assert_close(one, wanted, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(one, two, atol=1e-4) and not torch.allclose(first, two, atol=1e-4)
    assert not torch.allclose(first, one, atol=1e-4)


def test_a_guided_reader_counts_each_cell_as_it_is_told():
    reader, (images, _) = ow.Guided(), pictures(2)
    apart = torch.stack([reader(images, torch.eye(36)[[cell, cell]]) for cell in range(36)])  # (36, 2, 10)
    weights = torch.rand(2, 36)
    torch.testing.assert_close(
        reader(images, weights), torch.einsum("nbk,bn->bk", apart, weights), atol=1e-4, rtol=1e-4
    )
    changed = images.clone()
    changed[:, :, :8, :8] = 0  # cell 14 in row 2, column 2 sees pixels 4 to 15; cell 21 does not see these
    one = torch.eye(36)[[21, 21]]
    torch.testing.assert_close(reader(changed, one), reader(images, one))
    assert not torch.allclose(
        reader(changed, torch.eye(36)[[14, 14]]), reader(images, torch.eye(36)[[14, 14]])
    )


def test_shares_of_the_cells_leave_the_class_token_out():
    rows = torch.rand(3, 2, 37)
    shares = ow.over_cells(rows)
    assert shares.shape == (3, 36) and torch.allclose(shares.sum(1), torch.ones(3))
    torch.testing.assert_close(shares[1, 4] / shares[1, 9], rows[1, :, 5].mean() / rows[1, :, 10].mean())


def test_patches_alone_keep_the_class_token_s_row_and_hand_nothing_on():
    model, (images, _) = untrained("transformer"), pictures(2)
    with torch.no_grad():
        own = model.weights(images)
        _, used = model.by_hand(images, ow.in_block(0, ow.patches_alone))
    assert torch.allclose(used[0][:, :, 0], own[0][:, :, 0], atol=1e-6)
    assert (used[0][:, :, 1:] == torch.eye(37)[1:]).all()
    changed = images.clone()
    changed[..., 8:, :] = 0.5
    with torch.no_grad():
        _, other = model.by_hand(changed, ow.in_block(0, ow.patches_alone))
    assert not torch.allclose(used[1][:, :, 0], other[1][:, :, 0])


def test_a_class_row_is_made_even_in_one_block_and_in_that_row_only():
    model, (images, _) = untrained("transformer"), pictures(2)
    with torch.no_grad():
        own = model.weights(images)
        _, used = model.by_hand(images, ow.in_block(0, ow.class_row_even))
        scores, last = model.by_hand(images, ow.in_block(1, ow.class_row_even))
    assert torch.allclose(used[0][:, :, 0], torch.tensor(1 / 37)) and used[0][:, :, 0].std() < 1e-6
    torch.testing.assert_close(used[0][:, :, 1:], own[0][:, :, 1:])
    torch.testing.assert_close(last[0], own[0])
    # in the last block only the class token is read, so its row is all there is to make even
    torch.testing.assert_close(scores, cut(model, images, "last even")[0], atol=1e-5, rtol=1e-4)


def test_in_the_page_s_transformer_the_class_token_reads_in_the_first_block_and_patches_hand_little_on():
    model = trained.load("transformer")
    drawn = marked.batch(200, split="test", share=1.0, generator=torch.Generator().manual_seed(12))
    kept = {}
    for name in ("as it is", "patches alone", "first row even", "last row even"):
        said = cut(model, drawn.images, name)[0].argmax(1)
        kept[name] = (said == drawn.labels).double().mean().item()
    assert kept["patches alone"] > kept["as it is"] - 0.05 and kept["last row even"] > kept["as it is"] - 0.15
    assert kept["first row even"] < kept["as it is"] - 0.4
