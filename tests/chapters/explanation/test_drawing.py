"""The drawing shows each method once, and an arrow from the score only where the method asks for it."""

from visual_attention.chapters.explanation import drawing, maps


def test_every_method_has_a_line():
    named = {name.replace("×", "x") for name in drawing.READS}
    assert named == {*maps.WITH_WEIGHTS, *maps.ANY_NETWORK}
    for name in drawing.READS:
        assert f">{name}</text>" in drawing.what_each_reads()._repr_html_()
    assert "occlusion only forward" in drawing.what_each_reads().words


def test_a_gradient_runs_from_the_score_and_weights_alone_reach_no_score():
    score = len(drawing.STAGES) - 1
    for name, (stages, back, forward) in drawing.READS.items():
        assert (back is None) or (back[0] == score and back[1] == min(stages))
        asks = back is not None or forward
        assert asks == (name not in ("raw attention", "rollout"))
