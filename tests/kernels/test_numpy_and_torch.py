"""The committed NumPy and PyTorch kernels of every loss agree, over the product of their options."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.calls import LOSSES, NAMES, accepted, calls, close, numpy_module, to_torch, torch_call, torch_options


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(data=st.data())
def test_they_agree(name: str, data: st.DataObject) -> None:
    call = data.draw(calls(name))
    before = [a.tobytes() for a in (*call.arguments, call.cotangent)]
    m = numpy_module(name)
    loss, gradient = m.value_and_grad(*call.arguments, **call.with_cotangent())
    function = getattr(import_module("symce_kernels.torch"), name)
    other_loss, other_gradient = torch_call(call, function, **call.options)
    close(loss, other_loss, call.dtype)
    close(gradient, other_gradient, call.dtype)
    assert loss.dtype == gradient.dtype == call.dtype
    np.testing.assert_array_equal(m.value(*call.arguments, **call.options), loss)
    np.testing.assert_array_equal(m.grad(*call.arguments, **call.with_cotangent()), gradient)
    assert [a.tobytes() for a in (*call.arguments, call.cotangent)] == before, "an argument was written to"
    if call.form == "index":
        ignored = call.target == call.options.get("ignore_index", -100)
        assert not gradient[ignored].any(), "an ignored row has a gradient"
        assert np.isfinite(gradient).all(), "a NaN of an ignored row reached the gradient"


SECOND = [name for name in NAMES if hasattr(numpy_module(name), "hvp")]


@pytest.mark.parametrize("name", SECOND)
@settings(max_examples=25)
@given(data=st.data())
def test_the_hessian_is_the_derivative_of_the_gradient(name: str, data: st.DataObject) -> None:
    call = data.draw(calls(name, dtypes=("float64",)))
    v = np.random.default_rng(call.seed).normal(size=call.logits.shape)
    product = numpy_module(name).hvp(*call.arguments, v, **call.with_cotangent())

    z = to_torch(call.logits, True, "float64").detach().clone().requires_grad_()
    args = [] if call.target is None else [to_torch(call.target, call.form == "dense", "float64")]
    options = torch_options(call, call.options)
    loss = getattr(import_module("symce_kernels.torch"), name)(z, *args, **options)
    flow = torch.ones_like(loss)
    if call.options["reduction"] == "none":
        flow = to_torch(call.cotangent, call.cotangent.shape == call.logits.shape, "float64").reshape(loss.shape)
    (gradient,) = torch.autograd.grad(loss, z, flow, create_graph=True)
    expected = torch.zeros_like(z)
    if gradient.requires_grad:
        (expected,) = torch.autograd.grad(gradient, z, to_torch(v, True, "float64"))
    close(product, expected.movedim(min(1, z.dim() - 1), -1), "float64")

    h = 1e-5
    steps = [
        numpy_module(name).grad(call.logits + s * v, *call.arguments[1:], **call.with_cotangent()) for s in (h, -h)
    ]
    np.testing.assert_allclose(product, (steps[0] - steps[1]) / (2 * h), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20)
@given(data=st.data())
def test_the_classes_may_lie_on_any_axis(name: str, data: st.DataObject) -> None:
    call = data.draw(calls(name, dtypes=("float64",)))
    axis = data.draw(st.integers(-call.logits.ndim, call.logits.ndim - 1))

    def moved(a: np.ndarray) -> np.ndarray:
        return np.moveaxis(a, -1, axis) if a.shape == call.logits.shape else a

    options: dict[str, Any] = dict(call.with_cotangent())
    if "cotangent" in options:
        options["cotangent"] = (
            moved(options["cotangent"]) if call.cotangent.ndim == call.logits.ndim else call.cotangent
        )
    options |= {p.name: moved(options[p.name]) for p in LOSSES[name].params if p.shape == "NxK"}
    form_arguments = [moved(call.logits), *(moved(a) if call.form == "dense" else a for a in call.arguments[1:])]
    m = numpy_module(name)
    loss, gradient = m.value_and_grad(*form_arguments, **options, axis=axis)
    right, right_gradient = m.value_and_grad(*call.arguments, **call.with_cotangent())
    entries = np.ndim(right) == call.logits.ndim
    np.testing.assert_array_equal(np.moveaxis(loss, axis, -1) if entries else loss, right)
    np.testing.assert_array_equal(np.moveaxis(gradient, axis, -1), right_gradient)


@settings(max_examples=20)
@given(data=st.data())
def test_a_linear_loss_has_the_hessian_zero(data: st.DataObject) -> None:
    call = data.draw(calls("nll_loss", dtypes=("float64",)))
    m = numpy_module("nll_loss")
    here, there = (m.grad(z, *call.arguments[1:], **call.with_cotangent()) for z in (call.logits, 2 * call.logits + 1))
    np.testing.assert_array_equal(here, there)
    product = m.hvp(*call.arguments, np.ones_like(call.logits), **call.with_cotangent())
    np.testing.assert_array_equal(product, np.zeros_like(call.logits))


def test_most_losses_have_a_hessian_and_every_one_the_options() -> None:
    assert {"cross_entropy", "focal", "bce_with_logits", "softmax_entropy"} <= set(SECOND)
    assert all({"reduction", "normalizer", "axis"} <= accepted(name) for name in NAMES)
