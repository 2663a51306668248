"""Every answer is true of its scene: a second implementation, which shares nothing with the first, agrees."""

import re
from collections import Counter, defaultdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visual_attention.chapters.question_answering import grid_world, questions

NUMBERS = ["none", "one", "two", "three"]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def as_dictionary(names, colours):
    """A scene as {(row, column): (name, colour)} in plain Python."""
    world = "disc square triangle cross 0 2 4 7".split()
    paint = "red green blue yellow".split()
    cells = zip(names.tolist(), colours.tolist(), strict=True)
    return {divmod(i, 4): (world[n], paint[c]) for i, (n, c) in enumerate(cells) if n >= 0}


def truth(text, scene):
    """The answer and the cells asked about, from the words alone; None where a thing is missing."""
    where = {name: place for place, (name, _) in scene.items()}
    if found := re.fullmatch(r"what colour is the (\w+)", text):
        place = where.get(found[1])
        return place and (scene[place][1], [{place}, {place}])
    if found := re.fullmatch(r"how many things are (\w+)", text):
        those = {place for place, (_, colour) in scene.items() if colour == found[1]}
        return NUMBERS[len(those)], [those, those]
    if found := re.fullmatch(r"what colour is the thing (left of|right of|above|below) the (\w+)", text):
        if found[2] not in where:
            return None
        row, column = where[found[2]]
        there = {
            "left of": (row, column - 1),
            "right of": (row, column + 1),
            "above": (row - 1, column),
            "below": (row + 1, column),
        }[found[1]]
        return (scene[there][1], [{(row, column)}, {there}]) if there in scene else None
    if found := re.fullmatch(r"is the (\w+) the same colour as the (\w+)", text):
        if not {found[1], found[2]} <= set(where):
            return None
        one, other = where[found[1]], where[found[2]]
        return ("yes" if scene[one][1] == scene[other][1] else "no"), [{one}, {other}]
    found = re.fullmatch(r"is there a (\w+) (\w+)", text)
    place = where.get(found[2])
    return place and (("yes" if scene[place][1] == found[1] else "no"), [{place}, {place}])


def spoken(words):
    return " ".join(questions.vocabulary()[word] for word in words.tolist() if word)


@pytest.mark.slow
@settings(max_examples=40)
@given(
    count=st.integers(1, 30),
    split=st.sampled_from(["train", "test"]),
    seed=st.integers(0, 10_000),
    kind=st.sampled_from([None, 0, 1, 2, 3, 4]),
)
def test_every_answer_is_true_of_its_scene(count, split, seed, kind):
    kinds = None if kind is None else torch.full((count,), kind)
    drawn = questions.batch(count, split=split, kinds=kinds, generator=seeded(seed))
    for i in range(count):
        scene = as_dictionary(drawn.scenes.names[i], drawn.scenes.colours[i])
        text = spoken(drawn.words[i])
        assert text == questions.texts()[drawn.numbers[i]]
        assert questions.KINDS[drawn.kinds[i]] == questions.kind_of(int(drawn.numbers[i]))
        answer, cells = truth(text, scene)
        assert questions.ANSWERS[drawn.answers[i]] == answer, text
        found = [{divmod(c, 4) for c in row.nonzero()[:, 0].tolist()} for row in drawn.asked[i]]
        assert found == cells, text


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000))
def test_all_questions_about_a_scene_get_their_true_answer_or_none(seed):
    names, colours = (part[0] for part in grid_world.draw(1, split="test", generator=seeded(seed)))
    for number in questions.everything():
        want = truth(questions.texts()[number], as_dictionary(names, colours))
        got = questions.true_answer(number, names, colours)
        assert got == (None if want is None else questions.ANSWERS.index(want[0])), questions.texts()[number]


@settings(max_examples=30)
@given(count=st.integers(1, 40), split=st.sampled_from(["train", "test"]), seed=st.integers(0, 10_000))
def test_every_scene_has_what_was_promised(count, split, seed):
    scenes = grid_world.draw(count, split=split, generator=seeded(seed))
    for names, colours in zip(*scenes, strict=True):
        assert ((names < 0) == (colours < 0)).all()
        scene = as_dictionary(names, colours)
        assert len(scene) == 6 and len({name for name, _ in scene.values()}) == 6
        assert sorted(Counter(colour for _, colour in scene.values()).values()) == [1, 2, 3]
        assert any((r, c + 1) in scene for r, c in scene) and any((r + 1, c) in scene for r, c in scene)
        total = sum(
            (4 * r + c + 1) * (1 + 4 * int(names[4 * r + c]) + int(colours[4 * r + c])) for r, c in scene
        )
        assert (total % 5 == 0) == (split == "test")


@pytest.fixture(scope="module")
def many():
    scenes = grid_world.draw(20_000, split="train", generator=seeded(3))
    kinds = torch.arange(20_000) % 5
    return scenes, kinds, questions.ask(scenes, kinds, generator=seeded(4))


def test_the_question_alone_says_nothing(many):
    """For each way to ask, answers are as balanced as their kind allows: 25 % or 50 %."""
    _, _, asked = many
    answers = defaultdict(Counter)
    for number, answer in zip(asked.numbers.tolist(), asked.answers.tolist(), strict=True):
        text = questions.texts()[number]
        form = re.sub(r"\b(disc|square|triangle|cross|[0247])\b", "N", text)
        form = re.sub(r"\b(red|green|blue|yellow)\b", "C", form)
        answers[form][answer] += 1
        answers[text][answer] += 1
    assert len([text for text in answers if "N" not in text and "C" not in text]) == 132
    for form, found in answers.items():
        if sum(found.values()) < 900:
            continue  # too few to tell
        fair = 0.5 if form.startswith("is") else 0.25
        assert max(found.values()) / sum(found.values()) < fair + 0.05, form


def test_the_picture_alone_says_little(many):
    """Who knows the scene and not the question is best off with yes or no, a fifth of the time."""
    scenes, kinds, asked = many
    most = scenes.colours.clamp_min(0)
    counts = torch.nn.functional.one_hot(most, 4).mul((scenes.names >= 0)[..., None]).sum(dim=1)  # (B, 4)
    common = asked.answers == counts.argmax(dim=1)
    assert common.float().mean() < 0.2  # always the commonest colour
    assert common[kinds == 0].float().mean() < 0.4  # each of three colours equally often
    assert 0.17 < (asked.answers == questions.NO).float().mean() < 0.23


def test_a_missing_thing_asks_for_both_of_its_marks(many):
    scenes, kinds, asked = many
    no = ((kinds == 4) & (asked.answers == questions.NO)).nonzero()[:200, 0]
    for i in no.tolist():
        colour, name = questions.texts()[asked.numbers[i]].split()[-2:]
        scene = as_dictionary(scenes.names[i], scenes.colours[i]).values()
        assert colour in {c for _, c in scene} and name in {n for n, _ in scene}


def test_splits_share_neither_scenes_nor_pictures_nor_photographs():
    train, test = (grid_world.draw(3_000, split=split, generator=seeded(1)) for split in ("train", "test"))
    rows = [{(*n.tolist(), *c.tolist()) for n, c in zip(*part, strict=True)} for part in (train, test)]
    assert not rows[0] & rows[1]
    bank = [{p.numpy().tobytes() for p in grid_world.pictures(s).flatten(0, 1)} for s in ("train", "test")]
    assert not bank[0] & bank[1] and len(bank[1]) == 800
    assert not set(grid_world.clutter.TEXTURES["train"]) & set(grid_world.clutter.TEXTURES["test"])


def test_things_are_painted_where_the_scene_says(monkeypatch):
    monkeypatch.setattr(grid_world, "TEXTURE", 0.0)
    scenes = grid_world.draw(20, split="test", generator=seeded(2))
    cells = grid_world.to_cells(grid_world.render(scenes, split="test", generator=seeded(2)))
    bank = grid_world.pictures("test")
    for n in range(20):
        for cell in range(16):
            name, colour = int(scenes.names[n, cell]), int(scenes.colours[n, cell])
            if name < 0:
                assert not cells[n, cell].any()
                continue
            paint = torch.tensor(list(grid_world.COLOURS.values())[colour])
            shown = cells[n, cell, :, 1:11, 1:11]
            assert (shown.amax((1, 2)).argmax() == paint.argmax()) and not cells[n, cell, :, 0].any()
            ink = shown[paint.argmax()] / paint.max()
            scale = (ink.amax() / bank[name].amax((1, 2)).clamp_min(1e-6))[:, None, None]
            assert (bank[name] * scale - ink).abs().amax((1, 2)).min() < 1e-5


def test_cells_are_cut_as_one_reads():
    images = torch.arange(48 * 48.0).view(1, 1, 48, 48).expand(2, 3, -1, -1)
    cells = grid_world.to_cells(images)
    assert cells.shape == (2, 16, 3, 12, 12)
    assert torch.equal(cells[1, 6, 2], images[1, 2, 12:24, 24:36])
    assert torch.equal(grid_world.from_cells(cells), images)


def test_a_seed_fixes_everything_and_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    one, again, other = (questions.batch(5, split="test", generator=seeded(s)) for s in (4, 4, 5))
    assert torch.equal(one.images, again.images) and torch.equal(one.numbers, again.numbers)
    assert not torch.equal(one.images, other.images)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("number", questions.everything()[::7])
def test_each_question_is_understood_as_it_is_written(number):
    text = questions.texts()[number]
    assert questions.parse(text) == questions.parse(f"  {text.capitalize()} ? ") == number


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("What color is the circle?", "what colour is the disc"),
        ("what's the colour", None),
        ("What colour is the thing to the left of the seven?", "what colour is the thing left of the 7"),
        ("IS THERE A RED TWO", "is there a red 2"),
        ("what colour is the thing under the plus", "what colour is the thing below the cross"),
    ],
)
def test_other_words_for_the_same_are_understood(typed, meant):
    if meant is None:
        with pytest.raises(ValueError, match="not this question. The nearest is"):
            questions.parse(typed)
    else:
        assert questions.texts()[questions.parse(typed)] == meant


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("is there a purple disc", "no word “purple”"),
        ("what colour is the triangel", "no word “triangel”. Did you mean “triangle”"),
        ("", "Type a question"),
        ("?!", "Type a question"),
        ("the the the", "not this question. The nearest is"),
        ("is the disc the same colour as the disc", "not this question"),
        ("<img src=x>", "no word “img”"),
    ],
)
def test_what_is_not_understood_gets_a_friendly_message(typed, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        questions.parse(typed)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"count": 0}, "at least 1 scene, got 0"),
        ({"split": "all"}, 'wanted "train" or "test"'),
        ({"kinds": torch.tensor([0, 1])}, r"wanted \(3,\) indices below 5"),
        ({"kinds": torch.tensor([0, 1, 5])}, "indices below 5"),
    ],
)
def test_impossible_wishes_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        questions.batch(**({"count": 3, "split": "test"} | options))


def test_both_modules_run(capsys):
    grid_world.main()
    questions.main()
    assert "?" in capsys.readouterr().out
