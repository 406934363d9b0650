"""The working precision: ``precision``, one rounding of loss and gradient, the same forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.calls import NAMES, Call, accepted, calls, forms, numpy_module, to_torch
from kernels.special import torch_function

DTYPES = {n: getattr(torch, n) for n in ("float16", "bfloat16", "float32", "float64")}


def in_dtype(call: Call, dtype: str) -> tuple[tuple[np.ndarray, ...], dict[str, Any]]:
    """The arguments and options of a call, its float arrays in another dtype."""

    def cast(a: Any) -> Any:
        return a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a

    return tuple(map(cast, call.arguments)), {n: cast(a) for n, a in call.options.items()}


def numpy_results(call: Call, dtype: str, **options: Any) -> list[np.ndarray]:
    """Value, value and gradient, Hessian-vector product, with the float arrays of the call in a dtype."""
    m = numpy_module(call.name)
    args, given_ = in_dtype(call, dtype)
    flow = {"cotangent": call.cotangent.astype(dtype)} if call.options["reduction"] == "none" else {}
    v = np.cos(np.arange(call.logits.size)).reshape(call.logits.shape).astype("float16").astype(dtype)
    found = [m.value(*args, **given_, **options), *m.value_and_grad(*args, **given_, **flow, **options)]
    if hasattr(m, "hvp"):
        found.append(m.hvp(*args, v, **given_, **flow, **options))
    return [np.asarray(a) for a in found]


def torch_results(call: Call, dtype: str, **options: Any) -> list[Any]:
    """Loss, gradient and Hessian-vector product; the classes of NumPy's arrays are moved to where PyTorch has them."""
    last = call.logits.ndim - 1

    def tensor(a: Any) -> Any:
        return to_torch(a, np.ndim(a) == last + 1 and np.shape(a) == call.logits.shape and last > 0, dtype)

    z = tensor(call.logits).detach().clone().requires_grad_()
    given_ = {n: tensor(a) for n, a in call.options.items()}
    loss = torch_function(call.name)(z, *map(tensor, call.arguments[1:]), **given_, **options)
    # numbers that every dtype has, so that the gradient flows from the same ones
    flow = torch.cos(torch.arange(loss.numel())).bfloat16().reshape(loss.shape).to(loss.dtype)
    (gradient,) = torch.autograd.grad(loss, z, flow, create_graph=True)
    found = [loss.detach(), gradient.detach()]
    if gradient.requires_grad:
        v = torch.sin(torch.arange(z.numel())).bfloat16().reshape(z.shape).to(z.dtype)
        found.append(torch.autograd.grad(gradient, z, v)[0])
    return found


def bits(a: Any) -> bytes:
    """The bytes of an array or tensor, all NaN alike."""
    a = torch.as_tensor(a).reshape(-1)
    return torch.where(a.isnan(), torch.nan, a).view(torch.uint8).numpy().tobytes() if a.numel() else b""


def rounded_once(wider: Any, dtype: str) -> Any:
    """The tensor in another dtype, rounded once: PyTorch takes float64 to half by way of float32, and so rounds twice.

    A float32 that is cut off, with its last bit set where anything was, lies on no middle of two halves by mistake.
    """
    if wider.dtype != torch.float64 or dtype not in ("float16", "bfloat16"):
        return wider.to(DTYPES[dtype])
    exact = wider.numpy()
    with np.errstate(over="ignore"):
        near = exact.astype("float32")
    cut = np.where(np.abs(near) > np.abs(exact), np.nextafter(near, np.float32(0)), near)
    odd = (cut.view("uint32") | (cut != exact)).view("float32")
    return torch.from_numpy(np.where(np.isnan(exact), near, odd)).to(DTYPES[dtype])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_numpy_rounds_once(name: str, data: st.DataObject) -> None:
    """Wide is float64 rounded to the dtype of the logits; half is float32 rounded, bit for bit."""
    call = data.draw(calls(name, dtypes=("float16", "float32")))
    working = {"native": "float32", "wide": "float64"}
    for precision, dtype in working.items():
        got = numpy_results(call, call.dtype, precision=precision)
        with np.errstate(over="ignore"):
            right = [a.astype(call.dtype) for a in numpy_results(call, dtype)]
        for a, b in zip(got, right, strict=True):
            assert a.dtype == call.dtype
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_torch_rounds_once(name: str, data: st.DataObject) -> None:
    call = data.draw(calls(name, dtypes=("float16",)))
    for dtype in ("float16", "bfloat16", "float32"):
        for precision, working in (("native", "float32"), ("wide", "float64")):
            exact = in_bfloat16(call) if dtype == "bfloat16" else call
            got, wider = torch_results(exact, dtype, precision=precision), torch_results(exact, working)
            for a, b in zip(got, wider, strict=True):
                assert a.dtype == DTYPES[dtype]
                # once by the compiled kernels, as PyTorch rounds by its operators
                assert bits(a) in (bits(rounded_once(b, dtype)), bits(b.to(DTYPES[dtype])))


def in_bfloat16(call: Call) -> Call:
    """The call with numbers that bfloat16 has."""

    def cast(a: Any) -> Any:
        return torch.tensor(a).bfloat16().float().numpy() if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a

    options = {n: cast(a) for n, a in call.options.items()}
    return Call(**{**vars(call), "logits": cast(call.logits), "target": cast(call.target), "options": options})


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5)
@given(data=st.data())
def test_float64_is_wide_already(name: str, data: st.DataObject) -> None:
    call = data.draw(calls(name, dtypes=("float64",)))
    for run in (numpy_results, torch_results):
        for a, b in zip(run(call, "float64"), run(call, "float64", precision="wide"), strict=True):
            assert bits(a) == bits(b)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_what_comes_in_float64_is_not_rounded(library: str) -> None:
    """A float64 target, weight or parameter beside float32 logits counts in full where the precision is wide."""
    z = np.array([[0.5, 1.25, -2.0], [0.25, 0.0, 3.0]], dtype="float32")
    y, w = np.full((2, 3), 1 / 3), np.array([0.1, 0.7, 1.3])
    exact = numpy_module("weighted_cross_entropy").value_and_grad(z.astype("float64"), y, w=w, weight=w[::-1])
    rounded = numpy_module("weighted_cross_entropy").value_and_grad(
        z.astype("float64"), y.astype("float32").astype("float64"), w=np.float64(np.float32(w)), weight=w[::-1]
    )
    assert any((a.astype("float32") != b.astype("float32")).any() for a, b in zip(exact, rounded, strict=True))
    if library == "numpy":
        got = numpy_module("weighted_cross_entropy").value_and_grad(z, y, w=w, weight=w[::-1], precision="wide")
    else:
        t = torch.tensor(z, requires_grad=True)
        loss = torch_function("weighted_cross_entropy")(
            t, torch.tensor(y), w=torch.tensor(w), weight=torch.tensor(w[::-1].copy()), precision="wide"
        )
        got = loss.detach().numpy(), torch.autograd.grad(loss, t)[0].numpy()
    for a, b in zip(got, exact, strict=True):
        np.testing.assert_array_equal(a, b.astype("float32"))


@pytest.mark.parametrize("precision", ["native", "wide"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_mean_of_halves_does_not_overflow(dtype: str, precision: str) -> None:
    """Each loss is near the largest half, their sum far beyond it, and the count of 4,099 rows is no half either."""
    z = torch.zeros(4099, 2).to(DTYPES[dtype])
    z[:, 0] = 60000
    z.requires_grad_()
    loss = torch_function("cross_entropy")(z, torch.ones(4099, dtype=torch.long), precision=precision)
    (gradient,) = torch.autograd.grad(loss, z)
    assert loss == z[0, 0].detach()
    right = torch.tensor([1.0, -1.0], dtype=torch.float64) / 4099
    assert torch.equal(gradient, right.to(DTYPES[dtype]).expand(4099, 2))
    if dtype == "float16":
        m = numpy_module("cross_entropy")
        loss, gradient = m.value_and_grad(z.detach().numpy(), np.ones(4099, dtype=int), precision=precision)
        assert loss == np.float16(60000)
        np.testing.assert_array_equal(gradient, np.broadcast_to(right.numpy().astype("float16"), (4099, 2)))


@pytest.mark.parametrize("precision", ["native", "wide"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", ["cross_entropy", "focal", "bce_with_logits", "softmax_entropy"])
def test_autocast_changes_the_dtype_of_the_loss_alone(name: str, dtype: str, precision: str) -> None:
    """Forward and backward compute in one precision, within autocast and out of it: the same gradient, bit for bit."""
    g = torch.Generator().manual_seed(1)
    z = (3 * torch.randn(6, 5, generator=g)).to(DTYPES[dtype])
    targets = {"softmax_entropy": (), "bce_with_logits": (torch.rand(6, 5, generator=g).to(DTYPES[dtype]),)}
    args = targets.get(name, (torch.randint(0, 5, (6,), generator=g),))

    def run(forward: bool, backward: bool) -> tuple[Any, Any, Any]:
        x = z.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=forward):
            loss = torch_function(name)(x, *args, precision=precision)
        with torch.autocast("cpu", torch.bfloat16, enabled=backward):
            (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
            (second,) = torch.autograd.grad(gradient.sum(), x)
        return loss.detach(), gradient.detach(), second

    plain = run(False, False)
    for forward, backward in ((True, False), (True, True), (False, True)):
        loss, gradient, second = run(forward, backward)
        full = torch.promote_types(DTYPES[dtype], torch.float32)
        assert loss.dtype == (full if forward else DTYPES[dtype])
        assert loss.to(DTYPES[dtype]) == plain[0]
        assert gradient.dtype == second.dtype == DTYPES[dtype]
        assert torch.equal(gradient, plain[1])
        assert torch.equal(second, plain[2])
    assert plain[0].isfinite()


def test_a_number_a_class_is_not_rounded_to_the_half_of_the_logits() -> None:
    """A parameter given as a number, 0.1 a class and entry, is that in the working precision."""
    z = torch.linspace(-1, 1, 12).half().reshape(3, 4)
    for w in (0.1, torch.full((4,), 0.1)):
        got = torch_function("weighted_cross_entropy")(z, torch.tensor([0, 1, 2]), w=w)
        right = torch_function("weighted_cross_entropy")(z.float(), torch.tensor([0, 1, 2]), w=torch.full((4,), 0.1))
        assert torch.equal(got, right.half())
    got = torch_function("distillation")(z, t=0.1, T=0.7)
    right = torch_function("distillation")(z.float(), t=torch.full((3, 4), 0.1), T=0.7)
    assert torch.equal(got, right.half())


def test_binary_cross_entropy_with_weights_rounds_once() -> None:
    from symce_kernels.torch import functional

    g = torch.Generator().manual_seed(2)
    z, y, w = (torch.rand(7, 3, generator=g).half() for _ in range(3))
    for reduction in ("mean", "sum", "none"):
        got = functional.binary_cross_entropy_with_logits(z, y, w, reduction=reduction)
        right = functional.binary_cross_entropy_with_logits(z.float(), y.float(), w.float(), reduction=reduction)
        assert torch.equal(got, right.half())


@pytest.mark.parametrize("name", NAMES)
def test_unknown_words_are_named(name: str) -> None:
    z = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])
    y = np.full((2, 3), 1 / 3)
    args = {"none": (z,), "index": (z, np.array([0, 1])), "dense": (z, y)}[forms(name)[0]]
    required = {"t": y} if name == "distillation" else {}
    words = {
        "precision": '"native", "wide"',
        "on_empty": '"nan", "zero"',
        "reduction": '"mean", "sum", "none"',
        **({"infinite": '"nan", "limit"'} if "infinite" in accepted(name) else {}),
    }
    for option, allowed in words.items():
        for function in ("value", "grad", "value_and_grad"):
            with pytest.raises(ValueError, match=f"{option}: 'exact'; allowed: {allowed}"):
                getattr(numpy_module(name), function)(*args, **required, **{option: "exact"})
        tensors = {n: torch.tensor(a) for n, a in required.items()}
        with pytest.raises(ValueError, match=f"{option}: 'exact'; allowed: {allowed}"):
            torch_function(name)(*map(torch.tensor, args), **tensors, **{option: "exact"})


def test_the_module_holds_the_options() -> None:
    from symce_kernels.torch import CrossEntropyLoss

    z = torch.tensor([[torch.inf, 0.0, 0.3]], dtype=torch.float32, requires_grad=True)
    module = CrossEntropyLoss(precision="wide", infinite="limit", on_empty="zero")
    assert "on_empty='zero', infinite='limit', precision='wide'" in repr(module)
    assert module(z, torch.tensor([0])) == 0
    assert module(z, torch.tensor([-100])) == 0
    logits = torch.tensor([[0.1, 0.7, -3.3]])
    plain = torch_function("cross_entropy")(logits.double(), torch.tensor([1]))
    assert module(logits, torch.tensor([1])) == plain.float()
