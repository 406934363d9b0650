"""Calls: what comes back is what the NumPy kernel gives, for any layout, dtype and option; the errors are the same."""

from __future__ import annotations

import importlib
import math
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.calls import Call, calls, close
from kernels.test_errors import WRONG, C, Y, Z

from symce_kernels.numpy import cross_entropy as numpy_kernel

FUNCTIONS = ("value", "grad", "value_and_grad", "hvp")


@pytest.fixture(scope="session")
def cross_entropy(native: ModuleType) -> Any:
    return importlib.import_module(f"{native.__name__}.cross_entropy")


@pytest.fixture(scope="session")
def affine(native: ModuleType) -> Any:
    return importlib.import_module(f"{native.__name__}.affine")


def laid_out(a: np.ndarray, how: str) -> np.ndarray:
    """The same numbers, lying otherwise in memory."""
    if not a.ndim and how != "unaligned":
        return a.copy()
    if how == "reversed":
        return np.ascontiguousarray(a[::-1])[::-1]
    if how == "every other":
        wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
        wide[..., ::2] = a
        return wide[..., ::2]
    if how == "padded":
        wide = np.zeros((*a.shape[:-1], a.shape[-1] + 3), a.dtype)
        wide[..., : a.shape[-1]] = a
        return wide[..., : a.shape[-1]]
    if how == "unaligned":
        data = np.zeros(a.nbytes + 1, np.uint8)
        found = data[1:].view(a.dtype).reshape(a.shape)
        found[...] = a
        return found
    if how == "swapped":
        return a.astype(a.dtype.newbyteorder())
    if how == "read-only":
        a = a.copy()
        a.flags.writeable = False
        return a
    return a.copy(order="F" if how == "columns" else "C")


LAYOUTS = ("as it is", "columns", "reversed", "every other", "padded", "unaligned", "swapped", "read-only")


def same(got: Any, expected: Any, dtype: str) -> None:
    """Dtype, shape and numbers of one result or of a pair."""
    if isinstance(expected, tuple):
        assert len(got) == len(expected)
        for a, b in zip(got, expected, strict=True):
            same(a, b, dtype)
        return
    assert type(got) is type(expected)
    assert got.dtype == expected.dtype
    close(got, expected, dtype)


@settings(max_examples=300)
@given(data=st.data(), call=calls("cross_entropy"), name=st.sampled_from(FUNCTIONS))
def test_any_call_is_the_numpy_kernels(cross_entropy: Any, data: st.DataObject, call: Call, name: str) -> None:
    options = {**(call.options if name == "value" else call.with_cotangent())}
    options["precision"] = data.draw(st.sampled_from(["native", "wide"]))
    options["on_empty"] = data.draw(st.sampled_from(["nan", "zero"]))
    logits, target = call.arguments
    if call.form == "index":
        target = target.astype(data.draw(st.sampled_from(["int64", "int32", "int16"])))
    else:
        target = target.astype(data.draw(st.sampled_from(["float64", "float32", "float16"])))
    v = np.random.default_rng(call.seed).normal(size=logits.shape).astype(call.dtype)
    arrays = [logits, target, *([v] if name == "hvp" else [])]
    expected = getattr(numpy_kernel, name)(*arrays, **options)
    axis = data.draw(st.integers(-logits.ndim, logits.ndim - 1))
    moved = [np.moveaxis(a, -1, axis) if a.shape == logits.shape and a is not call.target else a for a in arrays]
    if call.form == "dense":
        moved[1] = np.moveaxis(target, -1, axis)
    given = [laid_out(a, data.draw(st.sampled_from(LAYOUTS))) for a in moved]
    kept = [a.copy() for a in given]
    threads = data.draw(st.sampled_from([0, 1, 2]))
    got = getattr(cross_entropy, name)(*given, **options, axis=axis, threads=threads)
    for a, b in zip(given, kept, strict=True):
        np.testing.assert_array_equal(a, b)
    parts = list(got) if isinstance(got, tuple) else [got]
    if name != "value":
        assert parts[-1].dtype == given[0].dtype
        parts[-1] = np.moveaxis(parts[-1], axis, -1)
    if given[0].dtype.isnative:
        same(tuple(parts) if isinstance(got, tuple) else parts[0], expected, call.dtype)
    else:
        for a, b in zip(parts, expected if isinstance(expected, tuple) else [expected], strict=True):
            close(a, b, call.dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", ["as it is", "reversed", "padded", "broadcast"])
def test_rows_are_not_copied(native: ModuleType, dtype: str, rows: str) -> None:
    arguments = importlib.import_module(f"{native.__name__}._arguments")
    a = np.random.default_rng(0).normal(size=(4, 6)).astype(dtype)
    z = np.broadcast_to(a[0], a.shape) if rows == "broadcast" else laid_out(a, rows)
    found = arguments._as_rows(z, -1, z.dtype)
    assert np.shares_memory(found, z)
    np.testing.assert_array_equal(found, z)


@pytest.mark.parametrize("name", ["grad", "value_and_grad", "hvp"])
@pytest.mark.parametrize("where", ["new", "logits", "target", "overlapping", "axis", "v"])
@pytest.mark.parametrize("dense", [False, True])
def test_out_is_written_to_and_returned(cross_entropy: Any, name: str, where: str, dense: bool) -> None:
    rng = np.random.default_rng(3)
    memory = rng.normal(size=12 * 7 + 3)
    z, v = memory[: 12 * 7].reshape(12, 7), rng.normal(size=(12, 7))
    target = rng.dirichlet(np.ones(7), 12) if dense else rng.integers(0, 7, 12)
    arrays, axis = [z, target, *([v] if name == "hvp" else [])], -1
    expected = getattr(numpy_kernel, name)(*arrays)
    expected = expected if isinstance(expected, tuple) else (expected,)
    out = np.full_like(z, np.nan)
    if where == "logits":
        out = z
    elif where == "overlapping":
        out = memory[3:].reshape(12, 7)
    elif where == "target":
        out = target if dense else np.zeros((12, 7))
        if not dense:  # the indices lie where the derivative goes
            arrays[1] = out.reshape(-1)[-12:].view(np.int64)
            arrays[1][:] = target
    elif where == "v":
        out = v
    elif where == "axis":
        arrays, axis, out = [a.T if a.ndim == 2 else a for a in arrays], 0, np.full((7, 12), np.nan)
    for _ in range(2):  # the first call of a dtype goes another way than those after it
        before = [a.copy() for a in arrays]
        got = getattr(cross_entropy, name)(*arrays, out=out, axis=axis)
        got = got if isinstance(got, tuple) else (got,)
        assert got[-1] is out
        close(out.T if where == "axis" else out, expected[-1], "float64")
        if len(got) == 2:
            close(got[0], expected[0], "float64")
        for a, b in zip(arrays, before, strict=True):
            a[...] = b


@pytest.mark.parametrize(
    ("out", "error", "words"),
    [
        (np.zeros((2, 4)), ValueError, r"out: shape \(2, 4\); allowed: \(2, 3\)"),
        (np.zeros((2, 3), np.float32), TypeError, "out: float32; allowed: an array of float64"),
        (np.zeros((3, 2)).T, ValueError, "out: not C-contiguous"),
        (np.broadcast_to(0.0, (2, 3)), ValueError, "out: not C-contiguous or not writeable"),
        ([[0.0] * 3] * 2, TypeError, "out: list; allowed: an array of float64"),
    ],
)
def test_an_out_that_does_not_fit_is_refused(cross_entropy: Any, out: Any, error: type[Exception], words: str) -> None:
    for _ in range(2):
        with pytest.raises(error, match=words):
            cross_entropy.grad(Z, C, out=out)
        cross_entropy.grad(Z, C)


@pytest.mark.parametrize(("threads", "error"), [(-1, ValueError), (1.5, TypeError), ("2", TypeError)])
def test_a_number_of_threads_that_is_none_is_refused(cross_entropy: Any, threads: Any, error: type[Exception]) -> None:
    cross_entropy.value(Z, C, threads=3)
    with pytest.raises(error):
        cross_entropy.value(Z, C, threads=threads)


@pytest.mark.parametrize("changed", [case[1] for case in WRONG if case[0] == "cross_entropy"])
@pytest.mark.parametrize("warm", [False, True])
def test_errors_are_the_numpy_kernels(cross_entropy: Any, changed: dict[str, Any], warm: bool) -> None:
    if warm:
        cross_entropy.value(Z, C)
        cross_entropy.value(Z, Y)
    arguments: dict[str, Any] = {"logits": Z, "target": C, **changed}
    with pytest.raises((TypeError, ValueError)) as expected:
        numpy_kernel.value(**arguments)
    with pytest.raises(expected.type) as got:
        cross_entropy.value(**arguments)
    assert str(got.value) == str(expected.value)


@pytest.mark.parametrize(
    "options",
    [
        {"reduction": "batchmean"},
        {"on_empty": "one"},
        {"infinite": "yes"},
        {"precision": "double"},
        {"normalizer": -1.0},
        {"axis": 2},
        {"cotangent": np.ones(2)},
        {"cotangent": np.ones(3), "reduction": "none"},
        {"cotangent": np.ones(2, int), "reduction": "none"},
        {"weight": np.array([1.0, np.nan, 1.0])},
        {"weight": np.array(["a"] * 3)},
    ],
)
def test_options_are_refused_as_by_the_numpy_kernels(cross_entropy: Any, options: dict[str, Any]) -> None:
    cross_entropy.grad(Z, C)
    with pytest.raises((TypeError, ValueError)) as expected:
        numpy_kernel.grad(Z, C, **options)
    with pytest.raises(expected.type) as got:
        cross_entropy.grad(Z, C, **options)
    assert str(got.value) == str(expected.value)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int32", "uint8"])
def test_a_class_out_of_range_is_named_with_its_place(cross_entropy: Any, dtype: str) -> None:
    z, c = np.zeros((2, 3, 4)), np.array([[0, 1, 2], [3, 0, 0]]).astype(dtype)
    wrong = 2**63 + 5 if dtype == "uint64" else 2**64 - 100 if dtype == "uint64" else 7
    c[1, 1] = wrong
    for _ in range(2):
        cross_entropy.value(z, np.zeros((2, 3), dtype))
        with pytest.raises(ValueError, match=rf"class {wrong} at position \(1, 1\); allowed: 0 to 3"):
            cross_entropy.value(z, c)
    if dtype == "uint64":  # -100 as an int64, and yet no class to ignore
        c[1, 1] = 2**64 - 100
        with pytest.raises(ValueError, match="class 18446744073709551516"):
            cross_entropy.value(z, c)
    with pytest.raises(ValueError, match=r"class 3 at position \(\)"):
        cross_entropy.value(np.zeros(3), np.asarray(3, dtype))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_infinite_loss_warns_of_nothing(cross_entropy: Any, dtype: str) -> None:
    z = np.zeros((2, 2), dtype)
    z[:, 0] = np.finfo(dtype).max
    for c, expected in ((np.ones(2, int), math.inf), (np.zeros(2, int), 0.0)):
        got = cross_entropy.value(z, c, reduction="sum")
        assert got.dtype == dtype
        assert got == (expected if dtype != "float64" else numpy_kernel.value(z, c, reduction="sum"))


def test_every_shape_of_parameter_is_passed(affine: Any) -> None:
    rng = np.random.default_rng(5)
    for _ in range(2):
        for dtype in ("float16", "float32", "float64"):
            z, each = rng.normal(size=(2, 5, 3)).astype(dtype), rng.normal(size=(2, 5, 3)).astype(dtype)
            slope = rng.normal(size=3).astype(dtype)
            wide = z.astype(float), each.astype(float), slope.astype(float)
            for s, a in ((1.5, slope), (None, None), (2, 0.5), (np.float32(3), [1.0, 2.0, 3.0])):
                factor = (
                    (1.0 if s is None else float(s)) * (np.ones(3) if a is None else np.asarray(a, float)) * wide[1]
                )
                loss, gradient = affine.value_and_grad(z, s=s, slope=a, each=each, reduction="none")
                close(loss, (factor * wide[0]).sum(-1), dtype)
                close(gradient, factor, dtype)
                moved = affine.grad(np.moveaxis(z, -1, 0), s=s, slope=a, each=np.moveaxis(each, -1, 0), axis=0)
                close(np.moveaxis(moved, 0, -1), factor / 10, dtype)
        with pytest.raises(ValueError, match=r"each: shape \(3,\)"):
            affine.value(z, each=np.ones(3))
    assert not hasattr(affine, "hvp")


def test_a_tensor_is_read_where_it_is(cross_entropy: Any) -> None:
    import torch

    z, c = torch.tensor(Z), torch.tensor(C)
    assert cross_entropy.value(z, c) == cross_entropy.value(Z, C)


def test_what_is_no_array_is_converted(cross_entropy: Any) -> None:
    assert cross_entropy.value(Z.tolist(), C.tolist()) == cross_entropy.value(Z, C)
    assert cross_entropy.value(Z.tolist(), Y.tolist(), weight=2) == pytest.approx(2 * cross_entropy.value(Z, Y))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_addresses_are_those_of_the_arrays(native: ModuleType, dtype: str) -> None:
    rows = importlib.import_module(f"{native.__name__}._rows")
    for a in (np.zeros((3, 4), dtype), np.zeros((3, 4), dtype)[1:, 2:], np.zeros(0, dtype), np.array(1.0, dtype)):
        assert rows.address(a) == a.ctypes.data == rows._address_by_interface(a)
    assert sys.implementation.name != "cpython" or rows.address is rows._address_in_object
