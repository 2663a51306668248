"""Values cross to the grader unchanged, and nothing that is not as agreed gets in."""

import io
import json
import os
import pickle
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visual_attention.classroom import wire


def there_and_back(value, keep=lambda thing: {"number": 7}, find=lambda reference: reference["number"]):
    stream = io.BytesIO(wire.pack(value, keep))
    return wire.unpack(stream.read, find)


simple = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text()
nested = st.recursive(
    simple, lambda s: st.lists(s) | st.dictionaries(st.text(), s) | st.tuples(s, s), max_leaves=10
)


@pytest.mark.slow
@given(nested)
def test_plain_values(value):
    back = there_and_back(value)
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize("dtype", wire.DTYPES.values(), ids=wire.DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3, 5), (2, 0, 3)])
def test_tensors(dtype, shape):
    tensor = (10 * torch.randn(shape)).to(dtype)
    back = there_and_back(tensor)
    assert back.dtype == dtype and back.shape == tensor.shape and torch.equal(back, tensor)
    assert not back.requires_grad


def test_views_arrays_and_gradients():
    view = torch.arange(15.0).view(3, 5).T[1:]
    assert torch.equal(there_and_back(view), view)
    for spread in (torch.ones(()).expand(1), torch.ones(1, 1).expand(4, 1), torch.arange(3.0)[::2][:1]):
        assert torch.equal(there_and_back(spread), spread), "strides of any kind"
    array = np.arange(6, dtype=np.float64).reshape(2, 3)
    assert np.array_equal(there_and_back([array])[0], array)
    assert there_and_back(torch.ones(2, requires_grad=True)).requires_grad
    assert torch.isnan(there_and_back(torch.tensor(float("nan"))))


def test_other_objects_travel_as_references():
    assert there_and_back({"a": [object()]}) == {"a": [7]}
    assert there_and_back(torch.eye(3).to_sparse()) == 7


def message(tree, *blobs: bytes, lengths=None) -> bytes:
    text = json.dumps(tree).encode()
    head = json.dumps(lengths or [len(text), *map(len, blobs)]).encode()
    return len(head).to_bytes(4, "big") + head + text + b"".join(blobs)


TENSOR = {"kind": "tensor", "dtype": "float32", "shape": [2], "blob": 0, "grad": False}


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xff\xff\xff",
        pickle.dumps(print),
        message([1], lengths=[-1]),
        message([1], lengths=[10**12]),
        message([1], lengths=["3"]),
        message({"kind": "code", "source": "print()"}),
        message({"no": "kind"}),
        message(TENSOR),
        message(TENSOR, b"\0" * 7),
        message({**TENSOR, "shape": [-2, -1]}, b"\0" * 8),
        message({**TENSOR, "shape": "2"}, b"\0" * 8),
        message({**TENSOR, "dtype": "quint8"}, b"\0" * 8),
        message({**TENSOR, "blob": 5}, b"\0" * 8),
        message({"kind": "dict", "items": [1]}),
        b"\0\0\0\x07[99999]" + b"[" * 99999,
    ],
)
def test_garbage_is_refused(garbage):
    stream = io.BytesIO(garbage)

    def read(count: int) -> bytes:
        part = stream.read(min(count, wire.LIMIT))
        if len(part) < count:
            raise wire.Garbled("too long, or the other side has ended")
        return part

    with pytest.raises(wire.Garbled):
        wire.unpack(read, lambda reference: None)


def test_any_byte_of_a_bool_is_a_bool():
    tree = {**TENSOR, "dtype": "bool"}
    stream = io.BytesIO(message(tree, b"\x00\x07"))
    assert wire.unpack(stream.read, None).tolist() == [False, True]


def test_silence_and_a_full_pipe_end_in_time():
    inlet, outlet = os.pipe()
    os.set_blocking(outlet, False)
    with open(inlet, "rb", buffering=0) as source, open(outlet, "wb", buffering=0) as sink:
        with pytest.raises(wire.Garbled, match="its time was up"):
            wire.reader(source, time.monotonic() + 0.1)(4)
        with pytest.raises(wire.Garbled, match="its time was up"):
            wire.write(sink, b"x" * 10**6, time.monotonic() + 0.1)
