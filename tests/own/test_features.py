"""Tokens are computed once: kept under what was seen, found again, mended, and never mixed up."""

import numpy as np
import pytest
import torch

from tests.own.conftest import SIZE
from visual_attention.mechanisms import pretrained
from visual_attention.own import features, weights
from visual_attention.own.features import Extractor, border, confetti, fitted, in_words


@pytest.fixture
def paths(material):
    return sorted(material.rglob("*.png"))[:4]


def counted(extractor, monkeypatch):
    """How often the network ran."""
    runs, model = [], extractor.model.forward

    def forward(x):
        runs.append(x.shape)
        return model(x)

    monkeypatch.setattr(extractor.model, "forward", forward)
    return runs


def test_tokens_are_the_network_s_class_token_first(extractor, paths):
    got = extractor.tokens(paths, progress=False)
    seen = torch.cat([pretrained.prepare(features.folder.read(path, SIZE)) for path in paths])
    with torch.no_grad():
        want = extractor.model(seen)
    assert got.shape == (4, 1 + 16, 48)
    torch.testing.assert_close(got, want, atol=2e-3, rtol=2e-3)  # kept in half precision


def test_the_second_time_nothing_is_computed_and_the_same_comes(extractor, paths, monkeypatch):
    runs = counted(extractor, monkeypatch)
    first = extractor.tokens(paths, progress=False)
    assert len(runs) == 4
    assert torch.equal(extractor.tokens(paths[::-1], progress=False), first.flip(0)) and len(runs) == 4


def test_an_interruption_keeps_what_was_done(extractor, paths, monkeypatch):
    look = extractor.look
    done = []

    def interrupted(image):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(look(image))
        return done[-1]

    monkeypatch.setattr(extractor, "look", interrupted)
    with pytest.raises(KeyboardInterrupt):
        extractor.tokens(paths, progress=False)
    monkeypatch.undo()
    runs = counted(extractor, monkeypatch)
    assert torch.equal(extractor.tokens(paths, progress=False)[:2], torch.stack(done))
    assert len(runs) == 2


def test_a_damaged_file_is_computed_again(extractor, paths):
    want = extractor.tokens(paths[:1], progress=False)
    (kept,) = extractor.cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:99])
    assert torch.equal(extractor.tokens(paths[:1], progress=False), want)
    assert torch.equal(extractor.tokens(paths[:1], progress=False), want)


def test_no_draft_is_left_and_nothing_is_half(extractor, paths):
    extractor.tokens(paths, progress=False)
    assert {path.suffix for path in extractor.cache.iterdir()} == {".safetensors"}


def test_the_key_is_what_is_seen_and_by_whom(extractor, tmp_path):
    image = torch.rand(3, SIZE, SIZE)
    other = Extractor(weights.STAND_IN, size=SIZE, cache=tmp_path / "cache")
    assert extractor.place(image) == other.place(image.clone())
    other.weights_digest = "another"
    places = {extractor.place(image), other.place(image)}
    places |= {extractor.place(seen) for seen in (image.flip(0), image.reshape(3, 28, 112), image + 1e-6)}
    assert len(places) == 5


def test_views_do_not_get_each_other_s_tokens(extractor, paths):
    whole = extractor.tokens(paths, progress=False)
    for view in (confetti, border):
        assert not torch.allclose(extractor.tokens(paths, view=view, progress=False), whole, atol=1e-2)
    assert torch.equal(extractor.tokens(paths, progress=False), whole)


def test_of_the_stand_in_nothing_is_kept_unless_asked(paths):
    assert Extractor(weights.STAND_IN, size=SIZE).place(torch.zeros(3, SIZE, SIZE)) is None


def test_registers_are_left_out(extractor):
    """A network with two registers: its tokens without them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = features.weights.VisionTransformer(56, dim=48, depth=1, heads=3, registers=2).eval()
    extractor.model, extractor.cache = model, None
    image = torch.rand(3, SIZE, SIZE)
    with torch.no_grad():
        want = model(pretrained.prepare(image))[0]
    assert extractor.look(image).shape == (17, 48)
    torch.testing.assert_close(extractor.look(image), torch.cat([want[:1], want[3:]]), atol=2e-3, rtol=2e-3)


def test_it_says_how_long_it_will_take(extractor, paths, capsys):
    extractor.tokens(paths, name="seen")
    assert "seen: at most" in "".join(capsys.readouterr())
    extractor.tokens(paths, name="seen")
    assert "at most" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("size", [0, 13, 57])
def test_sizes_are_whole_patches(size):
    with pytest.raises(ValueError, match=f"size: wanted a multiple of 14 pixels, got {size}"):
        Extractor(weights.STAND_IN, size=size)


def test_a_cache_that_cannot_be_written_is_named(paths, tmp_path):
    (tmp_path / "file").write_text("")
    spoilt = Extractor(weights.STAND_IN, size=SIZE, cache=tmp_path / "file" / "below")
    with pytest.raises(ValueError, match="cannot keep features in .*--cache"):
        spoilt.tokens(paths, progress=False)


class TestViews:
    def test_confetti_moves_pieces_whole_and_loses_none(self):
        image = torch.arange(3 * 8 * 12.0).reshape(3, 8, 12)
        mixed = confetti(image, 4)  # pieces of 2 x 3
        pieces = [part.flatten().tolist() for rows in mixed.split(2, 1) for part in rows.split(3, 2)]
        want = [part.flatten().tolist() for rows in image.split(2, 1) for part in rows.split(3, 2)]
        assert sorted(pieces) == sorted(want) and pieces != want
        assert torch.equal(confetti(image, 4), mixed)

    def test_confetti_keeps_what_does_not_divide(self):
        image = torch.rand(3, 9, 14)
        assert torch.equal(confetti(image, 4)[:, 8:], image[:, 8:])
        assert torch.equal(confetti(image, 4)[:, :, 12:], image[:, :, 12:])

    def test_a_border_stays_and_the_middle_says_nothing(self):
        image = torch.rand(3, 10, 20)
        seen = border(image, 0.2)
        outer = torch.ones(10, 20, dtype=torch.bool)
        outer[2:8, 4:16] = False
        assert torch.equal(seen[:, outer], image[:, outer])
        torch.testing.assert_close(seen[:, ~outer], image.mean((1, 2))[:, None].expand(3, 72))

    def test_fitted_is_whole_patches_and_keeps_the_shape(self):
        assert fitted(torch.rand(3, 300, 600), 14, 196).shape == (3, 98, 196)
        assert fitted(torch.rand(3, 2, 600), 14, 196).shape == (3, 14, 196)


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (600, "10 min")])
def test_durations(seconds, words):
    assert in_words(seconds) == words


class TestWeights:
    def test_without_any_it_says_how(self, monkeypatch, tmp_path):
        monkeypatch.setenv("VISUAL_ATTENTION_CACHE", str(tmp_path))
        with pytest.raises(
            FileNotFoundError, match=r"Fetch them once \(90 MB\): python -m .*own weights --fetch"
        ):
            Extractor()

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="wanted a file with weights, got .*none.pth"):
            Extractor(tmp_path / "none.pth")

    def test_a_file_of_one_s_own(self, tmp_path):
        """As the hub has them: a safetensors file with a config beside it."""
        from safetensors.torch import save_file

        network = weights.stand_in()
        save_file(
            {k: v.contiguous() for k, v in network.state_dict().items()}, tmp_path / "model.safetensors"
        )
        (tmp_path / "config.json").write_text('{"num_attention_heads": 3, "num_hidden_layers": 2}')
        own = Extractor(tmp_path / "model.safetensors", size=SIZE, cache=tmp_path / "cache")
        image = torch.rand(3, SIZE, SIZE)
        assert torch.equal(own.look(image), Extractor(weights.STAND_IN, size=SIZE).look(image))
        assert own.weights_digest == weights.digest(tmp_path / "model.safetensors")

    def test_the_stand_in_is_always_the_same_and_sees_colours(self):
        torch.manual_seed(5)
        assert weights.digest_of(weights.stand_in()) == weights.digest_of(weights.stand_in())
        seen = Extractor(weights.STAND_IN, size=SIZE)
        red, green = np.zeros((2, 3, SIZE, SIZE), dtype=np.float32)
        red[0], green[1] = 1, 1
        assert (seen.look(torch.tensor(red)) - seen.look(torch.tensor(green))).abs().mean() > 0.05
