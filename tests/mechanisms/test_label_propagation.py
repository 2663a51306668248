"""A mask goes where its patches go, worked by hand; and what is gone does not find back."""

import pytest
import torch
from torch.nn import functional as F

from visual_attention.mechanisms.label_propagation import LabelPropagation, remaining

B, N, M, D, K = 2, 6, 5, 8, 3
EAST, NORTH = [1.0, 0.0], [0.0, 1.0]


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_by_hand():
    """One patch between two: cosines 0.8 and 0.6, temperature 0.1, so odds of e squared."""
    frame, memory = torch.tensor([[[4.0, 3.0]]]), torch.tensor([[[EAST, NORTH]]])
    propagation = LabelPropagation(most=2, temperature=0.1)
    east = torch.e**2 / (1 + torch.e**2)
    torch.testing.assert_close(propagation.weights(frame, memory), torch.tensor([[[east, 1 - east]]]))
    labels = torch.tensor([[[[10.0], [20.0]]]])
    torch.testing.assert_close(
        propagation(frame, memory, labels), torch.tensor([[[20 - 10 * east]]]), rtol=1e-5, atol=0
    )


def test_lengths_do_not_matter_and_weights_sum_to_one():
    propagation, frame, memory = LabelPropagation(most=2), drawn(B, N, D), drawn(B, 3, M, D)
    weights = propagation.weights(frame, memory)
    assert weights.shape == (B, N, 3 * M) and (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, N))
    torch.testing.assert_close(propagation.weights(7 * frame, 0.1 * memory), weights)


def test_each_known_frame_gives_its_most_similar_patches_and_no_other():
    frame, memory = drawn(B, N, D), drawn(B, 3, M, D)
    weights = LabelPropagation(most=2, temperature=1.0).weights(frame, memory).unflatten(-1, (3, M))
    assert ((weights > 0).sum(-1) == 2).all()
    cosines = F.cosine_similarity(frame[:, :, None, None], memory[:, None], dim=-1)  # (B, N, F, M)
    least = cosines.masked_fill(weights == 0, torch.inf).amin(-1)
    assert (cosines.masked_fill(weights > 0, -torch.inf).amax(-1) < least).all()


def test_labels_go_where_the_patches_go():
    first, order = drawn(1, 1, N, D), torch.tensor([2, 0, 5, 1, 3, 4])
    labels = F.one_hot(torch.tensor([0, 1, 2, 0, 1, 2]), K).float()[None, None]
    moved = LabelPropagation(temperature=0.01)(first[:, 0, order], first, labels)
    assert moved.argmax(-1)[0].tolist() == [2, 0, 2, 1, 0, 1]
    torch.testing.assert_close(moved.sum(-1), torch.ones(1, N))


def test_with_a_reach_a_patch_keeps_to_its_surroundings():
    """Six patches in two rows of three; the best match lies two columns away, the second best beside it."""
    frame, memory = drawn(1, N, D), drawn(1, 2, N, D)
    memory[0, 1, 2], memory[0, 1, 4] = frame[0, 0], 0.9 * frame[0, 0] + 0.1
    free = LabelPropagation(most=1).weights(frame, memory).unflatten(-1, (2, N))
    assert free[0, 0, 1].argmax() == 2
    near = LabelPropagation(most=1, reach=1, grid=(2, 3)).weights(frame, memory).unflatten(-1, (2, N))
    assert near[0, 0, 1].argmax() == 4
    assert (near[0, 0, :, [2, 5]] == 0).all() and (near[0, 2, :, [0, 3]] == 0).all()
    torch.testing.assert_close(near.sum((-1, -2)), torch.ones(1, N))


def test_a_reach_over_the_whole_grid_is_none():
    frame, memory = drawn(B, N, D), drawn(B, 3, N, D)
    whole = LabelPropagation(most=4, reach=2, grid=(2, 3)).weights(frame, memory)
    assert torch.equal(whole, LabelPropagation(most=4).weights(frame, memory))


def test_few_neighbours_are_fewer_than_most():
    frame, memory = drawn(1, N, D), drawn(1, 1, N, D)
    weights = LabelPropagation(most=N, reach=1, grid=(N, 1)).weights(frame, memory)
    assert ((weights[0] > 0).sum(-1) == torch.tensor([2, 3, 3, 3, 3, 2])).all() and weights.isfinite().all()


def test_a_reach_that_makes_no_sense():
    with pytest.raises(ValueError, match="reach and grid together, got reach 2 and grid None"):
        LabelPropagation(reach=2)
    with pytest.raises(ValueError, match="wanted reach above 0"):
        LabelPropagation(reach=0, grid=(2, 3))
    with pytest.raises(
        ValueError, match=r"wanted 6 patches in every frame, for the grid \(2, 3\), got 6 and 5"
    ):
        LabelPropagation(reach=1, grid=(2, 3))(drawn(B, N, D), drawn(B, 1, M, D), drawn(B, 1, M, K))


@pytest.mark.parametrize(
    ("frame", "memory", "labels", "says"),
    [
        ((B, N), (B, 2, M, D), (B, 2, M, K), "wanted tokens"),
        ((B, N, D), (B, M, D), (B, 2, M, K), r"memory: wanted \(2, F, M, 8\)"),
        ((B, N, D), (B + 1, 2, M, D), (B, 2, M, K), "memory: wanted"),
        ((B, N, D), (B, 2, M, D + 1), (B, 2, M, K), "memory: wanted"),
        ((B, N, D), (B, 2, M, D), (B, 2, M), r"labels: wanted \(2, 2, 5, 'K'\)"),
        ((B, N, D), (B, 2, M, D), (B, 2, M + 1, K), "labels: wanted"),
    ],
)
def test_shapes_that_do_not_belong_together(frame, memory, labels, says):
    with pytest.raises(ValueError, match=says):
        LabelPropagation()(drawn(*frame), drawn(*memory), drawn(*labels))


def test_numbers_are_above_zero():
    with pytest.raises(ValueError, match="wanted most above 0"):
        LabelPropagation(most=0)
    with pytest.raises(ValueError, match="wanted temperature above 0"):
        LabelPropagation(temperature=0.0)


class TestRemaining:
    known = torch.eye(4)
    target = torch.tensor([True, True, False, False])

    def test_all_of_a_target_that_moved(self):
        assert remaining(self.target, self.known, self.known[[3, 1, 2, 0]]) == 1

    def test_none_of_a_target_whose_places_hold_its_surroundings(self):
        gone = self.known[[2, 3, 2, 3]] + 0.01
        assert remaining(self.target, self.known, gone) == 0

    def test_half_of_it(self):
        """The second patch is gone; what is most like it is like the third."""
        frame = torch.tensor([[1.0, 0, 0, 0], [0, 0.1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        assert remaining(self.target, self.known, frame) == 0.5

    @pytest.mark.parametrize("target", [torch.zeros(4, dtype=torch.bool), torch.ones(4, dtype=torch.bool)])
    def test_a_target_is_a_part(self, target):
        with pytest.raises(ValueError, match="wanted a part of the 4 patches"):
            remaining(target, self.known, self.known)
