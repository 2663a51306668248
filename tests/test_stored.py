"""What is written is read again to half precision, and every file of the course is read whole."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import visual_attention
from visual_attention import stored
from visual_attention.chapters.classification import trained as trained_classifier
from visual_attention.chapters.detection import backbone
from visual_attention.chapters.detection import trained as trained_detectors
from visual_attention.chapters.explanation import trained as trained_explained
from visual_attention.chapters.generation import judge as generation_judge
from visual_attention.chapters.generation import steering
from visual_attention.chapters.generation import trained as trained_generator
from visual_attention.chapters.hard import trained as trained_glimpses
from visual_attention.chapters.inpainting import trained as trained_inpainter
from visual_attention.chapters.question_answering import trained as trained_answerer
from visual_attention.chapters.question_answering import trained_decoders
from visual_attention.chapters.segmentation import trained as trained_segmenter
from visual_attention.chapters.segmentation import trained_clicks, trained_encoder
from visual_attention.chapters.tracking import encoder as trackers_encoder
from visual_attention.chapters.tracking import trained as trained_trackers
from visual_attention.chapters.tracking import trained_finders


def loaders():
    """Who reads which file of the package: (file, name in it or None) -> function that loads the network."""
    one = (
        trained_classifier,
        trained_segmenter,
        trained_clicks,
        trained_glimpses,
        generation_judge,
        steering,
    )
    several = {
        trained_answerer: (trained_answerer.READER, trained_answerer.ANSWERER, trained_answerer.HOPS),
        trained_explained: trained_explained.NAMES,
        trained_generator: trained_generator.NAMES,
        trained_inpainter: trained_inpainter.NAMES,
        trained_trackers: tuple(trained_trackers.KINDS),
        trained_finders: trained_finders.NAMES,
    }
    found = {(module.FILE, None): module.load for module in one}
    found[backbone.FILE, None] = backbone.load
    found[trained_encoder.FILE, None] = trained_encoder.encoder
    found[trackers_encoder.FILE, None] = trackers_encoder.encoder
    for name in trained_detectors.STEPS:
        found[trained_detectors.FILE, name] = lambda name=name: trained_detectors.load(name)
    for regime in trained_decoders.SHOWN:
        name = trained_decoders.name(regime)
        found[trained_decoders.FILE, name] = lambda regime=regime: trained_decoders.load(regime)
    for module, names in several.items():
        for name in names:
            found[module.FILE, name] = lambda module=module, name=name: module.load(name)
    return found


LOADERS = loaders()
FILES = sorted({file for file, _ in LOADERS})


def network(seed=0, width=4):
    """Real parameters and running statistics, and an integer that counts batches."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.Flatten(), nn.Linear(width, 2))
    for _ in range(seed + 3):
        model[:2](torch.randn(5, 3, 4, 4))
    return model


def rounded(model):
    return {key: t.half().float() if t.is_floating_point() else t for key, t in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and torch.equal(one[key], other[key]) for key in one
    )


@pytest.fixture
def file(tmp_path):
    return tmp_path / "networks.safetensors"


class TestRoundTrip:
    def test_one_network(self, file):
        model, other = network(0), network(1).train()
        stored.save(model, file)
        assert load_file(file).keys() == model.state_dict().keys()
        assert stored.restore(other, file) is other and not other.training
        assert same(other.state_dict(), rounded(model))

    def test_several_networks(self, file):
        models = {"attention": network(0), "wide convolution": network(1, width=6)}
        stored.save(models, file)
        assert "wide convolution.0.weight" in load_file(file) and len(load_file(file)) == 18
        for name, model in models.items():
            assert same(stored.tensors(file, name), rounded(model))
            assert same(
                stored.restore(network(2, model[0].out_channels), file, name).state_dict(), rounded(model)
            )
        assert set(stored.tensors(file)) == set(load_file(file))

    def test_a_name_that_another_begins_with(self, file):
        models = {"grid": network(0), "grid with attention": network(1)}
        stored.save(models, file)
        assert all(same(stored.tensors(file, name), rounded(model)) for name, model in models.items())

    def test_real_numbers_are_rounded_as_half_precision_rounds(self, file):
        values = [0.1, 1 / 3, 2049.0, 65504.0, 6e-8, 2e-8, -0.0, torch.inf]  # below 3e-8 is nothing
        model = nn.Linear(len(values), 1, bias=False)
        model.weight.data[:] = torch.tensor(values)
        stored.save(model, file)
        (read,) = stored.tensors(file).values()
        assert load_file(file)["weight"].dtype == torch.float16 and read.dtype == torch.float32
        assert read.tolist() == [torch.tensor(values).half().float().tolist()]
        assert read[0, 2] == 2048 and read[0, 4] > 0 and read[0, 5] == 0 and read[0, 6].signbit()

    def test_integers_stay_as_they_are(self, file):
        model = nn.Module()
        for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
            numbers = torch.tensor([0, 1, torch.iinfo(dtype).max if dtype != torch.bool else 1])
            model.register_buffer(str(dtype).removeprefix("torch."), numbers.to(dtype))
        stored.save(model, file)
        assert same(stored.tensors(file), model.state_dict())
        assert stored.tensors(file)["int64"].tolist() == [0, 1, 2**63 - 1]

    def test_saving_leaves_the_network_alone(self, file):
        model = network()
        before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
        stored.save(model, file)
        assert model.training and same(model.state_dict(), before)

    def test_what_was_read_does_not_hang_on_the_file(self, file):
        stored.save(network(0), file)
        read = stored.tensors(file)
        stored.save(nn.Linear(1, 1), file)
        assert same(read, rounded(network(0)))


class TestWhatIsNotGiven:
    def test_stays_if_wanted_bit_for_bit(self, file):
        stored.save({"reader": network(0), "two hops": network(1)}, file)
        before = load_file(file)
        before = {key: tensor.clone() for key, tensor in before.items()}
        stored.save({"two hops": network(2)}, file, keep=True)
        after = load_file(file)
        assert after.keys() == before.keys() and not same(after, before)
        assert all(torch.equal(after[key], t) for key, t in before.items() if key.startswith("reader."))
        assert same(stored.tensors(file, "two hops"), rounded(network(2)))

    def test_of_a_network_that_is_given_nothing_old_stays(self, file):
        stored.save({"reader": network(0)}, file)
        stored.save({"reader": nn.Linear(2, 1)}, file, keep=True)
        assert set(load_file(file)) == {"reader.weight", "reader.bias"}

    def test_there_may_be_no_file_yet(self, file):
        stored.save({"reader": network(0)}, file, keep=True)
        assert same(stored.tensors(file, "reader"), rounded(network(0)))

    def test_goes_otherwise(self, file):
        stored.save({"reader": network(0)}, file)
        stored.save({"two hops": network(1)}, file)
        assert all(key.startswith("two hops.") for key in load_file(file))


class TestRefused:
    def test_another_name(self, file):
        stored.save({"reader": network(0), "two hops": network(1)}, file)
        with pytest.raises(ValueError, match="networks.safetensors: wanted one of .*; got 'LSTM'") as raised:
            stored.tensors(file, "LSTM")
        assert "reader" in str(raised.value) and "two hops" in str(raised.value)

    def test_a_tensor_too_few(self, file):
        stored.save(nn.Linear(3, 2, bias=False), file)
        with pytest.raises(ValueError, match=r"bias: wanted real numbers \(2,\), got nothing$"):
            stored.restore(nn.Linear(3, 2), file)

    def test_a_tensor_too_many(self, file):
        stored.save(nn.Linear(3, 2), file)
        with pytest.raises(ValueError, match=r"bias: wanted nothing, got real numbers \(2,\)$"):
            stored.restore(nn.Linear(3, 2, bias=False), file)

    def test_another_shape(self, file):
        stored.save(nn.Linear(3, 2), file)
        with pytest.raises(
            ValueError, match=r"weight: wanted real numbers \(2, 5\), got real numbers \(2, 3\)$"
        ):
            stored.restore(nn.Linear(5, 2), file)

    def test_real_numbers_in_the_place_of_integers(self, file):
        model, other = nn.Module(), nn.Module()
        model.register_buffer("count", torch.tensor(2.0))
        other.register_buffer("count", torch.tensor(2))
        stored.save(model, file)
        with pytest.raises(ValueError, match=r"count: wanted torch.int64 \(\), got real numbers \(\)$"):
            stored.restore(other, file)

    def test_the_file_of_another_network_and_nothing_is_changed(self, file):
        stored.save(network(), file)
        model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2)).train()
        before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
        with pytest.raises(ValueError, match=r"networks.safetensors: 0.weight: wanted .*; and \d more$"):
            stored.restore(model, file)
        assert same(model.state_dict(), before) and model.training

    def test_the_file_of_several_where_one_is_wanted(self, file):
        stored.save({"reader": nn.Linear(3, 2)}, file)
        with pytest.raises(ValueError, match=r"reader.weight: wanted nothing, got real numbers \(2, 3\)"):
            stored.restore(nn.Linear(3, 2), file)

    @pytest.mark.parametrize("name", ["", "v1.5"])
    def test_names_that_could_not_be_told_from_those_of_parameters(self, name, file):
        with pytest.raises(ValueError, match=f"without a dot, got {name!r}"):
            stored.save({name: network()}, file)
        assert not file.exists()

    def test_one_without_a_name_beside_others(self, file):
        with pytest.raises(ValueError, match="keep: wanted networks by name, got one without a name"):
            stored.save(network(), file, keep=True)

    def test_a_pickle(self, file):
        torch.save(network().state_dict(), file)
        with pytest.raises(Exception, match="header"):  # the reader's own error, which has no public base
            stored.tensors(file)


class TestFilesOfTheCourse:
    def test_none_is_forgotten(self):
        assert FILES == sorted(Path(visual_attention.__file__).parent.rglob("*.safetensors"))
        assert len(FILES) == 17 and len(LOADERS) == 32

    @pytest.mark.parametrize("committed", FILES, ids=lambda file: file.stem)
    def test_saving_what_it_holds_gives_the_same_tensors(self, committed, file):
        models = {name: load() for (of, name), load in LOADERS.items() if of == committed}
        assert not any(model.training for model in models.values())
        stored.save(models[None] if None in models else models, file)
        assert same(load_file(file), load_file(committed))

    @pytest.mark.parametrize("committed", FILES, ids=lambda file: file.stem)
    def test_each_network_holds_the_numbers_of_the_file(self, committed):
        raw = load_file(committed)
        for name, load in ((name, load) for (of, name), load in LOADERS.items() if of == committed):
            for key, tensor in load().state_dict().items():
                want = raw[key if name is None else f"{name}.{key}"]
                assert want.dtype == (torch.float16 if tensor.is_floating_point() else tensor.dtype)
                assert torch.equal(tensor, want.to(tensor.dtype)), key


def test_the_module_runs(capsys):
    stored.main()
    assert capsys.readouterr().out.startswith("1020 numbers in 2")
