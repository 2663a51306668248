"""What an engineer may expect of every public module, whatever it does.

Each test runs for each entry of ``modules.CASES``. Where a module cannot keep a point, its entry says so with
words of its docstring, and the test expects exactly that. $VISUAL_ATTENTION_DEVICE=cuda runs all of it there.
"""

import contextlib
import copy
import inspect

import pytest
import torch
from safetensors.torch import load, save
from torch import nn
from torch.func import functional_call, jacrev, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import prune, spectral_norm

from tests.contract.case import Case, Made, floats, run
from tests.contract.inputs import DEVICE
from tests.contract.modules import CASES

CLOSE = {"atol": 2e-5, "rtol": 2e-5}
LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)
LEARNING = [case for case in CASES if any(isinstance(part, LAYERS) for part in case.build().modules())]
ROUGH = {torch.float16: 0.01, torch.bfloat16: 0.06}  # of the largest number: three and two digits


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request) -> Case:
    return request.param


@pytest.fixture(autouse=True)
def exact():
    """On a GPU, single precision is single precision."""
    kept = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = kept


def math():
    """Torch's plain attention, which can be differentiated twice and mapped over samples."""
    return sdpa_kernel(SDPBackend.MATH)


def kept(case: Case, point: str):
    """A context that expects the point to be kept, or to fail as the case says."""
    failure = case.cannot.get(point)
    return pytest.raises(failure.error, match=failure.says) if failure else contextlib.nullcontext()


def same(got: list, want: list, **tolerance) -> None:
    assert len(got) == len(want) > 0
    for one, other in zip(got, want, strict=True):
        torch.testing.assert_close(one, other, **(tolerance or CLOSE))


def taught(module: nn.Module, inputs: tuple) -> set[str]:
    """The layers whose weights a sum of squares of the result teaches."""
    sum(x.square().sum() for x in floats(run(module, inputs)) if x.requires_grad).backward()
    return {name for name, part in layers(module).items() if part.weight.grad is not None}


def layers(module: nn.Module) -> dict[str, nn.Module]:
    return {name: part for name, part in module.named_modules() if isinstance(part, LAYERS)}


def test_a_copy_is_a_module_of_its_own(case):
    module, inputs = case.module(), case.draw()
    want = run(module, inputs)
    other = copy.deepcopy(module)
    same(run(other, inputs), want, atol=0, rtol=0)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.fill_(torch.nan)
    same(run(module, inputs), want, atol=0, rtol=0)


def test_its_state_goes_through_a_file_without_a_pickle(case):
    module, other, inputs = case.module(), case.module(seed=1), case.draw()
    state = module.state_dict()
    if state:
        assert any(not torch.equal(state[name], tensor) for name, tensor in other.state_dict().items())
        written = save({name: tensor.contiguous().cpu() for name, tensor in state.items()})
        other.load_state_dict(load(written))
    same(run(other, inputs), run(module, inputs), atol=0, rtol=0)


def test_the_layout_in_memory_is_all_the_same(case):
    module, inputs = case.module(), case.draw()
    want = run(module, inputs)
    apart = tuple(torch.stack([each, each], dim=-1)[..., 0] for each in inputs)
    assert not any(each.is_contiguous() for each in apart if each.numel() > 1)
    same(run(module, apart), want)
    last = tuple(x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x for x in inputs)
    same(run(module, last), want)


def test_examples_do_not_mix_and_there_may_be_one_or_none(case):
    module, inputs = case.module(), case.draw(batch=3)
    parts = [
        [x if place in case.shared else x[i : i + 1] for place, x in enumerate(inputs)] for i in range(3)
    ]
    none = [x if place in case.shared else x[:0] for place, x in enumerate(inputs)]
    for name, call in case.methods(module).items():
        whole, apart = run(call, inputs), [run(call, part) for part in parts]
        assert all(tensor.shape[0] == 0 for tensor in run(call, none)), name
        alike = all(
            torch.allclose(torch.cat(tensors), tensor, atol=2e-5, rtol=2e-5)
            for *tensors, tensor in zip(*apart, whole, strict=True)
        )
        assert alike != bool(case.mixes), name


def test_a_nan_stays_in_its_example(case):
    module, inputs = case.module(), case.draw(batch=3)
    spoilt = list(inputs)
    for place, x in enumerate(inputs):
        if x.is_floating_point() and place not in case.shared:
            spoilt[place] = x.clone()
            spoilt[place][1] = torch.nan
    want, got = run(module, inputs), run(module, tuple(spoilt))
    if not case.mixes:
        same([tensor[::2] for tensor in got], [tensor[::2] for tensor in want])


def test_every_size_gives_what_double_precision_gives(case):
    module, exact = case.module(), case.module(dtype=torch.float64)
    for size in case.sizes:
        singles, doubles = case.draw(size=size), case.draw(size=size, dtype=torch.float64)
        for name, call in case.methods(module).items():
            with Made() as made:
                want = run(case.methods(exact)[name], doubles)
            assert case.random or not made.otherwise(torch.float64), (name, size)
            assert all(tensor.isfinite().all() for tensor in floats(want)), (name, size)
            got = run(call, singles)
            assert [tensor.shape for tensor in got] == [tensor.shape for tensor in want]
            if not case.random:
                same(floats(got), [tensor.float() for tensor in floats(want)], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("dtype", ROUGH, ids=lambda dtype: str(dtype).removeprefix("torch."))
def test_half_precision_is_kept_and_rounded(case, dtype):
    want = run(case.module(), case.draw())
    got = run(case.module(dtype=dtype), case.draw(dtype=dtype))
    for rounded, exact in zip(got, want, strict=True):
        assert rounded.shape == exact.shape
        assert rounded.dtype == (dtype if exact.is_floating_point() else exact.dtype)
        assert rounded.isfinite().all()
        if not (case.jumps or case.random):
            scale = exact.abs().max().clamp_min(0.1)
            assert ((rounded.to(exact) - exact).abs().max() / scale) < ROUGH[dtype]


def test_autocast_changes_nothing_but_digits(case):
    module, inputs = case.module(), case.draw()
    with torch.autocast(DEVICE.type, dtype=torch.bfloat16):
        got = {name: run(call, inputs) for name, call in case.methods(module).items()}
    for name, call in case.methods(module).items():
        for rounded, exact in zip(got[name], run(call, inputs), strict=True):
            assert rounded.shape == exact.shape and rounded.isfinite().all(), name
            if not (case.jumps or case.random):
                scale = exact.abs().max().clamp_min(0.1)
                assert ((rounded.to(exact) - exact).abs().max() / scale) < ROUGH[torch.bfloat16], name


def test_everything_is_made_where_the_input_is(case):
    meta = torch.device("meta")
    module, inputs = case.module(device=meta), case.draw(device=meta)
    for name, call in case.methods(module).items():
        with kept(case, "meta"), Made() as made:
            run(call, inputs)
        if "meta" not in case.cannot:
            assert not made.elsewhere("meta"), name
    with Made() as made:
        run(case.module(), case.draw())
    assert not made.elsewhere(DEVICE.type)


@pytest.mark.slow
def test_it_compiles_into_one_graph(case):
    module, inputs = case.module(), case.draw()
    torch._dynamo.reset()
    with kept(case, "compile"):
        got = run(torch.compile(module, fullgraph=True, backend="eager"), inputs)
        same(got, run(module, inputs))


@pytest.mark.slow
def test_it_can_be_exported(case):
    module, inputs = case.module(), case.draw()
    with kept(case, "export"):
        got = run(torch.export.export(module, inputs).module(), inputs)
        same(got, run(module, inputs))


def test_it_can_be_mapped_over_examples(case):
    module, inputs = case.module(), case.draw()
    axes = tuple(None if place in case.shared else 0 for place in range(len(inputs)))

    def alone(*example):
        one = (x if axis is None else x[None] for x, axis in zip(example, axes, strict=True))
        return tuple(tensor[0] for tensor in run(module, tuple(one)))

    with math(), kept(case, "vmap"):
        got = run(vmap(alone, in_dims=axes), inputs)
        if case.mixes:
            assert not torch.allclose(got[0], run(module, inputs)[0], **CLOSE)
        else:
            same(got, run(module, inputs))


def differentiable(case: Case, dtype: torch.dtype = torch.float32):
    """The result as a function of all numbers that may change: inputs of floating point, or else weights."""
    module, inputs = case.module(dtype=dtype), case.draw(batch=2, dtype=dtype)
    places = [place for place, x in enumerate(inputs) if x.is_floating_point()]
    if places:
        numbers = tuple(inputs[place] for place in places)

        def function(*numbers):
            given = list(inputs)
            for place, x in zip(places, numbers, strict=True):
                given[place] = x
            return floats(run(module, tuple(given)))[0]
    else:
        # an embedding of words keeps its row for the padding at 0, whatever a gradient says
        learned = [(name, p) for name, p in module.named_parameters() if "embedding" not in name]
        names, numbers = zip(*learned, strict=True)

        def function(*numbers):
            weights = dict(zip(names, numbers, strict=True))
            return floats(run(lambda *given: functional_call(module, weights, given), inputs))[0]

    return function, tuple(x.detach() for x in numbers)


def test_its_jacobian_is_that_of_autograd(case):
    function, numbers = differentiable(case)

    def few(*numbers):
        result = function(*numbers).flatten()
        return result[:: max(1, len(result) // 3)]

    with math(), kept(case, "jacrev"):
        got = jacrev(few, argnums=tuple(range(len(numbers))))(*numbers)
        want = torch.autograd.functional.jacobian(few, numbers)
        same(list(got), list(want))
        assert any(tensor.abs().sum() > 0 for tensor in got)


@pytest.mark.slow
def test_its_second_derivatives_are_right_with_the_plain_kernel(case):
    function, numbers = differentiable(case, torch.float64)
    numbers = tuple(x.requires_grad_() for x in numbers)
    # The quick check weighs the numbers by a draw that may hide what is wrong: what must fail has eight.
    with math(), kept(case, "second"):
        for seed in range(8 if "second" in case.cannot else 1):
            torch.manual_seed(seed)
            assert torch.autograd.gradgradcheck(function, numbers, fast_mode=True, atol=1e-4)


@pytest.mark.parametrize("case", [case for case in CASES if case.fused], ids=lambda case: case.name)
def test_without_the_plain_kernel_they_fail_as_the_docstring_says(case):
    assert "Derivatives:" in inspect.getdoc(case.kind)
    function, numbers = differentiable(case)
    numbers = tuple(x.requires_grad_() for x in numbers)
    first = torch.autograd.grad(function(*numbers).pow(2).sum(), numbers, create_graph=True)
    with pytest.raises(RuntimeError, match="derivative for .*attention.* is not implemented"):
        sum(each.pow(2).sum() for each in first).backward()


def test_its_parts_are_called_and_not_read(case):
    module, inputs = case.module(), case.draw()
    heard: dict[str, int] = {}
    for name, part in module.named_modules():
        if not isinstance(part, nn.ModuleList | nn.ParameterList):
            heard[name] = 0
            part.register_forward_hook(lambda *_, name=name: heard.__setitem__(name, heard[name] + 1))
    run(module, inputs)
    silent = {name for name, times in heard.items() if times == 0}
    again = {name for name, times in heard.items() if times > 1}
    assert set(case.silent) <= silent
    assert not [n for n in silent if not f"{n}.".startswith(tuple(f"{each}." for each in case.silent))]
    assert not [name for name in again if not set(case.again) & set(name.split("."))]


@pytest.mark.slow
@pytest.mark.parametrize("case", LEARNING, ids=lambda case: case.name)
@pytest.mark.parametrize("way", [spectral_norm, nn.utils.parametrizations.spectral_norm], ids=["old", "new"])
def test_its_layers_can_be_normalised_and_still_learn(case, way):
    module, inputs = case.module(), case.draw()
    learning = taught(case.module(), inputs)
    for part in layers(module).values():
        way(part)
    sum(x.square().sum() for x in floats(run(module, inputs)) if x.requires_grad).backward()
    original = "weight_orig" if way is spectral_norm else "parametrizations.weight.original"
    grads = {name: part.get_parameter(original).grad for name, part in layers(module).items()}
    assert {name for name, grad in grads.items() if grad is not None} == learning


@pytest.mark.parametrize("case", LEARNING, ids=lambda case: case.name)
def test_its_layers_can_be_pruned_and_still_learn(case):
    module, plain, inputs = case.module(), case.module(), case.draw()
    learning = taught(case.module(), inputs)
    for name, part in layers(module).items():
        prune.l1_unstructured(part, "weight", amount=0.5)
        with torch.no_grad():
            plain.get_submodule(name).weight.mul_(part.weight_mask)
    same(run(module, inputs), run(plain, inputs))
    sum(x.square().sum() for x in floats(run(module, inputs)) if x.requires_grad).backward()
    grads = {name: part.weight_orig.grad for name, part in layers(module).items()}
    assert {name for name, grad in grads.items() if grad is not None} == learning
    assert not any(grads[name][layers(module)[name].weight_mask == 0].any() for name in learning)
