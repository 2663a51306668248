"""Pools on frozen tokens: many at once are as one by one, and attention finds the patch that tells."""

import pytest
import torch
from scipy.stats import binomtest, ttest_rel
from torch.nn import functional as F

from visual_attention.own import fitting, heads
from visual_attention.own.fitting import compare, cross_validated, difference, fit, folds
from visual_attention.own.heads import ATTENTION, CLASS, MAX, MEAN, POOLS, Head

N, D, K = 20, 32, 3


def one_patch_tells(count=60, strength=4.0):
    """Each picture has one patch that is marked by its first numbers and tells the class by the last."""
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randn(count, 1 + N, D, generator=draw)
    labels = torch.arange(count) % K
    place = torch.randint(1, 1 + N, (count,), generator=draw)
    rows = torch.arange(count)
    tokens[rows, place] = 0.1 * torch.randn(count, D, generator=draw)
    tokens[rows, place, :8] = strength
    for number in range(8):
        tokens[rows, place, 8 + 8 * labels + number] = 2.0
    return tokens, labels, place - 1


class TestHead:
    def test_a_query_of_zeros_is_the_mean(self):
        tokens, labels, _ = one_patch_tells()
        asked, mean = (fitting.settled(pool, tokens, classes=K) for pool in (ATTENTION, MEAN))
        torch.nn.init.normal_(mean.linear.weight)
        asked.linear.load_state_dict(mean.linear.state_dict())
        torch.testing.assert_close(asked(tokens), mean(tokens), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(asked.weights(tokens), torch.full((60, N), 1 / N))

    @pytest.mark.parametrize("pool", POOLS)
    def test_scores_by_hand(self, pool):
        tokens = one_patch_tells()[0]
        head = fitting.settled(pool, tokens, classes=K)
        with torch.no_grad():
            for parameter in head.parameters():
                parameter.normal_()
        patches = tokens[:, 1:]
        pooled = {CLASS: tokens[:, 0], MEAN: patches.mean(1), MAX: patches.amax(1)}.get(pool)
        center, wide = tokens[:, 1:].mean(1).mean(0), tokens[:, 1:].mean(1).std(0, unbiased=False)
        if pool == ATTENTION:
            asked = head.query / patches.flatten(0, 1).std(0, unbiased=False) / D**0.5
            pooled = torch.einsum("bn,bnd->bd", torch.softmax(patches @ asked, 1), patches)
        else:
            center, wide = pooled.mean(0), pooled.std(0, unbiased=False).clamp(min=1e-3)
        want = F.linear((pooled - center) / wide, head.linear.weight, head.linear.bias)
        torch.testing.assert_close(head(tokens), want, atol=1e-4, rtol=1e-4)

    def test_what_is_no_pool_and_what_has_no_patch(self):
        with pytest.raises(ValueError, match="wanted one of attention pool, .*; got 'median'"):
            Head("median", dim=D, classes=K)
        with pytest.raises(ValueError, match="at least one patch"):
            Head(dim=D, classes=K)(torch.zeros(2, 1, D))


@pytest.mark.parametrize("pool", POOLS)
def test_heads_beside_each_other_are_as_torch_s_adamw_one_by_one(pool):
    tokens, labels, _ = one_patch_tells(24)
    one, other = torch.rand(2, 24, generator=torch.Generator().manual_seed(1)) < 0.7
    training, decays = torch.stack([one, other, one]), (0.1, 3.0, 1.0)
    fitted = fit(pool, tokens, labels, classes=K, training=training, decays=decays)
    for known, decay, got in zip(training, decays, fitted, strict=True):
        head = fitting.settled(pool, tokens[known], classes=K)
        kept = [{"params": [head.linear.weight], "weight_decay": decay}, {"params": [head.linear.bias]}]
        kept += [{"params": [head.query]}] if pool == ATTENTION else []
        optimizer = torch.optim.AdamW(kept, weight_decay=0.0)
        for step in range(fitting.STEPS):
            for group in optimizer.param_groups:
                group["lr"] = fitting.RATE * (1 - step / fitting.STEPS)
            optimizer.zero_grad()
            F.cross_entropy(head(tokens[known]), labels[known]).backward()
            optimizer.step()
        for (name, want), have in zip(head.state_dict().items(), got.state_dict().values(), strict=True):
            torch.testing.assert_close(have, want, atol=2e-3, rtol=2e-2, msg=name)


@pytest.mark.slow
def test_attention_finds_the_patch_that_tells_where_the_others_cannot():
    tokens, labels, place = one_patch_tells()
    scored = {one.pool: one for one in compare(tokens, labels.tolist(), classes=K, progress=False)}
    assert scored[ATTENTION].accuracy > 0.9 > scored[MEAN].accuracy + 0.1
    assert scored[CLASS].accuracy < 0.6
    found = scored[ATTENTION].weights.argmax(1) == place
    assert found.float().mean() > 0.9
    torch.testing.assert_close(scored[ATTENTION].weights.sum(1), torch.ones(60))
    assert scored[CLASS].weights is None


@pytest.mark.slow
def test_labels_without_a_pattern_are_named_by_chance():
    """A picture that was trained on would be named rightly: 200 numbers tell 60 pictures apart."""
    draw = torch.Generator().manual_seed(3)
    tokens = torch.randn(60, 3, 200, generator=draw)
    labels = (torch.arange(60) % 2)[torch.randperm(60, generator=draw)]
    for pool in (ATTENTION, CLASS):
        one = cross_validated(pool, tokens, labels, classes=2)
        assert one.accuracy < 0.7, pool
        assert (one.head(tokens).argmax(1) == labels).float().mean() > 0.9


def test_each_picture_is_left_out_once_and_each_class_is_in_each_fold():
    labels = torch.tensor([0] * 10 + [1] * 5)
    left_out = torch.stack(folds(labels))
    assert left_out.shape == (5, 15) and (left_out.sum(0) == 1).all()
    assert (left_out[:, 10:].sum(1) == 1).all() and (left_out[:, :10].sum(1) == 2).all()
    assert len(folds(torch.tensor([0, 0, 0, 1, 1]))) == 2
    with pytest.raises(ValueError, match="at least two pictures in each class"):
        folds(torch.tensor([0, 0, 1]))


def test_the_decay_is_chosen_on_pictures_held_back(monkeypatch):
    """No picture of a fold's test is among those that its decay is chosen by, nor in any of its trainings."""
    tokens, labels, _ = one_patch_tells(30)
    trained = []
    real = fitting.fit

    def spied(pool, tokens, labels, *, training, decays, **rest):
        trained.append((training.clone(), list(decays)))
        return real(pool, tokens, labels, training=training, decays=decays, **rest)

    monkeypatch.setattr(fitting, "fit", spied)
    cross_validated(MEAN, tokens, labels, classes=K)
    (tried, decays), (final, _) = trained
    assert decays == list(fitting.DECAYS) * 6 and len(final) == 6
    left_out = torch.stack(folds(labels))
    assert not (tried[:20].view(5, 4, 30) & left_out[:, None]).any()
    assert torch.equal(final[:5], ~left_out) and final[5].all()
    held = final.repeat_interleave(4, 0) & ~tried
    assert (held.sum(1) >= 4).all()


def test_no_decay_is_chosen_by_a_picture_of_its_fold_s_test(monkeypatch):
    tokens, labels, _ = one_patch_tells(30)
    tokens[:, 0, 0] = torch.arange(30.0)  # which picture it is
    asked = []

    def guess(seen):
        asked.append(seen[:, 0, 0].long())
        return torch.zeros(len(seen), K)

    monkeypatch.setattr(fitting, "fit", lambda *args, training, **rest: [guess] * len(training))
    left_out = folds(labels)
    fitting.choose_decays(MEAN, tokens, labels, classes=K, training=[~one for one in left_out])
    assert len(asked) == 5 * len(fitting.DECAYS)
    for index, seen in enumerate(asked):
        assert len(seen) >= 4 and not left_out[index // len(fitting.DECAYS)][seen].any()


def scored(right):
    right = torch.tensor(right, dtype=torch.bool)
    return fitting.Scored(MEAN, right.long(), right, None, Head(MEAN, dim=2, classes=2))


def test_intervals_are_scipy_s():
    one, other = scored([1, 1, 1, 0, 1, 1, 0, 1]), scored([1, 0, 1, 0, 0, 1, 0, 1])
    want = binomtest(6, 8).proportion_ci(method="wilson")
    assert one.interval() == pytest.approx((want.low, want.high)) and one.accuracy == 0.75
    mean, low, high = difference(one, other)
    paired = ttest_rel(one.right.double(), other.right.double()).confidence_interval(0.95)
    assert (mean, low, high) == pytest.approx((0.25, paired.low, paired.high))
    assert difference(one, one) == (0, 0, 0)


def test_of_equal_losses_the_largest_decay(monkeypatch):
    tokens, labels, _ = one_patch_tells(30)
    flat = Head(MEAN, dim=D, classes=K)
    monkeypatch.setattr(fitting, "fit", lambda *args, training, **rest: [flat] * len(training))
    training = [torch.ones(30, dtype=torch.bool)] * 2
    assert fitting.choose_decays(MEAN, tokens, labels, classes=K, training=training) == [10.0, 10.0]
    assert heads.POOLS[0] == ATTENTION
