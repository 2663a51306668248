"""The explorer understands what is typed, shows words, looks and answers, and keys reach all of it."""

import numpy as np
import pytest

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.question_answering import questions as grammar
from visual_attention.chapters.question_answering.widget import AnsweredScene, QuestionExplorer

NASTY = "<img src=x onerror=alert(1)>"
RNG = np.random.default_rng(0)
NUMBERS = grammar.everything()
TEXTS = [grammar.texts()[number] for number in NUMBERS]
KINDS = [grammar.kind_of(number) for number in NUMBERS]


def shares(*shape):
    raised = np.exp(2 * RNG.normal(size=shape))
    return raised / raised.sum(axis=-1, keepdims=True)


def scene(image):
    contents = ["" if cell % 3 else f"blue {NASTY}" for cell in range(16)]
    truth = [index % 11 - 1 for index in range(len(TEXTS))]
    return AnsweredScene(image, contents, shares(len(TEXTS), 10), shares(len(TEXTS), 2, 16), truth)


WORDS = shares(len(TEXTS), 9)


@pytest.fixture
def scenes(photograph):
    square = np.asarray(photograph)[:, :36]
    return [scene(square), scene(1 - square)]


@pytest.fixture
def widget(scenes):
    return QuestionExplorer(
        scenes, TEXTS, KINDS, grammar.ANSWERS, WORDS, same_word=grammar.SAME_WORD, start=3
    )


def ask(page, text):
    field = page.get_by_label("Your question")
    field.fill(text)
    field.press("Enter")
    settle(page)


def reading(page):
    return page.locator(".tk-reading").inner_text()


def test_the_alt_text_tells_question_and_answer(widget, scenes):
    best = int(np.asarray(scenes[0].shares)[3].argmax())
    assert TEXTS[3] in widget.alt and grammar.ANSWERS[best] in widget.alt
    assert len(widget.page()) < 400_000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shares": np.ones((len(TEXTS), 10))}, "shares of 0 or more that sum to 1"),
        ({"maps": np.ones((len(TEXTS), 16)) / 16}, "wanted maps"),
        ({"truth": [0]}, "a truth for each"),
    ],
)
def test_what_cannot_be_shown_is_refused(scenes, change, says):
    wrong = AnsweredScene(**{**vars(scenes[0]), **change})
    with pytest.raises(ValueError, match=says):
        QuestionExplorer([wrong], TEXTS, KINDS, grammar.ANSWERS, WORDS)
    with pytest.raises(ValueError, match="questions with number 999"):
        QuestionExplorer(scenes, TEXTS, KINDS, grammar.ANSWERS, WORDS, start=999)


@pytest.mark.browser
def test_it_shows_the_answer_to_the_first_question(draw, widget, scenes):
    page = draw(widget)
    now = np.asarray(scenes[0].shares)[3]
    texts = page.locator(".tk-stage > div:last-child .tk-value").all_text_contents()
    np.testing.assert_allclose([float(t.removesuffix(" %")) for t in texts], 100 * now, atol=0.51)
    assert f"It answers {grammar.ANSWERS[int(now.argmax())]}" in reading(page)
    words = page.locator(".tk-words > div").all_inner_texts()
    assert [word.split()[0] for word in words] == TEXTS[3].split()
    assert page.locator("img").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize(
    "typed",
    [
        "Is there a red disc?",
        "IS THERE A RED CIRCLE",
        "what colour is the thing to the left of the seven ?",
        "what's the colour",
        "is there a purple disc",
        "what colour is the triangel",
        "",
        "the the the",
        NASTY,
    ],
)
def test_what_is_typed_is_understood_as_in_python(draw, widget, typed):
    page = draw(widget)
    before = reading(page)
    ask(page, typed)
    said = page.locator("form [role=status]").inner_text()
    try:
        number = grammar.parse(typed)
    except ValueError as error:
        assert reading(page) == before
        assert page.get_by_label("Your question").get_attribute("aria-invalid") == "true"
        start = " ".join(str(error).split()[:6])
        assert said.startswith(start.removesuffix("”.").rstrip(".")), (said, start)
    else:
        assert said == "" and reading(page).startswith(f"{grammar.texts()[number]}?")


@pytest.mark.browser
def test_a_misspelt_word_gets_a_suggestion(draw, widget):
    page = draw(widget)
    ask(page, "what colour is the triangel")
    assert "Did you mean “triangle”?" in page.locator("form [role=status]").inner_text()
    ask(page, "how many things are red")
    assert page.locator("form [role=status]").inner_text() == ""


@pytest.mark.browser
def test_kinds_questions_and_scenes_can_be_picked_by_keyboard(draw, widget):
    page = draw(widget)
    page.get_by_label("relation").focus()
    page.keyboard.press("Space")
    settle(page)
    assert "the thing" in reading(page).split("?")[0]
    select = page.get_by_label("and the question")
    options = select.locator("option").all_inner_texts()
    true_ones = [f"{text}?" for i, text in enumerate(TEXTS) if KINDS[i] == "relation" and i % 11 > 0]
    assert options == true_ones  # those without a true answer can be typed only
    select.select_option(label=true_ones[5])
    settle(page)
    assert reading(page).startswith(true_ones[5])
    before = reading(page)
    page.get_by_label("scene 2").check(force=True)
    settle(page)
    assert reading(page).startswith(true_ones[5]) and reading(page) != before


@pytest.mark.browser
def test_a_question_about_nothing_says_so(draw, widget):
    page = draw(widget)
    nothing = next(i for i in range(len(TEXTS)) if i % 11 == 0)
    ask(page, TEXTS[nothing])
    assert "no answer is true" in reading(page)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(draw, widget, scheme, width):
    page = draw(widget, width=width, scheme=scheme)
    ask(page, "is there a purple disc")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(SMALL)
