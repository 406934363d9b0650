"""What a call must return: weights, smoothing, masks and reductions, from their definitions, around losses of rows.

Written from the mathematics, not from the generated code. With class weights w, smoothing eps and class c:

    index target, loss stated in p[c]     w_c L, the mean divided by the sum of w_c over the rows that count
    index target, loss linear in y        L(q), q = w ((1 - eps) onehot(c) + eps / K); same denominator
    dense target, loss linear in y        L(q), q = w ((1 - eps) y + eps / K); divided by N
    one term a class (multilabel)         w_k L_k, divided by N K
    no target                             L, divided by N

An ignored row gives no loss, no gradient, and is not in a denominator. ``normalizer`` replaces the denominator. Where
that is 0, the mean is NaN or 0, by ``on_empty``, and its derivatives are 0. A row with one logit of +inf is, where
``infinite`` is "limit", certain of that class: as if it were 0 and the others -inf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from symce.losses.loss import Loss
from symce.verify.case import Array, Case


@dataclass(frozen=True)
class Rows:
    """Rows on which a loss is evaluated: logits (M, K), a target (M,) of class indices or (M, K) or None, in float64.

    ``params`` holds numbers, arrays (K,) and arrays (M, K). ``per_entry``: the loss is wanted as one number an entry.
    """

    loss: Loss
    logits: Array
    target: Array | None
    params: Mapping[str, Any]
    per_entry: bool


class Reference(Protocol):
    """Evaluates the statement of a loss and differentiates it, by means that no kernel shares."""

    #: what the report says that kernels were compared with
    name: str

    def evaluate(self, rows: Rows, cotangent: Array, v: Array) -> tuple[Array, Array, Array]:
        """Losses (M,) or per entry (M, K); the gradient (M, K) of their sum weighted by ``cotangent``; its Hessian
        times v (M, K). Raises Undefined where the statement divides by zero for this K."""
        ...


class Undefined(Exception):
    """The statement of a loss has no value for this number of classes."""


@dataclass(frozen=True)
class Outputs:
    """What a call returns, on rows: value () or (N,) or (N, K), gradient (N, K), hvp (N, K) or None."""

    value: Array
    gradient: Array
    hvp: Array | None


@dataclass(frozen=True)
class Expected:
    """The outputs, and the size of the terms that each is made of: what a rounding error is measured against."""

    outputs: Outputs
    scales: Outputs


def expected(
    loss: Loss,
    case: Case,
    reference: Reference,
    *,
    per_entry: bool,
    upstream: float | None,
    logits_round: bool = True,
) -> Expected:
    """The outputs of a call in float64; ``upstream`` flows into the losses, None: the cotangent of the case.

    ``logits_round``: a rounding of the logits is forgiven, as sums with them have. Raises Undefined.
    """
    n, size = case.logits.shape
    weight = np.broadcast_to(np.asarray(1.0 if case.weight is None else case.weight, dtype=np.float64), (size,))
    eps = case.label_smoothing
    kept = np.ones(n, dtype=bool)
    factor = np.ones(n)
    denominator: float = n
    target: Array | None = None
    if case.form == "index":
        assert case.target is not None
        kept = case.target != case.ignore_index
        target = case.target[kept]
        factor = np.where(kept, weight[np.where(kept, case.target, 0)], 0.0)
        denominator = factor.sum()
        if loss.target != "index":
            onehot = np.eye(size)[target]
            target = weight * ((1 - eps) * onehot + eps / size)
            factor = np.where(kept, 1.0, 0.0)
    elif case.form == "dense":
        assert case.target is not None
        dense = np.asarray(case.target, dtype=np.float64)
        if per_entry:
            target, factor, denominator = dense, np.broadcast_to(weight, (n, size)), n * size
        else:
            target = weight * ((1 - eps) * dense + eps / size)
    if per_entry and case.form != "dense":
        denominator, factor = n * size, np.broadcast_to(factor[:, None], (n, size))
    if case.normalizer is not None:
        denominator = case.normalizer

    with np.errstate(divide="ignore", invalid="ignore"):
        empty = case.reduction == "mean" and denominator == 0
        share = np.float64(0.0 if empty else 1.0 / denominator if case.reduction == "mean" else 1.0)
        if upstream is not None:
            inflow: Array = np.full(factor.shape, upstream)
        else:
            inflow = np.asarray(case.cotangent if per_entry else case.cotangent[:, 0], dtype=np.float64)
        flow = factor * (inflow * share)
        logits = _limits(case.logits.astype(np.float64)) if case.infinite == "limit" else case.logits.astype(np.float64)
        rows = Rows(loss, logits[kept], target, _of_rows(case, kept), per_entry)
        losses, gradient, hvp = np.zeros(factor.shape), np.zeros((n, size)), np.zeros((n, size))
        if kept.any():
            of_rows, gradient[kept], hvp[kept] = reference.evaluate(rows, flow[kept], case.v[kept].astype(np.float64))
            losses[kept] = factor[kept] * of_rows
        value = losses if case.reduction == "none" else losses.sum() * share
        if empty:
            value = np.float64(np.nan if case.on_empty == "nan" else 0.0)
        outputs = Outputs(value, gradient, hvp)
        scales = _scales(case, outputs, losses, kept, factor, flow, share, logits_round)
        return Expected(outputs, _rounded_once(scales, case.dtype) if case.precision == "wide" else scales)


def _limits(logits: Array) -> Array:
    """Rows with one logit of +inf as those that they tend to."""
    top = np.isposinf(logits)
    certain = (top.sum(axis=1, keepdims=True) == 1) & ~np.isnan(logits).any(axis=1, keepdims=True)
    limits: Array = np.where(certain, np.where(top, 0.0, -np.inf), logits)
    return limits


def _of_rows(case: Case, kept: Array) -> dict[str, Any]:
    """The parameters in float64, of the rows that count. Those at their default are left to the reference."""
    exact = {n: np.asarray(a, dtype=np.float64) for n, a in case.params.items()}
    return {n: a[kept] if a.ndim == 2 else a for n, a in exact.items()}


def _rounded_once(scales: Outputs, dtype: str) -> Outputs:
    """Sizes where float64 is rounded to a narrow dtype: of float64's own errors, and of the least normal number."""
    least = {"float16": 2.0**-14}.get(dtype, 2.0**-126)
    value, gradient, hvp = (None if a is None else a * 2.0**-20 + least for a in vars(scales).values())
    assert value is not None
    assert gradient is not None
    return Outputs(value, gradient, hvp)


def _scales(
    case: Case,
    outputs: Outputs,
    losses: Array,
    kept: Array,
    factor: Array,
    flow: Array,
    share: Any,
    logits_round: bool,
) -> Outputs:
    """Sizes: of the result, and of the factor that a rounding of the logits, and of the terms of a sum, comes in with.

    Halves are computed in float32, and all in float64 where the precision is wide: there the rounding of the logits is
    small beside that of the result.
    """
    by_row = np.ones((len(kept), 1))
    if logits_round and case.dtype not in ("float16", "bfloat16") and case.precision == "native":
        sizes = np.abs(case.logits[kept].astype(np.float64))
        by_row[kept] += np.where(np.isinf(sizes), 0.0, sizes).max(axis=1, keepdims=True, initial=0.0)
    own = np.abs(losses) + np.abs(factor) * (by_row if losses.ndim == 2 else by_row[:, 0])
    value = own if case.reduction == "none" else own.sum() * np.abs(share)
    inflow = (np.abs(flow) if flow.ndim == 2 else np.abs(flow)[:, None]) * by_row
    inflow = np.where(kept[:, None], inflow, 0.0).max(axis=1, keepdims=True, initial=0.0)
    gradient = inflow + np.abs(outputs.gradient).max(axis=1, keepdims=True, initial=0.0)
    v = np.abs(case.v.astype(np.float64)).max(axis=1, keepdims=True, initial=0.0)
    assert outputs.hvp is not None
    hvp = inflow * v + np.abs(outputs.hvp).max(axis=1, keepdims=True, initial=0.0)
    return Outputs(value, gradient, hvp)
