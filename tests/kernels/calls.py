"""Random calls of the committed kernels: what Hypothesis draws, and the arrays that NumPy and PyTorch get."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from hypothesis import strategies as st

import symce_kernels.numpy
from symce.losses import catalogue

NAMES = tuple(symce_kernels.numpy.__all__)
#: what of two float results may differ, relative to the size of what they are sums of
TOLERANCE = {"float64": 1e-12, "float32": 2e-5, "float16": 4e-3, "bfloat16": 3e-2}
LOSSES = catalogue()
LABELS = tuple(name for name in NAMES if LOSSES[name].target == "multilabel")
#: values inside each domain
DOMAINS = {"real": (-1.0, 1.0), "nonnegative": (0.2, 2.0), "positive": (0.5, 2.0), "unit": (0.1, 0.9)}


def numpy_module(name: str) -> Any:
    return import_module(f"symce_kernels.numpy.{name}")


def accepted(name: str) -> set[str]:
    return set(inspect.signature(numpy_module(name).value).parameters)


def forms(name: str) -> tuple[str, ...]:
    """The forms of target that a loss takes."""
    if "target" not in accepted(name):
        return ("none",)
    index = ("index",) if "ignore_index" in accepted(name) else ()
    return index if LOSSES[name].target == "index" else (*index, "dense")


@dataclass(frozen=True)
class Call:
    """A random call: arrays for NumPy with the classes last, in the dtype of the call (bfloat16: float32)."""

    name: str
    form: str
    dtype: str
    logits: np.ndarray
    target: np.ndarray | None
    options: dict[str, Any]
    cotangent: np.ndarray
    seed: int

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        return (self.logits,) if self.target is None else (self.logits, self.target)

    def with_cotangent(self) -> dict[str, Any]:
        return {**self.options, "cotangent": self.cotangent} if self.options["reduction"] == "none" else self.options


@st.composite
def calls(draw: st.DrawFn, name: str, dtypes: tuple[str, ...] = ("float64", "float32", "float16")) -> Call:
    """A call of a loss: K from 1 to 64, batches of 0 to 3 dimensions, every option there or not."""
    size = draw(st.integers(2 if name == "label_smoothing" else 1, 64))
    batch = tuple(draw(st.lists(st.integers(0 if draw(st.booleans()) else 1, 4), max_size=3)))
    dtype, form = draw(st.sampled_from(dtypes)), draw(st.sampled_from(forms(name)))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    logits = (rng.normal(size=(*batch, size)) * draw(st.sampled_from([0.1, 1.0, 5.0]))).astype(dtype)
    known = accepted(name)
    options: dict[str, Any] = {"reduction": draw(st.sampled_from(["mean", "sum", "none"]))}
    target: np.ndarray | None = None
    if form == "index":
        target = rng.integers(0, size, batch)
        if draw(st.booleans()):
            options["ignore_index"] = int(draw(st.sampled_from([-100, 0, 300])))
            dropped = rng.random(batch) < 0.4
            target = np.where(dropped, options["ignore_index"], target)
            logits[target == options["ignore_index"]] = np.nan
        target = np.asarray(target)
    elif form == "dense":
        target = rng.uniform(0.05, 1, logits.shape)
        if name not in LABELS and draw(st.booleans()):
            target /= target.sum(axis=-1, keepdims=True)
        target = target.astype(dtype)
    if "weight" in known and draw(st.booleans()):
        options["weight"] = rng.uniform(0.2, 2, size).astype(dtype)
    if "label_smoothing" in known and draw(st.booleans()):
        options["label_smoothing"] = float(draw(st.sampled_from([0.125, 0.5, 1.0])))
    if draw(st.booleans()):
        options["normalizer"] = 2.5
    for p in LOSSES[name].params:
        if p.default is None or draw(st.booleans()):
            low, high = DOMAINS[p.domain]
            values = {"": None, "K": size, "NxK": logits.shape}[p.shape]
            drawn = np.float16(rng.uniform(low, high, values))
            options[p.name] = drawn.astype(dtype) if p.shape else float(drawn)
    shape = logits.shape if name in LABELS else batch
    return Call(name, form, dtype, logits, target, options, rng.normal(size=shape).astype(dtype), seed)


def to_torch(a: Any, classes: bool, dtype: str) -> Any:
    """An array as a tensor, the classes moved from the last dimension to PyTorch's."""
    import torch

    if not isinstance(a, np.ndarray):
        return a
    tensor = torch.tensor(a)
    if tensor.is_floating_point():
        tensor = tensor.to(getattr(torch, dtype))
    return tensor.movedim(-1, min(1, a.ndim - 1)) if classes else tensor


def torch_options(call: Call, options: dict[str, Any]) -> dict[str, Any]:
    """The options as PyTorch takes them: what has the logits' shape has the classes where the input has them."""
    per_entry = {p.name for p in LOSSES[call.name].params if p.shape == "NxK"}
    return {n: to_torch(a, n in per_entry, call.dtype) for n, a in options.items()}


def torch_call(call: Call, function: Any, **options: Any) -> tuple[Any, Any]:
    """Loss and gradient of a PyTorch function on the arrays of a call, classes last again.

    The call's cotangent flows into the losses of reduction="none", 1 into a reduced one.
    """
    import torch

    # contiguous: F.nll_loss refuses to differentiate what is not
    z = to_torch(call.logits, True, call.dtype).detach().clone(memory_format=torch.contiguous_format).requires_grad_()
    args = [] if call.target is None else [to_torch(call.target, call.form == "dense", call.dtype)]
    given = torch_options(call, options)
    loss = function(z, *args, **given)
    entries = loss.shape == z.shape and call.cotangent.shape == call.logits.shape
    flow = torch.ones_like(loss)
    if options.get("reduction") == "none":
        flow = to_torch(call.cotangent, entries, call.dtype).to(loss.dtype).reshape(loss.shape)
    gradient = torch.autograd.grad(loss, z, flow)[0]
    loss = loss.detach()
    if entries and loss.dim():
        loss = loss.movedim(min(1, loss.dim() - 1), -1)
    return loss, gradient.movedim(min(1, gradient.dim() - 1), -1)


def close(got: Any, expected: Any, dtype: str, scale: float = 1.0) -> None:
    """Equal within the dtype's tolerance, relative to the largest entry; a NaN must be in both."""
    got, expected = (np.asarray(a.double() if hasattr(a, "double") else a, dtype=np.float64) for a in (got, expected))
    assert got.shape == expected.shape
    finite = expected[np.isfinite(expected)]
    size = scale + (np.abs(finite).max() if finite.size else 0.0)
    np.testing.assert_allclose(got, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * size)
