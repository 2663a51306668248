"""The table's numbers are those of the papers' formulas, and its verdicts on blindness are tried out."""

from visual_attention.chapters.spatial.gate_table import main, table


def rows(channels=64, height=14, width=10):
    return {row.gate.name: row for row in table(channels, height, width)}


def test_parameters_and_multiply_adds_by_hand():
    found = rows()
    counts = {name: (row.parameters, row.multiply_adds) for name, row in found.items()}
    places = 14 * 10
    assert counts["squeeze and excitation"] == (2 * 64 * 4, 2 * 64 * 4)  # 2 C^2 / r, once an image
    assert counts["efficient channel attention"] == (3, 3 * 64)  # k, once a channel
    assert counts["CBAM's channel half"] == (2 * 64 * 4, 3 * 64 * 4)  # the first layer sees two vectors
    assert counts["CBAM's spatial half"] == (98, 98 * places)  # 2 x 7 x 7, once a place
    assert counts["CBAM"] == (512 + 98, 768 + 98 * places)
    assert counts["coordinate attention"][1] == (64 * 8 + 8 * 64) * (14 + 10)


def test_who_is_blind_to_what():
    found = rows()
    blind = {name: (row.blind_to_places, row.blind_to_channels) for name, row in found.items()}
    assert blind == {
        "squeeze and excitation": (True, False),
        "efficient channel attention": (True, False),
        "CBAM's channel half": (True, False),
        "CBAM's spatial half": (False, True),
        "CBAM": (False, False),
        "bottleneck attention": (False, False),
        "coordinate attention": (False, False),
    }


def test_it_shows_itself(capsys):
    main()
    said = capsys.readouterr().out
    assert "squeeze and excitation" in said and "64 x 1 x 1" in said
    html = table(32, 4, 4)._repr_html_()
    assert html.count("<tr>") == 8 and 'scope="row"' in html and "tabindex" in html
