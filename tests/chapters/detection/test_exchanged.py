"""The sides exchange their parts, and fixed looks have another rate."""

import pytest
import torch

from visual_attention.chapters.detection import cuts, exchanged, steadier
from visual_attention.chapters.detection.exchanged import (
    ConvolvedProposals,
    ConvolvedSet,
    OnlyWhere,
    PointGrid,
    ToldPlaces,
)
from visual_attention.chapters.detection.grid import GridDetector
from visual_attention.chapters.detection.rivals import ProposedQueries
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.transformer import SetTransformer
from visual_attention.training import seeded

C, D, H, W = 7, 12, 4, 5


def made(kind, seed=0, **options):
    with seeded(seed):
        return kind(3, **({"channels": C, "dim": D, "queries": 4, "heads": 2, "layers": 1} | options)).eval()


def features(seed=0):
    return torch.randn(2, C, H, W, generator=torch.Generator().manual_seed(seed))


def objects():
    boxes = torch.tensor([[[0.3, 0.4, 0.2, 0.3], [0.8, 0.7, 0.1, 0.4]], [[0.5, 0.5, 0.3, 0.2], [0.0] * 4]])
    return Objects(boxes, torch.tensor([[2, 0], [1, 0]]), torch.tensor([[True, True], [True, False]]))


@pytest.mark.parametrize(
    ("kind", "plain"), [(ConvolvedSet, SetTransformer), (ConvolvedProposals, ProposedQueries)]
)
def test_behind_convolutions_it_is_the_same_network(kind, plain):
    model, inner = made(kind), made(plain, channels=D, seed=1)
    inner.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("trunk")})
    for mine, theirs in zip(model(features()), inner(model.trunk(features())), strict=True):
        torch.testing.assert_close(mine, theirs)
    grid = GridDetector(3, channels=C, width=D)
    shapes = [tuple(each.shape) for part in (grid.first, grid.rest) for each in part.state_dict().values()]
    assert [tuple(each.shape) for each in model.trunk.state_dict().values()] == shapes
    with pytest.raises(ValueError, match="channels"):
        model(torch.rand(2, D, H, W))


def test_a_grid_of_points_sees_one_place_a_cell():
    with seeded(0):
        model = PointGrid(3, channels=C, width=8).eval()
        wide = GridDetector(3, channels=C, width=8).eval()
    one, other = features(), features()
    other[:, :, 2, 3] += 1
    for net, count in ((model, 1), (wide, 20)):
        changed = (net(one)[0] - net(other)[0]).abs().amax(dim=(0, 2)) > 1e-6
        assert int(changed.sum()) == count or count > 1 < changed.sum()


def test_told_places_learn_what_proposals_learn_and_answer_as_a_set():
    model, proposals, plain = made(ToldPlaces), made(ProposedQueries), made(SetTransformer)
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("promise")})
    assert all(torch.equal(*pair) for pair in zip(model(features()), plain(features()), strict=True))
    shared = {k: v for k, v in model.state_dict().items() if k != "points"}
    proposals.load_state_dict(shared)
    extra = [
        net.loss(features(), objects()) - SetTransformer.loss(net, features(), objects())
        for net in (model, proposals)
    ]
    assert extra[0] > 0.1 and torch.isclose(*extra)


def test_only_where_knows_nothing_of_what_stands_there():
    model, whole = made(OnlyWhere), made(ProposedQueries)
    whole.load_state_dict(model.state_dict())
    places = model.places(features())
    middles = torch.rand(H * W, 2, generator=torch.Generator().manual_seed(1))
    queries, points = model.start(places, middles)
    contents, same = whole.start(places, middles)
    assert torch.equal(points, same) and not torch.allclose(queries, contents)
    by_place = {
        tuple(p): q for p, q in zip(points.flatten(0, 1).tolist(), queries.flatten(0, 1), strict=True)
    }
    model.promise.weight.data.zero_()  # no place promises more: both pictures are asked at the same places
    queries, points = model.start(places, middles)
    assert torch.equal(queries[0], queries[1]) and len(by_place) > 4


def test_deaf_queries_hear_nothing_and_uniform_talk_is_the_mean_of_all():
    model, x = made(SetTransformer), features()
    places, middles = model.places(x), torch.rand(H * W, 2, generator=torch.Generator().manual_seed(1))
    queries, _ = model.start(places, middles)
    (deaf,), (layer,) = cuts.deaf(model).decoder, model.decoder
    assert torch.equal(deaf.heard(queries), queries) and not torch.equal(layer.heard(queries), queries)
    (even,) = cuts.talking(model, cuts.uniform).decoder
    gained = even.heard(queries) - queries
    torch.testing.assert_close(gained, gained[:, :1].expand_as(gained))
    assert cuts.deaf(GridDetector(3, channels=C, width=8)) is None


JOINED = exchanged.JOINED


def test_the_record_is_whole():
    rows = JOINED.rows
    assert JOINED.lacking(rows) == [] and {row["rule"] for row in rows} == {JOINED.question.rule}
    assert all(len(JOINED.scores(each.name)) == 5 for each in exchanged.CONTENDERS)
    assert len(steadier.FIXED.rows) == 5


def told(one, other, digits=0):
    found = JOINED.lead(one, other)
    return [round(value, digits) for value in (found.effect, found.low, found.high)]


def test_the_convolutions_are_worth_six_points_on_either_side():
    assert told("convolutions, then set", "set transformer") == [6, 5, 7]
    assert told("grid of points", "grid") == [-6, -7, -5]
    assert told("convolutions, then set", "grid") == [-19, -22, -16]
    assert told("grid of points", "set transformer") == [19, 16, 22]
    names = ("convolutions, then set", "grid of points", "convolutions, then queries from the grid")
    means = [round(JOINED.scores(name).mean()) for name in names]
    assert means == [36, 49, 52]


def test_behind_convolutions_proposals_come_near_the_grid_and_neither_look_nor_talk():
    assert told("convolutions, then queries from the grid", "queries from the grid") == [7, 5, 9]
    assert told("convolutions, then queries from the grid", "grid", 1) == [-3.5, -4.5, -2.4]
    arm = "convolutions, then queries from the grid"
    rows = JOINED.trained(arm)
    left = {cut: sum(row["cuts"][cut] for row in rows) / 5 for cut in ("uniform looks", "silent queries")}
    assert [round(value) for value in left.values()] == [51, 51]
    whole = JOINED.scores(arm)
    for cut in left:
        assert abs(whole - [row["cuts"][cut] for row in rows]).max() < 1.5


def test_what_a_place_and_what_stands_there_are_worth():
    assert told("set, places told", "set transformer") == [-1, -5, 2]
    assert told("from the grid, only where", "set, places told") == [10, 5, 15]
    assert told("queries from the grid", "from the grid, only where") == [5, 1, 10]
    arm = "from the grid, only where"
    rows = JOINED.trained(arm)
    assert round(JOINED.scores(arm).mean()) == 40
    assert round(sum(row["cuts"]["another picture's looks"] for row in rows) / 5) == 1


def test_fixed_looks_without_end_fell_behind_by_their_rate():
    assert [row["rate"] for row in steadier.FIXED.rows] == [0.01] * 5
    assert round(steadier.FIXED.scores.mean()) == 23
    behind = steadier.FIXED.minus("set transformer")
    assert [round(value) for value in (behind.effect, behind.low, behind.high)] == [-7, -10, -4]
