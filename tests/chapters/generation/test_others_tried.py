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
        "attention to others": [61, 7, 2, 13],
        "bins": [37, -14, -42, 14],
    }
    between = others_tried.RUNS["attention to others"].minus("largest of the others")
    assert [round(x) for x in (between.effect, between.low, between.high)] == [-7, -15, 2]
    assert others_tried.RUNS["bins"].minus("largest of the others").high < 0


def test_in_all_of_them_two_shapes_share_a_colour_as_often_as_chance_has_it():
    share = "others agree"
    for run in others_tried.RUNS.values():
        assert 12 < sum(row["scores"][share][-1] for row in run.rows) / len(run.rows) < 22
