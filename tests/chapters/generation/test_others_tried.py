"""What the record says of attention that leaves itself out, and of bins."""

from visual_attention.chapters.generation import others_tried


def test_the_record_says_who_passes_attention():
    found = {}
    for name, run in others_tried.RUNS.items():
        assert {row["rule"] for row in run.rows} == {others_tried.QUESTION.rule}
        lead = run.minus("attention")
        found[name] = [round(value) for value in (run.scores.mean(), lead.effect, lead.low, lead.high)]
        assert [row["seed"] for row in run.rows] == list(range(lead.seeds))
    assert found == {
        "largest of the others, gated": [67, 14, 5, 23],
        "attention to others": [61, 7, 2, 13],
        "bins": [37, -14, -42, 14],
    }
    one, other = others_tried.RUNS["attention to others"], others_tried.RUNS["largest of the others, gated"]
    between = one.minus(other)
    assert between.low < 0 < between.high


def test_in_all_of_them_two_shapes_share_a_colour_as_often_as_chance_has_it():
    share = "others agree"
    for run in others_tried.RUNS.values():
        assert 12 < sum(row["scores"][share][-1] for row in run.rows) / len(run.rows) < 22
