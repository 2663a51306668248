"""Detectors: sets without order, boxes of the right form, and attention that is the one applied."""

import pytest
import torch

from visual_attention.chapters.detection import grid as grid_detector
from visual_attention.chapters.detection import transformer
from visual_attention.chapters.detection.grid import GridAttention, GridDetector, grid_loss, grid_targets
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.transformer import CrossAttention, DetectionTransformer, encode
from visual_attention.training import seeded

B, Q, K, H, W = 2, 5, 3, 24, 40  # a grid of 3 x 5, distinct from all else
D, HEADS = 12, 3


def build(**options):
    with seeded(0):
        return DetectionTransformer(K, queries=Q, channels=(4, 8, D), heads=HEADS, **options).eval()


def grid(**options):
    with seeded(0):
        return GridDetector(K, channels=(4, 8, D), depth=2, **options).eval()


def attended():
    with seeded(1):
        return grid(middle=GridAttention(D, heads=HEADS, grid=(3, 5)))


def pictures(seed=0, b=B, h=H, w=W):
    return torch.rand(b, 3, h, w, generator=torch.Generator().manual_seed(seed))


def objects():
    boxes = torch.tensor([[[0.3, 0.4, 0.2, 0.3], [0.8, 0.7, 0.1, 0.4]], [[0.5, 0.5, 0.3, 0.2], [0.0] * 4]])
    return Objects(boxes, torch.tensor([[2, 0], [1, 0]]), torch.tensor([[True, True], [True, False]]))


ALL = pytest.mark.parametrize("make", [build, grid, attended], ids=["transformer", "grid", "grid, attention"])


class TestAllDetectors:
    @ALL
    def test_images_do_not_mix_within_a_batch(self, make):
        model, x = make(), pictures(b=3)
        together = model(x)
        for place in range(3):
            for part, alone in zip(together, model(x[place : place + 1]), strict=True):
                torch.testing.assert_close(part[place], alone[0], atol=1e-5, rtol=1e-4)

    @ALL
    def test_boxes_are_boxes_in_the_image(self, make):
        _, boxes = make()(10 * pictures())
        assert boxes.min() >= 0 and boxes.max() <= 1 and boxes.shape[-1] == 4

    @ALL
    def test_every_parameter_gets_a_gradient(self, make):
        model = make().train()
        model.loss(pictures(), objects()).backward()
        lost = {n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}
        # a bias of keys shifts all scores of a query alike, which no softmax can notice; the first talk of
        # queries that hold nothing yet mixes equal values, so its queries and keys cannot matter
        silent = {
            n
            for n in lost
            if n.endswith("key.bias") or n.startswith(("decoder.0.talk.", "decoder.0.before_talk"))
        }
        assert lost == silent

    @ALL
    def test_no_objects_give_a_finite_loss_that_teaches(self, make):
        model = make().train()
        nothing = Objects(torch.zeros(B, 0, 4), torch.zeros(B, 0, dtype=torch.long), torch.zeros(B, 0).bool())
        loss = model.loss(pictures(), nothing)
        loss.backward()
        assert loss.isfinite() and all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
        assert model.classify.bias.grad[:K].min() > 0  # less of every class

    @ALL
    def test_a_box_without_area_gives_finite_gradients(self, make):
        model, there = make().train(), objects()
        model.loss(pictures(), there._replace(boxes=there.boxes * torch.tensor([1.0, 1, 0, 1]))).backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())

    @ALL
    def test_the_order_of_the_objects_changes_nothing(self, make):
        model, there = make(), objects()
        turned = Objects(*(part.flip(1) for part in there))
        torch.testing.assert_close(model.loss(pictures(), turned), model.loss(pictures(), there))

    @ALL
    def test_what_is_found_is_in_order_and_has_classes(self, make):
        for one in make().detect(pictures()):
            assert one.boxes.shape == (len(one.scores), 4) and one.labels.max() < K
            assert one.scores.tolist() == sorted(one.scores.tolist(), reverse=True)
            assert 0 <= one.scores.min() and one.scores.max() <= 1

    @ALL
    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.zeros(B, 3, H + 1, W), "multiples of 8, got"),
            (torch.zeros(B, 1, H, W), "wanted 3 channels"),
            (torch.zeros(3, H, W), "got 3"),
        ],
    )
    def test_a_wrong_input_is_told_what_was_wanted(self, make, wrong, says):
        with pytest.raises(ValueError, match=says):
            make()(wrong)


class TestTransformer:
    def test_shapes_and_weights_sum_to_1_over_the_places(self):
        model, x = build(), pictures()
        scores, boxes = model(x)
        assert scores.shape == (B, Q, K + 1) and boxes.shape == (B, Q, 4)
        maps = model.weights(x)
        assert len(maps) == 2
        for each in maps:
            assert each.shape == (B, HEADS, Q, 15) and each.min() >= 0
            torch.testing.assert_close(each.sum(dim=-1), torch.ones(B, HEADS, Q))

    def test_forward_applies_the_weights_that_it_shows(self):
        """With each look replaced by its own weights times the values, the answers are the same."""
        model, x = build(), pictures()
        want, maps = model.answers(x), iter(model.weights(x))
        for layer in model.decoder:
            look = layer.look

            def shown(queries, keys, values, look=look):
                mixed = next(maps) @ look._split(look.value(values))  # (B, h, Q, N) @ (B, h, N, d)
                return look.proj(mixed.transpose(1, 2).flatten(2))

            look.forward = shown
        for (scores, boxes), (other, places) in zip(model.answers(x), want, strict=True):
            torch.testing.assert_close(scores, other)
            torch.testing.assert_close(boxes, places)

    def test_reordering_the_queries_reorders_the_answers_and_keeps_the_loss(self):
        model, x = build(), pictures()
        scores, boxes = model(x)
        before = model.loss(x, objects())
        order = torch.tensor([3, 0, 4, 1, 2])
        model.points.data = model.points.data[order]
        again, places = model(x)
        torch.testing.assert_close(again, scores[:, order], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(places, boxes[:, order], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(model.loss(x, objects()), before)

    @pytest.mark.parametrize("queries", [1, Q])
    def test_positions_tell_where_to_look_but_are_not_carried_over(self, queries):
        """A memory of equal places gives what one of them gives, wherever the places lie."""
        with seeded(0):
            layer = transformer.DecoderLayer(D, heads=HEADS)
            tokens, about, where = torch.randn(1, queries, D), torch.randn(queries, D), torch.randn(15, D)
        memory = torch.ones(1, 15, D)
        moved = layer(tokens, about, memory, 5 * where)
        torch.testing.assert_close(moved, layer(tokens, about, memory, where), atol=1e-5, rtol=1e-4)

    def test_queries_hear_from_each_other(self):
        model, x = build(), pictures()
        scores, _ = model(x)
        model.points.data[4] += 1.5
        moved, _ = model(x)
        assert (moved[:, :4] - scores[:, :4]).abs().max() > 1e-5

    def test_without_what_was_learned_a_box_lies_at_its_reference_point(self):
        model = build()
        torch.nn.init.zeros_(model.place[2].weight)
        _, boxes = model(pictures())
        torch.testing.assert_close(boxes[..., :2], model.points.sigmoid().expand(B, -1, -1))
        assert boxes[..., 2:].unique().numel() == 1

    def test_places_are_told_in_the_order_of_the_map(self):
        """Row by row: the encoding of the map's place (1, 3) is that of x = 3.5 / 5, y = 1.5 / 3."""
        model = build()
        _, where = model.memory(pictures())
        point = torch.tensor([3.5 / 5, 1.5 / 3])
        torch.testing.assert_close(where[1 * 5 + 3], model.about(encode(point, D)))

    def test_the_loss_is_the_mean_over_the_layers(self):
        from visual_attention.chapters.detection.set_loss import set_loss

        model, x = build(), pictures()
        each = [set_loss(*answer, objects()) for answer in model.answers(x)]
        torch.testing.assert_close(model.loss(x, objects()), sum(each) / 2)

    def test_the_score_is_the_probability_of_the_best_class_not_of_nothing(self):
        model = build()
        scores, boxes = model(pictures())
        found = model.detect(pictures())[0]
        probability = scores[0].softmax(dim=-1)[:, :K]
        torch.testing.assert_close(found.scores, probability.amax(dim=1).sort(descending=True).values)
        first = probability.amax(dim=1).argmax()
        assert found.labels[0] == probability[first].argmax() and torch.equal(found.boxes[0], boxes[0, first])

    def test_another_size_of_image(self):
        assert build()(pictures(h=32, w=16))[1].shape == (B, Q, 4)

    def test_the_encoding_tells_x_from_y(self):
        one, other = encode(torch.tensor([[0.2, 0.7], [0.2, 0.1]]), D)
        torch.testing.assert_close(one[D // 2 :], other[D // 2 :])  # the same x
        assert (one[: D // 2] - other[: D // 2]).abs().max() > 0.1

    def test_sizes_must_be_positive(self):
        with pytest.raises(ValueError, match="queries above 0, got 0"):
            DetectionTransformer(3, queries=0)


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
        out, maps = theirs(queries, memory, memory, average_attn_weights=False)
        torch.testing.assert_close(ours(queries, memory, memory), out)
        torch.testing.assert_close(ours.weights(queries, memory), maps)

    def test_heads_must_divide(self):
        with pytest.raises(ValueError, match="divide dim = 12, got 5: 2 left"):
            CrossAttention(12, heads=5)


class TestGrid:
    def test_each_cell_s_centre_lies_in_the_cell(self):
        _, boxes = grid()(5 * pictures())
        x, y = boxes[..., 0] * 5, boxes[..., 1] * 3
        assert x.floor().long().tolist() == [[0, 1, 2, 3, 4] * 3] * B
        assert y.floor().long().tolist() == [[0] * 5 + [1] * 5 + [2] * 5] * B

    def test_the_third_number_is_the_width_and_the_fourth_the_height(self):
        with seeded(0):
            model = GridDetector(3, channels=(4, 6, 8), depth=1).eval()
        torch.nn.init.zeros_(model.place.weight)
        model.place.bias.data = torch.tensor([0.0, 0.0, 1.0, -1.0])
        _, boxes = model(torch.rand(1, 3, 16, 24))
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
        model, x = grid(), pictures()
        torch.nn.init.constant_(model.place.bias, 1.0)  # large boxes
        every = model.detect(x, threshold=None, most=100)
        fewer = model.detect(x, threshold=0.3)
        assert len(every[0].scores) == 15 > len(fewer[0].scores)

    def test_a_fresh_grid_is_sure_of_nothing(self):
        """Nearly all cells are empty: without the prior their loss would drown that of the few others."""
        scores, _ = grid()(pictures())
        assert scores.sigmoid().mean() < 0.1

    def test_nothing_certain_is_nothing_found(self):
        model = grid()
        torch.nn.init.constant_(model.classify.bias, -20)
        assert [len(one.scores) for one in model.detect(pictures())] == [0, 0]

    def test_weights_are_those_of_the_attention_inside(self):
        model, x = attended(), pictures()
        maps = model.weights(x)
        assert maps.shape == (B, HEADS, 15, 15)
        torch.testing.assert_close(maps.sum(dim=-1), torch.ones(B, HEADS, 15))
        features = model.first(model.stem(x))
        tokens = model.middle._tokens(features)
        mixed = (maps @ model.middle.attention._split(tokens)[2]).transpose(1, 2).flatten(2)
        mixed = model.middle.attention.proj(mixed).mT.reshape(features.shape)
        torch.testing.assert_close(model.middle(features), features + mixed)
        assert grid().weights(x) is None

    def test_a_far_cell_is_heard_with_attention_only(self):
        x = pictures(h=24, w=200)
        y = x.clone()
        y[..., 184:] = 0
        with seeded(1):
            middle = GridAttention(D, heads=HEADS, grid=(3, 25))
        for model, heard in ((grid(), False), (grid(middle=middle), True)):
            change = (model(x)[0] - model(y)[0]).abs().reshape(B, 3, 25, K)[:, :, :8].max()
            assert (change > 1e-6) == heard


@pytest.mark.parametrize("module", [transformer, grid_detector])
def test_the_module_runs(module, capsys):
    module.main()
    assert "boxes" in capsys.readouterr().out
