"""The checks on self-attention against plausible wrong answers."""

import pytest
import torch

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.self_attention import checks as self_attention
from visual_attention.chapters.self_attention import written

solved = solutions("self_attention")


def raw(queries, keys):
    return queries @ keys.transpose(1, 2)


def no_scale(queries, keys, values):
    return raw(queries, keys).softmax(-1) @ values


def no_root(queries, keys, values):
    return (raw(queries, keys) / queries.shape[-1]).softmax(-1) @ values


def scale_times(queries, keys, values):
    return (raw(queries, keys) * queries.shape[-1] ** 0.5).softmax(-1) @ values


def scale_of_count(queries, keys, values):
    return (raw(queries, keys) / keys.shape[1] ** 0.5).softmax(-1) @ values


def scale_of_values(queries, keys, values):
    return (raw(queries, keys) / values.shape[-1] ** 0.5).softmax(-1) @ values


def over_queries(queries, keys, values):
    return (raw(queries, keys) / queries.shape[-1] ** 0.5).softmax(1) @ values


def over_batch(queries, keys, values):
    return (raw(queries, keys) / queries.shape[-1] ** 0.5).softmax(0) @ values


def scale_late(queries, keys, values):
    return raw(queries, keys).softmax(-1) / queries.shape[-1] ** 0.5 @ values


def no_softmax(queries, keys, values):
    return raw(queries, keys) / queries.shape[-1] ** 0.5 @ values


def sigmoid(queries, keys, values):
    return (raw(queries, keys) / queries.shape[-1] ** 0.5).sigmoid() @ values


def mean(queries, keys, values):
    return values.mean(1, keepdim=True).repeat(1, queries.shape[1], 1)


def hardest(queries, keys, values):
    best = raw(queries, keys).argmax(-1, keepdim=True)
    return values.gather(1, best.expand(-1, -1, values.shape[-1]))


def weights_only(queries, keys, values):
    return (raw(queries, keys) / queries.shape[-1] ** 0.5).softmax(-1)


def transposed(queries, keys, values):
    return solved.attend(queries, keys, values).transpose(1, 2)


def keys_mixed(queries, keys, values):
    return solved.attend(queries, keys, keys)


def detached(queries, keys, values):
    return solved.attend(queries.detach(), keys, values)


def view_only(tokens, heads):
    return tokens.reshape(tokens.shape[0], heads, tokens.shape[1], -1)


def interleaved(tokens, heads):
    return tokens.unflatten(2, (-1, heads)).permute(0, 3, 1, 2)


def heads_third(tokens, heads):
    return tokens.unflatten(2, (heads, -1))


def last_exchanged(tokens, heads):
    return solved.split_heads(tokens, heads).transpose(2, 3)


def heads_first(tokens, heads):
    return solved.split_heads(tokens, heads).transpose(0, 1)


def stacked(tokens, heads):
    return torch.cat(tokens.chunk(heads, dim=-1))


def counts_exchanged(tokens, heads):
    return tokens.unflatten(2, (-1, heads)).transpose(1, 2)


def all_numbers(tokens, heads):
    return tokens[:, None].repeat(1, heads, 1, 1)


def first_head(tokens, heads):
    return solved.split_heads(tokens, heads)[:, :1]


def reversed_heads(tokens, heads):
    return solved.split_heads(tokens, heads).flip(1)


def same_head(tokens, heads):
    return solved.split_heads(tokens, heads)[:, :1].repeat(1, heads, 1, 1)


def batch_mixed(tokens, heads):
    return torch.cat(tokens.chunk(heads, dim=-1)).view(len(tokens), heads, tokens.shape[1], -1)


def a_list(tokens, heads):
    return list(tokens.chunk(heads, dim=-1))


def own(scores):
    return torch.eye(scores.shape[-1], dtype=torch.bool)


def plain(scores):
    return scores.softmax(-1)


def cleared_late(scores):
    return scores.softmax(-1).masked_fill(own(scores), 0)


def zero_score(scores):
    return scores.masked_fill(own(scores), 0).softmax(-1)


def minus_one(scores):
    return (scores - torch.eye(scores.shape[-1])).softmax(-1)


def wrong_way_round(scores):
    return scores.masked_fill(~own(scores), -torch.inf).softmax(-1)


def over_columns(scores):
    return scores.masked_fill(own(scores), -torch.inf).softmax(1)


def only_earlier(scores):
    later = torch.ones_like(scores).triu().bool()
    return scores.masked_fill(later, -torch.inf).softmax(-1).nan_to_num()


def infinite_weights(scores):
    return scores.softmax(-1).masked_fill(own(scores), -torch.inf)


def other_diagonal(scores):
    return scores.masked_fill(own(scores).flip(1), -torch.inf).softmax(-1)


def equal_others(scores):
    count = scores.shape[-1]
    return ((1 - torch.eye(count)) / (count - 1)).expand_as(scores)


def shared_out_late(scores):
    weights = scores.softmax(-1).masked_fill(own(scores), 0)
    return weights / weights.sum(-1, keepdim=True)


def in_place(scores):
    scores.diagonal(dim1=1, dim2=2).fill_(-torch.inf)
    return scores.softmax(-1)


def a_shape_too_few(scores):
    return solved.others_only(scores)[0]


def by_hand(x, iw, ib, ow, ob, h, roles=(0, 1, 2), width=None, dim=-1):
    parts = (x @ iw.T + ib).chunk(3, -1)
    q, k, v = (parts[i].reshape(*x.shape[:2], h, -1).permute(0, 2, 1, 3) for i in roles)
    scores = torch.einsum("bhid,bhjd->bhij", q, k) / (width or q.shape[-1]) ** 0.5
    return torch.einsum("bhij,bhjd->bihd", scores.softmax(dim), v).reshape(x.shape) @ ow.T + ob


def one_head(x, iw, ib, ow, ob, h):
    return by_hand(x, iw, ib, ow, ob, 1)


def scaled_by_all(x, *rest):
    return by_hand(x, *rest, width=x.shape[-1])


def unscaled(x, *rest):
    return by_hand(x, *rest, width=1)


def torn_heads(x, iw, ib, ow, ob, h):
    q, k, v = ((t.contiguous().view(len(x), h, x.shape[1], -1)) for t in (x @ iw.T + ib).chunk(3, -1))
    mixed = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v
    return mixed.transpose(1, 2).reshape(x.shape) @ ow.T + ob


def every_hth(x, iw, ib, ow, ob, h):
    q, k, v = (t.unflatten(-1, (-1, h)).movedim(-1, 1) for t in (x @ iw.T + ib).chunk(3, -1))
    mixed = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v
    return mixed.transpose(1, 2).reshape(x.shape) @ ow.T + ob


def joined_as_it_lies(x, iw, ib, ow, ob, h):
    q, k, v = (t.unflatten(-1, (h, -1)).transpose(1, 2) for t in (x @ iw.T + ib).chunk(3, -1))
    return ((q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v).reshape(x.shape) @ ow.T + ob


def keys_first(x, *rest):
    return by_hand(x, *rest, roles=(1, 0, 2))


def values_second(x, *rest):
    return by_hand(x, *rest, roles=(0, 2, 1))


def no_first_bias(x, iw, ib, ow, ob, h):
    return by_hand(x, iw, torch.zeros_like(ib), ow, ob, h)


def no_last_bias(x, iw, ib, ow, ob, h):
    return by_hand(x, iw, ib, ow, torch.zeros_like(ob), h)


def turned_last(x, iw, ib, ow, ob, h):
    return by_hand(x, iw, ib, ow.T, ob, h)


def no_last_layer(x, iw, ib, ow, ob, h):
    return by_hand(x, iw, ib, torch.eye(len(ow), dtype=ow.dtype), torch.zeros_like(ob), h)


def with_residual(x, *rest):
    return x + by_hand(x, *rest)


def summed_over_queries(x, *rest):
    return by_hand(x, *rest, dim=-2)


def cut_off(x, *rest):
    return by_hand(x, *rest).detach()


WRONG = {
    "check_attend": [
        (no_scale, "The scale is missing"),
        (no_root, "You divide by d itself"),
        (scale_times, "You multiply by the square root"),
        (scale_of_count, "root of the number of keys"),
        (scale_of_values, "root of the values' width"),
        (over_queries, "sum to 1 over the queries"),
        (over_batch, "sum to 1 over the batch"),
        (scale_late, "You scale after the softmax"),
        (no_softmax, "There is no softmax"),
        (sigmoid, "That is a sigmoid"),
        (mean, "that is the mean of the values"),
        (hardest, "takes one value alone"),
        (weights_only, "mix the values with them"),
        (transposed, "got (B, e, N)"),
        (keys_mixed, "You mix the keys"),
        (detached, "o gradient reaches"),
    ],
    "check_split_heads": [
        (view_only, "tears tokens apart"),
        (interleaved, "every h-th number"),
        (heads_third, "The heads belong before the tokens"),
        (last_exchanged, "got (B, h, d, N)"),
        (heads_first, "got (h, B, N, d)"),
        (stacked, "got (B*h, N, d)"),
        (counts_exchanged, "D / h heads of h numbers"),
        (all_numbers, "got (B, h, N, h*d)"),
        (first_head, "got (B, 1, N, d)"),
        (reversed_heads, "The heads are in reverse order"),
        (same_head, "All heads hold the same numbers"),
        (batch_mixed, "Images of the batch and heads are mixed up"),
        (a_list, "should be a torch tensor"),
    ],
    "check_multi_head_attention": [
        (one_head, "All heads are one"),
        (scaled_by_all, "You divide by the root of D"),
        (unscaled, "The scale is missing: divide by the root of D / h"),
        (torn_heads, "tokens and heads are mixed up"),
        (every_hth, "Each head takes every h-th number"),
        (joined_as_it_lies, "You join the heads without moving"),
        (keys_first, "Queries and keys are exchanged: the first D rows"),
        (values_second, "Keys and values are exchanged"),
        (no_first_bias, "The first bias is lost"),
        (no_last_bias, "The last bias is lost"),
        (turned_last, "The last matrix is transposed"),
        (no_last_layer, "The last layer is lost"),
        (with_residual, "The tokens are added to the result"),
        (summed_over_queries, "Your weights sum to 1 over the queries: each query"),
        (cut_off, "radient"),
    ],
    "check_others_only": [
        (plain, "Tokens still look at themselves"),
        (cleared_late, "it was cleared after the softmax"),
        (zero_score, "A score of 0 does not forbid"),
        (minus_one, "by 1 only"),
        (wrong_way_round, "The mask is the wrong way round"),
        (over_columns, "Columns sum to 1"),
        (only_earlier, "You forbid more than the diagonal"),
        (infinite_weights, "is minus infinity"),
        (other_diagonal, "That is the other diagonal"),
        (equal_others, "All others count alike"),
        (shared_out_late, "afterwards nothing is left to share out"),
        (in_place, "in place"),
        (a_shape_too_few, "got (N, N)"),
    ],
}


@pytest.mark.slow
def test_checks():
    contract(self_attention, solved, WRONG)


def test_the_answer_equals_torchs_module():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        whole, x = torch.nn.MultiheadAttention(12, 3, batch_first=True), torch.randn(2, 5, 12)
    given = (whole.in_proj_weight, torch.randn(36), whole.out_proj.weight, torch.randn(12))
    with torch.no_grad():
        whole.in_proj_bias.copy_(given[1])
        whole.out_proj.bias.copy_(given[3])
    torch.testing.assert_close(solved.multi_head_attention(x, *given, 3), whole(x, x, x)[0])


@pytest.mark.slow
def test_a_finder_learns_around_heads_and_not_around_even_weights():
    def even(x, in_weight, in_bias, out_weight, out_bias, heads):
        values = (x @ in_weight.T + in_bias)[..., 2 * x.shape[-1] :]
        return values.mean(dim=1, keepdim=True).expand_as(x) @ out_weight.T + out_bias

    assert written.accuracy(written.learn(solved.multi_head_attention)) > 0.9
    assert written.accuracy(written.learn(even)) < 0.4


def test_tokens_are_pairs_and_the_label_is_the_other_ones_colour():
    drawn = written.batch(50, torch.Generator().manual_seed(0))
    same = drawn.digits[:, :, None] == drawn.digits[:, None, :]
    assert torch.equal(same.sum(2), torch.full((50, 16), 2))
    other = (same & ~torch.eye(16, dtype=torch.bool)).int().argmax(2)
    assert torch.equal(drawn.labels, drawn.colours.gather(1, other))
