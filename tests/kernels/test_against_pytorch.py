"""The committed kernels against PyTorch's own losses, where PyTorch has them: values and gradients."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernels.calls import Call, calls, close, numpy_module, torch_call

F = torch.nn.functional
LOSSES = import_module("symce_kernels.torch")
EVERY_DTYPE = ("float64", "float32", "float16", "bfloat16")


def drawn(
    data: st.DataObject, name: str, without: tuple[str, ...] = ("normalizer",), dtypes: Any = EVERY_DTYPE
) -> Call:
    """A call without the options that PyTorch lacks."""
    if "bfloat16" in dtypes and data.draw(st.integers(0, 3)) == 0:
        call = data.draw(calls(name, dtypes=("float32",)))
        call = Call(**{**vars(call), "dtype": "bfloat16"})
    else:
        call = data.draw(calls(name))
    for option in without:
        call.options.pop(option, None)
    return call


def same(call: Call, ours: Any, theirs: Any, **options: Any) -> None:
    found = torch_call(call, ours, **call.options)
    right = torch_call(call, theirs, **{"reduction": call.options["reduction"], **options})
    for a, b in zip(found, right, strict=True):
        assert a.dtype == b.dtype
        close(a, b, call.dtype)


@settings(max_examples=150)
@given(data=st.data())
def test_cross_entropy(data: st.DataObject) -> None:
    call = drawn(data, "cross_entropy")
    # of an empty or a fully ignored batch PyTorch's gradient is 0 or NaN by the path it takes: ours is 0, tested below
    assume(call.logits.size and (call.form == "dense" or (call.target != call.options.get("ignore_index", -100)).any()))
    if call.form == "index":
        kept = call.target != call.options.get("ignore_index", -100)
        call.logits[~kept] = 0.5  # PyTorch lets a NaN of an ignored row into the gradient
    same(call, LOSSES.cross_entropy, F.cross_entropy, **call.options)
    if call.dtype != "bfloat16":
        loss, gradient = numpy_module("cross_entropy").value_and_grad(*call.arguments, **call.with_cotangent())
        right = torch_call(call, F.cross_entropy, **call.options)
        close(loss, right[0], call.dtype)
        close(gradient, right[1], call.dtype)


@settings(max_examples=60)
@given(data=st.data())
def test_functional_is_a_drop_in(data: st.DataObject) -> None:
    functional = import_module("symce_kernels.torch.functional")
    call = drawn(data, "cross_entropy")
    assume(call.logits.size and (call.form == "dense" or (call.target != call.options.get("ignore_index", -100)).any()))
    if call.form == "index":
        call.logits[call.target == call.options.get("ignore_index", -100)] = 0.5
    same(call, functional.cross_entropy, F.cross_entropy, **call.options)


@settings(max_examples=60)
@given(data=st.data())
def test_binary_cross_entropy(data: st.DataObject) -> None:
    call = drawn(data, "bce_with_logits")
    assume(call.logits.size)
    weight = call.options.get("weight")
    options = {}
    if weight is not None:  # ours is one a class; PyTorch broadcasts to the input, whose classes are second
        shape = [1] * call.logits.ndim
        shape[min(1, call.logits.ndim - 1)] = -1
        options["weight"] = weight.reshape(shape)
    same(call, LOSSES.bce_with_logits, F.binary_cross_entropy_with_logits, **options)


@settings(max_examples=60)
@given(data=st.data())
def test_nll(data: st.DataObject) -> None:
    call = drawn(data, "nll_loss")
    assume(call.logits.size and (call.target != call.options.get("ignore_index", -100)).any())
    assume(call.dtype not in ("float16", "bfloat16"))  # PyTorch has it in neither on a CPU
    call.logits[call.target == call.options.get("ignore_index", -100)] = 0.5
    same(call, LOSSES.nll_loss, F.nll_loss, **call.options)


@settings(max_examples=60)
@given(data=st.data())
def test_label_smoothing_in_both_conventions(data: st.DataObject) -> None:
    """eps / K is PyTorch's; eps / (K - 1) is PyTorch's at eps K / (K - 1)."""
    name = data.draw(st.sampled_from(["label_smoothing", "label_smoothing_uniform"]))
    call = drawn(data, name, without=("normalizer", "weight", "ignore_index"))
    call.target[call.target >= call.logits.shape[-1]] = 0
    call.target[call.target < 0] = 0
    call.logits[~np.isfinite(call.logits)] = 0.5
    assume(call.logits.size)
    size, eps = call.logits.shape[-1], call.options.pop("eps", 0.1)
    call.options["eps"] = eps
    theirs = eps * size / (size - 1) if name == "label_smoothing" else eps
    assume(theirs <= 1)
    same(call, getattr(LOSSES, name), F.cross_entropy, label_smoothing=theirs)


@settings(max_examples=40)
@given(data=st.data())
def test_kl_of_target_and_softmax(data: st.DataObject) -> None:
    call = drawn(data, "kl_target_softmax", dtypes=("float64",))
    assume(call.logits.size)

    def theirs(z: Any, y: Any, reduction: str) -> Any:
        dim = min(1, z.dim() - 1)
        losses = F.kl_div(F.log_softmax(z, dim), y, reduction="none").sum(dim)
        return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()

    same(call, LOSSES.kl_target_softmax, theirs)


@settings(max_examples=40)
@given(data=st.data())
def test_entropy(data: st.DataObject) -> None:
    call = drawn(data, "softmax_entropy", dtypes=("float64",))
    assume(call.logits.size and call.dtype != "float16")

    def theirs(z: Any, reduction: str) -> Any:
        losses = torch.distributions.Categorical(logits=z.movedim(min(1, z.dim() - 1), -1)).entropy()
        return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()

    same(call, LOSSES.softmax_entropy, theirs)


@settings(max_examples=40)
@given(data=st.data())
def test_focal_losses_without_focus_are_cross_entropies(data: st.DataObject) -> None:
    call = drawn(data, "focal", without=("normalizer", "alpha", "gamma"))
    assume(call.logits.size and (call.target != call.options.get("ignore_index", -100)).any())
    call.logits[call.target == call.options.get("ignore_index", -100)] = 0.5
    rest = {n: a for n, a in call.options.items() if n != "gamma"}
    call.options["gamma"] = 0.0
    same(call, LOSSES.focal, F.cross_entropy, **rest)
    call = drawn(data, "sigmoid_focal", without=("normalizer", "weight"))
    assume(call.logits.size)
    call.options.update(gamma=0.0, alpha=1.0, beta=1.0)
    same(call, LOSSES.sigmoid_focal, F.binary_cross_entropy_with_logits)


@settings(max_examples=40)
@given(data=st.data())
def test_a_temperature_divides_the_logits(data: st.DataObject) -> None:
    call = drawn(data, "temperature_cross_entropy", dtypes=("float64",))
    assume(call.logits.size and (call.form == "dense" or (call.target != call.options.get("ignore_index", -100)).any()))
    if call.form == "index":
        call.logits[call.target == call.options.get("ignore_index", -100)] = 0.5
    assume(call.dtype in ("float64", "float32"))
    options = dict(call.options)
    temperature = options.pop("T", 1.0)
    same(
        call, LOSSES.temperature_cross_entropy, lambda z, *a, **o: F.cross_entropy(z / temperature, *a, **o), **options
    )


def test_weights_of_the_statement_are_not_in_the_denominator() -> None:
    """The seed divides by N; PyTorch, for class indices, by the sum of the weights of the targets."""
    rng = np.random.default_rng(0)
    z, c, w = (
        torch.tensor(rng.normal(size=(6, 4))),
        torch.tensor(rng.integers(0, 4, 6)),
        torch.tensor([0.5, 1, 2, 4.0], dtype=torch.float64),
    )
    by_n = LOSSES.weighted_cross_entropy(z, c, w=w)
    torch.testing.assert_close(by_n, F.cross_entropy(z, c, weight=w, reduction="sum") / 6)
    torch.testing.assert_close(LOSSES.cross_entropy(z, c, weight=w), F.cross_entropy(z, c, weight=w))
    assert abs(by_n - F.cross_entropy(z, c, weight=w)) > 1e-3


@pytest.mark.parametrize("shape", [(0, 3), (3, 3)])
def test_nothing_to_average(shape: tuple[int, int]) -> None:
    """As PyTorch: a NaN, with a gradient of 0."""
    z = torch.full(shape, float("nan"), requires_grad=True)
    c = torch.full(shape[:1], -100)
    loss = LOSSES.cross_entropy(z, c)
    assert torch.isnan(loss)
    assert torch.isnan(F.cross_entropy(torch.zeros(shape), c))
    assert not torch.autograd.grad(loss, z)[0].any()
