"""The one-stream tracker: who asks whom, what its weights are, and what its cuts take away."""

import pytest
import torch

from visual_attention.chapters.tracking import finding_cuts, fusion
from visual_attention.chapters.tracking.finding import CONDITIONS, DEFORMED, Sought
from visual_attention.chapters.tracking.fusion import (
    PARTS,
    PLACES,
    STRIDE,
    Answer,
    JointBlock,
    OneStream,
    middles,
    template_deaf,
)
from visual_attention.training import seeded

TOKENS = PLACES + PARTS


def built(**options):
    with seeded(0):
        model = OneStream(dim=12, **options).eval()
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@pytest.fixture
def tokens():
    return torch.randn(3, TOKENS, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def seen(tokens):
    tokens = torch.cat([tokens, tokens.roll(1, 0), tokens.flip(0)])[:8]
    generator = torch.Generator().manual_seed(2)
    return Sought(
        torch.zeros(8, 3, 48, 72, dtype=torch.uint8),
        tokens,
        48 * torch.rand(8, 2, generator=generator),
        torch.full((8, 2), 16.0),
        torch.ones(8, dtype=torch.long),
        torch.arange(8) % len(CONDITIONS),
    )


def test_a_block_by_hand(tokens):
    with seeded(0):
        block = JointBlock(32, heads=2).eval()
    x = block.norm(tokens)
    query, key, value = (block.qkv(x)[..., i * 32 : (i + 1) * 32] for i in range(3))
    got = []
    for head in (slice(0, 16), slice(16, 32)):
        scores = query[..., head] @ key[..., head].mT / 4
        got.append(scores.softmax(-1) @ value[..., head])
    wanted = tokens + block.proj(torch.cat(got, dim=-1))
    torch.testing.assert_close(block(tokens), wanted + block.think(wanted), atol=1e-5, rtol=1e-4)


def test_weights_are_what_is_applied_and_sum_to_one(tokens):
    model, kept = built(), []
    model.answer(tokens, None, lambda weights: kept.append(weights) or weights)
    for one, other in zip(model.weights(tokens), kept, strict=True):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(one.sum(-1), torch.ones(3, 2, TOKENS))


def test_two_ways_hear_both_sides_one_way_does_not(tokens):
    other = tokens.clone()
    other[:, 5, :6] += 3  # of the window; the same added to all numbers would be normalised away
    for looks, hears in (("two ways", True), ("one way", False)):
        block = built(looks=looks).blocks[0]
        x, y = (block(12**0.5 * t[..., :12]) for t in (tokens, other))
        assert torch.allclose(x[:, PLACES:], y[:, PLACES:], atol=1e-6) != hears, looks
        assert not torch.allclose(x[:, :PLACES], y[:, :PLACES])


def test_uniform_takes_alike_from_all(tokens):
    for weights in built(looks="uniform").weights(tokens):
        assert torch.equal(weights, torch.full_like(weights, 1 / TOKENS))


def test_an_unknown_look_is_refused():
    with pytest.raises(ValueError, match="looks: wanted one of two ways"):
        OneStream(looks="sideways")


def test_each_place_speaks_of_its_own_surroundings():
    line = [3, 9, 15, 21, 27, 33, 39, 45]
    places = middles(torch.zeros(1))
    assert places[:8].tolist() == [[x, 3] for x in line] and places[8].tolist() == [3, 9]
    with seeded(0):
        head = fusion.Head(32, 16)
    answer = head(torch.zeros(2, PLACES, 32))
    assert (answer.centres - places).abs().max() < 2 * STRIDE
    assert 0.5 < (answer.sizes / 16).min() and (answer.sizes / 16).max() < 2


def test_the_best_place_is_the_one_with_the_highest_score():
    scores = torch.zeros(2, PLACES)
    scores[0, 7], scores[1, 20] = 1, 1
    centres = torch.arange(2 * PLACES * 2.0).view(2, PLACES, 2)
    centre, size = Answer(scores, centres, -centres).best()
    assert torch.equal(centre, torch.stack([centres[0, 7], centres[1, 20]])) and torch.equal(size, -centre)


class Says(torch.nn.Module):
    """Answers with the truth, or with something beside it."""

    def __init__(self, seen, off=0.0, larger=1.0):
        super().__init__()
        near = -((middles(seen.centre) - seen.centre[:, None]).norm(dim=-1) ** 2) / 18
        centres = (seen.centre[:, None] + off).expand(-1, PLACES, -1)
        self.answer = Answer(near, centres, (larger * seen.size[:, None]).expand(-1, PLACES, -1))

    def forward(self, pairs, tokens):
        return self.answer


def test_the_loss_wants_the_nearest_place_the_centre_and_the_size(seen):
    right = fusion.loss(Says(seen), seen)
    assert right < fusion.loss(Says(seen, off=2.0), seen) and right < fusion.loss(
        Says(seen, larger=1.3), seen
    )
    wrong = Says(seen)
    wrong.answer = wrong.answer._replace(scores=-wrong.answer.scores)
    assert right < fusion.loss(wrong, seen) - 1


def test_hits_are_within_six_pixels(seen):
    for off, hit in (((5.9, 0.0), 1.0), ((6.1, 0.0), 0.0), ((5.0, 5.0), 0.0)):
        answer = Says(seen, off=torch.tensor(off)).answer
        assert (finding_cuts.hits(answer, seen) == hit).all(), off


def test_the_metric_is_the_mean_over_deformation_and_cover(seen):
    answer = Says(seen).answer
    far = answer.centres.clone()
    far[seen.condition == CONDITIONS.index("turned")] += 20
    found = finding_cuts.scores(answer._replace(centres=far), seen)
    assert found["turned"] == 0 and found["clean"] == 100 and len(DEFORMED) == 4
    assert found["found again"] == 75


def test_what_is_forbidden_gets_nothing_and_the_rest_keeps_its_ratios(tokens):
    weights = built().weights(tokens)[0]
    for change, rows, columns in (
        (template_deaf, slice(PLACES, None), slice(0, PLACES)),
        (finding_cuts.window_deaf, slice(0, PLACES), slice(PLACES, None)),
    ):
        left = change(weights)
        assert not left[..., rows, columns].any()
        torch.testing.assert_close(left.sum(-1), torch.ones(3, 2, TOKENS))
        kept = torch.ones(TOKENS, TOKENS, dtype=torch.bool)
        kept[rows, columns] = False
        ratio = (left / weights)[..., rows, :][..., kept[rows][0]]
        assert (ratio.amax(-1) - ratio.amin(-1)).max() < 1e-4


def test_cuts_change_the_answer_and_not_the_network(seen):
    model = built()
    before, state = (
        model(seen.pairs, seen.tokens).scores,
        {k: v.clone() for k, v in model.state_dict().items()},
    )
    for name, cut in finding_cuts.CUTS.items():
        assert not torch.allclose(cut(model, seen).scores, before, atol=1e-4), name
        assert all(torch.equal(model.state_dict()[k], v) for k, v in state.items()), name
    torch.testing.assert_close(model(seen.pairs, seen.tokens).scores, before)


def test_without_positions_the_window_may_be_shuffled(seen):
    model, order = built(), torch.randperm(PLACES, generator=torch.Generator().manual_seed(3))
    mixed = torch.cat([seen.tokens[:, order], seen.tokens[:, PLACES:]], dim=1)
    one = finding_cuts.without_positions(model, seen).scores
    other = finding_cuts.without_positions(model, seen._replace(tokens=mixed)).scores
    torch.testing.assert_close(other, one[:, order], atol=1e-5, rtol=1e-4)
    plain, moved = (model(seen.pairs, t).scores for t in (seen.tokens, mixed))
    assert not torch.allclose(moved, plain[:, order], atol=1e-3)


def test_anothers_template_is_that_of_half_the_examples_further_on(seen):
    model = built()
    swapped = torch.cat([seen.tokens[:, :PLACES], seen.tokens[[4, 5, 6, 7, 0, 1, 2, 3], PLACES:]], dim=1)
    wanted = model(seen.pairs, swapped).scores
    torch.testing.assert_close(finding_cuts.anothers_template(model, seen).scores, wanted)


def test_only_networks_of_one_stream_are_cut(seen):
    cut = finding_cuts.cut(finding_cuts.CUTS["uniform weights"])
    assert cut(Says(seen), seen) is None and 0 <= cut(built(), seen) <= 100


def test_an_encoder_that_learns_along_gets_gradients(seen):
    with seeded(0):
        model = OneStream(dim=12, frozen=False)
    pairs = torch.randint(
        0, 256, (2, 3, 48, 72), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    model(pairs).scores.square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.own.parameters())
    assert not any("own" in name for name, _ in built().named_parameters())


def test_main_runs(capsys):
    fusion.main()
    assert "parameters" in capsys.readouterr().out
