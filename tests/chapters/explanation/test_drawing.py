"""The drawing says in words what it shows, and shows each method once."""

from xml.etree import ElementTree

from visual_attention.chapters.explanation import drawing, maps


def test_it_is_one_svg_with_a_description():
    shown = drawing.what_each_reads()
    ElementTree.fromstring(shown.svg)
    assert 'role="img"' in shown._repr_html_() and 'tabindex="0"' in shown._repr_html_()
    assert "occlusion only forward" in shown._repr_html_()
    assert "#" not in shown.svg.replace("var(--accent, #b5380c)", "").replace("url(#ex-tip)", "")


def test_every_method_has_a_line():
    named = {name.replace("×", "x") for name in drawing.READS}
    assert named == {*maps.WITH_WEIGHTS, *maps.ANY_NETWORK}
    for name in drawing.READS:
        assert f">{name}</text>" in drawing.what_each_reads().svg


def test_a_gradient_runs_from_the_score_and_weights_alone_reach_no_score():
    score = len(drawing.STAGES) - 1
    for name, (stages, back, forward) in drawing.READS.items():
        assert (back is None) or (back[0] == score and back[1] == min(stages))
        asks = back is not None or forward
        assert asks == (name not in ("raw attention", "rollout"))
