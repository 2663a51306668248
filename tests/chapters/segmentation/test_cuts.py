"""Cuts of a dual attention: what is forbidden is not looked at, what is off adds nothing, the rest stays."""

import pytest
import torch

from visual_attention.chapters.segmentation import cuts, lookalikes, trained
from visual_attention.chapters.segmentation.context_claims import told
from visual_attention.chapters.segmentation.unet import ChannelSelfAttention, DualAttention, UNet
from visual_attention.mechanisms.self_attention import SelfAttention
from visual_attention.training import seeded


@pytest.fixture
def block():
    torch.manual_seed(1)
    made = DualAttention(16)
    torch.nn.init.constant_(made.position.gain, 0.7)
    torch.nn.init.constant_(made.channel.gain, -0.4)
    return made


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    digit = torch.zeros(2, 1, 3, 5)
    digit[0, 0, 1, 2], digit[1, 0, 0, :2] = 0.3, 1.0
    return torch.randn(2, 16, 3, 5), digit


def test_without_a_change_the_block_is_what_it_was(block, inputs):
    x, digit = inputs
    torch.testing.assert_close(x + cuts.added(block, x, digit), block(x), atol=1e-5, rtol=1e-4)
    assert torch.equal(cuts.own(block, x, digit), block(x))


def test_a_branch_that_is_off_adds_nothing(block, inputs):
    x, digit = inputs
    torch.testing.assert_close(cuts.position_off(block, x, digit), block.channel(x), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(cuts.channel_off(block, x, digit), block.position(x), atol=1e-5, rtol=1e-4)
    assert torch.equal(cuts.both_off(block, x, digit), x)


def test_forbidden_keys_get_nothing_and_the_others_keep_their_ratios(block, inputs):
    x, digit = inputs
    before, after = block.position.weights(x), cuts.forbidden(block.position, x, digit)
    gone = (digit > 0).flatten(1)
    assert after[gone[:, None].expand_as(after)].abs().max() == 0
    torch.testing.assert_close(after.sum(-1), torch.ones(2, 15))
    ratio = (after / before).masked_fill(gone[:, None], torch.nan)
    spread = ratio.nan_to_num(nan=-1).amax(-1) - ratio.nan_to_num(nan=1e9).amin(-1)
    assert spread.abs().max() < 1e-4


def test_what_lies_at_a_forbidden_cell_does_not_reach_the_others(block, inputs):
    x, digit = inputs
    other = torch.where(digit > 0, torch.randn_like(x), x)
    away = (digit == 0).expand_as(x)
    for cut in (cuts.digit_off_for_places, cuts.digit_off_for_channels):
        whole = [
            x + cuts.added(block, y, digit, **parts) - x
            for y in (x, other)
            for parts in [
                {"channel": None, "position": cuts.forbidden}
                if cut is cuts.digit_off_for_places
                else {"position": None, "channel": cuts.blind}
            ]
        ]
        torch.testing.assert_close(whole[0][away], whole[1][away], atol=1e-4, rtol=1e-3)


def test_uniform_weights_are_means(block, inputs):
    x, digit = inputs
    places = block.position.value_conv(x).mean((2, 3), keepdim=True)
    wanted = x + 0.7 * places - 0.4 * x.mean(1, keepdim=True)
    torch.testing.assert_close(cuts.uniform(block, x, digit), wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("one", [lambda: SelfAttention(16), ChannelSelfAttention])
def test_single_branches_are_cut_alike(one, inputs):
    x, digit = inputs
    block = one()
    torch.nn.init.constant_(block.gain, 0.5)
    torch.testing.assert_close(x + cuts.added(block, x, digit), block(x), atol=1e-5, rtol=1e-4)
    off = cuts.position_off if isinstance(block, SelfAttention) else cuts.channel_off
    assert torch.equal(off(block, x, digit), x)


def test_the_digit_s_cells_are_those_that_its_ink_touches():
    torch.manual_seed(0)
    model = UNet(widths=(2, 3, 8), bottom=DualAttention).eval()
    digits = torch.zeros(1, 1, 16, 24, dtype=torch.bool)
    digits[0, 0, 5, 9] = True
    seen = []
    cuts.scores_with(model, torch.rand(1, 3, 16, 24), digits, lambda b, x, d: seen.append(d) or b(x))
    assert seen[0].shape == (1, 1, 4, 6) and seen[0].nonzero().tolist() == [[0, 0, 1, 2]]


@pytest.mark.slow
@torch.no_grad()
def test_in_the_stored_network_channels_carry_the_answer():
    """The numbers of the chapter's text."""
    model = trained.load()
    drawn = lookalikes.batch(300, split="test", generator=torch.Generator().manual_seed(7))
    ways = (
        (cuts.own, 100),
        (cuts.digit_off_for_places, 98),
        (cuts.position_off, 98),
        (cuts.digit_off_for_channels, 87),
        (cuts.channel_off, 67),
        (cuts.both_off, 51),
        (cuts.uniform, 57),
    )
    for cut, share in ways:
        scores = cuts.scores_with(model, drawn.images, drawn.digits, cut)
        assert abs(told(scores, drawn) - share) < 0.75, cut.__name__


def test_a_rim_is_the_cells_beside_the_digit(inputs):
    x, digit = inputs
    seen = []
    cuts.with_rim(lambda block, x, cells: seen.append(cells))(None, x, digit)
    rows = [(cells[0] > 0).int().tolist() for cells in seen[0]]
    assert rows == [[[0, 1, 1, 1, 0]] * 3, [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]]


def test_both_forbidden_is_the_sum_of_both(block, inputs):
    x, digit = inputs
    apart = block.position(x) - x, block.channel(x) - x  # what each adds, the other being cut
    wanted = cuts.digit_off_for_places(block, x, digit) + cuts.digit_off_for_channels(block, x, digit)
    found = cuts.digit_off_for_both(block, x, digit)
    torch.testing.assert_close(found, wanted - x - sum(apart), atol=1e-5, rtol=1e-4)


@pytest.mark.slow
@torch.no_grad()
def test_two_ways_lead_to_the_digit_and_each_stands_in_for_the_other():
    model = trained.load()
    drawn = lookalikes.batch(300, split="test", generator=torch.Generator().manual_seed(7))
    both = cuts.with_rim(cuts.digit_off_for_both)
    ways = {
        "places": cuts.with_rim(cuts.digit_off_for_places),
        "channels": cuts.with_rim(cuts.digit_off_for_channels),
        "both": both,
        "elsewhere": lambda block, x, digit: both(block, x, digit.roll((6, 6), (2, 3))),
    }
    left = {
        name: round(told(cuts.scores_with(model, drawn.images, drawn.digits, cut), drawn))
        for name, cut in ways.items()
    }
    assert left == {"places": 92, "channels": 81, "both": 48, "elsewhere": 100}


def test_as_many_cells_elsewhere_lie_half_a_picture_away():
    digit = torch.zeros(1, 1, 4, 6)
    digit[0, 0, 0, 1] = 0.4
    seen = []
    cuts.elsewhere(lambda block, x, digit: seen.append(digit) or x)(None, torch.zeros(1, 8, 4, 6), digit)
    assert seen[0].nonzero().tolist() == [[0, 0, 2, 4]] and seen[0].sum() == digit.sum()


@torch.no_grad()
def test_a_branch_contradicted_says_what_it_says_of_the_other_pictures_and_the_rest_stays():
    with seeded(2):
        model = UNet(widths=(4, 8, 16), bottom=DualAttention).eval()
        torch.nn.init.constant_(model.bottom.position.gain, 0.7)
        torch.nn.init.constant_(model.bottom.channel.gain, -0.4)
        images, others = torch.rand(2, 2, 3, 24, 24)
    own, theirs = model.deepest(images), model.deepest(others)
    places, channels = model.bottom.position, model.bottom.channel
    added = {
        (): places(own) - own + channels(own) - own,
        ("places",): places(theirs) - theirs + channels(own) - own,
        ("channels",): places(own) - own + channels(theirs) - theirs,
        ("places", "channels"): places(theirs) - theirs + channels(theirs) - theirs,
    }
    for names, wanted in added.items():
        made = model.read_with(images, lambda block, x, wanted=wanted: x + wanted)
        torch.testing.assert_close(cuts.contradicted(model, images, others, *names), made)
    torch.testing.assert_close(cuts.contradicted(model, images, others), model(images))
    with pytest.raises(ValueError, match="wanted places or channels; got rows"):
        cuts.contradicted(model, images, others, "rows")
