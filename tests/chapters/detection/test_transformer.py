"""Detectors: sets without order, boxes of the right form, and attention that is the one applied."""

import pytest
import torch

from visual_attention.chapters.detection import cross_attention, rivals, transformer
from visual_attention.chapters.detection import grid as grid_detector
from visual_attention.chapters.detection.cross_attention import CrossAttention
from visual_attention.chapters.detection.grid import GridAttention, GridDetector, grid_loss, grid_targets
from visual_attention.chapters.detection.rivals import FixedLook, ProposedQueries, SameAnswers
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.transformer import SetTransformer, encode
from visual_attention.training import seeded

B, Q, K, H, W = 2, 4, 3, 3, 5
C, D, HEADS = 7, 12, 3


def build(kind=SetTransformer, **options):
    with seeded(0):
        return kind(K, queries=Q, channels=C, dim=D, heads=HEADS, **options).eval()


def proposed():
    return build(ProposedQueries)


def fixed():
    return build(look=lambda dim, heads: FixedLook(dim, heads, queries=Q, places=H * W))


def grid(**options):
    with seeded(0):
        return GridDetector(K, channels=C, width=D, depth=2, **options).eval()


def attended():
    with seeded(1):
        return grid(middle=GridAttention(D, heads=HEADS, grid=(H, W)))


def maps(seed=0, b=B, h=H, w=W):
    return torch.randn(b, C, h, w, generator=torch.Generator().manual_seed(seed))


def objects():
    boxes = torch.tensor([[[0.3, 0.4, 0.2, 0.3], [0.8, 0.7, 0.1, 0.4]], [[0.5, 0.5, 0.3, 0.2], [0.0] * 4]])
    return Objects(boxes, torch.tensor([[2, 0], [1, 0]]), torch.tensor([[True, True], [True, False]]))


ALL = pytest.mark.parametrize("make", [build, proposed, fixed, grid, attended])


class TestAllDetectors:
    @ALL
    def test_images_do_not_mix_within_a_batch(self, make):
        model, x = make(), maps(b=3)
        together = model(x)
        for place in range(3):
            for part, alone in zip(together, model(x[place : place + 1]), strict=True):
                torch.testing.assert_close(part[place], alone[0], atol=1e-5, rtol=1e-4)

    @ALL
    def test_boxes_are_boxes_in_the_image(self, make):
        _, boxes = make()(10 * maps())
        assert boxes.min() >= 0 and boxes.max() <= 1 and boxes.shape[-1] == 4

    @ALL
    def test_every_parameter_gets_a_gradient(self, make):
        model = make().train()
        model.loss(maps(), objects()).backward()
        lost = {n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}
        # a bias of keys shifts all scores of a query alike, which no softmax can notice
        # and whoever may not choose where to look asks nothing
        told = {n for n in lost if n.endswith("key.bias") or (make is fixed and "before_look" in n)}
        assert lost == told

    @ALL
    def test_no_objects_give_a_finite_loss_that_teaches(self, make):
        model = make().train()
        nothing = Objects(torch.zeros(B, 0, 4), torch.zeros(B, 0, dtype=torch.long), torch.zeros(B, 0).bool())
        loss = model.loss(maps(), nothing)
        loss.backward()
        assert loss.isfinite() and all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
        assert model.classify.bias.grad[:K].min() > 0  # less of every class

    @ALL
    def test_a_box_without_area_gives_finite_gradients(self, make):
        model, there = make().train(), objects()
        model.loss(maps(), there._replace(boxes=there.boxes * torch.tensor([1.0, 1, 0, 1]))).backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())

    @ALL
    def test_the_order_of_the_objects_changes_nothing(self, make):
        model, there = make(), objects()
        turned = Objects(*(part.flip(1) for part in there))
        torch.testing.assert_close(model.loss(maps(), turned), model.loss(maps(), there))

    @ALL
    def test_what_is_found_is_in_order_and_has_classes(self, make):
        found = make().answers(maps())
        assert found.boxes.shape == (*found.scores.shape, 4) and found.labels.max() < K
        assert torch.equal(found.scores, found.scores.sort(dim=1, descending=True).values)
        assert 0 <= found.scores.min() and found.scores.max() <= 1

    @ALL
    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.zeros(B, 1, H, W), "wanted 7 channels"),
            (torch.zeros(7, H, W), "got 3"),
        ],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, make, wrong, says):
        with pytest.raises(ValueError, match=says):
            make()(wrong)


class TestTransformer:
    def test_shapes_and_weights_sum_to_1_over_the_places(self):
        model, x = build(), maps()
        scores, boxes = model(x)
        assert scores.shape == (B, Q, K + 1) and boxes.shape == (B, Q, 4)
        shown = model.weights(x)
        assert len(shown) == 2
        for each in shown:
            assert each.shape == (B, HEADS, Q, 15) and each.min() >= 0
            torch.testing.assert_close(each.sum(dim=-1), torch.ones(B, HEADS, Q))

    @pytest.mark.parametrize("make", [build, proposed, fixed])
    def test_forward_applies_the_weights_that_it_shows(self, make):
        """With each look replaced by its own weights times the values, the answers are the same."""
        model, x = make(), maps()
        want, shown = model.each_layer(x), iter(model.weights(x))
        for layer in model.decoder:
            look = layer.look
            look.forward = lambda queries, places, look=look: look.read_with(next(shown), places)
        for part, other in zip(model.each_layer(x), want, strict=True):
            torch.testing.assert_close(part, other)

    def test_reordering_the_queries_reorders_the_answers_and_keeps_the_loss(self):
        model, x = build(), maps()
        scores, boxes = model(x)
        before = model.loss(x, objects())
        order = torch.tensor([3, 0, 1, 2])
        model.points.data = model.points.data[order]
        again, places = model(x)
        torch.testing.assert_close(again, scores[:, order], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(places, boxes[:, order], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(model.loss(x, objects()), before)

    def test_at_the_start_a_query_looks_where_its_point_is(self):
        """Where all features are alike, the place with the largest weight is near the point."""
        with seeded(3):
            model = SetTransformer(K, channels=C, dim=48, queries=8).eval()
        x = torch.zeros(1, C, 8, 8)
        weights = model.weights(x)[0].mean(dim=1)[0]  # (Q, N)
        best = transformer.middles(x, x.dtype)[weights.argmax(dim=1)]
        far = (best - model.points.sigmoid()).norm(dim=1)
        assert far.median() < 0.2

    def test_queries_hear_from_each_other(self):
        model, x = build(), maps()
        scores, _ = model(x)
        model.points.data[3] += 1.5
        moved, _ = model(x)
        assert (moved[:, :3] - scores[:, :3]).abs().max() > 1e-5

    def test_without_what_was_learned_a_box_lies_at_its_reference_point(self):
        model = build()
        torch.nn.init.zeros_(model.box[2].weight)
        _, boxes = model(maps())
        torch.testing.assert_close(boxes[..., :2], model.points.sigmoid().expand(B, -1, -1))
        assert boxes[..., 2:].unique().numel() == 1

    def test_places_are_told_in_the_order_of_the_map(self):
        """Row by row: the middle of the map's place (1, 3) is x = 3.5 / 5, y = 1.5 / 3."""
        torch.testing.assert_close(
            transformer.middles(maps(), torch.float32)[1 * W + 3], torch.tensor([3.5 / 5, 1.5 / 3])
        )
        model, x = build(), maps()
        seen = model.feature(x.flatten(2).mT) + model.where(encode(transformer.middles(x, x.dtype), D))
        torch.testing.assert_close(model.places(x), model.norm_places(seen))

    def test_the_loss_is_the_mean_over_the_layers(self):
        from visual_attention.chapters.detection.set_loss import set_loss

        model, x = build(empty=0.3), maps()
        both = zip(*model.each_layer(x), strict=True)
        each = [set_loss(*answer, objects(), empty=0.3) for answer in both]
        # the classes are a mean over all answers of both layers, the boxes are over the objects of both
        torch.testing.assert_close(model.loss(x, objects()), sum(each) / 2, atol=0.05, rtol=0.02)

    def test_the_score_is_the_probability_of_the_best_class_not_of_nothing(self):
        model = build()
        scores, boxes = model(maps())
        found = model.answers(maps()).of(0)
        probability = scores[0].softmax(dim=-1)[:, :K]
        torch.testing.assert_close(found.scores, probability.amax(dim=1).sort(descending=True).values)
        first = probability.amax(dim=1).argmax()
        assert found.labels[0] == probability[first].argmax() and torch.equal(found.boxes[0], boxes[0, first])

    @pytest.mark.parametrize("make", [build, proposed])
    def test_another_size_of_map(self, make):
        assert make()(maps(h=4, w=2))[1].shape == (B, Q, 4)

    def test_the_encoding_tells_x_from_y(self):
        one, other = encode(torch.tensor([[0.2, 0.7], [0.2, 0.1]]), D)
        torch.testing.assert_close(one[D // 2 :], other[D // 2 :])  # the same x
        assert (one[: D // 2] - other[: D // 2]).abs().max() > 0.1

    def test_sizes_must_be_positive(self):
        with pytest.raises(ValueError, match="queries above 0, got 0"):
            SetTransformer(3, queries=0)


class TestCrossAttention:
    def test_agrees_with_torch(self):
        with seeded(0):
            ours, theirs = (
                CrossAttention(D, heads=HEADS),
                torch.nn.MultiheadAttention(D, HEADS, batch_first=True),
            )
            queries, memory = torch.randn(B, Q, D), torch.randn(B, 7, D)
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.data = torch.cat([part.weight for part in parts])
        theirs.in_proj_bias.data = torch.cat([part.bias for part in parts])
        theirs.out_proj.load_state_dict(ours.proj.state_dict())
        out, weights = theirs(queries, memory, memory, average_attn_weights=False)
        torch.testing.assert_close(ours(queries, memory), out)
        torch.testing.assert_close(ours.weights(queries, memory), weights)
        torch.testing.assert_close(ours.read_with(weights, memory), out)

    def test_heads_must_divide(self):
        with pytest.raises(ValueError, match="divide dim = 12, got 5: 2 left"):
            CrossAttention(12, heads=5)


class TestGrid:
    def test_each_cell_s_centre_lies_in_the_cell(self):
        _, boxes = grid()(5 * maps())
        x, y = boxes[..., 0] * 5, boxes[..., 1] * 3
        assert x.floor().long().tolist() == [[0, 1, 2, 3, 4] * 3] * B
        assert y.floor().long().tolist() == [[0] * 5 + [1] * 5 + [2] * 5] * B

    def test_the_third_number_is_the_width_and_the_fourth_the_height(self):
        with seeded(0):
            model = GridDetector(3, channels=C, width=8, depth=1).eval()
        torch.nn.init.zeros_(model.place.weight)
        model.place.bias.data = torch.tensor([0.0, 0.0, 1.0, -1.0])
        _, boxes = model(maps(b=1, h=2, w=3))
        wanted = torch.tensor([1.0, -1.0]).sigmoid().expand(1, 6, 2)
        torch.testing.assert_close(boxes[..., 2:], wanted)

    def test_targets_by_hand(self):
        there = Objects(
            torch.tensor(
                [[[0.5, 0.9, 0.1, 0.1], [0.05, 0.1, 0.1, 0.1], [0.02, 0.2, 0.3, 0.3], [1.0, 1.0, 0, 0]]]
            ),
            torch.zeros(1, 4, dtype=torch.long),
            torch.tensor([[True, True, True, False]]),
        )
        wanted = torch.full((15,), -1)
        wanted[2 * 5 + 2], wanted[0] = 0, 2  # of two in one cell, the larger
        assert grid_targets(there, 3, 5).tolist() == [wanted.tolist()]
        edge = there._replace(present=torch.tensor([[False, False, False, True]]))
        assert grid_targets(edge, 3, 5)[0].nonzero()[-1] == 14 and grid_targets(edge, 3, 5)[0, 14] == 3

    def test_the_loss_by_hand(self):
        there = Objects(torch.tensor([[[0.5, 0.5, 0.4, 0.4]]]), torch.tensor([[1]]), torch.tensor([[True]]))
        scores = torch.tensor([[[0.0, 2.0]]])
        box = torch.tensor([[[0.3, 0.5, 0.4, 0.2]]])
        e = torch.tensor(2.0).exp()
        want = torch.log(torch.tensor(2.0)) - torch.log(e / (1 + e)) + 5 * 0.4 + 2 * (1 - (0.2 - 0.04 / 0.24))
        torch.testing.assert_close(grid_loss(scores, box, there, grid=(1, 1)), want)

    def test_suppression_takes_the_second_box_of_one_object(self):
        model, x = grid(), maps()
        torch.nn.init.constant_(model.place.bias, 1.0)  # large boxes
        every, fewer = model.raw_answers(x), model.answers(x)
        assert every.scores.shape == (B, 15) and (every.labels >= 0).all()
        assert 0 < (fewer.labels >= 0).sum() < 2 * 15

    def test_a_fresh_grid_is_sure_of_nothing(self):
        """Nearly all cells are empty: without the prior their loss would drown that of the few others."""
        scores, _ = grid()(maps())
        assert scores.sigmoid().mean() < 0.1

    def test_weights_are_those_of_the_attention_inside(self):
        model, x = attended(), maps()
        weights = model.weights(x)
        assert weights.shape == (B, HEADS, 15, 15)
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(B, HEADS, 15))
        inside = model.first(x)
        mixed = model.middle.attention.read_with(weights, model.middle._tokens(inside)).mT
        torch.testing.assert_close(model.middle(inside), inside + mixed.reshape(inside.shape))
        assert grid().weights(x) is None

    def test_a_far_cell_is_heard_with_attention_only(self):
        x = maps(w=25)
        y = x.clone()
        y[..., 23:] = 0
        with seeded(1):
            middle = GridAttention(D, heads=HEADS, grid=(3, 25))
        for model, heard in ((grid(), False), (grid(middle=middle), True)):
            change = (model(x)[0] - model(y)[0]).abs().reshape(B, 3, 25, K)[:, :, :8].max()
            assert (change > 1e-6) == heard


class TestRivals:
    def test_queries_are_the_places_that_promise_most(self):
        model, x = proposed(), maps()
        places, where = model.places(x), transformer.middles(x, x.dtype)
        queries, points = model.start(places, where)
        best = model.promise(places)[..., 0].argsort(dim=1, descending=True)[:, :Q]
        for k in range(B):
            torch.testing.assert_close(queries[k], places[k, best[k]])
            torch.testing.assert_close(points[k].sigmoid(), where[best[k]])

    def test_it_learns_to_promise_where_centres_lie(self):
        model, there = proposed().train(), objects()
        with torch.no_grad():
            model.promise.weight.zero_()
        model.loss(maps(), there).backward()
        assert model.promise.bias.grad.abs() > 0

    def test_a_fixed_look_is_the_same_for_every_picture_and_sums_to_1(self):
        model = fixed()
        torch.nn.init.normal_(model.decoder[0].look.scores)
        one, other = model.weights(maps())[0], model.weights(maps(seed=5))[0]
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(one.sum(dim=-1), torch.ones(B, HEADS, Q))

    def test_the_same_answers_do_not_see_the_picture(self):
        with seeded(0):
            model = SameAnswers(K, queries=Q)
        for part, other in zip(model(maps()), model(maps(seed=9)), strict=True):
            assert torch.equal(part, other)
        model.loss(maps(), objects()).backward()
        assert model.raw.grad.abs().sum() > 0 and model.scores.grad.abs().sum() > 0


@pytest.mark.parametrize("module", [transformer, grid_detector, cross_attention, rivals])
def test_the_module_runs(module, capsys):
    module.main()
    assert capsys.readouterr().out
