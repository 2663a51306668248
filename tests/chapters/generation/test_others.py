"""Who leaves the asking patch out, of attention or of a maximum."""

import pytest
import torch

from visual_attention.chapters.generation import others
from visual_attention.training import seeded

DIM = 12


def tokens(count=5):
    return torch.randn(2, count, DIM, generator=torch.Generator().manual_seed(3))


def made(build):
    with seeded(0):
        return build()


def test_attention_to_others_is_attention_over_all_but_oneself():
    mixer, x = made(lambda: others.OthersAttention(DIM, heads=3)), tokens()
    weights = mixer.weights(x)
    queries, keys, values = mixer._split(x)
    for row in range(5):
        kept = [place for place in range(5) if place != row]
        scores = (queries[:, :, row, None] * keys[:, :, kept]).sum(-1) / (DIM // 3) ** 0.5
        torch.testing.assert_close(weights[:, :, row, kept], scores.softmax(-1))
    assert weights.diagonal(dim1=2, dim2=3).abs().max() == 0
    joined = mixer.proj((weights @ values).transpose(1, 2).flatten(2))
    torch.testing.assert_close(mixer(x), joined)


def test_the_largest_of_the_others_is_a_maximum_over_all_but_oneself():
    mixer, x = made(lambda: others.LargestOfOthers(DIM, middle=7)), tokens()
    values, gates = mixer.spread(x), mixer.gate(x).sigmoid()
    for row in range(5):
        kept = [place for place in range(5) if place != row]
        wanted = mixer.join(values[:, kept].amax(1) * gates[:, row])
        torch.testing.assert_close(mixer(x)[:, row], wanted)


def test_equal_values_are_their_own_maximum():
    """Two patches that share the largest value hear it from each other."""
    mixer = made(lambda: others.LargestOfOthers(DIM, middle=7))
    x = tokens(1).expand(-1, 4, -1)
    torch.testing.assert_close(mixer(x), mixer.join(mixer.spread(x) * mixer.gate(x).sigmoid()))


def test_bins_give_means_of_what_is_named_alike():
    mixer, x = made(lambda: others.Bins(DIM, bins=3)), tokens()
    mixer.name.weight.data.zero_()
    torch.testing.assert_close(
        mixer(x), mixer.join(mixer.value(x).mean(1, keepdim=True)).expand_as(x), atol=1e-4, rtol=1e-3
    )
    mixer.name.weight.data[:, 0] = torch.tensor([1e3, -1e3, 0])
    x[..., 0] = torch.tensor([1.0, 1, -1, -1, -1])
    apart = [mixer.join(mixer.value(x[:, one]).mean(1)) for one in (slice(2), slice(2, 5))]
    torch.testing.assert_close(mixer(x)[:, 0], apart[0], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(mixer(x)[:, 4], apart[1], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    "build", [lambda: others.OthersAttention(DIM, heads=3), lambda: others.LargestOfOthers(DIM, middle=7)]
)
def test_one_patch_has_no_other(build):
    with pytest.raises(ValueError, match="2 tokens"):
        build()(tokens(1))
