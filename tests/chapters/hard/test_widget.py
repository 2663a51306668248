"""The glimpse player computes in the page what the model computes in Python, at any places."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from tests.widgets import settle
from visual_attention.chapters.hard.widget import GlimpsePlayer
from visual_attention.mechanisms.glimpses import GlimpseSensor
from visual_attention.mechanisms.hard import RecurrentAttentionModel
from visual_attention.training import seeded

SIDE, SIZE, GLIMPSES = 30, 6, 3


@pytest.fixture(scope="module")
def model():
    with seeded(0):
        made = RecurrentAttentionModel(10, glimpses=GLIMPSES, sensor=GlimpseSensor(SIZE, scales=2), dim=17)
        torch.nn.init.normal_(made.locate.linear.weight, std=0.3)
        made.classify.weight.data *= 4
    made.load_state_dict({name: tensor.half().float() for name, tensor in made.state_dict().items()})
    return made.eval()


@pytest.fixture(scope="module")
def images():
    noise = torch.randint(256, (4, 1, SIDE, SIDE), generator=torch.Generator().manual_seed(0))
    return noise / 255  # as a widget keeps them


@pytest.fixture
def player(model, images):
    return GlimpsePlayer(images, [3, 1, 4, 1], model.state_dict(), size=SIZE, glimpses=GLIMPSES)


def beliefs(page):
    """The ten beliefs in percent, as the page writes them."""
    texts = page.locator(".tk-columns .tk-value").all_text_contents()[1::2]
    return [float(text.removesuffix(" %")) for text in texts]


def near(belief):
    return pytest.approx(100 * np.asarray(belief), abs=0.51)


class TestPython:
    def test_agrees_with_the_model_at_its_own_places(self, player, model, images):
        with torch.no_grad():
            want_places = model.locations(images)
            want = model.look(images, want_places).softmax(dim=2)
        for index in range(4):
            places, belief = player.look(index=index)
            np.testing.assert_allclose(places, want_places[index], atol=1e-5)
            np.testing.assert_allclose(belief, want[index], atol=1e-5)

    def test_agrees_with_the_model_at_other_places(self, player, model, images):
        places = torch.tensor([[0.3, -0.7], [-1.0, 0.9]])
        with torch.no_grad():
            want = model.look(images[2:3], places[None]).softmax(dim=2)[0]
        np.testing.assert_allclose(player.look(places.numpy(), index=2)[1], want, atol=1e-5)

    def test_the_alt_text_tells_the_places_and_the_answer(self, player):
        assert "A picture of a 3" in player.alt and "+0.00, +0.00;" in player.alt and "%" in player.alt

    def test_what_does_not_fit_is_refused(self, model, images):
        weights = model.state_dict()
        with pytest.raises(ValueError, match="square images"):
            GlimpsePlayer(images[..., :20], [0] * 4, weights, size=SIZE)
        with pytest.raises(ValueError, match="wanted 4 labels, got 3"):
            GlimpsePlayer(images, [0] * 3, weights, size=SIZE)
        with pytest.raises(ValueError, match="patches of 7 x 7, got 72"):
            GlimpsePlayer(images, [0] * 4, weights, size=7)
        with pytest.raises(ValueError, match="missing recur"):
            kept = {name: value for name, value in weights.items() if not name.startswith("recur")}
            GlimpsePlayer(images, [0] * 4, kept, size=SIZE)


@pytest.mark.browser
class TestPage:
    def test_it_opens_with_the_model_s_last_belief(self, draw, player):
        page = draw(player)
        assert beliefs(page) == near(player.look()[1][-1])
        assert "It is a 3." in page.locator(".tk-reading").text_content()

    def test_stepping_shows_each_glimpse(self, draw, player):
        page = draw(player)
        places, want = player.look()
        for step in (1, 0):
            page.get_by_role("button", name="Previous step").click()
            settle(page)
            assert beliefs(page) == near(want[step])
            x, y = places[step]
            assert f"at x = {x:.2f}, y = {y:.2f}".replace("-0.00", "0.00") in page.locator(
                ".tk-reading"
            ).text_content().replace("-0.00", "0.00")

    def test_the_reader_s_clicks_are_read_by_the_same_network(self, draw, player):
        page = draw(player)
        page.get_by_label("You", exact=True).check()
        box = page.locator("canvas").first.bounding_box()
        shares = [(0.25, 0.5), (0.5, 0.75), (0.75, 0.25)]
        for count, (x, y) in enumerate(shares, start=1):
            page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
            settle(page)
            places = [(2 * a - 1, 2 * b - 1) for a, b in shares[:count]]
            assert beliefs(page) == pytest.approx(100 * player.look(places)[1][-1], abs=1.5)
        said = page.locator(".tk-reading").text_content()
        assert "It is a 3. Belief in it:" in said
        assert "So far: you" in page.locator(".tk-controls").text_content()

    def test_after_the_last_glimpse_the_picture_is_uncovered_and_the_result_stays(self, draw, player):
        page = draw(player)
        page.get_by_label("You", exact=True).check()
        caption, canvas = page.locator(".tk-caption").first, page.locator("canvas").first
        covered = canvas.evaluate("c => c.toDataURL()")
        canvas.focus()
        for _ in range(GLIMPSES):
            assert "as far as it was seen" in caption.text_content()
            page.keyboard.press("Enter")
            settle(page)
        assert "the model's (rings)" in caption.text_content()
        assert canvas.evaluate("c => c.toDataURL()") != covered
        said = page.locator(".tk-reading").text_content()
        for key in ("ArrowLeft", "Enter"):
            page.keyboard.press(key)
        settle(page)
        assert page.locator(".tk-reading").text_content() == said and "It is a 3." in said
        page.get_by_role("button", name="Take back").click()
        settle(page)
        assert "as far as it was seen" in caption.text_content()

    def test_the_keyboard_places_a_glimpse(self, draw, player):
        page = draw(player)
        page.get_by_label("You", exact=True).check()
        page.locator("canvas").first.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Enter"):
            page.keyboard.press(key)
        settle(page)
        assert beliefs(page) == near(player.look([(0.2, -0.1)])[1][-1])

    def test_a_glimpse_can_be_taken_back(self, draw, player):
        page = draw(player)
        page.get_by_label("You", exact=True).check()
        page.locator("canvas").first.focus()
        for key in ("Enter", "ArrowRight", "Enter"):
            page.keyboard.press(key)
        page.get_by_role("button", name="Take back").click()
        settle(page)
        assert beliefs(page) == near(player.look([(0.0, 0.0)])[1][-1])

    def test_another_picture_starts_anew(self, draw, player):
        page = draw(player)
        page.get_by_label("Picture", exact=True).select_option(index=2)
        settle(page)
        assert beliefs(page) == near(player.look(index=2)[1][0])

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_a_narrow_page_does_not_scroll_sideways(self, draw, player, scheme):
        page = draw(player, width=400, scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.browser
class TestAPictureOfTheReadersOwn:
    """It is read as the model reads its own, by both who look; what it shows is not pretended to be known."""

    grey = np.random.default_rng(5).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)

    @pytest.fixture
    def opened(self, draw, player):
        page = draw(player)
        kept = io.BytesIO()
        Image.fromarray(np.kron(self.grey, np.ones((8, 8), dtype=np.uint8))).save(kept, "png")
        upload = {"name": "mine.png", "mimeType": "image/png", "buffer": kept.getvalue()}
        page.get_by_label("A photograph of your own").set_input_files(upload)
        page.wait_for_function("document.querySelector('select').selectedOptions[0].text === 'your own'")
        settle(page)
        return page

    def want(self, player, turned=False):
        low, high = int(self.grey.min()), int(self.grey.max())
        stretched = np.round((self.grey.astype(float) - low) / (high - low) * 255).astype(np.uint8)
        player._pictures[0] = 255 - stretched if turned else stretched
        return player.look(index=0)[1]

    def test_the_model_s_belief(self, opened, player):
        assert beliefs(opened) == near(self.want(player)[0])
        for _ in range(GLIMPSES - 1):
            opened.get_by_role("button", name="Next step").click()
        settle(opened)
        assert beliefs(opened) == near(self.want(player)[-1])
        said = opened.locator(".tk-reading").inner_text()
        assert "you alone know" in said and "It is a" not in said

    def test_dark_ink(self, opened, player):
        opened.get_by_label("dark ink on bright paper").check()
        settle(opened)
        assert beliefs(opened) == near(self.want(player, turned=True)[0])

    def test_the_reader_looks_and_no_score_is_kept(self, opened, player):
        opened.get_by_label("You", exact=True).check(force=True)
        picture = opened.get_by_label("The picture", exact=True)
        picture.focus()
        for _ in range(GLIMPSES):
            picture.press("Enter")
        settle(opened)
        self.want(player)
        assert beliefs(opened) == near(player.look(np.zeros((GLIMPSES, 2)), index=0)[1][-1])
        said = opened.locator(".tk-reading").inner_text()
        best = self.want(player)[-1]
        assert f"With its own it believes in {best.argmax()}" in said
        assert opened.get_by_text("So far:").count() == 0

    def test_back_to_the_first_picture(self, opened, player, model, images):
        opened.get_by_label("Picture", exact=True).select_option("0")
        settle(opened)
        assert beliefs(opened) == near(player.look(index=0)[1][0])

    def test_none_opened_yet(self, draw, player):
        page = draw(player)
        page.get_by_label("Picture", exact=True).select_option(label="your own")
        settle(page)
        assert page.locator(".tk-reading").inner_text() == "Open a photograph of your own first."
        assert page.evaluate("document.querySelector('select').selectedOptions[0].text") == "picture 1"
