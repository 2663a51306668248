"""Send values between the grader and the sandbox without pickle: a JSON tree, and tensors as raw bytes.

What arrives from the sandbox is not trusted: types are listed, sizes are limited, and nothing is executed.
"""

import json
import math
import select
import time
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import torch

LIMIT = 32 * 2**20  # bytes in one message
TREE = 2 * 2**20  # bytes of all that is not a tensor: as Python's objects it takes many times that
TURN = 16  # letters of the mark by which a reply is known to be the answer to a request
GLANCE = 0.1  # seconds between two looks at what the other side is doing
MANY = 10_000  # items taken from a generator
DTYPES = {
    str(t).removeprefix("torch."): t
    for t in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128),
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    )
}


LATE = "it was still running when its time was up, and heeded no interrupt"
MUCH = "it returned more than can be looked at"
ENDED = "it ended the sandbox"


class Unsendable(Exception):
    """A value that has no place in a message."""


class Garbled(Exception):
    """A message that is not as agreed, too large, or late."""


class Starved(Garbled):
    """The machine had too little memory left; whoever ran in the sandbox may not be to blame."""


def pack(value: Any, keep: Callable[[Any], dict]) -> bytes:
    """A value as one message; `keep(thing)` says how to refer to what cannot be sent."""
    blobs: list[bytes] = []
    tree = json.dumps(_tree(value, blobs, keep)).encode()
    lengths = [len(tree), *map(len, blobs)]
    head = json.dumps(lengths).encode()
    return len(head).to_bytes(4, "big") + head + tree + b"".join(blobs)


def unpack(read: Callable[[int], bytes], find: Callable[[dict], Any]) -> Any:
    """The value of the next message; `find(reference)` undoes `keep`."""
    try:
        head = read(int.from_bytes(read(4), "big"))
        lengths = json.loads(head)
        if not all(type(n) is int and n >= 0 for n in lengths) or sum(lengths) > LIMIT or lengths[0] > TREE:
            raise Garbled(MUCH)
        tree, *blobs = [read(n) for n in lengths]
        return _value(json.loads(tree), blobs, find)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise Garbled(f"it answered with something else than values ({type(error).__name__})") from error


def write(stream: BinaryIO, message: bytes, end: float) -> None:
    """Write to an unbuffered pipe that does not block, before a time by the monotonic clock."""
    rest = memoryview(message)
    while rest:
        if not select.select([], [stream], [], max(0, end - time.monotonic()))[1]:
            raise Garbled(LATE)
        try:
            rest = rest[stream.write(rest) or 0 :]
        except OSError as error:
            raise Garbled(ENDED) from error


def reader(
    stream: BinaryIO, end: float | None, watch: Callable[[], None] = lambda: None
) -> Callable[[int], bytes]:
    """Read exactly so many bytes from an unbuffered pipe, before a time by the monotonic clock.

    Args:
        watch: Called while there is nothing to read; may raise Garbled.
    """

    def wait() -> None:
        while not select.select([stream], [], [], GLANCE)[0]:
            if time.monotonic() >= end:
                raise Garbled(LATE)
            watch()

    def read(count: int) -> bytes:
        if count > LIMIT:
            raise Garbled(MUCH)
        parts = []
        while count:
            if end is not None:
                wait()
            part = stream.read(min(count, 2**16))
            if not part:
                raise Garbled(ENDED)
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    return read


def _tree(value: Any, blobs: list[bytes], keep: Callable[[Any], dict]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (list, tuple):
        items = [_tree(item, blobs, keep) for item in value]
        return items if type(value) is list else {"kind": "tuple", "items": items}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"kind": "dict", "items": {key: _tree(item, blobs, keep) for key, item in value.items()}}
    if isinstance(value, np.ndarray) and str(value.dtype) in DTYPES:
        return {**_tensor(torch.from_numpy(np.array(value)), blobs), "kind": "array"}
    if isinstance(value, torch.Tensor) and value.layout == torch.strided and _name(value) in DTYPES:
        return _tensor(value, blobs)
    if type(value) is bytes:
        blobs.append(value)
        return {"kind": "bytes", "blob": len(blobs) - 1}
    return {"kind": "object", "reference": _tree(keep(value), blobs, keep)}


def _tensor(value: torch.Tensor, blobs: list[bytes]) -> dict:
    plain = value.detach().cpu().resolve_conj().resolve_neg().reshape(-1)
    plain = plain.clone(memory_format=torch.contiguous_format)  # a single number may have a stride of 0
    blobs.append(plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b"")
    return {
        "kind": "tensor",
        "dtype": _name(value),
        "shape": list(value.shape),
        "blob": len(blobs) - 1,
        "grad": value.requires_grad,
    }


def _value(tree: Any, blobs: list[bytes], find: Callable[[dict], Any]) -> Any:
    if not isinstance(tree, (dict, list)):
        return tree
    if isinstance(tree, list):
        return [_value(item, blobs, find) for item in tree]
    match tree["kind"]:
        case "tuple":
            return tuple(_value(item, blobs, find) for item in tree["items"])
        case "dict":
            return {key: _value(item, blobs, find) for key, item in tree["items"].items()}
        case "tensor" | "array" as kind:
            dtype, shape, blob = DTYPES[tree["dtype"]], tree["shape"], blobs[tree["blob"]]
            if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(
                blob
            ):
                raise Garbled("a tensor's size")
            raw = (
                torch.frombuffer(bytearray(blob), dtype=torch.uint8)
                if blob
                else torch.empty(0, dtype=torch.uint8)
            )
            flat = raw.ne(0) if dtype is torch.bool else raw.view(dtype)
            tensor = flat.reshape(shape)
            if kind == "array":
                return tensor.numpy()
            return tensor.requires_grad_() if tree["grad"] and tensor.is_floating_point() else tensor
        case "bytes":
            return blobs[tree["blob"]]
        case "object":
            return find(_value(tree["reference"], blobs, find))
    raise Garbled("an unknown kind")


def _name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
