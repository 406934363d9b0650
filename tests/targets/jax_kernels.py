"""The generated JAX functions on the cases that ``symce.verify`` asks of other kernels: rows in, rows out.

XLA compiles a function for each shape: calls are traced once for each set of options, and numbers are passed to them.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from symce.losses import Loss, catalogue
from symce.verify.case import Array, Case
from symce.verify.checks import entries_or_error
from symce.verify.modules import Generated, load

GENERATED = Path(__file__).parents[2] / "generated"
LOSSES = catalogue()
WORDS = ("reduction", "on_empty", "infinite", "precision", "axis")


@functools.cache
def numpy_kernel(name: str) -> Generated:
    return load(GENERATED, "numpy", LOSSES[name])


@functools.cache
def per_entry(name: str) -> bool:
    """Whether reduction="none" gives one loss an entry, rather than one a row."""
    return entries_or_error(numpy_kernel(name))


def module(name: str) -> ModuleType:
    return importlib.import_module(f"symce_kernels.jax.{name}")


def function(name: str) -> Callable[..., jax.Array]:
    return getattr(module(name), name)


@functools.cache
def derivatives(loss: Callable[..., jax.Array], words: tuple[tuple[str, Any], ...]) -> Callable[..., Any]:
    """Value, gradient and Hessian times v of a loss, compiled; ``words`` are the options that cannot be traced."""

    @jax.jit
    def all_three(z: jax.Array, given: dict[str, Any], flow: jax.Array, v: jax.Array) -> tuple[jax.Array, ...]:
        def gradient(z: jax.Array) -> tuple[jax.Array, jax.Array]:
            value, back = jax.vjp(lambda z: loss(z, **given, **dict(words)), z)
            return back(flow.astype(value.dtype).reshape(value.shape))[0], value

        derivative, along, value = jax.jvp(gradient, (z,), (v,), has_aux=True)
        return value, derivative, along

    return all_three


def call(
    name: str, case: Case, upstream: float = 1.0, loss: Callable[..., jax.Array] | None = None
) -> dict[str, Array]:
    """Value, gradient and Hessian-vector product as rows of float64, by JAX's own differentiation."""

    def shaped(rows: Array) -> jax.Array:
        a = jnp.asarray(np.moveaxis(rows.reshape(*case.batch, -1), -1, case.axis))
        return a.astype(case.dtype) if a.dtype == jnp.float32 else a  # bfloat16 has float32 arrays in a case

    given: dict[str, Any] = {}
    if case.target is not None:
        given["target"] = jnp.asarray(case.target.reshape(case.batch)) if case.form == "index" else shaped(case.target)
    for option, a in case.options(numpy_kernel(name)).items():
        given[option] = shaped(a) if option in case.params and np.ndim(a) == 2 else a
    words = {"axis": case.axis, **{w: given.pop(w) for w in WORDS if w in given}}
    entries = per_entry(name) and case.reduction == "none"
    flow = jnp.asarray(upstream)
    if case.reduction == "none":
        flow = shaped(case.cotangent) if entries else jnp.asarray(case.cotangent[:, 0])
    z = shaped(case.logits)
    run = derivatives(loss or function(name), tuple(sorted(words.items())))
    results = run(z, given, flow, shaped(case.v).astype(z.dtype))
    assert all(a.dtype == z.dtype for a in results)
    value, gradient, hvp = (np.asarray(a.astype(jnp.float64)) for a in results)
    assert value.shape == (z.shape if entries else case.batch if case.reduction == "none" else ())

    def rows(a: Array) -> Array:
        return np.moveaxis(a, case.axis, -1).reshape(case.rows, case.size)

    if case.reduction == "none":
        value = rows(value) if entries else value.reshape(case.rows)
    return {"value": value, "gradient": rows(gradient), "hvp": rows(hvp)}


class Peer:
    """The JAX kernel of a loss, for ``symce.verify.accuracy``."""

    name = "jax"

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    def run(self, case: Case) -> tuple[Array, Array]:
        """The losses and the gradient of a case; its rows are repeated up to one size, for which XLA compiles once."""
        rows = np.resize(np.arange(case.rows), max(64, -(-case.rows // 64) * 64))
        filled = {n: a[rows] if np.ndim(a) == 2 else a for n, a in case.params.items()}
        target = None if case.target is None else case.target[rows]
        more = replace(
            case, batch=(len(rows),), axis=-1, logits=case.logits[rows], target=target, params=filled, v=case.v[rows],
            cotangent=case.cotangent[rows],
        )  # fmt: skip
        found = call(self.loss.name, more)
        return found["value"][: case.rows], found["gradient"][: case.rows]
