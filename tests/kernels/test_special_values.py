"""Infinite and NaN logits, rows that do not count, nothing to average, one class: what docs/numerics.md states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels.calls import LABELS, NAMES
from kernels.special import (
    BOUNDED,
    CASES,
    COUNTING,
    DTYPES,
    INDEX,
    INFINITE,
    LIBRARIES,
    LIMIT,
    MASKING,
    ROWS,
    SOFTMAX,
    call,
    rows,
    target_of,
)

INF, NAN = np.inf, np.nan
libraries = pytest.mark.parametrize("library", LIBRARIES)
cases = pytest.mark.parametrize(("name", "form"), CASES)
dtypes = pytest.mark.parametrize("dtype", DTYPES)


# --- infinite and NaN logits ------------------------------------------------------------------------------------------


@libraries
@dtypes
@cases
def test_a_masked_class_is_not_there(name: str, form: str, dtype: str, library: str) -> None:
    """A logit of -inf: gradient and curvature exactly 0, and all else what it is on the classes that are left."""
    z = np.insert(rows(dtype), [1, 3], -INF, axis=1)
    masked, left = [1, 4], [0, 2, 3, 5]
    target = target_of(name, form, z)
    if form == "dense" and name not in LABELS:
        target[:] = 0
        target[:, left] = 0.5, 0.25, 0.125, 0.125
    result = call(library, name, z, target)
    if name in COUNTING:  # a share of the target is on the masked class
        assert np.isposinf(result.loss).all()
        assert np.isfinite(result.gradient).all()
        return
    np.testing.assert_array_equal(result.gradient[:, masked], 0)
    if name not in MASKING:
        return
    options = (
        {"t": np.linspace(-1, 1, z.size).reshape(z.shape)[:, left].astype(dtype)} if name == "distillation" else {}
    )
    alone = call(library, name, z[:, left], target[:, left] if form == "dense" else target, **options)
    tolerance = {"float64": 4e-15, "float32": 2e-6, "float16": 2e-3}[dtype]
    loss = result.loss[:, left] if name in LABELS else result.loss
    np.testing.assert_allclose(loss, alone.loss, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(result.gradient[:, left], alone.gradient, rtol=tolerance, atol=tolerance)
    if result.hvp is not None:
        np.testing.assert_array_equal(result.hvp[:, masked], 0)
        assert np.isfinite(result.hvp).all()


@libraries
@dtypes
@cases
def test_a_true_class_that_is_masked(name: str, form: str, dtype: str, library: str) -> None:
    """The loss is +inf where it is -log p of the true class, and finite where it is bounded; the gradient is finite."""
    z = rows(dtype)
    z[:, 0] = -INF
    options: dict[str, Any] = {"t": rows(dtype)} if name == "distillation" else {}
    result = call(library, name, z, target_of(name, form, z), **options)
    loss = result.loss[:, 0] if name in LABELS else result.loss
    if name in INFINITE:
        np.testing.assert_array_equal(loss, INF)
    else:
        assert np.isfinite(loss).all()
    assert np.isfinite(result.gradient).all()
    if name in SOFTMAX and name in MASKING and name != "z_loss":
        slack = {"float64": 1e-14, "float32": 1e-5, "float16": 5e-2}[dtype]
        np.testing.assert_allclose(result.gradient.sum(axis=1), 0, atol=slack)


def test_every_loss_with_a_true_class_is_of_one_kind_or_the_other() -> None:
    assert not INFINITE & BOUNDED
    assert set(NAMES) - INFINITE - BOUNDED == {"softmax_entropy"}


@libraries
@dtypes
@pytest.mark.parametrize(("name", "form"), [c for c in CASES if c[0] in SOFTMAX and c[0] in MASKING])
def test_where_every_class_is_masked_there_is_no_softmax(name: str, form: str, dtype: str, library: str) -> None:
    z = rows(dtype)
    z[1] = -INF
    result = call(library, name, z, target_of(name, form, z), **({"t": rows(dtype)} if name == "distillation" else {}))
    assert np.isnan(result.loss[1])
    assert np.isnan(result.gradient[1]).all()
    assert np.isfinite(result.loss[[0, 2]]).all()


@libraries
@pytest.mark.parametrize("value", [NAN, INF, -INF])
@cases
def test_what_a_row_holds_stays_in_it(name: str, form: str, value: float, library: str) -> None:
    """The other rows have the same bits as without it."""
    z = rows()
    z[1, 2] = value
    finite = {"t": rows()} if name == "distillation" else {}
    result, without = (
        call(library, name, z, target_of(name, form, z), **finite),
        call(library, name, ROWS, target_of(name, form, z), **finite),
    )
    for got, right in zip(result.rows([0, 2]), without.rows([0, 2]), strict=True):
        assert got.tobytes() == right.tobytes()
    if np.isnan(value) and name in SOFTMAX:
        assert np.isnan(result.loss[1])
        assert np.isnan(result.gradient[1]).all()
    for reduction in ("mean", "sum"):
        reduced = call(library, name, z, target_of(name, form, z), reduction=reduction, **finite)
        whole = call(library, name, ROWS, target_of(name, form, z), reduction=reduction, **finite)
        assert reduced.gradient[[0, 2]].tobytes() == whole.gradient[[0, 2]].tobytes()


@libraries
@dtypes
@pytest.mark.parametrize(("name", "form"), [c for c in CASES if c[0] in LIMIT])
def test_one_logit_of_plus_infinity(name: str, form: str, dtype: str, library: str) -> None:
    """NaN, as in PyTorch; or the limit, where that class is certain. Two of them, or a NaN beside it, are NaN."""
    z = rows(dtype)
    z[0, 1] = z[1, 0] = z[2, 0] = z[2, 2] = INF
    z = np.concatenate([z, z[:1], rows(dtype)[:1]])
    z[3, 0] = NAN
    target = target_of(name, form, z)
    finite = {"t": np.ones_like(z)} if name == "distillation" else {}
    for options in ({}, {"infinite": "nan"}):
        result = call(library, name, z, target, **finite, **options)
        assert np.isnan(result.loss[:4]).all()
        assert np.isnan(result.gradient[:4]).all()
        assert result.hvp is None or np.isnan(result.hvp[:4]).any(axis=1).all()
        assert np.isfinite(result.loss[4])
    limit = np.array([[-INF, 0, -INF, -INF], [0, -INF, -INF, -INF], [NAN] * 4, [NAN] * 4, z[4]], dtype)
    result = call(library, name, z, target, infinite="limit", **finite)
    for got, right in zip(result.rows(...), call(library, name, limit, target, **finite).rows(...), strict=True):
        np.testing.assert_array_equal(got, right)
    assert np.isfinite(result.gradient[:2]).all()
    if form == "index" and name in INFINITE - set(COUNTING):
        np.testing.assert_array_equal(result.loss[:2], [INF, 0])
        np.testing.assert_array_equal(np.sign(result.gradient[0]), [-1, 1, 0, 0])
        np.testing.assert_array_equal(result.gradient[1], 0)


def test_the_limit_is_an_option_where_softmax_decides_alone() -> None:
    assert set(LIMIT) == set(SOFTMAX) & set(MASKING) - {"z_loss"}


# --- targets with zeros, one class ------------------------------------------------------------------------------------


@libraries
@dtypes
@pytest.mark.parametrize("name", [n for n in INDEX if (n, "dense") in CASES])
def test_a_one_hot_target_is_its_class(name: str, dtype: str, library: str) -> None:
    """Zeros in the target cost nothing, at logits far apart and at masked ones."""
    z = np.concatenate([rows(dtype), np.array([[200, -200, 0, 1], [-INF, 5, -INF, 0]], dtype)])
    index, dense = (call(library, name, z, target_of(name, form, z, [0, 2, 1, 0, 1])) for form in ("index", "dense"))
    tolerance = {"float64": 4e-15, "float32": 2e-6, "float16": 2e-3}[dtype]
    for got, right in zip(dense.rows(...), index.rows(...), strict=True):
        assert np.isfinite(got).all()
        np.testing.assert_allclose(got, right, rtol=tolerance, atol=tolerance)


@libraries
@dtypes
@pytest.mark.parametrize(("name", "form"), [c for c in CASES if c[0] in SOFTMAX and c[0] != "label_smoothing"])
def test_one_class_is_certain(name: str, form: str, dtype: str, library: str) -> None:
    """Softmax of one class is 1: no loss and no gradient, but for what the logit itself adds."""
    z = np.array([[5.0], [-3.0], [0.0]], dtype)
    result = call(library, name, z, target_of(name, form, z))
    if name == "z_loss":
        z = z.astype("float64")
        np.testing.assert_allclose(result.loss, 1e-4 * z[:, 0] ** 2, rtol=1e-3)
        np.testing.assert_allclose(result.gradient, 2e-4 * z, rtol=1e-3)
        return
    np.testing.assert_array_equal(result.loss, 0)
    np.testing.assert_array_equal(result.gradient, 0)
    if result.hvp is not None:
        np.testing.assert_array_equal(result.hvp, 0)
