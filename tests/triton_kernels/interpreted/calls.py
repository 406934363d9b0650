"""The generated Triton functions on the cases of ``symce.verify``: run by Triton's interpreter, which calls NumPy."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
import triton.language as tl
from triton.runtime import interpreter

from symce.losses import Loss, catalogue
from symce.verify.case import Array, Case
from symce.verify.modules import Generated, load
from symce_kernels.triton import _calls


def _patch_once() -> None:
    """Have the interpreter patch Triton's language once a kernel, not again at each call of a function: half the time.

    A function patches the modules of the language that it knows by a name.
    """
    patch = interpreter._patch_lang
    patched: list[tuple[frozenset[int], Any]] = []

    def once(fn: Any) -> Any:
        known = frozenset(id(m) for m in fn.__globals__.values() if m is tl or m is tl.core)
        there = next((scope for modules, scope in patched if modules == known), None)
        if there is not None:
            return there
        scope = patch(fn)
        if not patched:  # the kernel's: the interpreter restores this one alone
            restore = scope.restore

            def restored() -> None:
                while patched:
                    _, other = patched.pop()
                    if other is not scope:
                        other.restore()
                restore()

            scope.restore = restored
        patched.append((known, scope))
        return scope

    interpreter._patch_lang = once


_patch_once()
GENERATED = Path(__file__).parents[3] / "generated"
LOSSES = catalogue()


@functools.cache
def numpy_kernel(name: str) -> Generated:
    return load(GENERATED, "numpy", LOSSES[name])


def module(name: str) -> ModuleType:
    return importlib.import_module(f"symce_kernels.triton.{name}")


@contextmanager
def in_blocks(size: int | None) -> Iterator[None]:
    """Have rows passed over in blocks of a size; None: have them held as a whole."""
    before = _calls.WHOLE, _calls.BLOCK
    if size is not None:
        _calls.WHOLE, _calls.BLOCK = 0, size
    try:
        yield
    finally:
        _calls.WHOLE, _calls.BLOCK = before


def call(name: str, case: Case) -> dict[str, Array]:
    """The losses and the gradient of a case, as rows of float64; its rows lie as PyTorch has them, classes second."""
    dtype = getattr(torch, case.dtype)
    batch = case.batch

    def shaped(rows: Array) -> torch.Tensor:
        return torch.as_tensor(rows).reshape(*batch, case.size).movedim(-1, min(1, len(batch)))

    def rows(a: torch.Tensor) -> Array:
        return a.double().movedim(min(1, len(batch)), -1).reshape(case.rows, case.size).numpy()

    given: dict[str, Any] = {}
    for option, a in case.options(numpy_kernel(name)).items():
        given[option] = a if np.ndim(a) == 0 else shaped(a) if np.ndim(a) == 2 else torch.as_tensor(a)
    args = []
    if case.target is not None:
        dense = case.form == "dense"
        args.append(shaped(case.target) if dense else torch.as_tensor(case.target.reshape(batch)))
    z = shaped(case.logits).to(dtype).requires_grad_()
    with np.errstate(all="ignore"):  # an infinity or a NaN that the mathematics has is an answer
        loss = getattr(module(name), name)(z, *args, **given)
    entries = loss.shape == z.shape
    flow = torch.as_tensor(1.0)
    if case.reduction == "none":
        flow = shaped(case.cotangent) if entries else torch.as_tensor(case.cotangent[:, 0]).reshape(loss.shape)
    with np.errstate(all="ignore"):
        loss.backward(flow.to(loss.dtype))
    assert z.grad is not None
    assert z.grad.dtype == z.dtype == loss.dtype
    value = rows(loss.detach()) if entries else loss.detach().double().numpy().reshape(-1)
    return {"value": value, "gradient": rows(z.grad)}


def exact(name: str, case: Case) -> dict[str, Array]:
    """The NumPy kernel on the same numbers, in float64."""
    f = numpy_kernel(name).functions

    def wide(a: Any) -> Any:
        return a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a

    options = {n: wide(a) for n, a in case.options(numpy_kernel(name)).items() if n != "precision"}
    args = () if case.target is None else (wide(case.target),)
    flow = {}
    if case.reduction == "none":
        entries = f["value"](wide(case.logits), *args, **options).ndim == 2
        flow["cotangent"] = wide(case.cotangent if entries else case.cotangent[:, 0])
    value, gradient = f["value_and_grad"](wide(case.logits), *args, **options, **flow)
    return {"value": np.asarray(value).reshape(np.shape(value) if np.ndim(value) == 2 else -1), "gradient": gradient}


def wrong(name: str, case: Case, ulps: float = 32) -> list[str]:
    """What of a call is further from the exact results than so many epsilons of the largest number of its row."""
    got, right = call(name, case), exact(name, case)
    eps, found = torch.finfo(getattr(torch, case.dtype)).eps, []
    tiny = torch.finfo(getattr(torch, case.dtype)).smallest_normal
    for quantity, b in right.items():
        a = got[quantity]
        size = np.max(np.abs(b), axis=-1, keepdims=True, initial=0, where=np.isfinite(b)) if b.ndim == 2 else 0
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore"):  # inf - inf
            near = np.abs(a - b) <= ulps * eps * np.where(np.isfinite(b), np.maximum(size, np.abs(b)), 0) + tiny
        if a.shape != b.shape or not np.all(same | near):
            found.append(f"{name} {case.form} {case.dtype} {case.reduction} {quantity}: {a} is not {b}")
    return found


class Peer:
    """The Triton kernel of a loss, for ``symce.verify.accuracy``."""

    name = "triton"

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    def run(self, case: Case) -> tuple[Array, Array]:
        """The losses and the gradient of a case."""
        found = call(self.loss.name, case)
        return found["value"], found["gradient"]
